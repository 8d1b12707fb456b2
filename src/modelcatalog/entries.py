"""Owns the form of the data files: what an entry may say, each field with its meaning. Knows no file.

Importing it takes a good part of a first `parse`, so only what reads data files does (datafiles.py); tables that are kept need no entries.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationInfo, model_validator

from modelcatalog.known import is_day
from modelcatalog.patterns import expand
from modelcatalog.records import Hub, Modality, Weights

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "OWN",
    "Accounts",
    "ChannelsEntry",
    "CompanyFile",
    "Entry",
    "FactsEntry",
    "FamilyEntry",
    "HubsFile",
    "MarkEntry",
    "MethodEntry",
    "MethodsFile",
    "NumbersFile",
    "PackedEntry",
    "ProviderEntry",
    "ProvidersFile",
    "Repackager",
    "RunningEntry",
    "SchemeEntry",
    "SeriesEntry",
    "SpelledEntry",
    "TaskEntry",
    "TasksFile",
    "ThinkingFile",
    "ToolsFile",
    "TypeEntry",
    "TypesFile",
    "WayEntry",
    "WrapperEntry",
    "count",
    "split_size",
]

Capability = tuple[int, int]
"""The compute capability of an NVIDIA GPU: (8, 9) is sm_89."""
_SIZE = re.compile(r"(?:(?P<total>\d+(?:\.\d+)?[MBT])(?:-|$))?(?:A(?P<active>\d+(?:\.\d+)?[MB]))?")
_UNITS = {"M": 10**6, "B": 10**9, "T": 10**12}


def count(text: str) -> int:
    """``"3.8B"`` -> 3800000000 parameters."""
    return round(float(text[:-1]) * _UNITS[text[-1]])


def _size(text: str) -> str:
    match = _SIZE.fullmatch(text)
    if match is None or not text:
        message = f"{text!r} is not a size; write the total and the active parameters as '671B-A37B', '3.8B' or 'A13B'"
        raise ValueError(message)
    return text


def split_size(text: str) -> tuple[int | None, int | None]:
    """``"671B-A37B"`` -> (671000000000, 37000000000): total and active parameters."""
    match = _SIZE.fullmatch(text)
    total, active = match.groups() if match else (None, None)
    return None if total is None else count(total), None if active is None else count(active)


SizeText = Annotated[str, AfterValidator(_size)]


OWN = "own"
"""In the context of a validation: the file is the package's own, and its patterns are known to be good."""


def _pattern(text: str, info: ValidationInfo) -> str:
    if not (info.context or {}).get(OWN) and not all(name.strip() for name in expand(text)):
        message = f"{text!r} stands for an empty name"
        raise ValueError(message)
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A text of the pattern language."""


def _ids(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for pattern in patterns for one in expand(pattern))


Ids = Annotated[tuple[Pattern, ...], AfterValidator(_ids)]
"""Patterns, which are the ids that they stand for once they are read."""

_REPOSITORY = re.compile(r"(?:\w[\w.-]*/)?\w[\w.+-]*")


def _repositories(text: str, info: ValidationInfo) -> str:
    odd = None if (info.context or {}).get(OWN) else next((name for name in expand(text) if not _REPOSITORY.fullmatch(name)), None)
    if odd is not None:
        message = f"{odd!r} is not a repository's name; write it as name or owner/name, of letters, digits, '-', '_' and '.'"
        raise ValueError(message)
    return text


Repositories = Annotated[Pattern, AfterValidator(_repositories)]
"""A pattern that stands for names of repositories."""


def _called(text: str) -> str:
    if not text.strip() or not text.isprintable():
        message = f"{text!r} is not a name; write one of printable characters"
        raise ValueError(message)
    return text


Called = Annotated[str, AfterValidator(_called)]
"""What people call it."""


def _day(given: object) -> object:
    """TOML has days of its own: ``2025-08-07`` without quotes is one."""
    return given.isoformat() if type(given) is date else given


def _iso(text: str) -> str:
    if not is_day(text):
        message = f"{text!r} is not a day, a month or a year; write it as '2025-08-07', '2025-08' or '2025'"
        raise ValueError(message)
    return text


IsoDay = Annotated[str, BeforeValidator(_day), AfterValidator(_iso)]
"""An ISO date, as exact as it is known."""
Tokens = Annotated[int, Field(gt=0, strict=True)]
"""A number of tokens."""


class Entry(BaseModel):
    """What all entries are: frozen, with no field but their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class _Sourced(Entry):
    source: str = "unverified"
    """The page that was opened, or ``unverified`` for what comes from memory."""
    checked: date | None = None
    """The day it was opened."""


class Accounts(Entry):
    """Names under which a company publishes; the first of each is the main one."""

    huggingface: tuple[str, ...] = ()
    modelscope: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    """Owner words of API ids: ``z-ai``, ``zai``."""


class SeriesEntry(_Sourced):
    """The models of one version; docs/extending.md has the pattern language."""

    name: Called
    released: IsoDay | None = None
    licence: str | None = None
    weights: Weights | None = None
    context_length: Tokens | None = None
    types: tuple[str, ...] = ()
    models: tuple[Repositories, ...] = ()
    """Patterns of repository names: ``Qwen2.5-{7B,14B}[-Instruct][-AWQ|-GPTQ-Int4]``, with or without owner."""
    huggingface: str | Literal[False] | None = None
    """The account there; None: the company's main one; False: not on that hub."""
    modelscope: str | Literal[False] | None = None
    renamed: dict[str, str | Literal[False]] = Field(default_factory=dict)
    """Hugging Face name -> ModelScope ``owner/name``, where they differ; False: not there."""
    sizes: dict[str, SizeText] = Field(default_factory=dict)
    """Words of a name -> the size that these names do not state; ``""``: all others of the series."""
    api: Ids = ()
    """Ids of models that are served and not published."""
    known_as: dict[str, str] = Field(default_factory=dict)
    """Ids of APIs that say neither size nor version -> the repository's name, where it is published: deepseek-reasoner is DeepSeek-R1."""
    known_as_of: date | None = None
    """The day on which it was so, where such an id stands for another model whenever there is a newer one."""


class FactsEntry(_Sourced):
    """What one page says of the models that it speaks of, and of no other; docs/extending.md has an example."""

    of: tuple[Pattern, ...] = ()
    """Patterns of API ids and repository names; what is said of an id without a date is said of its dated snapshots as `snapshots` tells."""
    series: tuple[str, ...] = ()
    """Series of the family, where the page speaks of all their models."""
    context_length: Tokens | None = None
    max_output_tokens: Tokens | None = None
    input: tuple[Modality, ...] = ()
    output: tuple[Modality, ...] = ()
    tools: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    open_weights: bool | None = None
    licence: str | None = None
    released: IsoDay | None = None
    knowledge_cutoff: IsoDay | None = None
    deprecated: IsoDay | None = None
    retired: IsoDay | None = None
    """The day from which its vendor no longer serves it."""
    snapshots: bool | None = None
    """Whether it holds for the dated snapshots of these ids: None, all but the days of the id itself; True, its last days too; False, nothing."""

    @model_validator(mode="after")
    def _speaks(self) -> FactsEntry:
        if not self.of and not self.series:
            message = "applies to no model; name models in of=, or series in series="
            raise ValueError(message)
        return self


class FamilyEntry(_Sourced):
    """A code name, and how its names are read."""

    name: Called
    zh: str | None = None
    aliases: tuple[str, ...] = ()
    """Other words that mean the family, and tell its models apart: command r, command a; lower case, a space where any separator may stand."""
    spellings: tuple[str, ...] = ()
    """Its name in other letters, which says nothing more: qianwen; written as aliases are. In a user's data, aliases are that too."""
    served: tuple[tuple[str, str], ...] = ()
    """What APIs write for the family, before which word (or any): open-mixtral-8x7b, deepseek-chat-v3.1 are no other models."""
    weights: Weights
    about: str | None = None
    derived: bool = False
    """Tuned from other families' models: beside another family's name, that one is the base."""
    dates: Literal["MMYY", "MMDD", "YYMM", "YYMMDD"] | None = None
    """How its digits are read, where the calendar alone would read them otherwise."""
    lines: tuple[str, ...] = ()
    """Letters that belong to a version: ``R`` and ``V`` in DeepSeek R1 and V3."""
    compact: bool = False
    """Versions are written without the point: ``gpt-35``."""
    mixture: bool = False
    """All its models are mixtures of experts, though no word of the name says so."""
    tokens: bool = False
    """Its names count training in trillions of tokens: TinyLlama-3T."""
    tiers: tuple[str, ...] = ()
    """Tiers by which people call its models without its name, before a version: ``Opus 4.6``."""
    words: dict[str, str] = Field(default_factory=dict)
    """Words that mean something else in this family: a type word, or ``""`` for packaging (ERNIE's ``PT``)."""
    budgets: tuple[str, ...] = ()
    """Versions beside which thousands count tokens of thought and no context: MiniMax-M1-40k."""
    encoder: bool = False
    """Built into other models: behind a size it names a part, as SigLIP does."""
    accounts: tuple[str, ...] = ()
    """Accounts all of whose models are of this family, whatever they are called, unless they name another: goldfish-models/eng_latn_10mb."""
    ends: bool = False
    """Behind a word that nobody knows, and without a version of its own, its word ends that other name: ChiMed-GPT is not OpenAI's."""
    others: bool = False
    """Under another's account its words mean the family that they end with: Chinese-Llama-2 is HFL's, or anyone's Llama 2."""
    joint: Literal["", "-", " "] | None = None
    """What people say between the family and a version; None: what most of its series have in their names."""
    bare: bool = True
    """Whether the word alone means the family; False where it is too common a word without a company beside it."""
    series: tuple[SeriesEntry, ...] = ()
    facts: tuple[FactsEntry, ...] = ()
    """What is said of some of its models; where two entries speak of the same, the one that names it wins, then the later."""


class CompanyFile(_Sourced):
    """A company: a file of data/companies/, or one of several in a file of data/others/."""

    name: Called
    zh: str | None = None
    aliases: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    """Those of its names that are words like any other: they mean it to who asks for a company, and nothing in a model's name."""
    country: str | None = None
    site: str | None = None
    api: str | None = None
    api_key: str | None = None
    api_docs: str | None = None
    accounts: Accounts = Field(default_factory=Accounts)
    family: tuple[FamilyEntry, ...] = ()


class CompaniesFile(Entry):
    """Several companies in one file."""

    company: tuple[CompanyFile, ...]


class TypeEntry(Entry):
    """One kind of model or training; the meanings are shown to people."""

    aliases: tuple[str, ...] = ()
    stage: Literal["pretrained", "finished", "tuned"] | None = None
    """How far training went: not beyond the text, to a model that one talks to, or on from there by a method that counts."""
    same_size: bool = False
    """It tells how a model was trained, and not how large it is."""
    by_anyone: bool = False
    """Whoever has the model may do it: a large one is rarely tuned whole, so the size of what comes out is not known."""
    talks: bool | None = None
    """Whether such a model has a chat template; None where the word does not tell."""
    numbers: bool = False
    """Such a model gives numbers for a text, vectors or scores, and writes none itself."""
    edition: bool = False
    """It says which of a model's editions is meant."""
    media: bool = False
    """It reads or makes more than text, often around a language model of another family."""
    input: tuple[Modality, ...] = ()
    """What every such model reads."""
    reasons: bool | None = None
    """Whether such a model thinks before it answers; None where the word does not tell."""
    calls: bool | None = None
    """Whether such a model calls functions."""
    apart: bool = False
    """Its spellings are not one method: a model by ORPO is not the one by SimPO."""
    en: str
    zh: str
    people: tuple[str, ...] = ()
    """Chinese words that people look for such models by, beside the first of ``zh``; names do not have them."""


class MethodEntry(Entry):
    """One quantization method or packaging."""

    aliases: tuple[str, ...] = ()
    bits: int | float | None = None
    """Bits where the method has but one width."""
    format: str | None = None
    """The file format that the method implies."""
    en: str
    zh: str


class MeaningEntry(Entry):
    """What a word means to people, in two languages."""

    en: str
    zh: str


class RunningEntry(Entry):
    """What transformers wants for weights in one quantization method."""

    packages: tuple[str, ...]
    """Distributions, with bounds: ``bitsandbytes>=0.46.1``."""
    unpacks: Literal["never", "without", "always"] = "never"
    """When the weights are turned into plain ones: never, without the packages and the GPU, or always."""
    why: str = ""
    """Why they are always unpacked."""
    capability: Capability | None = None
    """The least compute capability of a GPU that computes with the packed weights."""
    gpu: bool = False
    """Whether loading fails without a GPU."""
    slower: str | None = None
    """A figure for where it runs slower than bfloat16, with its source."""
    packs: Literal["", "always", "bits"] = ""
    """Whether files hold its weights packed always, or where ``config.json`` gives their bits: plain ones beside it are of another checkpoint then."""


class PackedEntry(Entry):
    """How weights in one quantization method are known by the names and types of their tensors."""

    all: tuple[str, ...]
    """Endings of names that must all be there."""
    types: tuple[str, ...] = ()
    """Types of which one must be there, as safetensors spells them; none where the names suffice."""
    method: str
    config: str = ""
    """What ``quantization_config`` must say for transformers to read them; empty where it reads none."""


class TaskEntry(Entry):
    """What a class of models is for that does not talk."""

    words: tuple[str, ...] = ()
    """Parts of the class's name; with ``$`` behind it, its end."""
    tables: tuple[str, ...] = ()
    """transformers' tables that the class stands in, without ``_MAPPING_NAMES``."""
    kind: str = Field(alias="is")
    """Behind "it is": ``an embedder``."""
    does: str
    use: str
    """What runs it."""

    def fits(self, architecture: str, tables: Iterable[str]) -> bool:
        """Whether a class that stands in these tables has this task."""
        named = any(architecture.endswith(word[:-1]) if word.endswith("$") else word in architecture for word in self.words)
        return named or not set(self.tables).isdisjoint(tables)


class Repackager(Entry):
    """An account that publishes the models of others."""

    name: str
    huggingface: tuple[str, ...] = ()
    modelscope: tuple[str, ...] = ()
    method: str | None = None
    """The method of all it publishes, where there is but one."""
    format: str | None = None


class ProviderEntry(Entry):
    """Who serves models, and how tools spell it."""

    id: str
    name: str
    words: tuple[str, ...]
    """What stands before a colon or a slash, or behind the colon of Hugging Face's router."""
    steps: tuple[str, ...] = ()
    """Words that mean it before a slash though they are a maker's account too."""
    paths: tuple[str, ...] = ()
    """Steps that its own ids have behind it: ``azure/eu/gpt-4o``."""
    glued: tuple[str, ...] = ()
    """What is glued before a name: ``databricks-gpt-5``."""
    kinds: tuple[str, ...] = ()
    """Words for a kind of model that it puts before the name of any such model: ``text-embedding-bge-m3``."""
    dotted: tuple[str, ...] = ()
    """Makers that it writes before a point: ``anthropic.claude-v2``."""
    catalogs: tuple[str, ...] = ()
    """What it writes before a point and a name: ``system.ai.claude-sonnet-4-5``."""
    variants: tuple[str, ...] = ()
    """Words that it adds behind a name, where the text says that it serves."""
    marks: tuple[str, ...] = ()
    """Words behind a name that tell by themselves that it serves."""
    hosts: tuple[str, ...] = ()
    editions: bool = False
    """Whether it serves base models beside those for instructions, so that a name without a word for its training is a base model's."""
    deploys: bool = False
    """Whether its customers call what they deploy as they like: ``azure/my-gpt-4o``."""
    means: dict[str, str] = Field(default_factory=dict)
    """Its ids, in lower case and without what it adds behind a colon, whose number is another than the version that they stand for -> that version."""


class ProvidersFile(Entry):
    """Who serves models, and the words of serving that are nobody's."""

    routes: tuple[str, ...]
    """Path words before an API id: ``openrouter``, ``accounts``."""
    regions: tuple[str, ...]
    resellers: tuple[str, ...]
    """Words that resellers without an entry glue before a name."""
    suffixes: tuple[str, ...]
    """Words at the end of an API id that say how it is served: ``free``, ``tee``."""
    serving: tuple[str, ...]
    efforts: tuple[str, ...]
    """Words that say the same after a colon or an at sign: ``thinking``, ``default``."""
    verbs: tuple[str, ...]
    """What is asked of a model, behind a colon in an address."""
    provider: tuple[ProviderEntry, ...]


class HubsFile(Entry):
    """Hosts, stores and accounts that are nobody's models."""

    hosts: dict[str, Hub]
    schemes: dict[str, Hub]
    files: tuple[str, ...]
    """Suffixes of weight files, and of the files beside them."""
    stems: tuple[str, ...]
    """Beginnings of file names that tell nothing of the model: its folder does."""
    folders: tuple[str, ...]
    """Folders of one's own, which are nobody's account: ``outputs``."""
    leaves: tuple[str, ...]
    """Folders that tell how a model was saved: ``merged_16bit``."""
    checkpoints: tuple[str, ...]
    """How the folders of a training run begin: ``checkpoint-``."""
    commands: tuple[str, ...]
    """What people type before a model: ``ollama run``."""
    options: tuple[str, ...]
    """Options of programs that a model follows: ``--model``."""
    pages: tuple[str, ...]
    """What a hub's host shows beside models: ``datasets``."""
    registries: tuple[str, ...]
    """Hosts of images and artifacts."""
    frameworks: tuple[str, ...]
    """What parts model and variation in Kaggle's handles."""
    parts: dict[str, tuple[str, ...]]
    """What a file beside the model is -> words of its name."""
    mirrors: dict[str, str]
    """Hugging Face account -> the ModelScope account that mirrors it."""
    repackager: tuple[Repackager, ...] = ()


class TypesFile(Entry):
    """The words for kinds of models, and the words of other meanings beside them."""

    type: dict[str, TypeEntry]
    tiers: tuple[str, ...]
    variants: tuple[str, ...]
    speeds: tuple[str, ...]
    counted_together: tuple[str, ...]
    loadable: tuple[str, ...]
    foreign: tuple[str, ...]
    aware: tuple[str, ...]
    served_faster: tuple[str, ...]
    early: tuple[str, ...]
    parts: tuple[str, ...]
    training_before: tuple[str, ...]
    training_after: tuple[str, ...]
    training_after_size: tuple[str, ...]
    counters: tuple[str, ...]
    classes: tuple[str, ...]
    negations: tuple[str, ...]
    languages: tuple[str, ...]
    edits: tuple[str, ...]
    software: tuple[str, ...]
    before_formats: tuple[str, ...]
    drafts: tuple[str, ...]
    prunings: tuple[str, ...]
    testing: tuple[str, ...]
    coined: tuple[str, ...]
    implied: tuple[str, ...]
    spdx: tuple[str, ...]
    spelled_tiers: dict[str, str]
    tag_words: dict[str, str]
    bases: dict[str, str]


class NumbersFile(Entry):
    """Numbers that tell by themselves what they count."""

    contexts: frozenset[int]
    binary: frozenset[int]
    million_contexts: frozenset[int]
    experts: frozenset[int]
    groups: frozenset[int]
    widths: frozenset[int]


class SchemeEntry(Entry):
    """A layout whose name tells its method."""

    method: str
    bits: int | float


class TasksFile(Entry):
    """What checkpoints are for that do not talk."""

    task: tuple[TaskEntry, ...]
    gguf: dict[str, str]
    packages: dict[str, tuple[str, ...]]
    apart: tuple[str, ...]


class MethodsFile(Entry):
    """Quantization methods, formats and number types."""

    schemes: dict[str, SchemeEntry]
    meaning: dict[str, MeaningEntry]
    """File format or number type -> what it means."""
    method: dict[str, MethodEntry]
    formats: dict[str, tuple[str, ...]]
    suffixes: dict[str, str]
    dtypes: dict[str, Literal["float16", "bfloat16", "float32"]]
    ignored: tuple[str, ...]
    running: dict[str, RunningEntry]
    packed: tuple[PackedEntry, ...]


class MarkEntry(_Sourced):
    """Two marks with a model's thinking between them."""

    open: tuple[str, ...]
    close: tuple[str, ...]
    label: str = ""
    """Text behind the first mark that belongs to it."""
    inside: tuple[str, ...] = ()
    """Marks of parts of the thinking, which a template may have opened too."""
    again: bool = False
    """Whether thinking may come again within the answer."""
    tokens: bool = False
    """Whether the letters alone are not a mark."""
    prose: bool = False
    """Whether the marks are sentences, which a reply may begin with by chance."""
    families: tuple[str, ...] = ()


class WrapperEntry(_Sourced):
    """Two marks around the answer; without an ``open`` the end of the thinking is the first one."""

    open: str
    close: str
    behind: str = ""
    """What else closes the turn."""
    families: tuple[str, ...] = ()


class SpelledEntry(_Sourced):
    """Tokens that are read as their letters, if a tokenizer has all of them."""

    tokens: tuple[str, ...]
    families: tuple[str, ...] = ()


class ChannelsEntry(_Sourced):
    """Messages with a header each, of which some channels are the answer."""

    begin: str
    name: str
    format: str
    message: str
    closes: tuple[str, ...]
    """What ends a message, after which another one may come."""
    ends: tuple[str, ...]
    """What ends the reply."""
    answer: tuple[str, ...]
    """The channels that are the answer."""
    families: tuple[str, ...] = ()


class ThinkingFile(Entry):
    """How models mark their thinking."""

    switches: tuple[str, ...]
    """What templates call the switch for thinking."""
    commands: tuple[str, ...]
    """Words of a prompt that templates act on and cut out."""
    mark: tuple[MarkEntry, ...]
    wrapper: tuple[WrapperEntry, ...]
    channels: tuple[ChannelsEntry, ...]
    spelled: tuple[SpelledEntry, ...]


class WayEntry(_Sourced):
    """A way of writing calls of tools."""

    marks: tuple[str, ...]
    """What tells it: all stand in the chat template, or are tokens."""
    field: dict[str, JsonValue]
    """The field of one call, or of a list of calls, in a response template of transformers."""
    around: tuple[str, ...] = ()
    """Marks around several calls, which are nobody's text."""
    tokens: tuple[str, ...] = ()
    """Words of the patterns that may be tokens, beside the marks."""
    bare: bool = False
    """Whether calls have no mark of their own, so that what names no tool is an answer."""
    families: tuple[str, ...] = ()


class ToolsFile(Entry):
    """How models write calls of tools."""

    names: tuple[str, ...]
    """What chat templates call the tools."""
    template: str
    """The name of a chat template that is for tools."""
    way: tuple[WayEntry, ...]

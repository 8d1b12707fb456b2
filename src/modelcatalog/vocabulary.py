"""Owns the reading of data/: TOML files become records and word tables, cached. Knows nothing of grammar or hubs.

No other module knows that data/ exists. A file that does not validate raises `CatalogDataError`,
whose message names the file, the entry, what is wrong and what to do.
"""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from modelcatalog.errors import CatalogDataError
from modelcatalog.patterns import expand
from modelcatalog.records import Weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable

__all__ = [
    "ArchitectureEntry",
    "ArchitecturesFile",
    "CardEntry",
    "ChannelsEntry",
    "CompanyFile",
    "FamilyEntry",
    "GgufEntry",
    "HubsFile",
    "LayerKind",
    "MarkEntry",
    "MethodEntry",
    "PackedEntry",
    "Repackager",
    "RunningEntry",
    "SeriesEntry",
    "TaskEntry",
    "ThinkingFile",
    "TypeEntry",
    "WrapperEntry",
    "architectures",
    "cards",
    "companies",
    "hubs",
    "methods",
    "model_names",
    "packed",
    "read_company",
    "running",
    "silent_gguf",
    "tasks",
    "thinking",
    "type_packages",
    "types",
]

_M = TypeVar("_M", bound=BaseModel)
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
        message = f"{text!r} is no size; write the total and the active parameters as '671B-A37B', '3.8B' or 'A13B'"
        raise ValueError(message)
    return text


def split_size(text: str) -> tuple[int | None, int | None]:
    """``"671B-A37B"`` -> (671000000000, 37000000000): total and active parameters."""
    match = _SIZE.fullmatch(text)
    total, active = match.groups() if match else (None, None)
    return None if total is None else count(total), None if active is None else count(active)


SizeText = Annotated[str, AfterValidator(_size)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class _Sourced(_Entry):
    source: str = "unverified"
    """The page that was opened, or ``unverified`` for what comes from memory."""
    checked: date | None = None
    """The day it was opened."""


class Accounts(_Entry):
    """Names under which a company publishes; the first of each is the main one."""

    huggingface: tuple[str, ...] = ()
    modelscope: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    """Owner words of API ids: ``z-ai``, ``zai``."""


class SeriesEntry(_Sourced):
    """The models of one version; docs/extending.md has the pattern language."""

    name: str
    released: str | None = None
    licence: str | None = None
    weights: Weights | None = None
    context_length: int | None = None
    types: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """Patterns of repository names: ``Qwen2.5-{7B,14B}[-Instruct][-AWQ|-GPTQ-Int4]``, with or without owner."""
    huggingface: str | Literal[False] | None = None
    """The account there; None: the company's main one; False: not on that hub."""
    modelscope: str | Literal[False] | None = None
    renamed: dict[str, str | Literal[False]] = Field(default_factory=dict)
    """Hugging Face name -> ModelScope ``owner/name``, where they differ; False: not there."""
    sizes: dict[str, SizeText] = Field(default_factory=dict)
    """Words of a name -> the size that these names do not state; ``""``: all others of the series."""
    api: tuple[str, ...] = ()
    """Ids of models that are served and not published."""


class FamilyEntry(_Sourced):
    """A code name, and how its names are read."""

    name: str
    zh: str | None = None
    aliases: tuple[str, ...] = ()
    """Other words that mean the family; lower case, a space where any separator may stand."""
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
    words: dict[str, str] = Field(default_factory=dict)
    """Words that mean something else in this family: a type word, or ``""`` for packaging (ERNIE's ``PT``)."""
    bare: bool = True
    """Whether the word alone means the family; False where it is too common a word without a company beside it."""
    series: tuple[SeriesEntry, ...] = ()


class CompanyFile(_Sourced):
    """One file of data/companies/."""

    name: str
    zh: str | None = None
    aliases: tuple[str, ...] = ()
    country: str | None = None
    site: str | None = None
    api: str | None = None
    api_key: str | None = None
    api_docs: str | None = None
    accounts: Accounts = Accounts()
    family: tuple[FamilyEntry, ...] = ()


class TypeEntry(_Entry):
    """One kind of model or training; the meanings are shown to people."""

    aliases: tuple[str, ...] = ()
    stage: Literal["pretrained", "finished", "tuned"] | None = None
    """How far training went: not beyond the text, to a model that one talks to, or on from there by a method that counts."""
    same_size: bool = False
    """It tells how a model was trained, and not how large it is."""
    by_anyone: bool = False
    """Whoever has the model may do it: a large one is rarely tuned whole, so the size of what comes out is not known."""
    edition: bool = False
    """It says which of a model's editions is meant."""
    en: str
    zh: str


class MethodEntry(_Entry):
    """One quantization method or packaging."""

    aliases: tuple[str, ...] = ()
    bits: int | float | None = None
    """Bits where the method has but one width."""
    format: str | None = None
    """The file format that the method implies."""
    about: str


class RunningEntry(_Entry):
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


class PackedEntry(_Entry):
    """How weights in one quantization method are known by the names and types of their tensors."""

    all: tuple[str, ...]
    """Endings of names that must all be there."""
    types: tuple[str, ...] = ()
    """Types of which one must be there, as safetensors spells them; none where the names suffice."""
    method: str
    config: str = ""
    """What ``quantization_config`` must say for transformers to read them; empty where it reads none."""


class TaskEntry(_Entry):
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


class Repackager(_Entry):
    """An account that publishes the models of others."""

    name: str
    huggingface: tuple[str, ...] = ()
    modelscope: tuple[str, ...] = ()
    method: str | None = None
    """The method of all it publishes, where there is but one."""
    format: str | None = None


class HubsFile(_Entry):
    """Hosts, routes and accounts that are nobody's models."""

    hosts: dict[str, Literal["huggingface", "modelscope", "ollama"]]
    schemes: dict[str, Literal["huggingface", "modelscope", "ollama"]]
    routes: tuple[str, ...]
    """Path words before an API id: ``openrouter``, ``accounts``."""
    regions: tuple[str, ...]
    resellers: tuple[str, ...]
    """Words that resellers glue before a name: ``databricks-gpt-5``."""
    suffixes: tuple[str, ...]
    """Words at the end of an API id that say how it is served: ``free``, ``tee``."""
    serving: tuple[str, ...]
    """Words that say the same after a colon or an at sign: ``thinking``, ``default``."""
    files: tuple[str, ...]
    """Suffixes of weight files, and of the files beside them."""
    stems: tuple[str, ...]
    """Beginnings of file names that tell nothing of the model: its folder does."""
    mirrors: dict[str, str]
    """Hugging Face account -> the ModelScope account that mirrors it."""
    repackager: tuple[Repackager, ...] = ()


class _TypesFile(_Entry):
    type: dict[str, TypeEntry]
    tiers: tuple[str, ...]
    variants: tuple[str, ...]
    speeds: tuple[str, ...]
    parts: tuple[str, ...]
    training_before: tuple[str, ...]
    training_after: tuple[str, ...]
    training_after_size: tuple[str, ...]
    counters: tuple[str, ...]
    tag_words: dict[str, str]


class NumbersFile(_Entry):
    """Numbers that tell by themselves what they count."""

    contexts: frozenset[int]
    binary: frozenset[int]
    million_contexts: frozenset[int]
    experts: frozenset[int]
    groups: frozenset[int]
    widths: frozenset[int]


class SchemeEntry(_Entry):
    """A layout whose name tells its method."""

    method: str
    bits: int | float


class _TasksFile(_Entry):
    task: tuple[TaskEntry, ...]
    gguf: dict[str, str]
    packages: dict[str, tuple[str, ...]]


class _MethodsFile(_Entry):
    schemes: dict[str, SchemeEntry]
    method: dict[str, MethodEntry]
    formats: dict[str, tuple[str, ...]]
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
    """Whether the letters alone are no mark."""
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


class ThinkingFile(_Entry):
    """How models mark their thinking."""

    switches: tuple[str, ...]
    """What templates call the switch for thinking."""
    commands: tuple[str, ...]
    """Words of a prompt that templates act on and cut out."""
    mark: tuple[MarkEntry, ...]
    wrapper: tuple[WrapperEntry, ...]
    channels: tuple[ChannelsEntry, ...]
    spelled: tuple[SpelledEntry, ...]


LayerKind = Literal[
    "full", "sliding", "chunked", "indexed", "linear", "conv", "hybrid", "hybrid_sliding", "heavily_compressed", "sparsely_compressed", "none",
]  # fmt: skip
"""What a layer is, by the one word that the catalog has for it."""
StateForm = Literal["mamba", "mamba2", "delta", "kda", "lightning", "rwkv", "xlstm", "sconv", "cca", "outside"]
"""What the state of a linear layer is made of; ``outside``: the model keeps it, and its cache does not."""


class ListEntry(_Entry):
    """A key with a word or a number for each layer."""

    key: str
    words: dict[str, LayerKind] = Field(default_factory=dict)
    """What its own words mean, before the common ones."""
    beside: str | None = None
    """The key that must be there too."""


class IndicesEntry(_Entry):
    """A key with the numbers of the layers of one kind."""

    key: str
    inside: LayerKind
    outside: LayerKind
    from_: int = Field(0, alias="from")
    """The number of the first layer."""


class PeriodEntry(_Entry):
    """A key that says how many layers make a period, one of which is of another kind."""

    key: str
    offset: str | None = None
    """The key that says which of them; without it the last."""
    inside: LayerKind
    outside: LayerKind
    beside: str | None = None


class StateEntry(_Entry):
    """A key that only configurations with this form of state have."""

    key: str
    form: StateForm


class TimesEntry(_Entry):
    """By how much a type's number of layers is multiplied, unless a key is there."""

    unless: str
    by: int = 1
    of: tuple[str, ...] = ()
    plus_one: tuple[str, ...] = ()


class DividedEntry(_Entry):
    """A number of a configuration, and what it is divided by."""

    key: str
    divided_by: int = 1


class EveryEntry(_Entry):
    """The first layer, and from a number on every so many."""

    every: int
    from_: int = Field(0, alias="from")


class ArchitectureEntry(_Entry):
    """What the configuration of a type does not say."""

    names: tuple[str, ...]
    unit: tuple[LayerKind, ...] = ()
    """The kinds of its layers, again and again."""
    first: tuple[LayerKind, ...] = ()
    last: LayerKind | None = None
    period: str | None = None
    """The key whose number replaces the unit's length."""
    words: dict[str, LayerKind] = Field(default_factory=dict)
    """What words for a layer mean in this type, before the common meaning."""
    state: StateForm | None = None
    defaults: dict[str, int | bool] = Field(default_factory=dict)
    """What published configurations leave out, by the defaults of the type's class."""
    window_from: DividedEntry | None = None
    layers_times: TimesEntry | None = None
    sliding_heads_times: int = 1
    """How many times the heads of other layers a layer with a window has, where no key says it."""
    head_of_hidden: int = 1
    """A head's size is so many times the hidden size by the heads."""
    full_is_indexed: bool = False
    index_float32: bool = False
    positions: int = 0
    """Bytes a token beside its numbers, in indexed layers."""
    shared_index_unless: EveryEntry | None = None
    """Which layers have an index of their own, where no key says it."""
    more_tokens: str | None = None
    """The key with the tokens that stand before every text."""
    keeps: Literal["hidden", "nothing"] | None = None
    """What is kept in place of keys and values."""
    unknown: str | None = None
    """Why nobody can tell from the configuration."""


class GgufEntry(_Entry):
    """What llama.cpp knows of an architecture beyond its header."""

    names: tuple[str, ...]
    window: int | None = None
    """Its window without a key."""
    period: int = 0
    """How often a layer without a window comes."""
    dense_first: bool = False
    """It comes first in its period, not last."""
    pattern_only: bool = False
    """A window counts only with a pattern in the header."""
    all_windowed: bool = False
    """With a window, all layers of attention have it."""
    needs_window: bool = False
    """The window without a key counts only where the key is there, whatever it says."""
    windowed_only_at: tuple[int, ...] = ()
    """The numbers of layers at which the window counts; all if empty."""
    chunked: bool = False
    kept_layers: int | None = None
    """The layers that keep keys and values, without a key."""
    recurrent: Literal["without_heads", "without_heads_and_mlp", "interval", "beside", "all"] | None = None
    """Which layers keep a state: those without heads of keys, those without an MLP too, all but every so many, all beside their
    attention, all."""
    interval: int = 0
    lightning: bool = False
    compressed: bool = False


class EngineMemoryEntry(_Entry):
    """What an engine takes beside weights and cache."""

    at_once: int
    """Tokens that it reads at once."""
    card: int
    """Bytes on each card before a model is there."""


class CardEntry(_Sourced):
    """A card, or a chip whose memory is its GPU's too."""

    names: tuple[str, ...]
    memory: tuple[int, ...]
    """GiB, the smallest first."""
    bandwidth: int | None = None
    """GB/s."""
    capability: Capability | None = None
    vendor: Literal["nvidia", "amd", "intel", "apple"] = "nvidia"
    share: float | None = None
    """The share of the machine's memory that its GPU may have; None where the card has memory of its own."""


class CardsFile(_Sourced):
    """data/cards.toml."""

    card: tuple[CardEntry, ...]


class ArchitecturesFile(_Sourced):
    """data/architectures.toml."""

    inside: tuple[str, ...]
    buffers: tuple[str, ...]
    latent_since: tuple[int, int]
    cache_bytes: dict[str, float]
    engine: dict[str, EngineMemoryEntry]
    names: dict[str, tuple[str, ...]]
    words: dict[LayerKind, tuple[str, ...]]
    list: tuple[ListEntry, ...]
    indices: tuple[IndicesEntry, ...]
    period: tuple[PeriodEntry, ...]
    state: tuple[StateEntry, ...]
    gguf: tuple[GgufEntry, ...]
    type: tuple[ArchitectureEntry, ...]

    @cached_property
    def gguf_types(self) -> dict[str, GgufEntry]:
        """The architecture of a GGUF file -> its entry."""
        return {name: entry for entry in self.gguf for name in entry.names}

    @cached_property
    def types(self) -> dict[str, ArchitectureEntry]:
        """model_type -> its entry."""
        return {name: entry for entry in self.type for name in entry.names}

    @cached_property
    def kinds(self) -> dict[str, LayerKind]:
        """Word -> the kind of layer that it means."""
        return {word: kind for kind, words in self.words.items() for word in words}


@cache
def _data() -> Traversable:
    return files("modelcatalog") / "data"


def _load(model: type[_M], place: Traversable | Path) -> _M:
    try:
        raw = tomllib.loads(place.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{place.name}: {error}"
        raise CatalogDataError(message, subject=str(place), hint="mend the TOML; https://toml.io has the syntax") from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise CatalogDataError(_review(place.name, raw, model, error), subject=str(place)) from error


def _fields(model: Any, steps: Sequence[str | int]) -> str:
    """The fields of the entry that a path in a file leads to."""
    for step in steps:
        field = getattr(model, "model_fields", {}).get(step)
        inner = [field.annotation] if field is not None else []
        while inner and not hasattr(inner[0], "model_fields"):
            inner = [one for kind in inner for one in get_args(kind)]
        model = inner[0] if inner else model
    return ", ".join(getattr(model, "model_fields", ()))


def _review(file: str, raw: dict[str, Any], model: type[BaseModel], error: ValidationError) -> str:
    """A validation error as a reviewer would put it: file, entry, what is wrong, what to do."""
    lines = []
    for problem in error.errors(include_url=False):
        entry: Any = raw
        names = []
        for step in problem["loc"]:
            try:
                entry = entry[step]
            except (KeyError, IndexError, TypeError):
                break
            if isinstance(entry, dict) and "name" in entry:
                names.append(str(entry["name"]))
        where = " › ".join([file, *names])
        field = next((str(step) for step in reversed(problem["loc"]) if isinstance(step, str)), "file")
        known = {
            "extra_forbidden": f"is no field here; there are {_fields(model, problem['loc'])}",
            "missing": "is missing",
        }.get(problem["type"], f"{problem['msg'].removeprefix('Value error, ')} (got {problem['input']!r})")
        lines.append(f"{where}: {field}: {known}")
    return "\n".join(lines)


def read_company(place: Traversable | Path) -> CompanyFile:
    """One company's file.

    Raises:
        CatalogDataError: what is wrong in which entry.
    """
    return _load(CompanyFile, place)


def _company_files() -> Iterator[Traversable]:
    folder = _data() / "companies"
    return iter(sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name))


_ADDED: list[CompanyFile] = []


@cache
def companies() -> tuple[CompanyFile, ...]:
    """All companies: the package's own, by file name, then those of ``MODELCATALOG_DATA``, then those that `add` took.

    Raises:
        CatalogDataError: a file is wrong, or two give one name to two families.
    """
    own = [read_company(place) for place in _company_files()]
    users = os.environ.get("MODELCATALOG_DATA")
    more = [file for folder in (users or "").split(os.pathsep) if folder for file in _read_all(Path(folder))]
    return _merged([*own, *more, *_ADDED])


def add(place: Path) -> None:
    """Take a user's file, or a folder of them; all or nothing.

    Raises:
        CatalogDataError: what is wrong in which entry.
    """
    files = _read_all(place)
    _merged([*companies(), *files])
    for file in files:
        for family in file.family:
            for entry in family.series:
                model_names(file.name, family.name, entry)  # a broken pattern is refused now, not when it is first needed
    _ADDED.extend(files)
    companies.cache_clear()


def model_names(company: str, family: str, entry: SeriesEntry) -> list[str]:
    """The repository names that a series' patterns stand for.

    Raises:
        CatalogDataError: a pattern stands for nothing; the message names company, family and series.
    """
    names: list[str] = []
    for pattern in entry.models:
        try:
            names += expand(pattern)
        except ValueError as error:
            message = f"{company} › {family} › {entry.name}: models: {error}"
            raise CatalogDataError(message, subject=pattern) from error
    return names


def _read_all(place: Path) -> list[CompanyFile]:
    if not place.exists():
        message = f"{place}: no such file or folder"
        raise CatalogDataError(message, subject=str(place), hint="name a TOML file, or a folder of them")
    return [read_company(file) for file in (sorted(place.glob("*.toml")) if place.is_dir() else [place])]


def _merged(files: Iterable[CompanyFile]) -> tuple[CompanyFile, ...]:
    """One entry a company: a later file of the same name adds its families, series and accounts."""
    found: dict[str, CompanyFile] = {}
    owner: dict[str, str] = {}
    for file in files:
        for family in file.family:
            if owner.setdefault(family.name, file.name) != file.name:
                message = f"{file.name} › {family.name}: {owner[family.name]} has a family of that name; give it another one, or put the series there"
                raise CatalogDataError(message, subject=family.name)
        before = found.get(file.name)
        found[file.name] = file if before is None else _joined(before, file)
    return tuple(found.values())


def _joined(before: CompanyFile, file: CompanyFile) -> CompanyFile:
    families = {family.name: family for family in before.family}
    for family in file.family:
        old = families.get(family.name)
        more = None if old is None else {"series": (*old.series, *family.series), "aliases": (*old.aliases, *family.aliases)}
        families[family.name] = family if old is None else old.model_copy(update=more)
    accounts = Accounts(
        huggingface=tuple(dict.fromkeys((*before.accounts.huggingface, *file.accounts.huggingface))),
        modelscope=tuple(dict.fromkeys((*before.accounts.modelscope, *file.accounts.modelscope))),
        api=tuple(dict.fromkeys((*before.accounts.api, *file.accounts.api))),
    )
    return before.model_copy(update={"family": tuple(families.values()), "accounts": accounts, "aliases": (*before.aliases, *file.aliases)})


@cache
def _types_file() -> _TypesFile:
    return _load(_TypesFile, _data() / "types.toml")


def types() -> dict[str, TypeEntry]:
    """Type word -> its entry."""
    return _types_file().type


def tiers() -> tuple[str, ...]:
    """Words that stand for a size: ``mini``, ``opus``."""
    return _types_file().tiers


def variants() -> tuple[str, ...]:
    """Words that tell one model from another and say nothing more: ``preview``."""
    return _types_file().variants


def speeds() -> frozenset[str]:
    """Words for how a model is served, which do not change its weights: ``highspeed``."""
    return frozenset(_types_file().speeds)


def parts() -> frozenset[str]:
    """Words for what is not the whole model: ``lora``."""
    return frozenset(_types_file().parts)


def training_before() -> frozenset[str]:
    """Words after which a number counts training: ``step``."""
    return frozenset(_types_file().training_before)


def training_after() -> frozenset[str]:
    """Words before which a number counts training: ``tokens``."""
    return frozenset(_types_file().training_after)


def training_after_size() -> frozenset[str]:
    """The same beside a size: ``tokens``."""
    return frozenset(_types_file().training_after_size)


def counters() -> frozenset[str]:
    """Those that never count billions: ``seed``."""
    return frozenset(_types_file().counters)


@cache
def stages(stage: Literal["pretrained", "finished", "tuned"]) -> tuple[str, ...]:
    """Types of one stage of training: ``instruct`` and ``chat`` are finished."""
    return tuple(name for name, entry in types().items() if entry.stage == stage)


@cache
def numbers() -> NumbersFile:
    """Numbers that tell what they count: context lengths, experts."""
    return _load(NumbersFile, _data() / "numbers.toml")


def tag_words() -> dict[str, str]:
    """Words that mean a type in an Ollama tag alone: ``text``."""
    return _types_file().tag_words


@cache
def _methods_file() -> _MethodsFile:
    return _load(_MethodsFile, _data() / "quantizations.toml")


def methods() -> dict[str, MethodEntry]:
    """Quantization method -> its entry."""
    return _methods_file().method


def running() -> dict[str, RunningEntry]:
    """Quantization method, as ``config.json`` spells it -> what transformers wants for it."""
    return _methods_file().running


def packed() -> tuple[PackedEntry, ...]:
    """How packed weights are known in a header; the first that fits counts."""
    return _methods_file().packed


@cache
def _tasks_file() -> _TasksFile:
    return _load(_TasksFile, _data() / "tasks.toml")


def tasks() -> tuple[TaskEntry, ...]:
    """What checkpoints are for that do not talk; the first that fits counts."""
    return _tasks_file().task


def silent_gguf() -> dict[str, str]:
    """``general.architecture`` of GGUF files that do not talk -> what they are."""
    return _tasks_file().gguf


def type_packages() -> dict[str, tuple[str, ...]]:
    """model_type -> the packages without which transformers cannot make such a model."""
    return _tasks_file().packages


def schemes() -> dict[str, SchemeEntry]:
    """Name of a layout -> its method and bits."""
    return _methods_file().schemes


def formats() -> dict[str, tuple[str, ...]]:
    """File format -> words that mean it."""
    return _methods_file().formats


def dtypes() -> dict[str, Literal["float16", "bfloat16", "float32"]]:
    """Word -> dtype."""
    return _methods_file().dtypes


def ignored() -> tuple[str, ...]:
    """Words about packaging that are no fact of the model: ``hf``, ``imatrix``."""
    return _methods_file().ignored


@cache
def hubs() -> HubsFile:
    """Hosts, routes and repackagers."""
    return _load(HubsFile, _data() / "hubs.toml")


@cache
def architectures() -> ArchitecturesFile:
    """What configurations call a model's sizes, and what a type's layers keep."""
    return _load(ArchitecturesFile, _data() / "architectures.toml")


@cache
def cards() -> CardsFile:
    """Cards that a plan can be made for."""
    return _load(CardsFile, _data() / "cards.toml")


@cache
def thinking() -> ThinkingFile:
    """Marks of thinking and of answers."""
    return _load(ThinkingFile, _data() / "thinking.toml")

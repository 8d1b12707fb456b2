"""Owns the records that cross module borders; knows nothing of how a name is read or a file is fetched.

All are frozen pydantic models (``Segment`` is a named tuple: a name has ten of them, and a model
costs five times a tuple to make), so they validate, hash, compare, and go to JSON and back.

Annotations are not postponed here: pydantic would compile each of them when its class is made.
"""

from collections.abc import Callable
from datetime import date
from functools import total_ordering
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_serializer, model_validator

__all__ = [
    "Checkpoint",
    "Company",
    "Confidence",
    "Dtype",
    "Facts",
    "Family",
    "Group",
    "Hub",
    "Identity",
    "Match",
    "Modality",
    "ModelName",
    "Origin",
    "Part",
    "Quantization",
    "Release",
    "RepositoryHub",
    "Segment",
    "SegmentKind",
    "Series",
    "Size",
    "Source",
    "Version",
    "Weights",
    "counted",
    "trusted",
    "valid",
]

RepositoryHub = Literal["huggingface", "modelscope"]
"""A hub whose repositories the catalog lists."""
Hub = Literal[RepositoryHub, "ollama"]
Dtype = Literal["float16", "bfloat16", "float32"]
Origin = Literal["name", "owner", "catalog", "estimate"]
"""Where a fact came from: the name's own text, the account it lies under, the catalog, or arithmetic."""
Part = Literal["mmproj", "mtp", "lora", "vocab", "imatrix", "draft"]
"""A projector of images, a head that predicts further tokens, an adapter, a vocabulary, an importance matrix, a model that drafts."""
Weights = Literal["open", "closed", "mixed"]
Modality = Literal["text", "image", "audio", "video", "file", "embedding"]
"""What a model reads or writes; ``file`` is a PDF or another document."""
Confidence = Literal["sourced", "recorded", "derived", "guessed"]
"""How far a repository id can be trusted: seen at a source the catalog names; in the catalog from memory;
carried over by an account's renaming rule; put together from the name."""
SegmentKind = Literal[
    "separator",
    "hub",
    "path",
    "route",
    "owner",
    "company",
    "family",
    "base",
    "version",
    "size",
    "tier",
    "type",
    "quantization",
    "format",
    "dtype",
    "context",
    "released",
    "training",
    "shard",
    "variant",
    "serving",
    "revision",
    "unknown",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)  # f"{name:<40}" in a table of one's own

    def _repr_html_(self) -> str:
        """The record in a notebook."""
        from modelcatalog.show import html  # the one thing above that records know, and only a notebook asks

        return html.record(self)


_P = ParamSpec("_P")
_R = TypeVar("_R", bound=BaseModel)
_set_fields = vars(BaseModel)["__dict__"].__set__
_set_fields_set, _set_extra, _set_private = (
    vars(BaseModel)[name].__set__ for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


def valid(of: type[_R], fields: dict[str, Any], stated: set[str]) -> _R:
    """A record whose fields, all of them, are known to be valid: what validates them takes longer to make than a first name to read.

    Args:
        of: Its class.
        fields: Kept as it is.
        stated: The names of the fields; records share the set.
    """
    record = of.__new__(of)
    _set_fields(record, fields)
    _set_fields_set(record, stated)
    _set_extra(record, None)
    _set_private(record, None)
    return record


def trusted(of: Callable[_P, _R]) -> Callable[_P, _R]:
    """A class of records, to be called with fields that are valid as their types say: what would validate them takes longer to make than a plan.

    >>> trusted(Size)(label="7B", total=7_000_000_000) == Size(label="7B", total=7_000_000_000)
    True
    """
    made: Callable[_P, _R] = of.model_construct  # type: ignore[attr-defined]  # a class of pydantic's
    return made


class Segment(NamedTuple):
    """One piece of the source text: ``source[start:end] == text``.

    >>> Segment("family", "Qwen", 0, 4).kind
    'family'
    """

    kind: SegmentKind
    text: str
    start: int
    end: int


_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def counted(count: int) -> str:
    """Parameters as names write them.

    >>> counted(2_800_000_000_000), counted(671_000_000_000), counted(30_532_000_000), counted(135_000_000), counted(12)
    ('2.8T', '671B', '30.5B', '135M', '12')
    """
    for unit, letter in _UNITS:
        # Three digits are shown, so what rounds up to 1000 belongs to the next unit.
        if count >= unit * 0.9995:
            return f"{count / unit:.3g}{letter}"
    return str(count)


class Size(_Record):
    """How large a model is. ``total`` and ``active`` are parameter counts, not billions.

    >>> Size(label="30B-A3B", total=30_000_000_000, active=3_000_000_000).total
    30000000000
    """

    label: str | None = None
    """The size as written (``30B-A3B``, ``8x7B``), or the tier (``mini``, ``opus``)."""
    total: int | None = Field(default=None, ge=0)
    active: int | None = Field(default=None, ge=0)
    """Parameters used for one token, for mixtures of experts."""
    experts: int | None = Field(default=None, ge=1)

    def __str__(self) -> str:
        return self.label or ("?" if self.total is None else counted(self.total))


class Quantization(_Record):
    """How the weights are compressed.

    >>> Quantization(method="gguf", scheme="Q4_K_M", bits=4).bits
    4
    """

    method: str | None = None
    """``gguf``, ``awq``, ``gptq``, ``bitsandbytes``, ``fp8``, …; None where the name tells only the bits."""
    scheme: str | None = None
    """The method's own name for the layout: ``Q4_K_M``, ``W4A16``, ``q4f16_1``."""
    bits: int | float | None = Field(default=None, gt=0)
    """Nominal bits a weight."""
    group_size: int | None = Field(default=None, ge=1)
    """Weights that share one scale."""

    def __str__(self) -> str:
        bits = None if self.bits is None else f"{self.bits:g}-bit"
        return " ".join(part for part in (self.method, self.scheme, bits) if part)


class Release(_Record):
    """When the model was released, as far as its name tells; each part is None where it does not.

    >>> str(Release(year=2024, month=8, day=6, text="2024-08-06"))
    '2024-08-06'
    """

    year: int | None = Field(default=None, ge=1990, le=2100)
    month: int | None = Field(default=None, ge=1, le=12)
    day: int | None = Field(default=None, ge=1, le=31)
    text: str
    """As written: ``2507``, ``0528``, ``20241022``."""

    def __str__(self) -> str:
        year = "????" if self.year is None else f"{self.year:04}"
        month = "??" if self.month is None else f"{self.month:02}"
        return f"{year}-{month}" if self.day is None else f"{year}-{month}-{self.day:02}"


@total_ordering
class Version:
    """A version for comparing: its digits count by part, so 4.2 < 4.20, and letters after them.

    >>> Version("4.2") < Version("4.20"), Version("2.5") < Version("3"), Version("4") < Version("4o")
    (True, True, True)
    """

    __slots__ = ("key", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        parts: list[tuple[int, int | str]] = []
        number = ""
        for char in f"{text.lower()}.":
            if char.isascii() and char.isdigit():
                number += char
                continue
            if number:
                parts.append((0, int(number)))
                number = ""
            if char.isalpha():
                parts.append((1, char))
        # A leading letter (V3, R1, K2) names the line, not the place in it.
        self.key = tuple(parts[1:] if len(parts) > 1 and parts[0][0] == 1 else parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    def __lt__(self, other: "Version") -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


class Identity(NamedTuple):
    """What makes two names one model's; its text is `ModelName.canonical`.

    >>> str(Identity("claude", "4.5", ("opus",), "2025-11-01"))
    'claude-4.5-opus@2025-11-01'
    """

    family: str
    """In lower case; empty where the catalog does not know it, and its words stand among the others."""
    version: str
    words: tuple[str, ...]
    """In alphabetical order: that of known words in the name says nothing."""
    date: str
    """As exact as the name has it, ``-05-28`` without its year; empty: it has none."""
    order: tuple[str, ...] = ()
    """Those that no rule knows, as they stand in the name, where that is not the alphabet's order: ``en-de`` is not ``de-en``."""

    def __str__(self) -> str:
        words = (*(word for word in self.words if word not in self.order), *self.order)
        text = "-".join([part for part in (self.family, self.version, *words) if part])
        return f"{text}@{self.date}" if self.date else text

    def but(self, *words: str) -> "Identity":
        """The same without these words."""
        order = tuple(word for word in self.order if word not in words)
        return self._replace(words=tuple(word for word in self.words if word not in words), order=order)

    def too(self, word: str) -> "Identity":
        """The same with one more word."""
        return self._replace(words=tuple(sorted({*self.words, word})))

    def undated(self) -> "Identity":
        """The same without its date."""
        return self._replace(date="")


class ModelName(_Record):
    """Everything a model's name says, and what the catalog adds to it.

    ``str(name)`` is the text as given, and the segments' texts joined are the same text.
    Made by `modelcatalog.parse`; docs/grammar.md has the rules.
    """

    source: str
    hub: Hub | None = None
    provider: str | None = None
    """Who serves it, where the text says so: one id a provider, whatever a tool calls it."""
    owner: str | None = None
    name: str | None = None
    revision: str | None = None
    tag: str | None = None
    file: str | None = None
    part: Part | None = None
    """What the file is when it is not the model itself."""
    company: str | None = None
    family: str | None = None
    version: str | None = None
    series: str | None = None
    types: tuple[str, ...] = ()
    size: Size | None = None
    quantization: Quantization | None = None
    format: str | None = None
    dtype: Dtype | None = None
    context_length: int | None = Field(default=None, ge=1)
    released: Release | None = None
    base: "ModelName | None" = None
    canonical: str = ""
    segments: tuple[Segment, ...] = ()
    unknown: tuple[str, ...] = ()
    origins: tuple[tuple[str, Origin], ...] = ()
    """The facts that the name itself does not state, each with where it came from; see `origin`."""

    __slots__ = ("_identity",)  # no field: it says nothing that the others do not, and two equal names may have come about differently

    def __str__(self) -> str:
        return self.source

    @property
    def identity(self) -> Identity:
        """What ``canonical`` is the text of.

        A name that was not read but made from fields has it from the text: a word that holds a hyphen is then several.

        >>> import modelcatalog
        >>> modelcatalog.parse("EleutherAI/gpt-neox-20b").identity
        Identity(family='gpt-neox', version='', words=('20b',), date='', order=())
        """
        try:
            return _identity_of(self)
        except AttributeError:
            stem, _, day = self.canonical.partition("@")
            version = (self.version or "").lower()
            family = next((f for f in ((self.family or "").lower(),) if f and stem.startswith("-".join(part for part in (f, version) if part))), "")
            rest = stem.removeprefix(family).removeprefix("-").removeprefix(version).removeprefix("-")
            return Identity(family, version, tuple(rest.split("-")) if rest else (), day)

    def origin(self, path: str) -> Origin | None:
        """Where a fact came from; None where the fact is absent.

        Args:
            path: A field, dotted for records inside: ``"company"``, ``"size.total"``.

        Raises:
            AttributeError: if there is no such field.

        >>> import modelcatalog
        >>> name = modelcatalog.parse("DeepSeek-R1")
        >>> name.origin("family"), name.origin("size.total"), name.origin("dtype")
        ('name', 'catalog', None)
        """
        value: Any = self
        for part in path.split("."):
            if value is None:
                return None
            value = getattr(value, part)
        if value is None or value == ():
            return None
        return dict(self.origins).get(path, "name")

    def same_model(self, other: "ModelName") -> bool:
        """Whether both name one model, whatever its spelling, hub, format or quantization.

        Kinder than comparing ``canonical``: a date that only one of the two has is not a difference
        (``gpt-4o`` and ``gpt-4o-2024-08-06``), two dates are.

        >>> from modelcatalog import parse
        >>> parse("Qwen/Qwen2.5-7B-Instruct").same_model(parse("qwen2.5-7b-instruct-q4_k_m.gguf"))
        True
        """
        if not isinstance(other, ModelName):
            message = f"expected a ModelName, got {other!r}: parse it first"
            raise TypeError(message)
        if self.canonical == other.canonical:
            return bool(self.canonical)
        if (self.released is None) == (other.released is None):
            return False
        return self.identity.undated() == other.identity.undated()

    def __lt__(self, other: "ModelName") -> bool:
        """Order inside a family by version, then by date; names of two families do not compare."""
        if not isinstance(other, ModelName):
            return NotImplemented
        if self.family != other.family or self.family is None:
            message = f"{self.source!r} and {other.source!r} belong to different families, so neither is older: sort names of several by key=str"
            raise TypeError(message)
        return self._order() < other._order()

    def _order(self) -> tuple[object, ...]:
        released = self.released
        day = (0, 0, 0) if released is None else (released.year or 0, released.month or 0, released.day or 0)
        return Version(self.version or "").key, day, self.canonical

    @field_serializer("segments")
    def _segments(self, segments: tuple[Segment, ...]) -> list[dict[str, Any]]:
        return [segment._asdict() for segment in segments]


_identity_of: Callable[[ModelName], Identity] = vars(ModelName)["_identity"].__get__


class Company(_Record):
    """A company that trains models, or repackages those of others.

    >>> import modelcatalog
    >>> modelcatalog.catalog.find("阿里巴巴").company.name
    'Alibaba'
    """

    name: str
    aliases: tuple[str, ...] = ()
    zh: str | None = None
    """The Chinese name."""
    country: str | None = None
    site: str | None = None
    repackager: bool = False
    """Publishes the models of others, converted or quantized."""
    api: str | None = None
    """Base URL of its OpenAI-compatible API."""
    api_key: str | None = None
    """The environment variable in which clients of that API look for the key."""
    api_docs: str | None = None
    huggingface: tuple[str, ...] = ()
    """Its accounts there, the main one first."""
    modelscope: tuple[str, ...] = ()
    source: str
    """The page that was opened, or ``unverified``."""
    checked: date | None = None


class Family(_Record):
    """Models that share a code name."""

    name: str
    company: str
    aliases: tuple[str, ...] = ()
    zh: str | None = None
    weights: Weights
    about: str | None = None
    source: str
    checked: date | None = None


class Series(_Record):
    """The models of a family that share a version."""

    name: str
    family: str
    company: str
    version: str | None = None
    weights: Weights
    released: str | None = None
    """ISO date, year-month or year."""
    licence: str | None = None
    context_length: int | None = None
    types: tuple[str, ...] = ()
    source: str
    checked: date | None = None


class Source(NamedTuple):
    """Who says a fact: the page that was opened and the day, and what the page speaks of.

    >>> str(Source("https://example.com/models", date(2026, 11, 29), "series"))
    'https://example.com/models (2026-11-29)'
    """

    source: str
    """The page; ``unverified`` for what comes from memory, ``name`` for what the model's own name says."""
    checked: date | None
    """The day it was opened."""
    of: Literal["name", "model", "series", "family"]
    """What it speaks of; a fact of the series is said of all its models."""

    def __str__(self) -> str:
        return self.source if self.checked is None else f"{self.source} ({self.checked})"


class Facts(_Record):
    """What is known of a model, each fact with who says it; None, or an empty tuple, where nobody does.

    >>> import modelcatalog
    >>> facts = modelcatalog.facts("gpt-4-turbo")
    >>> facts.context_length, facts.retired, facts.licence
    (128000, '2026-10-23', None)
    """

    name: str
    """The name as given."""
    context_length: int | None = None
    """Tokens of the prompt and the answer together, or of the prompt where the vendor counts them apart."""
    max_output_tokens: int | None = None
    input_modalities: tuple[Modality, ...] = ()
    output_modalities: tuple[Modality, ...] = ()
    tools: bool | None = None
    """Whether it calls functions that the request describes."""
    structured_output: bool | None = None
    """Whether its API holds it to a JSON Schema."""
    reasoning: bool | None = None
    """Whether it thinks, or can be told to think, before it answers."""
    open_weights: bool | None = None
    licence: str | None = None
    """The SPDX id where the licence has one, else the word that its hub uses."""
    released: str | None = None
    """The first day on which people could use it, in a public preview too: an ISO date, year-month or year, like those below. Of an id that
    moves from model to model, the day on which the id was first offered."""
    knowledge_cutoff: str | None = None
    """Up to when its vendor says that its knowledge can be relied on."""
    deprecated: str | None = None
    """The day on which its vendor said that it will be retired."""
    retired: str | None = None
    """The day from which its vendor no longer serves it; it may be yet to come."""
    origins: tuple[tuple[str, Source], ...] = ()

    def origin(self, field: str) -> Source | None:
        """Who says a fact; None where nobody does.

        Raises:
            AttributeError: if there is no such field.

        >>> import modelcatalog
        >>> modelcatalog.facts("Qwen3-8B").origin("licence").of
        'series'
        """
        return None if getattr(self, field) in (None, ()) else dict(self.origins).get(field)

    def gone(self, day: date | None = None) -> bool:
        """Whether its vendor no longer serves it, today or on that day."""
        return self.retired is not None and self.retired <= (day or date.today()).isoformat()  # noqa: DTZ011  a day where the user is


class Checkpoint(_Record):
    """A repository, or a file in one, that should have the weights.

    >>> import modelcatalog
    >>> modelcatalog.resolve("meta-llama/Llama-3.1-8B-Instruct", hub="modelscope").repo_id
    'LLM-Research/Meta-Llama-3.1-8B-Instruct'
    """

    asked: str | None = None
    """The name that was asked for; None: none was."""
    hub: Hub
    repo_id: str
    revision: str | None = None
    file: str | None = None
    exists: bool | None = None
    """Whether the repository is there; None where the catalog cannot know."""
    confidence: Confidence = "guessed"
    alternatives: tuple[str, ...] = ()
    """Other repositories on the same hub that could be meant, likelier first."""
    moving: date | None = None
    """Where the name means another model whenever there is a newer one (``deepseek-chat``, ``mistral-large-latest``): the day on which it meant this."""
    series: str | None = None
    size: Size | None = None
    page: str = "unverified"
    """The page that was opened, or ``unverified``."""
    checked: date | None = None
    gated: bool | None = None
    """Whether its hub serves it only to accounts with access; None where no listing was fetched."""
    base_models: tuple[str, ...] = ()
    """What its card says that it was made from, where a listing was fetched."""

    def __str__(self) -> str:
        return self.repo_id

    @property
    def source(self) -> str:
        """What ``page`` was called before; in JSON, ``source`` is a text that was given."""
        return self.page

    @computed_field  # type: ignore[prop-decorator]
    @property
    def url(self) -> str:
        """The page of the repository, of its revision, or of the file, on its hub.

        >>> Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B", revision="refs/pr/3", file="config.json").url
        'https://huggingface.co/Qwen/Qwen3-8B/blob/refs%2Fpr%2F3/config.json'
        """
        house = _HOUSES[self.hub]
        page = f"{house.page}{self.repo_id}"
        revision = None if self.revision is None else quote(self.revision, safe="")
        if self.file is not None and house.file:
            return f"{page}{house.file}{revision or house.branch}/{quote(self.file, safe='/')}"
        return page if revision is None or not house.tree else f"{page}{house.tree}{revision}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def uri(self) -> str:
        """``hf://owner/name@revision/file``, as huggingface_hub reads it; other hubs have their own scheme.

        >>> Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B", revision="main", file="config.json").uri
        'hf://Qwen/Qwen3-8B@main/config.json'
        """
        revision = "" if self.revision is None else "@" + (self.revision if _is_ref(self.revision) else quote(self.revision, safe="!$&'()*+,;=~"))
        return f"{_HOUSES[self.hub].scheme}://{self.repo_id}{revision}" + ("" if self.file is None else f"/{self.file}")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def purl(self) -> str | None:
        """The package URL; None where its specification has no type for the hub.

        The type is ``huggingface``, and ``repository_url`` names any other host. The revision is the version, a commit in
        lower case as the type wants it; the file is the subpath.

        >>> Checkpoint(hub="modelscope", repo_id="Qwen/Qwen3-8B", revision="v1.0").purl
        'pkg:huggingface/Qwen/Qwen3-8B@v1.0?repository_url=https://modelscope.cn'
        """
        if self.hub == "ollama":
            return None
        version = self.revision
        if version is not None and len(version) == _COMMIT and set(version.lower()) <= set("0123456789abcdef"):
            version = version.lower()
        where = "" if self.hub == "huggingface" else f"?repository_url={_HOUSES[self.hub].host}"
        return (
            f"pkg:huggingface/{quote(self.repo_id, safe='/')}"
            + ("" if version is None else f"@{quote(version, safe=':')}")
            + where
            + ("" if self.file is None else f"#{quote(self.file, safe='/:')}")
        )

    @model_validator(mode="before")
    @classmethod
    def _without_addresses(cls, given: Any) -> Any:
        """The addresses follow from the other fields: what a dump has of them is not read."""
        return {key: value for key, value in given.items() if key not in ("url", "uri", "purl")} if isinstance(given, dict) else given


class _House(NamedTuple):
    """How a hub's addresses are written."""

    host: str
    page: str
    tree: str
    """Between a repository and a revision."""
    file: str
    """Between a repository and a file's revision."""
    branch: str
    """The revision of a file of which none is said."""
    scheme: str


_HOUSES: dict[Hub, _House] = {
    "huggingface": _House("https://huggingface.co", "https://huggingface.co/", "/tree/", "/blob/", "main", "hf"),
    "modelscope": _House("https://modelscope.cn", "https://modelscope.cn/models/", "/tree/", "/file/view/", "master", "modelscope"),
    "ollama": _House("https://ollama.com", "https://ollama.com/", "", "", "", "ollama"),
}
_COMMIT = 40


def _is_ref(revision: str) -> bool:
    """Whether the slashes of a revision are its own: pull requests and conversions."""
    kind, _, rest = revision.removeprefix("refs/").partition("/")
    if not revision.startswith("refs/") or not rest.isascii():
        return False
    return rest.isdecimal() if kind == "pr" else kind == "convert" and all(char.isalnum() or char in "_.-" for char in rest)


class Group(_Record):
    """Names that mean one model, as `modelcatalog.group` puts them together.

    >>> import modelcatalog
    >>> modelcatalog.group(["Qwen3-8B", "qwen3:8b"])[0].names
    ('Qwen3-8B', 'qwen3:8b')
    """

    key: str
    """What they have in common."""
    company: str | None = None
    series: str | None = None
    canonical: tuple[str, ...] = ()
    """Their canonical names: several where only the key puts them together."""
    providers: tuple[str, ...] = ()
    """Who serves them, where a name says so."""
    names: tuple[str, ...] = ()
    """As they were given, in order."""


class Match(_Record):
    """What `modelcatalog.catalog.find` found; the parts that the text does not reach are None."""

    company: Company | None = None
    family: Family | None = None
    series: Series | None = None
    checkpoint: Checkpoint | None = None

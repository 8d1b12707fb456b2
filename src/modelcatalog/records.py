"""Owns the records of names, and what all records have in common; knows nothing of how a name is read or a file is fetched.

All are frozen pydantic models (``Segment`` is a named tuple: a name has ten of them, and a model
costs five times a tuple to make), so they validate, hash, compare, and go to JSON and back.

Annotations are not postponed here: pydantic would compile each of them when its class is made.
"""

from collections.abc import Callable
from functools import total_ordering
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import core_schema

__all__ = [
    "Dtype",
    "Hub",
    "Identity",
    "Modality",
    "ModelName",
    "Origin",
    "Part",
    "Quantization",
    "Record",
    "Release",
    "RepositoryHub",
    "Segment",
    "SegmentKind",
    "Size",
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


class Record(BaseModel):
    """What is frozen, refuses fields that it does not have, and shows itself as text and in a notebook."""

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

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type["Segment"], handler: Callable[[Any], core_schema.CoreSchema]) -> core_schema.CoreSchema:
        # pydantic's decorators for this take longer to import than a name to read.
        told = core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema())
        return {**handler(source), "serialization": core_schema.plain_serializer_function_ser_schema(cls._asdict, return_schema=told)}


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


class Size(Record):
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


class Quantization(Record):
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


class Release(Record):
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


class ModelName(Record):
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
    """What it is when it is not the model itself: a file beside a model's, or weights that only guess tokens ahead for it (``draft``)."""
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
        """Where a fact came from; None where the fact is absent. A size or a quantization is the name's where any part of it is.

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
            if part not in getattr(type(value), "model_fields", ()):
                message = f"{type(value).__name__} has no field {part!r}"
                raise AttributeError(message)
            value = getattr(value, part)
        if value is None or value == ():
            return None
        said = dict(self.origins)
        if path not in said and isinstance(value, Size | Quantization):
            parts = [said.get(f"{path}.{part}", "name") for part, given in value if given is not None]
            return parts[0] if parts and "name" not in parts else "name"
        return said.get(path, "name")

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
        return NotImplemented if not isinstance(other, ModelName) else self._order_beside(other) < other._order()

    def __le__(self, other: "ModelName") -> bool:
        """As ``<``, or of one place in that order: two spellings of one model."""
        return NotImplemented if not isinstance(other, ModelName) else self._order_beside(other) <= other._order()

    def _order_beside(self, other: "ModelName") -> tuple[object, ...]:
        if self.family != other.family or self.family is None:
            message = f"{self.source!r} and {other.source!r} belong to different families, so neither is older: sort names of several by key=str"
            raise TypeError(message)
        return self._order()

    def _order(self) -> tuple[object, ...]:
        released = self.released
        day = (0, 0, 0) if released is None else (released.year or 0, released.month or 0, released.day or 0)
        return Version(self.version or "").key, day, self.canonical


_identity_of: Callable[[ModelName], Identity] = vars(ModelName)["_identity"].__get__

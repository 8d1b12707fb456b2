"""Owns what a word can be: the roles, and what a word of each role states. Knows no word and no neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Bits",
    "Day",
    "FamilyWord",
    "Method",
    "Mixture",
    "Numbered",
    "Parameters",
    "Role",
    "Scheme",
    "Value",
    "Width",
    "Word",
    "point",
    "unknown",
]

Role: TypeAlias = Literal[
    "active", "bits", "company", "context", "date", "dtype", "effective", "experts", "family", "format", "group", "head_bits", "ignored",
    "lettered", "method", "mixture", "mlc_scheme", "named_scheme", "number", "other", "plain_q", "reseller", "scheme", "separator", "several",
    "shard", "size", "suffix", "suffixed", "tier", "type", "unknown", "variant", "version", "weight_activation",
]  # fmt: skip
"""What a word is by itself; what it says is its value, of one type for each role:

`FamilyWord` for family; `Parameters` for size, active, effective; `Mixture`; `Width` for bits; `Scheme` for scheme, mlc_scheme, named_scheme
and weight_activation; `Method`; `Day` for date; `Numbered` for version, lettered, suffixed; an int for context, experts, group, plain_q; text
for company, dtype, format, number, type; the other roles say nothing."""


Bits: TypeAlias = int | float


class Parameters(NamedTuple):
    """A number of parameters, and the unit it was written in: ``b``, ``m``, ``t``."""

    total: int
    unit: str


class Mixture(NamedTuple):
    """So many experts of so many parameters each."""

    each: int
    experts: int


class Width(NamedTuple):
    """Bits a weight, and how many weights share a scale."""

    bits: Bits | None
    group: int | None


class Scheme(NamedTuple):
    """A layout of quantized weights, as its method writes it."""

    name: str
    bits: Bits
    method: str | None = None
    group: int | None = None


class Method(NamedTuple):
    """A quantization method, with its width where it has but one, and its format where it has but one."""

    name: str
    bits: Bits | None
    format: str | None


class Day(NamedTuple):
    """A date as a name writes it in full; the day may be missing."""

    year: int
    month: int
    day: int | None


class Numbered(NamedTuple):
    """A number with a letter at it: ``v0.1``, ``R1``, ``4o``."""

    digits: str
    letter: str


class FamilyWord:
    """What reading must know of a family."""

    __match_args__: ClassVar = (
        "name", "company", "derived", "bare", "compact", "lines", "dates", "words", "follows", "versions", "closed", "mixture", "tokens",
    )  # fmt: skip
    __slots__ = ("bare", "closed", "compact", "company", "dates", "derived", "follows", "lines", "mixture", "name", "tokens", "versions", "words")

    def __init__(  # noqa: PLR0917  made in one place
        self, name: str, company: str, derived: bool, bare: bool, compact: bool, lines: Mapping[str, str], dates: str | None, words: dict[str, str],  # noqa: FBT001
        follows: frozenset[str], versions: frozenset[str], closed: bool, mixture: bool, tokens: bool,  # noqa: FBT001
    ) -> None:  # fmt: skip
        self.name = name
        self.company = company
        self.derived = derived
        self.bare = bare
        self.compact = compact
        self.lines = lines
        """Letter of a line in lower case -> as it is written: DeepSeek's V and R, the o of o3."""
        self.dates = dates
        self.words = words
        """Words that mean something else in this family."""
        self.follows = follows
        """For a common word: what stands behind it in its models' names."""
        self.versions = versions
        """Versions of the series that the catalog knows, lower case."""
        self.closed = closed
        """Whether no weights of it were ever published: in an open model's name, it is what that model was taught by."""
        self.mixture = mixture
        """Whether all its models are mixtures of experts."""
        self.tokens = tokens
        """Whether its names count tokens in trillions: TinyLlama-3T."""

    def alone(self) -> FamilyWord:
        """The same family by a spelling that means it wherever it stands."""
        if self.bare:
            return self
        return FamilyWord(
            self.name, self.company, self.derived, True, self.compact, self.lines, self.dates, self.words, self.follows, self.versions, self.closed,  # noqa: FBT003
            self.mixture, self.tokens,
        )  # fmt: skip


Value: TypeAlias = "FamilyWord | Parameters | Mixture | Width | Scheme | Method | Day | Numbered | str | int | None"


class Word:
    """A word and its meaning: ``role`` says what kind, ``value`` what it states."""

    __match_args__: ClassVar = ("role", "text", "value", "key")
    __slots__ = ("key", "role", "text", "value")

    def __init__(self, role: Role, text: str, value: Value = None, key: str | None = None) -> None:
        self.role: Role = role
        self.text = text
        self.value: Value = value
        self.key = key
        """What the word adds to the canonical name; None: nothing."""

    def written(self, text: str) -> Word:
        """The same word, written otherwise."""
        return Word(self.role, text, self.value, self.key)


def unknown(text: str) -> Word:
    """A word that means nothing by itself."""
    return Word("unknown", text, None, text)


def point(digits: str) -> str:
    """Every spelling of a decimal point as a point: ``2_5``, ``3p1``, ``1___5``."""
    return digits.replace("___", ".").replace("_", ".").replace("p", ".")

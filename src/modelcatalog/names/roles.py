"""Owns what a word can be: the roles, and what a word of each role states. Knows no word and no neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from modelcatalog.names.native import mypyc_attr
from modelcatalog.patterns import expand

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LETTERS",
    "BaseWord",
    "Bits",
    "Day",
    "FamilyFacts",
    "FamilyWord",
    "Method",
    "Mixture",
    "Numbered",
    "Parameters",
    "Role",
    "Scheme",
    "Share",
    "Value",
    "Width",
    "Word",
    "point",
    "unknown",
]

Role: TypeAlias = Literal[
    "active", "base_word", "bits", "company", "context", "date", "dtype", "effective", "experts", "family", "format", "group", "head_bits", "ignored",
    "lettered", "method", "mixed_scheme", "mixture", "mlc_scheme", "named_scheme", "number", "other", "plain_q", "reseller", "scheme", "separator",
    "several", "shard", "size", "suffix", "suffixed", "tier", "type", "unknown", "variant", "version", "weight_activation",
]  # fmt: skip
"""What a word is by itself; what it says is its value, of one type for each role:

`FamilyWord` for family; `BaseWord`; `Parameters` for size, active, effective; `Mixture`; `Width` for bits; `Scheme` for scheme, mlc_scheme,
named_scheme and weight_activation; `Share` for mixed_scheme; `Method`; `Day` for date; `Numbered` for version, lettered, suffixed; an int for
context, experts, group, plain_q; text for company, dtype, format, number, type; the other roles say nothing."""


Bits: TypeAlias = int | float
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Patterns for `FamilyFacts`, which most names do not ask: `re` makes each when it is first used, and remembers it.
_STATED = r"([0-9](?<![a-z0-9.].)(?<![0-9]_[0-9])[0-9]*(?:[._][0-9]+)?)([bm])(?![a-z0-9])"
"""A number of parameters in a pattern of names. It begins with the digit, which is found faster than what stands before it."""
_UNITS = {"b": 10**9, "m": 10**6}
_PAIRED = r"([0-9](?<![a-z0-9.].)[0-9]*(?:\.[0-9]+)?)b-a([0-9]+(?:\.[0-9]+)?)b(?![a-z0-9])"
"""Total and active parameters."""
_EXPERTS = r"b-[0-9]+e(?![a-z0-9])"
"""A size of each of so many experts: 17B-16E."""
_WORD = r"[^a-z0-9.]+"
_SIGNS = r"[^a-z0-9\n]+"
_JOINED = r"_(?<=[0-9].)(?=[0-9])"
"""An underscore that stands for a point: Llama-3_1."""
_NAME = "[a-z]{3}"
"""What a name has and a size alone has not."""
_CONTEXTS = 10**7
"""Fewer millions are tokens of context there."""


class Parameters:
    """A number of parameters, and the unit it was written in: ``b``, ``m``, ``t``."""

    __match_args__: ClassVar = ("total", "unit")
    __slots__ = ("total", "unit")

    def __init__(self, total: int, unit: str) -> None:
        self.total = total
        self.unit = unit


class Mixture:
    """So many experts of so many parameters each."""

    __match_args__: ClassVar = ("each", "experts")
    __slots__ = ("each", "experts")

    def __init__(self, each: int, experts: int) -> None:
        self.each = each
        self.experts = experts


class Width:
    """Bits a weight, and how many weights share a scale."""

    __match_args__: ClassVar = ("bits", "group")
    __slots__ = ("bits", "group")

    def __init__(self, bits: Bits | None, group: int | None) -> None:
        self.bits = bits
        self.group = group


class Scheme:
    """A layout of quantized weights, as its method writes it."""

    __match_args__: ClassVar = ("name", "bits", "method", "group", "format")
    __slots__ = ("bits", "format", "group", "method", "name")

    def __init__(self, name: str, bits: Bits, method: str | None = None, group: int | None = None, file_format: str | None = None) -> None:
        self.name = name
        self.bits = bits
        self.method = method
        self.group = group
        self.format = file_format


class Share:
    """So many of a hundred weights in one layout."""

    __match_args__: ClassVar = ("percent", "scheme")
    __slots__ = ("percent", "scheme")

    def __init__(self, percent: int, scheme: Scheme) -> None:
        self.percent = percent
        self.scheme = scheme


class Method:
    """A quantization method, with its width where it has but one, and its format where it has but one."""

    __match_args__: ClassVar = ("name", "bits", "format")
    __slots__ = ("bits", "format", "name")

    def __init__(self, name: str, bits: Bits | None, file_format: str | None) -> None:
        self.name = name
        self.bits = bits
        self.format = file_format


class Day:
    """A date as a name writes it in full; the day may be missing."""

    __match_args__: ClassVar = ("year", "month", "day")
    __slots__ = ("day", "month", "year")

    def __init__(self, year: int, month: int, day: int | None) -> None:
        self.year = year
        self.month = month
        self.day = day


class Numbered:
    """A number with a letter at it: ``v0.1``, ``R1``, ``4o``."""

    __match_args__: ClassVar = ("digits", "letter")
    __slots__ = ("digits", "letter")

    def __init__(self, digits: str, letter: str) -> None:
        self.digits = digits
        self.letter = letter


def _before(text: str, count: int) -> str:
    """What stands before all letters and digits but the first so many, which other signs may part. In lower case."""
    places = [place for place, char in enumerate(text) if char.isascii() and char.isalnum()]
    return text[: places[count]]


def _count(number: str, unit: str) -> int:
    return round(float(number.replace("_", ".")) * _UNITS[unit])


def _stands(number: str, text: str) -> bool:
    """Whether a number stands in a text, and not as a part of a longer one."""
    at = text.find(number)
    while at >= 0:
        end = at + len(number)
        if not (text[at - 1 : at].isdigit() or text[at - 1 : at] == "." or text[end : end + 1].isdigit() or text[end : end + 1] == "."):
            return True
        at = text.find(number, at + 1)
    return False


class FamilyFacts:
    """What is asked of a family only where neighbours ask for it."""

    __match_args__: ClassVar = ("joint", "said", "served", "ids", "implies", "sees", "encoder", "budgets", "others", "usual", "ends")
    __slots__ = (
        "_active", "_aliases", "_editions", "_heads", "_own", "_own_marked", "_own_sized", "_sizes", "_tiers", "budgets", "encoder", "ends", "ids",
        "implies", "joint", "others", "said", "sees", "served", "usual",
    )  # fmt: skip

    def __init__(  # noqa: PLR0917  made in one place
        self, joint: str, said: Mapping[str, str], served: frozenset[str], ids: str, implies: tuple[str, ...], sees: bool, encoder: bool,  # noqa: FBT001
        budgets: frozenset[str], others: bool, usual: str | None, ends: bool,  # noqa: FBT001
    ) -> None:  # fmt: skip
        self.joint = joint
        """What people say between the family and a version."""
        self.said = said
        """Version in lower case -> the series, where people say neither the family nor the joint: o3."""
        self.served = served
        """Versions, in lower case, of which no weights were published."""
        self.ids = ids
        """Patterns of its models' names, and ids of those that are only served, lower case: lines of one text, since most families are never asked
        for them."""
        self.implies = implies
        """Types of all its models, which its name says with the family: the guard of ShieldGemma."""
        self.sees = sees
        """Whether all of it reads more than text, with a language model inside that names may tell."""
        self.encoder = encoder
        """Whether it is built into other models."""
        self.budgets = budgets
        """Versions beside which thousands count tokens of thought."""
        self.others = others
        """Whether its words mean the family that they end with under another's account."""
        self.ends = ends
        """Whether its word ends the names of others' models: ChiMed-GPT."""
        self.usual = usual
        """The type of all its models where their names need not say so, and the word base tells a size: E5 and BGE are embeddings; empty: what a part
        of its own words says; None: nothing."""
        self._sizes: frozenset[int] | None = None
        self._own: frozenset[str] | None = None
        self._own_marked: tuple[str, ...] | None = None
        self._own_sized: frozenset[str] | None = None
        self._active: dict[int, int] | None = None
        self._aliases: frozenset[str] | None = None
        self._tiers: dict[tuple[str, str], int | None] = {}
        self._editions: dict[tuple[str, int], bool] = {}
        self._heads: dict[str, list[frozenset[str]]] = {}
        """Word of its own -> the words before it, in each name that has it; few words are a family's own."""

    def told_by(self, version: str, tier: str) -> int | None:
        """Parameters of the one size that models of this version and tier have; None: there is none, or there are several."""
        key = version, tier
        if key not in self._tiers:
            texts = [text for text in self.ids.split("\n") if tier in text and {version, tier} <= set(re.split(_WORD, re.sub(_JOINED, ".", text)))]
            found = [re.findall(_STATED, text) for text in texts]
            sizes = {_count(number, unit) for some in found for number, unit in some}
            told = len(sizes) == 1 and all(found) and not any(re.search(_EXPERTS, text) for text in texts)  # gemini-1.5-flash is none of 8b
            self._tiers[key] = sizes.pop() if told else None
        return self._tiers[key]

    def never(self, version: str, size: int) -> bool:
        """Whether models of so many parameters have names, and none of them the version: gpt-oss-20b is not GPT-2."""
        key = version, size
        if key not in self._editions:
            label = f"{size / _UNITS['b']:g}b" if size >= _UNITS["b"] else f"{size / _UNITS['m']:g}m"
            sized = [text for text in self.ids.split("\n") if label in text and _stands(label, text) and re.search(_NAME, text)]
            written = {version.replace(".", sign) for sign in "._-p"}
            parts = {version[:end] + bracket for end in range(1, len(version)) for bracket in "[{"}  # 1.{0,1}: a pattern may have it in parts
            have = any(_stands(one, text) for text in sized for one in written) or any(part in text for text in sized for part in parts)
            self._editions[key] = bool(sized) and not have
        return self._editions[key]

    def has_tier(self, version: str, tier: str) -> bool:
        """Whether a model of this version has this tier behind it in its name: phi-3-medium."""
        return re.search(rf"(?<![0-9.]){re.escape(version)}-(?:{{(?:[^}}]*,)?)?{re.escape(tier)}(?![a-z0-9])", self.ids) is not None

    def only(self, text: str, word: str) -> bool:
        """Whether a model is served by this id with this word at its end, and by none without the word."""
        if self._aliases is None:
            self._aliases = frozenset(re.sub(_WORD, "-", name) for name in self.ids.split("\n"))
        long = re.sub(_WORD, "-", text.lower())
        return long in self._aliases and long.removesuffix(f"-{word}") not in self._aliases

    def active(self, total: int) -> int | None:
        """Parameters that work for each token in the one model of so many; None: there is none, or there are several."""
        if self._active is None:
            pairs = {(_count(first, "b"), _count(second, "b")) for first, second in re.findall(_PAIRED, self.ids)}
            totals = [first for first, _ in pairs]
            self._active = {first: second for first, second in pairs if totals.count(first) == 1}
        return self._active.get(total)

    def writes(self, text: str) -> bool:
        """Whether one of its models' names has this text, lower case: the v9_1 of orca_mini_v9_1_1b."""
        return any(text in name for pattern in self.ids.split("\n") for name in expand(pattern))

    def has(self, text: str) -> bool:
        """Whether a pattern of its models' names has this text, lower case."""
        return text in self.ids

    def behind(self, base: str, own: str) -> bool:
        """Whether one of its models' names has all words of this text before the word of its own; both in lower case."""
        heads = self._heads.get(own)
        if heads is None:
            word, bare = re.sub(_SIGNS, "", own), re.sub(_SIGNS, "", self.ids).split("\n")
            found = [_before(text, letters.index(word)) for text, letters in zip(self.ids.split("\n"), bare, strict=True) if letters and word in letters]
            heads = self._heads[own] = [frozenset(re.split(_WORD, head)) for head in found]
        return bool(heads) and any(map(frozenset(filter(None, re.split(_WORD, base))).issubset, heads))

    def own(self) -> frozenset[str]:
        """Words of its models' names, lower case: the en and the v1.5 of bge-small-en-v1.5; of a pattern, the parts."""
        if self._own is None:
            self._own = frozenset(re.split(_WORD, self.ids))
        return self._own

    def own_marked(self) -> tuple[str, ...]:
        """Those that begin with the mark of a version, and perhaps with a version."""
        if self._own_marked is None:
            self._own_marked = tuple(word for word in self.own() if word.startswith("v"))
        return self._own_marked

    def own_sized(self) -> frozenset[str]:
        """Those of names that state parameters: the turbo of qwen-turbo is none."""
        if self._own_sized is None:
            self._own_sized = frozenset(word for text in self.ids.split("\n") if re.search(_STATED, text) for word in re.split(_WORD, text))
        return self._own_sized

    def sizes(self) -> frozenset[int]:
        """Parameters that its models' names state."""
        if self._sizes is None:
            counts = {_count(number, unit) for number, unit in re.findall(_STATED, self.ids)}
            self._sizes = frozenset(count for count in counts if count > _CONTEXTS)
        return self._sizes


class FamilyWord:
    """What reading must know of a family."""

    __match_args__: ClassVar = (
        "name", "company", "derived", "bare", "compact", "lines", "dates", "words", "follows", "versions", "closed", "mixture", "tokens", "facts",
    )  # fmt: skip
    __slots__ = ("bare", "closed", "compact", "company", "dates", "derived", "facts", "follows", "lines", "mixture", "name", "tokens", "versions", "words")

    def __init__(  # noqa: PLR0917  made in one place
        self, name: str, company: str, derived: bool, bare: bool, compact: bool, lines: Mapping[str, str], dates: str | None, words: dict[str, str],  # noqa: FBT001
        follows: frozenset[str], versions: frozenset[str], closed: bool, mixture: bool, tokens: bool, facts: FamilyFacts,  # noqa: FBT001
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
        self.facts = facts

    def unpadded(self, version: str) -> str:
        """``claude-opus-4-0`` is what its maker calls Claude Opus 4: the family has the one and not the other."""
        short, text = version.removesuffix(".0"), version.lower()
        return short if short != version and text not in self.versions and text.removesuffix(".0") in self.versions else version

    def alone(self) -> FamilyWord:
        """The same family by a spelling that means it wherever it stands."""
        if self.bare:
            return self
        return FamilyWord(
            self.name, self.company, self.derived, True, self.compact, self.lines, self.dates, self.words, self.follows, self.versions, self.closed,  # noqa: FBT003
            self.mixture, self.tokens, self.facts,
        )  # fmt: skip


class BaseWord:
    """What tuners write for a model that they began with: its family, its version, its name."""

    __match_args__: ClassVar = ("family", "version", "name")
    __slots__ = ("family", "name", "version")

    def __init__(self, family: FamilyWord, version: str | None, name: str) -> None:
        self.family = family
        self.version = version
        self.name = name


Value: TypeAlias = "FamilyWord | BaseWord | Parameters | Mixture | Width | Scheme | Share | Method | Day | Numbered | str | int | None"


@mypyc_attr(acyclic=True)
class Word:
    """A word and its meaning: ``role`` says what kind, ``value`` what it states."""

    __match_args__: ClassVar = ("role", "text", "value", "key")
    __slots__ = ("cases", "fitted", "key", "role", "text", "value")

    def __init__(self, role: Role, text: str, value: Value = None, key: str | None = None) -> None:
        self.role: Role = role
        self.text = text
        self.value: Any = value
        """A `Value`; its role tells which."""
        self.key = key
        """What the word adds to the canonical name; None: nothing."""
        self.cases: tuple[Any, ...] = ()
        """Those cases of its role that may take it, whatever stands beside it; see `reading.fitting`."""
        self.fitted: object = None
        """The mark of the readings for which these were found."""

    def written(self, text: str) -> Word:
        """The same word, written otherwise."""
        return Word(self.role, text, self.value, self.key)


def unknown(text: str) -> Word:
    """A word that means nothing by itself."""
    return Word("unknown", text, None, text)


def point(digits: str) -> str:
    """Every spelling of a decimal point as a point: ``2_5``, ``3p1``, ``1___5``."""
    return digits.replace("___", ".").replace("_", ".").replace("p", ".")

"""Owns one reading: the tape of words with the places of what was found, the facts, and what changes how words are read. Knows no case."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from modelcatalog.names.native import mypyc_attr
from modelcatalog.records import Release, valid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.names.dictionary import Account, Dictionary
    from modelcatalog.names.roles import Bits, FamilyWord, Mixture, Role, Word
    from modelcatalog.names.words import Readings
    from modelcatalog.records import Dtype, SegmentKind

__all__ = ["Case", "Found", "Reading", "Tape", "fitting", "release", "run"]


class Case:
    """One thing that neighbours decide; `context.CASES` has them all, in the order in which they are tried."""

    __slots__ = ("about", "example", "fits", "gives", "name", "take", "zh")

    def __init__(  # noqa: PLR0917  a row of a table
        self, name: str, take: Callable[[Reading, int, Word], bool], gives: SegmentKind, example: str, about: str, zh: str,
        fits: Callable[[Word, Dictionary], bool] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        """What explanations, documentation and tests call it."""
        self.take = take
        """Whether the word at this place is taken; then what it says is noted."""
        self.gives = gives
        """The kind of segment that the word becomes; ``unknown``: it is kept, and says nothing."""
        self.example = example
        """A name in which this case decides."""
        self.about = about
        """The reason, one sentence."""
        self.zh = zh
        """The same in Chinese."""
        self.fits = fits
        """Which words it may take at all, whatever stands beside them; None: any. Asked once for each word, so `take` need not ask again."""


@mypyc_attr(acyclic=True, free_list_len=1)
class Tape:
    """The words from left to right, separators and the parts around the name among them, and where the facts stand; -1: nowhere."""

    __slots__ = (
        "base", "base_end", "decided", "family", "kinds", "label_from", "lead", "lead_end", "prior", "size", "size_end", "texts", "unknown", "version", "words",
    )  # fmt: skip

    def __init__(self, words: list[Word], texts: list[str]) -> None:
        self.words = words
        self.texts = texts
        """Each word as it was written."""
        self.kinds: list[SegmentKind] = ["separator"] * len(words)
        """The kind of segment that each word has become so far."""
        self.decided: list[Case | None] = [None] * len(words)
        """The case that took each word; None: no case asked, or none would have it."""
        self.unknown: list[int] = []
        """Places of the words that no case took."""
        self.prior = -1
        """The word before the one that is being read, separators left out; -1: none."""
        self.family = -1
        self.version = -1
        self.base = -1
        self.base_end = -1
        """The last word of the base: its version, where it has one."""
        self.size = -1
        self.size_end = -1
        """The last word of the size: ``A3B`` in ``30B-A3B``."""
        self.label_from = 0
        """Characters of the size's first word that are not the size: ``3_`` in ``LLAMA-3_8B``."""
        self.lead = -1
        """The first unknown word before anything is recognised: an unknown family begins there."""
        self.lead_end = -1

    def put(self, words: list[Word], texts: list[str]) -> int:
        """Write words behind the others; gives the place of the first."""
        first = len(self.words)
        self.words += words
        self.texts += texts
        for _ in words:
            self.kinds.append("separator")
            self.decided.append(None)
        return first

    def before(self, i: int) -> int:
        """The word before, separators left out; -1: none."""
        words = self.words
        i -= 1
        while i >= 0 and words[i].role == "separator":
            i -= 1
        return i

    def after(self, i: int) -> int:
        """The word after, separators left out; -1: none."""
        words = self.words
        count = len(words)
        i += 1
        while i < count and words[i].role == "separator":
            i += 1
        return i if i < count else -1


@mypyc_attr(acyclic=True, free_list_len=1)
class Found:
    """The facts so far."""

    __slots__ = (
        "account", "active", "base", "base_version", "bits", "company", "context", "dtype", "experts", "family", "format", "group", "kept", "keys",
        "method", "method_format", "mixture", "part", "provider", "released", "scheme", "share", "size", "tier", "types", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.account: str | None = None
        """The account that a repackager wrote before the name."""
        self.provider: str | None = None
        """Who serves the model, where a word behind its name tells."""
        self.part: str | None = None
        """What the file is, where it is not the model."""
        self.company: str | None = None
        self.family: FamilyWord | None = None
        self.version: str | None = None
        self.base: FamilyWord | None = None
        self.base_version: str | None = None
        self.types: list[str] = []
        self.tier: str | None = None
        self.size: int | None = None
        self.mixture: Mixture | None = None
        self.active: int | None = None
        self.experts: int | None = None
        self.method: str | None = None
        self.scheme: str | None = None
        self.bits: Bits | None = None
        self.group: int | None = None
        self.share = 0
        """How many of a hundred weights have the layout, where a name tells several."""
        self.format: str | None = None
        """The file format that a word names."""
        self.method_format: str | None = None
        """The file format that a method implies."""
        self.dtype: Dtype | None = None
        self.context: int | None = None
        self.released: Release | None = None
        self.keys: list[str] = []
        """What the words add to the canonical name."""
        self.kept: list[str] = []
        """What those add that no case took, whose order may tell models apart."""


_NO_MEANINGS: Final[Mapping[str, str]] = {}


@mypyc_attr(acyclic=True, free_list_len=1)
class Reading:
    """A name being read: what was found, and what changes how the words to come are read."""

    __slots__ = ("account", "dictionary", "dotted", "found", "in_tag", "known", "lower", "meanings", "open", "recognised", "source", "tape")

    def __init__(self, source: str, lower: str, known: Readings, words: list[Word], texts: list[str]) -> None:
        self.source = source
        self.lower = lower
        self.known = known
        """The words of the dictionary, and others that were read."""
        self.dictionary: Dictionary = known.dictionary
        self.tape = Tape(words, texts)
        self.found = Found()
        self.account: Account | None = None
        """The owner, where it is known."""
        self.dotted = False
        """Whether the company stands before the name with a point, as Bedrock writes it."""
        self.in_tag = False
        self.open = True
        """Whether a version may still stand beside the family: nothing but tiers has come between."""
        self.recognised = False
        """Whether any word told that this is a model's name: an unknown family ends there."""
        self.meanings: Mapping[str, str] = _NO_MEANINGS
        """Words that mean something else in the families found so far."""


_RELEASE = set(Release.model_fields)


def run(reading: Reading, first: int, cases: dict[Role, tuple[Case, ...]]) -> None:
    """Let the cases decide each word from ``first`` on; one that no case takes is kept, never guessed."""
    tape, found = reading.tape, reading.found
    words, kinds, decided, unknown, kept, fitted = tape.words, tape.kinds, tape.decided, tape.unknown, found.kept, reading.known.fitted
    i = prior = -1
    for word in words:
        i += 1  # see `words.cut`
        role = word.role
        if role == "separator":
            continue
        if i >= first:
            kind: SegmentKind = "unknown"
            if role != "unknown" or reading.meanings:  # an unknown word, the commonest, has cases only where words mean something else
                tape.prior = prior
                case: Case
                for case in word.cases if word.fitted is fitted else fitting(word, cases[role], reading.known):
                    take = case.take  # called where it is read, it would be looked for as a method of the class first
                    if take(reading, i, word):
                        decided[i] = case
                        kind = case.gives
                        break
            kinds[i] = kind
            if kind == "unknown":
                unknown.append(i)
                said = tape.words[i]  # what a case made of it
                kept.append(said.key or said.text)
                if found.family is None and not reading.recognised:
                    if tape.lead < 0:
                        tape.lead = i
                    tape.lead_end = i
        prior = i


def fitting(word: Word, table: tuple[Case, ...], known: Readings) -> tuple[Case, ...]:
    """Those of its role's cases that may take the word, whatever stands beside it; the word remembers them."""
    dictionary: Dictionary = known.dictionary
    found = tuple([case for case in table if (fits := case.fits) is None or fits(word, dictionary)])
    found = _SAME.setdefault(found, found)
    word.cases, word.fitted = found, known.fitted
    return found


_SAME: dict[tuple[Case, ...], tuple[Case, ...]] = {}
"""Thousands of words have a few dozen such tuples, so each is kept once."""


@lru_cache(maxsize=4096)
def release(year: int | None, month: int | None, day: int | None, text: str) -> Release:
    """One record for each date: names share them."""
    return valid(Release, {"year": year, "month": month, "day": day, "text": text}, _RELEASE)

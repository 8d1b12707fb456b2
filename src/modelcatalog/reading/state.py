"""Owns the state of one reading, and the looks at a word's neighbours. Knows no rule."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modelcatalog.records import Release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.lexicon import Account, FamilyWord, Lexicon, Word
    from modelcatalog.records import SegmentKind

__all__ = ["State", "release"]


@lru_cache(maxsize=4096)
def release(year: int | None, month: int | None, day: int | None, text: str) -> Release:
    """One record for each date: names share them."""
    return Release(year=year, month=month, day=day, text=text)


class State:
    """What has been found so far; the class attributes are the beginning."""

    dotted = False
    in_tag = False
    account: Account | None = None
    origin_account: str | None = None
    """The account that a repackager wrote before the name."""
    family: FamilyWord | None = None
    family_at = -1
    base: FamilyWord | None = None
    base_at = -1
    base_version: str | None = None
    base_end = -1
    version: str | None = None
    version_at = -1
    open = True
    company_word: str | None = None
    tier: str | None = None
    size: int | None = None
    size_at = -1
    size_end = -1
    label_from = 0
    """Characters of the size's word that are not the size."""
    mixture: tuple[int, int] | None = None
    active: int | None = None
    experts: int | None = None
    method: str | None = None
    scheme: str | None = None
    bits: float | None = None
    group: int | None = None
    format: str | None = None
    method_format: str | None = None
    dtype: Any = None
    context: int | None = None
    released: Release | None = None
    lead: int = -1
    lead_end: int = -1
    skip = -1
    recognised = False
    meanings: Mapping[str, str] = MappingProxyType({})
    """Words that mean something else in the families found so far."""

    def __init__(self, source: str, lower: str, lexicon: Lexicon) -> None:
        self.source = source
        self.lower = lower
        self.lexicon = lexicon
        self.words: list[Word] = []
        self.kinds: list[SegmentKind] = []
        self.texts: list[str] = []
        self.types: list[str] = []
        self.keys: list[str] = []
        self.unknown: list[int] = []

    def text(self, i: int) -> str:
        """A word as it was written."""
        return self.texts[i]

    def before(self, i: int) -> int:
        """The word before, separators left out; -1: none."""
        i -= 1
        while i >= 0 and self.words[i].role == "separator":
            i -= 1
        return i

    def after(self, i: int) -> int:
        """The word after, separators left out; -1: none."""
        i += 1
        while i < len(self.words) and self.words[i].role == "separator":
            i += 1
        return i if i < len(self.words) else -1

    def no_fact(self, i: int, word: Word) -> None:
        """A word that no rule takes: kept, never guessed."""
        self.kinds[i] = "unknown"
        self.unknown.append(i)
        self.keys.append(word.key or word.text)
        if self.family is None and not self.recognised:
            if self.lead < 0:
                self.lead = i
            self.lead_end = i

    def training(self, i: int, afterwards: frozenset[str]) -> bool:
        """Whether the neighbours say that this number counts steps, tokens or the like."""
        before, after = self.before(i), self.after(i)
        if before >= 0 and self.words[before].text in self.lexicon.training_before and self.kinds[before] not in ("family", "base"):
            return True
        return after >= 0 and self.words[after].text in afterwards

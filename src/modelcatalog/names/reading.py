"""Owns the state of one reading, and the looks at a word's neighbours. Knows no rule."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modelcatalog.records import Release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.names.dictionary import Account, FamilyWord, Lexicon, Word
    from modelcatalog.records import SegmentKind

__all__ = ["State", "release"]


@lru_cache(maxsize=4096)
def release(year: int | None, month: int | None, day: int | None, text: str) -> Release:
    """One record for each date: names share them."""
    return Release(year=year, month=month, day=day, text=text)


_NO_MEANINGS: Mapping[str, str] = MappingProxyType({})


class State:
    """What has been found so far. It has slots, since every rule of every word reads some of it."""

    __slots__ = (
        "account", "active", "base", "base_at", "base_end", "base_version", "bits", "company_word", "context", "dotted", "dtype", "experts",
        "family", "family_at", "format", "group", "in_tag", "keys", "kinds", "label_from", "lead", "lead_end", "lexicon", "lower", "meanings",
        "method", "method_format", "mixture", "open", "origin_account", "recognised", "released", "scheme", "size", "size_at", "size_end",
        "source", "texts", "tier", "types", "unknown", "version", "version_at", "words",
    )  # fmt: skip

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
        self.dotted = self.in_tag = self.recognised = False
        self.open = True
        self.account: Account | None = None
        self.origin_account: str | None = None
        """The account that a repackager wrote before the name."""
        self.family: FamilyWord | None = None
        self.base: FamilyWord | None = None
        self.version: str | None = None
        self.base_version: str | None = None
        self.family_at = self.version_at = self.base_at = self.base_end = self.size_at = self.size_end = self.lead = self.lead_end = -1
        self.company_word: str | None = None
        self.tier: str | None = None
        self.size: int | None = None
        self.label_from = 0
        """Characters of the size's word that are not the size."""
        self.mixture: tuple[int, int] | None = None
        self.active: int | None = None
        self.experts: int | None = None
        self.method: str | None = None
        self.scheme: str | None = None
        self.bits: float | None = None
        self.group: int | None = None
        self.format: str | None = None
        self.method_format: str | None = None
        self.dtype: Any = None
        self.context: int | None = None
        self.released: Release | None = None
        self.meanings: Mapping[str, str] = _NO_MEANINGS
        """Words that mean something else in the families found so far."""

    def text(self, i: int) -> str:
        """A word as it was written."""
        return self.texts[i]

    def before(self, i: int) -> int:
        """The word before, separators left out; -1: none."""
        words = self.words
        i -= 1
        while i >= 0 and words[i][0] == "separator":
            i -= 1
        return i

    def after(self, i: int) -> int:
        """The word after, separators left out; -1: none."""
        words = self.words
        count = len(words)
        i += 1
        while i < count and words[i][0] == "separator":
            i += 1
        return i if i < count else -1

    def no_fact(self, i: int, word: Word) -> None:
        """A word that no rule takes: kept, never guessed."""
        self.kinds[i] = "unknown"
        self.unknown.append(i)
        self.keys.append(word[3] or word[1])
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

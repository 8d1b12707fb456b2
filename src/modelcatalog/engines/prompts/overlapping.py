"""Owns looking for words in text that comes in pieces: the first of several, and one that may have begun. Knows no meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["first", "overlap"]


def first(text: str, words: Iterable[str]) -> tuple[int, str] | None:
    """The first place of any of these words, and which it is.

    >>> first("one END, STOP", ["STOP", "END"])
    (4, 'END')
    """
    return min(((at, word) for word in words if (at := text.find(word)) >= 0), default=None)


def overlap(text: str, words: Sequence[str]) -> int:
    """The length of the longest end of ``text`` that begins one of ``words``.

    >>> overlap("one EN", ["END"])
    2
    """
    longest = max((len(word) for word in words), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(word.startswith(text[-length:]) for word in words):
            return length
    return 0

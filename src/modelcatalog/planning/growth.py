"""Owns `Growth`: what an engine keeps of conversations as they grow, in a few points that a plan carries. Knows no layer and no name."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from modelcatalog.planning.figures import Record
from modelcatalog.records import trusted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Growth", "measured"]

_FIRST = 256
_USUAL = 131_072
"""Tokens that are looked at where a model names no limit."""


class Growth(Record):
    """Bytes that an engine keeps of all conversations, by the tokens of each; straight between two points.

    Windows of layers are mostly powers of two, and so are the points: what lies between is as good as counted.

    >>> Growth(engine="transformers", tokens=(256, 512), bytes=(1_000, 2_000)).at(384)
    1500
    """

    engine: str
    tokens: tuple[int, ...]
    """The last is the model's own limit, where it has one."""
    bytes: tuple[int, ...]

    def at(self, tokens: int) -> int:
        """The bytes at so many tokens; beyond the last point it goes on as between the last two."""
        if tokens in self.tokens:
            return self.bytes[self.tokens.index(tokens)]
        upper = min(max(bisect_left(self.tokens, tokens), 1), len(self.tokens) - 1)
        (t, u), (a, b) = self.tokens[upper - 1 : upper + 1], self.bytes[upper - 1 : upper + 1]
        return max(round(a + (b - a) * (tokens - t) / (u - t)), 0)

    def longest(self, room: int) -> int:
        """The most tokens, up to the last point, of which no more than ``room`` bytes are kept; 0: none."""
        low, high = 0, self.tokens[-1]
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.at(middle) <= room else (low, middle - 1)
        return low


def measured(engine: str, count: Callable[[int], int | None], *, limit: int | None) -> Growth | None:
    """The growth that a count gives; None where nobody can tell.

    Args:
        engine: The name of the engine that keeps it.
        count: Tokens -> bytes.
        limit: The most tokens that the model reads; None is not known.
    """
    end = limit or _USUAL
    points = [1]
    while (following := max(points[-1] * 2, _FIRST)) < end:
        points.append(following)
    if end > 1:
        points.append(end)
    counted = [count(one) for one in points]
    found = [one for one in counted if one is not None]
    return trusted(Growth)(engine=engine, tokens=tuple(points), bytes=tuple(found)) if len(found) == len(points) > 1 else None

"""Owns `Layer` and `Layers`: what each layer of a model keeps while it talks. Knows no name, no file and no hub.

`config.layers` makes them of a ``config.json``, `gguf.layers` of the header of a GGUF file.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

__all__ = ["HEAVY_RATE", "SPARSE_RATE", "Keeping", "Kept", "Layer", "Layers"]

Kept = Literal["full", "sliding", "chunked", "latent", "compressed", "linear", "conv", "recurrent", "shared", "none"]
"""What a layer keeps: keys and values of all tokens, of the last ones, one latent for all heads, one entry for several
tokens, a state of fixed size, what another layer keeps already, or nothing."""
_FLOAT32 = 4
SPARSE_RATE, HEAVY_RATE = 4, 128
"""Tokens of one entry in the two kinds of compressed layers."""


class Keeping(NamedTuple):
    """How an engine keeps what the layers of a model need."""

    state_width: float | None = None
    """Bytes of a number in a state; None is that of keys and values."""
    apart: bool = False
    """It keeps each head's key and value of a latent."""
    whole: bool = False
    """It keeps all tokens in layers with a window too."""
    beyond: int = 0
    """Tokens that it keeps beyond a window."""
    steps: int = 1
    """The tokens that it has room for, what it keeps of a window with these, and of entries, are multiples of so many."""
    alike: bool = False
    """The values of each layer take as much as those of the widest, also where a layer has no attention."""

    def stepped(self, many: int) -> int:
        """So many, rounded up to what it keeps.

        >>> Keeping(steps=256).stepped(1152)
        1280
        """
        return -(-many // self.steps) * self.steps


class Layer(NamedTuple):
    """What one layer keeps, in numbers; a number has the bytes of the cache's type.

    >>> Layer("full", heads=2, key=64, value=64).bytes(100, 2)
    51200
    >>> Layer("sliding", heads=2, key=64, value=64, window=10).bytes(100, 2)
    5120
    """

    kind: Kept
    heads: int = 0
    """Heads of keys and values."""
    key: int = 0
    """Numbers in the key of a head."""
    value: int = 0
    """Numbers in the value of a head; 0 where the key serves as both, and in a latent its part with the position."""
    window: int | None = None
    """The most tokens that are kept; None is all."""
    state: int = 0
    """Numbers of a state, however many tokens there are."""
    state_float32: int = 0
    """The same for a state that is kept in float32 whatever the model computes in."""
    indexed: int = 0
    """Numbers that an indexer keeps of every token."""
    index_float32: bool = False
    positions: int = 0
    """Bytes beside the index, of every token."""
    ratio: int = 0
    """Tokens that become one entry."""
    entry: int = 0
    """Numbers of such an entry."""
    open: int = 0
    """Numbers of a token that no entry was made of yet."""
    apart: int = 0
    """Numbers of a token in a latent layer where an engine keeps each head's key and value apart."""

    def bytes(self, tokens: int, width: float, keeping: Keeping | None = None) -> int:
        """Bytes that are kept after so many tokens.

        Args:
            tokens: How many were read and written.
            width: Bytes of a number in a key or value.
            keeping: How the engine keeps them; by default as a model of its kind can.
        """
        how = keeping or Keeping()
        room = how.stepped(tokens)
        seen = room if self.window is None or how.whole else min(room, how.stepped(self.window + how.beyond))
        each = self.apart if self.apart and how.apart else self.heads * (self.key + self.value)
        total = seen * each * width + room * (self.indexed * (_FLOAT32 if self.index_float32 else width) + self.positions)
        if self.ratio:
            total += (how.stepped(room // self.ratio) * self.entry + tokens % self.ratio * self.open) * width
        return round(total + self.state * (width if how.state_width is None else how.state_width) + self.state_float32 * _FLOAT32)


class Layers(NamedTuple):
    """All layers of a model in their order, or why nobody can tell."""

    every: tuple[Layer, ...] = ()
    why: str | None = None
    """Why there are none here."""
    more_tokens: int = 0
    """Tokens that the model puts before every text."""

    @property
    def known(self) -> bool:
        """Whether the layers could be told."""
        return self.why is None

    def bytes(self, tokens: int, width: float, keeping: Keeping | None = None) -> int | None:
        """Bytes that all layers keep of one conversation; None where nobody can tell. The arguments are those of `Layer.bytes`."""
        if not self.known:
            return None
        # Most layers are alike.
        counted = Counter(self._alike() if keeping is not None and keeping.alike else self.every)
        many = tokens + self.more_tokens
        return sum(layer.bytes(many, width, keeping) * count for layer, count in counted.items())

    def _alike(self) -> tuple[Layer, ...]:
        """The layers as an engine keeps them that gives the values of all as much room as the widest need."""
        own = ("full", "sliding", "chunked")
        widest = max((layer.heads * layer.value for layer in self.every if layer.kind in own), default=0)
        # Among layers that keep a state, those without attention are not in the cache of keys and values.
        empty = ("none",) if not any(layer.state or layer.state_float32 for layer in self.every) else ()
        return tuple(layer._replace(heads=1, key=layer.heads * layer.key, value=widest) if layer.kind in (*own, *empty) else layer for layer in self.every)

    def longest(self, room: int, width: float, keeping: Keeping | None = None, *, most: int) -> int | None:
        """The most tokens, up to ``most``, of which the layers keep no more than ``room`` bytes; None where nobody can tell."""
        if not self.known:
            return None
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            fits = (self.bytes(middle, width, keeping) or 0) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        return low

    def __str__(self) -> str:
        """How many of each kind there are.

        >>> str(Layers((Layer("full"), Layer("sliding"), Layer("sliding"))))
        '2 sliding, 1 full'
        """
        if not self.known:
            return self.why or ""
        return ", ".join(f"{count} {kind}" for kind, count in Counter(layer.kind for layer in self.every).most_common())

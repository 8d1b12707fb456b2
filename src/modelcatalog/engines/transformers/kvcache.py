"""Owns the KV cache that transformers' models write to: growing, cutting back, joining, trimming. Knows no token."""

from __future__ import annotations

from functools import cache as once
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cut", "expect", "joinable", "joined", "new", "reason_against", "repeat", "row_bytes", "select", "swap", "token_bytes", "trim", "usable"]

_STEP = 64
"""Tokens of room that a full layer is given at least; its memory is copied once for each of them, not once a token."""


@once
def _growing() -> type[Any]:
    base = seam.full_layer()

    class GrowingLayer(base):  # type: ignore[misc,valid-type]
        """A `DynamicLayer` with room to spare: a token is written in place, where the original copies all of them."""

        keys: Any
        values: Any
        expected = 0
        """Tokens that will come, as far as is known: room for all of them is made at once."""
        shared: _Shared | None = None

        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            super().lazy_initialization(key_states, value_states)
            self._room: tuple[Any, Any] | None = None

        def update(self, key_states: Any, value_states: Any, *_args: Any, **_kwargs: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            start = self.get_seq_length()
            end = start + key_states.shape[-2]
            room = self._room
            # The batch, the start or the tensors themselves may have been changed by who owns the cache.
            if (
                room is None
                or room[0].shape[-2] < end
                or (start and (self.keys.data_ptr() != room[0].data_ptr() or self.keys.shape[0] != room[0].shape[0]))
                or room[0].shape[0] != key_states.shape[0]
            ):
                room = self._room = (
                    _roomy(self.keys, key_states, start, max(end, self.expected), self.shared),
                    _roomy(self.values, value_states, start, max(end, self.expected), self.shared),
                )
                self.shared = None
            room[0][..., start:end, :] = key_states
            room[1][..., start:end, :] = value_states
            self.keys, self.values = room[0][..., :end, :], room[1][..., :end, :]
            return self.keys, self.values

        def reset(self) -> None:
            self._room = None
            super().reset()

    return GrowingLayer


class _Shared:
    """One piece of memory for the first room of several layers, in RAM.

    Theirs would else lie between the large tensors of the pass that fills them, and the holes that these leave are not given back.
    """

    def __init__(self, parts: int) -> None:
        self._left = parts
        self._whole: Any = None

    def part(self, like: Any, shape: tuple[int, ...]) -> Any:
        if self._whole is None:
            self._whole = like.new_empty((self._left, *shape))
        if not self._left or self._whole.shape[1:] != shape or self._whole.dtype != like.dtype:
            return like.new_empty(shape)
        self._left -= 1
        return self._whole[self._left]


def _roomy(old: Any, new: Any, start: int, end: int, shared: _Shared | None) -> Any:
    shape = (*new.shape[:-2], end + max(_STEP, end // 32), new.shape[-1])
    made = new.new_empty(shape) if shared is None or new.device.type != "cpu" else shared.part(new, shape)
    if start:
        made[..., :start, :] = old
    return made


def new(config: Any) -> Any:
    """An empty cache for a model of this config."""
    made = seam.dynamic_cache(config)
    full = seam.full_layer()
    made.layers = [_growing()() if type(layer) is full else layer for layer in made.layers]
    return made


def expect(cache: Any, length: int) -> None:
    """Say how long the cache will be soon: a prompt that is read in parts has its room made once."""
    layers = [layer for layer in cache.layers if type(layer) is _growing()]
    shared = _Shared(2 * len(layers))
    for layer in layers:
        layer.expected = length
        if not layer.is_initialized:
            layer.shared = shared


def usable(cache: Any) -> bool:
    """Whether every layer is one that keys and values alone describe: no recurrent state, no index."""
    kinds = {_growing(), seam.full_layer(), seam.sliding_layer()}
    return bool(cache.layers) and all(type(layer) in kinds for layer in cache.layers)


def reason_against(model: Any) -> str | None:
    """Why a model's cache cannot be kept and gone on with; None where it can."""
    empty, kind = new(model.config), type(model).__name__
    if seam.own_state(model):
        return f"{kind} keeps a state beside its cache"
    if seam.own_cache(model):
        return f"{kind} makes a cache of its own kind"
    if not usable(empty):
        return f"the cache of {kind} holds more than keys and values"
    return None if seam.slides_alike(model, empty) else f"{kind} looks at more than its cache keeps"


def joinable(cache: Any) -> bool:
    """Whether rows can be added to it: not to layers that have forgotten their beginning."""
    return all(type(layer) is _growing() for layer in cache.layers)


def cut(cache: Any, length: int) -> bool:
    """Cut back to the first ``length`` tokens, also after a forward pass that broke off half way.

    Returns:
        False if a layer has forgotten what it would need; the cache is of no use then.
    """
    for layer in cache.layers:
        have = layer.get_seq_length()
        if have < length or (have > length and type(layer) is seam.sliding_layer()):
            return False
    for layer in cache.layers:
        if layer.get_seq_length() > length or (layer.is_initialized and layer.values.shape[-2] > length):
            layer.keys, layer.values = layer.keys[..., :length, :], layer.values[..., :length, :]
    return True


def joined(one: Any, other: Any) -> None:
    """Add the rows of ``other`` to ``one``; the shorter cache is padded on the left."""
    import torch

    length = max(one.get_seq_length(), other.get_seq_length())
    for into, layer in zip(one.layers, other.layers, strict=True):
        for name in ("keys", "values"):
            parts = [_padded(getattr(part, name), length) for part in (into, layer)]
            setattr(into, name, torch.cat(parts))
            setattr(layer, name, None)


def _padded(states: Any, length: int) -> Any:
    from torch.nn.functional import pad

    missing = length - states.shape[-2]
    return pad(states, (0, 0, missing, 0)) if missing else states


def repeat(cache: Any, count: int) -> None:
    """Make ``count`` rows of the one that is there; nothing is copied before they are written to."""
    for layer in cache.layers:
        layer.keys, layer.values = (part.expand(count, -1, -1, -1) for part in (layer.keys, layer.values))


def swap(cache: Any, length: int, padding: Sequence[int]) -> None:
    """Put the padding of each row, which follows its first ``length`` places, in front of them."""
    for layer in cache.layers:
        for states in (layer.keys, layer.values):
            for row, empty in zip(states, padding, strict=True):
                if empty:
                    row[:, : length + empty] = row[:, : length + empty].roll(empty, dims=1)


def select(cache: Any, rows: Any) -> None:
    """Keep these rows only."""
    for layer in cache.layers:
        layer.keys, layer.values = layer.keys[rows], layer.values[rows]


def trim(cache: Any, count: int) -> None:
    """Drop the first ``count`` places of every row; for joinable caches."""
    for layer in cache.layers:
        layer.keys, layer.values = layer.keys[..., count:, :], layer.values[..., count:, :]


def row_bytes(cache: Any) -> float:
    """Bytes of one token in one row, all layers together; for a cache that holds something."""
    held = [states for layer in cache.layers if layer.is_initialized for states in (layer.keys, layer.values)]
    rows, longest = held[0].shape[0], max(states.shape[-2] for states in held)
    return float(sum(states.element_size() * states.numel() for states in held) / (rows * longest))


def token_bytes(config: Any, dtype: Any) -> float:
    """The same, before there is a cache, as far as a config tells."""
    text = config.get_text_config()
    heads = seam.said(text, "num_key_value_heads") or seam.said(text, "num_attention_heads") or 1
    size = seam.said(text, "head_dim") or (seam.said(text, "hidden_size") or 1) // (seam.said(text, "num_attention_heads") or 1)
    return float(2 * (seam.said(text, "num_hidden_layers") or 1) * heads * size * dtype.itemsize)

"""Owns what the header of a GGUF file says of each layer: from llama.cpp's keys to `Layers`. Reads no file.

What llama.cpp knows of an architecture beyond the header stands in data/architectures.toml. States are float32 there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.planning.layers import SPARSE_RATE, Layer, Layers
from modelcatalog.planning.layers.architectures import GgufArchitecture, gguf_types
from modelcatalog.planning.layers.settings import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.planning.layers import Kept

__all__ = ["layers"]

_MOST = 10_000


class _Header:
    """The keys of one architecture, each a number or a list with one for each layer."""

    def __init__(self, metadata: Mapping[str, object]) -> None:
        self._metadata = metadata
        self.architecture = str(metadata.get("general.architecture", ""))
        self.entry = gguf_types().get(self.architecture) or GgufArchitecture(names=())

    def get(self, key: str) -> object:
        return self._metadata.get(f"{self.architecture}.{key}")

    def number(self, key: str, at: int = 0) -> int | None:
        """The number of a layer; None where it is not there or no number."""
        value = self.get(key)
        if isinstance(value, list):
            value = value[at] if at < len(value) else None
        return whole(value, zero=True)

    def greatest(self, key: str) -> int | None:
        """The largest number of all layers."""
        value = self.get(key)
        numbers = [number for one in (value if isinstance(value, list) else [value]) if (number := whole(one, zero=True)) is not None]
        return max(numbers, default=None)

    def flags(self, key: str, count: int) -> list[bool] | None:
        """A list with a truth value for each layer."""
        value = self.get(key)
        return [bool(one) for one in value[:count]] + [False] * (count - len(value)) if isinstance(value, list) else None


def layers(metadata: Mapping[str, object]) -> Layers:
    """What each layer of the model keeps.

    Args:
        metadata: The keys of a GGUF header, lists as lists.

    >>> keys = {"block_count": 2, "attention.head_count": 8, "attention.head_count_kv": [2, 0], "embedding_length": 512, "shortconv.l_cache": 3}
    >>> str(layers({"general.architecture": "lfm2"} | {f"lfm2.{key}": value for key, value in keys.items()}))
    '1 full, 1 conv'
    """
    header = _Header(metadata)
    count = header.number("block_count")
    if not count or count > _MOST:
        return Layers(why="its header has no block_count")
    count -= min(header.number("nextn_predict_layers") or 0, count)
    if header.entry.keeps_nothing:
        return Layers((Layer("none"),) * count)
    heads, width = header.greatest("attention.head_count"), header.number("embedding_length")
    derived = width // heads if width and heads else None
    recurrent = _recurrent(header, count)
    window, windowed = _windows(header, count, recurrent)
    kept = _kept(header, count)
    made = []
    for at in range(count):
        layer = _attention(header, at, derived=derived, window=window if windowed[at] else None)
        if at >= kept:
            made.append(Layer("shared"))
        elif recurrent[at]:
            state = _state(header)
            if state is None:
                return Layers(why="its header does not tell the state of its linear layers")
            beside = layer if header.entry.recurrent == "beside" and layer is not None else Layer("conv" if header.number("shortconv.l_cache") else "linear")
            made.append(beside._replace(state_float32=state))
        elif layer is None:
            return Layers(why="its header does not tell the heads of its attention")
        else:
            made.append(layer)
    return Layers(tuple(made))


def _kept(header: _Header, count: int) -> int:
    """How many layers keep keys and values of their own."""
    if (shared := header.number("attention.shared_kv_layers")) is not None:
        return max(count - shared, 0)
    return count if header.entry.kept_layers is None else min(header.entry.kept_layers, count)


def _recurrent(header: _Header, count: int) -> list[bool]:
    """Which layers keep a state."""
    listed = header.flags("attention.recurrent_layers", count)
    if listed is not None:
        return listed
    rule = header.entry.recurrent
    if rule in {"all", "beside"}:
        return [True] * count
    interval = header.number("full_attention_interval") or (header.entry.interval if rule == "interval" else 0)
    if interval:
        return [(at + 1) % interval != 0 for at in range(count)]
    stateful = _state(header) is not None
    if rule is None and not (stateful and isinstance(header.get("attention.head_count_kv"), list)):
        return [False] * count
    without = [header.number("attention.head_count_kv", at) == 0 for at in range(count)]
    if rule == "without_heads_and_mlp":
        return [empty and not header.number("feed_forward_length", at) for at, empty in enumerate(without)]
    return without


def _windows(header: _Header, count: int, recurrent: list[bool]) -> tuple[int | None, list[bool]]:
    """The window, and which layers have it."""
    entry = header.entry
    none = [False] * count
    stated = header.greatest("attention.sliding_window")
    window = stated if stated is not None and not entry.needs_window else (entry.window if stated != 0 else 0)
    if (entry.needs_window and not stated) or (entry.windowed_only_at and count not in entry.windowed_only_at):
        window = None
    if not window:
        return None, none
    pattern = header.get("attention.sliding_window_pattern")
    if isinstance(pattern, list):
        return window, header.flags("attention.sliding_window_pattern", count) or none
    if entry.compressed:
        return window, [True] * count
    if entry.all_windowed:
        return window, [not one for one in recurrent]
    period = whole(pattern) or entry.period
    if entry.pattern_only or not period:
        return None, none
    return window, [at % period != 0 if entry.dense_first else at % period < period - 1 for at in range(count)]


def _attention(header: _Header, at: int, *, derived: int | None, window: int | None) -> Layer | None:
    """The keys and values of one layer; None where the header does not tell."""
    count = header.number("attention.head_count_kv", at)
    if count is None:
        count = header.number("attention.head_count", at)
    if count == 0:
        return Layer("none")
    apart = window is not None and not header.entry.chunked
    key = (header.number("attention.key_length_swa", at) if apart else None) or header.number("attention.key_length", at) or derived
    value = (header.number("attention.value_length_swa", at) if apart else None) or header.number("attention.value_length", at) or derived
    if count is None or not key or value is None:
        return None
    if header.entry.compressed:
        return _compressed(header, at, key, window)
    index = header.number("attention.indexer.key_length") or 0
    shared = header.flags("attention.indexer.types", at + 1)
    rank = (header.number("attention.kv_lora_rank_swa") if apart else None) or header.number("attention.kv_lora_rank")
    if header.number("attention.key_length_mla") and rank:
        # The values of a latent are a part of it, and not kept again.
        return Layer("latent", count, min(rank, key), max(key - rank, 0), window, indexed=index if shared is None or shared[at] else 0)
    if index and header.entry.index_beyond_dense:
        index = index + value if at >= (header.number("leading_dense_block_count") or 0) else 0
    kind: Kept = "full" if window is None else "chunked" if header.entry.chunked else "sliding"
    return Layer(kind, count, key, value, window, indexed=index)


def _compressed(header: _Header, at: int, key: int, window: int | None) -> Layer:
    ratio = header.number("attention.compress_ratios", at) or 0
    base = Layer("compressed", heads=1, key=key, window=window)
    index = header.number("attention.indexer.key_length") or 0
    if ratio == SPARSE_RATE:
        return base._replace(ratio=ratio, entry=key + index, state_float32=2 * 2 * ratio * 2 * (key + index))
    return base._replace(ratio=ratio, entry=key, state_float32=2 * ratio * key) if ratio else base


def _state(header: _Header) -> int | None:
    """Numbers that a layer without attention keeps; None where the header has none of it."""
    width = header.number("embedding_length") or 0
    if size := header.number("wkv.head_size"):
        shifts = header.number("token_shift_count")
        return (2 if shifts is None else shifts) * width + width * size
    if kernel := header.number("shortconv.l_cache"):
        return width * (kernel - 1)
    heads, taps = header.greatest("attention.head_count") or 0, header.number("ssm.conv_kernel")
    if size := header.number("kda.head_dim"):
        return 3 * ((taps or 4) - 1) * heads * size + heads * size * size
    if header.entry.lightning:
        head = header.greatest("attention.key_length") or (width // heads if heads else 0)
        return heads * head * head or None
    inner, state = header.number("ssm.inner_size"), header.number("ssm.state_size")
    if not (inner and state):
        return None
    groups = header.number("ssm.group_count") or 0
    return max((taps or 1) - 1, 0) * (inner + 2 * groups * state) + state * inner

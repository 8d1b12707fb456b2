"""Owns the estimate of what a checkpoint takes in memory. Knows facts and bytes, no names and no hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelcatalog.planning.facts import Facts

__all__ = ["DTYPE_BYTES", "kv_bytes", "weight_bytes"]

DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


def weight_bytes(facts: Facts, *, stored: int, dtype: str | None, unpacked: bool) -> int:
    """Bytes of the weights once loaded.

    Args:
        facts: What the checkpoint says of itself.
        stored: Bytes of the weight files.
        dtype: What the weights are loaded as.
        unpacked: Whether quantized weights are turned into ``dtype`` while loading, as transformers does with GGUF.

    >>> from modelcatalog.planning.facts import Facts
    >>> weight_bytes(Facts(parameters=1000, quantization="gguf"), stored=600, dtype="float32", unpacked=True)
    4000
    """
    if facts.parameters is None or dtype is None or (facts.quantization and not unpacked):
        return stored
    return facts.parameters * DTYPE_BYTES[dtype]


def kv_bytes(facts: Facts, *, tokens: int, dtype: str | None) -> int | None:
    """Bytes of the keys and values of one conversation of ``tokens`` tokens; None where the facts do not tell.

    >>> from modelcatalog.planning.facts import Facts
    >>> kv_bytes(Facts(layers=30, kv_heads=3, head_size=64), tokens=8192, dtype="bfloat16")
    188743680
    """
    each = DTYPE_BYTES.get(dtype or "bfloat16", 2)
    if facts.kv_bytes_per_token is not None:
        return facts.kv_bytes_per_token * each // 2 * tokens
    if not (facts.layers and facts.kv_heads and facts.head_size):
        return None
    layer = 2 * facts.kv_heads * facts.head_size * each
    windowed = min(facts.windowed_layers, facts.layers) if facts.window else 0
    return layer * ((facts.layers - windowed) * tokens + windowed * min(tokens, facts.window or tokens))

"""Owns what a checkpoint takes in memory: weights, what the layers keep of conversations, and what computing takes beside them.

Knows facts, layers and bytes, no names and no hubs. What an engine takes stands in data/engines.toml.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.planning import installed
from modelcatalog.planning.layers import Keeping
from modelcatalog.planning.layers.architectures import architectures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.planning.adapter import Adapter
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.layers import Layers
    from modelcatalog.planning.runs import Engine

__all__ = ["DTYPE_BYTES", "Cache", "Kept", "activation_bytes", "adapter_bytes", "cache", "framework_bytes", "kept_as", "weight_bytes"]

DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_FLOAT32 = 4
_AUTO = "auto"
_ALIKE = 4
"""Numbers of a token beside the widest part of a layer that are there at once: what goes in and comes out, and the residual."""
_MOST = 1 << 24
"""Tokens that a context is looked for up to, where the model names no limit."""


class Cache(NamedTuple):
    """What is kept of conversations: how, and of how many at once."""

    layers: Layers
    width: float
    """Bytes of a number in keys and values."""
    keeping: Keeping
    concurrency: int = 1

    def bytes(self, tokens: int) -> int | None:
        """Bytes of all conversations, each of so many tokens; None where nobody can tell.

        >>> from modelcatalog.planning.layers import Layer, Layers
        >>> Cache(Layers((Layer("full", 3, 64, 64),) * 30), 2, Keeping()).bytes(8192)
        188743680
        """
        one = self.layers.bytes(tokens, self.width, self.keeping)
        return None if one is None else one * self.concurrency

    def longest(self, room: int, limit: int | None) -> int | None:
        """The most tokens of each conversation that ``room`` bytes hold, up to the model's own limit; None where nobody can tell."""
        return self.layers.longest(max(room, 0) // self.concurrency, self.width, self.keeping, most=limit or _MOST)


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


def adapter_bytes(adapter: Adapter, *, dtype: str | None) -> int:
    """Bytes of an adapter once loaded: in the type of computing, or as it lies in its file."""
    stored = adapter.files[0].size
    return stored if dtype is None or adapter.format == "gguf" else adapter.lora.parameters * DTYPE_BYTES[dtype]


class Kept(NamedTuple):
    """In which type an engine keeps keys and values, where that is not the one that it computes in."""

    dtype: str | None = None
    unknown: str = ""
    """The word that its own option has for a type whose size nobody knows here."""


def kept_as(engine: Engine, *, asked: str | None, options: Mapping[str, object]) -> Kept:
    """The type of keys and values that was asked for: by ``kv_dtype``, or by an engine's own option.

    >>> from modelcatalog.planning.runs import ENGINES
    >>> kept_as(ENGINES["vllm"], asked=None, options={"kv_cache_dtype": "fp8"})
    Kept(dtype='fp8', unknown='')
    """
    if asked is not None:
        return Kept(asked)
    word = options.get(engine.kv_option, _AUTO) if engine.kv_option else _AUTO
    if word == _AUTO or not isinstance(word, str):
        return Kept()
    return Kept(word) if word in architectures().cache_bytes else Kept(unknown=word[:40])


def cache(layers: Layers, *, engine: Engine, dtype: str | None, kv_dtype: str | None, concurrency: int, options: Mapping[str, object]) -> Cache:
    """What an engine keeps of conversations.

    Args:
        layers: The layers of the model.
        engine: Which engine runs it.
        dtype: The type that it computes in; None is the engine's own choice.
        kv_dtype: The type of keys and values; None is that of computing.
        concurrency: How many conversations there are at once.
        options: The options that the caller hands on to the engine.
    """
    computing = DTYPE_BYTES.get(dtype or "bfloat16", 2)
    width = computing if kv_dtype is None else architectures().cache_bytes[kv_dtype]
    keeping = Keeping(state_width=computing)
    if engine.library:
        version = re.match(r"(\d+)\.(\d+)", installed.version() or "")
        older = version is not None and (int(version[1]), int(version[2])) < architectures().latent_since
        keeping = keeping._replace(apart=older)
    elif engine.takes is not None and engine.takes.whole_unless:
        whole = options.get(engine.takes.whole_unless) is not False
        keeping = keeping._replace(whole=whole, beyond=0 if whole else engine.takes.at_once, steps=engine.takes.steps, alike=engine.takes.alike)
    return Cache(layers, width, keeping, concurrency)


def activation_bytes(facts: Facts, *, engine: Engine, tokens: int, dtype: str | None, concurrency: int) -> int | None:
    """Bytes that computing takes for the tokens that an engine reads at once; None where the sizes of the model are not known."""
    if engine.takes is None or facts.hidden is None:
        return None
    width = DTYPE_BYTES.get(dtype or "bfloat16", 2)
    many = min(tokens, engine.takes.at_once)
    inside = many * (_ALIKE * facts.hidden + 2 * (facts.intermediate or 4 * facts.hidden)) * width
    return inside + concurrency * (facts.vocabulary or 0) * 2 * _FLOAT32


def framework_bytes(engine: Engine, *, cards: int) -> int | None:
    """Bytes that an engine and the driver take of each card before a model is there; in RAM it is the process's already."""
    return None if engine.takes is None else engine.takes.card * cards

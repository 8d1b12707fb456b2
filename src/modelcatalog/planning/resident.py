"""Owns which of a checkpoint's weights are in memory once an engine runs it, and which of those one token reads.

Layers that guess further tokens (MTP), and a vision tower where the language model alone is loaded, stay in their files. Of a mixture of
experts a token reads those that it is sent to. Knows headers and an engine, no hub.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.planning import installed
from modelcatalog.planning.layers.architectures import architectures
from modelcatalog.weights.safetensors import width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.layers import Layers
    from modelcatalog.planning.reading import Said
    from modelcatalog.planning.runs import Engine

__all__ = ["Share", "active", "left_out", "with_guessing"]

_BLOCK = later.pattern(r"blk\.(\d+)\.")
_LAYER = later.pattern(r"(?:^|\.)layers\.(\d+)\.")
_ROUTED = later.pattern(r"\.experts\.|_exps\.")
"""What is in the name of a weight of experts that tokens are sent to, in files of transformers and of llama.cpp."""
_MOST = 64
_SHARED = later.pattern(r"shared_expert|_shexp")


class Share(NamedTuple):
    """Some of the weights."""

    bytes: int = 0
    numbers: int = 0
    """How many numbers; of files whose header was not read it is not known, and 0."""


def left_out(said: Said, found: Located, engine: Engine, options: Mapping[str, object]) -> Share:
    """The weights that an engine leaves in their files; nothing where that is not known.

    Args:
        said: What the checkpoint says of itself.
        found: Where its files are.
        engine: Which engine runs it.
        options: The options that the caller hands on to the engine.
    """
    if said.ggufs:
        stays = _blocks(said, engine)
        every = [tensor for header in said.ggufs for tensor in header.tensors if stays(tensor.name)]
        return Share(sum(tensor.bytes or 0 for tensor in every), sum(prod(tensor.shape) for tensor in every))
    stays = _named(said.facts, engine, options)
    total = numbers = 0.0
    for header in said.headers.values():
        names = [name for name in header.counts if stays(name)]
        total += sum(header.counts[name] * width(header.dtypes[name]) for name in names)
        numbers += sum(header.counts[name] for name in names)
    # Of a file whose header was not read the index has the names alone: its weights are taken to be alike.
    inside: dict[str, list[bool]] = {}
    for name, path in (found.choice.tensors or {}).items():
        if found.choice.folder + path not in said.headers:
            inside.setdefault(found.choice.folder + path, []).append(stays(name))
    for file in found.choice.weights:
        if staying := inside.get(file.path):
            total += file.size * sum(staying) / len(staying)
    return Share(round(total), round(numbers))


def _blocks(said: Said, engine: Engine) -> Callable[[str], bool]:
    """Which tensors of a GGUF file stay there: llama.cpp skips the last blocks, which guess, unless it is told to use them."""
    header = said.ggufs[0]
    arch = header.architecture
    count, extra = header.metadata.get(f"{arch}.block_count"), header.metadata.get(f"{arch}.nextn_predict_layers")
    if not (engine.packed and isinstance(count, int) and isinstance(extra, int) and 0 < extra < count):
        return lambda _name: False
    return lambda name: (block := _BLOCK.match(name)) is not None and int(block[1]) >= count - extra


def _named(facts: Facts, engine: Engine, options: Mapping[str, object]) -> Callable[[str], bool]:
    """Which tensors an engine of safetensors leaves, by their names."""
    patterns: list[str] = []
    if engine.library:
        name, alone = installed.loaded_class(facts.model_type or "", facts.architecture, whole=options.get("images") is True or options.get("audio") is True)
        patterns += installed.ignored(facts.model_type or "", name) if name else ()
        if facts.composite and alone:
            patterns += architectures().beside
    elif "speculative_config" not in options:
        patterns += architectures().guessing
        if facts.guessing and facts.layers:
            first, alike = facts.layers, re.compile("|".join(patterns))
            return lambda name: alike.search(name) is not None or ((layer := _LAYER.search(name)) is not None and int(layer[1]) >= first)
    if not patterns:
        return lambda _name: False
    form = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return lambda name: form.search(name) is not None


def with_guessing(said: Said, engine: Engine, options: Mapping[str, object]) -> Layers:
    """The layers that keep something: those of the model, and with vLLM's speculative decoding those that guess, which attend to all tokens."""
    layers = said.layers
    method = options.get("speculative_config")
    guesses = isinstance(method, dict) and "mtp" in str(method.get("method", "")) and "model" not in method
    if engine.library or not guesses or not said.facts.guessing:
        return layers
    attending = next((layer for layer in reversed(layers.every) if layer.window is None and layer.heads), None)
    return layers if attending is None else layers._replace(every=(*layers.every, *[attending] * min(said.facts.guessing, _MOST)))


def active(said: Said, weights: int | None, *, share: float | None) -> int | None:
    """Bytes of the weights that one token reads; None where all are read, or where nobody can tell.

    Args:
        said: What the checkpoint says of itself.
        weights: Bytes of those in memory.
        share: The active share of the parameters, as the name or the catalog has it; the headers come first.
    """
    facts = said.facts
    if weights is None:
        return None
    if facts.experts and facts.chosen and facts.chosen < facts.experts and (routed := _routed(said)):
        share = 1 - routed * (1 - facts.chosen / facts.experts)
    return None if share is None or share >= 1 else round(weights * share)


def _routed(said: Said) -> float | None:
    """The share of the weights that belongs to experts which tokens are sent to; None where the headers do not tell."""
    sizes = {tensor.name: float(tensor.bytes or 0) for header in said.ggufs for tensor in header.tensors}
    if not all(header.complete for header in said.ggufs) or not (said.ggufs or said.whole):
        return None
    for header in said.headers.values():
        sizes |= {name: count * width(header.dtypes[name]) for name, count in header.counts.items()}
    total = sum(sizes.values())
    routed = sum(size for name, size in sizes.items() if _ROUTED.search(name) and not _SHARED.search(name))
    return routed / total if total and routed else None

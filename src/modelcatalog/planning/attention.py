"""Owns which attention a model runs with, and why: what transformers would take, or a faster one that is installed.

Reads the installed transformers as text, because importing it would import torch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.planning import installed, packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.machine import Gpu

__all__ = ["Attention", "choose"]

_CLASS = later.pattern(r"^class (\w+)\(", re.MULTILINE)
_FLAG = later.pattern(r"^    _supports_(sdpa|flash_attn) = (True|False)", re.MULTILINE)
_HALF = frozenset({"bfloat16", "float16"})
# The package of each, and the least compute capability that it has kernels for.
_FLASH = (("flash_attention_3", "flash-attn-3", (9, 0)), ("flash_attention_2", "flash-attn>=2.3.3", (8, 0)))


class Attention(NamedTuple):
    """An implementation by transformers' name for it (None: transformers decides), and the reason in one sentence."""

    name: str | None
    reason: str


def choose(facts: Facts, cards: Sequence[Gpu], *, dtype: str | None, unquantized: bool) -> Attention:
    """The attention that a model runs with.

    Args:
        facts: What the checkpoint says of itself.
        cards: The GPUs it goes to; none is the CPU.
        dtype: The type it computes in.
        unquantized: Whether the weights are plain ones.
    """
    flags = _flags(facts)
    if flags is None:
        return Attention(None, "attention: transformers decides, for an architecture that it has no file of")
    if not flags.sdpa:
        return Attention("eager", f"eager attention: transformers has no other for {facts.architecture}")
    why = "a part of torch, on every device"
    if cards:
        why = "flash-attn is not installed"
        for name, package, least in _FLASH:
            if packages.absent([package]):
                continue
            small = [card for card in cards if card.capability is None or card.capability < least]
            if small:
                why = f"{name} needs compute capability {least[0]}.{least[1]}"
            elif dtype not in _HALF:
                why = f"{name} computes in 16 bits, not in {dtype}"
            elif not flags.flash or not unquantized or facts.composite:
                why = f"{name} is not for this model"
            else:
                return Attention(name, f"{name}: {package.partition('>')[0]} is installed, for {dtype} on {cards[0].name}")
    return Attention("sdpa", f"sdpa attention: {why}")


class _Flags(NamedTuple):
    sdpa: bool
    flash: bool


def _flags(facts: Facts) -> _Flags | None:
    """What the model's class says of itself in the installed transformers; None where it is not found."""
    text = installed.modeling(facts.model_type or facts.architecture or "")
    if text is None:
        return None
    stated = facts.architecture if facts.architecture and f"class {facts.architecture}(" in text else None
    start = stated or next((head[1] for head in _CLASS.finditer(text) if head[1].endswith("ForCausalLM")), None)
    own = [dict(_FLAG.findall(body)) for body in installed.lineage(text, start)] if start else []

    def flag(word: str) -> bool:
        return next((flags[word] == "True" for flags in own if word in flags), False)

    return _Flags(flag("sdpa"), flag("flash_attn") and "_compatible_flash_implementations" not in text) if own else None

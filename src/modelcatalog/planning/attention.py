"""Owns which attention a model runs with, and why: what transformers would take, or a faster one that is installed.

Reads the installed transformers as text, because importing it would import torch.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.planning import installed, packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.machine import Gpu

__all__ = ["Attention", "choose"]

_CLASS = re.compile(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)
_FLAG = re.compile(r"^    _supports_(sdpa|flash_attn) = (True|False)", re.MULTILINE)
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
    kind = facts.model_type or facts.architecture
    if kind is None:
        return None
    # GGUF writes qwen3moe for qwen3_moe; a text half has its file in the folder of the whole (gemma3_text).
    for name in (kind, re.sub(r"(?<=\d)moe$", "_moe", kind), kind.removesuffix("_text")):
        if (text := _source(name)) is not None:
            break
    else:
        return None
    heads = list(_CLASS.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    bases = {head[1]: [word.strip() for word in head[2].split(",")] for head in heads}
    own: dict[str, dict[str, str]] = {head[1]: dict(_FLAG.findall(text[head.start() : end])) for head, end in zip(heads, ends, strict=True)}
    start = facts.architecture if facts.architecture in bases else next((n for n in bases if n.endswith("ForCausalLM")), None)
    if start is None:
        return None

    def flag(word: str) -> bool:
        queue, seen = [start], set()
        while queue:
            one = queue.pop(0)
            if one in seen or one not in bases:
                continue
            seen.add(one)
            if word in own[one]:
                return own[one][word] == "True"
            queue += bases[one]
        return False

    return _Flags(flag("sdpa"), flag("flash_attn") and "_compatible_flash_implementations" not in text)


@cache
def _source(kind: str) -> str | None:
    place = installed.folder()
    if place is None or not re.fullmatch(r"\w+", kind):
        return None
    try:
        return (place / "models" / kind / f"modeling_{kind}.py").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None

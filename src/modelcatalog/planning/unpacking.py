"""Owns what becomes of quantized weights in transformers: kept packed or unpacked while loading, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.errors import Unsupported
from modelcatalog.planning import packages
from modelcatalog.planning.runs import server, use
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.machine import Gpu
    from modelcatalog.vocabulary import Running

__all__ = ["Unpacking", "decide", "warnings"]

_WORTH_SAYING = 1.25
"""How many times the bytes on disk the unpacked weights must take before it is said."""


class Unpacking(NamedTuple):
    """What is done with quantized weights."""

    method: str | None
    """The method, as ``config.json`` spells it; None for plain weights."""
    unpacks: bool
    needs: tuple[str, ...]
    """The packages that loading needs for it."""
    why: str = ""
    """Why they are unpacked."""


def decide(facts: Facts, cards: Sequence[Gpu], *, device: str, asked: str, subject: str, plain: bool = False) -> Unpacking:
    """What transformers does with weights in this method here.

    Args:
        facts: What the checkpoint says of itself.
        cards: The GPUs that the weights go to.
        device: Where they go.
        asked: The dtype that the caller asked for, or ``auto``.
        subject: The name, for messages.
        plain: The files hold plain weights, whatever ``config.json`` says.

    Raises:
        Unsupported: transformers does not know the method, or runs it on a GPU only.
    """
    method = facts.quantization
    if method is None:
        return Unpacking(None, unpacks=False, needs=())
    entry = vocabulary.running().get(method)
    if entry is None:
        message = f"transformers does not run weights in {method}"
        hint = f"take another quantization of it, or a server that runs this one ({use(server())})"
        raise Unsupported(message, subject=subject, hint=hint)
    if entry.gpu and (device == "cpu" or (cards and not _capable(entry, cards))):
        level = f" of compute capability {_dotted(entry)}" if entry.capability else ""
        message = f"transformers runs weights in {method} on a GPU{level} only"
        raise Unsupported(message, subject=subject, hint="take another quantization of it")
    if entry.unpacks == "always":
        return Unpacking(method, unpacks=True, needs=entry.packages, why=entry.why)
    if entry.unpacks == "without":
        if plain:
            return Unpacking(method, unpacks=True, needs=(), why="its files hold plain ones already")
        if asked != "auto":
            return Unpacking(method, unpacks=True, needs=(), why=f"{asked} was asked for")
        if not cards or not _capable(entry, cards):
            here = f"{cards[0].name} has {_level(cards)}" if cards else "there is none here"
            why = f"computing with them needs a GPU of compute capability {_dotted(entry)}, {here}"
            return Unpacking(method, unpacks=True, needs=(), why=why)
    return Unpacking(method, unpacks=False, needs=entry.packages)


def warnings(unpacking: Unpacking, *, stored: int, unpacked: int | None, dtype: str | None) -> tuple[str, ...]:
    """What a user should know before loading: one sentence each.

    Args:
        unpacking: What `decide` said.
        stored: Bytes of the weight files.
        unpacked: Bytes of the weights as plain ones; None is unknown.
        dtype: The type they would have.
    """
    if unpacking.method is None:
        return ()
    entry = vocabulary.running()[unpacking.method]
    label = {"gguf": "GGUF"}.get(unpacking.method, unpacking.method)
    plain = f"{human(unpacked)} in {dtype or 'bfloat16'} instead of {human(stored)} on disk"
    found = []
    if unpacking.unpacks and (unpacked is None or unpacked > stored * _WORTH_SAYING):
        found.append(f"{label} weights are unpacked to {plain}: {unpacking.why}")
    if not unpacking.unpacks and entry.unpacks == "without" and (lacking := packages.absent(unpacking.needs)):
        found.append(f'without {" and ".join(lacking)}, dtype="bfloat16" unpacks the {label} weights to {plain}')
    if not unpacking.unpacks and entry.slower:
        found.append(f"{label} in transformers can be slower than bfloat16: {entry.slower}")
    return tuple(found)


def _capable(entry: Running, cards: Sequence[Gpu]) -> bool:
    return entry.capability is None or all(card.capability is not None and card.capability >= entry.capability for card in cards)


def _dotted(entry: Running) -> str:
    return ".".join(map(str, entry.capability or ()))


def _level(cards: Sequence[Gpu]) -> str:
    worst = min((card.capability for card in cards if card.capability is not None), default=None)
    return ".".join(map(str, worst)) if worst else "an unknown one"

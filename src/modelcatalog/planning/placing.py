"""Owns where the weights of a plan go: the device, its cards and free memory, and the type that is computed in. Knows no file's content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.planning import accelerators, devices, engine, machine, packages
from modelcatalog.planning.memory import DTYPE_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.machine import Gpu
    from modelcatalog.planning.request import Request
    from modelcatalog.planning.runs import Engine
    from modelcatalog.records import Dtype

__all__ = ["Place", "as_dtype", "choose", "drivable", "of_engine", "supported"]


class Place(NamedTuple):
    """Where weights go, and why there."""

    device: str
    dtype: Dtype | None
    """The type that is computed in; None is the engine's own choice."""
    free: int | None
    """Free bytes of all cards, or of RAM; None where nobody can tell."""
    name: str
    """How people call it: ``on NVIDIA L4``, ``RAM``."""
    reason: str
    cards: tuple[Gpu, ...]
    """None on the CPU."""


def choose(facts: Facts, found: Located, asked: Request, subject: str) -> Place:
    """The place that was asked for, or the best that there is.

    Args:
        facts: What the files say.
        found: The files.
        asked: What the caller wants.
        subject: The text that names the model, for errors.

    Raises:
        Unsupported: there is no such device, or its name is none.
    """
    dtype = asked.dtype
    there = None
    if asked.on:
        from modelcatalog.planning import cards as cards_of  # a plan for this machine needs no other

        there = cards_of.read(asked.on)
    every = there.cards if there is not None else machine.gpus() if str(asked.device or "auto") != "cpu" else ()
    device = devices.checked(asked.device, every, subject=subject) if there is None else None
    cards = every if device is None or device.partition(":")[0] in {card.device for card in every} else ()
    if device is not None and ":" in device:
        cards = cards[int(device.partition(":")[2]) :][:1]
    where = device if device is not None else cards[0].device if cards else "cpu"
    free = sum(card.free for card in cards) if cards else there.ram if there is not None else machine.free_ram()
    label = accelerators.named(cards) if cards else "RAM"
    if dtype != "auto":
        return Place(where, as_dtype(dtype), free, label, f"{dtype} as asked", cards)
    if found.choice.format == "gguf":
        # Unpacked GGUF weights have no type of their own: half the memory counts on a GPU, speed on a CPU.
        chosen, why = ("bfloat16", "half the memory of float32") if cards else ("float32", "the fastest on a CPU")
        reason = f"{chosen}: GGUF weights are unpacked, and it is {why}"
        return Place(where, as_dtype(chosen), free, label, reason, cards)
    owner = "weights" if facts.quantization is None else "numbers that config.json names for computing"
    reason = f"{facts.dtype} is the type of the {owner}" if facts.dtype else "the files choose their type"
    return Place(where, as_dtype(facts.dtype), free, label, reason, cards)


def supported(place: Place, runs: Engine, facts: Facts, found: Located, asked: Request, *, subject: str) -> Place:
    """The place, or the CPU where the engine was compiled without support for GPUs."""
    if not place.cards or asked.on or asked.device not in {None, "auto"} or packages.absent(runs.needs) or engine.uses_gpus(runs):
        return place
    here = choose(facts, found, replace(asked, device="cpu"), subject)
    return here._replace(reason=f"{here.reason}; on the CPU: the installed {runs.name} was compiled without support for GPUs")


def of_engine(place: Place, runs: Engine, options: Mapping[str, object]) -> Place:
    """The place as this engine uses it."""
    cards = engine.cards_of(runs, place.cards, options)
    if cards != place.cards:
        place = place._replace(cards=cards, free=sum(card.free for card in cards), name=accelerators.named(cards))
    return place._replace(dtype=None, reason="") if runs.packed else place


def drivable(place: Place, facts: Facts, found: Located, asked: Request, *, subject: str) -> Place:
    """The place, or the CPU where the installed torch cannot use the GPUs that there are."""
    if asked.on or asked.device not in {None, "auto"} or all(card.torch for card in place.cards):
        return place
    made = choose(facts, found, replace(asked, device="cpu"), subject)
    why = f"on the CPU: the installed torch cannot use {place.cards[0].name}"
    return made._replace(reason=f"{made.reason}; {why}" if made.reason else why)


def as_dtype(text: str | None) -> Dtype | None:
    """A type by its name; None for any other text."""
    return text if text in DTYPE_BYTES else None  # type: ignore[return-value]

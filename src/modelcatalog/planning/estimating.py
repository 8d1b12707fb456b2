"""Owns what can be said of a model's memory without its files: by its parameters, as its name or the catalog has them. Asks nobody.

>>> from modelcatalog import parse
>>> from modelcatalog.planning.request import Request
>>> print(estimate(parse("Llama-3.3-70B-Instruct"), Request(on="RTX 4090")))
Llama-3.3-70B-Instruct has 70B parameters: about 140 GB in bfloat16 and 42.4 GB in 4 bits, with 25.4 GB free on RTX 4090: neither fits
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import catalog
from modelcatalog.errors import ClosedWeights
from modelcatalog.planning import accelerators, cards, machine
from modelcatalog.show.explained import counted
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["estimate"]

_PLAIN = 16.0
_BESIDE = 0.85
"""Bits that scales, and the layers that keep more, add to each weight: Q4_K_M, GGUF's usual form, comes to 4.85."""
_PACKED = 4 + _BESIDE


def estimate(name: ModelName, asked: Request) -> str | None:
    """What a model would take, about, and whether that fits, in one sentence; None where nobody knows its parameters.

    Args:
        name: The model.
        asked: What the caller asked for: the machine, and the quantization.
    """
    total = _parameters(name)
    if total is None:
        return None
    free, place = _free(asked)
    quantization = name.quantization
    head = f"{name.source} has {counted(total)} parameters"
    if quantization is not None and quantization.bits:
        size = round(total * (float(quantization.bits) + _BESIDE) / 8)
        verdict = "fits" if free is not None and size <= free else "does not fit"
        return f"{head}: about {human(size)} in {quantization.scheme or quantization.method}, with {human(free)} free {place}: it {verdict}"
    whole, packed = (round(total * bits / 8) for bits in (_PLAIN, _PACKED))
    fits = [size for size in (whole, packed) if free is not None and size <= free]
    verdict = {0: "neither fits", 1: "only 4 bits fit", 2: "both fit"}[len(fits)]
    said = f"{head}: about {human(whole)} in bfloat16 and {human(packed)} in 4 bits, with {human(free)} free {place}: {verdict}"
    forms = sorted({_form(catalog.parse(one.repo_id)) for one in catalog.siblings(name)} - {""})
    return f"{said}; the catalog lists it in {', '.join(forms)}" if forms else said


def _form(name: ModelName) -> str:
    """What a repository holds that is not the plain weights: its quantization, or the format of files that have many."""
    method = name.quantization.method if name.quantization else None
    return (method or name.format or "") if name.format != "safetensors" or method else ""


def _parameters(name: ModelName) -> int | None:
    """The parameters that a name says, or the catalog's for the repository that it means."""
    if name.size is not None and name.size.total is not None:
        return name.size.total
    try:
        found = catalog.resolve(name).size
    except ClosedWeights:
        return None
    return None if found is None else found.total


def _free(asked: Request) -> tuple[int | None, str]:
    """What is free of the machine that is meant, and what that is."""
    there = cards.read(asked.on) if asked.on else None
    gpus = there.cards if there is not None else machine.gpus() if str(asked.device or "auto") != "cpu" else ()
    if not gpus:
        return (machine.free_ram() if there is None else there.ram), "in RAM"
    return sum(card.free for card in gpus), accelerators.named(gpus)

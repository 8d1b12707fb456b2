"""Owns a plan as the one line that stands before a conversation. Knows no command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog import Plan
    from modelcatalog.cli.words import Words

__all__ = ["line"]


def line(plan: Plan, say: Words) -> str:
    """What is loaded, from where, on what, and whether it fits: ``--verbose`` shows all of it."""
    say_it = say.brief
    if plan.served:
        return say_it.served.format(name=plan.name.name or plan.name.source, engine=plan.engine, model=plan.repo_id, address=plan.endpoint)
    name = plan.name.name or plan.name.source
    kind = str(plan.quantization.scheme or plan.quantization) if plan.quantization else str(plan.dtype or plan.format)
    size = (
        say_it.to_fetch.format(size=human(plan.memory.disk), source=plan.source)
        if plan.memory.disk
        else say_it.here.format(size=human(plan.bytes), source=plan.source)
    )
    adapter = say_it.adapter.format(name=plan.adapter.name, kind=plan.adapter.lora.kind) if plan.adapter is not None else ""
    memory = plan.memory
    needed = "" if memory.needed is None or memory.free is None else say_it.memory.format(needed=human(memory.needed), free=human(memory.free))
    return say_it.plan.format(name=name, kind=kind, size=size, engine=plan.engine, device=plan.device, memory=needed, adapter=adapter)

"""Owns `load`: plan, refuse what cannot work, fetch, open. Each step's knowledge is in the module that does it."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Unpack

from modelcatalog import engines, planning
from modelcatalog.chat.model import ChatModel
from modelcatalog.errors import Unsupported, WontFit
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.pausing import uncollected
from modelcatalog.planning import Plan
from modelcatalog.planning.request import Options, Request, takes_options
from modelcatalog.planning.runs import ENGINES, server, use
from modelcatalog.records import ModelName  # noqa: TC001  typing.get_type_hints reads it

__all__ = ["load"]


@takes_options
def load(name: str | Path | ModelName | Plan, *, api_key: str | None = None, **options: Unpack[Options]) -> ChatModel:
    """Load the checkpoint that a name means: from this disk if it is there, else from the right hub.

    With ``engine="openai"`` or a ``base_url`` nothing is loaded: the model is one that a server has.

    Args:
        name: A name, a path to a folder or GGUF file, a parsed name, or a plan (whose choices then stand).
        api_key: The server's key; by default it is in the environment, under the name that the plan says.
        options: As in `plan`.

    Raises:
        ModelCatalogError: one of its kinds, as in `plan`, and:
        MissingPackage: a package that loading needs is not installed.
        WontFit: memory or disk is too small; raised before any download.
        EngineError, Unsupported: the engine cannot load the files.
    """
    if isinstance(name, Plan):
        plan = name
        Request.of(plan.name.source, options).refuse_beside_plan(plan.name.source)
    else:
        with uncollected():  # the tables that the name is read with, made beside all that torch holds
            current_dictionary()
        plan = planning.plan(name, **options)
    if plan.on is not None:
        message = f"this plan of {plan.name.source} is for {plan.on}, and not for this machine"
        raise Unsupported(message, subject=plan.name.source, hint="make one without on=, here or on that machine")
    if plan.kv_dtype is not None and plan.kv_dtype not in ENGINES[plan.engine].keeps:
        message = f"kv_dtype={plan.kv_dtype!r} is what a plan counts with; {plan.engine} is not told of it"
        raise Unsupported(message, subject=plan.name.source, hint="leave it out, or hand it on by the engine's own name in engine_options=")
    if api_key is not None and not plan.served:
        message = f"api_key= is for servers, and {plan.engine} asks none"
        raise Unsupported(message, subject=plan.name.source, hint=f"leave it out, or use {use(server())}")
    _refuse(plan)
    for text in (*plan.mismatches, *plan.warnings):
        warnings.warn(f"{plan.name.source}: {text}", stacklevel=2)
    _check_settings(plan)
    here = planning.obtain(plan)
    for text in here.warnings[len(plan.warnings) :]:
        warnings.warn(f"{plan.name.source}: {text}", stacklevel=2)
    if here.hub != plan.hub:
        warnings.warn(f"{plan.name.source}: {here.reasons[-1]}", stacklevel=2)
    opened = engines.open_engine(here, api_key=api_key)
    for text in opened.costs:
        warnings.warn(f"{plan.name.source}: {text}", stacklevel=2)
    return ChatModel(opened, here.model_copy(update={"warnings": (*here.warnings, *opened.costs)}))


def _check_settings(plan: Plan) -> None:
    """What the engine refuses of the settings is said before the weights are fetched."""
    if plan.memory.disk:  # what is here already is read at once
        with TemporaryDirectory(prefix="modelcatalog-") as folder:
            if planning.settings(plan, Path(folder)):
                engines.check_settings(plan, Path(folder))


def _refuse(plan: Plan) -> None:
    """What is known to fail fails before the download."""
    engines.refuse_missing(plan)
    planning.check_disk(plan)
    memory = plan.memory
    if memory.fits is False and not plan.offload:
        message = f"{plan.name.source} needs {planning.human(memory.needed)} of memory, {planning.human(memory.free)} are free {memory.place}"
        more = "" if plan.device == "cpu" else ", or allow offload=True"
        hint = f"take a smaller variant, a shorter context_length={more}"
        raise WontFit(message, subject=plan.name.source, hint=hint)

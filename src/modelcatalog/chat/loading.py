"""Owns `load`: plan, refuse what cannot work, fetch, open. Each step's knowledge is in the module that does it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from modelcatalog import engines, hubs, planning
from modelcatalog.chat.model import ChatModel
from modelcatalog.errors import Unsupported, WontFit
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.pausing import uncollected
from modelcatalog.planning import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from modelcatalog.records import Hub, ModelName

__all__ = ["load"]


def load(
    name: str | Path | ModelName | Plan,
    *,
    hub: Hub | None = None,
    engine: str | None = None,
    revision: str | None = None,
    dtype: str = "auto",
    device: str | None = None,
    context_length: int | None = None,
    quantization: str | None = None,
    fit: bool = False,
    offload: bool = False,
    lock: str | Path | None = None,
    trust_remote_code: bool = False,
    base_url: str | None = None,
    api_key: str | None = None,
    engine_options: Mapping[str, JsonValue] | None = None,
) -> ChatModel:
    """Load the checkpoint that a name means: from this disk if it is there, else from the right hub.

    With ``engine="openai"`` or a ``base_url`` nothing is loaded: the model is one that a server has.

    Args:
        name: A name, a path to a folder or GGUF file, a parsed name, or a plan (whose choices then stand).
        hub: As in `plan`, like all the others.
        engine: ``"transformers"``, ``"llama.cpp"``, ``"vllm"`` or ``"openai"``.
        revision: Branch, tag or commit.
        dtype: ``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``.
        device: By default all visible GPUs, else the CPU.
        context_length: Tokens to keep room for.
        quantization: The variant to take.
        fit: Take the most precise variant that fits.
        offload: Allow weights to stay in RAM when the GPU is too small.
        lock: A lock file that the checkpoint must agree with.
        trust_remote_code: Allow Python code from the repository to run.
        base_url: The address of an OpenAI-compatible server, as in `plan`.
        api_key: The server's key; by default it is in the environment, under the name that the plan says.
        engine_options: Handed on to the engine by its own names, as in `plan`.

    Raises:
        ModelCatalogError: one of its kinds, as in `plan`, and:
        MissingPackage: a package that loading needs is not installed.
        WontFit: memory or disk is too small; raised before any download.
        EngineError, Unsupported: the engine cannot load the files.
    """
    if isinstance(name, Plan):
        plan = name
        given: dict[str, object] = {
            "hub": hub, "engine": engine, "revision": revision, "device": device, "context_length": context_length, "quantization": quantization, "lock": lock,
            "base_url": base_url, "dtype": None if dtype == "auto" else dtype, "engine_options": engine_options or None,
            "fit": fit or None, "offload": offload or None, "trust_remote_code": trust_remote_code or None,
        }  # fmt: skip
        if ignored := [f"{key}=" for key, value in given.items() if value is not None]:
            message = f"{', '.join(ignored)} would be ignored: a plan's own choices stand"
            raise Unsupported(message, subject=plan.name.source, hint="pass it to plan(), or load the name instead of the plan")
    else:
        with uncollected():  # the tables that the name is read with, made beside all that torch holds
            current_dictionary()
        plan = planning.plan(
            name,
            hub=hub,
            engine=engine,
            revision=revision,
            dtype=dtype,
            device=device,
            context_length=context_length,
            quantization=quantization,
            fit=fit,
            offload=offload,
            lock=lock,
            trust_remote_code=trust_remote_code,
            base_url=base_url,
            engine_options=engine_options,
        )
    if api_key is not None and not plan.served:
        message = f"api_key= is for servers, and {plan.engine} asks none"
        raise Unsupported(message, subject=plan.name.source, hint='leave it out, or use engine="openai"')
    _refuse(plan)
    for text in (*plan.mismatches, *plan.warnings):
        warnings.warn(f"{plan.name.source}: {text}", stacklevel=2)
    here = planning.obtain(plan)
    for text in here.warnings[len(plan.warnings) :]:
        warnings.warn(f"{plan.name.source}: {text}", stacklevel=2)
    if here.hub != plan.hub:
        warnings.warn(f"{plan.name.source}: {here.reasons[-1]}", stacklevel=2)
    opened = engines.open_engine(here, api_key=api_key)
    for text in opened.costs:
        warnings.warn(f"{plan.name.source}: {text}", stacklevel=2)
    return ChatModel(opened, here.model_copy(update={"warnings": (*here.warnings, *opened.costs)}))


def _refuse(plan: Plan) -> None:
    """What is known to fail fails before the download."""
    engines.refuse_missing(plan)
    memory = plan.memory
    if memory.disk_free is not None and memory.disk > memory.disk_free:
        needed, free = planning.human(memory.disk), planning.human(memory.disk_free)
        message = f"{plan.name.source} needs {needed} of disk, {free} are free"
        hint = f"free space, or move the cache with {hubs.get(plan.hub or hubs.default().name).cache_variable}"
        raise WontFit(message, subject=plan.name.source, hint=hint)
    if memory.fits is False and not plan.offload:
        message = (
            f"{plan.name.source} needs {planning.human(memory.needed)} of memory, "
            f"{planning.human(memory.free)} are free {memory.place}"
        )
        more = "" if plan.device == "cpu" else ", or allow offload=True"
        hint = f"take a smaller variant, a shorter context_length={more}"
        raise WontFit(message, subject=plan.name.source, hint=hint)

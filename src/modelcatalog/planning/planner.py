"""Owns `plan`: find the checkpoint (by name, by lock, or the variant that fits), then say what loading it would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog import catalog
from modelcatalog.catalog.listing import known_hub
from modelcatalog.errors import CheckpointNotFound, Unsupported
from modelcatalog.hubs import local
from modelcatalog.planning import lockfile, request, serving, variants
from modelcatalog.planning.build import Asked, build
from modelcatalog.planning.locate import Wanted, locate, locate_path
from modelcatalog.planning.record import Plan
from modelcatalog.records import ModelName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from modelcatalog.records import Hub

__all__ = ["lock", "plan"]


def plan(
    name: str | Path | ModelName,
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
    engine_options: Mapping[str, JsonValue] | None = None,
    on: str | None = None,
    concurrency: int = 1,
    kv_dtype: str | None = None,
) -> Plan:
    """What `load` would do with the same arguments, in seconds and without a weight byte.

    Args:
        name: A name, a path to a folder or GGUF file, or a parsed name.
        hub: ``"huggingface"`` or ``"modelscope"``; else local copies come first, then the hub that answers first.
        engine: ``"transformers"``, ``"llama.cpp"``, ``"vllm"``, or ``"openai"`` for a server that has the model (see
            `serving.plan_served`). By default transformers, but llama.cpp for GGUF files where it is installed.
        revision: Branch, tag or commit.
        dtype: ``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, …; by default all visible GPUs, else the CPU.
        context_length: Tokens to plan the KV cache for.
        quantization: ``"Q4_K_M"``, ``"int4"``, …: the variant to take.
        fit: Take the most precise variant that fits.
        offload: Allow weights to stay in RAM when the GPU is too small.
        lock: A lock file that the checkpoint must agree with.
        trust_remote_code: Allow Python code from the repository to run.
        base_url: The address of an OpenAI-compatible server, which means the openai engine; else ``OPENAI_BASE_URL``,
            else the API of the company whose model it is.
        on: A machine that one does not have: ``"RTX 4090"``, ``"2x H100"``, ``"M3 Max 64GB"``, ``"24GB"``, ``"64GB RAM"``.
        concurrency: Conversations at once, each of ``context_length`` tokens.
        kv_dtype: The type of keys and values: ``"fp8"``, ``"q8_0"``, …; by default that of computing.
        engine_options: Handed on to llama.cpp (``n_threads``, …) or vllm (``tensor_parallel_size``, …) by their own names.

    Raises:
        NameSyntaxError: the text is no name.
        UnknownFamily, ClosedWeights: there is no repository to look for.
        CheckpointNotFound, GatedCheckpoint, HubUnreachable: it cannot be had.
        IntegrityError: a local file is cut off, or other than locked.
        Unsupported: ``hub`` is no hub that has repositories.
        UnsafeRepository, NeedsRemoteCode: loading it would run code from the repository.
        WontFit: with ``fit``, if no variant fits.
        Unsupported: the checkpoint does not talk, an argument means nothing here, or what is installed cannot run it.
    """
    options: dict[str, object] = {
        "hub": hub, "engine": engine, "revision": revision, "dtype": dtype, "context_length": context_length, "quantization": quantization,
        "fit": fit, "offload": offload, "trust_remote_code": trust_remote_code, "base_url": base_url, "device": device,
        "on": on, "concurrency": concurrency, "kv_dtype": kv_dtype,
    }  # fmt: skip
    request.check(options, subject=name.source if isinstance(name, ModelName) else str(name))
    if engine == "openai" or (base_url is not None and engine in {None, "auto"}):
        others: dict[str, object] = {
            "hub": hub, "revision": revision, "device": device, "context_length": context_length, "quantization": quantization, "fit": fit,
            "offload": offload, "lock": lock, "trust_remote_code": trust_remote_code, "dtype": None if dtype == "auto" else dtype,
            "engine_options": bool(engine_options), "on": on, "concurrency": None if concurrency == 1 else concurrency, "kv_dtype": kv_dtype,
        }  # fmt: skip
        served = name if isinstance(name, ModelName) else catalog.parse(str(name))
        return serving.plan_served(served, base_url, {key: value for key, value in others.items() if value not in {None, False}})
    if base_url is not None:
        message = f"base_url= is for servers, and {engine} asks none"
        raise Unsupported(message, subject=str(engine), hint='leave it out, or use engine="openai"')
    known_hub(hub)
    record, path = _named(name)
    asked = Asked(
        engine=engine,
        revision=revision,
        dtype=dtype,
        device=device,
        context_length=context_length,
        quantization=quantization if path is not None or lock is not None else None,
        offload=offload,
        locked=lock is not None,
        trust_remote_code=trust_remote_code,
        engine_options=engine_options or {},
        on=on,
        concurrency=concurrency,
        kv_dtype=kv_dtype,
    )
    wanted = Wanted(hub, revision, quantization, trust_remote_code)
    if lock is not None:
        locked = lockfile.read_lock(lock)
        request.check_lock(options, {"hub": (locked.hub,), "revision": (locked.revision, locked.commit)}, subject=record.source)
        return build(record, lockfile.located(record, path, locked, wanted), asked)
    if path is not None:
        request.check_path(options, subject=str(path))
        return build(record, locate_path(path, wanted), asked)
    if fit:
        return variants.most_precise(record, wanted, asked)
    if quantization is not None:
        return variants.quantized(record, wanted, asked)
    return build(record, locate(record, wanted), asked)


def lock(name: str | Path | ModelName | Plan, file: str | Path, *, hub: Hub | None = None) -> lockfile.Lock:
    """Write a lock file: the files that a name means now, by hash. ``load(name, lock=file)`` takes them or fails.

    Args:
        name: As in `plan`, or a plan.
        file: Where to write it; JSON.
        hub: As in `plan`.

    Raises:
        ModelCatalogError: as `plan` raises them; no weight byte moves.
    """
    return lockfile.write_lock(name if isinstance(name, Plan) else plan(name, hub=hub), file)


def _named(name: str | Path | ModelName) -> tuple[ModelName, Path | None]:
    """The parsed name, and the path where it is one."""
    text = name.source if isinstance(name, ModelName) else str(name)
    path = local.as_path(text) if not isinstance(name, Path) else name.expanduser()
    if path is None:
        return (name if isinstance(name, ModelName) else catalog.parse(text)), None
    if not path.exists():
        message = f"there is no file or folder {path}"
        raise CheckpointNotFound(message, subject=str(path))
    record = name if isinstance(name, ModelName) else catalog.parse(text if len(text) <= 1024 else path.name)  # noqa: PLR2004
    return record, path

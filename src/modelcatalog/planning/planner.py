"""Owns `plan`: find the checkpoint (by name, by lock, or the variant that fits), then say what loading it would do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from modelcatalog import catalog, hubs, writing
from modelcatalog.catalog.completing import no_name
from modelcatalog.errors import CheckpointNotFound, GatedCheckpoint, HubUnreachable, ModelCatalogError, Unsupported
from modelcatalog.hubs import local
from modelcatalog.planning.build import build
from modelcatalog.planning.found import Alone
from modelcatalog.planning.locate import locate, locate_path
from modelcatalog.planning.record import Plan
from modelcatalog.planning.request import Options, Request, takes_options
from modelcatalog.records import ModelName
from modelcatalog.userfolder import at_home

if TYPE_CHECKING:
    from modelcatalog.planning.adapter import Adapter
    from modelcatalog.planning.lockfile import Lock

__all__ = ["lock", "plan"]

_FORMATS = ("lock", "cyclonedx")


@takes_options
def plan(name: str | Path | ModelName, **options: Unpack[Options]) -> Plan:
    """What `load` would do with the same arguments, in seconds and without a weight byte.

    Args:
        name: A name, a path to a folder or GGUF file, or a parsed name.
        options: What is asked for beside the name, by keywords:

            - ``hub``: ``"huggingface"`` or ``"modelscope"``; else local copies come first, then the hub that answers first.
            - ``adapter``: A LoRA adapter that is put onto the model: a repository, a folder, a GGUF file for llama.cpp. An adapter's own name, in place of a
              model's, means its base with the adapter on it.
            - ``engine``: ``"transformers"``, ``"llama.cpp"``, ``"vllm"``, ``"mlx"``, or ``"openai"`` for a server that has the model; by default
              transformers, but llama.cpp for GGUF files where it is installed, and mlx for what MLX packed and on a Mac.
            - ``revision``: Branch, tag or commit.
            - ``dtype``: ``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``; torch's own are taken too.
            - ``device``: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``, …; by default all visible GPUs, else the CPU.
            - ``context_length``: Tokens to plan the KV cache for, and to keep room for.
            - ``quantization``: ``"Q4_K_M"``, ``"int4"``, …: the variant to take.
            - ``fit``: Take the most precise variant that fits.
            - ``offload``: Allow weights to stay in RAM when the GPU is too small.
            - ``lock``: A lock file that the checkpoint must agree with.
            - ``trust_remote_code``: Allow Python code from the repository to run.
            - ``base_url``: The address of an OpenAI-compatible server, which means the openai engine; else ``OPENAI_BASE_URL``, else the API of the company
              whose model it is.
            - ``server``: ``"auto"``: the server on this machine that has the model, or the kind of one: ``"ollama"``, ``"lmstudio"``, …; it means the openai
              engine.
            - ``engine_options``: Handed on to the engine by its own names: ``images``, ``audio``, ``merge_adapter``; ``n_threads``, … to llama.cpp,
              ``tensor_parallel_size``, … to vllm.
            - ``on``: A machine that one does not have: ``"RTX 4090"``, ``"2x H100"``, ``"M3 Max 64GB"``, ``"24GB"``, ``"64GB RAM"``; for a plan alone.
            - ``concurrency``: Conversations at once that a plan keeps memory for.
            - ``kv_dtype``: The type of keys and values that a plan counts with: ``"fp8"``, ``"q8_0"``, …; by default that of computing.

    Raises:
        NameSyntaxError: the text is not a name.
        UnknownFamily, ClosedWeights: there is no repository to look for.
        CheckpointNotFound, GatedCheckpoint, HubUnreachable: it cannot be had.
        IntegrityError: a local file is cut off, or other than locked.
        UnsafeRepository, NeedsRemoteCode: loading it would run code from the repository.
        WontFit: with ``fit``, if no variant fits.
        Unsupported: the checkpoint does not talk, an argument means nothing here, or what is installed cannot run it.
        TypeError: ``name`` is none of the three.
    """
    if not isinstance(name, str | Path | ModelName):
        raise no_name(name)
    if isinstance(name, str):
        name = str.__str__(name)  # of a member of an enumeration, str() says what its class calls it
    request = Request.of(name.source if isinstance(name, ModelName) else str(name), options)
    if request.served:
        from modelcatalog.planning import serving  # most plans are of files, and many of files on this disk: the rest comes where it is asked for

        return serving.plan_served(name if isinstance(name, ModelName) else catalog.parse(_trimmed(name)), request)
    record, path = _named(name)
    if request.adapter is not None:
        if request.lock is not None:
            message = f"a lock file holds the files of one checkpoint, and {request.adapter} is another"
            raise Unsupported(message, subject=record.source, hint="leave lock= out, and name the adapter at a commit: owner/name@COMMIT")
        from modelcatalog.planning import adapting  # as above

        request = replace(request, adapter=adapting.found(request.adapter, request))
    try:
        return _of(record, path, request)
    except Alone as only:
        if request.adapter is not None:
            message = f"{record.source} is an adapter itself, and adapter= goes onto a model"
            raise Unsupported(message, subject=record.source, hint="name the model that both were trained on, and one of them") from None
        from modelcatalog.planning import adapting  # as above

        return _of_adapter(record, adapting.read(record.source, only.located), request)


def _of_adapter(record: ModelName, adapter: Adapter, request: Request) -> Plan:
    """The plan for an adapter that was named in place of a model: its base, and the adapter on it."""
    from modelcatalog.planning import adapting  # as in `plan`

    text, asked = adapting.base_of(adapter, request)
    base, path = _named(text)
    try:
        made = _of(base, path, asked)
    except Alone:
        message = f"{record.source} was trained on {text}, which is an adapter itself"
        raise Unsupported(message, subject=record.source, hint="merge that one into its base with peft, and load this one onto the result") from None
    return made.model_copy(update={"name": record, "reasons": (f"{base.source} because {record.source} is an adapter of it", *made.reasons)})


def _of(record: ModelName, path: Path | None, request: Request) -> Plan:
    """The plan for a model.

    Raises:
        Alone: it is an adapter.
    """
    if request.lock is not None:
        from modelcatalog.planning import lockfile  # as in `plan`

        locked = lockfile.read_lock(request.lock)
        request.check_lock({"hub": (locked.hub,), "revision": (locked.revision, locked.commit)}, record.source)
        return build(record, lockfile.located(record, path, locked, request), request)
    if path is not None:
        request.check_path(str(path))
        return build(record, locate_path(path, request), request)
    try:
        if request.fit or request.quantization is not None:
            from modelcatalog.planning import variants  # as in `plan`

        if request.fit:
            return variants.most_precise(record, request)
        if request.quantization is not None:
            return variants.quantized(record, request)
        return _built(record, request)
    except HubUnreachable as error:
        from modelcatalog.planning.estimating import estimate  # as in `plan`

        # Without a network the name and the catalog still tell whether it could fit at all.
        if (about := estimate(record, request)) is not None:
            error.message = f"{about}\n{error.message}"
            error.args = (error.message,)
        raise


def _built(record: ModelName, request: Request) -> Plan:
    """The plan for a name; where a hub lists the files and keeps them behind a gate, and nobody said which hub, another hub's."""
    from modelcatalog.planning.settling import settled  # as in `plan`

    found = locate(record, request)
    try:
        return settled(record, request, found=found)
    except GatedCheckpoint as gated:
        for hub in hubs.others(found.hub.name) if found.free and found.hub else ():
            try:
                made = build(record, locate(record, replace(request, hub=hub.name)), request)
            except ModelCatalogError as error:
                gated.message = f"{gated.message}; {hub.name}: {error.message}"
                gated.args = (gated.message,)
                continue
            why = f"{hub.name} because {gated.message}"
            return made.model_copy(update={"reasons": (why, *made.reasons[1:])})
        raise


@takes_options
def lock(
    name: str | Path | ModelName | Plan,
    file: str | Path,
    *,
    format: Literal["lock", "cyclonedx"] = "lock",  # noqa: A002  the word of the command line
    **options: Unpack[Options],
) -> Lock:
    """Write a lock file: the files that a name means now, by hash. ``load(name, lock=file)`` takes them or fails.

    Args:
        name: As in `plan`, or a plan, whose choices then stand.
        file: Where to write it; JSON.
        format: ``"lock"``, or ``"cyclonedx"`` for a bill of materials of the same files (ML-BOM, CycloneDX 1.6), which `load` does not read.
        options: As in `plan`.

    Raises:
        ModelCatalogError: as `plan` raises them; no weight byte moves.
        MissingPackage: a bill of materials needs cyclonedx-python-lib.
        Unsupported: the file cannot be written.
    """
    from modelcatalog.planning import lockfile  # as in `plan`

    if format not in _FORMATS:
        message = f"there is no format {format!r} of a lock file"
        raise Unsupported(message, subject=str(format), hint=f"pass {' or '.join(map(repr, _FORMATS))}")
    if isinstance(name, Plan):
        Request.of(name.name.source, options).refuse_beside_plan(name.name.source)
        made = name
    else:
        made = plan(name, **options)
    if format == "lock":
        return lockfile.write_lock(made, file)
    from modelcatalog.planning.bom import bom  # as in `plan`

    locked = lockfile.lock_of(made)
    writing.write(file, bom(made, locked).encode())
    return locked


def _trimmed(name: str | Path) -> str:
    """A name without the blanks and line ends around it, with which it was copied or read from a file; a path that has such keeps them."""
    text = str(name)
    return text if isinstance(name, Path) or os.path.exists(text) else text.strip()  # noqa: PTH110  see `_named`


def _named(name: str | Path | ModelName) -> tuple[ModelName, Path | None]:
    """The parsed name, and the path where it is one."""
    text = name.source if isinstance(name, ModelName) else _trimmed(name)
    path = local.as_path(text) if not isinstance(name, Path) else at_home(name)
    if path is None:
        return (name if isinstance(name, ModelName) else catalog.parse(text)), None
    if not os.path.exists(path):  # noqa: PTH110  pathlib's own fails on a name that is too long for a file
        message = f"there is no file or folder {path}"
        raise CheckpointNotFound(message, subject=str(path))
    record = name if isinstance(name, ModelName) else catalog.parse(text if len(text) <= 1024 else path.name)  # noqa: PLR2004
    return record, path

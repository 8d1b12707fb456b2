"""Owns where a checkpoint comes from: a path, a local copy, or a hub, and why. Chooses no dtype and no engine."""

from __future__ import annotations

import os
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, hubs
from modelcatalog.errors import (
    CheckpointNotFound,
    ClosedWeights,
    GatedCheckpoint,
    HubUnreachable,
    IntegrityError,
    ModelCatalogError,
    UnknownFamily,
    UnsafeRepository,
    Unsupported,
)
from modelcatalog.hubs import huggingface, local, receipts
from modelcatalog.planning.choose import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from modelcatalog.hubs import HubClient, Listing
    from modelcatalog.hubs.gguf import GgufHeader
    from modelcatalog.hubs.local import Copy
    from modelcatalog.hubs.safetensors import SafetensorsHeader
    from modelcatalog.hubs.wire import Wire
    from modelcatalog.records import Hub, ModelName

__all__ = ["Located", "Wanted", "locate", "locate_path"]

_PATIENCE = 9.0
_LARGEST_INDEX = 400_000
"""Of an index on a hub that is larger, the end is read: a plan's requests bring less than a megabyte."""


class Wanted(NamedTuple):
    """What the caller asked for, as far as it decides where to look."""

    hub: Hub | None = None
    revision: str | None = None
    scheme: str | None = None
    code: bool = False


class Located(NamedTuple):
    """A checkpoint found: either a copy on this disk, or a listing and the open connection to its hub."""

    choice: Choice
    reasons: tuple[str, ...]
    copy: Copy | None = None
    listing: Listing | None = None
    client: HubClient | None = None
    wire: Wire | None = None
    headers: Mapping[str, GgufHeader | SafetensorsHeader] = {}
    """The headers of weight files that lie on this disk, by path."""


def locate_path(path: Path, wanted: Wanted) -> Located:
    """The checkpoint at a path.

    Raises:
        CheckpointNotFound, UnsafeRepository: if there are no weights that can be loaded.
        IntegrityError: if a weight file is cut off.
    """
    copy = local.at(path)
    file = None if path.is_dir() else path.name
    choice = choose(copy.files, subject=copy.title, file=file, scheme=wanted.scheme, code=wanted.code, read=copy.read)
    headers = local.check_weights(copy.root, [f.path for f in choice.weights])
    return Located(choice, (f"{path} is a path", choice.reason), copy=copy, headers=headers)


def locate(name: ModelName, wanted: Wanted) -> Located:
    """The checkpoint that a name means: in the order of product.md, local copies before hubs.

    Raises:
        ClosedWeights, UnknownFamily, CheckpointNotFound, GatedCheckpoint, HubUnreachable, UnsafeRepository.
    """
    hub = wanted.hub or (name.hub if name.hub in {"huggingface", "modelscope"} else None)
    closed = _closed(name, hub)
    found = _local(name, wanted, hub)
    if found is not None:
        return found
    if closed is not None:
        raise closed
    if name.owner is None and not _known(name):
        message = f"no family is known for {name.source!r}, so there is no repository to try"
        hint = "write it as owner/name to try that repository, or give a path"
        raise UnknownFamily(message, subject=name.source, hint=hint)
    return _remote(name, wanted, hub)


def _closed(name: ModelName, hub: Hub | None) -> ClosedWeights | None:
    try:
        catalog.resolve(name, hub=hub)
    except ClosedWeights as error:
        return error
    return None


def _known(name: ModelName) -> bool:
    match = catalog.find(name.name or name.source)
    return match is not None and match.family is not None


# On this disk ---------------------------------------------------------------------------------


def _local(name: ModelName, wanted: Wanted, hub: Hub | None) -> Located | None:
    """The first complete local copy; with a hub given, only what that hub's client fetched."""
    scheme = _scheme(name, wanted)
    broken: IntegrityError | None = None
    refused: Unsupported | None = None
    for copy in _copies(name, wanted, hub):
        file = name.file if copy.hub else None
        try:
            choice = _complete(copy, file=file, scheme=scheme, code=wanted.code)
            headers = local.check_weights(copy.root, [f.path for f in choice.weights])
        except IntegrityError as error:
            # A file that a user put there is reported; a half-filled cache is fetched again.
            broken = broken or (None if copy.hub else error)
            continue
        except (CheckpointNotFound, UnsafeRepository):
            continue
        except Unsupported as error:
            # An adapter, say, of a name like this one's; the hub may have the model itself.
            refused = refused or error
            continue
        if choice.format == "safetensors" and not _has_tokenizer(choice):
            continue
        return Located(choice, (*_why(name, copy, choice), choice.reason), copy=copy, headers=headers)
    if broken is not None:
        raise broken
    if refused is not None and huggingface.offline():
        raise refused
    return None


def _complete(copy: Copy, *, file: str | None, scheme: str | None, code: bool) -> Choice:
    """The files to load of a copy; where it is known what a download was to bring, all of that must be there."""
    listed = receipts.expected(copy.root) if copy.hub else ()
    try:
        choice = choose(listed, subject=copy.title, file=file, scheme=scheme, code=code, read=copy.read)
    except (CheckpointNotFound, UnsafeRepository):
        return choose(copy.files, subject=copy.title, file=file, scheme=scheme, code=code, read=copy.read)
    lost = receipts.missing(copy.root, (*choice.weights, *choice.companions))
    if lost is not None:
        message = f"{lost.path} of {copy.title} is not whole"
        raise IntegrityError(message, subject=str(copy.root), hint="fetch it again; a download may have broken off")
    return choice


def _scheme(name: ModelName, wanted: Wanted) -> str | None:
    if wanted.scheme is not None:
        return wanted.scheme
    quantization = name.quantization
    if quantization is None or quantization.method not in {None, "gguf"}:
        return None
    return quantization.scheme or (f"int{quantization.bits:g}" if quantization.bits else None)


def _has_tokenizer(choice: Choice) -> bool:
    return any(f.path.startswith(("tokenizer", "vocab", "spiece", "tekken")) for f in choice.companions)


def _copies(name: ModelName, wanted: Wanted, hub: Hub | None) -> Iterator[Copy]:
    """Every local copy of the model that a name means, likeliest first."""
    if hub is None and wanted.revision is None and name.revision is None:
        matches = [copy for copy in local.searched() if _same(name, catalog.parse(copy.title[-1024:]))]
        # A folder of safetensors first, then files by falling precision.
        yield from sorted(matches, key=lambda copy: (copy.title.endswith(".gguf"), -_bits(copy.title)))
    revision = wanted.revision or name.revision
    exact: list[tuple[Hub, str]] = []
    for one in _order(hub):
        with suppress(ClosedWeights):
            checkpoint = catalog.resolve(name, hub=one)
            exact.append((one, checkpoint.repo_id))
        if name.owner and name.name and (one, f"{name.owner}/{name.name}") not in exact:
            exact.append((one, f"{name.owner}/{name.name}"))
    for one, repo_id in exact:
        yield from local.cached(one, repo_id, revision)
    if revision is None and hub is None and name.file is None:
        for one, repo_id in local.caches():
            if (one, repo_id) not in exact and _same(name, catalog.parse(repo_id)):
                yield from local.cached(one, repo_id)


def _order(hub: Hub | None) -> tuple[Hub, ...]:
    return (hub,) if hub else ("huggingface", "modelscope")


def _bits(title: str) -> float:
    quantization = catalog.parse(title[-1024:]).quantization
    return float(quantization.bits or 0) if quantization else 16.0


def _same(name: ModelName, other: ModelName) -> bool:
    """One model, and the quantization that the name asks for, if it asks."""
    if not name.same_model(other):
        return False
    asked, have = name.quantization, other.quantization
    if asked is None:
        return True
    if have is None:
        return other.format == "gguf" and asked.method == "gguf"  # a repository of many
    if asked.scheme and have.scheme:
        return asked.scheme.lower() == have.scheme.lower()
    return asked.method in {None, have.method} and asked.bits in {None, have.bits}


def _why(name: ModelName, copy: Copy, choice: Choice) -> tuple[str, ...]:
    what = choice.weights[0].path if copy.hub is None and choice.format == "gguf" else copy.title
    reason = f"{what} in the {copy.where} is complete, so nothing is asked of a hub"
    if copy.hub is None:
        reason = f"{what} under MODELCATALOG_PATH is the same model by its name"
    if name.quantization is None and choice.quantization is not None:
        label = choice.quantization.scheme or str(choice.quantization)
        return reason, f"the name asks for no quantization; this copy is {label}"
    return (reason,)


# On a hub -------------------------------------------------------------------------------------


def _remote(name: ModelName, wanted: Wanted, hub: Hub | None) -> Located:
    scheme = _scheme(name, wanted)
    chosen = hub or _preferred()
    if huggingface.offline() and chosen != "modelscope":
        message = f"{name.source} is not on this disk, and HF_HUB_OFFLINE forbids asking for it"
        hint = "unset HF_HUB_OFFLINE, or put a copy in MODELCATALOG_PATH"
        raise HubUnreachable(message, subject=name.source, hint=hint)
    if chosen is not None:
        client, wire, listing = _ask(name, chosen, wanted)
        why = f"{chosen} because {_because(wanted, name, hub)}"
    else:
        client, wire, listing, why = _first(name, wanted)

    def read(path: str, start: int, length: int | None) -> bytes:
        return client.read(wire, listing, path, start=start, length=length)

    # A listing of many pages may leave but one request, which config.json needs.
    reader = read if wire.requests > 1 else None
    choice = choose(listing.files, subject=listing.repo_id, file=name.file, scheme=scheme, code=wanted.code, read=reader, largest=_LARGEST_INDEX)
    return Located(choice, (why, choice.reason), listing=listing, client=client, wire=wire)


def _preferred() -> Hub | None:
    value = os.environ.get("MODELCATALOG_HUB", "").strip().lower()
    if value in {"", "auto"}:
        return None
    if value not in {"huggingface", "modelscope"}:
        message = f"MODELCATALOG_HUB={value} names no hub"
        raise HubUnreachable(message, subject=value, hint="set it to huggingface or modelscope")
    return "modelscope" if value == "modelscope" else "huggingface"


def _because(wanted: Wanted, name: ModelName, hub: Hub | None) -> str:
    if wanted.hub:
        return "the caller asked for it"
    return f"{name.source} says so" if hub else "MODELCATALOG_HUB says so"


def _ask(name: ModelName, hub: Hub, wanted: Wanted) -> tuple[HubClient, Wire, Listing]:
    client = hubs.client(hub)
    wire = client.wire()
    revision = wanted.revision or name.revision
    repo_id = catalog.resolve(name, hub=hub).repo_id
    try:
        return client, wire, client.listing(wire, repo_id, revision)
    except HubUnreachable as error:
        if wanted.hub is None:
            raise
        error.hint = f'{error.hint}; or pass hub="{hubs.other(hub)}"' if error.hint else f'pass hub="{hubs.other(hub)}"'
        raise


def _first(name: ModelName, wanted: Wanted) -> tuple[HubClient, Wire, Listing, str]:
    """Ask both hubs at once; the first that lists the files serves."""
    answers: queue.Queue[tuple[Hub, tuple[HubClient, Wire, Listing] | ModelCatalogError]] = queue.Queue()

    def ask(hub: Hub) -> None:
        try:
            answers.put((hub, _ask(name, hub, wanted)))
        except ModelCatalogError as error:
            answers.put((hub, error))
        except Exception as error:  # noqa: BLE001  a thread must answer
            failure = HubUnreachable(f"{hub} sent something that cannot be read: {error}", subject=name.source)
            failure.__cause__ = error
            answers.put((hub, failure))

    for hub in _order(None):
        threading.Thread(target=ask, args=(hub,), daemon=True).start()
    until = time.monotonic() + _PATIENCE
    failed: dict[Hub, ModelCatalogError] = {}
    while len(failed) < len(_order(None)):
        try:
            hub, answer = answers.get(timeout=max(0.01, until - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, ModelCatalogError):
            failed[hub] = answer
            continue
        others = "; ".join(f"{h}: {e.message}" for h, e in failed.items())
        why = f"{hub} was the first hub to list the files" + (f" ({others})" if others else "")
        return (*answer, why)
    raise _neither(name, failed)


def _neither(name: ModelName, failed: dict[Hub, ModelCatalogError]) -> ModelCatalogError:
    """One error for two hubs: what the caller can act on first."""
    order = (UnsafeRepository, GatedCheckpoint, HubUnreachable, CheckpointNotFound)
    ranked = sorted(failed.values(), key=lambda e: next((i for i, kind in enumerate(order) if isinstance(e, kind)), 9))
    if not ranked:
        return HubUnreachable(f"no hub answered within {_PATIENCE:g} s", subject=name.source)
    first = ranked[0]
    said = "; ".join(error.message for error in ranked)
    error = type(first)(said, subject=name.source, hint=first.hint)
    error.__cause__ = first
    return error

"""Owns where a checkpoint comes from: a path, a local copy, or a hub, and why. Chooses no dtype and no engine.

A copy in a hub's cache that lacks something is completed from its hub, at its own commit.
"""

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
    MissingPackage,
    ModelCatalogError,
    UnknownFamily,
    UnsafeRepository,
    Unsupported,
)
from modelcatalog.hubs import huggingface, local, modelscope, receipts
from modelcatalog.planning import completeness
from modelcatalog.planning.choose import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from modelcatalog.hubs import HubClient, Listing
    from modelcatalog.hubs.local import Copy
    from modelcatalog.hubs.wire import Wire
    from modelcatalog.planning.completeness import Gaps
    from modelcatalog.records import Hub, ModelName
    from modelcatalog.weights.gguf import GgufHeader
    from modelcatalog.weights.safetensors import SafetensorsHeader

__all__ = ["Located", "Wanted", "locate", "locate_path"]

_PATIENCE = 9.0
_LARGEST_INDEX = 400_000
"""Of an index on a hub that is larger, the end is read: a plan's requests bring less than a megabyte."""
_PARTS = 2
"""Copies with gaps that are asked about before all else."""

_LONGEST_REVISION = 250


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
    _check_revision(wanted.revision or name.revision)
    parts: list[_Part] = []
    found = _local(name, wanted, hub, parts)
    if found is not None:
        return found
    if closed is not None:
        raise closed
    if name.owner is None and not _known(name):
        message = f"no family is known for {name.source!r}, so there is no repository to try"
        hint = "write it as owner/name to try that repository, or give a path"
        raise UnknownFamily(message, subject=name.source, hint=hint)
    return _remote(name, wanted, hub, parts)


def _check_revision(revision: str | None) -> None:
    """Refuse what git takes for no revision, before it becomes a path or an address."""
    text = "" if revision is None else str(revision)
    outside = ".." in text or text.startswith(("/", "-")) or not set(text).isdisjoint(" ~^:?*[\\")
    if outside or not isinstance(revision, str | None) or len(text) > _LONGEST_REVISION or not text.isprintable():
        message = f"{text[:80]!r} is not a branch, tag or commit"
        raise CheckpointNotFound(message, subject=text[:80], hint="leave revision= out, or name one of the repository's branches, tags or commits")


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


class _Part(NamedTuple):
    """A copy in a hub's cache of which something is missing."""

    copy: Copy
    said: str
    """What is missing, one sentence."""


def _local(name: ModelName, wanted: Wanted, hub: Hub | None, parts: list[_Part]) -> Located | None:  # noqa: C901  all that may come of looking at a copy
    """The first complete local copy; with a hub given, only what that hub's client fetched. Notes those of which parts are here."""
    passed: ModelCatalogError | None = None
    doubtful: tuple[Located, Copy, Gaps] | None = None
    for copy in _copies(name, wanted, hub):
        try:
            choice, headers, lacks = _judged(name, wanted, copy)
        except IntegrityError as error:
            # A file that a user put there is reported; a half-filled cache is completed.
            if copy.hub is None:
                passed = passed or error
            else:
                parts.append(_Part(copy, f"{copy.title} in the {copy.where} is not whole: {error.message}"))
        except (CheckpointNotFound, UnsafeRepository):
            continue
        except Unsupported as error:
            # An adapter, say, of a name like this one's; the hub may have the model itself.
            passed = passed or (error if huggingface.offline() else None)
        else:
            here = Located(choice, (*_why(name, copy, choice), choice.reason), copy=copy, headers=headers)
            if lacks.usual and copy.hub:
                doubtful = doubtful or (here, copy, lacks)
            elif doubtful is None or (copy.hub, copy.repo_id) != (doubtful[1].hub, doubtful[1].repo_id):
                # Else it is an older commit of the same repository.
                return here
    if doubtful is not None:
        return _completed(name, wanted, *doubtful)
    if passed is not None:
        raise passed
    return None


def _judged(name: ModelName, wanted: Wanted, copy: Copy) -> tuple[Choice, Mapping[str, GgufHeader | SafetensorsHeader], Gaps]:
    """What of a copy would be loaded, and what it may lack.

    Raises:
        IntegrityError: if a file that loading takes is cut off or, in a hub's cache, missing.
        CheckpointNotFound, UnsafeRepository, Unsupported: if it holds nothing that could be loaded.
    """
    choice = _complete(copy, file=name.file if copy.hub else None, scheme=_scheme(name, wanted), code=wanted.code)
    headers = local.check_weights(copy.root, [f.path for f in choice.weights])
    lacks = completeness.gaps(copy, choice)
    if lacks.needed is not None:
        message = f"it has no {lacks.needed}"
        raise (IntegrityError if copy.hub else CheckpointNotFound)(message, subject=str(copy.root))
    return choice, headers, lacks


def _completed(name: ModelName, wanted: Wanted, here: Located, copy: Copy, lacks: Gaps) -> Located:
    """A copy that can be loaded and may be part of a repository: with what its hub has beside it, if that can be asked now."""
    choice = here.choice
    said = f"{copy.title} in the {copy.where} has no {', '.join(lacks.usual)}"
    try:
        if huggingface.offline() and wanted.hub != "modelscope":
            message = "HF_HUB_OFFLINE forbids it"
            raise HubUnreachable(message, subject=name.source)
        client, wire, listing = _ask_for(copy)
        there = _chosen(listing, client, wire, file=name.file or choice.weights[0].path, scheme=_scheme(name, wanted), code=wanted.code)
    except ModelCatalogError as error:
        sure = "the repository has more files" if lacks.known else "it may be part of a repository"
        return here._replace(reasons=(*here.reasons, f"{said}, so {sure}, and its hub could not be asked: {error.message}"))
    more = completeness.absent(copy, there.companions)
    if not more or receipts.absent(copy.root, there.weights):
        # Nothing more is to be had, or the repository went on to other weights; then what is here stands.
        if not more:
            receipts.confirm(copy.root, [*choice.weights, *choice.companions])
        asked = f"{said}; nor has its hub, which was asked once" if not more else f"{said}, and its hub has other weights by now"
        why = f"{copy.title} in the {copy.where} is complete"
        return here._replace(reasons=(why if not more else here.reasons[0], asked, *here.reasons[1:]))
    why = f"{copy.hub} because {copy.title} in the {copy.where} has no {', '.join(more)}; what is there already stays"
    return Located(there, (why, choice.reason), listing=listing, client=client, wire=wire)


def _ask_for(copy: Copy) -> tuple[HubClient, Wire, Listing]:
    """Its hub's listing of a copy, at the commit that the copy is of."""
    client = hubs.client(copy.hub or "huggingface")
    wire = client.wire()
    repo_id = copy.repo_id or copy.title
    if copy.hub == "modelscope":
        revision = copy.root.name if copy.root.parent.name == "snapshots" else None
        return client, wire, client.listing(wire, modelscope.plain(repo_id), revision)
    return client, wire, client.listing(wire, repo_id, copy.commit)


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


def _remote(name: ModelName, wanted: Wanted, hub: Hub | None, parts: list[_Part]) -> Located:
    chosen = hub or _preferred()
    parts = [part for part in parts if chosen in {None, part.copy.hub}]
    if huggingface.offline() and chosen != "modelscope":
        whole = f" as a whole ({parts[0].said})" if parts else ""
        message = f"{name.source} is not on this disk{whole}, and HF_HUB_OFFLINE forbids asking for it"
        hint = "unset HF_HUB_OFFLINE, or put a copy in MODELCATALOG_PATH"
        raise HubUnreachable(message, subject=name.source, hint=hint)
    for part in parts[:_PARTS]:
        # Another hub, or another commit, would bring all of it anew.
        with suppress(ModelCatalogError):
            client, wire, listing = _ask_for(part.copy)
            why = f"{part.copy.hub} because {part.said}; what is there already stays"
            return _found(name, wanted, why, client, wire, listing)
    try:
        if chosen is not None:
            client, wire, listing = _ask(name, chosen, wanted)
            why = f"{chosen} because {_because(wanted, name, hub)}"
        else:
            client, wire, listing, why = _first(name, wanted)
    except (HubUnreachable, GatedCheckpoint, CheckpointNotFound) as error:
        if parts:
            error.message = f"{parts[0].said}; {error.message}"
            error.args = (error.message,)
        if chosen is not None and not isinstance(error, GatedCheckpoint):
            other = f'pass hub="{hubs.other(chosen)}"'
            error.hint = f"{error.hint}; or {other}" if error.hint else other
        raise
    return _found(name, wanted, why, client, wire, listing)


def _found(name: ModelName, wanted: Wanted, why: str, client: HubClient, wire: Wire, listing: Listing) -> Located:  # noqa: PLR0917
    choice = _chosen(listing, client, wire, file=name.file, scheme=_scheme(name, wanted), code=wanted.code)
    return Located(choice, (why, choice.reason), listing=listing, client=client, wire=wire)


def _chosen(listing: Listing, client: HubClient, wire: Wire, *, file: str | None, scheme: str | None, code: bool) -> Choice:
    """The files to load of a listing."""

    def read(path: str, start: int, length: int | None) -> bytes:
        return client.read(wire, listing, path, start=start, length=length)

    # A listing of many pages may leave but one request, which config.json needs.
    reader = read if wire.requests > 1 else None
    return choose(listing.files, subject=listing.repo_id, file=file, scheme=scheme, code=code, read=reader, largest=_LARGEST_INDEX)


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
    return client, wire, client.listing(wire, catalog.resolve(name, hub=hub).repo_id, revision)


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
    order: tuple[type[ModelCatalogError], ...] = (UnsafeRepository, GatedCheckpoint, MissingPackage, HubUnreachable, CheckpointNotFound)
    ranked = sorted(failed.values(), key=lambda e: next((i for i, kind in enumerate(order) if isinstance(e, kind)), 9))
    if not ranked:
        return HubUnreachable(f"no hub answered within {_PATIENCE:g} s", subject=name.source, hint="check the network and the proxy settings")
    first = ranked[0]
    late = [f"{hub} gave no answer within {_PATIENCE:g} s" for hub in _order(None) if hub not in failed]
    said = "; ".join([*(error.message for error in ranked), *late])
    if isinstance(first, MissingPackage):
        error: ModelCatalogError = MissingPackage(said, subject=name.source, install=first.install)
    else:
        error = type(first)(said, subject=name.source, hint=first.hint)
    error.__cause__ = first
    return error

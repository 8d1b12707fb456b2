"""Owns the search on hubs: which is asked, the first of several that answers, one error for all that fail. Chooses no dtype."""

from __future__ import annotations

import os
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, hubs
from modelcatalog.catalog.listing import hub_revision
from modelcatalog.errors import CheckpointNotFound, GatedCheckpoint, HubUnreachable, MissingPackage, ModelCatalogError, UnsafeRepository, Unsupported
from modelcatalog.planning.choose import Choice, choose
from modelcatalog.planning.found import Located
from modelcatalog.planning.packages import absent

if TYPE_CHECKING:
    from modelcatalog.hubs import Copy, Hub, Listing
    from modelcatalog.hubs.wire import Wire
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["Answer", "Part", "again", "chosen", "repository", "scheme", "search"]

_PATIENCE = 9.0
_LARGEST_INDEX = 400_000
"""Of an index on a hub that is larger, the end is read: a plan's requests bring less than a megabyte."""
_PARTS = 2
"""Copies with gaps that are asked about before all else."""


class Answer(NamedTuple):
    """A hub that listed a repository, and the connection to it."""

    hub: Hub
    wire: Wire
    listing: Listing


class Part(NamedTuple):
    """A copy in a hub's cache of which something is missing."""

    copy: Copy
    said: str
    """What is missing, one sentence."""


def repository(name: ModelName, hub: Hub) -> str:
    """The id that a hub has for the repository of a name."""
    return catalog.resolve(name, hub=hub.ids).repo_id


def scheme(name: ModelName, request: Request) -> str | None:
    """The quantization that is asked for, by the caller or by the name, in a word that `choose` takes."""
    if request.quantization is not None:
        return request.quantization
    quantization = name.quantization
    if quantization is None or quantization.method not in {None, "gguf"}:
        return None
    return quantization.scheme or (f"int{quantization.bits:g}" if quantization.bits else None)


def again(copy: Copy) -> Answer:
    """Its hub's listing of a copy, at the commit that the copy is of."""
    hub = hubs.get(copy.hub or "")
    wire = hub.wire()
    return Answer(hub, wire, hub.listing(wire, copy.repo_id or copy.title, copy.revision))


def search(name: ModelName, request: Request, hub: str | None, parts: list[Part]) -> Located:
    """The checkpoint on a hub.

    Args:
        name: What is looked for.
        request: What the caller asked for.
        hub: The hub that the caller or the name says; None leaves it to the environment, then to the first that answers.
        parts: Copies on this disk of which something is missing: their hub, at their commit, comes first.

    Raises:
        CheckpointNotFound, GatedCheckpoint, HubUnreachable, UnsafeRepository.
    """
    sure = hub or _preferred()
    parts = [part for part in parts if sure in {None, part.copy.hub}]
    if variable := hubs.HUBS[sure].offline() if sure else hubs.offline():
        whole = f" as a whole ({parts[0].said})" if parts else ""
        message = f"{name.source} is not on this disk{whole}, and {variable} forbids asking for it"
        raise HubUnreachable(message, subject=name.source, hint=f"unset {variable}, or put a copy in MODELCATALOG_PATH")
    for part in parts[:_PARTS]:
        # Another hub, or another commit, would bring all of it anew.
        with suppress(ModelCatalogError):
            return _located(name, request, f"{part.copy.hub} because {part.said}; what is there already stays", again(part.copy))
    try:
        if sure is not None:
            answer, why = _ask(name, hubs.HUBS[sure], request), f"{sure} because {_because(request, name, hub)}"
        else:
            answer, why = _first(name, request)
            return _located(name, request, why, answer)._replace(free=True)
    except (HubUnreachable, GatedCheckpoint, CheckpointNotFound) as error:
        if parts:
            error.message = f"{parts[0].said}; {error.message}"
            error.args = (error.message,)
        if sure is not None and not isinstance(error, GatedCheckpoint):
            other = hubs.pass_one([one.name for one in hubs.others(sure)])
            error.hint = f"{error.hint}; or {other}" if error.hint else other
        raise
    return _located(name, request, why, answer)


def _located(name: ModelName, request: Request, why: str, answer: Answer) -> Located:
    choice = chosen(answer, file=_file(name, answer.listing), scheme=scheme(name, request), code=request.trust_remote_code)
    now = answer.listing.renamed
    moved = () if now is None else (f"{answer.hub.title} calls {answer.listing.repo_id} {now} by now",)
    return Located(choice, (why, *moved, choice.reason), listing=answer.listing, hub=answer.hub, wire=answer.wire)


def _file(name: ModelName, listing: Listing) -> str | None:
    """The path that the name states; of a file's bare name, which came from another repository, the one here that is called so."""
    if name.file is None or name.owner is not None:
        return name.file
    suffix = name.file.rpartition(".")[2].lower()
    alike = [file.path for file in listing.files if file.path.lower().endswith(f".{suffix}")]
    same = next((path for path in alike if path.rpartition("/")[2].lower() == name.file.lower()), None)
    return same if same is not None or alike else name.file  # with no file of that kind here, the error is that it is not here


def chosen(answer: Answer, *, file: str | None, scheme: str | None, code: bool) -> Choice:
    """The files to load of a listing."""
    hub, wire, listing = answer

    def read(path: str, start: int, length: int | None) -> bytes:
        return hub.read(wire, listing, path, start=start, length=length)

    # A listing of many pages may leave but one request, which config.json needs.
    reader = read if wire.requests > 1 else None
    return choose(listing.files, subject=listing.repo_id, file=file, scheme=scheme, code=code, read=reader, largest=_LARGEST_INDEX)


def _preferred() -> str | None:
    value = os.environ.get("MODELCATALOG_HUB", "").strip().lower()
    if value in {"", "auto"}:
        return None
    if value not in hubs.HUBS:
        message = f"MODELCATALOG_HUB={value} names no hub"
        error = Unsupported(message, subject=value, hint=f"set it to {' or '.join(hubs.HUBS)}")
        error.meaningless = True
        raise error
    return value


def _because(request: Request, name: ModelName, hub: str | None) -> str:
    if request.hub:
        return "the caller asked for it"
    return f"{name.source} says so" if hub else "MODELCATALOG_HUB says so"


def _ask(name: ModelName, hub: Hub, request: Request) -> Answer:
    wire = hub.wire()
    return Answer(hub, wire, hub.listing(wire, repository(name, hub), request.revision or hub_revision(name)))


def _first(name: ModelName, request: Request) -> tuple[Answer, str]:
    """Ask all hubs at once; the first that lists the files serves, but for one whose client is not installed where another's is."""
    answers: queue.Queue[tuple[str, Answer | ModelCatalogError]] = queue.Queue()
    asked = tuple(hubs.HUBS.values())
    for hub in asked:
        threading.Thread(target=lambda one: answers.put((one.name, _answer(name, one, request))), args=(hub,), daemon=True).start()
    until = time.monotonic() + _PATIENCE
    failed: dict[str, ModelCatalogError] = {}
    unfit: list[Answer] = []
    while len(failed) + len(unfit) < len(asked):
        try:
            which, answer = answers.get(timeout=max(0.01, until - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, ModelCatalogError):
            failed[which] = answer
            continue
        if not _has_client(answer.hub) and any(map(_has_client, asked)):
            unfit.append(answer)
            continue
        if unfit:
            return answer, f"{which} lists the files, and its client is installed; that of {unfit[0].hub.name}, which was the first to list them, is not"
        return answer, _was_first(answer, failed)
    if unfit:
        return unfit[0], _was_first(unfit[0], failed)
    raise _none(name, failed, [hub.name for hub in asked if hub.name not in failed])


def _answer(name: ModelName, hub: Hub, request: Request) -> Answer | ModelCatalogError:
    try:
        return _ask(name, hub, request)
    except ModelCatalogError as error:
        return error
    except Exception as error:  # noqa: BLE001  a thread must answer
        failure = HubUnreachable(f"{hub.name} sent something that cannot be read: {error}", subject=name.source)
        failure.__cause__ = error
        return failure


def _has_client(hub: Hub) -> bool:
    return not absent([hub.package])


def _was_first(answer: Answer, failed: dict[str, ModelCatalogError]) -> str:
    others = "; ".join(f"{hub}: {error.message}" for hub, error in failed.items())
    return f"{answer.hub.name} was the first hub to list the files" + (f" ({others})" if others else "")


def _none(name: ModelName, failed: dict[str, ModelCatalogError], late: list[str]) -> ModelCatalogError:
    """One error for all hubs: what the caller can act on first."""
    order: tuple[type[ModelCatalogError], ...] = (UnsafeRepository, GatedCheckpoint, MissingPackage, HubUnreachable, CheckpointNotFound)
    # Whichever failed first: the same failures are said in the same order.
    stable = [failed[hub] for hub in hubs.HUBS if hub in failed]
    ranked = sorted(stable, key=lambda e: next((i for i, kind in enumerate(order) if isinstance(e, kind)), 9))
    if not ranked:
        return HubUnreachable(f"no hub answered within {_PATIENCE:g} s", subject=name.source, hint="check the network and the proxy settings")
    first = ranked[0]
    said = "; ".join([*(error.message for error in ranked), *(f"{hub} gave no answer within {_PATIENCE:g} s" for hub in late)])
    if isinstance(first, MissingPackage):
        error: ModelCatalogError = MissingPackage(said, subject=name.source, install=first.install)
    else:
        error = type(first)(said, subject=name.source, hint=first.hint)
    error.__cause__ = first
    return error

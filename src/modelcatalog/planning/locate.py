"""Owns where a checkpoint comes from: a path, a local copy, or a hub, and why. Chooses no dtype and no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import catalog, hubs
from modelcatalog.catalog.listing import hub_revision
from modelcatalog.errors import CheckpointNotFound, ClosedWeights, IntegrityError, ModelCatalogError, UnknownFamily
from modelcatalog.hubs import local, paths
from modelcatalog.planning.choose import choose
from modelcatalog.planning.found import Located

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["check_revision", "locate", "locate_path"]

_LONGEST_REVISION = 250


def locate_path(path: Path, request: Request) -> Located:
    """The checkpoint at a path.

    Raises:
        CheckpointNotFound, UnsafeRepository: if there are no weights that can be loaded.
        IntegrityError: if a weight file is cut off.
    """
    copy = local.at(path)
    file = None if path.is_dir() else path.name
    if file is None and paths.gone(copy.root):
        from modelcatalog.planning import completeness  # seldom

        if (lost := completeness.torn(copy.root)) is not None:
            message = f"{lost} in {copy.root} is a link to a file that is gone"
            raise IntegrityError(message, subject=str(copy.root), hint="fetch it again: the folder that the links lead to was moved or cleaned")
    choice = choose(copy.files, subject=copy.title, file=file, scheme=request.quantization, code=request.trust_remote_code, read=copy.read)
    headers = local.check_weights(copy.root, [f.path for f in choice.weights])
    return Located(choice, (f"{path} is a path", choice.reason), copy=copy, headers=headers)


def locate(name: ModelName, request: Request, over: Collection[tuple[str, str]] = ()) -> Located:
    """The checkpoint that a name means: local copies come before hubs.

    Args:
        name: What is looked for.
        request: What the caller asked for.
        over: Copies of other programs that were tried already, by store and title.

    Raises:
        ClosedWeights, UnknownFamily, CheckpointNotFound, GatedCheckpoint, HubUnreachable, UnsafeRepository.
    """
    from modelcatalog.planning import copies, remote  # a path needs neither

    hub = request.hub or hubs.named(name.hub)
    closed = _closed(name, hub)
    check_revision(request.revision or hub_revision(name))
    seen = copies.Seen([], [], over)
    found = copies.whole(name, request, hub, seen)
    if found is not None:
        return found._replace(reasons=(*found.reasons, *dict.fromkeys(seen.lost)))
    try:
        if closed is not None:
            raise closed
        _refuse_guess(name)
        if name.owner is None and not _known(name):
            message = f"no family is known for {name.source!r}, so there is no repository to try"
            hint = "write it as owner/name to try that repository, or give a path"
            raise UnknownFamily(message, subject=name.source, hint=hint)
        found = remote.search(name, request, hub, seen.parts)
    except ModelCatalogError as error:
        if seen.lost:
            error.hint = "; ".join(text for text in (*dict.fromkeys(seen.lost), error.hint) if text)
        raise
    return found._replace(reasons=(*found.reasons, *dict.fromkeys(seen.lost)))


def _refuse_guess(name: ModelName) -> None:
    """Another model than was asked for is not taken: a slip of the pen is said, and a family has many."""
    if name.owner is not None:
        return
    found = catalog.resolve(name)
    if found.confidence != "guessed" or not found.exists:
        return
    meant = " or ".join(dict.fromkeys((found.repo_id, *found.alternatives)))
    if name.unknown or any(name.identity[1:4]):
        message, hint = f"no model is known by the name {name.source!r}", f"did you mean {meant}? Another repository is written as owner/name"
    else:
        message, hint = f"{name.source!r} is the name of a family, not of one model", f"choose one, such as {meant}"
    raise CheckpointNotFound(message, subject=name.source, hint=hint)


def check_revision(revision: str | None) -> None:
    """Refuse what git takes for no revision, before it becomes a path or an address.

    Raises:
        CheckpointNotFound: saying that it is none.
    """
    text = "" if revision is None else str(revision)
    outside = ".." in text or text.startswith(("/", "-")) or not set(text).isdisjoint(" ~^:?*[\\")
    if outside or not isinstance(revision, str | None) or len(text) > _LONGEST_REVISION or not text.isprintable():
        message = f"{text[:80]!r} is not a branch, tag or commit"
        raise CheckpointNotFound(message, subject=text[:80], hint="leave revision= out, or name one of the repository's branches, tags or commits")


def _closed(name: ModelName, hub: str | None) -> ClosedWeights | None:
    from modelcatalog.planning import remote  # as above

    try:
        remote.repository(name, hubs.get(hub) if hub else hubs.default())
    except ClosedWeights as error:
        return error
    return None


def _known(name: ModelName) -> bool:
    match = catalog.find(name.name or name.source)
    return match is not None and match.family is not None

"""Owns the lock file: the exact files of one checkpoint, by hash, and finding those again. Knows no engine.

It is JSON, so that any tool can read it: the hub, the commit, and each file's size and SHA-256 or git blob id.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from modelcatalog import catalog, writing
from modelcatalog.catalog.completing import titled
from modelcatalog.errors import CheckpointNotFound, HubUnreachable, IntegrityError, ModelCatalogError, Unsupported
from modelcatalog.hubs import HUBS, Copy, Listing, RemoteFile, local, paths, receipts
from modelcatalog.planning import programs
from modelcatalog.planning.choose import locked
from modelcatalog.planning.found import Located
from modelcatalog.planning.locate import locate_path

if TYPE_CHECKING:
    from modelcatalog.planning.found import Kept
    from modelcatalog.planning.record import Plan
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["Lock", "located", "lock_of", "read_lock", "write_lock"]


def _known(hub: str | None) -> str | None:
    if hub is not None and hub not in HUBS:
        message = f"there is no hub {hub!r}"
        raise ValueError(message)
    return hub


class Lock(BaseModel):
    """What `modelcatalog.load` loaded, so that it loads the same bytes again."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    modelcatalog_lock: Literal[1] = 1
    name: str
    hub: Annotated[str | None, AfterValidator(_known)] = None
    repo_id: str | None = None
    revision: str | None = None
    commit: str | None = None
    files: tuple[RemoteFile, ...]


def lock_of(plan: Plan) -> Lock:
    """The lock of a plan: hashes as its hub listed them, or of the files on this disk where no hub did.

    Raises:
        Unsupported: a server has the model.
    """
    if plan.served:
        message = f"{plan.name.source} is on a server, and has no files that could be locked"
        raise Unsupported(message, subject=plan.name.source, hint="give the name of a checkpoint that is loaded here")
    if plan.adapter is not None:
        message = f"{plan.name.source} is a model and an adapter, and a lock file holds the files of one checkpoint"
        raise Unsupported(message, subject=plan.name.source, hint="lock the model alone, and name the adapter at a commit: owner/name@COMMIT")
    files = plan.files
    if plan.path is not None:
        folder = Path(plan.path)
        files = tuple(f if f.sha256 or f.git_oid else f.model_copy(update={"sha256": receipts.digest(folder / f.path).removeprefix("sha256:")}) for f in files)
    return Lock(
        name=plan.name.source,
        hub=plan.hub,
        repo_id=plan.repo_id,
        revision=plan.revision,
        commit=plan.commit,
        files=files,
    )


def write_lock(plan: Plan, file: str | Path) -> Lock:
    """Write the lock of a plan to a file.

    Raises:
        Unsupported: the file cannot be written.
    """
    lock = lock_of(plan)
    writing.write(file, f"{lock.model_dump_json(indent=2, exclude_none=True)}\n".encode())
    return lock


def read_lock(file: str | Path) -> Lock:
    """Read a lock file.

    Raises:
        CheckpointNotFound: if there is none.
        IntegrityError: if it is something else.
        UnsafeRepository: if it names paths outside a repository.
    """
    try:
        lock = Lock.model_validate_json(Path(file).read_bytes())
    except OSError as error:
        message = f"there is no lock file {file}" if isinstance(error, FileNotFoundError) else f"{file} cannot be read: {error.strerror or error}"
        raise CheckpointNotFound(message, subject=str(file), hint="make one with: modelcatalog lock NAME") from error
    except ValidationError as error:
        message = f"{file} is not a lock file: {error.errors()[0]['msg']}"
        raise IntegrityError(message, subject=str(file), hint="make one with: modelcatalog lock NAME") from error
    # The repository and its commit become folders of a cache, as its files become files there.
    paths.check((*(f.path for f in lock.files), *filter(None, (lock.repo_id, lock.revision, lock.commit))), subject=str(file))
    return lock


def located(name: ModelName, path: Path | None, lock: Lock, request: Request) -> Located:
    """The locked files: at the path given, in the cache, or to be fetched from the hub of the lock.

    Raises:
        IntegrityError: if the lock is for another model, or the files there are others.
        HubUnreachable: if they are to be fetched, and requests are forbidden.
    """
    if path is None and name.source != lock.name and not name.same_model(catalog.parse(lock.name)):
        message = f"the lock file is for {lock.name}, not for {name.source}"
        raise IntegrityError(message, subject=name.source, hint="make a new one with: modelcatalog lock NAME")
    choice = locked(lock.files, subject=lock.name, code=request.trust_remote_code)
    reason = "the lock file names these files"
    other: IntegrityError | None = None
    for copy, kept in _copies(path, lock, request, name):
        lost = receipts.missing(copy.root, lock.files)
        if lost is None:
            held = copy._replace(files=lock.files, commit=lock.commit)
            headers = local.check_weights(held.root, [f.path for f in choice.weights])
            return Located(choice, (reason, f"all of them are in {copy.where}"), copy=held, headers=headers, kept=kept)
        if other is None and (path is not None or copy.hub is None):
            message = f"{lost.path} in {copy.root} is not the file that was locked"
            other = IntegrityError(message, subject=str(copy.root), hint="make a new lock file, or restore the file")
    if other is not None:
        raise other
    if lock.hub is None or lock.repo_id is None:
        message = f"the files that were locked for {lock.name} are not on this disk, and the lock names no hub"
        raise CheckpointNotFound(message, subject=lock.name, hint="lock it from a hub, or give the folder's path")
    hub = HUBS[lock.hub]
    if variable := hub.offline():
        message = f"the files that were locked for {lock.name} are not on this disk, and {variable} forbids asking"
        raise HubUnreachable(message, subject=lock.name, hint=f"unset {variable} once, to fetch them")
    wire = hub.wire()
    listing = Listing(
        hub=lock.hub,
        endpoint=wire.endpoint,
        repo_id=lock.repo_id,
        revision=lock.revision or lock.commit or hub.branch,
        commit=lock.commit,
        files=lock.files,
    )
    return Located(choice, (reason, f"they come from {lock.hub}"), listing=listing, hub=hub, wire=wire)


def _copies(path: Path | None, lock: Lock, request: Request, name: ModelName) -> list[tuple[Copy, Kept | None]]:
    """Where the files may lie, with what another program keeps beside them."""
    if path is not None:
        found = locate_path(path, request).copy
        return [(found, None)] if found else []
    if lock.hub is not None and lock.repo_id is not None:
        return [(copy, None) for copy in HUBS[lock.hub].cached(lock.repo_id, lock.commit or lock.revision)]
    try:
        here = [copy for copy in local.searched() if copy.title in {lock.name, lock.files[0].path} or _same(name, copy)]
    except ModelCatalogError:
        here = []
    return [(copy, None) for copy in here] or list(programs.holding(name, lock.files))


def _same(name: ModelName, copy: Copy) -> bool:
    said = titled(copy.title)
    return said is not None and name.same_model(said)

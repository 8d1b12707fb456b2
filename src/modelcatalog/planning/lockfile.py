"""Owns the lock file: the exact files of one checkpoint, by hash, and finding those again. Knows no engine.

It is JSON, so that any tool can read it: the hub, the commit, and each file's size and SHA-256 or git blob id.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from modelcatalog import catalog, hubs
from modelcatalog.errors import CheckpointNotFound, HubUnreachable, IntegrityError, ModelCatalogError
from modelcatalog.hubs import Listing, RemoteFile, huggingface, local, paths, receipts
from modelcatalog.planning.choose import locked
from modelcatalog.planning.locate import Located, Wanted, locate_path
from modelcatalog.records import Hub

if TYPE_CHECKING:
    from modelcatalog.planning.record import Plan
    from modelcatalog.records import ModelName

__all__ = ["Lock", "located", "lock_of", "read_lock", "write_lock"]


class Lock(BaseModel):
    """What `modelcatalog.load` loaded, so that it loads the same bytes again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modelcatalog_lock: Literal[1] = 1
    name: str
    hub: Hub | None = None
    repo_id: str | None = None
    revision: str | None = None
    commit: str | None = None
    files: tuple[RemoteFile, ...]


def lock_of(plan: Plan) -> Lock:
    """The lock of a plan: hashes as its hub listed them, or of the files on this disk where no hub did."""
    files = plan.files
    if plan.path is not None:
        folder = Path(plan.path)
        files = tuple(
            f if f.sha256 or f.git_oid else f.model_copy(update={"sha256": receipts.digest(folder / f.path)[7:]})
            for f in files
        )
    return Lock(
        name=plan.name.source,
        hub=plan.hub,
        repo_id=plan.repo_id,
        revision=plan.revision,
        commit=plan.commit,
        files=files,
    )


def write_lock(plan: Plan, file: str | Path) -> Lock:
    """Write the lock of a plan to a file."""
    lock = lock_of(plan)
    Path(file).write_text(lock.model_dump_json(indent=2, exclude_none=True) + "\n", encoding="utf-8")
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
        message = f"there is not a lock file {file}"
        raise CheckpointNotFound(message, subject=str(file), hint="make one with: modelcatalog lock NAME") from error
    except ValidationError as error:
        message = f"{file} is not a lock file: {error.errors()[0]['msg']}"
        raise IntegrityError(message, subject=str(file), hint="make one with: modelcatalog lock NAME") from error
    paths.check((f.path for f in lock.files), subject=str(file))
    return lock


def located(name: ModelName, path: Path | None, lock: Lock, wanted: Wanted) -> Located:
    """The locked files: at the path given, in the cache, or to be fetched from the hub of the lock.

    Raises:
        IntegrityError: if the lock is for another model, or the files there are others.
        HubUnreachable: if they are to be fetched, and requests are forbidden.
    """
    if path is None and name.source != lock.name and not name.same_model(catalog.parse(lock.name)):
        message = f"the lock file is for {lock.name}, not for {name.source}"
        raise IntegrityError(message, subject=name.source, hint="make a new one with: modelcatalog lock NAME")
    choice = locked(lock.files, subject=lock.name, code=wanted.code)
    reason = "the lock file names these files"
    for copy in _copies(path, lock, wanted, name):
        lost = receipts.missing(copy.root, lock.files)
        if lost is None:
            held = copy._replace(files=lock.files, commit=lock.commit)
            headers = local.check_weights(held.root, [f.path for f in choice.weights])
            return Located(choice, (reason, f"all of them are in {copy.where}"), copy=held, headers=headers)
        if path is not None or copy.hub is None:
            message = f"{lost.path} in {copy.root} is not the file that was locked"
            raise IntegrityError(message, subject=str(copy.root), hint="make a new lock file, or restore the file")
    if lock.hub is None or lock.repo_id is None:
        message = f"the files that were locked for {lock.name} are not on this disk, and the lock names no hub"
        raise CheckpointNotFound(message, subject=lock.name, hint="lock it from a hub, or give the folder's path")
    if lock.hub == "huggingface" and huggingface.offline():
        message = f"the files that were locked for {lock.name} are not on this disk, and HF_HUB_OFFLINE forbids asking"
        raise HubUnreachable(message, subject=lock.name, hint="unset HF_HUB_OFFLINE once, to fetch them")
    client = hubs.client(lock.hub)
    wire = client.wire()
    listing = Listing(
        hub=lock.hub,
        endpoint=wire.endpoint,
        repo_id=lock.repo_id,
        revision=lock.revision or lock.commit or "master",
        commit=lock.commit,
        files=lock.files,
    )
    return Located(choice, (reason, f"they come from {lock.hub}"), listing=listing, client=client, wire=wire)


def _copies(path: Path | None, lock: Lock, wanted: Wanted, name: ModelName) -> list[local.Copy]:
    if path is not None:
        found = locate_path(path, wanted).copy
        return [found] if found else []
    if lock.hub is not None and lock.repo_id is not None:
        revision = lock.commit or (lock.revision if lock.hub == "modelscope" else None)
        return list(local.cached(lock.hub, lock.repo_id, revision))
    try:
        return [copy for copy in local.searched() if copy.title in {lock.name, lock.files[0].path} or _same(name, copy)]
    except ModelCatalogError:
        return []


def _same(name: ModelName, copy: local.Copy) -> bool:
    return name.same_model(catalog.parse(copy.title[-1024:]))

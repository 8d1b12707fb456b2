"""Owns whether the files on this disk are the ones that a hub listed: hashes, checked once and remembered.

Knows no hub's routes. A receipt lies beside each snapshot in a hub's cache. It is written before a
download, so that an interrupted one never looks complete, and completed after the check.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from modelcatalog.errors import IntegrityError
from modelcatalog.hubs.files import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["absent", "check", "confirm", "digest", "expect", "expected", "from_blobs", "listed", "missing", "place"]

_CHUNK = 1 << 20
_WORKERS = 4
_LINKS = 8
_FOLDER = ".modelcatalog"


class _Checked(BaseModel):
    """A file as it was when its hash was right."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    digest: str
    size: int
    mtime_ns: int


class _Receipt(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)

    files: dict[str, RemoteFile] = {}
    checked: dict[str, _Checked] = {}
    listed: bool = False
    """Its files were chosen from a listing, so that no more of them are to be had."""


def place(folder: Path) -> Path:
    """Where the receipt of a snapshot lies: beside the snapshots, where no client looks.

    >>> place(Path("hub/models--a--b/snapshots/main")).as_posix()
    'hub/models--a--b/.modelcatalog/main.json'
    """
    if folder.parent.name == "snapshots":
        return folder.parent.parent / _FOLDER / f"{folder.name}.json"
    return folder / _FOLDER / "receipt.json"


def _read(folder: Path) -> _Receipt:
    try:
        return _Receipt.model_validate_json(place(folder).read_bytes())
    except (OSError, ValidationError):
        return _Receipt()


def _write(folder: Path, receipt: _Receipt) -> None:
    file = place(folder)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        draft.write_text(receipt.model_dump_json(exclude_none=True), encoding="utf-8")
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def expect(folder: Path, files: Sequence[RemoteFile]) -> None:
    """Note which files a download is to bring, before it begins."""
    before = _read(folder)
    wanted = {file.path: file for file in files}
    kept = {path: seen for path, seen in before.checked.items() if wanted.get(path) in {None, before.files.get(path)}}
    _write(folder, _Receipt(files=before.files | wanted, checked=kept, listed=True))


def confirm(folder: Path, files: Sequence[RemoteFile]) -> None:
    """Note that a hub lists these files, all of which are there, and no more that belong to them."""
    before = _read(folder)
    with suppress(OSError):  # a cache that may only be read is asked about again
        _write(folder, before.model_copy(update={"files": before.files | {file.path: file for file in files}, "listed": True}))


def listed(folder: Path) -> bool:
    """Whether the files of a snapshot were chosen from a listing."""
    return _read(folder).listed


def expected(folder: Path) -> tuple[RemoteFile, ...]:
    """The files that downloads into this snapshot were to bring, as the hub listed them; empty without a receipt."""
    return tuple(_read(folder).files.values())


def absent(folder: Path, files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Those of ``files`` that are not there at their full size."""

    def lost(file: RemoteFile) -> bool:
        try:
            return (folder / file.path).stat().st_size != file.size
        except OSError:
            return True

    return tuple(file for file in files if lost(file))


def missing(folder: Path, files: Sequence[RemoteFile]) -> RemoteFile | None:
    """The first of ``files`` that is not there at its full size."""
    return next(iter(absent(folder, files)), None)


def digest(path: Path, *, like: str = "sha256") -> str:
    """The SHA-256 of a file, or its git blob id with ``like="git"``.

    >>> digest(Path(os.devnull), like="git")
    'git:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    with path.open("rb") as file:
        if like == "sha256":
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        # Git's own hash: not a choice, and collisions are found by the hub's git.
        total = hashlib.sha1(b"blob %d\0" % os.fstat(file.fileno()).st_size, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return f"git:{total.hexdigest()}"


def _listed(file: RemoteFile) -> str | None:
    if file.sha256:
        return f"sha256:{file.sha256.lower()}"
    return f"git:{file.git_oid.lower()}" if file.git_oid else None


def check(folder: Path, files: Sequence[RemoteFile], *, subject: str, ours: bool = True) -> None:
    """Check each file's size and hash against its listing; files that were right before and are unchanged count.

    Args:
        folder: Where the files lie.
        files: The files as listed; one without a hash is checked for its size.
        subject: The repository, for messages.
        ours: Whether the folder is in a hub's cache: then the result is remembered, and a wrong file removed.

    Raises:
        IntegrityError: naming the first file that is missing, cut off or different.
    """
    receipt = _read(folder) if ours else _Receipt()
    checked = dict(receipt.checked)

    def wrong(file: RemoteFile) -> str | None:
        path = folder / file.path
        try:
            status = path.stat()
        except OSError:
            return "is missing"
        if status.st_size != file.size:
            return f"has {status.st_size:,} bytes, not {file.size:,} as listed"
        wanted = _listed(file)
        if wanted is None:
            return None
        seen = _Checked(digest=wanted, size=status.st_size, mtime_ns=status.st_mtime_ns)
        if checked.get(file.path) == seen:
            return None
        if digest(path, like=wanted.partition(":")[0]) != wanted:
            return "has other bytes than listed: the hash is wrong"
        checked[file.path] = seen
        return None

    from concurrent.futures import ThreadPoolExecutor  # most files were hashed when they came

    with ThreadPoolExecutor(_WORKERS) as pool:
        verdicts = list(pool.map(wrong, files))
    bad = [(file, said) for file, said in zip(files, verdicts, strict=True) if said]
    kept = _note(folder, receipt, files, checked, [file for file, _ in bad]) if ours else []
    if bad:
        file, said = bad[0]
        message = f"{file.path} of {subject} {said}"
        hint = "it was removed; load again to fetch a new copy" if ours else "fetch it again, or make a new lock file"
        if kept:
            hint = f"{kept[0]} could not be removed: remove it, then load again"
        raise IntegrityError(message, subject=f"{subject}/{file.path}", hint=hint)


def _note(folder: Path, before: _Receipt, files: Sequence[RemoteFile], checked: dict[str, _Checked], bad: list[RemoteFile]) -> list[Path]:
    """Remember what was right, and remove what was not; what could not be removed."""
    kept: list[Path] = []
    for file in bad:
        checked.pop(file.path, None)
        kept += _remove(folder, file)
    if checked != before.checked:
        # A cache that may only be read works too; it is checked each time.
        with suppress(OSError):
            _write(folder, before.model_copy(update={"files": before.files | {f.path: f for f in files}, "checked": checked}))
    return kept


def _remove(folder: Path, file: RemoteFile) -> list[Path]:
    """Remove a file of a cache with all that its bytes would come back from; what could not be removed.

    huggingface_hub links snapshots to blobs, and blobs to a store that repositories share. Where links are not to be
    had it copies, and a wrong copy may have been made of a wrong blob.
    """
    roots = [folder]
    if folder.parent.name == "snapshots":
        repository = folder.parent.parent
        # Either may itself be a link, to a larger disk.
        roots = [repository, repository.parent, repository / "blobs", repository.parent / "blobs"]
    within = tuple(os.path.realpath(root) + os.sep for root in roots)
    doomed = _chain(folder / file.path, within)
    for name in (file.sha256, file.git_oid):
        blob = folder.parent.parent / "blobs" / str(name)
        if name and len(roots) > 1 and _differs(blob, file):
            doomed += [path for path in _chain(blob, within) if path not in doomed]
    kept = []
    # The bytes first: a link that is left leads nowhere, which every client takes for a file that is not there.
    for path in reversed(doomed):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            kept.append(path)
    return kept


def _chain(path: Path, within: tuple[str, ...]) -> list[Path]:
    """A file, and what it leads to by links, one after the other, as far as that lies in these folders."""
    found: list[Path] = []
    while path not in found and len(found) < _LINKS:
        # The folder's links are followed, the last part's are not: a link itself is to be removed.
        real = Path(os.path.realpath(path.parent), path.name)
        if not str(real).startswith(within):
            break
        found.append(real)
        try:
            path = real.parent / real.readlink()
        except OSError:
            break
    return found


def _differs(blob: Path, file: RemoteFile) -> bool:
    wanted = _listed(file)
    try:
        return wanted is not None and digest(blob, like=wanted.partition(":")[0]) != wanted
    except OSError:
        return False


def from_blobs(folder: Path, files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Add the hashes that huggingface_hub's cache holds: each file is a link to a blob that is named by its hash."""
    return tuple(_from_blob(folder, file) for file in files)


def _from_blob(folder: Path, file: RemoteFile) -> RemoteFile:
    try:
        name = Path((folder / file.path).readlink()).name
    except OSError:
        return file
    if not all(c in "0123456789abcdef" for c in name):
        return file
    kind = {64: "sha256", 40: "git_oid"}.get(len(name))
    return file.model_copy(update={kind: name}) if kind else file

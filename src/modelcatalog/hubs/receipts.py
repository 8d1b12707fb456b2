"""Owns whether the files on this disk are the ones that a hub listed: hashes, checked once and remembered.

Knows no hub's routes. A receipt lies beside each snapshot in a hub's cache. It is written before a
download, so that an interrupted one never looks complete, and completed after the check.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from modelcatalog.errors import IntegrityError
from modelcatalog.hubs import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check", "digest", "expect", "expected", "from_blobs", "missing", "place"]

_CHUNK = 1 << 20
_WORKERS = 4
_FOLDER = ".modelcatalog"


class _Checked(BaseModel):
    """A file as it was when its hash was right."""

    model_config = ConfigDict(frozen=True)

    digest: str
    size: int
    mtime_ns: int


class _Receipt(BaseModel):
    model_config = ConfigDict(frozen=True)

    files: dict[str, RemoteFile] = {}
    checked: dict[str, _Checked] = {}


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
    _write(folder, _Receipt(files=before.files | wanted, checked=kept))


def expected(folder: Path) -> tuple[RemoteFile, ...]:
    """The files that downloads into this snapshot were to bring, as the hub listed them; empty without a receipt."""
    return tuple(_read(folder).files.values())


def missing(folder: Path, files: Sequence[RemoteFile]) -> RemoteFile | None:
    """The first of ``files`` that is not there at its full size."""
    for file in files:
        try:
            if (folder / file.path).stat().st_size != file.size:
                return file
        except OSError:
            return file
    return None


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

    with ThreadPoolExecutor(_WORKERS) as pool:
        verdicts = list(pool.map(wrong, files))
    bad = [(file, said) for file, said in zip(files, verdicts, strict=True) if said]
    if ours:
        _note(folder, receipt, files, checked, [file for file, _ in bad])
    if bad:
        file, said = bad[0]
        message = f"{file.path} of {subject} {said}"
        hint = "it was removed; load again to fetch it anew" if ours else "fetch it again, or make a new lock file"
        raise IntegrityError(message, subject=f"{subject}/{file.path}", hint=hint)


def _note(
    folder: Path, before: _Receipt, files: Sequence[RemoteFile], checked: dict[str, _Checked], bad: list[RemoteFile]
) -> None:
    """Remember what was right, and remove what was not."""
    for file in bad:
        checked.pop(file.path, None)
        _remove(folder / file.path)
    if checked != before.checked:
        # A cache that may only be read works too; it is checked each time.
        with suppress(OSError):
            _write(folder, _Receipt(files=before.files | {f.path: f for f in files}, checked=checked))


def _remove(path: Path) -> None:
    """Remove a file of a cache, and the blob that it points at."""
    with suppress(OSError):
        if path.is_symlink():
            target = path.resolve()
            if target.parent.name == "blobs":
                target.unlink(missing_ok=True)
        path.unlink(missing_ok=True)


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


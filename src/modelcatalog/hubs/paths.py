"""Owns paths: which of a listing may be written to disk, whether the disk took them, what lies in a folder. Knows no hub."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from modelcatalog.errors import UnsafeRepository
from modelcatalog.hubs.files import RemoteFile
from modelcatalog.records import trusted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "MOST_FILES", "below", "changed", "check", "disk_full", "folders", "gone", "is_file", "is_folder", "listed", "refuse_many", "seen", "sized",
]  # fmt: skip

seen = trusted(RemoteFile)
"""A file on this disk, which is what it is."""
MOST_FILES = 20_000
"""More entries than any model repository has; a longer listing is an attack or no model."""

_LONGEST = 512


def check(paths: Iterable[str], *, subject: str) -> None:
    """Refuse a listing that names a path outside its repository, or one with control characters.

    Raises:
        UnsafeRepository: naming the first such path.

    >>> check(["config.json", "onnx/model.onnx"], subject="a/b")
    >>> check(["../../.bashrc"], subject="a/b")
    Traceback (most recent call last):
    modelcatalog.errors.UnsafeRepository: a/b lists a path outside itself: '../../.bashrc'
      do not use this repository
    """
    for seen, path in enumerate(paths):
        if seen >= MOST_FILES:
            refuse_many(subject)
        parts = path.split("/")
        if ".." in parts or "\\" in path or path.startswith(("/", "~")) or (len(path) > 1 and path[1] == ":"):
            message = f"{subject} lists a path outside itself: {path[:80]!r}"
            raise UnsafeRepository(message, subject=subject, hint="do not use this repository")
        if not path or len(path) > _LONGEST or any(part in {"", "."} for part in parts) or not path.isprintable():
            message = f"{subject} lists a path that is not a file name: {path[:80]!r}"
            raise UnsafeRepository(message, subject=subject, hint="do not use this repository")


def refuse_many(subject: str, counted: str = "") -> NoReturn:
    """Refuse a listing of too many files.

    >>> refuse_many("a/b", "21,000 on its first 21 pages")
    Traceback (most recent call last):
    modelcatalog.errors.UnsafeRepository: a/b lists more than 20,000 files: 21,000 on its first 21 pages
      no model has so many: name a repository of one model
    """
    message = f"{subject} lists more than {MOST_FILES:,} files{f': {counted}' if counted else ''}"
    raise UnsafeRepository(message, subject=subject, hint="no model has so many: name a repository of one model")


def is_file(kind: str | None, *, subject: str) -> bool:
    """Whether an entry of a listing is a file, by what its hub calls it.

    Raises:
        UnsafeRepository: if it is neither a file nor a folder: a link, a device.

    >>> is_file("blob", subject="a/b"), is_file("directory", subject="a/b")
    (True, False)
    """
    if kind in {"file", "blob", None}:
        return True
    if kind in {"directory", "tree"}:
        return False
    message = f"{subject} lists something that is neither file nor folder: {str(kind)[:40]!r}"
    raise UnsafeRepository(message, subject=subject, hint="do not use this repository")


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def disk_full(error: BaseException | None) -> bool:
    """Whether a full disk, a quota or a file size limit is behind an error, however often it was wrapped.

    >>> disk_full(OSError(errno.ENOSPC, "No space left on device"))
    True
    """
    for _ in range(10):
        if error is None:
            return False
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


_DEPTH = 4
_SKIPPED = frozenset({".git", ".locks", "__pycache__", "node_modules", "blobs"})


def below(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """A folder and those in it, some levels deep: each with its folders, which may be cut down, and its files' names."""
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        inner[:] = sorted(f for f in inner if f not in _SKIPPED and not f.startswith(".") and depth < _DEPTH)
        yield here, inner, sorted(names)


def listed(root: Path) -> tuple[RemoteFile, ...]:
    """The files in a folder, with their sizes."""
    return sized((here / name for here, _, names in below(root) for name in names), root)


def sized(files: Iterable[Path], root: Path) -> tuple[RemoteFile, ...]:
    """Files below a folder, with their sizes; without broken links and what may not be looked at."""
    return tuple(seen(path=file.relative_to(root).as_posix(), size=size) for file in files if (size := _size(file)) is not None)


def gone(root: Path) -> tuple[str, ...]:
    """The names in a folder that are links to nothing, as a cache leaves them whose blobs were removed."""
    try:
        with os.scandir(root) as entries:
            return tuple(sorted(entry.name for entry in entries if entry.is_symlink() and _size(Path(entry.path)) is None and not entry.is_dir()))
    except OSError:
        return ()


def _size(file: Path) -> int | None:
    """A file's size; None for a broken link, as a cleaned cache leaves it, and for what may not be looked at."""
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_size if stat.S_ISREG(state.st_mode) else None


def changed(path: Path) -> float:
    """When a file or folder was last changed, in seconds; 0 of one that has gone, as in a cache that is being cleaned."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; of a name that is too long for one, which pathlib before Python 3.14 fails on, there is not."""
    return os.path.isdir(path)  # noqa: PTH112


def folders(root: Path) -> list[Path]:
    """The folders in a folder; none where there is no such folder."""
    try:
        return sorted(filter(is_folder, root.iterdir()))
    except OSError:
        return []

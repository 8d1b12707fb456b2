"""Owns looking at a folder of somebody else's: files with what their disk says of them, read only, whatever lies there.

Links are followed as the programs that keep such folders follow them, each folder once. What cannot be read is a
note; nothing that lies on a disk is an exception here.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["File", "Seen", "entries", "file", "json_of", "look"]

_DEPTH = 8
_MOST = 200_000
_LARGEST_JSON = 8_000_000
_UNFINISHED = (".incomplete", ".part", ".partial", ".downloadinprogress", ".download", ".aria2", ".crdownload", ".tmp")


class File(NamedTuple):
    """A file, or what a link leads to."""

    name: str
    """The path in the folder that was looked at, ``/``-separated."""
    path: str
    size: int
    inode: tuple[int, int]
    """What two links to the same bytes have in common."""
    used: float
    """When it was last read or written, as far as the disk notes that, in seconds since 1970."""
    blob: str = ""
    """The last part of what a link leads to; empty for a file."""
    sha256: str | None = None


class Seen(NamedTuple):
    """What lies in a folder."""

    files: tuple[File, ...] = ()
    broken: tuple[str, ...] = ()
    """Links that lead nowhere, by their paths in the folder."""
    unfinished: tuple[File, ...] = ()
    """Files whose names say that a download has not ended."""


def file(path: str, name: str, *, link: bool) -> File | None:
    """The file at a path; None where there is none.

    Raises:
        OSError: if it cannot be looked at.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  thousands of them
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    blob = os.path.basename(os.readlink(path)) if link else ""  # noqa: PTH115, PTH119  as above
    return File(name, path, status.st_size, (status.st_dev, status.st_ino), max(status.st_atime, status.st_mtime), blob)


def entries(folder: Path | str, notes: list[str]) -> list[os.DirEntry[str]]:
    """What stands in a folder, by name; nothing, and a note, where it cannot be read; nothing where there is none."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        notes.append(f"{folder} cannot be read: {error.strerror or error}")
        return []


def look(root: Path | str, notes: list[str], *, deep: int = _DEPTH) -> Seen:
    """Everything in a folder and those below it; what begins with a dot is a client's own."""
    files: list[File] = []
    broken: list[str] = []
    unfinished: list[File] = []
    for entry, name in _walk(str(root), notes, deep):
        try:
            one = file(entry.path, name, link=entry.is_symlink())
        except OSError as error:
            notes.append(f"{entry.path} cannot be read: {error.strerror or error}")
            continue
        if one is None:
            if entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110  as above
                broken.append(name)
        elif name.lower().endswith(_UNFINISHED):
            unfinished.append(one)
        else:
            files.append(one)
        if len(files) >= _MOST:
            notes.append(f"{root} holds more than {_MOST:,} files; the rest was left out")
            break
    return Seen(tuple(files), tuple(broken), tuple(unfinished))


def _walk(root: str, notes: list[str], deep: int) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Each entry that is not a folder, with its path below the root."""
    known: set[tuple[int, int]] = set()
    waiting = [(root, "", 0)]
    while waiting:
        folder, before, depth = waiting.pop()
        inner = []
        for entry in entries(folder, notes):
            if entry.name.startswith("."):
                continue
            try:
                nested = entry.is_dir()
                # A link may lead back up: each folder is looked at once.
                status = entry.stat() if nested and entry.is_symlink() else None
            except OSError as error:
                notes.append(f"{entry.path} cannot be read: {error.strerror or error}")
                continue
            if not nested:
                yield entry, before + entry.name
                continue
            if status is not None:
                here = (status.st_dev, status.st_ino)
                there = os.path.realpath(entry.path) + os.sep
                if here in known or f"{os.path.realpath(root)}{os.sep}".startswith(there):
                    continue
                known.add(here)
            if depth < deep:
                inner.append((entry.path, f"{before}{entry.name}/", depth + 1))
        waiting += reversed(inner)


def json_of(path: Path | str, notes: list[str], *, largest: int = _LARGEST_JSON) -> dict[str, Any] | None:
    """The JSON object in a file; None, and a note, where there is none that can be read."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123  as above
            text = stream.read(largest + 1)
        if len(text) > largest:
            notes.append(f"{path} is larger than {largest:,} bytes, and was not read")
            return None
        found = json.loads(text)
    except OSError as error:
        notes.append(f"{path} cannot be read: {error.strerror or error}")
        return None
    except (ValueError, RecursionError):
        notes.append(f"{path} is not JSON")
        return None
    if not isinstance(found, dict):
        notes.append(f"{path} is not a JSON object")
        return None
    return found

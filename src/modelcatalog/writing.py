"""Owns writing a file that was asked for: a lock, a conversation, a picture. Knows not what stands in it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from modelcatalog.errors import Unsupported

__all__ = ["write"]

_OPEN = {("/", "dev"), ("/", "proc")}
"""Where the names of what is open already lie: ``/dev/stdout`` may be a file."""
_FIXED = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY})
"""Why a file that may be written cannot be replaced: its folder's rights, or it is mounted by itself, as into a container."""


def write(file: str | Path, data: bytes) -> None:
    """Write a file, which has all of it in the end, or what it had before.

    A link stays one, and a file keeps its rights. A pipe, or ``/dev/stdout``, is written to as it is.

    Raises:
        Unsupported: the file cannot be written.
    """
    place = Path(file)
    try:
        if place.exists() and (not place.is_file() or place.parts[:2] in _OPEN):
            place.write_bytes(data)
        else:
            _write(Path(os.path.realpath(place)), data)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror or error}"
        raise Unsupported(message, subject=str(file), hint="save it somewhere else") from error


def _write(place: Path, data: bytes) -> None:
    there = place.exists()
    if there and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    new = place.with_name(f".{place.name}.{os.getpid()}.new")
    try:
        new.write_bytes(data)
        if there:
            new.chmod(place.stat().st_mode & 0o7777)
        new.replace(place)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        if not there or error.errno not in _FIXED:
            raise
        place.write_bytes(data)

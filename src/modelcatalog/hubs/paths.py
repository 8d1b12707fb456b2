"""Owns which paths of a listing may be written to disk. Knows no hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import UnsafeRepository

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST_FILES", "check"]

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
    """
    for seen, path in enumerate(paths):
        if seen >= MOST_FILES:
            message = f"{subject} lists more than {MOST_FILES:,} files"
            raise UnsafeRepository(message, subject=subject)
        parts = path.split("/")
        if ".." in parts or "\\" in path or path.startswith(("/", "~")) or (len(path) > 1 and path[1] == ":"):
            message = f"{subject} lists a path outside itself: {path[:80]!r}"
            raise UnsafeRepository(message, subject=subject)
        if not path or len(path) > _LONGEST or any(part in {"", "."} for part in parts) or not path.isprintable():
            message = f"{subject} lists a path that is no file name: {path[:80]!r}"
            raise UnsafeRepository(message, subject=subject)

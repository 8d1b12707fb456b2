"""Owns how much of a Mac's memory its GPU may have: what Metal says, what the user set, or the usual share. Imports no large package."""

from __future__ import annotations

import sys
from datetime import date  # noqa: TC003  read when the file is held against its form
from typing import Any, NamedTuple

from modelcatalog.planning import ram
from modelcatalog.shipped import DataFile

__all__ = ["left"]

_GIB = 1 << 30


class _Share(NamedTuple):
    of: float
    printed: str
    sources: tuple[str, ...]
    up_to: int | None = None
    """GiB of the machine; None is all that are larger."""


class _File(NamedTuple):
    checked: date
    share: tuple[_Share, ...]


shares = DataFile("metal.toml", _File, _Share)


def left(total: int, *, here: bool = False) -> int:
    """Bytes that the GPU of a Mac with so much memory may use.

    Args:
        total: The machine's memory.
        here: Whether it is this machine: then its own settings count, and what a loaded MLX was told by Metal.

    >>> left(16 << 30) >> 20, left(64 << 30) >> 20
    (10923, 49152)
    """
    usual = round(total * next(one.of for one in shares().share if one.up_to is None or total <= one.up_to * _GIB))
    if not here:
        return usual
    set_by_user = ram.sysctl("iogpu.wired_limit_mb")
    if set_by_user.isdecimal() and int(set_by_user):
        return int(set_by_user) << 20
    return _told(sys.modules.get("mlx.core")) or usual


def _told(loaded: Any) -> int | None:
    """What Metal advises, by an MLX that is loaded already."""
    try:
        return int(loaded.device_info()["max_recommended_working_set_size"])
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
        return None

"""Owns where the user's copy of what others keep lies, and whether there is one. Knows not what it says.

Nobody has it who never ran `modelcatalog update`, and for them this costs one look at one file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["FILE", "VARIABLE", "Found", "find", "folder"]

VARIABLE = "MODELCATALOG_UPDATES"
"""Names another folder, or switches it off."""
FILE = "updates.json"
_OFF = frozenset({"0", "off", "no", "false", "none"})


def folder() -> Path | None:
    """Where it lies: ``MODELCATALOG_UPDATES``, else the user's data folder as platformdirs has it; None where it is switched off."""
    given = os.environ.get(VARIABLE, "").strip()
    if given.lower() in _OFF:
        return None
    if given:
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        given = os.environ.get("XDG_DATA_HOME", "").strip()
        base = given if given.startswith("/") else "~/.local/share"  # its specification wants a relative one to be ignored
    try:
        return Path(base).expanduser() / "modelcatalog"
    except RuntimeError:  # there is no home
        return None


class Found(NamedTuple):
    """The file, as a look at its folder shows it."""

    place: Path
    size: int
    written: int
    """Nanoseconds."""


def find() -> Found | None:
    """The user's file; None where there is none."""
    home = folder()
    if home is None:
        return None
    place = os.path.join(home, FILE)  # noqa: PTH118  pathlib takes longer than the look
    try:
        seen = os.stat(place)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return Found(Path(place), seen.st_size, seen.st_mtime_ns)

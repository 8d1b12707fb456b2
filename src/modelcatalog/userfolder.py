"""Owns where the user's own files lie: the copy of what others keep, data of one's own, and tables made of that. Knows not what they say.

Nobody has a copy who never ran `modelcatalog update`, and for them this costs one look at one file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DATA", "FILE", "TABLES", "VARIABLE", "Found", "at_home", "data_files", "find", "folder", "places", "tables"]

VARIABLE = "MODELCATALOG_UPDATES"
"""Names another folder, or switches it off."""
TABLES = "MODELCATALOG_TABLES"
"""The same for the tables."""
DATA = "MODELCATALOG_DATA"
"""Names files and folders of data."""
FILE = "updates.json"
_OFF = frozenset({"0", "off", "no", "false", "none"})


def folder() -> Path | None:
    """Where the copy lies: ``MODELCATALOG_UPDATES``, else the user's data folder as platformdirs has it; None where it is switched off."""
    return _folder(VARIABLE, ("LOCALAPPDATA", "~/AppData/Local", ""), "~/Library/Application Support", ("XDG_DATA_HOME", "~/.local/share"))


def tables() -> Path | None:
    """Where tables lie that cannot lie in the package: ``MODELCATALOG_TABLES``, else in the user's cache folder; None where that is switched off."""
    return _folder(TABLES, ("LOCALAPPDATA", "~/AppData/Local", "Cache"), "~/Library/Caches", ("XDG_CACHE_HOME", "~/.cache"))


def _folder(variable: str, windows: tuple[str, str, str], mac: str, others: tuple[str, str]) -> Path | None:
    given = os.environ.get(variable, "").strip()
    if given.lower() in _OFF:
        return None
    below = ""
    if given:
        base = given
    elif sys.platform == "win32":
        base, below = os.environ.get(windows[0]) or windows[1], windows[2]
    elif sys.platform == "darwin":
        base = mac
    else:
        said = os.environ.get(others[0], "").strip()
        base = said if said.startswith("/") else others[1]  # its specification wants a relative one to be ignored
    try:
        place = Path(base).expanduser()
    except RuntimeError:  # there is no home
        return None
    return place if given else place / "modelcatalog" / below


def places() -> list[Path]:
    """What ``MODELCATALOG_DATA`` names, in its order."""
    return [at_home(place) for place in os.environ.get(DATA, "").split(os.pathsep) if place]


def at_home(place: str | Path) -> Path:
    """A path with its ``~`` meant as shells mean it, and as it stands where there is no home, as for a user without a name in a container."""
    try:
        return Path(place).expanduser()
    except RuntimeError:  # there is no home
        return Path(place)


def data_files(place: Path) -> Iterator[Path]:
    """The files of data in one of these, in the order in which they are read."""
    yield from sorted(place.glob("*.toml")) if place.is_dir() else [place]


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

"""Owns how much RAM there is and is free, inside a container's limits, on Linux, macOS and Windows. Imports no large package.

psutil is asked where it is installed and the system tells nothing itself.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from modelcatalog import later

__all__ = ["free_ram", "macos_available", "sysctl", "total_ram"]

_SYSTEM = Path("/")
_PAGES = later.pattern(r"^Pages (free|inactive|speculative|purgeable):\s+(\d+)\.", re.MULTILINE)
_PAGE_SIZE = later.pattern(r"page size of (\d+) bytes")
_NO_LIMIT = 1 << 60
"""cgroup v1 writes a huge number where there is no limit."""


def free_ram(system: Path = _SYSTEM) -> int | None:
    """Bytes of RAM that a new process can use, inside its container's limit; None where nobody tells.

    Args:
        system: Where /proc and /sys are.
    """
    free = _available(system)
    room = _room(system)
    return room if free is None else free if room is None else min(free, room)


def total_ram(system: Path = _SYSTEM) -> int | None:
    """Bytes of RAM that the machine has; None where nobody tells."""
    if (total := _meminfo(system, "MemTotal")) is not None:
        return total
    if sys.platform == "darwin":
        return _number(sysctl("hw.memsize"))
    if (windows := _windows()) is not None:
        return windows.total
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _available(system: Path) -> int | None:
    """What the system itself says is available."""
    if (free := _meminfo(system, "MemAvailable")) is not None:
        return free
    if sys.platform == "darwin":
        return macos_available(_run("vm_stat"))
    if (windows := _windows()) is not None:
        return windows.available
    try:
        return int(import_module("psutil").virtual_memory().available)
    except (ImportError, OSError, AttributeError):
        return total_ram(system)


def _meminfo(system: Path, key: str) -> int | None:
    try:
        for line in (system / "proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def macos_available(text: str) -> int | None:
    r"""Bytes that ``vm_stat`` says a process can have: free pages, and those that are given back when asked for.

    >>> macos_available("(page size of 16384 bytes)\nPages free:   10.\nPages inactive:   5.\nPages active:  9.\n")
    245760
    """
    size = _PAGE_SIZE.search(text)
    pages = {name: int(count) for name, count in _PAGES.findall(text)}
    return int(size[1]) * sum(pages.values()) if size and pages else None


def sysctl(name: str) -> str:
    """What a Mac says under a name; empty where it says nothing."""
    return _run("sysctl", "-n", name).strip()


def _run(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=3, check=False).stdout  # noqa: S603  fixed words
    except (OSError, subprocess.SubprocessError):
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


class _Status(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("total", ctypes.c_ulonglong), ("available", ctypes.c_ulonglong),
        ("total_page", ctypes.c_ulonglong), ("available_page", ctypes.c_ulonglong), ("total_virtual", ctypes.c_ulonglong),
        ("available_virtual", ctypes.c_ulonglong), ("extended", ctypes.c_ulonglong),
    )  # fmt: skip


class _Windows(NamedTuple):
    total: int
    available: int


def _windows() -> _Windows | None:
    library = getattr(ctypes, "windll", None)
    if library is None:
        return None
    status = _Status()
    status.length = ctypes.sizeof(_Status)
    return _Windows(int(status.total), int(status.available)) if library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None


# Containers --------------------------------------------------------------------------------------


def _room(system: Path) -> int | None:
    """Bytes below the tightest limit of this process's control groups and of all above them; None where there is none."""
    rooms = [room for folder, names in _groups(system) if (room := _left(folder, *names)) is not None]
    return min(rooms, default=None)


_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ", "total_active_file ")
_V2 = ("memory.max", "memory.current", "inactive_file ", "active_file ")


def _groups(system: Path) -> list[tuple[Path, tuple[str, str, str, str]]]:
    """The folders that may limit this process; in a container its own group is the root of what it sees."""
    base = system / "sys/fs/cgroup"
    two, one = "", ""
    try:
        for line in (system / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0" and not controllers:
                two = path
            elif "memory" in controllers.split(","):
                one = path
    except (OSError, ValueError):
        pass
    found = []
    for root, path, names in ((base, two, _V2), (base / "memory", one, _V1)):
        parts = [part for part in path.split("/") if part and part != ".."]
        found += [(root.joinpath(*parts[:many]), names) for many in range(len(parts) + 1)]
    return found


def _left(folder: Path, limit_name: str, used_name: str, *given_back: str) -> int | None:
    try:
        limit = int((folder / limit_name).read_text(encoding="ascii"))
        used = int((folder / used_name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    if limit >= _NO_LIMIT:
        return None
    pages = 0
    try:
        # Files' pages are counted as used and given back when memory is asked for.
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        pages = sum(int(line.split()[1]) for line in lines if line.startswith(given_back))
    except (OSError, ValueError, IndexError):
        pass
    return max(0, min(limit, limit - used + pages))

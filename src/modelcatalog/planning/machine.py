"""Owns what this machine has for a plan: its GPUs, free RAM and free disk. Imports neither torch nor any other large package."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from modelcatalog.planning import accelerators, ram
from modelcatalog.planning.accelerators import Gpu

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Gpu", "free_disk", "free_ram", "gpus"]


def gpus() -> tuple[Gpu, ...]:
    """The GPUs that this process sees; empty where no driver tells of one."""
    return accelerators.visible()


def free_ram() -> int | None:
    """Bytes of RAM that a new process can use, inside its container's limit; None where nobody tells."""
    return ram.free_ram()


def free_disk(folder: Path) -> int | None:
    """Bytes free on the disk where ``folder`` lies or will lie."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None

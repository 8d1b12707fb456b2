"""Owns how much memory and disk is free on this machine. Imports neither torch nor any other large package."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import NamedTuple

__all__ = ["Gpu", "free_disk", "free_ram", "gpus"]


class Gpu(NamedTuple):
    """One visible GPU; memory in bytes."""

    name: str
    free: int
    total: int
    capability: tuple[int, int] | None = None
    """The compute capability: (9, 0) is sm_90; None where the driver does not tell."""


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def gpus() -> tuple[Gpu, ...]:
    """The NVIDIA GPUs that ``CUDA_VISIBLE_DEVICES`` leaves visible; empty without a driver.

    Asked of the driver's own library: importing torch to ask costs seconds, and may not be possible.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in {"", "-1"}:
        return ()
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1" if os.name == "posix" else "nvml.dll")
    except OSError:
        return ()
    if nvml.nvmlInit_v2() != 0:
        return ()
    try:
        count = ctypes.c_uint()
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        wanted = visible.split(",") if visible is not None else [str(i) for i in range(count.value)]
        found = []
        for one in wanted:
            # As CUDA does: the first that is not a GPU ends the list.
            if (gpu := _gpu(nvml, one.strip())) is None:
                break
            found.append(gpu)
        return tuple(found)
    finally:
        nvml.nvmlShutdown()


def _gpu(nvml: ctypes.CDLL, which: str) -> Gpu | None:
    """A GPU by its number, or by its UUID (``GPU-…``, ``MIG-…``)."""
    handle, memory, name = ctypes.c_void_p(), _Memory(), ctypes.create_string_buffer(96)
    if which.isdigit():
        missed = nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(which)), ctypes.byref(handle))
    else:
        missed = nvml.nvmlDeviceGetHandleByUUID(ctypes.c_char_p(which.encode()), ctypes.byref(handle))
    if missed != 0:
        return None
    if nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) != 0:
        return None
    nvml.nvmlDeviceGetName(handle, name, ctypes.c_uint(96))
    major, minor = ctypes.c_int(), ctypes.c_int()
    told = nvml.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor)) == 0
    capability = (major.value, minor.value) if told else None
    return Gpu(name.value.decode(errors="replace"), int(memory.free), int(memory.total), capability)


def free_ram() -> int | None:
    """Bytes of RAM that a new process can use, inside its container's limit; None where nobody tells."""
    free: int | None = None
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
    except (OSError, ValueError):
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (AttributeError, ValueError, OSError):
            return None
    limit = _container("memory.max", "memory/memory.limit_in_bytes")
    used = _container("memory.current", "memory/memory.usage_in_bytes")
    if free is not None and limit is not None and used is not None:
        free = min(free, max(0, limit - used + _page_cache()))
    return free


def _page_cache() -> int:
    """Bytes of files that the container's ``used`` counts and that are given back when memory is asked for."""
    try:
        lines = Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "active_file ")))
    except (OSError, ValueError, IndexError):
        return 0


def _container(*names: str) -> int | None:
    for name in names:
        try:
            return int(Path("/sys/fs/cgroup", name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def free_disk(folder: Path) -> int | None:
    """Bytes free on the disk where ``folder`` lies or will lie."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None

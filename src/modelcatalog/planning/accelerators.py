"""Owns which GPUs there are: NVIDIA's by the driver's library, AMD's and Intel's by /sys, Apple's by the system. Imports no torch.

A torch that is imported already is asked too: it knows best whether it can use them.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.planning import installed, metal, ram

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Gpu", "amd", "apple", "intel", "named", "nvidia", "visible"]

_LIBRARIES = ("libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1") if os.name == "posix" else ("nvml.dll",)
_NOT_SUPPORTED = 3
_SYSTEM = Path("/")
_AMD, _INTEL = "0x1002", "0x8086"
_LEAST = 1 << 31
"""Memory of its own below which a GPU is a part of the processor, and has the machine's."""
_CARVED, _TIMES = 1 << 33, 8
"""The most that firmware sets aside for a GPU inside a processor, and how much more such a one can map at least."""
_MEMORY_BAR = 1 << 30
_PREFETCHABLE, _KIND = 0x8, 0x200


class Gpu(NamedTuple):
    """One visible GPU; memory in bytes."""

    name: str
    free: int
    total: int
    capability: tuple[int, int] | None = None
    """The compute capability: (9, 0) is sm_90; None where the driver does not tell."""
    device: str = "cuda"
    """What torch calls it: ``cuda`` (AMD's too), ``mps``, ``xpu``."""
    torch: bool = True
    """Whether the installed torch can use it, as far as that is known."""
    shared: bool = False
    """Its memory is the machine's."""


def named(cards: Sequence[Gpu]) -> str:
    """Whose memory it is, as messages say it behind what is free.

    >>> named([Gpu("H100", 0, 0)] * 2)
    'on 2 x H100'
    """
    return f"on {len(cards)} x {cards[0].name}" if len(cards) > 1 else f"on {cards[0].name}"


def visible() -> tuple[Gpu, ...]:
    """The GPUs that this process sees; NVIDIA's come first where there are several kinds."""
    found = nvidia() or amd() or apple() or intel()
    loaded = sys.modules.get("torch")
    kind = _accelerator(loaded) if loaded is not None else None
    if kind is not None:
        return tuple(card._replace(torch=card.device == kind) for card in found) or _asked(loaded, kind)
    if loaded is not None:
        return tuple(card._replace(torch=False) for card in found)
    built = installed.torch_built()
    if built:
        able = {"cuda": built.get("cuda") or built.get("hip"), "xpu": built.get("xpu"), "mps": True}
        return tuple(card._replace(torch=bool(able.get(card.device))) for card in found)
    return found


def _accelerator(torch: Any) -> str | None:
    """The kind that an imported torch would use; empty where it can use none, None where it does not say."""
    try:
        current = torch.accelerator.current_accelerator(check_available=True)
        return "" if current is None else str(current.type)
    except (AttributeError, TypeError, RuntimeError):
        return None


def _asked(torch: Any, kind: str) -> tuple[Gpu, ...]:
    """Torch's own devices, where no driver told of them; only of a torch that has opened them already, since opening takes memory."""
    module = getattr(torch, kind, None)
    if not kind or module is None or not getattr(module, "is_initialized", lambda: False)():
        return ()
    try:
        found = []
        for at in range(module.device_count()):
            free, total = module.mem_get_info(at)
            found.append(Gpu(str(module.get_device_name(at)), int(free), int(total), None, kind))
        return tuple(found)
    except (AttributeError, RuntimeError):
        return ()


# NVIDIA ------------------------------------------------------------------------------------------


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Unit(NamedTuple):
    """What CUDA counts as a device: a GPU, or a part of one (MIG)."""

    handle: ctypes.c_void_p
    parent: ctypes.c_void_p
    uuid: str
    part: bool


def nvidia(library: Any = None, environment: Mapping[str, str] | None = None) -> tuple[Gpu, ...]:
    """The NVIDIA GPUs that ``CUDA_VISIBLE_DEVICES`` leaves visible, by number, by UUID or the beginning of one, and parts of them (MIG).

    Args:
        library: NVML; by default the driver's.
        environment: The variables; by default this process's.
    """
    said = (os.environ if environment is None else environment).get("CUDA_VISIBLE_DEVICES")
    if said is not None and said.strip() in {"", "-1", "NoDevFiles"}:
        return ()
    nvml = library if library is not None else _nvml()
    if nvml is None or nvml.nvmlInit_v2() != 0:
        return ()
    try:
        every = list(_units(nvml))
        whole = [unit for unit in every if not unit.part]
        # CUDA takes one part at most, and none beside a whole GPU.
        chosen = (whole or every[:1]) if said is None else _chosen(every, said)
        return tuple(gpu for unit in chosen if (gpu := _gpu(nvml, unit)) is not None)
    finally:
        nvml.nvmlShutdown()


def _nvml() -> Any:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _units(nvml: Any) -> Iterable[_Unit]:
    count = ctypes.c_uint()
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return
    for at in range(count.value):
        handle = ctypes.c_void_p()
        if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(at), ctypes.byref(handle)) != 0:
            continue
        parts = list(_parts(nvml, handle))
        yield from parts or [_Unit(handle, handle, _uuid(nvml, handle), part=False)]


def _parts(nvml: Any, handle: ctypes.c_void_p) -> Iterable[_Unit]:
    current, pending, most = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    try:
        if nvml.nvmlDeviceGetMigMode(handle, ctypes.byref(current), ctypes.byref(pending)) != 0 or current.value != 1:
            return
        if nvml.nvmlDeviceGetMaxMigDeviceCount(handle, ctypes.byref(most)) != 0:
            return
        for at in range(most.value):
            part = ctypes.c_void_p()
            if nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, ctypes.c_uint(at), ctypes.byref(part)) == 0:
                yield _Unit(part, handle, _uuid(nvml, part), part=True)
    except AttributeError:
        return  # a driver from before MIG


def _uuid(nvml: Any, handle: ctypes.c_void_p) -> str:
    text = ctypes.create_string_buffer(96)
    return text.value.decode(errors="replace") if nvml.nvmlDeviceGetUUID(handle, text, ctypes.c_uint(96)) == 0 else ""


def _chosen(every: Sequence[_Unit], said: str) -> list[_Unit]:
    """The devices that the variable names, as CUDA reads it: the first that is none ends the list, and so does one named twice."""
    found: list[_Unit] = []
    # A number counts GPUs, and of a GPU in parts means its first.
    firsts: dict[int | None, _Unit] = {}
    for unit in every:
        firsts.setdefault(unit.parent.value, unit)
    numbered = list(firsts.values())
    for one in said.split(","):
        word = one.strip()
        by_name = [unit for unit in every if word and unit.uuid.lower().startswith(word.lower())]
        named = numbered[int(word) : int(word) + 1] if word.isdecimal() else by_name
        if not named or named[0] in found:
            break
        found.append(named[0])
    return found


def _gpu(nvml: Any, unit: _Unit) -> Gpu | None:
    memory, name = _Memory(), ctypes.create_string_buffer(96)
    nvml.nvmlDeviceGetName(unit.handle, name, ctypes.c_uint(96))
    title = name.value.decode(errors="replace") or "an NVIDIA GPU"
    major, minor = ctypes.c_int(), ctypes.c_int()
    told = nvml.nvmlDeviceGetCudaComputeCapability(unit.parent, ctypes.byref(major), ctypes.byref(minor)) == 0
    capability = (major.value, minor.value) if told else None
    code = nvml.nvmlDeviceGetMemoryInfo(unit.handle, ctypes.byref(memory))
    if code == _NOT_SUPPORTED:
        # GB10, Jetson: the memory is the machine's, and the driver counts none.
        return _sharing(title, capability, "cuda")
    return Gpu(title, int(memory.free), int(memory.total), capability) if code == 0 else None


def _sharing(title: str, capability: tuple[int, int] | None, device: str) -> Gpu | None:
    total, free = ram.total_ram(), ram.free_ram()
    if total is None:
        return None
    return Gpu(title, total if free is None else min(free, total), total, capability, device, shared=True)


# AMD ---------------------------------------------------------------------------------------------


def amd(system: Path = _SYSTEM, environment: Mapping[str, str] | None = None) -> tuple[Gpu, ...]:
    """AMD's GPUs that the kernel's driver tells of and ``HIP_VISIBLE_DEVICES`` (or ROCR's, or CUDA's) leaves visible.

    Args:
        system: Where /sys and /dev are.
        environment: The variables; by default this process's.
    """
    if not (system / "dev/kfd").exists():
        return ()  # without it nothing computes, as in a container that was not given it
    found: list[tuple[Gpu, str]] = []
    for device in _devices(system, _AMD):
        own, used = _number(device / "mem_info_vram_total"), _number(device / "mem_info_vram_used")
        if own is None:
            continue
        mapped = _number(device / "mem_info_gtt_total") or 0
        shared = own < _LEAST or (own <= _CARVED and mapped >= _TIMES * own)
        if shared and mapped > own:
            # What firmware sets aside is a part of the same memory, and computing maps the rest.
            own, used = mapped, _number(device / "mem_info_gtt_used")
        free = max(own - (used or 0), 0)
        if shared and (room := ram.free_ram()) is not None:
            free = min(free, room)
        found.append((Gpu(_text(device / "product_name") or "an AMD GPU", free, own, None, "cuda", shared=shared), _text(device / "unique_id")))
    # A GPU with memory of its own comes before the processor's.
    discrete = [one for one in found if not one[0].shared]
    return _left_visible(discrete or found, os.environ if environment is None else environment)


def _left_visible(found: list[tuple[Gpu, str]], environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    for variable in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"):
        said = environment.get(variable)
        if said is None:
            continue
        kept: list[tuple[Gpu, str]] = []
        for one in said.split(","):
            word = one.strip()
            named = [gpu for gpu in found if gpu[1] and word.lower().removeprefix("gpu-") == gpu[1].lower().removeprefix("0x")]
            if word.isdecimal() and int(word) < len(found):
                kept.append(found[int(word)])
            elif named:
                kept.append(named[0])
            else:
                break
        found = kept
        if variable == "HIP_VISIBLE_DEVICES":
            break  # HIP reads CUDA's only without its own
    return tuple(gpu for gpu, _ in found)


# Intel, Apple ------------------------------------------------------------------------------------


def intel(system: Path = _SYSTEM) -> tuple[Gpu, ...]:
    """Intel's GPUs with memory of their own; how much of it is free nobody tells without their library."""
    found = []
    for device in _devices(system, _INTEL):
        sizes = [_number(file) for file in (*sorted(device.glob("tile*/physical_vram_size_bytes")), device.parent / "lmem_total_bytes")]
        total = sum(size for size in sizes if size) or _bar(device)
        if total and total >= _LEAST:
            found.append(Gpu(_text(device / "product_name") or "an Intel GPU", total, total, None, "xpu"))
    return tuple(found)


def _bar(device: Path) -> int:
    """The largest window into a card's memory, which is all of it where the machine has resizable ones."""
    largest = 0
    for line in _text(device / "resource").splitlines():
        try:
            start, end, flags = (int(word, 16) for word in line.split())
        except ValueError:
            continue
        if flags & _KIND and flags & _PREFETCHABLE and end > start:
            largest = max(largest, end - start + 1)
    return largest if largest >= _MEMORY_BAR else 0


def apple() -> tuple[Gpu, ...]:
    """The GPU of a Mac with Apple's own chip."""
    if sys.platform != "darwin" or os.uname().machine != "arm64":
        return ()
    total = ram.total_ram()
    if total is None:
        return ()
    most = metal.left(total, here=True)
    free = ram.free_ram()
    return (Gpu(ram.sysctl("machdep.cpu.brand_string") or "an Apple GPU", most if free is None else min(free, most), most, None, "mps", shared=True),)


# /sys --------------------------------------------------------------------------------------------


def _devices(system: Path, vendor: str) -> list[Path]:
    """The devices of a maker in /sys/class/drm, in the order of their cards."""
    cards = [card for card in (system / "sys/class/drm").glob("card*") if card.name.removeprefix("card").isdecimal()]
    ordered = sorted(cards, key=lambda card: int(card.name.removeprefix("card")))
    return [card / "device" for card in ordered if _text(card / "device/vendor") == vendor]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdecimal() else None

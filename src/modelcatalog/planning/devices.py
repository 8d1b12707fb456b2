"""Owns which device a caller may name: what there is on this machine, and what is said where it is not there.

Imports neither torch nor a driver's package. Where nobody can tell whether a device is there, it is not refused.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog import later
from modelcatalog.errors import Unsupported
from modelcatalog.planning import installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.planning.machine import Gpu

__all__ = ["checked"]

_FORM = later.pattern(r"(?P<kind>[a-z]+)(?::(?P<index>\d+))?")
# Devices of torch that come with a package of their own.
_PACKAGES = {"npu": "torch_npu", "hpu": "habana_frameworks", "mlu": "torch_mlu", "musa": "torch_musa", "xla": "torch_xla", "gcu": "torch_gcu"}
_NODES = ("/dev/nvidiactl", "/dev/nvmap", "/dev/nvhost-gpu", "/dev/dxg", "/dev/kfd")
"""What the drivers of NVIDIA's, Jetson's, WSL's and AMD's GPUs leave in /dev; NVML speaks for the first alone."""


def checked(device: object, cards: Sequence[Gpu], *, subject: str) -> str | None:
    """The device that a caller named, as text; None for ``"auto"`` and where none was named.

    Args:
        device: What the caller passed: a text, or a ``torch.device``.
        cards: The GPUs that the driver tells of.
        subject: The name, for messages.

    Raises:
        Unsupported: if it is certain that there is no such device here; the hint says what there is.
    """
    if device is None or device == "auto":
        return None
    text = str(device)
    match = _FORM.fullmatch(text)
    kind, index = (match["kind"], match["index"]) if match else ("", None)
    if kind == "cpu" and int(index or 0) == 0:
        return text
    hint = f"there is {_there(cards)} here; leave device= out to take what there is"
    if kind == "cuda":
        why = _no_cuda(cards, index)
    elif kind == "cpu":
        why = "all processors together are one device"
    elif kind == "mps":
        why = None if sys.platform == "darwin" else "mps is the GPU of a Mac"
    elif kind == "xpu":
        why = "the installed torch was built without support for Intel's GPUs" if installed.torch_built() and not installed.torch_built().get("xpu") else None
    elif kind in _PACKAGES:
        why = f"its package {_PACKAGES[kind]} is not installed" if find_spec(_PACKAGES[kind]) is None else None
    else:
        message = f"{text!r} is not a device"
        error = Unsupported(message, subject=text, hint=f'pass "cpu", "cuda", "cuda:1", "mps", "xpu" or "npu"; {hint}')
        error.meaningless = True
        raise error
    if why is not None:
        message = f"there is no device {text} here for {subject}: {why}"
        raise Unsupported(message, subject=text, hint=hint)
    return text


def _no_cuda(cards: Sequence[Gpu], index: str | None) -> str | None:
    """Why there is no such GPU; None where there is, or where that is not known."""
    if cards:
        many = "one GPU is" if len(cards) == 1 else f"{len(cards)} GPUs are"
        return f"{many} visible, counted from cuda:0" if index is not None and int(index) >= len(cards) else None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in {"", "-1"}:
        return f"CUDA_VISIBLE_DEVICES={visible!r} hides every GPU"
    built = installed.torch_built()
    if built and not built.get("cuda") and not built.get("hip"):
        return "the installed torch was built for the CPU only"
    if any(Path(node).exists() for node in _NODES):
        return None  # a GPU whose driver has no NVML: torch may see it
    return "no driver reports a GPU"


def _there(cards: Sequence[Gpu]) -> str:
    found = ['"cpu"', *(f'"cuda:{i}" ({card.name})' for i, card in enumerate(cards))]
    if sys.platform == "darwin":
        found.append('"mps"')
    return ", ".join(found[:9])

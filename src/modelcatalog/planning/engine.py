"""Owns which engine runs the files of a checkpoint, and what that engine needs installed. Imports no engine."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.errors import Unsupported
from modelcatalog.planning.packages import absent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.planning.machine import Gpu

__all__ = ["ENGINES", "Runs", "cards_of", "choose"]

ENGINES = ("transformers", "llama.cpp", "vllm", "openai")
_LLAMA = "llama-cpp-python>=0.3.36"
_PACKED = "the weights stay packed as they are in the file"


class Runs(NamedTuple):
    """The engine of a plan."""

    name: str
    reason: str
    """Why it is this one; empty where the caller said so or there is no other."""
    needs: tuple[str, ...] = ()
    """The packages of its extra, as requirements."""
    extra: str = "chat"
    """The extra of this package that installs them."""


def choose(asked: str | None, *, form: str, dtype: str, cards: Sequence[Gpu], subject: str, options: Mapping[str, object]) -> Runs:
    """The engine for these files: transformers, but llama.cpp for GGUF where it is installed and can use the GPU there is.

    Args:
        asked: What the caller said, or None.
        form: ``gguf`` or ``safetensors``.
        dtype: The type that the caller asked for, or ``auto``.
        cards: The GPUs that the weights would go to.
        subject: The name, for messages.
        options: The caller's options for the engine.

    Raises:
        Unsupported: there is no such engine, or it does not read these files or take these options.
    """
    runs = _asked(asked) if asked is not None else _chosen(form, dtype, cards)
    if runs.name == "llama.cpp" and form != "gguf":
        message = f"llama.cpp reads GGUF files, and {subject} is {form}"
        raise Unsupported(message, subject=subject, hint='take a GGUF repository of it, or engine="transformers"')
    if runs.name == "llama.cpp" and dtype != "auto":
        message = f"dtype={dtype!r} is not for llama.cpp: {_PACKED}"
        raise Unsupported(message, subject=subject, hint='leave it out, take another quantization=, or engine="transformers"')
    if runs.name == "vllm" and form != "safetensors":
        message = f"vllm reads safetensors here, and {subject} is {form}"
        raise Unsupported(message, subject=subject, hint='take the safetensors repository of it, or engine="llama.cpp"')
    if options and runs.name == "transformers":
        message = f"transformers takes no engine option: {', '.join(options)}"
        raise Unsupported(message, subject=subject, hint='leave engine_options= out, or use engine="llama.cpp" or engine="vllm"')
    return runs


def _asked(name: str | None) -> Runs:
    if name == "llama.cpp":
        return Runs(name, _PACKED, (_LLAMA,), "llama-cpp")
    if name == "vllm":
        return Runs(name, "", ("vllm",), "vllm")
    return Runs("transformers", "")


def _chosen(form: str, dtype: str, cards: Sequence[Gpu]) -> Runs:
    if form != "gguf" or dtype != "auto":
        return Runs("transformers", "")
    if absent((_LLAMA,)):
        return Runs("transformers", "")
    if cards and not _llama_uses_gpus():
        return Runs("transformers", "transformers: the installed llama.cpp was compiled without support for GPUs")
    return Runs("llama.cpp", f"llama.cpp: {_PACKED}, which takes less memory and time than unpacking them", (_LLAMA,), "llama-cpp")


def _llama_uses_gpus() -> bool:
    """Whether llama-cpp-python was compiled for GPUs, by the libraries beside it: loading them to ask takes a second."""
    spec = find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        return False
    names = (file.name for file in (Path(spec.origin).parent / "lib").glob("*ggml-*"))
    return any(kind in name for name in names for kind in ("cuda", "hip", "vulkan", "metal", "sycl"))


def cards_of(name: str, cards: Sequence[Gpu], options: Mapping[str, object]) -> tuple[Gpu, ...]:
    """The GPUs that the engine spreads the weights over: vllm takes as many as it is told, the others all."""
    if name != "vllm":
        return tuple(cards)
    count = 1
    for key in ("tensor_parallel_size", "pipeline_parallel_size"):
        size = options.get(key, 1)
        count *= size if isinstance(size, int) else 1
    return tuple(cards[:count])

"""Owns what files are that are not a checkpoint to talk to: a pipeline of parts, weights of another library.

Knows no hub. Whether a whole checkpoint can talk, its configuration says (`silent`).
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelcatalog.errors import CheckpointNotFound, UnsafeRepository, Unsupported
from modelcatalog.planning import adapter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.hubs import RemoteFile

__all__ = ["adapters", "check", "check_file", "folders", "nothing", "older"]

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_OTHERS = {
    ".onnx": "ONNX",
    ".tflite": "TFLite",
    ".mlpackage": "Core ML",
    ".nemo": "NeMo",
    ".llamafile": "llamafile",
    ".engine": "TensorRT",
    ".pdparams": "PaddlePaddle",
    ".h5": "Keras",
    ".keras": "Keras",
    ".msgpack": "Flax",
}
_SIGNS = {
    "mlc-chat-config.json": "MLC",
    "openvino_model.xml": "OpenVINO",
    "openvino_language_model.xml": "OpenVINO",
    "shared_vocabulary.json": "CTranslate2",
    "zero_to_fp32.py": "DeepSpeed",
    ".metadata": "torch.distributed.checkpoint",
}
"""Files that tell for which library the weights beside them are, whatever their suffix."""
_JOINED = {
    "DeepSpeed": "`python zero_to_fp32.py . OUTPUT --safe_serialization`",
    "torch.distributed.checkpoint": "`python -m torch.distributed.checkpoint.format_utils`",
}
"""How the parts that a training run saves become a checkpoint."""
_PARTS = {
    "mmproj": "the eyes or ears of a multimodal model",
    "imatrix": "the measurements that a quantization was made with",
    "ggml-vocab": "a vocabulary",
    "draft": "a draft model",
}
_SHOWN = 5


def check(files: Sequence[RemoteFile], *, subject: str) -> None:
    """Refuse what is made of other things than one language model.

    Args:
        files: Everything that is there.
        subject: The repository or folder, for messages.

    Raises:
        Unsupported: it is a diffusion pipeline.
    """
    names = {f.path for f in files}
    if "model_index.json" in names:
        message = f"{subject} is a diffusion pipeline (it has a model_index.json): it makes images, sound or video, and does not chat"
        raise Unsupported(message, subject=subject, hint=f"use diffusers.DiffusionPipeline.from_pretrained; for chatting, {_FIND}")


def check_file(path: str, *, subject: str) -> None:
    """Refuse a file that was named and is a part of something.

    Raises:
        Unsupported: it is an adapter, the eyes of another model, a file for another library.
    """
    name = PurePosixPath(path)
    what = None
    if adapter.weighs(path):
        what = f"the weights of a LoRA adapter, without the {adapter.words().config} that belongs to them"
    elif name.suffix.lower() == ".gguf":
        what = next((text for word, text in _PARTS.items() if word in name.name.lower()), None)
    elif name.suffix.lower() in _OTHERS:
        what = f"a file for {_OTHERS[name.suffix.lower()]}, which is not an engine here"
    if what is not None:
        message = f"{path} is {what}"
        raise Unsupported(message, subject=f"{subject}/{path}", hint="name the model's own safetensors or GGUF file, or its folder")


def folders(files: Sequence[RemoteFile]) -> list[str]:
    """The subfolders that hold a checkpoint of their own: a configuration and weights."""
    configured = {str(PurePosixPath(f.path).parent) for f in files if PurePosixPath(f.path).name == "config.json"}
    weights = [PurePosixPath(f.path) for f in files if f.path.endswith(".safetensors")]
    weighed = {str(path.parent) for path in weights if not adapter.weighs(str(path))}
    return sorted(configured & weighed - {"."})


def adapters(files: Sequence[RemoteFile]) -> list[str]:
    """The subfolders that hold an adapter."""
    configured = {str(PurePosixPath(f.path).parent) for f in files if PurePosixPath(f.path).name == adapter.words().config}
    return sorted(configured & {str(PurePosixPath(f.path).parent) for f in files if adapter.weighs(f.path)} - {"."})


def older(path: str, subject: str) -> Unsupported:
    """The error for a file of llama.cpp's from before August 2023, when GGUF took its place."""
    message = f"{path} is a GGML file, the form that llama.cpp had before GGUF, which nothing here reads"
    return Unsupported(message, subject=subject, hint="look for a GGUF file of the same model, or convert it with convert_llama_ggml_to_gguf.py of llama.cpp")


def nothing(files: Sequence[RemoteFile], *, subject: str) -> Exception:
    """The error for files among which there are no weights to load: it says what there is, and what to do."""
    paths = [f.path for f in files]
    if (told := _several(files, subject) or _authors(paths, subject) or _signed(paths, subject)) is not None:
        return told
    if old := [path for path in paths if path.endswith(".bin") and "ggml" in PurePosixPath(path).name.lower()]:
        return older(old[0], subject)
    if pickles := [path for path in paths if path.endswith(_PICKLES)]:
        message = f"{subject} has its weights only as pickles ({pickles[0]}), which run code when they are read"
        return UnsafeRepository(message, subject=subject, hint="look for a safetensors or GGUF conversion of this model")
    if (other := _of_others(paths, subject)) is not None:
        return other
    if inside := sorted({path for path in paths if path.endswith((".safetensors", ".gguf"))}):
        message = f"{subject} has no weights that are loaded here, only {_some(inside)}"
        return CheckpointNotFound(message, subject=subject, hint="name the file of the model itself, or give the folder of the whole checkpoint")
    message = f"{subject} has no weights: no safetensors and no GGUF file"
    return CheckpointNotFound(message, subject=subject, hint=f"it holds {_some(paths)}" if paths else "it is empty")


def _several(files: Sequence[RemoteFile], subject: str) -> CheckpointNotFound | None:
    if parts := folders(files):
        message = f"{subject} holds {len(parts)} checkpoints in folders: {_some(parts)}"
        return CheckpointNotFound(message, subject=subject, hint=f"name one: {subject}/{parts[0]} as a path, or the address of a weight file in it")
    if parts := adapters(files):
        message = f"{subject} holds {len(parts)} adapters in folders: {_some(parts)}"
        return CheckpointNotFound(message, subject=subject, hint=f"name one: {subject}/{parts[0]} as a path, or the address of its {adapter.words().weights}")
    return None


def _authors(paths: Sequence[str], subject: str) -> Unsupported | None:
    """Meta's and Mistral's own format."""
    names = [PurePosixPath(path).name for path in paths]
    if "params.json" not in names or not any(name.startswith("consolidated") and name.endswith((".safetensors", ".pth")) for name in names):
        return None
    message = f"{subject} has its weights only in their authors' own format (consolidated and params.json), which transformers does not read"
    return Unsupported(message, subject=subject, hint="take the repository of it in transformers' format (-hf, or with a config.json), or a GGUF one")


def _signed(paths: Sequence[str], subject: str) -> Unsupported | None:
    """Weights whose suffix says little, of which a file beside them tells the library."""
    for path in paths:
        library = _SIGNS.get(PurePosixPath(path).name)
        if library in _JOINED:
            message = f"{subject} holds the parts of a training run ({library}), which are not a checkpoint yet"
            return Unsupported(message, subject=subject, hint=f"join them first: {_JOINED[library]}")
        if library is not None:
            return _of_library(library, path, subject)
    return None


def _of_others(paths: Sequence[str], subject: str) -> CheckpointNotFound | Unsupported | None:
    """A part of a model alone, or weights for another library."""
    for path in paths:
        name = PurePosixPath(path)
        part = next((text for word, text in _PARTS.items() if word in name.name.lower()), None)
        if name.suffix.lower() == ".gguf" and part is not None:
            message = f"{subject} holds {path} alone, {part}, and no language model"
            return CheckpointNotFound(message, subject=subject, hint="give the repository or folder with the model's own GGUF file")
        if (other := _OTHERS.get(name.suffix.lower())) is not None:
            return _of_library(other, path, subject)
    return None


def _of_library(library: str, path: str, subject: str) -> Unsupported:
    message = f"{subject} has its weights only for {library} ({path}), which is not an engine here"
    return Unsupported(message, subject=subject, hint="look for a safetensors or GGUF version of this model")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


_FIND = "`modelcatalog catalog --type instruct` lists models that do"

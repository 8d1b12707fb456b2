"""Owns which files of a checkpoint one load needs: one weight format, all its shards, no duplicate. Knows no hub."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog
from modelcatalog.errors import CheckpointNotFound, UnsafeRepository, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.hubs import RemoteFile
    from modelcatalog.records import Quantization

__all__ = ["Choice", "choose", "matches", "schemes"]

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")
_ALL_WEIGHTS = (*_PICKLES, ".gguf", ".onnx", ".safetensors")
_COMPANIONS = (".json", ".jinja", ".txt", ".model", ".tiktoken")
_LARGEST_COMPANION = 100_000_000
_NOT_THE_MODEL = ("adapter_model", "consolidated", "optimizer", "training_args", "scheduler")
_NOT_THE_GGUF = ("mmproj", "imatrix", "ggml-vocab", "draft")
# What llama.cpp and Ollama take when nothing is asked for, then its neighbours, then by precision.
_USUAL_GGUF = ("Q4_K_M", "Q4_K_S", "Q4_K_XL", "Q4_0", "Q5_K_M", "Q8_0")


class Choice(NamedTuple):
    """The files of one load: the weights, then what stands beside them."""

    format: str
    """``safetensors`` or ``gguf``."""
    weights: tuple[RemoteFile, ...]
    companions: tuple[RemoteFile, ...]
    reason: str
    quantization: Quantization | None = None
    """What the chosen file's own name says, for GGUF."""


def choose(
    files: Sequence[RemoteFile],
    *,
    subject: str,
    file: str | None = None,
    scheme: str | None = None,
    code: bool = False,
) -> Choice:
    """Choose the files that a load needs.

    Args:
        files: Everything that is there.
        subject: The repository or folder, for messages.
        file: A weight file that must be among them.
        scheme: A quantization that a GGUF file must have: ``Q4_K_M``, or ``int4`` for any of four bits.
        code: Whether Python files of the repository may run.

    Raises:
        CheckpointNotFound: if there are no weights, or not those asked for.
        UnsafeRepository: if the only weights are pickles, which run code when they are read.
    """
    safetensors = _safetensors(files)
    ggufs = _ggufs(files)
    if file is not None:
        return _named(files, safetensors, ggufs, subject=subject, file=file, code=code)
    if ggufs and (not safetensors or scheme is not None):
        return _gguf(ggufs, subject=subject, scheme=scheme)
    if safetensors:
        others = sum(1 for f in files if f.path.endswith(_ALL_WEIGHTS)) - len(safetensors)
        reason = "safetensors come first" + (f"; {others} other weight files are left out" if others else "")
        return Choice("safetensors", safetensors, _companions(files, safetensors, code=code), reason)
    pickles = [f.path for f in files if f.path.endswith(_PICKLES)]
    if pickles:
        message = f"{subject} has its weights only as pickles ({pickles[0]}), which run code when they are read"
        hint = "look for a safetensors or GGUF conversion of this model"
        raise UnsafeRepository(message, subject=subject, hint=hint)
    message = f"{subject} has no weights: no safetensors and no GGUF file"
    raise CheckpointNotFound(message, subject=subject, hint=_found(files))


def _found(files: Sequence[RemoteFile]) -> str:
    names = [f.path for f in files[:5]]
    return f"it holds {', '.join(names)}{' and more' if len(files) > len(names) else ''}" if names else "it is empty"


def _safetensors(files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """The shards that transformers would read: ``model*.safetensors`` of the top folder."""
    top = [f for f in files if f.path.endswith(".safetensors") and "/" not in f.path]
    top = [f for f in top if not f.path.startswith(_NOT_THE_MODEL)]
    plain = [f for f in top if f.path == "model.safetensors"]
    if plain:
        return tuple(plain)
    shards = [f for f in top if "-of-" in f.path]
    # Only shards without a variant (model.fp16-00001-of-…) belong to one set.
    usual = [f for f in shards if f.path.startswith("model-")]
    return tuple(sorted(usual or shards or top[:1], key=lambda f: f.path))


def _ggufs(files: Sequence[RemoteFile]) -> dict[str, tuple[RemoteFile, ...]]:
    """GGUF models by the path without shard numbers, each with its shards in order."""
    groups: dict[str, list[RemoteFile]] = {}
    for f in files:
        name = PurePosixPath(f.path)
        if name.suffix != ".gguf" or any(word in name.name.lower() for word in _NOT_THE_GGUF):
            continue
        stem, _, total = f.path.removesuffix(".gguf").rpartition("-of-")
        groups.setdefault(stem.rpartition("-")[0] if stem and total.isdigit() else f.path, []).append(f)
    return {key: tuple(sorted(group, key=lambda f: f.path)) for key, group in groups.items()}


def _quantization(path: str) -> Quantization | None:
    return catalog.parse(PurePosixPath(path).name).quantization


def _gguf(ggufs: dict[str, tuple[RemoteFile, ...]], *, subject: str, scheme: str | None) -> Choice:
    named = [(_quantization(group[0].path), group) for group in ggufs.values()]
    if scheme is not None:
        fitting = [(q, group) for q, group in named if matches(q, scheme)]
        if not fitting:
            have = ", ".join(sorted({q.scheme or str(q) for q, _ in named if q})) or "none that its names tell"
            message = f"{subject} has no GGUF file in {scheme}"
            raise CheckpointNotFound(message, subject=subject, hint=f"it has {have}")
        named = fitting
    if len(named) == 1:
        quantization, group = named[0]
        reason = "the one GGUF file there" if scheme is None else f"{scheme} as asked"
        return Choice("gguf", group, (), reason, quantization)

    def rank(item: tuple[Quantization | None, tuple[RemoteFile, ...]]) -> tuple[int, float, str]:
        quantization, group = item
        usual = quantization.scheme if quantization else None
        place = _USUAL_GGUF.index(usual) if usual in _USUAL_GGUF else len(_USUAL_GGUF)
        return place, -float(quantization.bits or 0) if quantization else 0.0, group[0].path

    quantization, group = min(named, key=rank)
    label = (quantization.scheme if quantization else None) or group[0].path
    reason = f"{label}, the usual one of {len(named)} GGUF quantizations; pass quantization= for another"
    return Choice("gguf", group, (), reason, quantization)


def matches(quantization: Quantization | None, scheme: str) -> bool:
    """Whether a quantization is the one that a word asks for: a scheme, a method, or a number of bits.

    >>> matches(catalog.parse("m-Q4_K_M.gguf").quantization, "int4")
    True
    """
    if quantization is None:
        return False
    wanted = scheme.lower().replace("-", "_")
    if wanted in {(quantization.scheme or "").lower(), (quantization.method or "").replace("-", "_")}:
        return True
    digits = wanted.removeprefix("int").removesuffix("bit").rstrip("_")
    return digits.isdigit() and quantization.bits == int(digits)


def schemes(files: Sequence[RemoteFile]) -> list[tuple[str, float]]:
    """The GGUF quantizations that there are, with their bits."""
    named = (_quantization(group[0].path) for group in _ggufs(files).values())
    return sorted({(q.scheme, float(q.bits or 0)) for q in named if q is not None and q.scheme is not None})


def _named(
    files: Sequence[RemoteFile],
    safetensors: tuple[RemoteFile, ...],
    ggufs: dict[str, tuple[RemoteFile, ...]],
    *,
    subject: str,
    file: str,
    code: bool,
) -> Choice:
    for group in ggufs.values():
        if any(f.path == file for f in group):
            return Choice("gguf", group, (), "the file that was named", _quantization(file))
    one = next((f for f in files if f.path == file), None)
    if one is None:
        message = f"{subject} has no file {file}"
        raise CheckpointNotFound(message, subject=f"{subject}/{file}", hint=_found(files))
    if one.path.endswith(".safetensors"):
        weights = safetensors if one in safetensors else (one,)
        return Choice("safetensors", weights, _companions(files, weights, code=code), "the file that was named")
    if one.path.endswith(_PICKLES):
        message = f"{file} is a pickle, which runs code when it is read"
        raise UnsafeRepository(message, subject=f"{subject}/{file}", hint="name a safetensors or GGUF file")
    message = f"{file} holds no weights that can be loaded"
    raise Unsupported(message, subject=f"{subject}/{file}", hint="name a safetensors or GGUF file, or the repository")


def _companions(files: Sequence[RemoteFile], weights: tuple[RemoteFile, ...], *, code: bool) -> tuple[RemoteFile, ...]:
    """Configuration, tokenizer, templates and the weights' index."""
    endings = (*_COMPANIONS, ".py") if code else _COMPANIONS
    sharded = len(weights) > 1
    return tuple(
        f
        for f in files
        if f.path.endswith(endings)
        and f.size <= _LARGEST_COMPANION
        and ("/" not in f.path or f.path.startswith("additional_chat_templates/"))
        and (not f.path.endswith(".index.json") or (sharded and f.path.endswith(".safetensors.index.json")))
    )

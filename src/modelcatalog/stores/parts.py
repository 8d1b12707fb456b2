"""Owns which models lie in one folder: each GGUF file with its shards, each other format as a whole; and what they lack. Knows no store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.stores.disk import json_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from modelcatalog.stores.disk import File, Seen

__all__ = ["Part", "is_weights", "parted"]

_FORMATS = {
    ".safetensors": "safetensors", ".gguf": "gguf", ".bin": "pytorch", ".pt": "pytorch", ".pth": "pytorch", ".ckpt": "pytorch",
    ".onnx": "onnx", ".npz": "npz", ".h5": "h5", ".msgpack": "msgpack",
}  # fmt: skip
_SHARD = re.compile(r"^(?P<stem>.*?)[-.](?P<number>\d{5})-of-(?P<total>\d{5})(?=\.\w+$)")
_NOT_WEIGHTS = re.compile(r"(?:^|/)(?:training_args|scheduler|optimizer|rng_state\w*)\.(?:bin|pt|pth)$")
_PROJECTOR = "mmproj"
_CONFIGURATIONS = ("config.json", "adapter_config.json", "model_index.json", "configuration.json", "params.json")
_INDEX = ".index.json"


class Part(NamedTuple):
    """One model of a folder, in one format."""

    file: str
    """The GGUF file, or the first of its shards; empty for the folder's checkpoint."""
    path: Path
    format: str | None
    weights: tuple[File, ...]
    beside: tuple[File, ...]
    lacks: str


def parted(root: Path, seen: Seen, notes: list[str], *, sizes: Mapping[str, int] | None = None, whole: bool = False) -> Iterator[Part]:
    """The models in a folder.

    Args:
        root: The folder.
        seen: What lies in it.
        notes: Takes what could not be read.
        sizes: What the files should be, in bytes, as far as somebody wrote that down.
        whole: The folder is a repository: a checkpoint without its configuration is only a part of one.
    """
    groups: dict[tuple[str, str], list[File]] = {}
    beside: list[File] = []
    for one in seen.files:
        kind = _kind(one.name)
        if kind is None:
            beside.append(one)
            continue
        shard = _SHARD.match(one.name)
        # Each GGUF file is a model of its own; what else lies in one folder in one format is one.
        key = (shard["stem"] if shard else one.name) if kind == "gguf" else ""
        groups.setdefault((kind, key), []).append(one)
    lost = {_kind(name): name for name in reversed(seen.broken) if _kind(name)}
    for (kind, key), weights in groups.items():
        first = weights[0].name
        lacks = _numbers(weights) or _sizes(weights, sizes or {}) or _listed(kind, root, weights, seen, notes)
        if not lacks and kind != "gguf":
            lacks = f"{lost[kind]} is a link that leads nowhere" if kind in lost else ""
            here = {one.name.rpartition("/")[2] for one in beside}
            if not lacks and whole and kind in {"safetensors", "pytorch"} and here.isdisjoint(_CONFIGURATIONS):
                lacks = "config.json is missing"
        path = root / first if kind == "gguf" else root
        yield Part(first if kind == "gguf" else "", path, kind, tuple(weights), _near(kind, key, beside), lacks)
    dead = [name for name in seen.broken if _kind(name) == "gguf"]
    for name in dead:
        yield Part(name, root / name, "gguf", (), (), f"{name} is a link that leads nowhere")
    if not groups and not dead and (beside or seen.broken):
        lacks = f"{next(iter(lost.values()))} is a link that leads nowhere" if lost else "no weight file is there"
        yield Part("", root, None, (), tuple(beside), lacks)


def _near(kind: str, key: str, beside: Sequence[File]) -> tuple[File, ...]:
    """What belongs to a model: all but the projectors of images, and to a GGUF file those of its folder."""
    folder = key.rpartition("/")[0]
    return tuple(one for one in beside if _PROJECTOR not in one.name.lower() or (kind == "gguf" and one.name.rpartition("/")[0] in {folder, ""}))


def is_weights(name: str) -> bool:
    """Whether a file is one of weights, by its name.

    >>> is_weights("Qwen3-8B-Q4_K_M.gguf"), is_weights("config.json")
    (True, False)
    """
    return _kind(name) is not None


def _kind(name: str) -> str | None:
    last = name.rpartition("/")[2]
    if _NOT_WEIGHTS.search(name) or (_PROJECTOR in last.lower() and last.lower().endswith(".gguf")):
        return None
    return _FORMATS.get(last[last.rfind(".") :].lower()) if "." in last else None


def _numbers(weights: Sequence[File]) -> str:
    """Which shard is missing, by the numbers in the names of the others."""
    sets: dict[tuple[str, str], set[str]] = {}
    for one in weights:
        if shard := _SHARD.match(one.name):
            sets.setdefault((shard["stem"], shard["total"]), set()).add(shard["number"])
    for (stem, total), numbers in sets.items():
        if len(numbers) < int(total):
            return f"{len(numbers)} of {int(total)} weight files of {stem.rpartition('/')[2]} are there"
    return ""


def _sizes(weights: Sequence[File], sizes: Mapping[str, int]) -> str:
    for one in weights:
        due = sizes.get(one.name, one.size)
        if one.size != due or one.size == 0:
            return f"{one.name} has {one.size:,} bytes of {due:,}" if one.size != due else f"{one.name} is empty"
    return ""


def _listed(kind: str, root: Path, weights: Sequence[File], seen: Seen, notes: list[str]) -> str:
    """Which shard is missing, by their index; where shards are numbered, their numbers tell it without reading."""
    if kind != "safetensors" or any(_SHARD.match(one.name) for one in weights):
        return ""
    have = {one.name for one in weights}
    for one in seen.files:
        if not one.name.endswith(f".safetensors{_INDEX}") or one.name.removesuffix(_INDEX) in have:
            continue
        found = json_of(root / one.name, notes) or {}
        folder = one.name.rpartition("/")[0]
        needed = found.get("weight_map")
        for name in sorted({str(value) for value in needed.values()}) if isinstance(needed, dict) else ():
            if (f"{folder}/{name}" if folder else name) not in have:
                return f"{name} is missing, which {one.name} names"
    return ""

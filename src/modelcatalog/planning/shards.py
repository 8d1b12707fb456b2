"""Owns which safetensors files belong together: what the index says, else what their names say. Knows no hub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.errors import IntegrityError
from modelcatalog.weights.content import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelcatalog.hubs import RemoteFile

    Read = Callable[[str, int, int | None], bytes]
    """``read(path, start, length)``: bytes of a file that is there; all from ``start`` with None."""

__all__ = ["NUMBERED", "Shards", "check_numbers", "shards"]

NUMBERED = later.pattern(r"(?P<stem>.*)-(?P<number>\d{5,})-of-(?P<total>\d{5,})(?P<end>\.(?:safetensors|gguf))", re.IGNORECASE)
_INDEX = "model.safetensors.index.json"
_VARIANT = later.pattern(r"model\.(?P<variant>[\w-]+?)(?:-\d{5,}-of-\d{5,})?\.safetensors")
_WORD = later.pattern(rb'"([^"\\/]+\.safetensors)"')
_TAIL = 65_536
_NOT_THE_MODEL = ("adapter_model", "consolidated", "optimizer", "training_args", "scheduler")
_PLAINEST = ("bf16", "fp16", "fp32")
"""Which variant comes first where there are only variants."""


class Shards(NamedTuple):
    """The files of one set of weights."""

    files: tuple[RemoteFile, ...] = ()
    listed_in: str | None = None
    """The index that names them."""
    tensors: Mapping[str, str] | None = None
    """Tensor -> file, as the index says; None where none was read whole."""


def shards(files: Sequence[RemoteFile], *, read: Read | None, largest: int | None, subject: str) -> Shards:
    """The safetensors files of the top folder that one load takes.

    Args:
        files: Everything that is there.
        read: Reads a file that is there; without it, names alone decide.
        largest: The largest index that may be read whole, in bytes; None: no limit.
        subject: The repository or folder, for messages.

    Raises:
        IntegrityError: if the index cannot be read, or names files that are not there.
    """
    top = {f.path: f for f in files if f.path.endswith(".safetensors") and "/" not in f.path}
    every = {f.path: f for f in files}
    if "model.safetensors" in top:
        # Where shards were saved beside it, their index decides; one that names what is gone was left behind.
        alone = Shards((top["model.safetensors"],))
        if _INDEX not in every or not any(NUMBERED.fullmatch(path) for path in top):
            return alone
        try:
            return _indexed(every[_INDEX], every, top, read=read, largest=largest, subject=subject)
        except IntegrityError:
            return alone
    model = {path: f for path, f in top.items() if not path.startswith(_NOT_THE_MODEL)}
    if _INDEX in every and (read is not None or any(not _VARIANT.fullmatch(path) for path in model)):
        return _indexed(every[_INDEX], every, model, read=read, largest=largest, subject=subject)
    if model and all(_VARIANT.fullmatch(path) for path in model):
        return _variant(every, model, read=read, largest=largest, subject=subject)
    numbered = [f for path, f in model.items() if NUMBERED.fullmatch(path)]
    # Only shards without a variant (model.fp16-00001-of-…) belong to one set.
    usual = [f for f in numbered if f.path.startswith("model-")] or numbered
    # Of several files without numbers and without an index, nobody can tell which is the model.
    return Shards(_one_set(usual) or (tuple(model.values()) if len(model) == 1 else ()))


def _variant(every: Mapping[str, RemoteFile], model: Mapping[str, RemoteFile], *, read: Read | None, largest: int | None, subject: str) -> Shards:
    """A set whose names have a variant (``model.fp16.safetensors``), where there is none without."""
    names = {path: found["variant"] for path in model if (found := _VARIANT.fullmatch(path))}
    variant = next((one for one in _PLAINEST if one in names.values()), min(names.values()))
    mine = {path: model[path] for path, one in names.items() if one == variant}
    index = every.get(f"model.safetensors.index.{variant}.json")
    if index is not None and len(mine) > 1:
        return _indexed(index, every, mine, read=read, largest=largest, subject=subject)
    return Shards(_one_set(tuple(mine.values())))


def _indexed(
    index: RemoteFile, every: Mapping[str, RemoteFile], model: Mapping[str, RemoteFile], *, read: Read | None, largest: int | None, subject: str
) -> Shards:
    if read is None:
        return Shards(_one_set([f for path, f in model.items() if NUMBERED.fullmatch(path)]) or tuple(model.values()), index.path)
    if largest is not None and index.size > largest:
        return Shards(_by_tail(read(index.path, max(0, index.size - _TAIL), min(_TAIL, index.size)), model), index.path)
    weight_map = json_object(read(index.path, 0, None), name=index.path, subject=subject).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map or not all(isinstance(name, str) for name in weight_map.values()):
        message = f"{index.path} names no weight files"
        raise IntegrityError(message, subject=subject, hint="fetch it again")
    wanted = sorted(set(weight_map.values()))
    lost = [path for path in wanted if path not in every or not path.endswith(".safetensors")]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        hint = "fetch it again; a download may have broken off"
        other = _one_set([f for path, f in model.items() if NUMBERED.fullmatch(path)])
        if other and not set(wanted) & {f.path for f in other} and (match := NUMBERED.fullmatch(other[0].path)) and int(match["total"]) == len(other):
            hint = f"the index was left behind by another set: {len(other)} files ({other[0].path}, …) are whole; fetch or make the index of these"
        message = f"{lost[0]}{more} of {len(wanted)} weight files is missing, which {index.path} names"
        raise IntegrityError(message, subject=subject, hint=hint)
    return Shards(tuple(every[path] for path in wanted), index.path, weight_map)


def _by_tail(tail: bytes, model: Mapping[str, RemoteFile]) -> tuple[RemoteFile, ...]:
    """The set that the end of an index is of, and every file without a number: one too many costs a download, one too few the load."""
    named = [match for one in _WORD.findall(tail) if (match := NUMBERED.fullmatch(one.decode("utf-8", "replace")))]
    sets = {(match["stem"], match["total"]) for match in named}
    return tuple(f for path, f in sorted(model.items()) if (match := NUMBERED.fullmatch(path)) is None or not sets or (match["stem"], match["total"]) in sets)


def _one_set(files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """The files of one numbered set: one that is complete before one that is not, then the larger."""
    sets: dict[tuple[str, str], list[RemoteFile]] = {}
    for f in files:
        match = NUMBERED.fullmatch(f.path)
        sets.setdefault((match["stem"], match["total"]) if match else (f.path, "1"), []).append(f)
    if not sets:
        return ()
    _, chosen = max(sets.items(), key=lambda item: (len(item[1]) == int(item[0][1]), sum(f.size for f in item[1])))
    return tuple(sorted(chosen, key=lambda f: f.path))


def check_numbers(weights: Sequence[str], *, subject: str) -> None:
    """``x-00001-of-00003`` promises two sisters, where no index says otherwise.

    Raises:
        IntegrityError: if one is missing.
    """
    numbered = [found for path in weights if (found := NUMBERED.fullmatch(path))]
    if not numbered:
        return
    match, have = numbered[0], {int(found["number"]) for found in numbered}
    if int(match["total"]) == len(have):
        return
    lost = [number for number in range(1, min(int(match["total"]), 100_000) + 1) if number not in have]
    first = f"; {match['stem']}-{lost[0]:05d}-of-{match['total']}{match['end']} is missing" if lost else ""
    message = f"{subject} has {len(have)} of {int(match['total'])} weight files{first}"
    raise IntegrityError(message, subject=subject, hint="fetch it again; a download may have broken off")

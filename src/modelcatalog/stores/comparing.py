"""Owns which copies are the same bytes, and the records that are made of what the stores found."""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.catalog.completing import titled
from modelcatalog.errors import IntegrityError
from modelcatalog.hubs import receipts
from modelcatalog.hubs.files import RemoteFile
from modelcatalog.stores.record import LocalCopy
from modelcatalog.weights import gguf, safetensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelcatalog.records import ModelName
    from modelcatalog.stores.disk import File
    from modelcatalog.stores.store import Found

__all__ = ["copies"]

_Inode = tuple[int, int]
_Ties = tuple[tuple[Path, ...], int]
"""The copies with the same bytes, and how many more have the same size."""


class _Known(NamedTuple):
    """What was gathered over all copies."""

    hashes: dict[_Inode, str]
    counted: set[_Inode]
    """The files that the records before have."""


def copies(found: Sequence[tuple[str, Found]], notes: list[str], *, hashes: bool) -> tuple[LocalCopy, ...]:
    """A record for each model that a store found; a path that two stores share is the first's."""
    owner: dict[Path, str] = {}
    found = [(store, one if one.lacks else one._replace(lacks=_cut(one, notes))) for store, one in found]
    every = [(store, one) for store, one in found if owner.setdefault(one.path, store) == store]
    known: dict[_Inode, str] = {one.inode: one.sha256 for _, each in every for one in each.weights if one.sha256}
    sizes: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, (_, each) in enumerate(every):
        if each.weights and not each.lacks:
            sizes[tuple(sorted(one.size for one in each.weights))].append(number)
    if hashes:
        wrong = _read(every, sizes, known, notes)
        every = [(store, one._replace(lacks=wrong.get(number, one.lacks))) for number, (store, one) in enumerate(every)]
    same, alike = _same(every, sizes, known)
    counted: set[_Inode] = set()
    made = []
    for number, (store, each) in enumerate(every):
        name = titled(each.title)
        if name is None:
            notes.append(f"{each.path} has no name that can be read")
            continue
        ties = (tuple(every[other][1].path for other in same.get(number, ())), alike.get(number, 0))
        made.append(_record(store, each, name, ties, _Known(known, counted)))
    return tuple(made)


_HEADERS: Mapping[str | None, Callable[..., object]] = {"gguf": gguf.read_file, "safetensors": safetensors.read_file}
"""Formats whose files tell how long they are."""
_SMALL = 1_000_000
"""Smaller files may count as used by this look at them, where it cannot be had otherwise."""


def _cut(found: Found, notes: list[str]) -> str:
    """Which weight file is shorter than it says itself, or something else; empty where all are whole, and where the store has their sizes (Ollama)."""
    read = None if found.layers else _HEADERS.get(found.format)
    if read is None:
        return ""
    for one in found.weights:
        for opener in (_unnoticed, None) if one.size < _SMALL else (_unnoticed,):
            try:
                read(Path(one.path), opener)
                break
            except IntegrityError as error:
                return error.message
            except OSError as error:
                if opener is None:
                    notes.append(f"{one.path} cannot be read: {error.strerror or error}")
    return ""


def _unnoticed(path: str, flags: int) -> int:
    """Open a file so that the disk does not note it as used.

    Raises:
        OSError: this system cannot, or the file is another user's.
    """
    if not hasattr(os, "O_NOATIME"):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    return os.open(path, flags | os.O_NOATIME)


def _record(store: str, found: Found, name: ModelName, ties: _Ties, known: _Known) -> LocalCopy:
    files = list({one.inode: one for one in (*found.weights, *found.beside)}.values())
    shared = sum(one.size for one in files if one.inode in known.counted)
    known.counted.update(one.inode for one in files)
    quantization = found.scheme or (str(name.quantization.scheme or name.quantization) if name.quantization else name.dtype)
    return LocalCopy(
        name=name,
        store=store,
        path=found.path,
        files=tuple(RemoteFile(path=one.name, size=one.size, sha256=known.hashes.get(one.inode, one.sha256)) for one in files),
        bytes=sum(one.size for one in files),
        shared=shared,
        format=found.format,
        quantization=quantization,
        complete=not found.lacks,
        lacks=found.lacks,
        used=_time(found.weights),
        same_as=ties[0],
        same_size=ties[1],
        remove=found.remove,
    )


def _time(weights: Sequence[File]) -> datetime | None:
    try:
        return datetime.fromtimestamp(max(one.used for one in weights), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None  # without weights, or by a clock that was wrong


def _read(every: Sequence[tuple[str, Found]], sizes: dict[tuple[int, ...], list[int]], known: dict[_Inode, str], notes: list[str]) -> dict[int, str]:
    """Hash what has a partner of its size; which copies are other than their store says."""
    wrong: dict[int, str] = {}
    read: dict[_Inode, str] = {}
    for numbers in sizes.values():
        if len({one.inode for number in numbers for one in every[number][1].weights}) == len(every[numbers[0]][1].weights):
            continue  # one copy, or the same files
        for number in numbers:
            for one in every[number][1].weights:
                digest = read.get(one.inode) or _digest(one, notes)
                if digest is None:
                    continue
                read[one.inode] = digest
                if one.sha256 not in {None, digest}:
                    wrong[number] = f"{one.name[:80]} has other bytes than its hash says"
    known |= read
    return wrong


def _digest(one: File, notes: list[str]) -> str | None:
    try:
        return receipts.digest(Path(one.path)).removeprefix("sha256:")
    except OSError as error:
        notes.append(f"{one.path} cannot be read: {error.strerror or error}")
        return None


def _same(every: Sequence[tuple[str, Found]], sizes: dict[tuple[int, ...], list[int]], known: dict[_Inode, str]) -> tuple[dict[int, list[int]], dict[int, int]]:
    """By number: the copies with the same bytes, and how many more have the same size and were not compared."""
    same: dict[int, list[int]] = {}
    alike: dict[int, int] = {}
    for numbers in sizes.values():
        if len(numbers) == 1:
            continue
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number in numbers:
            ids = (known.get(one.inode) or f"{one.inode[0]}:{one.inode[1]}" for one in every[number][1].weights)
            groups[tuple(sorted(ids))].append(number)
        unknown = {key for key in groups if any(":" in one for one in key)}
        loose = sum(len(groups[key]) for key in unknown)
        for key, group in groups.items():
            for number in group:
                if len(group) > 1:
                    same[number] = [other for other in group if other != number]
                # What has a hash was compared with all that have one.
                alike[number] = len(numbers) - len(group) if key in unknown else loose
    return same, alike

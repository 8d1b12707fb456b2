"""Owns what is on this disk: folders and files given as a path, in MODELCATALOG_PATH and in the hubs' caches.

Makes no request and reads no weight; which of several copies is meant is for planning to say.
"""

from __future__ import annotations

import glob
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from modelcatalog import hubs, later
from modelcatalog.errors import CheckpointNotFound, IntegrityError
from modelcatalog.hubs import paths
from modelcatalog.hubs.files import Copy
from modelcatalog.userfolder import at_home
from modelcatalog.weights import content, gguf, safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelcatalog.hubs.files import RemoteFile
    from modelcatalog.weights.gguf import GgufHeader
    from modelcatalog.weights.safetensors import SafetensorsHeader

__all__ = ["as_path", "at", "caches", "check_weights", "not_there", "own_folders", "searched"]

_SIGNS = frozenset({"config.json", "adapter_config.json", "model_index.json"})


_CONFIGURED = frozenset({"config.json", "adapter_config.json"})
"""What makes a folder a checkpoint, or an adapter of one."""


_ADDRESS = later.pattern(r"file:(?://(?:localhost)?)?(?:/(?=[a-z]:/)|(?=/))", re.IGNORECASE)
"""Before the path in an address of a file on this machine; Windows has no slash before the letter of a drive."""


def as_path(text: str) -> Path | None:
    r"""The path that a text means; None where it is a name.

    A text is a path when it looks like one (``./x``, ``/x``, ``~/x``, ``C:\x``, ``file:///x``) or when a checkpoint lies there.

    Raises:
        CheckpointNotFound: if it looks like a path and nothing lies there.
    """
    address = _ADDRESS.match(text)
    given = text if address is None else unquote(text[address.end() :])
    path = at_home(given)
    looks = given.startswith(("/", "./", "../", "~", ".\\", "..\\", "\\\\")) or given[1:3] in {":\\", ":/"}
    try:
        there = path.exists()
    except OSError:
        there = False
    if there and (looks or path.is_file() or _holds(path)):
        return path
    if not looks:
        return None
    parent = path.parent
    if not paths.is_folder(parent):
        hint = f"{parent} does not exist"
    else:
        hint = f"{parent} may not be looked at" if (some := _some(parent)) is None else f"{parent} holds {some}"
    if "\\" in given and os.name != "nt":
        hint = "it is a path of Windows: write it as this system has it, with slashes"
    message = f"there is no file or folder {text}"
    raise CheckpointNotFound(message, subject=text, hint=hint)


def _holds(folder: Path) -> bool:
    """Whether a folder looks like a checkpoint, or like something that is said not to be one."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return False
    return bool(names & _SIGNS) or folder.name.startswith("models--") or any(name.lower().endswith(".gguf") for name in names)


def _some(folder: Path) -> str | None:
    """Some of the names in a folder; None where it may not be looked at."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return None
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "nothing"  # noqa: PLR2004


def at(path: Path) -> Copy:
    """The copy at a path that a user gave: a folder, or one file."""
    path = path.absolute()
    if path.is_dir():
        folder = _snapshot(path)
        return Copy("local path", folder, paths.listed(folder), path.name)
    # Safetensors have their configuration beside them; a GGUF file is whole by itself.
    files = paths.listed(path.parent) if path.suffix == ".safetensors" else _shards(path)
    return Copy("local path", path.parent, files, path.name)


def _snapshot(path: Path) -> Path:
    """The folder itself; of a repository in Hugging Face's cache (``models--owner--name``) its snapshot, the newest of several."""
    if not path.name.startswith("models--") or not (path / "snapshots").is_dir():
        return path
    try:
        commit = (path / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        commit = ""
    folders = paths.folders(path / "snapshots")
    named = [folder for folder in folders if folder.name == commit]
    return (named or sorted(folders, key=paths.changed) or [path])[-1]


def _shards(path: Path) -> tuple[RemoteFile, ...]:
    """A file, with its sisters where it is one shard of several (``x-00001-of-00003.gguf``); nothing of a broken link."""
    stem, _, total = path.stem.rpartition("-of-")
    if not (stem and total.isdecimal()):
        return paths.sized([path], path.parent)
    start = stem.rpartition("-")[0]
    return paths.sized(sorted(path.parent.glob(f"{glob.escape(start)}-*-of-{total}{path.suffix}")), path.parent)


def own_folders() -> tuple[Path, ...]:
    """What ``MODELCATALOG_PATH`` names, in its order, whether it is there or not."""
    return tuple(at_home(one).absolute() for one in os.environ.get("MODELCATALOG_PATH", "").split(os.pathsep) if one)


def not_there(root: Path) -> str:
    """What is said of one that is not a folder."""
    return f"MODELCATALOG_PATH names {root}, which is not a folder"


def searched() -> Iterator[Copy]:
    """Every GGUF file and every checkpoint folder under the folders of ``MODELCATALOG_PATH``."""
    for root in own_folders():
        if not root.is_dir():
            warnings.warn(not_there(root), stacklevel=1)
            continue
        for here, folders, names in paths.below(root):
            if not _CONFIGURED.isdisjoint(names) and any(name.endswith(".safetensors") for name in names):
                yield Copy("MODELCATALOG_PATH", here, paths.listed(here), here.name)
                folders.clear()
                continue
            for name in names:
                if name.lower().endswith(".gguf") and ("-of-" not in name or "-00001-of-" in name):
                    found = at(here / name)
                    if found.files:
                        yield found._replace(where="MODELCATALOG_PATH")


def caches(hub: str | None = None) -> Iterator[tuple[str, str]]:
    """The repositories that have a folder in the hubs' caches: (hub, repository id)."""
    for one in hubs.HUBS.values():
        if hub in {None, one.name}:
            yield from ((one.name, repo_id) for repo_id in one.repositories())


def check_weights(root: Path, weights: Sequence[str]) -> dict[str, GgufHeader | SafetensorsHeader]:
    """Read the header of every weight file and check that each file, and each shard, is whole.

    Args:
        root: The folder.
        weights: Paths in it, ``/``-separated.

    Returns:
        The headers, by path.

    Raises:
        IntegrityError: naming the file that is cut off, broken or missing.
    """
    headers: dict[str, GgufHeader | SafetensorsHeader] = {}
    for path in weights:
        try:
            header = headers[path] = safetensors.read_file(root / path) if path.endswith(".safetensors") else gguf.read_file(root / path)
            _check_hollow(root / path, path, header)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}"
            raise IntegrityError(message, subject=str(root / path), hint="check its rights, or fetch it again") from error
    # The first weight file may lie in a subfolder; its index lies beside it.
    folder = root / Path(weights[0]).parent if weights else root
    index = folder / "model.safetensors.index.json"
    if weights and weights[0].endswith(".safetensors") and Path(weights[0]).name != "model.safetensors" and index.is_file():
        shown = index.relative_to(root).as_posix()
        try:
            needed = {str(name) for name in content.json_object(index.read_bytes(), name=shown, subject=str(index))["weight_map"].values()}  # type: ignore[attr-defined]  # anything else is an AttributeError
        except (OSError, KeyError, AttributeError) as error:
            message = f"{index.name} cannot be read"
            raise IntegrityError(message, subject=str(index), hint="fetch it again") from error
        lost = sorted(name for name in needed if not (folder / name).is_file())
        if lost:
            message = f"{lost[0]} is missing, one of {len(needed)} weight files"
            raise IntegrityError(message, subject=str(root), hint="fetch it again; a download may have broken off")
    else:
        _check_numbers(root, weights)
    return headers


def _check_hollow(file: Path, shown: str, header: GgufHeader | SafetensorsHeader) -> None:
    """Refuse a file with holes of zeros: one that was made at its whole length, and never filled."""
    looked = content.looked_at(header.places)
    empty = content.hollow(file, looked) if looked else []
    if len(empty) > 1:
        message = f"{shown} has holes: {len(empty)} of {len(looked)} matrices that were looked at are zeros in their middle, such as {empty[0]}"
        raise IntegrityError(message, subject=str(file), hint="fetch it again; a download that makes the file at its full length may have broken off")


def _check_numbers(root: Path, weights: Sequence[str]) -> None:
    """``x-00001-of-00003`` promises two sisters."""
    stem, _, total = Path(weights[0]).stem.rpartition("-of-") if weights else ("", "", "")
    if stem and total.isdecimal() and int(total) != len(weights):
        message = f"{root.name} has {len(weights)} of {int(total)} weight files"
        raise IntegrityError(message, subject=str(root), hint="fetch it again; a download may have broken off")

"""Owns what is on this disk: folders and files given as a path, in MODELCATALOG_PATH and in both hubs' caches.

Makes no request and reads no weight; which of several copies is meant is for planning to say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.errors import CheckpointNotFound, IntegrityError
from modelcatalog.hubs import RemoteFile, huggingface, modelscope, receipts
from modelcatalog.weights import content, gguf, safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelcatalog.records import Hub
    from modelcatalog.weights.gguf import GgufHeader
    from modelcatalog.weights.safetensors import SafetensorsHeader

__all__ = ["Copy", "as_path", "at", "cached", "caches", "check_weights", "searched"]

_DEPTH = 4
_SIGNS = frozenset({"config.json", "adapter_config.json", "model_index.json"})
_NO_OWNERS = frozenset({"models", "datasets", "hub", "credentials", "ast_indexer", "tmp"})
_SKIPPED = frozenset({".git", ".locks", "__pycache__", "node_modules", "blobs"})


class Copy(NamedTuple):
    """A folder that may hold a checkpoint, and the files in it; sizes in bytes, hashes where the cache names them."""

    where: str
    """``local path``, ``MODELCATALOG_PATH``, ``huggingface cache`` or ``modelscope cache``."""
    root: Path
    files: tuple[RemoteFile, ...]
    title: str
    """The text that names it: a repository id, a folder's or a file's name."""
    hub: Hub | None = None
    repo_id: str | None = None
    commit: str | None = None

    def read(self, path: str, start: int, length: int | None) -> bytes:
        """``length`` bytes of one of the files from ``start``, or all the rest of it.

        Raises:
            IntegrityError: if it cannot be read.
        """
        try:
            with (self.root / path).open("rb") as file:
                file.seek(start)
                return file.read() if length is None else file.read(length)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}"
            raise IntegrityError(message, subject=str(self.root / path), hint="fetch it again, or check its rights") from error


def as_path(text: str) -> Path | None:
    r"""The path that a text means; None where it is a name.

    A text is a path when it looks like one (``./x``, ``/x``, ``~/x``, ``C:\x``) or when a checkpoint lies there.

    Raises:
        CheckpointNotFound: if it looks like a path and nothing lies there.
    """
    path = Path(text).expanduser()
    looks = text.startswith(("/", "./", "../", "~", ".\\", "..\\")) or text[1:3] in {":\\", ":/"}
    try:
        there = path.exists()
    except OSError:
        there = False
    if there and (looks or path.is_file() or _holds(path)):
        return path
    if not looks:
        return None
    parent = path.parent
    hint = f"{parent} does not exist" if not parent.is_dir() else f"{parent} holds {_some(parent)}"
    message = f"there is no file or folder {text}"
    raise CheckpointNotFound(message, subject=text, hint=hint)


def _holds(folder: Path) -> bool:
    """Whether a folder looks like a checkpoint, or like something that is said not to be one."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return False
    return bool(names & _SIGNS) or folder.name.startswith("models--") or any(name.lower().endswith(".gguf") for name in names)


def _some(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir())
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "nothing"  # noqa: PLR2004


def at(path: Path) -> Copy:
    """The copy at a path that a user gave: a folder, or one file."""
    path = path.absolute()
    if path.is_dir():
        folder = _snapshot(path)
        return Copy("local path", folder, _files(folder), path.name)
    # Safetensors have their configuration beside them; a GGUF file is whole by itself.
    files = _files(path.parent) if path.suffix == ".safetensors" else _shards(path)
    return Copy("local path", path.parent, files, path.name)


def _snapshot(path: Path) -> Path:
    """The folder itself; of a repository in Hugging Face's cache (``models--owner--name``) its snapshot, the newest of several."""
    if not path.name.startswith("models--") or not (path / "snapshots").is_dir():
        return path
    try:
        commit = (path / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        commit = ""
    folders = _folders(path / "snapshots")
    named = [folder for folder in folders if folder.name == commit]
    return (named or sorted(folders, key=lambda folder: folder.stat().st_mtime) or [path])[-1]


def _shards(path: Path) -> tuple[RemoteFile, ...]:
    """A file, with its sisters where it is one shard of several (``x-00001-of-00003.gguf``)."""
    stem, _, total = path.stem.rpartition("-of-")
    if not (stem and total.isdigit()):
        return (RemoteFile(path=path.name, size=path.stat().st_size),)
    start = stem.rpartition("-")[0]
    sisters = sorted(path.parent.glob(f"{_literal(start)}-*-of-{total}{path.suffix}"))
    return tuple(RemoteFile(path=sister.name, size=sister.stat().st_size) for sister in sisters)


def _literal(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _files(root: Path) -> tuple[RemoteFile, ...]:
    found = []
    for folder, folders, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith(".") and depth < _DEPTH)
        for name in sorted(names):
            file = Path(folder) / name
            # A broken link is what an interrupted download or a cleaned cache leaves behind.
            if file.is_file():
                found.append(RemoteFile(path=file.relative_to(root).as_posix(), size=file.stat().st_size))
    return tuple(found)


def searched() -> Iterator[Copy]:
    """Every GGUF file and every checkpoint folder under the folders of ``MODELCATALOG_PATH``."""
    for entry in os.environ.get("MODELCATALOG_PATH", "").split(os.pathsep):
        root = Path(entry).expanduser()
        if not entry or not root.is_dir():
            continue
        for folder, folders, names in os.walk(root.absolute()):
            here = Path(folder)
            depth = len(here.relative_to(root.absolute()).parts)
            folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith(".") and depth < _DEPTH)
            if "config.json" in names and any(name.endswith(".safetensors") for name in names):
                yield Copy("MODELCATALOG_PATH", here, _files(here), here.name)
                folders.clear()
                continue
            for name in sorted(names):
                if name.lower().endswith(".gguf") and ("-of-" not in name or "-00001-of-" in name):
                    yield at(here / name)._replace(where="MODELCATALOG_PATH")


def caches(hub: Hub | None = None) -> Iterator[tuple[Hub, str]]:
    """The repositories that have a folder in the hubs' caches: (hub, repository id)."""
    if hub in {None, "huggingface"}:
        for folder in _folders(huggingface.cache_folder()):
            kind, _, rest = folder.name.partition("--")
            if kind == "models" and rest:
                yield "huggingface", rest.replace("--", "/", 1)
    if hub in {None, "modelscope"}:
        yield from (("modelscope", repo_id) for repo_id in _modelscope_cache())


def _modelscope_cache() -> Iterator[str]:
    base = modelscope.cache_folder()
    for folder in _folders(base / "models"):
        if "--" in folder.name:
            yield folder.name.replace("--", "/", 1)
    for part in ("models", "hub/models", "hub", ""):
        for owner in _folders(base / part):
            if "--" in owner.name or owner.name.startswith(("_", ".")) or owner.name in _NO_OWNERS:
                continue
            for folder in _folders(owner):
                # In its top folder the cache keeps much else.
                if part or any((folder / name).is_file() for name in ("config.json", "configuration.json")) or any(folder.glob("*.gguf")):
                    yield modelscope.plain(f"{owner.name}/{folder.name}")


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(entry for entry in root.iterdir() if entry.is_dir())
    except OSError:
        return []


def cached(hub: Hub, repo_id: str, revision: str | None = None) -> Iterator[Copy]:
    """The copies of one repository in its hub's cache, likeliest first; they may be incomplete."""
    if hub == "huggingface":
        base = huggingface.repository_folder(repo_id)
        wanted = revision or "main"
        try:
            commit = (base / "refs" / wanted).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            commit = wanted
        folders = [base / "snapshots" / commit]
        if revision is None:
            # No branch recorded: any snapshot, the newest first.
            others = [folder for folder in _folders(base / "snapshots") if folder.name != commit]
            folders += sorted(others, key=lambda folder: folder.stat().st_mtime, reverse=True)
        for folder in folders:
            if folder.is_dir():
                files = receipts.from_blobs(folder, _files(folder))
                yield Copy("huggingface cache", folder, files, repo_id, hub, repo_id, folder.name)
    elif hub == "modelscope":
        for folder in modelscope.repository_folders(repo_id, revision):
            if folder.is_dir():
                yield Copy("modelscope cache", folder, _files(folder), repo_id, hub, repo_id)


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
        headers[path] = safetensors.read_file(root / path) if path.endswith(".safetensors") else gguf.read_file(root / path)
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


def _check_numbers(root: Path, weights: Sequence[str]) -> None:
    """``x-00001-of-00003`` promises two sisters."""
    stem, _, total = Path(weights[0]).stem.rpartition("-of-") if weights else ("", "", "")
    if stem and total.isdigit() and int(total) != len(weights):
        message = f"{root.name} has {len(weights)} of {int(total)} weight files"
        raise IntegrityError(message, subject=str(root), hint="fetch it again; a download may have broken off")

"""Owns the stores that are folders of files: LM Studio's, llama.cpp's cache, and those of ``MODELCATALOG_PATH``."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog.hubs import local
from modelcatalog.hubs.huggingface import HuggingFace
from modelcatalog.stores.caches import HubCache
from modelcatalog.stores.disk import Seen, entries, json_of, look
from modelcatalog.stores.parts import is_weights, parted
from modelcatalog.stores.store import Found, Store
from modelcatalog.userfolder import at_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.stores.disk import File

__all__ = ["LlamaCpp", "LmStudio", "OwnFolders"]

_LARGEST_SETTINGS = 4_000_000


def _home_of_lm_studio() -> Path:
    """What its pointer file names, else its folder of today, else that of versions before 0.3."""
    try:
        pointed = Path(at_home("~/.lmstudio-home-pointer").read_text(encoding="utf-8")[:4096].strip())
        if pointed.is_absolute() and pointed.is_dir():
            return pointed
    except (OSError, ValueError):
        pass
    today, before = at_home("~/.lmstudio"), at_home("~/.cache/lm-studio")
    return before if before.is_dir() and not today.is_dir() else today


class LmStudio(Store):
    """LM Studio's models: ``OWNER/REPOSITORY/FILE`` below the folder of its settings."""

    name = "lmstudio"
    title = "LM Studio"

    def folders(self) -> tuple[Path, ...]:
        """The ``downloadsFolder`` of its settings, else ``models`` in its home."""
        home = _home_of_lm_studio()
        places = [home / "settings.json", Path("~/.config/LM Studio/settings.json"), Path("~/Library/Application Support/LM Studio/settings.json")]
        if roaming := os.environ.get("APPDATA"):
            places.append(Path(roaming) / "LM Studio" / "settings.json")
        for place in places:
            settings = at_home(place)
            chosen = (json_of(settings, [], largest=_LARGEST_SETTINGS) or {}).get("downloadsFolder") if settings.is_file() else None
            if isinstance(chosen, str) and chosen:
                return (at_home(chosen),)
        return (home / "models",)

    def look(self, notes: list[str]) -> Iterator[Found]:
        """Each model of each repository."""
        for root in self.folders():
            yield from _repositories(root, notes, "in LM Studio: My Models, Delete")


class LlamaCpp(Store):
    """What llama.cpp fetched: one flat folder, or, in newer versions, a cache of Hugging Face's layout."""

    name = "llama.cpp"
    title = "llama.cpp cache"

    def folders(self) -> tuple[Path, ...]:
        """``LLAMA_CACHE``, else the system's folder for caches."""
        if given := os.environ.get("LLAMA_CACHE"):
            return (at_home(given),)
        if sys.platform == "darwin":
            base = Path("~/Library/Caches")
        elif os.name == "nt":
            base = Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local")
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
        return (at_home(base) / "llama.cpp",)

    def look(self, notes: list[str]) -> Iterator[Found]:
        """Each GGUF file of the flat layout, then each repository of the other."""
        for root in self.folders():
            flat = look(root, notes, deep=0)
            owners = _manifests(flat)
            for part in parted(root, flat._replace(files=tuple(one for one in flat.files if one.name.lower().endswith(".gguf"))), notes):
                yield Found(_repository(part.file, owners), part.path, part.weights, (), part.format, part.lacks, _remove(part.weights, part.path))
            for one in flat.unfinished:
                lacks = "a download that did not end left it"
                yield Found(_repository(one.name, owners), root / one.name, (one,), lacks=lacks, remove=_remove((one,)))
            if any(entry.name.startswith("models--") for entry in entries(root, [])):
                yield from HubCache(_Here(root)).look(notes)


class _Here(HuggingFace):
    """A cache of Hugging Face's layout in another folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def cache_folder(self) -> Path:
        """The folder itself."""
        return self.root

    def removal(self, repo_id: str) -> str:
        """The client's own command, told where the cache is."""
        return f"{super().removal(repo_id)} --cache-dir {shlex.quote(str(self.root))}"


class OwnFolders(Store):
    """The folders of ``MODELCATALOG_PATH``."""

    name = "path"
    title = "MODELCATALOG_PATH"

    def folders(self) -> tuple[Path, ...]:
        """Each folder that it names."""
        return local.own_folders()

    def look(self, notes: list[str]) -> Iterator[Found]:
        """Each GGUF file and each folder with a checkpoint."""
        for root in self.folders():
            if not root.is_dir():
                notes.append(local.not_there(root))
                continue
            yield from _repositories(root, notes, "")


def _repositories(root: Path, notes: list[str], removal: str) -> Iterator[Found]:
    """Each model below a folder; files that lie in one folder belong together."""
    folders: dict[str, list[list[File]]] = {}
    seen = look(root, notes)
    for number, every in enumerate((seen.files, seen.unfinished)):
        for one in every:
            folders.setdefault(one.name.rpartition("/")[0], [[], []])[number].append(one._replace(name=one.name.rpartition("/")[2]))
    broken: dict[str, list[str]] = {}
    for name in filter(is_weights, seen.broken):
        folders.setdefault(name.rpartition("/")[0], [[], []])
        broken.setdefault(name.rpartition("/")[0], []).append(name.rpartition("/")[2])
    for folder, (files, unfinished) in folders.items():
        here = root / folder
        for part in parted(here, Seen(tuple(files), tuple(broken.get(folder, ()))), notes):
            if part.format is None and not unfinished and not broken.get(folder):
                continue  # notes, pictures, somebody's settings
            title = "/".join(piece for piece in (folder, part.file) if piece) or root.name
            remove = removal or _remove(part.weights, part.path, None if part.file else here)
            yield Found(title, part.path, part.weights, part.beside, part.format, part.lacks, remove)
        for one in unfinished:
            title = "/".join(piece for piece in (folder, one.name) if piece)
            yield Found(title, here / one.name, (one,), lacks="a download that did not end left it", remove=removal or _remove((one,)))


def _remove(files: tuple[File, ...], path: Path | None = None, folder: Path | None = None) -> str:
    """The shell's own command, where no program has one; a link that leads nowhere has no file."""
    if folder:
        return f"rm -r {shlex.quote(str(folder))}"
    return f"rm {shlex.join([one.path for one in files] or [str(path)])}"


def _manifests(flat: Seen) -> list[tuple[str, str]]:
    """The repositories that the old layout's manifests name, as they stand before a file's name: ``owner_repository_``."""
    matches = (re.fullmatch(r"manifest=([^=]+)=([^=]+)=([^=]+)\.json", one.name) for one in flat.files)
    return sorted({(f"{found[1]}_{found[2]}_", f"{found[1]}/{found[2]}") for found in matches if found}, key=lambda pair: -len(pair[0]))


def _repository(file: str, known: list[tuple[str, str]]) -> str:
    """``owner/repository/file`` for a file of the old layout, where a manifest tells where the one ends; else the file."""
    return next((f"{repo_id}/{file.removeprefix(before)}" for before, repo_id in known if file.startswith(before)), file)

"""Owns the hubs' caches as stores: every snapshot of every repository, and what a download left. Knows no single hub's layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelcatalog.hubs import receipts
from modelcatalog.stores.disk import entries, file, look
from modelcatalog.stores.parts import parted
from modelcatalog.stores.store import Found, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog.hubs import Hub
    from modelcatalog.stores.disk import File, Seen

__all__ = ["HubCache"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOBS = "blobs"


class HubCache(Store):
    """One hub's cache, as its client keeps it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.name = hub.name  # type: ignore[misc]  # a store of its own for each hub
        self.title = f"{hub.title} cache"  # type: ignore[misc]  # as above

    def folders(self) -> tuple[Path, ...]:
        """The cache's folder, where the client's own settings have it."""
        return (self.hub.cache_folder(),)

    def look(self, notes: list[str]) -> Iterator[Found]:
        """Every snapshot of every repository; what a download left unfinished, where nothing else tells of it."""
        entries(self.hub.cache_folder(), notes)  # that it may not be read is said once
        for repo_id in sorted(dict.fromkeys(self.hub.repositories())):
            unfinished = self._unfinished(repo_id, notes)
            for folder in self.hub.snapshots(repo_id):
                seen = look(folder, notes)
                unfinished += seen.unfinished
                yield from self._found(repo_id, folder, seen, notes)
            if unfinished:
                lacks = f"a download that did not end left {len(unfinished)} {'file' if len(unfinished) == 1 else 'files'}"
                yield Found(repo_id, self.hub.repository_root(repo_id), tuple(unfinished), lacks=lacks, remove=self.hub.removal(repo_id))

    def _found(self, repo_id: str, folder: Path, seen: Seen, notes: list[str]) -> Iterator[Found]:
        listed = {one.path: one for one in (*self.hub.written_listing(folder), *receipts.expected(folder))}
        files = tuple(one._replace(sha256=_hash(one, listed[one.name].sha256 if one.name in listed else None)) for one in seen.files)
        sizes = {path: one.size for path, one in listed.items()}
        due = [one.path for one in receipts.expected(folder)]
        here = {one.name for one in files}
        for part in parted(folder, seen._replace(files=files), notes, sizes=sizes, whole=True):
            lacks = part.lacks
            if not lacks and part.format == "safetensors":
                # What a download of this package was to bring is known.
                lacks = next((f"{path} is missing" for path in due if path not in here), "")
            title = f"{repo_id}/{part.file}" if part.file else repo_id
            yield Found(title, part.path, part.weights, part.beside, part.format, lacks, self.hub.removal(repo_id))

    def _unfinished(self, repo_id: str, notes: list[str]) -> list[File]:
        """What lies among the blobs under a name that says so."""
        blobs = self.hub.repository_root(repo_id) / _BLOBS
        left = (entry for entry in entries(blobs, notes) if entry.name.endswith(".incomplete"))
        found = []
        for entry in left:
            try:
                one = file(entry.path, f"{_BLOBS}/{entry.name}", link=entry.is_symlink())
            except OSError as error:
                notes.append(f"{entry.path} cannot be read: {error.strerror or error}")
                continue
            found += [one] if one is not None and one.size else []
        return found


def _hash(one: File, listed: str | None) -> str | None:
    """What a client calls a blob by, else what the hub listed."""
    return one.blob if _SHA256.fullmatch(one.blob) else listed and listed.lower()

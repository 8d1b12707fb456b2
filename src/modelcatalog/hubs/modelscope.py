"""Owns the ModelScope hub: its settings, routes, cache folders and client. Knows no other hub and no plan.

The hub names no commit for a branch, so the SHA-256 of each file in the listing is the pin.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from modelcatalog.errors import (
    CheckpointNotFound,
    GatedCheckpoint,
    HubUnreachable,
    IntegrityError,
    MissingPackage,
    ModelCatalogError,
    WontFit,
)
from modelcatalog.hubs import Listing, RemoteFile, paths
from modelcatalog.hubs.wire import Answer, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.records import Hub

__all__ = ["ModelScope", "cache_folder", "repository_folders"]

TITLE = "ModelScope"
"""The hub as people write it."""


def endpoint() -> str:
    """``MODELSCOPE_ENDPOINT`` (or the older ``MODELSCOPE_DOMAIN``), else the hub itself."""
    given = os.environ.get("MODELSCOPE_ENDPOINT") or os.environ.get("MODELSCOPE_DOMAIN") or "https://modelscope.cn"
    return (given if "://" in given else f"https://{given}").rstrip("/")


def cache_folder() -> Path:
    """``MODELSCOPE_CACHE``, else the client's default."""
    return Path(os.environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope").expanduser()


def repository_folders(repo_id: str, revision: str | None = None) -> tuple[Path, ...]:
    """Where the files of a repository may lie: the layout of today, then those of older clients.

    >>> [f.relative_to(cache_folder()).as_posix() for f in repository_folders("Qwen/Qwen1.5-0.5B")][:2]
    ['models/Qwen--Qwen1.5-0.5B/snapshots/master', 'models/Qwen/Qwen1___5-0___5B']
    """
    base = cache_folder()
    owner, _, name = repo_id.partition("/")
    today = base / "models" / f"{owner}--{name}" / "snapshots"
    older = [base / part / owner / name.replace(".", "___") for part in ("models", "hub/models", "hub")]
    # Only today's layout keeps revisions apart; what lies in the older ones is of no known revision.
    return (today / (revision or "master"), *(() if revision else older))


def repository_root(repo_id: str) -> Path:
    """Where all that is downloaded of a repository lies, the unfinished files too."""
    return repository_folders(repo_id)[0].parent.parent


def snapshot_folder(listing: Listing) -> Path:
    """Where the files of a listing lie once they are fetched: the client goes on using an older layout it finds."""
    today, *older = repository_folders(listing.repo_id)
    found = next((folder for folder in older if folder.is_dir()), None)
    return found or today.with_name(listing.revision)


def written_folders() -> tuple[Path, ...]:
    """What the client may write to: its cache, and where it keeps its own settings."""
    home = os.environ.get("MODELSCOPE_HOME") or "~/.modelscope"
    return cache_folder(), Path(home).expanduser(), Path("~/.cache/modelscope").expanduser()


def token() -> str | None:
    """``MODELSCOPE_API_TOKEN``; the client's own login is a pickled cookie, which is not read here."""
    return os.environ.get("MODELSCOPE_API_TOKEN") or None


class ModelScope:
    """modelscope.cn, or what ``MODELSCOPE_ENDPOINT`` names."""

    hub: Hub = "modelscope"

    def wire(self) -> Wire:
        """A connection with the budget of one plan."""
        return Wire("ModelScope", endpoint(), token())

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository at ``revision`` (default ``master``); 1 request."""
        asked = revision or "master"
        query = urlencode({"Revision": asked, "Recursive": "True"})
        data = _data(wire.get(f"/api/v1/models/{quote(repo_id)}/repo/files?{query}"), repo_id, asked)
        entries = data.get("Files") if isinstance(data, dict) else data
        if not isinstance(entries, list):
            message = f"ModelScope gave no file list for {repo_id}"
            raise HubUnreachable(message, subject=repo_id)
        try:
            files = tuple(_file(entry) for entry in entries if paths.is_file(entry.get("Type"), subject=repo_id))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"ModelScope gave a file list for {repo_id} that cannot be read"
            raise HubUnreachable(message, subject=repo_id) from error
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(hub=self.hub, endpoint=wire.endpoint, repo_id=repo_id, revision=asked, files=files)

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """A small file, or a piece of a large one; 1 request."""
        query = urlencode({"Revision": listing.revision, "FilePath": path})
        answer = wire.get(f"/api/v1/models/{quote(listing.repo_id)}/repo?{query}", start=start, length=length)
        if answer.status not in {200, 206}:
            _data(answer, listing.repo_id, listing.revision)
        return answer.body

    def prepare(self) -> None:
        """Import modelscope; it takes two seconds."""
        try:
            import_module("modelscope.hub.snapshot_download")
        except ImportError as error:
            message = "fetching from ModelScope needs modelscope"
            raise MissingPackage(message, subject=self.hub, install="pip install 'modelcatalog[modelscope]'") from error

    def fetch(self, listing: Listing, files: Sequence[RemoteFile]) -> Path:
        """Download through modelscope into its cache; the folder the files lie in."""
        client: Any = import_module("modelscope.hub.snapshot_download")
        try:
            folder = client.snapshot_download(
                listing.repo_id,
                revision=listing.revision,
                cache_dir=str(cache_folder()),
                allow_patterns=[_literal(file.path) for file in files],
                endpoint=listing.endpoint,
                token=token(),
            )
        except Exception as error:
            raise _translated(error, listing) from error
        return Path(folder)


def _file(entry: dict[str, Any]) -> RemoteFile:
    path = entry["Path"] if "Path" in entry else entry["Name"]
    return RemoteFile(path=path, size=int(entry.get("Size") or 0), sha256=entry.get("Sha256") or None)


def _literal(path: str) -> str:
    """A glob that matches ``path`` alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _data(answer: Answer, repo_id: str, revision: str) -> Any:
    """The ``Data`` of a good answer, else the error that its status means."""
    if answer.status in {401, 403}:
        message = f"ModelScope serves {repo_id} only to accounts with access"
        hint = f"ask for access at {endpoint()}/models/{repo_id}, then set MODELSCOPE_API_TOKEN"
        raise GatedCheckpoint(message, subject=repo_id, hint=hint)
    if answer.status not in {200, 404}:
        message = f"ModelScope answered with status {answer.status}"
        raise HubUnreachable(message, subject=repo_id)
    body = answer.json()
    if answer.status == 404:  # noqa: PLR2004
        known = "revision" in str(body).lower()
        message = f"ModelScope has no {f'revision {revision!r} of' if known else 'repository'} {repo_id}"
        raise CheckpointNotFound(message, subject=repo_id, hint="check the spelling; ids differ between hubs")
    if not isinstance(body, dict) or body.get("Success") is False:
        message = f"ModelScope gave no answer of its own for {repo_id}"
        raise HubUnreachable(message, subject=repo_id)
    return body.get("Data", body)


def _translated(error: Exception, listing: Listing) -> ModelCatalogError:
    repo_id = listing.repo_id
    if isinstance(error, ModelCatalogError):
        return error
    # FileDownloadError holds one error for each file that failed.
    failed = getattr(error, "failed_files", None) or {}
    first = next(iter(failed.values()), error)
    if paths.disk_full(first):
        return WontFit(
            f"the disk of {cache_folder()} is full", subject=repo_id, hint="free space, or set MODELSCOPE_CACHE"
        )
    kind = type(first).__name__
    if "Integrity" in kind or "SizeMismatch" in kind:
        return IntegrityError(f"ModelScope sent other bytes for {repo_id} than it lists: {first}", subject=repo_id)
    if "NotExist" in kind or "404" in str(first)[:40]:
        return CheckpointNotFound(f"ModelScope no longer serves {repo_id}", subject=repo_id)
    said = str(first).splitlines()[0] if str(first) else kind
    return HubUnreachable(
        f"the download of {repo_id} from ModelScope broke off: {said}",
        subject=repo_id,
        hint="run it again; what arrived is kept",
    )

"""Owns the Hugging Face hub: its settings, routes, cache folder and client. Knows no other hub and no plan.

Settings are read from the environment when they are needed; huggingface_hub reads its own once, at import.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelcatalog.errors import (
    CheckpointNotFound,
    GatedCheckpoint,
    HubUnreachable,
    MissingPackage,
    ModelCatalogError,
    WontFit,
)
from modelcatalog.hubs import Listing, RemoteFile, paths
from modelcatalog.hubs.wire import Answer, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.records import Hub

__all__ = ["HuggingFace", "cache_folder", "offline", "remember", "repository_folder", "snapshot_folder"]

_TRUE = {"1", "ON", "YES", "TRUE"}
_WORKERS = 4
_PAGES = 2
_COMMIT = 40

TITLE = "Hugging Face"
"""The hub as people write it."""


def endpoint() -> str:
    """``HF_ENDPOINT``, else the hub itself."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def offline() -> bool:
    """Whether ``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE`` forbids requests."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in _TRUE


def _home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expandvars(os.environ.get("HF_HOME") or f"{cache}/huggingface")).expanduser()


def cache_folder() -> Path:
    """Where the client keeps repositories: ``HF_HUB_CACHE``, else ``hub`` under ``HF_HOME``."""
    given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(os.path.expandvars(given)).expanduser() if given else _home() / "hub"


def repository_folder(repo_id: str) -> Path:
    """The folder of one repository in the cache."""
    return cache_folder() / f"models--{repo_id.replace('/', '--')}"


def repository_root(repo_id: str) -> Path:
    """Where all that is downloaded of a repository lies."""
    return repository_folder(repo_id)


def snapshot_folder(listing: Listing) -> Path:
    """Where the files of a listing lie once they are fetched."""
    return repository_folder(listing.repo_id) / "snapshots" / (listing.commit or listing.revision)


def written_folders() -> tuple[Path, ...]:
    """What the client may write to."""
    return (cache_folder(),)


def remember(listing: Listing) -> None:
    """Write the branch's commit where the client does, so that the next look at the cache finds it by name."""
    if listing.commit is None or listing.commit == listing.revision:
        return
    ref = repository_folder(listing.repo_id) / "refs" / listing.revision
    try:
        ref.parent.mkdir(parents=True, exist_ok=True)
        draft = ref.with_name(f"{ref.name}.{os.getpid()}")
        draft.write_text(listing.commit, encoding="utf-8")
        draft.replace(ref)
    except OSError:
        return


def token() -> str | None:
    """``HF_TOKEN``, else the one that ``hf auth login`` left in a file."""
    given = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    if given:
        return given.strip() or None
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in _TRUE:
        return None
    file = Path(os.path.expandvars(os.environ.get("HF_TOKEN_PATH") or str(_home() / "token"))).expanduser()
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


class HuggingFace:
    """huggingface.co, or the mirror that ``HF_ENDPOINT`` names."""

    hub: Hub = "huggingface"

    def wire(self) -> Wire:
        """A connection with the budget of one plan."""
        if offline():
            message = "HF_HUB_OFFLINE forbids requests to Hugging Face"
            raise HubUnreachable(message, subject=endpoint(), hint="unset HF_HUB_OFFLINE, or use a local copy")
        return Wire("Hugging Face", endpoint(), token())

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository at the commit that ``revision`` (default ``main``) is now; 2 or 3 requests."""
        asked = revision or "main"
        base = f"/api/models/{quote(repo_id)}"
        info = _checked(wire.get(f"{base}/revision/{quote(asked, safe='')}"), repo_id, asked).json()
        commit = info.get("sha") if isinstance(info, dict) else None
        if not isinstance(commit, str) or not _is_commit(commit):
            message = f"Hugging Face gave no commit for {repo_id}"
            raise HubUnreachable(message, subject=repo_id)
        files: list[RemoteFile] = []
        page: str | None = f"{base}/tree/{commit}?recursive=true&expand=false"
        for _ in range(_PAGES):
            answer = _checked(wire.get(page or ""), repo_id, asked)
            files += _files(answer.json(), repo_id)
            page = _next(answer, wire.endpoint)
            if page is None:
                break
        else:
            paths.check((str(n) for n in range(paths.MOST_FILES + 1)), subject=repo_id)
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(
            hub=self.hub,
            endpoint=wire.endpoint,
            repo_id=repo_id,
            revision=asked,
            commit=commit,
            files=tuple(files),
            gated=bool(info.get("gated")),
        )

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """A small file, or a piece of a large one; 1 request."""
        url = f"/{quote(listing.repo_id)}/resolve/{quote(listing.commit or listing.revision, safe='')}/{quote(path)}"
        return _checked(wire.get(url, start=start, length=length), listing.repo_id, listing.revision, path).body

    def prepare(self) -> None:
        """Import huggingface_hub."""
        try:
            import_module("huggingface_hub")
        except ImportError as error:
            message = "fetching from Hugging Face needs huggingface_hub"
            raise MissingPackage(message, subject=self.hub, install="pip install 'modelcatalog[chat]'") from error

    def fetch(self, listing: Listing, files: Sequence[RemoteFile]) -> Path:
        """Download through huggingface_hub into its cache, the commit pinned; the snapshot's folder."""
        from huggingface_hub import hf_hub_download  # noqa: PLC0415

        def download(file: RemoteFile) -> None:
            hf_hub_download(
                listing.repo_id,
                file.path,
                revision=listing.commit or listing.revision,
                cache_dir=cache_folder(),
                endpoint=listing.endpoint,
                token=token() or False,
                etag_timeout=10,
            )

        # Small files first: a gate or a broken hub shows before the first weight.
        ordered = sorted(files, key=lambda file: file.size)
        try:
            for file in ordered[:1]:
                download(file)
            with ThreadPoolExecutor(_WORKERS) as pool:
                for done in as_completed([pool.submit(download, file) for file in ordered[1:]]):
                    done.result()
        except Exception as error:
            raise _translated(error, listing) from error
        return snapshot_folder(listing)


def _is_commit(text: str) -> bool:
    return len(text) == _COMMIT and all(c in "0123456789abcdef" for c in text)


def _files(tree: Any, repo_id: str) -> list[RemoteFile]:
    if not isinstance(tree, list):
        message = f"Hugging Face gave no file list for {repo_id}"
        raise HubUnreachable(message, subject=repo_id)
    try:
        return [_file(entry) for entry in tree if paths.is_file(entry["type"], subject=repo_id)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"Hugging Face gave a file list for {repo_id} that cannot be read"
        raise HubUnreachable(message, subject=repo_id) from error


def _file(entry: dict[str, Any]) -> RemoteFile:
    lfs = entry.get("lfs") or {}
    return RemoteFile(
        path=entry["path"],
        size=int(lfs.get("size") or entry.get("size") or 0),
        sha256=lfs.get("oid") or lfs.get("sha256"),
        git_oid=None if lfs else entry.get("oid"),
    )


def _next(answer: Answer, base: str) -> str | None:
    """The next page that a ``Link`` header names, on the same host only."""
    for link in answer.headers.get("link", "").split(","):
        url, _, rest = link.partition(";")
        url = url.strip().strip("<>")
        if 'rel="next"' in rest and url.startswith(f"{base}/"):
            return url.removeprefix(base)
    return None


def _checked(answer: Answer, repo_id: str, revision: str, path: str | None = None) -> Answer:
    """The answer if it is one, else the error that its status and ``X-Error-Code`` mean."""
    if answer.status in {200, 206}:
        return answer
    code = answer.headers.get("x-error-code", "")
    if code == "GatedRepo" or answer.status == 403:  # noqa: PLR2004
        raise _gated(repo_id)
    if code == "RevisionNotFound":
        message = f"{repo_id} on Hugging Face has no revision {revision!r}"
        raise CheckpointNotFound(message, subject=f"{repo_id}@{revision}")
    if code == "EntryNotFound":
        message = f"{repo_id} on Hugging Face has no file {path!r}"
        raise CheckpointNotFound(message, subject=f"{repo_id}/{path}")
    if code == "RepoNotFound" or answer.status in {401, 404}:
        if "html" in answer.headers.get("content-type", "") and not code:
            answer.json()  # a 404 page of something that is no hub
        hint = "check the spelling; a private repository needs HF_TOKEN"
        message = f"Hugging Face has no repository {repo_id}"
        raise CheckpointNotFound(message, subject=repo_id, hint=hint)
    message = f"Hugging Face answered with status {answer.status}"
    raise HubUnreachable(message, subject=repo_id)


def _gated(repo_id: str) -> GatedCheckpoint:
    hint = f"accept its licence at {endpoint()}/{repo_id}, then set HF_TOKEN or run: hf auth login"
    return GatedCheckpoint(f"{repo_id} is gated on Hugging Face", subject=repo_id, hint=hint)


def _translated(error: Exception, listing: Listing) -> ModelCatalogError:
    from huggingface_hub import errors  # noqa: PLC0415

    repo_id = listing.repo_id
    if isinstance(error, ModelCatalogError):
        return error
    if isinstance(error, errors.GatedRepoError):
        return _gated(repo_id)
    missing = errors.RepositoryNotFoundError | errors.RevisionNotFoundError | errors.EntryNotFoundError
    if isinstance(error, missing) and not isinstance(error, errors.LocalEntryNotFoundError):
        return CheckpointNotFound(f"Hugging Face no longer serves {repo_id}", subject=repo_id)
    if paths.disk_full(error):
        return WontFit(f"the disk of {cache_folder()} is full", subject=repo_id, hint="free space, or set HF_HOME")
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return HubUnreachable(
        f"the download of {repo_id} from Hugging Face broke off: {said}",
        subject=repo_id,
        hint="run it again; files that arrived whole are kept",
    )

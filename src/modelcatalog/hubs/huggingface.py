"""Owns the Hugging Face hub: its settings, routes, cache folder and client. Knows no other hub and no plan.

Settings are read from the environment when they are needed; huggingface_hub reads its own once, at import.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelcatalog.errors import HubUnreachable, MissingPackage, UnsafeRepository, WontFit
from modelcatalog.hubs import Listing, RemoteFile, paths, proxies, refusals
from modelcatalog.hubs import card as cards
from modelcatalog.hubs.refusals import Asked, House, RefusedError
from modelcatalog.hubs.secrets import clean, clean_cause, login, public, token_from
from modelcatalog.hubs.wire import Answer, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelcatalog.hubs.secrets import Token
    from modelcatalog.records import Hub

__all__ = ["HuggingFace", "cache_folder", "offline", "remember", "repository_folder", "snapshot_folder"]

_TRUE = {"1", "ON", "YES", "TRUE"}
_WORKERS = 4
_MOST_PAGES = 200
_COMMIT = 40

TITLE = "Hugging Face"
"""The hub as people write it."""


def endpoint() -> str:
    """``HF_ENDPOINT``, else the hub itself."""
    return (os.environ.get("HF_ENDPOINT", "").strip() or "https://huggingface.co").rstrip("/")


def house() -> House:
    """What messages say of this hub."""
    there = public(endpoint())
    return House(TITLE, f"{there}/{{}}", "HF_TOKEN", " or run: hf auth login", f"{there}/settings/tokens")


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


def written_listing(folder: Path) -> tuple[RemoteFile, ...]:
    """The listing that huggingface_hub 2 keeps beside a snapshot that it fetched whole or in part; empty without one."""
    file = folder.parent.parent / "trees" / f"{folder.name}.json"
    try:
        value = json.loads(file.read_bytes())
        return tuple(
            RemoteFile(path=path, size=one.get("lfs_size") or one["size"], sha256=one.get("lfs_sha256")) for path, one in value["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


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


def credential() -> Token | None:
    """``HF_TOKEN``, else the token that ``hf auth login`` left in a file.

    Raises:
        HubUnreachable: if what is there cannot be sent; the place is named, its content is not.
    """
    implicit = os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() not in _TRUE
    file = Path(os.path.expandvars(os.environ.get("HF_TOKEN_PATH") or str(_home() / "token"))).expanduser()
    return token_from("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", file=file if implicit else None)


def token() -> str | None:
    """The text of `credential`."""
    found = credential()
    return found.value if found else None


class HuggingFace:
    """huggingface.co, or the mirror that ``HF_ENDPOINT`` names."""

    hub: Hub = "huggingface"

    def wire(self) -> Wire:
        """A connection with the budget of one plan."""
        if offline():
            message = "HF_HUB_OFFLINE forbids requests to Hugging Face"
            raise HubUnreachable(message, subject=public(endpoint()), hint="unset HF_HUB_OFFLINE, or use a local copy")
        proxies.check(endpoint(), proxies.HTTPX, title=TITLE)
        return Wire(TITLE, endpoint(), credential())

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository at the commit that ``revision`` (default ``main``) is now; 2 requests, and 1 for each further page."""
        asked = revision or "main"
        base = f"/api/models/{quote(repo_id)}"
        info = _checked(wire.get(f"{base}/revision/{quote(asked, safe='')}"), Asked(repo_id, asked)).json()
        commit = info.get("sha") if isinstance(info, dict) else None
        if not isinstance(commit, str) or not _is_commit(commit):
            message = f"{TITLE} gave no commit for {repo_id}"
            raise HubUnreachable(message, subject=repo_id, hint=_NOT_ITS_OWN)
        gated = bool(info.get("gated"))
        files = _tree(wire, f"{base}/tree/{commit}", Asked(repo_id, asked, gated=gated))
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(
            hub=self.hub,
            endpoint=wire.endpoint,
            repo_id=repo_id,
            revision=asked,
            commit=commit,
            files=tuple(files),
            gated=gated,
            card=cards.of_answer(info),
        )

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """A small file, or a piece of a large one; 1 request."""
        url = f"/{quote(listing.repo_id)}/resolve/{quote(listing.commit or listing.revision, safe='')}/{quote(path)}"
        asked = Asked(listing.repo_id, listing.revision, path, listing.gated)
        return _checked(wire.get(url, start=start, length=length), asked).body

    def prepare(self) -> None:
        """Import huggingface_hub."""
        try:
            import_module("huggingface_hub")
        except ImportError as error:
            message = "fetching from Hugging Face needs huggingface_hub"
            raise MissingPackage(message, subject=self.hub, install="pip install 'modelcatalog[chat]'") from error
        proxies.check(endpoint(), proxies.HTTPX, title=TITLE)
        proxies.forget_unusable(proxies.HTTPX)

    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        """Download through huggingface_hub into its cache, the commit pinned; the snapshot's folder."""
        refusals.admitted(house(), partial(self._fetch, listing, files), say)
        return snapshot_folder(listing)

    def _fetch(self, listing: Listing, files: Sequence[RemoteFile], anonymous: bool) -> None:  # noqa: FBT001
        from huggingface_hub import hf_hub_download  # noqa: PLC0415

        given = None if anonymous or login(endpoint()) else credential()
        secret = given.value if given else None

        def download(file: RemoteFile) -> None:
            try:
                hf_hub_download(
                    listing.repo_id,
                    file.path,
                    revision=listing.commit or listing.revision,
                    cache_dir=cache_folder(),
                    endpoint=address(listing),
                    token=secret or False,
                    etag_timeout=10,
                )
            except Exception as error:  # noqa: BLE001  whatever the client raises becomes one of ours
                raise _translated(error, listing, file.path, given) from clean_cause(error, secret)

        # Small files first: a gate or a broken hub shows before the first weight.
        ordered = sorted(files, key=lambda file: file.size)
        for file in ordered[:1]:
            download(file)
        with ThreadPoolExecutor(_WORKERS) as pool:
            for done in as_completed([pool.submit(download, file) for file in ordered[1:]]):
                done.result()


def address(listing: Listing) -> str:
    """The endpoint of a listing, with the ``user:password@`` that the environment has for it."""
    return endpoint() if public(endpoint()) == listing.endpoint else listing.endpoint


def _tree(wire: Wire, tree: str, asked: Asked) -> list[RemoteFile]:
    """All pages of a listing."""
    files: list[RemoteFile] = []
    page: str | None = f"{tree}?recursive=true&expand=false"
    seen: set[str] = set()
    while page is not None:
        seen.add(page)
        answer = _checked(wire.get(page, listing=True, further=len(seen) > 1), asked)
        files += _files(answer.json(), asked.repo_id)
        page = _next(answer, tree)
        if page in seen or len(seen) >= _MOST_PAGES:
            why = "its next page is one that was read already" if page in seen else f"there are more than {_MOST_PAGES} pages"
            message = f"{asked.repo_id} lists more than can be read: {why}"
            raise UnsafeRepository(message, subject=asked.repo_id, hint="look for a copy of the model under another owner, or on another hub")
        if page is not None and len(files) > paths.MOST_FILES:
            paths.refuse_many(asked.repo_id, f"{len(files):,} on its first {len(seen)} pages")
    return files


def _is_commit(text: str) -> bool:
    return len(text) == _COMMIT and all(c in "0123456789abcdef" for c in text)


def _files(tree: Any, repo_id: str) -> list[RemoteFile]:
    if not isinstance(tree, list):
        message = f"Hugging Face gave no file list for {repo_id}"
        raise HubUnreachable(message, subject=repo_id, hint=_NOT_ITS_OWN)
    try:
        return [_file(entry) for entry in tree if paths.is_file(entry["type"], subject=repo_id)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"Hugging Face gave a file list for {repo_id} that cannot be read"
        raise HubUnreachable(message, subject=repo_id, hint=_NOT_ITS_OWN) from error


def _file(entry: dict[str, Any]) -> RemoteFile:
    lfs = entry.get("lfs") or {}
    return RemoteFile(
        path=entry["path"],
        size=int(lfs.get("size") or entry.get("size") or 0),
        sha256=lfs.get("oid") or lfs.get("sha256"),
        git_oid=None if lfs else entry.get("oid"),
    )


def _next(answer: Answer, tree: str) -> str | None:
    """The next page that a ``Link`` header names. It is asked for at our endpoint: a mirror may name the hub that it stands for."""
    for link in answer.headers.get("link", "").split(","):
        url, _, rest = link.partition(";")
        _, found, query = url.strip().strip("<>").partition(f"{tree}?")
        if found and 'rel="next"' in rest:
            return f"{tree}?{query}"
    return None


_NOT_ITS_OWN = "check HF_ENDPOINT: what answers there may be no Hugging Face hub; or try another hub"


def _checked(answer: Answer, asked: Asked) -> Answer:
    """The answer if it is one, else the error that it means."""
    refusal = answer.refusal
    if refusal is None:
        return answer
    if refusal.status == 404 and refusal.page and not refusal.code and not asked.path:  # noqa: PLR2004
        answer.json()  # the 404 page of something that is no hub
    raise refusals.error(house(), refusal, asked)


def _translated(error: Exception, listing: Listing, path: str, sent: Token | None) -> Exception:
    repo_id = listing.repo_id
    refusal = refusals.of(error, sent, listing.endpoint)
    if refusal is not None:
        return RefusedError(refusal, Asked(repo_id, listing.revision, path, listing.gated, fetching=True))
    if paths.disk_full(error):
        return WontFit(f"the disk of {cache_folder()} is full", subject=repo_id, hint="free space, or set HF_HOME")
    said = clean(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__, sent.value if sent else None)
    return HubUnreachable(
        f"the download of {repo_id} from {TITLE} broke off: {said}",
        subject=repo_id,
        hint="run it again; files that arrived whole are kept",
    )

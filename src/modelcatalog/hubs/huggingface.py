"""Owns the Hugging Face hub: its settings, routes, cache folder and client. Knows no other hub and no plan.

Settings are read from the environment when they are needed; huggingface_hub reads its own once, at import.
"""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from modelcatalog.errors import HubUnreachable, UnsafeRepository, WontFit
from modelcatalog.hubs import card as cards
from modelcatalog.hubs import paths, proxies, receipts, refusals
from modelcatalog.hubs.files import REPOSITORY, Copy, Listing, Published, RemoteFile
from modelcatalog.hubs.guard import PATIENCE, headers_error
from modelcatalog.hubs.hub import Hub
from modelcatalog.hubs.refusals import Asked, House, RefusedError
from modelcatalog.hubs.secrets import clean, clean_cause, login, public, token_from
from modelcatalog.hubs.wire import Known
from modelcatalog.userfolder import at_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from modelcatalog.errors import ModelCatalogError
    from modelcatalog.hubs.guard import Guard
    from modelcatalog.hubs.secrets import Token
    from modelcatalog.hubs.wire import Answer, Wire

__all__ = ["HuggingFace"]

_TRUE = {"1", "ON", "YES", "TRUE"}
_WORKERS = 4
_MOST_PAGES = 200
_PAGE = 1_000
"""Repositories on one page of an account's; more than that the hub does not give."""
_COMMIT = 40
_FOLDER = "models"
"""Before the id of a model's repository in the cache; ``datasets`` and ``spaces`` lie beside."""
_SERVER_ERROR = 500
_SERVER_ERRORS = 2
_TOO_MANY = 429
_NO_COMMIT = "FileMetadataError"
"""What huggingface_hub raises, or has as the cause, where an answer does not say which commit it is of."""


class HuggingFace(Hub):
    """huggingface.co, or the mirror that ``HF_ENDPOINT`` names."""

    name = ids = "huggingface"
    title = "Hugging Face"
    branch = "main"
    client, package, extra = "huggingface_hub.file_download", "huggingface-hub", "chat"
    needs = "huggingface-hub>=1.3,<3"
    proxy = proxies.HTTPX
    endpoint_variable, cache_variable = "HF_ENDPOINT", "HF_HOME"

    # What its environment says -----------------------------------------------------------------

    def endpoint(self) -> str:
        """``HF_ENDPOINT``, else the hub itself."""
        return (os.environ.get("HF_ENDPOINT", "").strip() or "https://huggingface.co").rstrip("/")

    def house(self) -> House:
        """What messages say of this hub."""
        there = public(self.endpoint())
        return House(self.title, f"{there}/{{}}", "HF_TOKEN", " or run: hf auth login", f"{there}/settings/tokens", self.branch)

    def offline(self) -> str:
        """``HF_HUB_OFFLINE``, or ``TRANSFORMERS_OFFLINE``, which counts where the first says nothing."""
        variable = next((one for one in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") if os.environ.get(one)), "")
        return variable if os.environ.get(variable, "").upper() in _TRUE else ""

    def credential(self) -> Token | None:
        """``HF_TOKEN``, else the token that ``hf auth login`` left in a file."""
        implicit = os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() not in _TRUE
        file = at_home(os.path.expandvars(os.environ.get("HF_TOKEN_PATH") or str(_home() / "token")))
        return token_from("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", file=file if implicit else None)

    # What lies on this disk --------------------------------------------------------------------

    def cache_folder(self) -> Path:
        """Where the client keeps repositories: ``HF_HUB_CACHE``, else ``hub`` under ``HF_HOME``."""
        given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
        return at_home(os.path.expandvars(given)) if given else _home() / "hub"

    def moved_by(self) -> str:
        """``HF_HUB_CACHE`` where it is set, and comes before ``HF_HOME``."""
        return next((one for one in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") if os.environ.get(one)), self.cache_variable)

    def repositories(self) -> Iterator[str]:
        """The ids of the repositories that have a folder in the cache."""
        for folder in paths.folders(self.cache_folder()):
            kind, _, rest = folder.name.partition("--")
            if kind == _FOLDER and rest:
                yield rest.replace("--", "/", 1)

    def repository_root(self, repo_id: str) -> Path:
        """The folder of one repository in the cache."""
        return self.cache_folder() / f"{_FOLDER}--{repo_id.replace('/', '--')}"

    def removal(self, repo_id: str) -> str:
        """``hf cache rm``, which asks before it removes."""
        return f"hf cache rm model/{repo_id}"

    def cached(self, repo_id: str, revision: str | None = None) -> Iterator[Copy]:
        """The snapshots of one repository: the one that the branch is, then, where no revision is asked for, the newest."""
        base = self.repository_root(repo_id)
        wanted = revision or self.branch
        try:
            commit = (base / "refs" / wanted).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            commit = wanted
        # A reference that was cut off while it was written, or is none, is the folder of all snapshots, or one elsewhere.
        folders = [base / "snapshots" / commit] if commit.strip(".") and set(commit).isdisjoint("/\\") else []
        if revision is None:
            # No branch recorded: any snapshot, the newest first.
            others = [folder for folder in paths.folders(base / "snapshots") if folder.name != commit]
            folders += sorted(others, key=paths.changed, reverse=True)
        for folder in folders:
            if paths.is_folder(folder):
                files = receipts.from_blobs(folder, paths.listed(folder))
                yield Copy(f"{self.name} cache", folder, files, repo_id, self.name, repo_id, folder.name, folder.name)

    def snapshot_folder(self, listing: Listing) -> Path:
        """Where the files of a listing lie once they are fetched."""
        return self.repository_root(listing.repo_id) / "snapshots" / (listing.commit or listing.revision)

    def written_listing(self, folder: Path) -> tuple[RemoteFile, ...]:
        """The listing that huggingface_hub 2 keeps beside a snapshot that it fetched whole or in part; empty without one."""
        file = folder.parent.parent / "trees" / f"{folder.name}.json"
        try:
            value = json.loads(file.read_bytes())
            return tuple(RemoteFile(path=path, size=one.get("lfs_size") or one["size"], sha256=one.get("lfs_sha256")) for path, one in value["files"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return ()

    def remember(self, listing: Listing) -> None:
        """Write the branch's commit where the client does, so that the next look at the cache finds it by name."""
        if listing.commit is None or listing.commit == listing.revision:
            return
        ref = self.repository_root(listing.repo_id) / "refs" / listing.revision
        try:
            ref.parent.mkdir(parents=True, exist_ok=True)
            draft = ref.with_name(f"{ref.name}.{os.getpid()}")
            draft.write_text(listing.commit, encoding="utf-8")
            draft.replace(ref)
        except OSError:
            return

    # What it answers ---------------------------------------------------------------------------

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository at the commit that ``revision`` (default ``main``) is now; 2 requests, and 1 for each further page."""
        asked = revision or self.branch
        base = f"/api/models/{quote(repo_id)}"
        info = self._checked(wire.get(f"{base}/revision/{quote(asked, safe='')}"), Asked(repo_id, asked)).json()
        commit = info.get("sha") if isinstance(info, dict) else None
        if not isinstance(commit, str) or not _is_commit(commit):
            message = f"{self.title} gave no commit for {repo_id}"
            raise HubUnreachable(message, subject=repo_id, hint=_NOT_ITS_OWN)
        gated = bool(info.get("gated"))
        files = self._tree(wire, f"{base}/tree/{commit}", Asked(repo_id, asked, gated=gated))
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(
            hub=self.name,
            endpoint=wire.endpoint,
            repo_id=repo_id,
            revision=asked,
            commit=commit,
            files=tuple(files),
            gated=gated,
            renamed=_other_name(info.get("id"), repo_id),
            card=cards.of_answer(info),
        )

    def files(self, wire: Wire, repo_id: str) -> tuple[RemoteFile, ...]:
        """The files of the branch ``main``, at whichever commit it is now; 1 request."""
        found = self._tree(wire, f"/api/models/{quote(repo_id)}/tree/{self.branch}", Asked(repo_id, self.branch))
        paths.check((file.path for file in found), subject=repo_id)
        return tuple(found)

    def published(self, wire: Wire, account: str, known: Known) -> tuple[Known, list[Published]] | None:
        """All repositories of an account: 1 request, and 1 for each further thousand."""
        route = "/api/models"
        fields = "&".join(f"expand={name}" for name in ("cardData", "createdAt", "disabled", "gated", "private", "tags"))
        page: str | None = f"{route}?author={quote(account)}&limit={_PAGE}&{fields}"
        found: list[Published] = []
        seen: set[str] = set()
        again = Known()
        while page is not None:
            first = not seen
            seen.add(page)
            answer = self._checked(wire.get(page, listing=True, further=not first, unless=known if first else None), Asked(account))
            if answer.unchanged:
                return None
            found += self._published(answer.json(), account)
            page = _next(answer, route)
            if first and page is None:  # what is known of the first page tells nothing of a second
                again = Known.of(answer)
            if page in seen or len(seen) >= _MOST_PAGES:
                message = f"{self.title} lists more repositories of {account} than can be read"
                raise UnsafeRepository(message, subject=account, hint="what it lists of this account is not used")
        return again, found

    def _published(self, listed: Any, account: str) -> list[Published]:
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            message = f"{self.title} gave no list of the repositories of {account}"
            raise HubUnreachable(message, subject=account, hint=_NOT_ITS_OWN)
        open_ones = [one for one in listed if not one.get("private") and not one.get("disabled")]
        self.owned((one.get("id") or one.get("modelId") for one in open_ones), account)
        return [
            Published(one.get("id") or one["modelId"], str(one["createdAt"]) if one.get("createdAt") else None,
                      None if one.get("gated") is None else bool(one["gated"]), cards.of_answer(one))
            for one in open_ones
        ]  # fmt: skip

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """A small file, or a piece of a large one; 1 request."""
        url = f"/{quote(listing.repo_id)}/resolve/{quote(listing.commit or listing.revision, safe='')}/{quote(path)}"
        asked = Asked(listing.repo_id, listing.commit or listing.revision, path, listing.gated)
        return self._checked(wire.get(url, start=start, length=length), asked).body

    def _tree(self, wire: Wire, tree: str, asked: Asked) -> list[RemoteFile]:
        """All pages of a listing."""
        files: list[RemoteFile] = []
        page: str | None = f"{tree}?recursive=true&expand=false"
        seen: set[str] = set()
        while page is not None:
            seen.add(page)
            answer = self._checked(wire.get(page, listing=True, further=len(seen) > 1), asked)
            files += _files(answer.json(), asked.repo_id)
            page = _next(answer, tree)
            if page in seen or len(seen) >= _MOST_PAGES:
                why = "its next page is one that was read already" if page in seen else f"there are more than {_MOST_PAGES} pages"
                message = f"{asked.repo_id} lists more than can be read: {why}"
                raise UnsafeRepository(message, subject=asked.repo_id, hint="look for a copy of the model under another owner, or on another hub")
            if page is not None and len(files) > paths.MOST_FILES:
                paths.refuse_many(asked.repo_id, f"{len(files):,} on its first {len(seen)} pages")
        return files

    def _checked(self, answer: Answer, asked: Asked) -> Answer:
        """The answer if it is one, else the error that it means."""
        refusal = answer.refusal
        if refusal is None:
            return answer
        if refusal.status == 404 and refusal.page and not refusal.code and not asked.path:  # noqa: PLR2004
            answer.json()  # the 404 page of something that is not a hub
        raise refusals.error(self.house(), refusal, asked)

    # The download, in a process of its own -------------------------------------------------------

    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        """Download through huggingface_hub into its cache, the commit pinned; the snapshot's folder."""
        refusals.admitted(self.house(), partial(self._fetch, listing, files), say)
        return self.snapshot_folder(listing)

    def _fetch(self, listing: Listing, files: Sequence[RemoteFile], anonymous: bool) -> None:  # noqa: FBT001
        from huggingface_hub import hf_hub_download

        given = None if anonymous or login(self.endpoint()) else self.credential()
        secret = given.value if given else None

        def download(file: RemoteFile) -> None:
            try:
                hf_hub_download(
                    listing.repo_id,
                    file.path,
                    revision=listing.commit or listing.revision,
                    cache_dir=self.cache_folder(),
                    endpoint=self.address(listing),
                    token=secret or False,
                    etag_timeout=10,
                )
            except Exception as error:  # noqa: BLE001  whatever the client raises becomes one of ours
                raise self._translated(error, listing, file.path, given) from clean_cause(error, secret)

        # Small files first: a gate or a broken hub shows before the first weight.
        ordered = sorted(files, key=lambda file: file.size)
        for file in ordered[:1]:
            download(file)
        from concurrent.futures import ThreadPoolExecutor, as_completed  # only a download needs them

        with ThreadPoolExecutor(_WORKERS) as pool:
            for done in as_completed([pool.submit(download, file) for file in ordered[1:]]):
                done.result()

    def _translated(self, error: Exception, listing: Listing, path: str, sent: Token | None) -> Exception:
        repo_id = listing.repo_id
        refusal = refusals.of(error, sent, listing.endpoint)
        if refusal is not None:
            return RefusedError(refusal, Asked(repo_id, listing.commit or listing.revision, path, listing.gated, fetching=True))
        if paths.disk_full(error):
            return WontFit(f"the disk of {self.cache_folder()} is full", subject=repo_id, hint=f"free space, or set {self.moved_by()}")
        said = clean(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__, sent.value if sent else None)
        message = f"the download of {repo_id} from {self.title} broke off: {said}"
        # The client calls it a lost connection where a mirror sends it on to an address that does not name the commit.
        strange = _NO_COMMIT in {type(one).__name__ for one in (error, error.__cause__)}
        return HubUnreachable(message, subject=repo_id, hint=_NOT_ITS_OWN if strange else "run it again; files that arrived whole are kept")

    def watch(self, guard: Guard, listing: Listing, fail: Callable[[ModelCatalogError], None]) -> None:
        """Watch huggingface_hub's connections; httpx, unlike http.client, raises no audit events."""
        from huggingface_hub import get_session, set_client_factory

        kind = type(get_session())
        failures: list[int] = []

        def sent(request: Any) -> None:
            url = request.url
            port = url.port or (443 if url.scheme == "https" else 80)
            guard.check_request(url.host, port, secret=str(request.headers.raw))

        def received(response: Any) -> None:
            own = response.request.url.host == urlsplit(listing.endpoint).hostname
            error = headers_error(response.headers if own else {}, commit=listing.commit or "", subject=listing.repo_id)
            if error is not None:
                fail(error)
            if response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY:
                # The client would try for half a minute, or wait as long as it is told.
                failures.append(response.status_code)
                if len(failures) > _SERVER_ERRORS or _seconds(response.headers.get("retry-after")) > PATIENCE:
                    response.read()
                    said = refusals.sentence(response.headers, response.content, guard.secret)
                    refusal = refusals.Refusal(response.status_code, said=said, token="sent" if guard.secret else "")
                    fail(refusals.error(self.house(), refusal, Asked(listing.repo_id, listing.revision)))

        def factory() -> Any:
            return kind(event_hooks={"request": [sent], "response": [received]}, follow_redirects=True, timeout=None)

        set_client_factory(factory)


def _seconds(retry_after: str | None) -> float:
    try:
        return float(retry_after or 0)
    except ValueError:
        return 0.0


def _home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return at_home(os.path.expandvars(os.environ.get("HF_HOME") or f"{cache}/huggingface"))


def _other_name(said: object, asked: str) -> str | None:
    """The name that the hub has for a repository, where it is not the one that was asked for in other letters."""
    return said if isinstance(said, str) and REPOSITORY.fullmatch(said) and said.lower() != asked.lower() else None


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


_NOT_ITS_OWN = "check HF_ENDPOINT: what answers there may not be a Hugging Face hub; or try another hub"

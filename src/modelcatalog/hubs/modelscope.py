"""Owns the ModelScope hub: its settings, routes, cache folders and client. Knows no other hub and no plan.

The hub names no commit for a branch, so the SHA-256 of each file in the listing is the pin.
"""

from __future__ import annotations

import glob
import os
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from modelcatalog.errors import HubUnreachable, IntegrityError, ModelCatalogError, UnsafeRepository, WontFit
from modelcatalog.hubs import paths, proxies, refusals
from modelcatalog.hubs.card import of_answer
from modelcatalog.hubs.files import Copy, Listing, Published, RemoteFile
from modelcatalog.hubs.hub import Hub
from modelcatalog.hubs.refusals import Asked, House, Refusal, RefusedError
from modelcatalog.hubs.secrets import clean, clean_cause, login, public, token_from
from modelcatalog.hubs.wire import Known
from modelcatalog.userfolder import at_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from modelcatalog.hubs.secrets import Token
    from modelcatalog.hubs.wire import Answer, Wire

__all__ = ["ModelScope"]

_TOKEN = "MODELSCOPE_API_TOKEN"  # noqa: S105  the name of a variable
_HOME = "~/.modelscope"
_NO_RECORD = 10010205001
"""The hub's own number for what does not exist."""

_MOST_LISTED = 3_000
"""The hub ends a listing after so many entries and does not say so (`REPO_FILES_TRUNCATION_LIMIT` of its own client)."""

_MOST_FOLDERS = 60
"""Requests for a listing that has to be read folder by folder."""

_PAGE = 50
"""Repositories on one page of an account's: more than that the hub refuses."""

_MOST_OWNED = 3_000
"""Its pages end there, and it says so (its own client checks it before it asks)."""


_NO_OWNERS = frozenset({"models", "datasets", "hub", "credentials", "ast_indexer", "tmp"})
"""Folders of the cache's top that are not accounts."""


class ModelScope(Hub):
    """modelscope.cn, or what ``MODELSCOPE_ENDPOINT`` names."""

    name = ids = "modelscope"
    title = "ModelScope"
    branch = "master"
    client, package, extra = "modelscope.hub.snapshot_download", "modelscope", "modelscope"
    needs = "modelscope>=1.39,<2"
    proxy = proxies.REQUESTS
    endpoint_variable, cache_variable = "MODELSCOPE_ENDPOINT", "MODELSCOPE_CACHE"

    # What its environment says -----------------------------------------------------------------

    def endpoint(self) -> str:
        """``MODELSCOPE_ENDPOINT`` (or the older ``MODELSCOPE_DOMAIN``), else the hub itself."""
        given = os.environ.get("MODELSCOPE_ENDPOINT", "").strip() or os.environ.get("MODELSCOPE_DOMAIN", "").strip() or "https://modelscope.cn"
        return (given if "://" in given else f"https://{given}").rstrip("/")

    def house(self) -> House:
        """What messages say of this hub."""
        there = public(self.endpoint())
        return House(self.title, f"{there}/models/{{}}", _TOKEN, tokens=f"{there}/my/myaccesstoken", branch=self.branch)

    def credential(self) -> Token | None:
        """``MODELSCOPE_API_TOKEN``; the client's own login is a pickled cookie, which is not read here."""
        return token_from(_TOKEN)

    # What lies on this disk --------------------------------------------------------------------

    def cache_folder(self) -> Path:
        """``MODELSCOPE_CACHE``, else the client's default."""
        return at_home(os.environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope")

    def repositories(self) -> Iterator[str]:
        """The ids of the repositories that have a folder in the cache, in the layout of today or of older clients."""
        base = self.cache_folder()
        for folder in paths.folders(base / "models"):
            if "--" in folder.name:
                yield folder.name.replace("--", "/", 1)
        for part in ("models", "hub/models", "hub", ""):
            for owner in paths.folders(base / part):
                if "--" in owner.name or owner.name.startswith(("_", ".")) or owner.name in _NO_OWNERS:
                    continue
                for folder in paths.folders(owner):
                    # In its top folder the cache keeps much else.
                    if part or any((folder / name).is_file() for name in ("config.json", "configuration.json")) or any(folder.glob("*.gguf")):
                        yield _plain(f"{owner.name}/{folder.name}")

    def repository_root(self, repo_id: str) -> Path:
        """Where all that is downloaded of a repository lies, the unfinished files too."""
        return self._today(repo_id).parent

    def repository_folders(self, repo_id: str, revision: str | None = None) -> tuple[Path, ...]:
        """Where the files of a repository may lie: the layout of today, then those of older clients, as the client tries them.

        >>> hub = ModelScope()
        >>> [f.relative_to(hub.cache_folder()).as_posix() for f in hub.repository_folders("Qwen/Qwen1.5-0.5B")][:2]
        ['models/Qwen--Qwen1.5-0.5B/snapshots/master', 'models/Qwen/Qwen1___5-0___5B']
        """
        # Only today's layout keeps revisions apart; what lies in the older ones is of no known revision.
        return (self._today(repo_id) / (revision or self.branch), *(() if revision else self._older(repo_id)))

    def snapshots(self, repo_id: str) -> tuple[Path, ...]:
        """Every revision of today's layout, and the folders of older ones."""
        return tuple(dict.fromkeys((*super().snapshots(repo_id), *(folder for folder in self._older(repo_id) if paths.is_folder(folder)))))

    def removal(self, repo_id: str) -> str:
        """``modelscope clear-cache``, which asks before it removes."""
        return f"modelscope clear-cache --model {repo_id}"

    def cached(self, repo_id: str, revision: str | None = None) -> Iterator[Copy]:
        """The copies of one repository; the hub names no commit, and a folder of today's layout is named by its revision."""
        plain = _plain(repo_id)
        for folder in self.repository_folders(repo_id, revision):
            if paths.is_folder(folder):
                of = folder.name if folder.parent.name == "snapshots" else None
                yield Copy(f"{self.name} cache", folder, paths.listed(folder), repo_id, self.name, plain, revision=of)

    def snapshot_folder(self, listing: Listing) -> Path:
        """Where the files of a listing lie once they are fetched: the client goes on using an older layout that it finds."""
        today = self._today(listing.repo_id)
        owner, _, name = _plain(listing.repo_id).partition("/")
        safe = (self.cache_folder() / "models" / owner, self.cache_folder() / "hub" / "models" / owner)
        known = [folder / name.replace(".", "___") for folder in safe]
        # These two are looked for in the client's inner half, the others only where it has nothing else.
        others = [] if _filled(today.parent) or _filled(known[0]) else [f for f in self._older(listing.repo_id) if "hub/models" not in f.as_posix()]
        return next((folder for folder in (*others, *known) if _filled(folder)), today / listing.revision)

    def written_folders(self) -> tuple[Path, ...]:
        """What the client may write to: its cache, and where it keeps its own settings; before 1.38 it looks for no variable."""
        homes = dict.fromkeys((os.environ.get("MODELSCOPE_HOME") or _HOME, _HOME, "~/.cache/modelscope"))
        return self.cache_folder(), *map(at_home, homes)

    def _today(self, repo_id: str) -> Path:
        return self.cache_folder() / "models" / _plain(repo_id).replace("/", "--", 1) / "snapshots"

    def _older(self, repo_id: str) -> tuple[Path, ...]:
        base = self.cache_folder()
        owner, _, name = _plain(repo_id).partition("/")
        safe = name.replace(".", "___")
        places = (
            ("models", safe), ("", name), ("", safe), ("hub", name), ("hub", safe), ("models", name), ("hub/models", safe), ("hub/models", name),
        )  # fmt: skip
        return tuple(dict.fromkeys(base / part / owner / last for part, last in places))

    # What it answers ---------------------------------------------------------------------------

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository at ``revision`` (default ``master``); 1 request, more where it is long."""
        asked = revision or self.branch
        files = tuple(self._listed(wire, Asked(repo_id, asked)))
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(hub=self.name, endpoint=wire.endpoint, repo_id=repo_id, revision=asked, files=files)

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """A small file, or a piece of a large one; 1 request."""
        query = urlencode({"Revision": listing.revision, "FilePath": path})
        answer = wire.get(f"/api/v1/models/{quote(listing.repo_id)}/repo?{query}", start=start, length=length)
        if answer.refusal is not None:
            raise self._refused(answer, answer.refusal, Asked(listing.repo_id, listing.revision, path, listing.gated))
        return answer.body

    def published(self, wire: Wire, account: str, known: Known) -> tuple[Known, list[Published]] | None:
        """All repositories of an account: 1 request, and 1 for each further fifty."""
        found: list[Published] = []
        again = Known()
        for number in range(1, _MOST_OWNED // _PAGE + 1):
            query = urlencode({"owner": account, "page_number": number, "page_size": _PAGE})
            answer = wire.get(f"/openapi/v1/models?{query}", listing=True, further=number > 1, unless=known if number == 1 else None)
            if answer.refusal is not None:
                raise self._refused(answer, answer.refusal, Asked(account))
            if answer.unchanged:
                return None
            rows, total = self._page(answer.json(), account)
            found += self._published(rows, account)
            if number == 1 and total <= len(rows):  # what is known of the first page tells nothing of a second
                again = Known.of(answer)
            if number * _PAGE >= total:
                return again, found
            if not rows:
                message = f"{self.title} counts {total:,} repositories of {account}, and lists {len(found):,}"
                raise HubUnreachable(message, subject=account, hint="try again later")
        message = f"{self.title} lists no more than {_MOST_OWNED:,} repositories of an account, and {account} has more"
        raise UnsafeRepository(message, subject=account, hint="what it lists of this account is not used")

    def _page(self, body: Any, account: str) -> tuple[list[dict[str, Any]], int]:
        """One page of an account's repositories, and how many there are in all."""
        if isinstance(body, dict) and False in (body.get("success"), body.get("Success")):
            message = f"{self.title} gave no list of the repositories of {account}: {refusals.sentence({}, body)}"
            raise HubUnreachable(message, subject=account, hint=_NOT_ITS_OWN)
        data = body.get("data", body.get("Data")) if isinstance(body, dict) else None
        rows, total = (data.get("models"), data.get("total_count")) if isinstance(data, dict) else (None, None)
        if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows) or type(total) is not int:
            message = f"{self.title} gave no list of the repositories of {account}"
            raise HubUnreachable(message, subject=account, hint=_NOT_ITS_OWN)
        return rows, total

    def _published(self, rows: list[dict[str, Any]], account: str) -> list[Published]:
        shown = [one for one in rows if not one.get("private")]
        ids = [str(one.get("id")) if "/" in str(one.get("id")) else f"{one.get('owner')}/{one.get('name')}" for one in shown]
        self.owned(ids, account)
        return [
            Published(
                repo_id,
                one["created_at"] if isinstance(one.get("created_at"), str) else None,
                one["gated"] if isinstance(one.get("gated"), bool) else None,
                of_answer({"cardData": {"license": one.get("license")}}),
            )
            for repo_id, one in zip(ids, shown, strict=True)
        ]

    def _listed(self, wire: Wire, asked: Asked) -> Iterator[RemoteFile]:
        """All files, folder by folder where the hub cut the whole listing off."""
        folders: list[str | None] = [None]
        seen: set[str] = set()
        requests = 0
        while folders:
            root = folders.pop()
            entries = self._entries(wire, asked, root, recursive=True, further=requests > 0)
            requests += 1
            if len(entries) == _MOST_LISTED:
                entries = self._entries(wire, asked, root, recursive=False, further=True)
                requests += 1
                if len(entries) >= _MOST_LISTED or requests > _MOST_FOLDERS:
                    where = f"the folder {root}" if root else "the top folder"
                    message = f"{self.title} lists no more than {_MOST_LISTED:,} entries at a time, and {where} of {asked.repo_id} has more"
                    raise HubUnreachable(message, subject=asked.repo_id, hint="take it from another hub=, whose listings have no such end")
                folders += [_path(entry) for entry in entries if not _is_file(entry, asked)]
            for entry in entries:
                if _is_file(entry, asked) and _path(entry) not in seen:
                    seen.add(_path(entry))
                    yield _file(entry)

    def _entries(self, wire: Wire, asked: Asked, root: str | None, *, recursive: bool, further: bool) -> list[dict[str, Any]]:
        """One listing as the hub gives it, of one folder or of all."""
        query = {"Revision": asked.revision, "Recursive": str(recursive), **({"Root": root} if root else {})}
        route = f"/api/v1/models/{quote(asked.repo_id)}/repo/files?{urlencode(query)}"
        answer = wire.get(route, listing=True, further=further)
        if answer.refusal is not None:
            raise self._refused(answer, answer.refusal, asked)
        body = answer.json()
        if isinstance(body, dict) and body.get("Success") is False:
            status = 404 if body.get("Code") == _NO_RECORD else body.get("Code")
            said = refusals.sentence({}, body)
            if isinstance(status, int) and status in {401, 403, 404, 429}:
                raise refusals.error(self.house(), Refusal(status, said=said), asked)
            message = f"{self.title} gave no answer of its own for {asked.repo_id}{f': {said}' if said else ''}"
            raise HubUnreachable(message, subject=asked.repo_id, hint=_NOT_ITS_OWN)
        data = body.get("Data", body) if isinstance(body, dict) else body
        entries = data.get("Files") if isinstance(data, dict) else data
        if not isinstance(entries, list):
            message = f"{self.title} gave no file list for {asked.repo_id}"
            raise HubUnreachable(message, subject=asked.repo_id, hint=_NOT_ITS_OWN)
        try:
            for entry in entries:
                _path(entry)
                if _is_file(entry, asked):
                    _file(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"{self.title} gave a file list for {asked.repo_id} that cannot be read"
            raise HubUnreachable(message, subject=asked.repo_id, hint=_NOT_ITS_OWN) from error
        return entries

    def _refused(self, answer: Answer, refusal: Refusal, asked: Asked) -> ModelCatalogError:
        """The error that a refusal means."""
        if refusal.status == 404 and not asked.path:  # noqa: PLR2004
            if refusal.page:
                answer.json()  # the 404 page of something that is not a hub
            if "revision" in refusal.said.lower():
                refusal = refusal._replace(code="RevisionNotFound")
        return refusals.error(self.house(), refusal, asked)

    # The download, in a process of its own -------------------------------------------------------

    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        """Download through modelscope into its cache; the folder the files lie in."""
        given = None if login(self.endpoint()) else self.credential()
        return refusals.admitted(self.house(), lambda anonymous: self._fetch(listing, files, None if anonymous else given, anonymous=anonymous), say)

    def _fetch(self, listing: Listing, files: Sequence[RemoteFile], given: Token | None, *, anonymous: bool) -> Path:
        client: Any = import_module(self.client)
        secret = given.value if given else None
        # The client reads the variable as it stands, with blanks and all; without one it takes its own login, and with an empty one nothing.
        if secret or anonymous:
            os.environ[_TOKEN] = secret or ""
        else:
            os.environ.pop(_TOKEN, None)
        try:
            # Older clients take neither, and read both from the environment.
            given_there = {"endpoint": self.address(listing), "token": "" if anonymous else secret}
            taken = signature(client.snapshot_download).parameters
            if "endpoint" not in taken:
                os.environ["MODELSCOPE_DOMAIN"] = self.address(listing).partition("://")[2]
            folder = client.snapshot_download(
                listing.repo_id,
                revision=listing.revision,
                cache_dir=str(self.cache_folder()),
                allow_patterns=[glob.escape(file.path) for file in files],
                **{name: value for name, value in given_there.items() if name in taken},
            )
        except Exception as error:  # noqa: BLE001  whatever the client raises becomes one of ours
            raise self._translated(error, listing, given) from clean_cause(error, secret)
        return Path(folder)

    def _translated(self, error: Exception, listing: Listing, sent: Token | None) -> Exception:
        repo_id = listing.repo_id
        # FileDownloadError holds one error for each file that failed; a full disk is the whole story, then what the hub said.
        failed = getattr(error, "failed_files", None) or {None: error}
        if any(paths.disk_full(one) for one in failed.values()):
            return WontFit(f"the disk of {self.cache_folder()} is full", subject=repo_id, hint=f"free space, or set {self.moved_by()}")
        for path, one in failed.items():
            refusal = refusals.of(one, sent, listing.endpoint)
            if refusal is not None and refusal.status != 416:  # noqa: PLR2004  its own way of noticing a broken file
                return RefusedError(refusal, Asked(repo_id, listing.revision, path, listing.gated, fetching=True))
        path, first = next(iter(failed.items()))
        kind = type(first).__name__
        said = clean(str(first).strip().splitlines()[0] if str(first).strip() else kind, sent.value if sent else None)
        if "Integrity" in kind or "SizeMismatch" in kind:
            message = f"{self.title} sent other bytes for {path or repo_id} than it lists: {said}"
            return IntegrityError(message, subject=repo_id, hint="run it again; if it stays so, pass the other hub=")
        return HubUnreachable(
            f"the download of {repo_id} from {self.title} broke off: {said}",
            subject=repo_id,
            hint="run it again; what arrived is kept",
        )


def _plain(repo_id: str) -> str:
    """A repository's id as the hub has it, also where it is spelled as older caches spell it.

    >>> _plain("Qwen/Qwen1___5-0___5B")
    'Qwen/Qwen1.5-0.5B'
    """
    return repo_id.replace("___", ".")


def _filled(folder: Path) -> bool:
    try:
        return folder.is_dir() and any(folder.iterdir())
    except OSError:
        return False


_NOT_ITS_OWN = "check MODELSCOPE_ENDPOINT: what answers there may not be a ModelScope hub; or try another hub"


def _is_file(entry: dict[str, Any], asked: Asked) -> bool:
    return paths.is_file(entry.get("Type"), subject=asked.repo_id)


def _path(entry: dict[str, Any]) -> str:
    return str(entry["Path"] if "Path" in entry else entry["Name"])


def _file(entry: dict[str, Any]) -> RemoteFile:
    path = entry["Path"] if "Path" in entry else entry["Name"]
    return RemoteFile(path=path, size=int(entry.get("Size") or 0), sha256=entry.get("Sha256") or None)

"""Owns the ModelScope hub: its settings, routes, cache folders and client. Knows no other hub and no plan.

The hub names no commit for a branch, so the SHA-256 of each file in the listing is the pin.
"""

from __future__ import annotations

import os
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from modelcatalog.errors import HubUnreachable, IntegrityError, MissingPackage, ModelCatalogError, WontFit
from modelcatalog.hubs import Listing, RemoteFile, paths, proxies, refusals
from modelcatalog.hubs.refusals import Asked, House, Refusal, RefusedError
from modelcatalog.hubs.secrets import clean, clean_cause, login, public, token_from
from modelcatalog.hubs.wire import Answer, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from modelcatalog.hubs.secrets import Token
    from modelcatalog.records import Hub

__all__ = ["ModelScope", "cache_folder", "repository_folders"]

TITLE = "ModelScope"
"""The hub as people write it."""

_TOKEN = "MODELSCOPE_API_TOKEN"  # noqa: S105  the name of a variable
_NO_RECORD = 10010205001
"""The hub's own number for what does not exist."""

_MOST_LISTED = 3_000
"""The hub ends a listing after so many entries and does not say so (`REPO_FILES_TRUNCATION_LIMIT` of its own client)."""

_MOST_FOLDERS = 60
"""Requests for a listing that has to be read folder by folder."""


def endpoint() -> str:
    """``MODELSCOPE_ENDPOINT`` (or the older ``MODELSCOPE_DOMAIN``), else the hub itself."""
    given = os.environ.get("MODELSCOPE_ENDPOINT", "").strip() or os.environ.get("MODELSCOPE_DOMAIN", "").strip() or "https://modelscope.cn"
    return (given if "://" in given else f"https://{given}").rstrip("/")


def house() -> House:
    """What messages say of this hub."""
    there = public(endpoint())
    return House(TITLE, f"{there}/models/{{}}", _TOKEN, tokens=f"{there}/my/myaccesstoken")


def cache_folder() -> Path:
    """``MODELSCOPE_CACHE``, else the client's default."""
    return Path(os.environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope").expanduser()


def repository_folders(repo_id: str, revision: str | None = None) -> tuple[Path, ...]:
    """Where the files of a repository may lie: the layout of today, then those of older clients, as the client tries them.

    >>> [f.relative_to(cache_folder()).as_posix() for f in repository_folders("Qwen/Qwen1.5-0.5B")][:2]
    ['models/Qwen--Qwen1.5-0.5B/snapshots/master', 'models/Qwen/Qwen1___5-0___5B']
    """
    # Only today's layout keeps revisions apart; what lies in the older ones is of no known revision.
    return (_today(repo_id) / (revision or "master"), *(() if revision else _older(repo_id)))


def plain(repo_id: str) -> str:
    """A repository's id as the hub has it, also where it is spelled as older caches spell it.

    >>> plain("Qwen/Qwen1___5-0___5B")
    'Qwen/Qwen1.5-0.5B'
    """
    return repo_id.replace("___", ".")


def _today(repo_id: str) -> Path:
    return cache_folder() / "models" / plain(repo_id).replace("/", "--", 1) / "snapshots"


def _older(repo_id: str) -> tuple[Path, ...]:
    base = cache_folder()
    owner, _, name = plain(repo_id).partition("/")
    safe = name.replace(".", "___")
    places = (
        ("models", safe), ("", name), ("", safe), ("hub", name), ("hub", safe), ("models", name), ("hub/models", safe), ("hub/models", name),
    )  # fmt: skip
    return tuple(dict.fromkeys(base / part / owner / last for part, last in places))


def repository_root(repo_id: str) -> Path:
    """Where all that is downloaded of a repository lies, the unfinished files too."""
    return _today(repo_id).parent


def snapshot_folder(listing: Listing) -> Path:
    """Where the files of a listing lie once they are fetched: the client goes on using an older layout that it finds."""
    today = _today(listing.repo_id)
    owner, _, name = plain(listing.repo_id).partition("/")
    safe = (cache_folder() / "models" / owner, cache_folder() / "hub" / "models" / owner)
    known = [folder / name.replace(".", "___") for folder in safe]
    # These two are looked for in the client's inner half, the others only where it has nothing else.
    others = [] if _filled(today.parent) or _filled(known[0]) else [folder for folder in _older(listing.repo_id) if "hub/models" not in folder.as_posix()]
    return next((folder for folder in (*others, *known) if _filled(folder)), today / listing.revision)


def _filled(folder: Path) -> bool:
    try:
        return folder.is_dir() and any(folder.iterdir())
    except OSError:
        return False


def written_folders() -> tuple[Path, ...]:
    """What the client may write to: its cache, and where it keeps its own settings."""
    home = os.environ.get("MODELSCOPE_HOME") or "~/.modelscope"
    return cache_folder(), Path(home).expanduser(), Path("~/.cache/modelscope").expanduser()


def credential() -> Token | None:
    """``MODELSCOPE_API_TOKEN``; the client's own login is a pickled cookie, which is not read here.

    Raises:
        HubUnreachable: if what is there cannot be sent; the variable is named, its content is not.
    """
    return token_from(_TOKEN)


def token() -> str | None:
    """The text of `credential`."""
    found = credential()
    return found.value if found else None


class ModelScope:
    """modelscope.cn, or what ``MODELSCOPE_ENDPOINT`` names."""

    hub: Hub = "modelscope"

    def wire(self) -> Wire:
        """A connection with the budget of one plan."""
        proxies.check(endpoint(), proxies.REQUESTS, title=TITLE)
        return Wire(TITLE, endpoint(), credential())

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository at ``revision`` (default ``master``); 1 request, more where it is long."""
        asked = revision or "master"
        files = tuple(_listed(wire, Asked(repo_id, asked)))
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(hub=self.hub, endpoint=wire.endpoint, repo_id=repo_id, revision=asked, files=files)

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """A small file, or a piece of a large one; 1 request."""
        query = urlencode({"Revision": listing.revision, "FilePath": path})
        answer = wire.get(f"/api/v1/models/{quote(listing.repo_id)}/repo?{query}", start=start, length=length)
        if answer.refusal is not None:
            raise _refused(answer, answer.refusal, Asked(listing.repo_id, listing.revision, path, listing.gated))
        return answer.body

    def prepare(self) -> None:
        """Import modelscope; it takes two seconds."""
        try:
            import_module("modelscope.hub.snapshot_download")
        except ImportError as error:
            message = "fetching from ModelScope needs modelscope"
            raise MissingPackage(message, subject=self.hub, install="pip install 'modelcatalog[modelscope]'") from error
        proxies.check(endpoint(), proxies.REQUESTS, title=TITLE)

    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        """Download through modelscope into its cache; the folder the files lie in."""
        given = None if login(endpoint()) else credential()
        return refusals.admitted(house(), lambda anonymous: self._fetch(listing, files, None if anonymous else given, anonymous=anonymous), say)

    def _fetch(self, listing: Listing, files: Sequence[RemoteFile], given: Token | None, *, anonymous: bool) -> Path:
        client: Any = import_module("modelscope.hub.snapshot_download")
        secret = given.value if given else None
        # The client reads the variable as it stands, with blanks and all; without one it takes its own login, and with an empty one nothing.
        if secret or anonymous:
            os.environ[_TOKEN] = secret or ""
        else:
            os.environ.pop(_TOKEN, None)
        try:
            # Older clients take neither, and read both from the environment.
            given_there = {"endpoint": address(listing), "token": "" if anonymous else secret}
            taken = signature(client.snapshot_download).parameters
            if "endpoint" not in taken:
                os.environ["MODELSCOPE_DOMAIN"] = address(listing).partition("://")[2]
            folder = client.snapshot_download(
                listing.repo_id,
                revision=listing.revision,
                cache_dir=str(cache_folder()),
                allow_patterns=[_literal(file.path) for file in files],
                **{name: value for name, value in given_there.items() if name in taken},
            )
        except Exception as error:  # noqa: BLE001  whatever the client raises becomes one of ours
            raise _translated(error, listing, given) from clean_cause(error, secret)
        return Path(folder)


def address(listing: Listing) -> str:
    """The endpoint of a listing, with the ``user:password@`` that the environment has for it."""
    return endpoint() if public(endpoint()) == listing.endpoint else listing.endpoint


def _listed(wire: Wire, asked: Asked) -> Iterator[RemoteFile]:
    """All files, folder by folder where the hub cut the whole listing off."""
    folders: list[str | None] = [None]
    seen: set[str] = set()
    requests = 0
    while folders:
        root = folders.pop()
        entries = _entries(wire, asked, root, recursive=True, further=requests > 0)
        requests += 1
        if len(entries) == _MOST_LISTED:
            entries = _entries(wire, asked, root, recursive=False, further=True)
            requests += 1
            if len(entries) >= _MOST_LISTED or requests > _MOST_FOLDERS:
                where = f"the folder {root}" if root else "the top folder"
                message = f"{TITLE} lists no more than {_MOST_LISTED:,} entries at a time, and {where} of {asked.repo_id} has more"
                raise HubUnreachable(message, subject=asked.repo_id, hint='pass hub="huggingface", whose listings have no such end')
            folders += [_path(entry) for entry in entries if not _is_file(entry, asked)]
        for entry in entries:
            if _is_file(entry, asked) and _path(entry) not in seen:
                seen.add(_path(entry))
                yield _file(entry)


def _entries(wire: Wire, asked: Asked, root: str | None, *, recursive: bool, further: bool) -> list[dict[str, Any]]:
    """One listing as the hub gives it, of one folder or of all."""
    query = {"Revision": asked.revision, "Recursive": str(recursive), **({"Root": root} if root else {})}
    route = f"/api/v1/models/{quote(asked.repo_id)}/repo/files?{urlencode(query)}"
    answer = wire.get(route, listing=True, further=further)
    if answer.refusal is not None:
        raise _refused(answer, answer.refusal, asked)
    body = answer.json()
    if isinstance(body, dict) and body.get("Success") is False:
        status = 404 if body.get("Code") == _NO_RECORD else body.get("Code")
        said = refusals.sentence({}, body)
        if isinstance(status, int) and status in {401, 403, 404, 429}:
            raise refusals.error(house(), Refusal(status, said=said), asked)
        message = f"{TITLE} gave no answer of its own for {asked.repo_id}{f': {said}' if said else ''}"
        raise HubUnreachable(message, subject=asked.repo_id, hint=_NOT_ITS_OWN)
    data = body.get("Data", body) if isinstance(body, dict) else body
    entries = data.get("Files") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        message = f"{TITLE} gave no file list for {asked.repo_id}"
        raise HubUnreachable(message, subject=asked.repo_id, hint=_NOT_ITS_OWN)
    try:
        for entry in entries:
            if _is_file(entry, asked):
                _file(entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{TITLE} gave a file list for {asked.repo_id} that cannot be read"
        raise HubUnreachable(message, subject=asked.repo_id, hint=_NOT_ITS_OWN) from error
    return entries


_NOT_ITS_OWN = "check MODELSCOPE_ENDPOINT: what answers there may not be a ModelScope hub; or try another hub"


def _is_file(entry: dict[str, Any], asked: Asked) -> bool:
    return paths.is_file(entry.get("Type"), subject=asked.repo_id)


def _path(entry: dict[str, Any]) -> str:
    return str(entry["Path"] if "Path" in entry else entry["Name"])


def _file(entry: dict[str, Any]) -> RemoteFile:
    path = entry["Path"] if "Path" in entry else entry["Name"]
    return RemoteFile(path=path, size=int(entry.get("Size") or 0), sha256=entry.get("Sha256") or None)


def _literal(path: str) -> str:
    """A glob that matches ``path`` alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _refused(answer: Answer, refusal: Refusal, asked: Asked) -> ModelCatalogError:
    """The error that a refusal means."""
    if refusal.status == 404 and not asked.path:  # noqa: PLR2004
        if refusal.page:
            answer.json()  # the 404 page of something that is not a hub
        if "revision" in refusal.said.lower():
            refusal = refusal._replace(code="RevisionNotFound")
    return refusals.error(house(), refusal, asked)


def _translated(error: Exception, listing: Listing, sent: Token | None) -> Exception:
    repo_id = listing.repo_id
    # FileDownloadError holds one error for each file that failed; a full disk is the whole story, then what the hub said.
    failed = getattr(error, "failed_files", None) or {None: error}
    if any(paths.disk_full(one) for one in failed.values()):
        return WontFit(
            f"the disk of {cache_folder()} is full", subject=repo_id, hint="free space, or set MODELSCOPE_CACHE"
        )
    for path, one in failed.items():
        refusal = refusals.of(one, sent, listing.endpoint)
        if refusal is not None and refusal.status != 416:  # noqa: PLR2004  its own way of noticing a broken file
            return RefusedError(refusal, Asked(repo_id, listing.revision, path, listing.gated, fetching=True))
    path, first = next(iter(failed.items()))
    kind = type(first).__name__
    said = clean(str(first).strip().splitlines()[0] if str(first).strip() else kind, sent.value if sent else None)
    if "Integrity" in kind or "SizeMismatch" in kind:
        message = f"ModelScope sent other bytes for {path or repo_id} than it lists: {said}"
        return IntegrityError(message, subject=repo_id, hint="run it again; if it stays so, pass the other hub=")
    return HubUnreachable(
        f"the download of {repo_id} from ModelScope broke off: {said}",
        subject=repo_id,
        hint="run it again; what arrived is kept",
    )

"""Owns what a hub's refusal means: its status, its code and its own sentence become one of our errors. Knows no route.

The status decides, whatever body comes with it; the body may only explain.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from modelcatalog.errors import CheckpointNotFound, GatedCheckpoint, HubUnreachable, ModelCatalogError
from modelcatalog.hubs.secrets import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.hubs.secrets import Token

__all__ = ["NOT_ADMITTED", "Asked", "House", "Refusal", "RefusedError", "admitted", "error", "note", "of", "sentence"]

_Brought = TypeVar("_Brought")

NOT_ADMITTED = frozenset({401, 403})
_NO_MORE = frozenset({404, 410})
_LONGEST = 240
_WORDS = ("X-Error-Message",)
_KEYS = ("error", "Message", "message", "msg", "detail", "Detail", "error_description")
_MARKUP = re.compile(r"<\s*[!/a-zA-Z]")
_ABOUT_TOKEN = re.compile(r"token|credential|expired|authori[sz]ation|令牌|凭证|过期", re.IGNORECASE)
_ABOUT_REPOSITORY = frozenset({"GatedRepo", "RepoNotFound", "RevisionNotFound", "EntryNotFound"})
_DISABLED = "Access to this resource is disabled"


_USUAL = frozenset({"main", "master"})
"""What hubs and git call the branch that is meant where none is named."""


class House(NamedTuple):
    """What messages say of a hub."""

    title: str
    page: str
    """The address of a repository's page, with ``{}`` for its id."""
    variable: str
    """Where its token is looked for first."""
    login: str = ""
    """Another way to give the token, if there is one: ``or run: …``."""
    tokens: str = ""
    """The page where tokens are made."""
    branch: str = ""
    """The branch that is meant where none is named."""


class Refusal(NamedTuple):
    """An answer that is not what was asked for."""

    status: int
    code: str = ""
    """``X-Error-Code``, where the hub sends one."""
    said: str = ""
    """Its own sentence, from `sentence`."""
    page: bool = False
    """A web page came with it, as from a proxy."""
    host: str = ""
    """Who answered, where that is not the hub: the storage that it sent us to."""
    token: str = ""
    """Where the token that was sent came from."""
    rejected: str = ""
    """Where a token came from that the hub did not accept before, so that this request went without it."""

    @property
    def about_token(self) -> bool:
        """Whether the hub says that it is the token that it does not accept."""
        return bool(self.token) and self.status in NOT_ADMITTED and self.code not in _ABOUT_REPOSITORY and bool(_ABOUT_TOKEN.search(self.said))

    @property
    def worth_without(self) -> bool:
        """Whether the same request may be answered without the token."""
        return bool(self.token) and self.status in NOT_ADMITTED and not (self.code == "GatedRepo" and self.status == 403)  # noqa: PLR2004


class Asked(NamedTuple):
    """What was asked for."""

    repo_id: str
    revision: str = ""
    path: str | None = None
    """A file that the listing has; None for the listing itself."""
    gated: bool = False
    """The hub lists the repository as gated."""
    fetching: bool = False
    """It was there when the plan was made."""


class RefusedError(Exception):
    """A client's download was refused; only ever on the way to `admitted`."""

    def __init__(self, refusal: Refusal, asked: Asked) -> None:
        super().__init__(refusal, asked)
        self.refusal, self.asked = refusal, asked


def admitted(house: House, bring: Callable[[bool], _Brought], say: Callable[[str], None]) -> _Brought:
    """What ``bring`` brings; where the hub does not accept the token, what it brings without.

    Args:
        house: The hub.
        bring: The download, told whether to go without the token; raises `RefusedError`.
        say: Takes the note that the token was not accepted.
    """
    try:
        return bring(False)  # noqa: FBT003  the only argument
    except RefusedError as first:
        if not first.refusal.worth_without:
            raise error(house, first.refusal, first.asked) from first.__cause__
        try:
            brought = bring(True)  # noqa: FBT003
        except RefusedError as second:
            if first.refusal.about_token:
                raise error(house, second.refusal._replace(rejected=first.refusal.token), second.asked) from second.__cause__
            raise error(house, first.refusal, first.asked) from first.__cause__
        say(note(house, first.asked.repo_id, first.refusal.token, first.refusal.said))
        return brought


def sentence(headers: Mapping[str, str], body: bytes | str | Mapping[str, Any] | None, *secrets: str | None) -> str:
    """What a hub says of its refusal: one line, printable, bounded, never markup, never a secret, without a full stop.

    >>> sentence({}, b'{"error": "Access is restricted. Please log in."}')
    'Access is restricted. Please log in'
    >>> sentence({}, b"<html>blocked</html>")
    ''
    """
    lower = {key.lower(): value for key, value in headers.items()}
    candidates: list[object] = [_decoded(lower.get(name.lower(), "")) for name in _WORDS]
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str):
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if isinstance(body, dict):
        inner = body.get("error")
        candidates += [body.get(key) for key in _KEYS]
        candidates += [inner.get("message")] if isinstance(inner, dict) else []
    elif "json" not in lower.get("content-type", ""):
        candidates.append(body)
    for one in candidates:
        if isinstance(one, str) and one.strip() and not _MARKUP.search(one):
            line = " ".join("".join(c if c.isprintable() else " " for c in clean(one, *secrets)).split())
            return line[: _LONGEST - 1] + "…" if len(line) > _LONGEST else line.rstrip(".。")
    return ""


def _decoded(header: str) -> str:
    """A header that was sent as UTF-8 and read as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def of(failure: BaseException | None, token: Token | None, endpoint: str) -> Refusal | None:
    """The refusal behind a client's exception, however often it was wrapped; None if there was no answer at all.

    Args:
        failure: The exception.
        token: What the client sent.
        endpoint: The hub's address.
    """
    for _ in range(10):
        if failure is None:
            return None
        response = getattr(failure, "response", None)
        status = getattr(failure, "status_code", None) or getattr(response, "status_code", None)
        if isinstance(status, int) and status >= 400:  # noqa: PLR2004
            headers = {str(k): str(v) for k, v in dict(getattr(response, "headers", None) or {}).items()}
            lower = {key.lower(): value for key, value in headers.items()}
            body = getattr(failure, "response_body", None)
            if body is None and response is not None:
                with suppress(Exception):  # a stream that nobody read
                    body = response.text
            said = sentence(headers, body, token.value if token else None)
            page = isinstance(body, str) and body.lstrip()[:1] == "<"
            host = urlsplit(str(getattr(response, "url", None) or getattr(failure, "url", None) or endpoint)).netloc.rpartition("@")[2]
            storage = host if host != urlsplit(endpoint).netloc else ""
            return Refusal(status, lower.get("x-error-code", ""), said, page, storage, token.source if token else "")
        failure = failure.__cause__ or failure.__context__
    return None


def note(house: House, repo_id: str, source: str, said: str) -> str:
    """What is said where a repository was read without the token."""
    why = f" ({said})" if said else ""
    return f"{house.title} does not accept the token in {source}{why}, so {repo_id} is read without it"


def error(house: House, refusal: Refusal, asked: Asked) -> ModelCatalogError:  # noqa: PLR0911  one line for each meaning
    """The error that a refusal means."""
    status, code = refusal.status, refusal.code
    repo_id, path = asked.repo_id, asked.path
    subject = f"{repo_id}/{path}" if path else repo_id
    because = f": {refusal.said}" if refusal.said else ""
    renew = f"renew the token in {refusal.rejected or refusal.token}"
    if code == "RevisionNotFound":
        message = f"{repo_id} on {house.title} has no revision {asked.revision!r}{because}"
        listed = f"its branches and tags are listed at {house.page.format(repo_id)}"
        # What is usual is called otherwise on another hub.
        hint = f"its usual branch is called {house.branch}: leave the revision out; {listed}" if asked.revision in _USUAL else listed
        return CheckpointNotFound(message, subject=f"{repo_id}@{asked.revision}", hint=hint)
    if refusal.said.startswith(_DISABLED):
        message = f"{house.title} has disabled {repo_id}{because}"
        return CheckpointNotFound(message, subject=repo_id, hint="look for a copy of the model under another owner, or on another hub")
    if status in NOT_ADMITTED and refusal.host and not code:
        message = f"the storage of {house.title} at {refusal.host} refused {subject} with status {status}{because}"
        return HubUnreachable(message, subject=subject, hint="try again, or check what stands between: a proxy, a filter")
    if code == "GatedRepo" or status == 403 or (status == 401 and (asked.gated or asked.path) and code not in _ABOUT_REPOSITORY):  # noqa: PLR2004
        return _gated(house, refusal, asked, because)
    if refusal.rejected and (code == "RepoNotFound" or status in {401, 404}) and not path:
        message = f"{house.title} does not accept the token in {refusal.rejected}, and shows no {repo_id} without it{because}"
        return GatedCheckpoint(message, subject=repo_id, hint=f"{renew}{f' at {house.tokens}' if house.tokens else ''}; or check the spelling")
    if refusal.about_token:
        message = f"{house.title} does not accept the token in {refusal.token}{because}"
        return GatedCheckpoint(message, subject=repo_id, hint=renew)
    if status == 451:  # noqa: PLR2004
        message = f"{house.title} does not give {subject} for legal reasons{because}"
        return CheckpointNotFound(message, subject=subject, hint="look for a copy of the model under another owner, or on another hub")
    if path and (code == "EntryNotFound" or (status in _NO_MORE and code != "RepoNotFound")):
        gone, never = f"{house.title} no longer serves {path} of {repo_id}{because}", f"{house.title} has no file {path!r} in {repo_id}{because}"
        message = gone if asked.fetching else never
        return CheckpointNotFound(message, subject=subject, hint="the repository may have changed: plan it again, or pass another hub= or revision=")
    if code == "RepoNotFound" or status == 401 or status in _NO_MORE:  # noqa: PLR2004
        gone, never = f"{house.title} no longer serves {repo_id}{because}", f"{house.title} has no repository {repo_id}{because}"
        message = gone if asked.fetching else never
        private = f"the token in {refusal.token} has no access to a private one" if refusal.token else f"a private repository needs {house.variable}"
        return CheckpointNotFound(message, subject=repo_id, hint=f"check the spelling, ids differ between hubs; {private}")
    return _unreachable(house, refusal, asked, because)


def _gated(house: House, refusal: Refusal, asked: Asked, because: str) -> GatedCheckpoint:
    page = house.page.format(asked.repo_id)
    message = f"{asked.repo_id} is gated on {house.title}, which serves it only to accounts with access{because}"
    if refusal.code != "GatedRepo" and not (asked.gated or asked.path):
        # Nothing says that it is a gate: a private repository is refused so, and by a filter on the way every one.
        message = f"{house.title} refuses {asked.repo_id} with status {refusal.status}, as it does for gated and private ones{because}"
    if refusal.rejected:
        hint = f"renew the token in {refusal.rejected}, which is not accepted, and accept the licence at {page}"
    elif refusal.token:
        hint = f"accept its licence at {page} with the account of the token in {refusal.token}"
    else:
        hint = f"accept its licence at {page}, then set {house.variable}{house.login}"
    if refusal.page:
        hint += "; the answer was a web page, so a proxy may stand in between"
    return GatedCheckpoint(message, subject=asked.repo_id, hint=hint)


def _unreachable(house: House, refusal: Refusal, asked: Asked, because: str) -> HubUnreachable:
    status = refusal.status
    failed = status >= 500  # noqa: PLR2004
    message = f"{house.title} failed with status {status}{because}" if failed else f"{house.title} answered with status {status}{because}"
    if status == 429:  # noqa: PLR2004
        hint = "wait a few minutes" + ("" if refusal.token else f", or set {house.variable}: accounts may ask more often") + "; or try another hub"
    elif status == 407:  # noqa: PLR2004
        hint = "the proxy wants a login: write it into HTTPS_PROXY"
    else:
        hint = "try again later, or another hub" if failed else "check the endpoint and the proxy settings, or try another hub"
    return HubUnreachable(message, subject=f"{asked.repo_id}/{asked.path}" if asked.path else asked.repo_id, hint=hint)

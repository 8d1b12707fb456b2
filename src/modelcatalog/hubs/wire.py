"""Owns metadata over HTTP: few requests, few bytes, a deadline. Knows no hub's routes and downloads no weights.

The standard library is enough, and gives what the hub clients lack: a limit on the whole answer
rather than on each packet, on its size, and on where a redirect may lead with the token.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from modelcatalog.errors import HubUnreachable, UnsafeRepository
from modelcatalog.hubs import proxies
from modelcatalog.hubs.refusals import Refusal, sentence
from modelcatalog.hubs.secrets import clean, clean_cause, login, public

if TYPE_CHECKING:
    import urllib.request

    from modelcatalog.hubs.secrets import Token

__all__ = ["Answer", "Known", "Wire"]

_OK, _PARTIAL_CONTENT, _NOT_MODIFIED = 200, 206, 304
_LONGEST = 200
"""Characters of a header that is kept."""
_CHUNK = 1 << 16
_LISTING = 16_000_000
"""Bytes of all pages of a listing: 20,000 files with their paths and hashes."""

_LISTING_SECONDS = 30.0
_REFUSAL = 1 << 14
"""Bytes that are read of a refusal: its status has said what it is, the body can only explain."""


class Answer(NamedTuple):
    """One HTTP answer; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str
    refusal: Refusal | None = None
    """What it says, where it is not a good answer."""

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            HubUnreachable: if it is something else, such as the page of a proxy.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            said = "a web page" if self.page else "no JSON"
            message = f"{_host(self.url)} answered with {said}; a proxy or a login page may stand in between"
            raise HubUnreachable(message, subject=self.url, hint="check HTTPS_PROXY and the endpoint") from error

    @property
    def unchanged(self) -> bool:
        """Whether it says that what is here already is still that."""
        return self.status == _NOT_MODIFIED

    @property
    def page(self) -> bool:
        """Whether it is a web page."""
        return "html" in self.headers.get("content-type", "") or self.body[:64].lstrip()[:1] == b"<"


class Known(NamedTuple):
    """By which an answer that is here already is told from a newer one."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, answer: Answer) -> Known:
        """What an answer says of itself; nothing that is too long for a file of the user's, or cannot be sent again."""
        said = (answer.headers.get(name, "") for name in ("etag", "last-modified"))
        return cls(*(value if len(value) <= _LONGEST and _sent(value) else "" for value in said))

    def headers(self) -> dict[str, str]:
        """What a request says of it; no header holds what cannot be sent."""
        both = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in both.items() if value and _sent(value)}


def _sent(header: str) -> bool:
    """Whether a header can be sent."""
    return header.isascii() and header.isprintable()


class _Wanted(NamedTuple):
    """What is asked for."""

    path: str
    start: int
    length: int | None
    """Bytes from ``start``; None for all."""
    listing: bool
    """It lists files, which has a budget of its own."""
    unless: Known | None = None
    """What is here already."""


class Wire:
    """A connection with a budget; each hub gets one for each plan.

    Args:
        name: The hub's name, for messages.
        endpoint: Base URL; the token goes nowhere else. A ``user:password@`` in it is sent, as the clients do, in place of the token.
        token: Sent as ``Authorization: Bearer``, until the hub says that it does not accept it.
        variable: The environment variable that names another endpoint, for messages.
        requests: How many requests it may make; a refused token and further pages of a listing are not counted.
        limit: How many bytes they may bring, all together, beside listings.
        seconds: Time for one request, all of it.
    """

    def __init__(
        self,
        name: str,
        endpoint: str,
        token: Token | None = None,
        *,
        variable: str = "",
        requests: int = 6,
        limit: int = 1_000_000,
        seconds: float = 3.0,
    ) -> None:
        self.name = name
        self._another = f" in {variable}" if variable else ""
        self.endpoint = public(endpoint).rstrip("/")
        self.requests = requests
        self.limit = self._whole = limit
        self._listing = _LISTING
        self._until: float | None = None
        self.seconds = seconds
        self.landed = ""
        """Where a listing was sent on to, if that is another address than the hub's."""
        self._token = token
        self._secret = token.value if token else None
        inside = login(endpoint)
        self._basic = base64.b64encode(unquote(inside).encode()).decode() if inside else None
        self.rejected: Refusal | None = None
        """What the hub said when it did not accept the token; from then on it is not sent."""
        try:
            fit = urlsplit(self.endpoint).scheme in {"http", "https"} and bool(urlsplit(self.endpoint).hostname)
        except ValueError:
            fit = False
        if not fit:
            message = f"the endpoint of {name} is not an http(s) address"
            raise HubUnreachable(message, subject=self.endpoint, hint=f"write it in full, as https://host{self._another}")

    def get(self, path: str, *, start: int = 0, length: int | None = None, listing: bool = False, further: bool = False, unless: Known | None = None) -> Answer:
        """GET ``endpoint + path``, or ``length`` bytes of it from ``start``; any status is an answer.

        A request that is refused is made once more without the token, if that may help.

        Args:
            path: The route, with its query.
            start: The first byte wanted.
            length: How many bytes; None for all.
            listing: The answer lists files, whose bytes do not count among the others.
            further: It is a further page of a listing, which does not count as a request.
            unless: What is here already; where it is still that, the answer has the status 304 and no body.

        Raises:
            HubUnreachable: refused, cut, out of time, or too many requests for this plan.
            UnsafeRepository: more bytes than the budget holds, or a redirect that may not be followed.
        """
        if self.requests <= 0 and not further:
            message = f"{self.name} needs more metadata requests than a plan may make"
            raise HubUnreachable(message, subject=path, hint="pass the other hub=, or a path to a copy on this disk")
        self.requests -= not further
        self._until = self._until if further and self._until else time.monotonic() + _LISTING_SECONDS
        if further and time.monotonic() > self._until:
            message = f"{self.name} takes more than {_LISTING_SECONDS:g} s to list files"
            raise HubUnreachable(message, subject=self.endpoint + path, hint="try again later, or another hub")
        sent = self._token if self.rejected is None and self._basic is None else None
        wanted = _Wanted(path, start, length, listing, unless)
        answer = self._within(wanted, sent)
        if answer.refusal is None:
            return answer
        if not answer.refusal.worth_without:
            earlier = self.rejected.token if self.rejected else ""
            return answer._replace(refusal=answer.refusal._replace(rejected=earlier))
        again = self._within(wanted, None)
        if again.refusal is not None and not answer.refusal.about_token:
            return answer
        self.rejected = answer.refusal
        return again if again.refusal is None else again._replace(refusal=again.refusal._replace(rejected=answer.refusal.token))

    def _request(self, wanted: _Wanted, token: Token | None) -> urllib.request.Request:
        import urllib.request  # see `opening`

        headers = {"User-Agent": "modelcatalog", "Accept-Encoding": "identity"}
        if self._basic:
            headers["Authorization"] = f"Basic {self._basic}"
        elif token is not None:
            headers["Authorization"] = f"Bearer {token.value}"
        if wanted.unless is not None:
            headers |= wanted.unless.headers()
        if wanted.length is not None:
            headers["Range"] = f"bytes={wanted.start}-{wanted.start + wanted.length - 1}"
        return urllib.request.Request(self.endpoint + wanted.path, headers=headers)  # noqa: S310  checked in __init__

    def _within(self, wanted: _Wanted, token: Token | None) -> Answer:
        # A socket's timeout restarts with each packet and does not cover the name lookup;
        # waiting on a thread covers everything.
        request = self._request(wanted, token)
        result: list[Answer | Exception] = []

        def run() -> None:
            try:
                self._open(request, wanted, token, result)
            except Exception as error:  # noqa: BLE001  handed to the waiting thread
                result.append(error)

        worker = threading.Thread(target=run, daemon=True)
        worker.start()
        worker.join(self.seconds)
        answers = [one for one in result if isinstance(one, Answer)]
        if answers:
            return answers[-1]
        outcome = result[0] if result else TimeoutError(f"no answer within {self.seconds:g} s")
        if isinstance(outcome, UnsafeRepository):
            raise outcome
        from modelcatalog.hubs import opening  # as in `_open`

        reason = clean(opening.why(getattr(outcome, "reason", outcome)), self._secret)
        place = _host(self.endpoint)
        message = f"{place} gave no answer: {reason}" if place == self.name else f"{self.name} at {place} gave no answer: {reason}"
        if (proxy := proxies.through(request.full_url)) is not None:
            message += f", through the proxy {proxy} that the environment names"
        raise HubUnreachable(message, subject=request.full_url, hint=f"{_NO_ANSWER}{self._another}") from clean_cause(outcome, self._secret)  # type: ignore[arg-type]

    def _open(self, request: urllib.request.Request, wanted: _Wanted, token: Token | None, result: list[Answer | Exception]) -> None:
        """Append the answer to ``result``; a refusal as soon as its status is known, and again with what it says."""
        import http.client  # see `opening`
        import urllib.error

        from modelcatalog.hubs import opening

        try:
            response = opening.opener(request.host).open(request, timeout=self.seconds)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            headers = {key.lower(): value for key, value in response.headers.items()}
            answer = Answer(int(response.status or 0), headers, b"", request.full_url)
            if answer.unchanged and wanted.unless is not None:
                result.append(answer)
                return
            final = urlsplit(str(getattr(response, "url", "") or ""))
            if wanted.listing and final.netloc and final.netloc.rpartition("@")[2] != request.host:
                self.landed = f"{final.scheme}://{final.netloc.rpartition('@')[2]}"
            if answer.status not in {_OK, _PARTIAL_CONTENT}:
                host = _host(str(getattr(response, "url", "") or ""))
                storage = host if host != request.host else ""
                source = token.source if token else ""
                code = headers.get("x-error-code", "")
                result.append(answer._replace(refusal=Refusal(answer.status, code, sentence(headers, None, self._secret), host=storage, token=source)))
                body = b""
                with suppress(OSError, http.client.HTTPException):  # it ends where it ends
                    body = response.read(_REFUSAL)
                full = answer._replace(body=body)
                said = sentence(headers, body, self._secret)
                result.append(full._replace(refusal=Refusal(answer.status, code, said, full.page, storage, source)))
                return
            result.append(answer._replace(body=self._body(answer, _unpacked(response, answer), wanted)))

    def _body(self, answer: Answer, response: Any, wanted: _Wanted) -> bytes:
        start, length = wanted.start, wanted.length
        # A server that ignores Range sends the file from its beginning.
        skipped = start if length is not None and answer.status == _OK else 0
        allowed = self._listing if wanted.listing else self.limit
        most = allowed if length is None else min(allowed, skipped + length)
        body = bytearray()
        while len(body) <= most and (chunk := response.read(min(_CHUNK, most + 1 - len(body)))):
            body += chunk
        if len(body) > most and not (length is not None and answer.status == _OK and most == skipped + length):
            message = f"{self.name} sends more than {_LISTING if wanted.listing else self._whole:,} bytes of metadata"
            raise UnsafeRepository(message, subject=answer.url, hint="pass the other hub=, or a path to a copy on this disk")
        if wanted.listing:
            self._listing -= len(body)
        else:
            self.limit -= len(body)
        return bytes(body[skipped : skipped + length] if length is not None else body)


def _unpacked(response: Any, answer: Answer) -> Any:
    """What reads an answer; some mirrors and proxies pack it, though nobody asked them to."""
    if answer.status != _OK or answer.headers.get("content-encoding", "").strip().lower() not in {"gzip", "x-gzip"}:
        return response
    import gzip  # seldom

    return gzip.GzipFile(fileobj=response)


_NO_ANSWER = "check the network and the proxy settings, or name a mirror"


def _host(url: str) -> str:
    return urlsplit(url).netloc

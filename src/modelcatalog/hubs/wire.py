"""Owns metadata over HTTP: few requests, few bytes, a deadline. Knows no hub's routes and downloads no weights.

The standard library is enough, and gives what the hub clients lack: a limit on the whole answer
rather than on each packet, on its size, and on where a redirect may lead with the token.
"""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from modelcatalog.errors import HubUnreachable, UnsafeRepository

__all__ = ["Answer", "Wire"]

_CHUNK = 1 << 16
_REDIRECTS = 4


class Answer(NamedTuple):
    """One HTTP answer; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            HubUnreachable: if it is something else, such as the page of a proxy.
        """
        kind = self.headers.get("content-type", "")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            said = "a web page" if "html" in kind or self.body[:64].lstrip()[:1] == b"<" else "no JSON"
            message = f"{_host(self.url)} answered with {said}; a proxy or a login page may stand in between"
            raise HubUnreachable(message, subject=self.url, hint="check HTTPS_PROXY and the endpoint") from error


class Wire:
    """A connection with a budget; each hub gets one for each plan.

    Args:
        name: The hub's name, for messages.
        endpoint: Base URL; the token goes nowhere else.
        token: Sent as ``Authorization: Bearer``.
        requests: How many requests it may make.
        limit: How many bytes they may bring, all together.
        seconds: Time for one request, all of it.
    """

    def __init__(
        self,
        name: str,
        endpoint: str,
        token: str | None = None,
        *,
        requests: int = 6,
        limit: int = 1_000_000,
        seconds: float = 3.0,
    ) -> None:
        self.name = name
        self.endpoint = endpoint.rstrip("/")
        self.requests = requests
        self.limit = self._whole = limit
        self.seconds = seconds
        self._token = token
        if urlsplit(self.endpoint).scheme not in {"http", "https"}:
            message = f"the endpoint of {name} is no http(s) address"
            raise HubUnreachable(message, subject=endpoint)

    def get(self, path: str, *, start: int = 0, length: int | None = None) -> Answer:
        """GET ``endpoint + path``, or ``length`` bytes of it from ``start``; any status is an answer.

        Raises:
            HubUnreachable: refused, cut, out of time, 5xx, or too many requests for this plan.
            UnsafeRepository: more bytes than the budget holds, or a redirect that may not be followed.
        """
        if self.requests <= 0:
            message = f"{self.name} needs more metadata requests than a plan may make"
            raise HubUnreachable(message, subject=path)
        self.requests -= 1
        headers = {"User-Agent": "modelcatalog", "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if length is not None:
            headers["Range"] = f"bytes={start}-{start + length - 1}"
        answer = self._within(urllib.request.Request(self.endpoint + path, headers=headers), length)  # noqa: S310  checked in __init__
        if answer.status >= http.client.INTERNAL_SERVER_ERROR:
            message = f"{self.name} failed with status {answer.status}"
            raise HubUnreachable(message, subject=self.endpoint + path, hint="try again later, or another hub")
        return answer

    def _within(self, request: urllib.request.Request, length: int | None) -> Answer:
        # A socket's timeout restarts with each packet and does not cover the name lookup;
        # waiting on a thread covers everything.
        result: list[Answer | Exception] = []

        def run() -> None:
            try:
                result.append(self._open(request, length))
            except Exception as error:  # noqa: BLE001  handed to the waiting thread
                result.append(error)

        worker = threading.Thread(target=run, daemon=True)
        worker.start()
        worker.join(self.seconds)
        outcome = result[0] if result else TimeoutError(f"no answer within {self.seconds:g} s")
        if isinstance(outcome, Answer):
            return outcome
        if isinstance(outcome, UnsafeRepository):
            raise outcome
        reason = getattr(outcome, "reason", outcome)
        message = f"{self.name} at {_host(self.endpoint)} gave no answer: {reason}"
        raise HubUnreachable(message, subject=request.full_url, hint=_NO_ANSWER) from outcome

    def _open(self, request: urllib.request.Request, length: int | None) -> Answer:
        opener = urllib.request.build_opener(_Redirects(request.host))
        try:
            response = opener.open(request, timeout=self.seconds)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            # A server that ignores Range would send the whole file.
            most = self.limit if length is None else min(self.limit, length)
            body = bytearray()
            while len(body) <= most and (chunk := response.read(min(_CHUNK, most + 1 - len(body)))):
                body += chunk
            if len(body) > most:
                if length is not None and response.status == http.client.OK:
                    body = body[:most] if request.get_header("Range", "").startswith("bytes=0-") else bytearray()
                else:
                    message = f"{self.name} sends more than {self._whole:,} bytes of metadata"
                    raise UnsafeRepository(message, subject=request.full_url)
            self.limit -= len(body)
            headers = {key.lower(): value for key, value in response.headers.items()}
            return Answer(int(response.status or 0), headers, bytes(body), request.full_url)


_NO_ANSWER = "check the network and the proxy settings, or name a mirror in HF_ENDPOINT or MODELSCOPE_ENDPOINT"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to other hosts without the token (large files lie on storage hosts), never from https to http."""

    max_redirections = _REDIRECTS

    def __init__(self, host: str) -> None:
        self._host = host

    def redirect_request(  # noqa: PLR0917  the standard library's signature
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in {"http", "https"} or (before.scheme == "https" and after.scheme == "http"):
            message = f"{before.hostname} redirects to {newurl[:80]}, which is not followed"
            raise UnsafeRepository(message, subject=req.full_url)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and after.netloc != self._host:
            request.remove_header("Authorization")
        return request


def _host(url: str) -> str:
    return urlsplit(url).netloc

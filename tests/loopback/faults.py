"""Owns what goes wrong on a network and what a hostile hub does: each fault answers some requests in its own way."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from loopback.hubs import Fault, LoopbackHub

__all__ = ["WEIGHTS", "corrupt", "cut", "drip", "page", "redirect", "refuse", "rejects_token", "silent", "stall", "status"]

_PIECES = 3
WEIGHTS = "model.safetensors"


def _meant(request: BaseHTTPRequestHandler, match: str, method: str | None = None) -> bool:
    return match in request.path and method in {None, request.command}


def silent(match: str = "") -> Fault:
    """Accept the connection, read the request, never answer."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if not _meant(request, match):
            return False
        hub.note(request, 0)
        hub.closed.wait()
        request.close_connection = True
        return True

    return fault


def status(code: int, match: str = "", **headers: str) -> Fault:
    """Answer with an error status."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if not _meant(request, match):
            return False
        hub.send_json(request, {"error": "as the test wants", "Message": "as the test wants"}, code, **headers)
        return True

    return fault


def refuse(code: int, said: bytes = b"", match: str = "", kind: str = "text/plain", **headers: str) -> Fault:
    """Refuse with a status and a body of any kind."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if not _meant(request, match):
            return False
        hub.send(request, code, said, {"Content-Type": kind} | {key.replace("_", "-"): value for key, value in headers.items()})
        return True

    return fault


def rejects_token(code: int = 401, said: str = "Invalid credentials in Authorization header", match: str = "") -> Fault:
    """Refuse whatever comes with a token, as a hub does when it has expired."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if not _meant(request, match) or not request.headers.get("Authorization"):
            return False
        hub.send_json(request, {"error": said, "Message": said, "Success": False}, code, X_Error_Message=said)
        return True

    return fault


def page(match: str = "", code: int = 200) -> Fault:
    """Answer with the page of a proxy."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if not _meant(request, match):
            return False
        hub.send(request, code, b"<html><body>Please log in</body></html>", {"Content-Type": "text/html"})
        return True

    return fault


def redirect(to: str, match: str = "", code: int = 302) -> Fault:
    """Send the client to another address; ``{path}`` stands for the path asked for."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if not _meant(request, match):
            return False
        hub.send(request, code, b"", {"Location": to.replace("{path}", request.path)})
        return True

    return fault


class _Broken:
    """Sends the beginning of a file; what happens then differs."""

    def __init__(self, match: str, after: int, times: int) -> None:
        self.match, self.after, self.left = match, after, times

    def __call__(self, hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        # Plans ask for short ranges of the weights; a download asks for all of it, or for all the rest.
        asked = request.headers.get("Range", "")
        if request.command != "GET" or self.match not in request.path or self.left <= 0:
            return False
        if asked and not asked.endswith("-") and _length(asked) < self.after:
            return False
        self.left -= 1
        send = request.wfile
        request.wfile = _Valve(send, self.after, lambda: self.end(hub))  # type: ignore[assignment]
        with suppress(_EndError):
            hub.handle(request)
        request.wfile = send
        request.close_connection = True
        return True

    def end(self, hub: LoopbackHub) -> None:
        raise NotImplementedError


def _length(asked: str) -> int:
    first, _, last = asked.removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1


class _EndError(Exception):
    """No more is sent."""


class _Valve:
    def __init__(self, out: Any, after: int, end: Any) -> None:
        self._out, self._left, self._end, self._body = out, after, end, False

    def write(self, data: bytes) -> int:
        if not self._body:  # the status line and the headers come in one piece
            self._body = True
            return int(self._out.write(data))
        if len(data) <= self._left:
            self._left -= len(data)
            return int(self._out.write(data))
        self._out.write(data[: self._left])
        self._out.flush()
        self._end()
        raise _EndError

    def flush(self) -> None:
        self._out.flush()


class _Cut(_Broken):
    def end(self, hub: LoopbackHub) -> None:
        """Nothing: the connection closes."""


class _Stall(_Broken):
    def end(self, hub: LoopbackHub) -> None:
        hub.closed.wait()


def cut(match: str = WEIGHTS, *, after: int = 100_000, times: int = 1) -> Fault:
    """Close the connection in the middle of a file, the first few times."""
    return _Cut(match, after, times)


def stall(match: str = WEIGHTS, *, after: int = 100_000, times: int = 99) -> Fault:
    """Go silent in the middle of a file."""
    return _Stall(match, after, times)


def corrupt(match: str = WEIGHTS) -> Fault:
    """Send other bytes of the right number, from the first kilobyte on, so that headers look right."""

    def fault(hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        asked = request.headers.get("Range", "")
        short = bool(asked) and not asked.endswith("-") and _length(asked) < 100_000
        if request.command != "GET" or match not in request.path or short:
            return False
        send = request.wfile
        request.wfile = _Flipped(send)  # type: ignore[assignment]
        try:
            hub.handle(request)
        finally:
            request.wfile = send
        return True

    return fault


class _Flipped:
    def __init__(self, out: Any) -> None:
        self._out, self._body = out, False

    def write(self, data: bytes) -> int:
        if not self._body:
            self._body = True
            return int(self._out.write(data))
        return int(self._out.write(data[:-1] + bytes([data[-1] ^ 1])))

    def flush(self) -> None:
        self._out.flush()


def drip(match: str = WEIGHTS, *, seconds: float = 6.0) -> Fault:
    """Send a file slowly: three pieces of each megabyte; ``seconds`` for four megabytes."""

    def fault(_hub: LoopbackHub, request: BaseHTTPRequestHandler) -> bool:
        if request.command == "GET" and match in request.path:
            request.wfile = _Drip(request.wfile, seconds / 12)  # type: ignore[assignment]
        return False

    return fault


class _Drip:
    def __init__(self, out: Any, pause: float) -> None:
        self._out, self._pause = out, pause

    def write(self, data: bytes) -> int:
        if len(data) < _PIECES * 10_000:
            return int(self._out.write(data))
        step = -(-len(data) // _PIECES)
        for start in range(0, len(data), step):
            self._out.write(data[start : start + step])
            self._out.flush()
            time.sleep(self._pause)
        return len(data)

    def flush(self) -> None:
        self._out.flush()

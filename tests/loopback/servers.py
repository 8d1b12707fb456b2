"""Owns an OpenAI-compatible server in this process, whose answers are what a test wants, good or bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Answer", "Asked", "ChatServer", "body", "comments", "dies", "page", "raw", "refuses", "says", "silent", "stalls", "trickles"]


class Asked(NamedTuple):
    """One request for a reply."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ChatServer

    def log_message(self, *_: object) -> None:
        """Nothing: the screen belongs to the tests."""

    def do_GET(self) -> None:
        if self.owner.listing is not None:
            self.owner.listing(self, {})
        elif self.owner.key is not None and self.headers.get("Authorization") != f"Bearer {self.owner.key}":
            self.json({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, 401)
        else:
            self.json({"object": "list", "data": [{"id": model, "object": "model", "owned_by": by} for model, by in self.owner.models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.owner.asked.append(Asked(self.path, {key.lower(): value for key, value in self.headers.items()}, body))
        try:
            self.owner.answer(self, body)
        except OSError:
            self.owner.left.set()
            self.close_connection = True

    def json(self, value: Any, status: int = 200, **headers: str) -> None:
        """Answer with JSON."""
        self.whole(json.dumps(value).encode(), status, {"Content_Type": "application/json"} | headers)

    def whole(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        """Answer with bytes."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        """Begin a stream of events, which ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def event(self, value: Any) -> None:
        """Send one event."""
        self.wfile.write(f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def piece(self, text: str | None, field: str = "content", finish: str | None = None) -> None:
        """Send one piece of a reply, in the form of the route that was asked."""
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
        if "chat" in self.path:
            choice["delta"] = {} if text is None else {field: text}
        else:
            choice["text"] = text or ""
        self.event({"id": "x", "object": "chunk", "created": 0, "model": "m", "choices": [choice]})


Answer = Callable[[_Handler, dict[str, Any]], None]
"""Answers one request."""


class ChatServer:
    """A server on a free port; use it in a ``with`` statement."""

    def __init__(self, *models: str) -> None:
        self.models = [(model, "vllm") for model in models]
        self.key: str | None = None
        self.listing: Answer | None = None
        """Answers in place of the list of models."""
        self.answer: Answer = says("The capital of France", " is Paris.")
        self.asked: list[Asked] = []
        self.left = threading.Event()
        """The client hung up during an answer."""
        self.closed = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


def says(*pieces: str, thinking: tuple[str, ...] = (), field: str = "reasoning_content", finish: str = "stop", usage: bool = True) -> Answer:
    """Reply with these pieces, after the thinking, with the figures if they are asked for."""

    def answer(request: _Handler, body: dict[str, Any]) -> None:
        request.begin()
        for text in thinking:
            request.piece(text, field)
        for text in pieces:
            request.piece(text)
        request.piece(None, finish=finish)
        if usage and "stream_options" in body:
            figures = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}
            request.event({"id": "x", "object": "chunk", "created": 0, "model": "m", "choices": [], "usage": figures})
        request.event("[DONE]")

    return answer


def refuses(status: int, message: str, *, times: int = 99, then: Answer | None = None, code: str | None = None, **headers: str) -> Answer:
    """Answer with an error, the first few times."""
    left = [times]

    def answer(request: _Handler, body: dict[str, Any]) -> None:
        left[0] -= 1
        if left[0] >= 0 or then is None:
            request.json({"error": {"message": message, "code": code}}, status, **headers)
        else:
            then(request, body)

    return answer


def raw(*events: Any) -> Answer:
    """Reply with these events as they stand."""

    def answer(request: _Handler, _body: dict[str, Any]) -> None:
        request.begin()
        for event in events:
            request.event(event)

    return answer


def body(value: Any, kind: str = "application/json") -> Answer:
    """Answer with one JSON body, though a stream was asked for."""

    def answer(request: _Handler, _body: dict[str, Any]) -> None:
        request.json(value, Content_Type=kind)

    return answer


def dies(*pieces: str) -> Answer:
    """Close the connection in the middle of a reply, and of an event."""

    def answer(request: _Handler, _body: dict[str, Any]) -> None:
        request.begin()
        for text in pieces:
            request.piece(text)
        request.wfile.write(b'data: {"id": "x", "cho')

    return answer


def silent(request: _Handler, _body: dict[str, Any]) -> None:
    """Read the request, and never answer."""
    request.owner.closed.wait()


def stalls(*pieces: str) -> Answer:
    """Go silent in the middle of a reply, until the client leaves."""

    def answer(request: _Handler, _body: dict[str, Any]) -> None:
        request.begin()
        for text in pieces:
            request.piece(text)
        request.connection.settimeout(20)
        if not request.connection.recv(1):
            request.owner.left.set()

    return answer


def comments(request: _Handler, _body: dict[str, Any]) -> None:
    """Keep the connection alive for ever, and say nothing."""
    request.begin()
    while not request.owner.closed.wait(0.02):
        request.wfile.write(b": still working\n\n")
        request.wfile.flush()


def trickles(text: str, seconds: float = 0.01) -> Answer:
    """Say this again and again, until the client leaves."""

    def answer(request: _Handler, _body: dict[str, Any]) -> None:
        request.begin()
        while not request.owner.closed.wait(seconds):
            request.piece(text)

    return answer


def page(request: _Handler, _body: dict[str, Any]) -> None:
    """Answer with the page of a proxy."""
    request.whole(b"<html><body>Please log in</body></html>", 200, {"Content-Type": "text/html"})

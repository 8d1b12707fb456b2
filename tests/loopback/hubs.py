"""Owns the servers: a repository is a folder, its hub is a `ThreadingHTTPServer` in this process."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["COMMIT", "Fault", "HuggingFaceHub", "LoopbackHub", "ModelScopeHub", "Request"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_ENDLESS = 500_000
"""Entries from which on a listing is an attack, sent in one piece."""

_LFS = 1_000_000
"""Files from this size on are listed with a SHA-256, smaller ones with their git blob id, as the hub does."""


Fault = Callable[["LoopbackHub", BaseHTTPRequestHandler], bool]
"""Answers a request in place of the hub, or returns False."""


@dataclass
class Request:
    """One request as the hub saw it.

    ``sent`` is how many bytes of its answer were on their way at the last look: of a file that broke off, up to a megabyte more than arrived.
    """

    method: str
    path: str
    headers: dict[str, str]
    sent: int


@cache
def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def git_oid(path: Path) -> str:
    """The git blob id of a file."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324  git's own hash


class LoopbackHub:
    """A hub that serves folders; use it in a ``with`` statement.

    Args:
        repositories: Repository id -> folder.
    """

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        """Each is asked first whether it answers a request itself."""
        self.tamper: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
        """Changes a listing on its way out."""
        self.headers: dict[str, str] = {}
        """Headers that replace those of every file."""
        self.page = 1_000
        """Entries on one page of a listing: where Hugging Face goes on to the next, and ModelScope ends without a word."""
        self.gated = False
        self.published: dict[str, list[dict[str, Any]]] = {}
        """Account -> its repositories, as the hub lists them."""
        self.renamed: dict[str, str] = {}
        """Repository -> its name by now."""
        self.links = ""
        """Another address that the links to next pages name, as those of a mirror do."""
        self.closed = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                try:
                    if not any(fault(hub, self) for fault in hub.faults):
                        hub.handle(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing: tests read `requests`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request; subclasses know the routes."""
        raise NotImplementedError

    def files(self, repo_id: str) -> dict[str, Path]:
        """The files of a repository by their path."""
        root = self.repositories[repo_id]
        return {p.relative_to(root).as_posix(): p for p in sorted(root.rglob("*")) if p.is_file()}

    def send(self, request: BaseHTTPRequestHandler, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send an answer of bytes."""
        self.note(request, len(body))
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)

    def send_json(self, request: BaseHTTPRequestHandler, value: Any, status: int = 200, **headers: str) -> None:
        """Send an answer of JSON."""
        kind = {"Content-Type": "application/json"}
        self.send(request, status, json.dumps(value).encode(), kind | {k.replace("_", "-"): v for k, v in headers.items()})

    def send_file(self, request: BaseHTTPRequestHandler, path: Path, headers: dict[str, str]) -> None:
        """Send a file, or the range of it that was asked for."""
        size = path.stat().st_size
        start, end, status = 0, size - 1, 200
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if wanted:
            start, end, status = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1), 206
            if start >= size:
                self.send(request, 416, headers={"Content-Range": f"bytes */{size}"})
                return
            headers = headers | {"Content-Range": f"bytes {start}-{end}/{size}"}
        headers = headers | self.headers
        noted = self.note(request, 0)
        request.send_response(status)
        for name, value in {"Content-Length": str(end - start + 1), "Accept-Ranges": "bytes", **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            with path.open("rb") as file:
                file.seek(start)
                while noted.sent <= end - start and (chunk := file.read(min(1 << 20, end - start + 1 - noted.sent))):
                    noted.sent += len(chunk)
                    request.wfile.write(chunk)

    def send_known(self, request: BaseHTTPRequestHandler, value: Any, link: str = "") -> None:
        """Send an answer of JSON with its ETag; where the client has it already, only that."""
        etag = f'"{hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            self.send(request, 304, headers={"ETag": etag})
        else:
            self.send_json(request, value, 200, ETag=etag, **({"Link": link} if link else {}))

    def note(self, request: BaseHTTPRequestHandler, sent: int) -> Request:
        """Remember a request before any of its answer goes out: a test may look as soon as the client has its answer."""
        noted = Request(request.command, request.path, dict(request.headers.items()), sent)
        self.requests.append(noted)
        return noted


class HuggingFaceHub(LoopbackHub):
    """The routes of huggingface.co that its clients ask for."""

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path = unquote(urlsplit(request.path).path)
        if path == "/api/models":
            self._account(request)
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            self._info(request, match[1], match[2] or "main")
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
            self._tree(request, match[1], match[2])
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(request, match[1], match[2], match[3])
        else:
            self.send_json(request, {"error": "no such route"}, 404)

    def _known(self, request: BaseHTTPRequestHandler, repo_id: str, revision: str) -> bool:
        if repo_id not in self.repositories:
            self.send_json(request, {"error": "Repository not found"}, 401, X_Error_Code="RepoNotFound")
            return False
        if revision not in {"main", COMMIT}:
            self.send_json(request, {"error": "Invalid rev id"}, 404, X_Error_Code="RevisionNotFound")
            return False
        return True

    def _account(self, request: BaseHTTPRequestHandler) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.path).query).items()}
        every = self.tamper(self.published.get(query.get("author", ""), []))
        at, size = int(query.get("cursor", 0)), min(int(query.get("limit", self.page)), self.page)
        more = ""
        if at + size < len(every):
            more = f'<{self.links or self.endpoint}/api/models?author={query["author"]}&limit={size}&cursor={at + size}>; rel="next"'
        self.send_known(request, every[at : at + size], more)

    def _info(self, request: BaseHTTPRequestHandler, repo_id: str, revision: str) -> None:
        if self._known(request, repo_id, revision):
            siblings = [{"rfilename": name} for name in self.files(repo_id)]
            info = {
                "id": self.renamed.get(repo_id, repo_id),
                "sha": COMMIT,
                "siblings": siblings,
                "gated": "manual" if self.gated else False,
                "private": False,
                "tags": [],
            }
            self.send_json(request, info)

    def _tree(self, request: BaseHTTPRequestHandler, repo_id: str, revision: str) -> None:
        if self._known(request, repo_id, revision):
            entries = self.tamper([self.entry(name, path) for name, path in self.files(repo_id).items()])
            at = int(parse_qs(urlsplit(request.path).query).get("cursor", ["0"])[0])
            more: dict[str, Any] = {}
            if at + self.page < len(entries) < _ENDLESS:
                more = {"Link": f'<{self.links or self.endpoint}/api/models/{repo_id}/tree/{revision}?recursive=true&cursor={at + self.page}>; rel="next"'}
                entries = entries[at : at + self.page]
            elif at:
                entries = entries[at:]
            self.send_json(request, entries, **more)

    def entry(self, name: str, path: Path) -> dict[str, Any]:
        """A file as a listing has it."""
        size = path.stat().st_size
        if size < _LFS:
            return {"type": "file", "path": name, "size": size, "oid": git_oid(path)}
        lfs = {"oid": sha256(path), "size": size, "pointerSize": 134}
        return {"type": "file", "path": name, "size": size, "oid": "0" * 40, "lfs": lfs}

    def _resolve(self, request: BaseHTTPRequestHandler, repo_id: str, revision: str, name: str) -> None:
        if not self._known(request, repo_id, revision):
            return
        path = self.files(repo_id).get(name)
        if path is None:
            self.send_json(request, {"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
            return
        entry = self.entry(name, path)
        etag = f'"{entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]}"'
        headers = {"ETag": etag, "X-Repo-Commit": COMMIT}
        if "lfs" in entry:
            headers |= {"X-Linked-Etag": etag, "X-Linked-Size": str(entry["size"])}
        self.send_file(request, path, headers)


def _below(entries: list[dict[str, Any]], root: str, recursive: bool, most: int) -> list[dict[str, Any]]:  # noqa: FBT001
    """The entries of one folder, with all that lies in it or without, and no more than ``most``."""
    inside = [one for one in entries if not root or str(one.get("Path")).startswith(f"{root}/")] if len(entries) < _ENDLESS else entries
    if not recursive:
        cut = len(root) + 1 if root else 0
        folders = {one["Path"][:cut] + one["Path"][cut:].split("/")[0]: None for one in inside if "/" in one["Path"][cut:]}
        inside = [one for one in inside if "/" not in one["Path"][cut:]] + [{"Path": path, "Name": path, "Type": "tree"} for path in folders]
    return inside if len(entries) >= _ENDLESS else inside[:most]


class ModelScopeHub(LoopbackHub):
    """The routes of modelscope.cn that its client asks for."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        super().__init__(repositories)
        self.page = 3_000

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        url = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/openapi/v1/models":
            every = self.tamper(self.published.get(query.get("owner", ""), []))
            number, size = int(query["page_number"]), int(query["page_size"])
            page = every[(number - 1) * size : number * size]
            self.send_known(request, {"success": True, "data": {"models": page, "total_count": len(every), "page_number": number, "page_size": size}})
            return
        match = re.fullmatch(r"/(?:api|openapi)/v1/models/([^/]+/[^/]+)(/repo/files|/repo|/revisions)?", unquote(url.path))
        if match is None:
            self.send_json(request, {"Code": 404, "Message": "no such route", "Success": False}, 404)
            return
        repo_id, route = match[1], match[2]
        if repo_id not in self.repositories:
            self.send_json(request, {"Code": 10010205001, "Message": "record not found", "Success": False}, 404)
        elif query.get("Revision", "master") != "master":
            self.send_json(request, {"Code": 10010205001, "Message": "revision not found", "Success": False}, 404)
        elif route == "/repo/files":
            entries = self.tamper([self.entry(name, path) for name, path in self.files(repo_id).items()])
            self._data(request, {"Files": _below(entries, query.get("Root", ""), query["Recursive"] == "True", self.page)})
        elif route == "/revisions":
            self._data(request, {"RevisionMap": {"Branches": [{"Revision": "master"}], "Tags": []}})
        elif route == "/repo":
            self._file(request, repo_id, query.get("FilePath", ""))
        else:
            self._data(request, {"Name": repo_id.partition("/")[2], "Path": repo_id.partition("/")[0]})

    def entry(self, name: str, path: Path) -> dict[str, Any]:
        """A file as a listing has it."""
        size = path.stat().st_size
        return {"Path": name, "Name": Path(name).name, "Type": "blob", "Size": size, "Sha256": sha256(path)}

    def _data(self, request: BaseHTTPRequestHandler, data: Any) -> None:
        self.send_json(request, {"Code": 200, "Data": data, "Success": True})

    def _file(self, request: BaseHTTPRequestHandler, repo_id: str, name: str) -> None:
        path = self.files(repo_id).get(name)
        if path is None:
            self.send_json(request, {"Code": 10010205001, "Message": "file not found", "Success": False}, 404)
            return
        self.send_file(request, path, {"ETag": f'"{sha256(path)}"'})

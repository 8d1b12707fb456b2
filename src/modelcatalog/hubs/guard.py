"""Owns what a hub's client may do in the process that downloads: write where, send the token where, wait how long.

Knows no client's inside: it watches Python's own audit events and sockets, so that a mistake in a client,
found or not, ends the process instead of reaching the disk. Only `fetcher` installs it; hooks cannot be taken off.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelcatalog.errors import HubUnreachable, ModelCatalogError, UnsafeRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["PATIENCE", "Guard", "headers_error"]

PATIENCE = 4.0
"""Seconds without a byte from the network, and without work, after which a download is given up."""

_PATIENCE_ONCE_RUNNING = 9.0
"""The same once `_RUNNING` bytes have come: what huggingface_hub has of a file is lost when it ends."""

_RUNNING = 5_000_000

_RESUMED = "._____temp"
"""Where ModelScope keeps what it can continue; huggingface_hub continues nothing."""

_OTHERS = 20.0
_STEP = 0.25
_BUSY = 0.2
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit event -> positions of the paths that it makes, changes or removes.
_CHANGES = {
    "os.chmod": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
}
_PORTS = {"http": 80, "https": 443}


class Guard:
    """The watch over one download.

    Args:
        endpoint: The hub; the token goes nowhere else.
        token: What must not leave.
        roots: Folders that may be written to.
        subject: The repository, for messages.
        fail: Ends the process with an error; does not return.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        token: str | None,
        roots: Sequence[Path],
        subject: str,
        fail: Callable[[ModelCatalogError], None],
    ) -> None:
        url = urlsplit(endpoint)
        self._host = (url.hostname or "", url.port or _PORTS.get(url.scheme, 0))
        self.secret = token
        self._token = token.encode() if token else None
        self._roots = tuple(os.path.realpath(root) for root in roots)
        self._subject = subject
        self._fail = fail
        self._pulse = 0
        self._received = 0
        self._local = threading.local()
        self.written: set[str] = set()

    def install(self) -> None:
        """Begin to watch; for the rest of the process."""
        import ssl  # a plan of local files opens no connection

        sys.addaudithook(self._audit)
        for kind in (socket.socket, ssl.SSLSocket):
            for method in ("recv", "recv_into"):
                setattr(kind, method, self._counted(getattr(kind, method)))

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def receive(*args: Any, **options: Any) -> Any:
            got = method(*args, **options)
            self._pulse += 1
            self._received += len(got) if isinstance(got, bytes) else int(got)
            return got

        return receive

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if getattr(self._local, "inside", False):
            return
        self._local.inside = True
        try:
            if event == "open" and isinstance(args[2], int) and args[2] & _WRITES:
                self._may_write(args[0])
            elif event in _CHANGES:
                for position in _CHANGES[event]:
                    within = args[-1] if event in {"os.mkdir", "os.remove", "os.rmdir"} else -1
                    self._may_write(args[position], within, making=event == "os.mkdir")
            elif event == "http.client.send" and self._token:
                host = str(getattr(args[0], "host", "")).strip("[]")
                self.check_request(host, int(getattr(args[0], "port", 0) or 0), secret=args[1])
        finally:
            self._local.inside = False

    def check_request(self, host: str, port: int, *, secret: object) -> None:
        """End the process when a request to a foreign host carries the token."""
        data = secret if isinstance(secret, bytes) else str(secret).encode()
        if self._token and self._token in data and (host, port) != self._host:
            message = f"{self._subject} redirects to {host}:{port} in a way that would send the token there"
            self._fail(UnsafeRepository(message, subject=self._subject, hint="do not use this endpoint"))

    def _may_write(self, path: object, folder: object = -1, *, making: bool = False) -> None:
        if isinstance(path, int) or not path:
            return
        text = os.fsdecode(path)  # type: ignore[arg-type]
        if isinstance(folder, int) and folder >= 0 and not os.path.isabs(text):  # noqa: PTH117
            text = os.path.join(os.path.realpath(f"/proc/self/fd/{folder}"), text)  # noqa: PTH118
        # The folder's links are followed, the last part's are not: a link itself may be replaced.
        parent, name = os.path.split(os.path.abspath(text))  # noqa: PTH100
        real = os.path.join(os.path.realpath(parent), name)  # noqa: PTH118
        if real.startswith(("/dev/", "\\\\.\\")) or real.lower() == "nul":
            return
        if not any(real == root or real.startswith(root + os.sep) for root in self._roots):
            if making and any(root.startswith(real + os.sep) for root in self._roots):
                return  # the way to its cache
            message = f"{self._subject} made the client write outside its cache: {text[:120]!r}"
            self._fail(UnsafeRepository(message, subject=self._subject, hint="do not use this repository"))
        self._pulse += 1
        self.written.add(real)

    # Time -------------------------------------------------------------------------------------

    def watch(self, folder: Path, hub: str) -> None:
        """End the process when nothing arrives and nothing is computed for `PATIENCE` seconds; runs in a thread."""
        pulse, cpu, since = self._pulse, time.process_time(), time.monotonic()
        while True:
            time.sleep(_STEP)
            now, busy = time.monotonic(), time.process_time()
            alive = self._pulse != pulse or busy - cpu > _BUSY * _STEP
            pulse, cpu = self._pulse, busy
            if alive:
                since = now
                continue
            limit = _PATIENCE_ONCE_RUNNING if self._received > _RUNNING else PATIENCE
            if now - since > limit and not self._others(folder):
                message = f"{hub} went silent while sending {self._subject}: no byte for {limit:g} s"
                hint = "run it again; files that arrived whole are kept"
                self._fail(HubUnreachable(message, subject=self._subject, hint=hint))

    def _others(self, folder: Path) -> bool:
        """Whether another process is downloading into the same folder: its lock is what is waited for."""
        for path, _, names in os.walk(folder):
            for name in names:
                file = Path(path, name)
                if not name.endswith(".incomplete") and _RESUMED not in path:
                    continue
                try:
                    age = time.time() - file.stat().st_mtime
                except OSError:
                    continue
                if age < _OTHERS and os.path.realpath(file) not in self.written:
                    return True
        return False

    def sweep(self, *, full: bool) -> None:
        """Remove the unfinished files that this process made; those that can be continued only from a full disk."""
        self._local.inside = True
        for path in tuple(self.written):
            if path.endswith(".incomplete") or (full and _RESUMED in path):
                with suppress(OSError):
                    Path(path).unlink()


def headers_error(headers: Any, *, commit: str, subject: str) -> UnsafeRepository | None:
    """What is wrong with the headers that huggingface_hub makes paths of; None if nothing is.

    >>> str(headers_error({"etag": '"../../x"'}, commit="c", subject="a/b"))[:46]
    "a/b sends an ETag that is not a hash: '../../x"
    """
    for name in ("etag", "x-linked-etag"):
        value = str(headers.get(name) or "").removeprefix("W/").strip('"')
        if value and not (value.replace("-", "").isalnum() and len(value) <= 128):  # noqa: PLR2004
            return UnsafeRepository(f"{subject} sends an ETag that is not a hash: {value[:80]!r}", subject=subject)
    given = str(headers.get("x-repo-commit") or commit)
    if given != commit:
        message = f"{subject} answers for another commit than the one asked for: {given[:80]!r}"
        return UnsafeRepository(message, subject=subject)
    return None

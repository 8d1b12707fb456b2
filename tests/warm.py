"""Owns a warm process in place of the one that each download starts: what the hubs' clients import is there already.

The process forks for each download. The clients themselves (`_FRESH`) are imported anew in every fork, since they read their
settings at import; what they in turn import, torch among it, is shared, and this package, which reads none then. Downloads
that tests start from a process of their own, and all with ``MODELCATALOG_TEST_COLD=1``, go the real way, which is the only one outside Linux.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

__all__ = ["Starter"]

_COMMAND = ["-P", "-m", "modelcatalog.hubs.download.fetcher"]
_FRESH = ("huggingface_hub", "modelscope", "modelscope_hub")
_SHARED = (
    "modelcatalog.hubs.download.fetcher",
    "modelcatalog.hubs.huggingface",
    "modelcatalog.hubs.modelscope",
    "huggingface_hub._snapshot_download",
    "huggingface_hub.file_download",
    "modelscope.hub.snapshot_download",
)
_LONGEST = 1 << 20


class Starter:
    """Starts downloads, as `subprocess.Popen` does; other commands are Popen's."""

    PIPE = subprocess.PIPE
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._control: socket.socket | None = None

    def ready(self) -> socket.socket:
        """The way to the warm process, once it has imported everything: what is timed afterwards does not wait for that."""
        if self._control is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
                self._process = subprocess.Popen([sys.executable, "-P", __file__], stdin=theirs.fileno(), env=environment)
            self._control.recv(1)
        return self._control

    def close(self) -> None:
        """End the warm process, if a download has started it."""
        if self._control is not None:
            self._control.close()
            self._process.wait()

    def Popen(self, command: list[str], **options: Any) -> Any:  # noqa: N802  as it is called there
        """A download in a fork of the warm process; anything else in a process of its own."""
        if command[1:] != _COMMAND or options["stderr"] is None:
            return subprocess.Popen(command, **options)
        return _Forked(self.ready(), options["env"])


class _Forked:
    """What `fetching` knows of a process: its three pipes, its end and its exit code."""

    def __init__(self, control: socket.socket, environment: dict[str, str]) -> None:
        (taken, given), (read, out), (noted, err) = os.pipe(), os.pipe(), os.pipe()
        self._job, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(control, [b"."], [theirs.fileno(), taken, out, err])
        for end in (taken, out, err):
            os.close(end)
        self._answers = self._job.makefile("rwb")
        self._answers.write(json.dumps([environment, str(Path.cwd())]).encode() + b"\n")
        self._answers.flush()
        self._pid = int(self._answers.readline())
        self.stdin: IO[bytes] = os.fdopen(given, "wb", buffering=0)
        self.stdout: IO[bytes] = os.fdopen(read, "rb")
        self.stderr: IO[bytes] = os.fdopen(noted, "rb")
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code."""
        if self.returncode is None:
            self._job.settimeout(timeout)
            try:
                self.returncode = os.waitstatus_to_exitcode(int(self._answers.readline()))
            except TimeoutError:
                raise subprocess.TimeoutExpired(_COMMAND, timeout or 0) from None
            self._answers.close()
            self._job.close()
        return self.returncode

    def kill(self) -> None:
        """End it."""
        os.kill(self._pid, 9)


def _warm() -> None:
    """Import what forks share; the clients are forgotten again."""
    for name in _SHARED:
        try:
            import_module(name)
        except ImportError:
            continue  # a client that is not installed; the job says so
    files = import_module("modelcatalog.hubs.files")
    for kind in (files.Listing, files.RemoteFile):
        kind.model_rebuild()
    for name in [name for name in sys.modules if name.partition(".")[0] in _FRESH]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()  # no collection in a fork looks through what it shares, and copies it by doing so


def _serve(control: socket.socket) -> None:
    """Fork for every job: a keeper, which waits for the job's end and tells it, and the job."""
    _warm()
    control.send(b".")
    while True:
        word, ends, _, _ = socket.recv_fds(control, 1, 4)
        if not word:
            break
        if not os.fork():
            control.close()
            _keep(*ends)
        for end in ends:
            os.close(end)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _keep(job: int, taken: int, out: int, err: int) -> None:
    with socket.socket(fileno=job) as answers:
        line = b""
        while not line.endswith(b"\n"):
            line += answers.recv(_LONGEST)
        environment, folder = json.loads(line)
        child = os.fork()
        if not child:
            for number, end in enumerate((taken, out, err)):
                os.dup2(end, number)
            os.closerange(3, 256)
            _work(environment, folder)
        for end in (taken, out, err):
            os.close(end)
        answers.sendall(f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        with suppress(OSError):  # nobody waits any more
            answers.sendall(f"{status}\n".encode())
    os._exit(0)


def _work(environment: dict[str, str], folder: str) -> None:
    """What `python -m` does, with the environment and the path of a fresh process."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.path[:] = environment["PYTHONPATH"].split(os.pathsep)
    try:
        import_module(_COMMAND[-1]).main()
    except BaseException:  # noqa: BLE001  as an interpreter ends
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as given:
        _serve(given)

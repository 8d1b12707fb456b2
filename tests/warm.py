"""Owns warm processes in place of those that downloads and renderings of templates start: what they import is there already.

One forks for each download. The clients themselves (`_FRESH`) are imported anew in every fork, since they read their
settings at import; what they in turn import, torch among it, is shared, and this package, which reads none then. Downloads
that tests start from a process of their own, and all with ``MODELCATALOG_TEST_COLD=1``, go the real way, which is the only one outside Linux.
Another, with jinja2 and little else, forks for each model that renders its template; that goes the same real ways.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Renderings", "Starter"]

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
    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired
    arguments: tuple[str, ...] = ()
    """What the warm process is started with."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._lock = threading.Lock()

    def ready(self) -> socket.socket:
        """The way to the warm process, once it has imported everything: what is timed afterwards does not wait for that."""
        with self._lock:
            if self._control is None:
                control, theirs = socket.socketpair()
                with theirs:
                    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
                    command = [sys.executable, "-P", __file__, *self.arguments]
                    self._process = subprocess.Popen(command, stdin=theirs.fileno(), env=environment)
                control.recv(1)
                self._control = control
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
        return _Download(self.ready(), options["env"])


class Renderings(Starter):
    """Starts the processes that render templates, as `subprocess.Popen` does."""

    def __init__(self, script: Path) -> None:
        super().__init__()
        self.arguments = (str(script),)

    def Popen(self, command: list[str], **options: Any) -> Any:  # noqa: N802  as it is called there
        """A fork of the warm process that has the script; anything else in a process of its own."""
        if command[1:] != ["-P", *self.arguments]:
            return subprocess.Popen(command, **options)
        return _Rendering(self.ready(), options["env"])


class _Job:
    """A fork of a warm process: what is known of any process, its end and its exit code."""

    def __init__(self, control: socket.socket, environment: dict[str, str], ends: tuple[int, int, int]) -> None:
        self._keeper, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(control, [b"."], [theirs.fileno(), *ends])
        for end in ends:
            os.close(end)
        self._keeper.sendall(json.dumps([environment, str(Path.cwd())]).encode() + b"\n")
        self.pid = self._told()
        self.returncode: int | None = None

    def _told(self) -> int:
        line = b""
        while not line.endswith(b"\n"):  # and not a byte more, so that `poll` sees what is left
            byte = self._keeper.recv(1)
            if not byte:
                message = "the warm process has ended"
                raise ChildProcessError(message)
            line += byte
        return int(line)

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        return self.wait() if self.returncode is None and select.select([self._keeper], [], [], 0)[0] else self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code."""
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            try:
                self.returncode = os.waitstatus_to_exitcode(self._told())
            except TimeoutError:
                raise subprocess.TimeoutExpired(_COMMAND, timeout or 0) from None
            self._keeper.close()
        return self.returncode

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, 9)


class _Download(_Job):
    """What `fetching` knows of a process: three pipes too."""

    def __init__(self, control: socket.socket, environment: dict[str, str]) -> None:
        (taken, given), (read, out), (noted, err) = os.pipe(), os.pipe(), os.pipe()
        super().__init__(control, environment, (taken, out, err))
        self.stdin: IO[bytes] = os.fdopen(given, "wb", buffering=0)
        self.stdout: IO[bytes] = os.fdopen(read, "rb")
        self.stderr: IO[bytes] = os.fdopen(noted, "rb")


class _Rendering(_Job):
    """What `templates` knows of a process: two pipes of text too."""

    def __init__(self, control: socket.socket, environment: dict[str, str]) -> None:
        (taken, given), (read, out) = os.pipe(), os.pipe()
        super().__init__(control, environment, (taken, out, os.open(os.devnull, os.O_WRONLY)))
        self.stdin: IO[str] = os.fdopen(given, "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(read, encoding="utf-8")


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


def _script(file: str) -> Callable[[], None]:
    """The script that renders, with what it imports later."""
    for name in ("jinja2.ext", "jinja2.meta", "jinja2.sandbox", "resource"):
        import_module(name)
    spec = spec_from_file_location("template_process", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    gc.collect()
    gc.freeze()
    main: Callable[[], None] = module.main
    return main


def _download() -> None:
    import_module(_COMMAND[-1]).main()


def _serve(control: socket.socket, main: Callable[[], None]) -> None:
    """Fork for every job: a keeper, which waits for the job's end and tells it, and the job."""
    control.send(b".")
    while True:
        word, ends, _, _ = socket.recv_fds(control, 1, 4)
        if not word:
            break
        if not os.fork():
            control.close()
            _keep(main, *ends)
        for end in ends:
            os.close(end)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with suppress(ChildProcessError):
        while main is _download:  # who renders ends with the one who asked
            os.waitpid(-1, 0)


def _keep(main: Callable[[], None], job: int, taken: int, out: int, err: int) -> None:
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
            _work(main, environment, folder)
        for end in (taken, out, err):
            os.close(end)
        answers.sendall(f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        with suppress(OSError):  # nobody waits any more
            answers.sendall(f"{status}\n".encode())
    os._exit(0)


def _work(main: Callable[[], None], environment: dict[str, str], folder: str) -> None:
    """What `python -m` does, with the environment and the path of a fresh process."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.path[:] = environment["PYTHONPATH"].split(os.pathsep)
    try:
        main()
    except BaseException:  # noqa: BLE001  as an interpreter ends
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as given:
        if sys.argv[1:]:
            _serve(given, _script(sys.argv[1]))
        else:
            _warm()
            _serve(given, _download)

"""Owns the process that downloads: reads a job, guards the hub's client, writes one answer. Knows no plan.

Run as ``python -m modelcatalog.hubs.download.fetcher`` by `fetching`. A process of its own, because the clients read
their settings at import, some of their calls never return, and what they write must be watched.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from modelcatalog.errors import EngineError, ModelCatalogError, WontFit
from modelcatalog.hubs.files import Listing, RemoteFile
from modelcatalog.hubs.guard import Guard
from modelcatalog.hubs.secrets import clean

if TYPE_CHECKING:
    from typing import TextIO

    from modelcatalog.hubs.hub import Hub

__all__ = ["main"]


class _Channel:
    """Standard output, kept for the answer; whatever a client prints goes to standard error."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def answer(self, value: dict[str, Any]) -> None:
        with self._lock:
            if not self._out.closed:
                self._out.write(json.dumps(value))
                self._out.close()


def main() -> None:
    """Do one job: a JSON line on standard input, whose end means that the parent is gone."""
    channel = _Channel()
    job = json.loads(sys.stdin.buffer.readline())
    listing = Listing.model_validate(job["listing"])
    files = [RemoteFile.model_validate(file) for file in job["files"]]
    # By its class, because a program may have hubs of its own that this process has not.
    module, kind = job["client"]
    here: Hub = getattr(import_module(module), kind)()
    folder = here.repository_root(listing.repo_id)
    # The folders of one repository may be links that their owner laid, to a larger disk.
    roots = (*here.written_folders(), folder, here.snapshot_folder(listing))
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.dont_write_bytecode = True
    guard: Guard
    secret = None

    def fail(error: ModelCatalogError) -> NoReturn:
        guard.sweep(full=isinstance(error, WontFit))
        channel.answer(_as_json(error, secret))
        os._exit(1)

    try:
        given = here.credential()
        secret = given.value if given else None
    except ModelCatalogError as error:
        channel.answer(_as_json(error, None))
        os._exit(1)
    guard = Guard(
        endpoint=listing.endpoint, token=secret, roots=roots, subject=listing.repo_id, fail=fail
    )  # fmt: skip
    try:
        here.prepare()
        _settle()
        guard.install()
        here.watch(guard, listing, fail)
        threading.Thread(target=_orphan, args=(guard,), daemon=True).start()
        threading.Thread(target=guard.watch, args=(folder, here.title), daemon=True).start()
        notes: list[str] = []
        answer: dict[str, Any] = {"folder": str(here.fetch(listing, files, notes.append)), "notes": notes}
    except ModelCatalogError as error:
        fail(error)
    except BaseException as error:  # noqa: BLE001  the answer must be typed
        message = clean(f"the download of {listing.repo_id} failed: {error!r}", secret)
        unknown = EngineError(message, subject=listing.repo_id, hint="run it again; files that arrived whole are kept")
        unknown.__cause__ = error
        fail(unknown)
    else:
        channel.answer(answer)
    logging.shutdown()
    # Threads of a client that still wait for something must not keep the process.
    os._exit(0)


def _settle() -> None:
    """Let Python and the clients' packages do before the guard what they do once, wherever the files come from: it is not the repository's doing.

    Python looks for the temporary folder by writing into it. The lock of tqdm's bars is one for threads, which are all that draw them here: that
    of processes, which it would take, makes Python 3.14 write there too, and start a process.
    """
    with suppress(OSError):
        tempfile.gettempdir()
    with suppress(ImportError):  # a hub of one's own may have another client
        import_module("tqdm").tqdm.set_lock(threading.RLock())


def _orphan(guard: Guard) -> None:
    sys.stdin.buffer.read()
    guard.sweep(full=False)
    os._exit(1)


def _as_json(error: ModelCatalogError, secret: str | None) -> dict[str, Any]:
    cause = error.__cause__
    return {
        "error": type(error).__name__,
        "message": clean(error.message, secret),
        "subject": error.subject,
        "hint": error.hint,
        "install": getattr(error, "install", None),
        "cause": clean("".join(traceback.format_exception(cause)), secret) if cause else None,
    }


if __name__ == "__main__":
    main()

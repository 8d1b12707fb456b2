"""Owns the process that downloads: reads a job, guards the hub's client, writes one answer. Knows no plan.

Run as ``python -m modelcatalog.hubs.fetcher`` by `fetching`. A process of its own, because the clients read
their settings at import, some of their calls never return, and what they write must be watched.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from modelcatalog import hubs
from modelcatalog.errors import EngineError, HubUnreachable, ModelCatalogError, WontFit
from modelcatalog.hubs import Listing, RemoteFile, huggingface, modelscope
from modelcatalog.hubs.guard import Guard, headers_error

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["main"]

_SERVER_ERROR = 500
_SERVER_ERRORS = 2


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
    client = hubs.client(listing.hub)
    here = huggingface if listing.hub == "huggingface" else modelscope
    folder, roots = here.repository_root(listing.repo_id), here.written_folders()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.dont_write_bytecode = True
    guard: Guard

    def fail(error: ModelCatalogError) -> None:
        guard.sweep(full=isinstance(error, WontFit))
        channel.answer(_as_json(error))
        os._exit(1)

    guard = Guard(
        endpoint=listing.endpoint, token=here.token(), roots=roots, subject=listing.repo_id, fail=fail
    )  # fmt: skip
    try:
        client.prepare()
        guard.install()
        if listing.hub == "huggingface":
            _hook(guard, listing, fail)
        threading.Thread(target=_orphan, args=(guard,), daemon=True).start()
        threading.Thread(target=guard.watch, args=(folder, here.TITLE), daemon=True).start()
        answer: dict[str, Any] = {"folder": str(client.fetch(listing, files))}
    except ModelCatalogError as error:
        fail(error)
    except BaseException as error:  # noqa: BLE001  the answer must be typed
        unknown = EngineError(f"the download of {listing.repo_id} failed: {error!r}", subject=listing.repo_id)
        unknown.__cause__ = error
        fail(unknown)
    else:
        channel.answer(answer)
    logging.shutdown()
    # Threads of a client that still wait for something must not keep the process.
    os._exit(0)


def _orphan(guard: Guard) -> None:
    sys.stdin.buffer.read()
    guard.sweep(full=False)
    os._exit(1)


def _hook(guard: Guard, listing: Listing, fail: Any) -> None:
    """Watch huggingface_hub's connections; httpx, unlike http.client, raises no audit events."""
    from huggingface_hub import get_session, set_client_factory  # noqa: PLC0415

    kind = type(get_session())
    failures: list[int] = []

    def sent(request: Any) -> None:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        guard.check_request(url.host, port, secret=str(request.headers.raw))

    def received(response: Any) -> None:
        own = response.request.url.host in listing.endpoint
        error = headers_error(response.headers if own else {}, commit=listing.commit or "", subject=listing.repo_id)
        if error is not None:
            fail(error)
        if response.status_code >= _SERVER_ERROR:
            # The client would try for half a minute.
            failures.append(response.status_code)
            if len(failures) > _SERVER_ERRORS:
                message = f"{huggingface.TITLE} failed with status {failures[-1]} while sending {listing.repo_id}"
                fail(HubUnreachable(message, subject=listing.repo_id, hint="try again later, or another hub"))

    def factory() -> Any:
        return kind(event_hooks={"request": [sent], "response": [received]}, follow_redirects=True, timeout=None)

    set_client_factory(factory)


def _as_json(error: ModelCatalogError) -> dict[str, Any]:
    cause = error.__cause__
    return {
        "error": type(error).__name__,
        "message": error.message,
        "subject": error.subject,
        "hint": error.hint,
        "install": getattr(error, "install", None),
        "cause": "".join(traceback.format_exception(cause)) if cause else None,
    }


if __name__ == "__main__":
    main()

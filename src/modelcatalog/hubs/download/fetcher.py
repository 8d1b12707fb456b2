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
import threading
import traceback
from typing import TYPE_CHECKING, Any

from modelcatalog import hubs
from modelcatalog.errors import EngineError, ModelCatalogError, WontFit
from modelcatalog.hubs import Listing, RemoteFile, huggingface, modelscope, refusals
from modelcatalog.hubs.guard import PATIENCE, Guard, headers_error
from modelcatalog.hubs.secrets import clean

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["main"]

_SERVER_ERROR = 500
_SERVER_ERRORS = 2
_TOO_MANY = 429


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
    folder = here.repository_root(listing.repo_id)
    # The folders of one repository may be links that their owner laid, to a larger disk.
    roots = (*here.written_folders(), folder, here.snapshot_folder(listing))
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.dont_write_bytecode = True
    guard: Guard
    secret = None

    def fail(error: ModelCatalogError) -> None:
        guard.sweep(full=isinstance(error, WontFit))
        channel.answer(_as_json(error, secret))
        os._exit(1)

    try:
        secret = here.token()
    except ModelCatalogError as error:
        channel.answer(_as_json(error, None))
        os._exit(1)
    guard = Guard(
        endpoint=listing.endpoint, token=secret, roots=roots, subject=listing.repo_id, fail=fail
    )  # fmt: skip
    try:
        client.prepare()
        guard.install()
        if listing.hub == "huggingface":
            _hook(guard, listing, fail)
        threading.Thread(target=_orphan, args=(guard,), daemon=True).start()
        threading.Thread(target=guard.watch, args=(folder, here.TITLE), daemon=True).start()
        notes: list[str] = []
        answer: dict[str, Any] = {"folder": str(client.fetch(listing, files, notes.append)), "notes": notes}
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
        if response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY:
            # The client would try for half a minute, or wait as long as it is told.
            failures.append(response.status_code)
            if len(failures) > _SERVER_ERRORS or _seconds(response.headers.get("retry-after")) > PATIENCE:
                response.read()
                said = refusals.sentence(response.headers, response.content, guard.secret)
                refusal = refusals.Refusal(response.status_code, said=said, token="sent" if guard.secret else "")
                fail(refusals.error(huggingface.house(), refusal, refusals.Asked(listing.repo_id, listing.revision)))

    def factory() -> Any:
        return kind(event_hooks={"request": [sent], "response": [received]}, follow_redirects=True, timeout=None)

    set_client_factory(factory)


def _seconds(retry_after: str | None) -> float:
    try:
        return float(retry_after or 0)
    except ValueError:
        return 0.0


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

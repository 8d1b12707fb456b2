"""Owns the download as the loader sees it: a guarded process, then the check of every file. Knows no client."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import errors, hubs
from modelcatalog.errors import HubUnreachable, MissingPackage, ModelCatalogError, WontFit
from modelcatalog.hubs import receipts
from modelcatalog.hubs.secrets import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.hubs import Listing, RemoteFile

__all__ = ["ClientError", "Fetched", "fetch"]

_SETTINGS = {
    # Its own protocol fetches from hosts that the hub names, in Rust, where the guard sees nothing.
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
# More patience than this is the caller's: a second run goes on where the first broke off.
_DEFAULTS = {"MODELSCOPE_DOWNLOAD_MAX_RETRIES": "2"}
_GOODBYE = 3.0


class ClientError(Exception):
    """The client's own exception, as text: it happened in another process. Only ever a ``__cause__``."""


class Fetched(NamedTuple):
    """What a download brought."""

    folder: Path
    notes: tuple[str, ...] = ()
    """What the caller must know of it: that the token was not accepted."""


def fetch(listing: Listing, files: Sequence[RemoteFile]) -> Fetched:
    """Download files through their hub's own client into its cache, and check each; what is there already is not fetched.

    Raises:
        MissingPackage: the client is not installed.
        CheckpointNotFound, GatedCheckpoint: the hub does not serve them.
        HubUnreachable: it broke off, or went silent.
        IntegrityError: other bytes came than it lists; they were removed.
        UnsafeRepository: it tried to write outside the cache, or to get at the token.
        WontFit: the disk is full.
    """
    here = hubs.get(listing.hub)
    folder = here.snapshot_folder(listing)
    try:
        receipts.expect(folder, files)
    except OSError as error:
        message = f"the cache {here.cache_folder()} cannot be written: {error.strerror or error}"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        hint = f"free space, or set {here.moved_by()}" if full else f"set {here.moved_by()} to a folder that can be written"
        raise WontFit(message, subject=listing.repo_id, hint=hint) from error
    arrived = _run(listing, files)
    receipts.check(arrived.folder, files, subject=listing.repo_id)
    here.remember(listing)
    return arrived


def _run(listing: Listing, files: Sequence[RemoteFile]) -> Fetched:
    here = hubs.get(listing.hub)
    kind = type(here)
    job = {"client": [kind.__module__, kind.__qualname__], "listing": listing.model_dump(exclude={"files"}), "files": [file.model_dump() for file in files]}
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    # Without the blanks around it, which its client takes for a part of the address.
    stated = {here.endpoint_variable: here.endpoint()} if os.environ.get(here.endpoint_variable) else {}
    # A terminal is handed on, so that the client's progress bars draw themselves; a notebook gets their text.
    terminal = sys.__stderr__ is sys.stderr and sys.stderr is not None and sys.stderr.isatty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "modelcatalog.hubs.download.fetcher"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if terminal else subprocess.PIPE,
        env={**_DEFAULTS, **os.environ, **_SETTINGS, **stated, "PYTHONPATH": path},
    )
    said: list[bytes] = []
    answer = b""
    relay = threading.Thread(target=_relay, args=(process, said), daemon=True)
    try:
        if not terminal:
            relay.start()
        if process.stdin is not None and process.stdout is not None:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.read()
    except BrokenPipeError:
        pass  # it ended before it began; its exit code tells
    finally:
        _end(process)
        if process.stderr is not None:
            relay.join(_GOODBYE)
            process.stderr.close()
    return _fetched(answer, listing, process.returncode, said)


def _relay(process: subprocess.Popen[bytes], said: list[bytes]) -> None:
    if process.stderr is None:
        return
    while chunk := os.read(process.stderr.fileno(), 4096):
        said.append(chunk)
        del said[:-20]
        if sys.stderr is not None:
            sys.stderr.write(chunk.decode("utf-8", "replace"))
            sys.stderr.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its end of input tells the child that nobody waits any more."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_GOODBYE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _fetched(answer: bytes, listing: Listing, code: int | None, said: list[bytes]) -> Fetched:
    try:
        value: dict[str, Any] = json.loads(answer)
    except ValueError:
        last = clean(b"".join(said).decode("utf-8", "replace")).strip().splitlines()[-1:]
        message = f"the download of {listing.repo_id} ended with code {code}{': ' + last[0] if last else ''}"
        hint = "run it again; files that arrived whole are kept"
        raise HubUnreachable(message, subject=listing.repo_id, hint=hint) from None
    if "folder" in value:
        return Fetched(Path(value["folder"]), tuple(value["notes"]))
    raise _error(value)


def _error(value: dict[str, Any]) -> ModelCatalogError:
    if value["error"] == "MissingPackage":
        return MissingPackage(value["message"], subject=value["subject"], install=value["install"])
    kind: type[ModelCatalogError] = getattr(errors, value["error"])
    error = kind(value["message"], subject=value["subject"], hint=value["hint"])
    if value["cause"]:
        error.__cause__ = ClientError(value["cause"])
    return error

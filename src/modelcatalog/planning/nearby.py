"""Owns finding the servers of models that run on this machine: who answers on the loopback address, and which has the model.

A connection goes to the loopback address by its number: no name is looked up, no proxy asked, no redirect followed, no key sent.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import queue
import threading
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from modelcatalog.errors import EngineError
from modelcatalog.planning import programs, servers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.planning.servers import Entry
    from modelcatalog.records import ModelName

__all__ = ["Nearby", "find"]

_LOOPBACK = ("127.0.0.1", "::1")
_PATIENCE = 2.0
_LARGEST = 2_000_000
_MOST = 2_000
_SHOWN = 5
_PORTS = 65_535
_WEB = {"http": 80, "https": 443}


class Nearby(NamedTuple):
    """A server that has the model."""

    server: str
    """The name of its kind, by its port."""
    url: str
    model: str
    """The id that it knows the model by."""
    reason: str


class _Asked(NamedTuple):
    """What came of asking one."""

    entry: Entry
    url: str = ""
    models: tuple[str, ...] = ()
    said: str = ""
    """Why it has no models for us."""


def find(name: ModelName, which: str) -> Nearby:
    """The server on this machine that has a model.

    Args:
        name: The model. An id that is this text comes first, then one that means the same model, and the same quantization if it has one.
        which: One of `servers.names`.

    Raises:
        EngineError: none has it; it says which were asked and what they have.
    """
    chosen = [one for one in servers.entries() if which in {servers.AUTO, one.name}]
    answers = _all(chosen)
    having = [(one, model) for one in answers if (model := _meant(name, one.models)) is not None]
    if not having:
        raise _nobody(name, answers)
    # An id that is the text itself comes before one that means the same.
    first, model = min(having, key=lambda pair: pair[1].lower() != name.source.lower())
    others = [f"{one.entry.title} ({one.url})" for one, _ in having if one is not first]
    called = "" if model == name.source else f", which it calls {model}"
    more = f"; {', '.join(others)} has it too" if others else ""
    reason = f"the server on the port of {first.entry.title}, {first.url}, has {name.source}{called}{more}"
    return Nearby(first.entry.name, first.url, model, reason)


def _nobody(name: ModelName, answers: Sequence[_Asked]) -> EngineError:
    said = []
    for one in answers:
        more = ", …" if len(one.models) > _SHOWN else ""
        said.append(f"{one.entry.title} at {one.url} has {', '.join(one.models[:_SHOWN])}{more}" if one.models else one.said)
    message = f"no server on this machine has {name.source}: {'; '.join(said)}"
    return EngineError(message, subject=name.source, hint="start one that has it, or give base_url= of one elsewhere")


def _meant(name: ModelName, models: Sequence[str]) -> str | None:
    """The id among these that means a model; None where none does."""
    for exact in (str, str.lower):
        for model in models:
            if exact(model) == exact(name.source):
                return model
    asked = programs.meant(name)
    for model in models:
        # A path of the server's disk is read by its last part.
        called = programs.same(asked, model.rstrip("/").rpartition("/")[2] if model.startswith("/") else model)
        if called is not None and name.quantization in {None, called.quantization}:
            return model
    return None


# Asking ------------------------------------------------------------------------------------------


def _all(chosen: Sequence[Entry]) -> list[_Asked]:
    """Ask all of them at once; one that does not answer in time has nothing."""
    answers: queue.Queue[_Asked] = queue.Queue()
    for entry in chosen:
        threading.Thread(target=lambda one: answers.put(_ask(one)), args=(entry,), daemon=True).start()
    until = time.monotonic() + _PATIENCE
    found: dict[str, _Asked] = {}
    while len(found) < len(chosen):
        try:
            one = answers.get(timeout=max(0.01, until - time.monotonic()))
        except queue.Empty:
            break
        found[one.entry.name] = one
    late = {one.name: _Asked(one, said=f"{one.title} gave no answer within {_PATIENCE:g} s") for one in chosen}
    return [found.get(one.name) or late[one.name] for one in chosen]


def _ask(entry: Entry) -> _Asked:
    port, said = _port(entry, os.environ)
    if port is None:
        return _Asked(entry, said=said)
    for host in _LOOPBACK:
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
        try:
            return _listed(entry, host, port, url)
        except ConnectionRefusedError:
            continue
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            # What it sent may stand in the error.
            why = "".join(char for char in str(error)[:80] if char.isprintable()) or type(error).__name__
            return _Asked(entry, url, said=f"what answers on the port of {entry.title}, {port}, is not such a server: {why}")
    return _Asked(entry, said=f"nothing answers on the port of {entry.title}, {port}")


def _listed(entry: Entry, host: str, port: int, url: str) -> _Asked:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/v1/models", headers={"Accept": "application/json", "User-Agent": "modelcatalog"})
        response = connection.getresponse()
        if response.status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}:
            return _Asked(entry, url, said=f"{url} wants a key, which is not sent unasked: give base_url= and api_key=")
        if response.status != http.client.OK:
            message = f"it answers with status {response.status}"
            raise ValueError(message)
        body = response.read(_LARGEST + 1)
    finally:
        connection.close()
    if len(body) > _LARGEST:
        message = "its list of models is too long"
        raise ValueError(message)
    listed = json.loads(body)
    rows = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(rows, list):
        message = "it has no list of models"
        raise ValueError(message)  # noqa: TRY004  as everything else that is not one
    ids = [row["id"] for row in rows[:_MOST] if isinstance(row, dict) and isinstance(row.get("id"), str)]
    models = tuple(one for one in ids if one and one.isprintable())
    return _Asked(entry, url, models, said="" if models else f"{entry.title} at {url} has no model")


def _port(entry: Entry, environment: Mapping[str, str]) -> tuple[int | None, str]:
    """Where on this machine it listens, by its own environment; None and why, where that says another machine."""
    port = entry.port
    stated = environment.get(entry.port_in, "").strip() if entry.port_in else ""
    if stated.isdecimal() and 0 < int(stated) <= _PORTS:
        port = int(stated)
    text = environment.get(entry.address, "").strip("\"' \t") if entry.address else ""
    if not text:
        return port, ""
    elsewhere = f"{entry.address} says that {entry.title} runs elsewhere, at {text[:80]}, which is not asked unless base_url= names it"
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    try:
        parts = urlsplit(text if scheme else f"//{text if text.count(':') < 2 or text.startswith('[') else f'[{text}]'}")  # noqa: PLR2004  IPv6 without brackets
        host, given = parts.hostname or "", parts.port
    except ValueError:
        return None, elsewhere
    if scheme not in {"", "http"} or not (host in {"", "localhost"} or _here(host)):
        return None, elsewhere
    return given or _WEB.get(scheme, port), ""


def _here(host: str) -> bool:
    """Whether a host is this machine by its number: the loopback network, or all that this machine has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified

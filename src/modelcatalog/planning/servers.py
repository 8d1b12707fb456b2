"""Owns which servers of models people run on their own machine, and where each listens: `data/servers.toml` as records. Asks none."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  read when the file is held against its form
from typing import NamedTuple

from modelcatalog.shipped import DataFile

__all__ = ["AUTO", "Entry", "entries", "names", "of"]

AUTO = "auto"
"""Any of them."""


class Entry(NamedTuple):
    """A kind of server."""

    name: str
    """What callers name it by."""
    title: str
    port: int
    """Where it listens unless it is told otherwise."""
    source: str
    checked: str
    address: str = ""
    """Its environment variable with the host, and perhaps the port, that it listens on."""
    port_in: str = ""
    """Its environment variable with the port alone."""
    taken_from: str = ""
    """The page that says how it takes options; ``unverified`` where that is from memory."""
    owned_by: tuple[str, ...] = ()
    """What its list of models says that they are owned by."""
    words: Mapping[str, str] = {}
    """Options that it calls otherwise, by their names here; it drops the others' words without a word."""
    ignores: tuple[str, ...] = ()
    """Options that it drops without a word, whatever they are called."""
    effort: bool = False
    """Whether thinking is switched by ``reasoning_effort``, and not in the chat template."""
    shows: str = ""
    """The path that tells the parameters of a model; by this way of asking, temperature and top_p are not taken from there."""


class _File(NamedTuple):
    server: tuple[Entry, ...]


servers = DataFile("servers.toml", _File, Entry)


def entries() -> tuple[Entry, ...]:
    """The kinds of servers that there are, in the order in which they are preferred."""
    return servers().server


def of(name: str | None, owners: tuple[str, ...] = ()) -> Entry | None:
    """The kind of server of this name, else that whose list of models names one of these owners.

    >>> of(None, ("llamacpp",)).name
    'llama.cpp'
    """
    return next((one for one in entries() if one.name == name), None) or next((one for one in entries() if {*one.owned_by} & {*owners}), None)


def names() -> tuple[str, ...]:
    """What ``server=`` may be.

    >>> names()
    ('auto', 'ollama', 'lmstudio', 'llama.cpp', 'vllm', 'sglang')
    """
    return (AUTO, *(one.name for one in entries()))

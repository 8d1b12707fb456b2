"""Owns which servers of models people run on their own machine, and where each listens: `data/servers.toml` as records. Asks none."""

from __future__ import annotations

from typing import NamedTuple

from modelcatalog.shipped import DataFile

__all__ = ["AUTO", "Entry", "entries", "names"]

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


class _File(NamedTuple):
    server: tuple[Entry, ...]


servers = DataFile("servers.toml", _File, Entry)


def entries() -> tuple[Entry, ...]:
    """The kinds of servers that there are, in the order in which they are preferred."""
    return servers().server


def names() -> tuple[str, ...]:
    """What ``server=`` may be.

    >>> names()
    ('auto', 'ollama', 'lmstudio', 'llama.cpp', 'vllm', 'sglang')
    """
    return (AUTO, *(one.name for one in entries()))

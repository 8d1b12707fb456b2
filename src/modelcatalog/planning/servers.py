"""Owns which servers of models people run on their own machine, and where each listens: `data/servers.toml` as records. Asks none."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel, ConfigDict

from modelcatalog import shipped

__all__ = ["AUTO", "Entry", "entries", "names"]

AUTO = "auto"
"""Any of them."""


class Entry(BaseModel):
    """A kind of server."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    """What callers name it by."""
    title: str
    port: int
    """Where it listens unless it is told otherwise."""
    address: str = ""
    """Its environment variable with the host, and perhaps the port, that it listens on."""
    port_in: str = ""
    """Its environment variable with the port alone."""
    source: str
    checked: str


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    server: tuple[Entry, ...]


@cache
def entries() -> tuple[Entry, ...]:
    """The kinds of servers that there are, in the order in which they are preferred."""
    return shipped.read(_File, "servers.toml").server


def names() -> tuple[str, ...]:
    """What ``server=`` may be.

    >>> names()
    ('auto', 'ollama', 'lmstudio', 'llama.cpp', 'vllm', 'sglang')
    """
    return (AUTO, *(one.name for one in entries()))

"""Owns which hubs there are. A hub is one module here with one object, which stands in `HUBS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import Unsupported
from modelcatalog.hubs.files import Copy, Listing, RemoteFile
from modelcatalog.hubs.hub import Hub
from modelcatalog.hubs.huggingface import HuggingFace
from modelcatalog.hubs.modelscope import ModelScope

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HUBS", "Copy", "Hub", "Listing", "RemoteFile", "default", "get", "named", "offline", "others", "pass_one"]

HUBS: dict[str, Hub] = {hub.name: hub for hub in (HuggingFace(), ModelScope())}
"""Every hub by its name; the first is the one that is meant where nothing tells which."""


def get(name: str) -> Hub:
    """The hub of that name.

    Raises:
        Unsupported: naming those that there are.

    >>> get("modelscope").title
    'ModelScope'
    """
    if not isinstance(name, str) or name not in HUBS:
        message = f"there is no hub {name!r} to take files from"
        raise Unsupported(message, subject=str(name), hint=pass_one(HUBS))
    return HUBS[name]


def named(name: str | None) -> str | None:
    """The name itself where a hub with repositories has it; None for the others, such as Ollama's.

    >>> named("ollama")
    """
    return name if name in HUBS else None


def others(name: str | None) -> tuple[Hub, ...]:
    """The hubs to try when one does not serve.

    >>> others("huggingface")
    (<hub modelscope>,)
    """
    return tuple(hub for hub in HUBS.values() if hub.name != name)


def default() -> Hub:
    """The hub that is meant where nothing tells which."""
    return next(iter(HUBS.values()))


def pass_one(names: Iterable[str]) -> str:
    """What a caller may do to have one of these hubs.

    >>> pass_one(HUBS)
    'pass hub="huggingface" or hub="modelscope"'
    """
    return "pass " + " or ".join(f'hub="{name}"' for name in names)


def offline() -> str:
    """The environment variable that forbids requests to any hub; empty where none does."""
    return next((variable for hub in HUBS.values() if (variable := hub.offline())), "")

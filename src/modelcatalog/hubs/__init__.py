"""Owns which hubs there are. A hub is one module here with one object, which stands in `HUBS`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from modelcatalog import later
from modelcatalog.errors import Unsupported
from modelcatalog.hubs.files import Copy, Listing, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog.hubs.hub import Hub

    HUBS: dict[str, Hub]
    """Every hub by its name; the first is the one that is meant where nothing tells which."""

__all__ = ["HUBS", "Copy", "Hub", "Listing", "RemoteFile", "default", "get", "named", "offline", "others", "pass_one"]


@cache
def _hubs() -> dict[str, Hub]:
    """`HUBS`; a plan of files on this disk asks none, and needs nothing of what asking takes."""
    from modelcatalog.hubs.huggingface import HuggingFace
    from modelcatalog.hubs.modelscope import ModelScope

    return {hub.name: hub for hub in (HuggingFace(), ModelScope())}


_of_module = later.names(__name__, {"hub": ("Hub",)})


def _first_use(name: str) -> object:
    return _hubs() if name == "HUBS" else _of_module(name)


if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any misspelt name for one that comes later.
    __getattr__ = _first_use


def get(name: str) -> Hub:
    """The hub of that name.

    Raises:
        Unsupported: naming those that there are.

    >>> get("modelscope").title
    'ModelScope'
    """
    if not isinstance(name, str) or name not in _hubs():
        message = f"there is no hub {name!r} to take files from"
        raise Unsupported(message, subject=str(name), hint=pass_one(_hubs()))
    return _hubs()[name]


def named(name: str | None) -> str | None:
    """The name itself where a hub with repositories has it; None for the others, such as Ollama's.

    >>> named("ollama")
    """
    return name if name in _hubs() else None


def others(name: str | None) -> tuple[Hub, ...]:
    """The hubs to try when one does not serve.

    >>> others("huggingface")
    (<hub modelscope>,)
    """
    return tuple(hub for hub in _hubs().values() if hub.name != name)


def default() -> Hub:
    """The hub that is meant where nothing tells which."""
    return next(iter(_hubs().values()))


def pass_one(names: Iterable[str]) -> str:
    """What a caller may do to have one of these hubs.

    >>> pass_one(["huggingface", "modelscope"])
    'pass hub="huggingface" or hub="modelscope"'
    """
    return "pass " + " or ".join(f'hub="{name}"' for name in names)


def offline() -> str:
    """The environment variable that forbids requests to any hub; empty where none does."""
    return next((variable for hub in _hubs().values() if (variable := hub.offline())), "")

"""Owns which stores there are on a disk, and `local`, what lies in them. A store is one object, which stands in `stores`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from modelcatalog import hubs, later
from modelcatalog.pausing import uncollected

if TYPE_CHECKING:
    from modelcatalog.stores.record import LocalCopy
    from modelcatalog.stores.store import Found, Store

__all__ = ["Found", "LocalCopy", "Store", "local", "programs", "stores"]

if not TYPE_CHECKING:
    __getattr__ = later.names(__name__, {"record": ("LocalCopy",), "store": ("Found", "Store")})


def stores() -> tuple[Store, ...]:
    """Every store, in the order in which they are looked at."""
    from modelcatalog.stores.caches import HubCache  # only who looks for copies needs these
    from modelcatalog.stores.folders import OwnFolders

    return (*map(HubCache, hubs.HUBS.values()), *programs(), OwnFolders())


def programs() -> tuple[Store, ...]:
    """Those of other programs, which neither a hub's client nor the user filled."""
    from modelcatalog.stores.folders import LlamaCpp, LmStudio  # as above
    from modelcatalog.stores.ollama import Ollama

    return (Ollama(), LmStudio(), LlamaCpp())


def local(*, hashes: bool = False) -> tuple[LocalCopy, ...]:
    """Every model on this disk, in every program's store: both hubs' caches, Ollama, LM Studio, llama.cpp, ``MODELCATALOG_PATH``.

    Nothing is changed, and nothing is asked of a network. What cannot be read is a warning.

    Args:
        hashes: Read the weights of copies that have the same size, and compare their hashes; seconds a gigabyte.

    Raises:
        Unsupported: ``hashes`` is neither True nor False.
    """
    from modelcatalog.catalog import wanted  # as above
    from modelcatalog.stores.comparing import copies

    wanted.switch(hashes, "hashes")

    notes: list[str] = []
    with uncollected():
        found = [(store.name, one) for store in stores() for one in store.look(notes)]
        made = copies(found, notes, hashes=hashes)
    for note in dict.fromkeys(notes):
        warnings.warn(note, stacklevel=2)
    return made

"""Owns a pause of Python's garbage collector, for work that makes many objects and leaves no garbage behind.

Importing transformers, and making the catalog's tables beside torch, make a million objects that all stay. Each time their number
has grown by a quarter, the collector looks through all that the process holds: half of the time of both.

Not for a process that only reads names: what is collected late lies between the tables, and names are then read a third more slowly.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lasting", "uncollected"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect nothing for a while, or while the decorated function runs; where the caller paused it too, it stays so.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


_frozen = False
"""Whether the program was seen to have frozen objects of its own, which thawing would bring back."""


@contextmanager
def lasting() -> Iterator[None]:
    """The same for modules and tables, which all stay: they count as old at once, and the collector's next look at the young passes them by.

    >>> frozen = gc.get_freeze_count()
    >>> with lasting():
    ...     table = [[]]
    >>> gc.isenabled(), gc.get_freeze_count() <= frozen
    (True, True)
    """
    global _frozen  # noqa: PLW0603  counting walks through all that is frozen, so it is not asked again
    with uncollected():
        yield
        _frozen = _frozen or gc.get_freeze_count() > 0
        if not _frozen:
            gc.freeze()
            gc.unfreeze()  # into the oldest generation

"""Owns what is known beyond the text: companies, families, checkpoints, sizes, and which repository has the weights.

Knows nothing of networks, nor of files other than the data. ``companies``, ``families`` and ``series`` are tuples of
records, built when first asked for.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003  typing.get_type_hints reads it
from importlib import import_module
from pathlib import Path  # noqa: TC003  typing.get_type_hints reads it
from typing import TYPE_CHECKING, Any

from modelcatalog import later, userfolder, vocabulary
from modelcatalog.catalog.completing import named, parse, parse_many
from modelcatalog.catalog.filling import complete
from modelcatalog.records import ModelName  # noqa: TC001  typing.get_type_hints reads it

if TYPE_CHECKING:
    from modelcatalog.catalog.browsing import Listed, browse
    from modelcatalog.catalog.grouping import group, model_key
    from modelcatalog.catalog.knowing import facts
    from modelcatalog.catalog.listing import HUBS
    from modelcatalog.catalog.pricing import Price, prices
    from modelcatalog.catalog.resolving import resolve
    from modelcatalog.catalog.searching import find, search
    from modelcatalog.known import Checkpoint, Company, Family, Series

__all__ = [
    "HUBS",
    "Listed",
    "Price",
    "browse",
    "checkpoints",
    "companies",
    "complete",
    "days",
    "extend",
    "facts",
    "families",
    "find",
    "group",
    "model_key",
    "parse",
    "parse_many",
    "prices",
    "refresh",
    "resolve",
    "search",
    "series",
    "siblings",
]

companies: tuple[Company, ...]
families: tuple[Family, ...]
series: tuple[Series, ...]


_HOMES = {
    "browsing": ("Listed", "browse"),
    "grouping": ("group", "model_key"),
    "knowing": ("facts",),
    "listing": ("HUBS",),
    "pricing": ("Price", "prices"),
    "resolving": ("resolve",),
    "searching": ("find", "search"),
}
"""Module -> the names that are imported from it when they are first used: reading a name needs none of them."""
_of_module = later.names(__name__, _HOMES)


def _first_use(name: str) -> Any:
    if name in ("companies", "series", "families"):
        known = import_module(f"{__name__}.index").index()
        return getattr(known, name) if name != "families" else tuple(known.families.values())
    return _of_module(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # what has not been used yet is offered too


if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any misspelt name for one that comes later.
    __getattr__ = _first_use


def checkpoints(name: str | ModelName | None = None) -> tuple[Checkpoint, ...]:
    """Every checkpoint that the catalog lists, or those of one model, on both hubs."""
    from modelcatalog.catalog import listing  # as in _HOMES

    return listing.listed_checkpoints(None if name is None else named(name).canonical)


def siblings(name: str | ModelName) -> tuple[Checkpoint, ...]:
    """The same model's official checkpoints in every quantization and format, on both hubs.

    >>> [c.repo_id for c in siblings("Qwen2.5-7B-Instruct") if c.hub == "huggingface"][:2]
    ['Qwen/Qwen2.5-7B-Instruct', 'Qwen/Qwen2.5-7B-Instruct-AWQ']
    """
    return checkpoints(named(name))


def days() -> dict[str, date]:
    """How old the data is: ``catalog`` -> the latest day on which a page was opened for it, then each source of `modelcatalog.update` -> its day.

    >>> days()["catalog"].year >= 2026
    True
    """
    from modelcatalog.catalog import index, listing  # as in _HOMES

    known = index.index()
    opened = (*(one.checked for one in known.companies), *(one.checked for one in known.families.values()), *(one.checked for one in known.series))
    own = max(day for day in opened if day is not None)
    table = listing.fetched()
    return {"catalog": own, **({} if table is None else table.days)}


def refresh() -> None:
    """Look again at what was fetched: a program that runs for long sees what `modelcatalog update` has brought meanwhile.

    `modelcatalog.update` within the program does it by itself.
    """
    vocabulary.again()


def extend(path: str | Path) -> None:
    """Add companies, families and checkpoints from a TOML file, or a folder of them, of the package's own form; what is there already stays.

    Raises:
        CatalogDataError: there is no such file, or what is wrong in which entry; the catalog is then as it was before.
    """
    vocabulary.add(userfolder.at_home(path))

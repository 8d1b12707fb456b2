"""Owns how records look in a terminal: one table style, plain text in every cell. Knows no command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog import Checkpoint, Company, Family, ModelName, Size
    from modelcatalog.cli.words import Words

__all__ = ["checkpoints", "companies", "console", "counted", "names", "record"]

_FACTS = (
    "hub",
    "owner",
    "name",
    "revision",
    "tag",
    "file",
    "company",
    "family",
    "version",
    "series",
    "types",
    "size",
    "quantization",
    "format",
    "dtype",
    "context_length",
    "released",
    "base",
    "canonical",
    "unknown",
)
_COLUMNS = ("source", "company", "series", "size", "types", "quantization", "format", "canonical")
_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_UNBOUNDED = 10_000
"""Columns where nobody looks at a screen: a file's lines are not broken."""


def console(*, stderr: bool = False) -> Console:
    """The terminal, or the file or pipe in its place; colours as NO_COLOR and the terminal allow."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=None if stream.isatty() else _UNBOUNDED)


def counted(count: int) -> str:
    """Parameters as names write them.

    >>> counted(671_000_000_000), counted(30_532_000_000), counted(135_000_000), counted(12)
    ('671B', '30.5B', '135M', '12')
    """
    for unit, letter in _UNITS:
        # Three digits are shown, so what rounds up to 1000 belongs to the next unit.
        if count >= unit * 0.9995:
            return f"{count / unit:.3g}{letter}"
    return str(count)


def record(name: ModelName, say: Words) -> Table:
    """Everything that one name says, a line for each fact, with where it came from."""
    table = _table(say.fact, say.value, say.origin)
    for field in _FACTS:
        value = getattr(name, field)
        if value is None or value in ((), ""):
            continue
        # A size may be of the name while its number is of the catalog; the number is what people ask about.
        path = "size.total" if field == "size" and name.size is not None and name.size.total is not None else field
        origin = "" if field == "canonical" else say.origins[name.origin(path) or "name"]
        _row(table, say.fields.get(field, field), _cell(value, say), origin)
    return table


def names(records: Iterable[ModelName], say: Words) -> Table:
    """Several names, a row for each."""
    table = _table(*(say.fields.get(column, column) for column in _COLUMNS))
    for each in records:
        _row(table, *(_brief(getattr(each, column), say) for column in _COLUMNS))
    return table


def checkpoints(found: Iterable[Checkpoint], say: Words) -> Table:
    """Repositories, a row for each."""
    columns = ("hub", "repo_id", "size", "exists", "confidence", "alternatives")
    table = _table(*(say.fields.get(column, column) for column in columns))
    for each in found:
        _row(table, *(_brief(getattr(each, column), say) for column in columns))
    return table


def companies(every: Iterable[Company], families: Iterable[Family], say: Words) -> Table:
    """Companies and their families; those that only repackage are left out."""
    table = _table(say.fields.get("company", "company"), "", say.fields.get("families", "families"))
    own: dict[str, list[str]] = {}
    for family in families:
        own.setdefault(family.company, []).append(family.name)
    for company in every:
        if not company.repackager:
            _row(table, company.name, company.zh or "", ", ".join(own.get(company.name, ())))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _row(table: Table, first: str, *cells: str) -> None:
    # Text, because a name may hold brackets, which would be taken for markup.
    table.add_row(Text(first, style="bold"), *(Text(cell) for cell in cells))


def _brief(value: object, say: Words) -> str:
    """A cell among many: sizes by their label."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return say.yes if value else say.no
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _cell(value: object, say: Words) -> str:
    """A cell that has room: sizes in full, tokens with their thousands apart."""
    from modelcatalog import Size  # noqa: PLC0415  the records come with the first command that has one

    if isinstance(value, Size):
        return _size(value, say)
    return f"{value:,}" if isinstance(value, int) else _brief(value, say)


def _size(size: Size, say: Words) -> str:
    total = None if size.total is None else counted(size.total)
    parts = [
        None if size.label == total else size.label,
        None if total is None else say.parameters.format(count=total),
        None if size.active is None else say.active.format(count=counted(size.active)),
        None if size.experts is None else say.experts.format(count=size.experts),
    ]
    return " · ".join(part for part in parts if part)

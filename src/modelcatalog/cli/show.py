"""Owns how records look in a terminal: one table style, blocks where a table is too wide, plain text in every cell. Knows no command."""

from __future__ import annotations

import os
import shutil
import sys
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from modelcatalog.cli.wrapping import folded
from modelcatalog.show import explained
from modelcatalog.show.labels import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import ConsoleOptions, RenderableType
    from rich.table import Table

    from modelcatalog import Checkpoint, Company, Facts, Family, Group, ModelName
    from modelcatalog.catalog import Listed
    from modelcatalog.cli.comparing import Pair
    from modelcatalog.cli.words import Words

__all__ = ["Layout", "checkpoints", "companies", "comparison", "console", "facts", "groups", "known", "layout", "listed", "models", "names", "sheet", "visible"]

_COLUMNS = ("source", "company", "series", "size", "types", "quantization", "format", "canonical")
_UNBOUNDED = 10_000
"""Columns where nobody looks at a screen: a file's lines are not broken."""
_AT_ONCE = 500
"""Rows of a table that are laid out together: what a table of a million rows keeps in memory."""
_GAP = 3
_LEAST = 24
"""Columns below which a cell that may wrap would be a squeezed one."""


_VISIBLE: dict[int, str | None] = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_VISIBLE[ord("\r")] = None  # lines end without it, and by itself it writes over its line


def visible(text: str) -> str:
    r"""A text whose control characters are seen and do nothing: file names, hubs, servers and models may write to the terminal what moves its cursor.

    >>> visible("a\x1b[31mb\n")
    'a\\x1b[31mb\n'
    """
    return text if text.isprintable() else text.translate(_VISIBLE)


class _Console(Console):
    """A console that writes no control character but its own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def console(*, stderr: bool = False) -> Console:
    """The terminal, or the file or pipe in its place; colours as NO_COLOR and the terminal allow."""
    stream = sys.stderr if stderr else sys.stdout
    # COLUMNS is for terminals alone: readline sets it for every process that a Python with a prompt starts.
    return _Console(file=stream, highlight=False, markup=False, emoji=False, width=_columns() if stream.isatty() else _UNBOUNDED)


def _columns() -> int | None:
    """Where COLUMNS says nothing of a terminal's width, as terminals in containers have it, what the terminal itself says; None leaves it to rich."""
    stated = os.environ.get("COLUMNS", "")
    return shutil.get_terminal_size().columns if stated.isdecimal() and int(stated) == 0 else None


class Layout(NamedTuple):
    """What a table's columns are called, and how it gives way where there is no room for it."""

    headings: tuple[str, ...]
    wraps: int | None = None
    """The column whose cells may take several lines; the others never do."""
    narrow: Callable[[Layout, tuple[Text, ...], Words], Iterator[Text]] | None = None
    """A row where there is no room for the table, in lines that need no blank line before the next row's; None for a block."""


def sheet(out: Console, layout: Layout, rows: Iterable[tuple[Text | str, ...]], say: Words) -> bool:
    """Print rows as they come, some hundreds at once: a table where it fits, else a block of ``label: value`` for each.

    Returns:
        Whether there was a row.
    """
    left = iter(rows)
    widths = [cell_len(heading) for heading in layout.headings]
    first, table = True, True
    while chunk := [tuple(map(_text, row)) for row in islice(left, _AT_ONCE)]:
        widths = [max(width, *(cell.cell_len for cell in cells)) for width, cells in zip(widths, zip(*chunk, strict=True), strict=True)]
        if first:
            table = _fits(widths, layout.wraps, out.width)
        if table and not first and not out.is_terminal and out.encoding.startswith("utf") and not _wide(widths, out.width):
            # What rich would print, without its measuring of each cell: files and pipes get the long tables.
            out.file.writelines(f"{visible(_line(row, widths))}\n" for row in chunk)
        elif table:
            out.print(_table(layout, chunk, widths, out.width, headed=first))
        else:
            for number, row in enumerate(chunk):
                if layout.narrow is None and not (first and number == 0):
                    out.print()
                for text in (layout.narrow or _block)(layout, row, say):
                    out.print(*folded(text, out.width), sep="\n", soft_wrap=True)
        first = False
    return not first


def _text(cell: Text | str) -> Text:
    # Text, because a name may hold brackets, which would be taken for markup.
    return Text(cell.replace("\n", " ")) if isinstance(cell, str) else cell


def _fits(widths: list[int], wraps: int | None, room: int) -> bool:
    least = [min(width, _LEAST) if column == wraps else width for column, width in enumerate(widths)]
    return sum(least) + _GAP * (len(least) - 1) <= room


def _table(layout: Layout, rows: list[tuple[Text, ...]], widths: list[int], room: int, *, headed: bool) -> Table:
    from rich import box  # most commands show no table
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=headed)
    for column, (heading, width) in enumerate(zip(layout.headings, widths, strict=True)):
        # Rows of later chunks stand under those of the first, unless there is one that is wider.
        table.add_column(heading, overflow="fold", min_width=None if column == layout.wraps or _wide(widths, room) else width)
    for first, *others in rows:
        table.add_row(Text.assemble(first, style="bold"), *others)
    return table


def _line(row: tuple[Text, ...], widths: list[int]) -> str:
    return (" " * _GAP).join(cell.plain + " " * (width - cell.cell_len) for cell, width in zip(row, widths, strict=True)).rstrip()


def _wide(widths: list[int], room: int) -> bool:
    return sum(widths) + _GAP * (len(widths) - 1) > room


def _block(layout: Layout, row: tuple[Text, ...], say: Words) -> Iterator[Text]:
    first, *others = row
    yield Text.assemble(first, style="bold")
    for heading, cell in zip(layout.headings[1:], others, strict=True):
        if cell:
            yield Text.assemble("  ", (f"{heading}{say.colon}" if heading else "", "dim"), cell)


def _sentence(_layout: Layout, row: tuple[Text, ...], say: Words) -> Iterator[Text]:
    label, value, origin = row
    yield Text.assemble(label, say.colon, value, (say.aside.format(text=origin) if origin else "", "dim"))


def pair(_layout: Layout, row: tuple[Text, ...], say: Words) -> Iterator[Text]:
    """A word and what is said of it, as one sentence."""
    word, said = row
    yield Text.assemble(word, say.colon, said)


def _pair(_layout: Layout, row: tuple[Text, ...], say: Words) -> Iterator[Text]:
    label, one, other = row
    same = label.plain.startswith(" ")
    yield Text.assemble(label, say.colon, one) if same else Text.assemble(label, say.colon, one, (" | ", "dim"), other)


def facts(out: Console, name: ModelName, say: Words) -> None:
    """Everything that one name says, a line for each fact, with where it came from."""
    labels = say.labels
    rows = (
        (
            Text(fact.label, style=COLOURS[fact.kind].terminal if fact.kind else ""),
            _local(fact.field, fact.value, say),
            labels.origins[fact.origin] if fact.origin else "",
        )
        for fact in explained.facts(name, labels)
    )
    sheet(out, Layout((labels.fact, labels.value, labels.origin), wraps=1, narrow=_sentence), rows, say)


def known(out: Console, found: Facts, say: Words, *, before: str = "") -> bool:
    """What is known of one model beyond its name, a line for each fact, with who says it; whether anything is."""
    labels = say.labels
    told = [(fact.label, fact.value, f"{fact.source} ({fact.checked})" if fact.checked else fact.source) for fact in explained.known(found, labels)]
    if told:
        out.file.write(before)
    return sheet(out, Layout((labels.fact, labels.value, labels.said_by), wraps=2, narrow=_sentence), told, say)


def models(out: Console, found: Iterable[Facts], say: Words) -> bool:
    """What is known of several models, a row for each; whether there was one."""
    columns = ("name", *explained.KNOWN)
    return sheet(out, layout(columns, say), (tuple(_cell(column, getattr(each, column), say) for column in columns) for each in found), say)


def listed(out: Console, found: Iterable[Listed], say: Words) -> bool:
    """Models of the catalog, a row for each, those without published weights marked; whether there was one."""
    columns = ("name", "hub", "size", "context_length", "input_modalities", "licence", "released", "retired")
    rows = (tuple(_cell(column, _where(each, say) if column == "hub" else getattr(each, column), say) for column in columns) for each in found)
    return sheet(out, layout(columns, say), rows, say)


def _where(one: Listed, say: Words) -> str | None:
    return say.labels.closed if one.open_weights is False else one.hub


def _cell(field: str, value: object, say: Words) -> str:
    return say.labels.comma.join(say.labels.modalities.get(one, one) for one in value) if isinstance(value, tuple) else _brief(field, value, say)


def layout(columns: Iterable[str], say: Words, *, wraps: int | None = None) -> Layout:
    """The layout for some fields of a record."""
    return Layout(tuple(say.labels.field(column) for column in columns), wraps=wraps)


def names(out: Console, records: Iterable[ModelName], say: Words) -> bool:
    """Several names, a row for each; whether there was one."""
    rows = (tuple(_brief(column, getattr(each, column), say) for column in _COLUMNS) for each in records)
    return sheet(out, layout(_COLUMNS, say), rows, say)


def checkpoints(out: Console, found: Iterable[Checkpoint], say: Words, *, asked: bool = False) -> bool:
    """Repositories, a row for each, with the name that was asked for where one was; whether there was one."""
    columns = (*(("asked",) if asked else ()), "hub", "repo_id", "size", "exists", "confidence", "alternatives")
    rows = (tuple(_moving(each, say) if column == "confidence" else _brief(column, getattr(each, column), say) for column in columns) for each in found)
    return sheet(out, layout(columns, say, wraps=len(columns) - 1), rows, say)


def groups(out: Console, found: Iterable[Group], say: Words) -> bool:
    """Models, a row for each, with the names that mean it; whether there was one."""
    columns = ("key", "company", "providers", "names")
    rows = (tuple(_brief(column, getattr(each, column), say) for column in columns) for each in found)
    return sheet(out, layout(columns, say, wraps=len(columns) - 1), rows, say)


def _moving(found: Checkpoint, say: Words) -> str:
    """How sure the answer is; of a name that moves from model to model, with the day on which it meant this one."""
    sure = _brief("confidence", found.confidence, say)
    return sure if found.moving is None else f"{sure}{say.aside.format(text=say.moving.format(day=found.moving))}"


def companies(out: Console, every: Iterable[Company], families: Iterable[Family], say: Words) -> None:
    """Companies and their families; those that only repackage are left out."""
    own: dict[str, list[str]] = {}
    for family in families:
        own.setdefault(family.company, []).append(family.name)
    rows = ((_local("company", company.name, say), _other(company, say), ", ".join(own.get(company.name, ()))) for company in every if not company.repackager)
    sheet(out, Layout((say.labels.field("company"), "", say.labels.field("families")), wraps=2), rows, say)


def _other(company: Company, say: Words) -> str:
    """A company's name in the other language, where it has one."""
    if company.zh is None:
        return ""
    return company.name if say.labels.language == "zh" else company.zh


def comparison(out: Console, a: ModelName, b: ModelName, pairs: Iterable[Pair], say: Words) -> None:
    """Two names' facts side by side, with a mark where they differ."""
    marks = {True: " ", False: "≠" if out.encoding.startswith("utf") else "*"}
    rows = (
        (
            Text(f"{marks[pair.same]} {say.labels.field(pair.field)}", style="" if pair.same else "yellow"),
            _local(pair.field, explained.shown(pair.a, say.labels), say) or say.none,
            _local(pair.field, explained.shown(pair.b, say.labels), say) or say.none,
        )
        for pair in pairs
    )
    sheet(out, Layout((f"  {say.labels.fact}", a.source, b.source), narrow=_pair), rows, say)


def _brief(field: str, value: object, say: Words) -> str:
    """A cell among many: sizes by their label."""
    return str(value) if type(value).__name__ == "Size" else _local(field, explained.shown(value, say.labels), say)


def _local(field: str, value: str, say: Words) -> str:
    """A value as the user's language has it: companies by the names that people know, and words of the package itself."""
    if field == "confidence":
        return say.labels.confidence.get(value, value)
    if field != "company" or say.labels.language != "zh":
        return value
    from modelcatalog.catalog.index import chinese_names  # no other language has names of its own

    return chinese_names().get(value, value)

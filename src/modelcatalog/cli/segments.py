"""Owns how a name's parts look in a terminal: side by side, each in its colour with its label under it. Knows no command.

Without colour it says the same: a rule under each part shows how far it reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.text import Text

from modelcatalog.show import explained
from modelcatalog.show.labels import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from modelcatalog import ModelName
    from modelcatalog.cli.words import Words
    from modelcatalog.show.explained import Part

__all__ = ["name"]


class _Column(NamedTuple):
    text: str
    rule: str
    label: str
    meaning: str
    style: str

    @property
    def width(self) -> int:
        return max(map(cell_len, self[:4]))


def name(out: Console, name: ModelName, say: Words) -> None:
    """Print a name in labelled parts, on as many lines as the terminal's width takes."""
    dash = "─" if out.encoding.startswith("utf") else "-"
    for number, columns in enumerate(_lines(_columns(explained.parts(name, say.labels), out.width, dash), out.width)):
        if number:
            out.print()
        for text in _drawn(columns):
            out.print(text, soft_wrap=True)


def _columns(parts: Iterable[Part], room: int, dash: str) -> Iterator[_Column]:
    for part in parts:
        colour = COLOURS.get(part.kind)
        label, meaning = part.label, part.meaning
        for piece in chop_cells(part.text, room):
            rule = dash * cell_len(piece) if label or part.label else ""
            yield _Column(piece, rule, label, meaning, "dim" if colour is None else colour.terminal)
            label = meaning = ""


def _lines(columns: Iterable[_Column], room: int) -> Iterator[list[_Column]]:
    line: list[_Column] = []
    used = 0
    for column in columns:
        gap = 1 if line else 0
        if line and used + gap + column.width > room:
            yield line
            line, used, gap = [], 0, 0
        line.append(column)
        used += gap + column.width
    if line:
        yield line


def _drawn(columns: list[_Column]) -> Iterator[Text]:
    for row in range(4):
        text = Text()
        for column in columns:
            cell = column[row]
            text.append(cell, style=f"bold {column.style}" if row == 0 else "dim" if row == 3 else column.style)  # noqa: PLR2004  the rows of a column
            text.append(" " * (column.width - cell_len(cell) + 1))
        text.rstrip()
        if text:
            yield text

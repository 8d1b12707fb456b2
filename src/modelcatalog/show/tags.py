"""Owns the HTML itself: every tag that is written, its inline style, and the escaping of every text. Knows no record."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from modelcatalog.show.labels import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["block", "faint", "folded", "key", "line", "note", "part", "prose", "row", "table", "text"]

_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"
_CELL = "padding:.15em 1.2em .15em 0;text-align:left;vertical-align:top;border:0;background:none;white-space:normal;color:inherit;font-size:inherit"
_FAINT = "opacity:.7"
_WRAPS = "white-space:pre-wrap;overflow-wrap:anywhere"


def text(source: str) -> str:
    """A text, escaped, that breaks where it must."""
    return f'<span style="{_WRAPS}">{escape(source)}</span>'


def faint(source: str) -> str:
    """A few words of less weight."""
    return f'<span style="{_FAINT};white-space:nowrap">{escape(source)}</span>'


def block(inner: str, language: str) -> str:
    """The fragment's frame."""
    return f'<div class="modelcatalog" lang="{language}" style="margin:.6em 0;max-width:100%;line-height:1.4">{inner}</div>'


def line(parts: Iterable[str]) -> str:
    """Parts side by side, on as many lines as it takes."""
    return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start;row-gap:.7em;max-width:100%;font-family:{_FONT}">{"".join(parts)}</div>'


def part(source: str, kind: str, label: str, meaning: str) -> str:
    """A part of a name, and under it, unselectable, its label and meaning: what is copied is the name."""
    colour = COLOURS.get(kind)
    if colour is None:
        return f'<span data-kind="separator" style="padding:.15em 0;{_FAINT};{_WRAPS};max-width:100%">{escape(source)}</span>'
    look = (
        f"padding:.15em .2em;border-bottom:.18em solid rgb({colour.css});background:rgba({colour.css},.2);"
        f"border-radius:.2em .2em 0 0;text-align:center;{_WRAPS}"
    )
    said = f'<span style="display:block;{_FAINT}">{escape(meaning)}</span>' if meaning else ""
    under = f'<span style="font-size:.72em;text-align:center;padding:.1em .35em 0;line-height:1.35;user-select:none">{escape(label)}{said}</span>'
    over = f'<span data-kind="{escape(kind)}" style="{look}">{escape(source)}</span>'
    return f'<span style="display:flex;flex-direction:column;max-width:100%;margin:0 1px">{over}{under}</span>'


def key(label: str, kind: str) -> str:
    """A row's first cell: a dot in the colour of the segments that show it, and what it is."""
    colour = COLOURS.get(kind)
    ground = "transparent" if colour is None else f"rgb({colour.css})"
    dot = f'<span style="display:inline-block;width:.6em;height:.6em;margin-right:.5em;border-radius:50%;background:{ground}"></span>'
    return f'<span style="white-space:nowrap">{dot}{escape(label)}</span>'


def row(*cells: str) -> str:
    """A row of cells that are HTML already."""
    return "".join(["<tr>", *(f'<td style="{_CELL}">{cell}</td>' for cell in cells), "</tr>"])


def table(rows: Iterable[str], headings: tuple[str, ...] = ()) -> str:
    """A table without lines."""
    head = "".join(f'<th style="{_CELL};{_FAINT};font-weight:normal">{escape(heading)}</th>' for heading in headings)
    style = "margin:.6em 0 0;border:0;border-collapse:collapse;font-size:.88em;color:inherit;display:table;width:auto"
    above = f"<thead><tr>{head}</tr></thead>" if headings else ""
    return f'<table class="modelcatalog-facts" style="{style}">{above}<tbody>{"".join(rows)}</tbody></table>'


def prose(source: str) -> str:
    """What a model wrote, as it wrote it."""
    return f'<div style="{_WRAPS}">{escape(source)}</div>'


def folded(heading: str, source: str) -> str:
    """A text that opens when it is asked for."""
    return f'<details style="margin:0 0 .5em;{_FAINT}"><summary>{escape(heading)}</summary>{prose(source)}</details>'


def note(source: str) -> str:
    """A last line, small."""
    return f'<div style="margin-top:.4em;font-size:.8em;{_FAINT}">{escape(source)}</div>'

"""Owns the picture of bars of several parts against a limit, as SVG. Knows numbers and texts alone, and no record.

The picture is one fragment: its colours are half-way between light and dark, and its texts have the colour of the page
around it, so that it stands in a notebook as it is. As a file of its own (`page`) it brings its ground, light or dark as
the reader has it.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Bar", "Picture", "fragment", "page"]

_WIDTH, _LEFT, _RIGHT = 760, 128, 176
_ROW, _BAR, _TOP, _BOTTOM = 34, 20, 92, 46
_COLOURS = ("37,99,235", "217,119,6", "100,116,139")
_OVER = "220,38,38"
_TICKS = (1, 2, 2.5, 5, 10)
_MOST_TICKS = 6
_LEAST = 44
"""Width below which a part has no text inside."""
_NARROW = 2.0
_SMALL = 12
_FILE = ' xmlns="http://www.w3.org/2000/svg"'
_STYLE = "svg.modelcatalog-bars{color:#1f2328;background:#ffffff}@media (prefers-color-scheme:dark){svg.modelcatalog-bars{color:#e6edf3;background:#0d1117}}"


class Bar(NamedTuple):
    """One bar."""

    label: str
    parts: tuple[float, ...]
    """In the order of `Picture.parts`."""
    said: str
    """What stands behind it: its sum and whether that is too much."""


class Picture(NamedTuple):
    """Bars of the same parts, one under the other."""

    title: str
    axis: str
    """What the bars' labels are."""
    parts: tuple[str, ...]
    bars: tuple[Bar, ...]
    limit: float | None
    limit_label: str
    said: str
    """The whole in words, for who cannot see it."""


def page(picture: Picture, written: Callable[[float], str]) -> str:
    """The picture as a file of its own: it is legible on a light and on a dark ground, and brings the one that the reader has."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_svg(picture, written, head=_FILE, style=f"<style>{_STYLE}</style>")}\n'


def fragment(picture: Picture, written: Callable[[float], str]) -> str:
    """The picture to stand in a page, whose text colour and ground it takes."""
    return _svg(picture, written)


def _svg(picture: Picture, written: Callable[[float], str], *, head: str = "", style: str = "") -> str:
    height = _TOP + _ROW * len(picture.bars) + _BOTTOM
    most = max([*(sum(bar.parts) for bar in picture.bars), picture.limit or 0, 1])
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    number = f"{crc32(f'{picture.title} {picture.said}'.encode()):x}"  # two pictures of one page have ids of their own
    inner = "".join([*_legend(picture), *_axis(picture, written, most, scale), *_bars(picture, written, scale), *_limit(picture, scale)])
    return (
        f'<svg{head} class="modelcatalog-bars" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="modelcatalog-title-{number} modelcatalog-said-{number}" style="width:100%;max-width:{_WIDTH}px;height:auto" '
        f'font-family="system-ui,-apple-system,Segoe UI,Noto Sans,Noto Sans CJK SC,sans-serif" font-size="13" fill="currentColor">'
        f'<title id="modelcatalog-title-{number}">{_plain(picture.title)}</title><desc id="modelcatalog-said-{number}">{_plain(picture.said)}</desc>'
        f"{style}{_text(16, 28, picture.title, size=17, weight='600')}{inner}</svg>"
    )


def _legend(picture: Picture) -> Iterator[str]:
    x = 16.0
    for colour, label in zip(_COLOURS, picture.parts, strict=False):
        yield f'<rect x="{x:g}" y="45" width="12" height="12" rx="2" fill="rgb({colour})"/>'
        yield _text(x + 18, 56, label)
        x += 18 + 7.4 * _columns(label) + 22


def _axis(picture: Picture, written: Callable[[float], str], most: float, scale: float) -> Iterator[str]:
    bottom = _TOP + _ROW * len(picture.bars)
    for at in _ticks(most):
        x = _LEFT + at * scale
        yield f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="currentColor" stroke-opacity=".16"/>'
        yield _text(x, bottom + 18, written(at) if at else "0", size=_SMALL, anchor="middle", faint=True)
    yield _text(16, _TOP - 12, picture.axis, size=_SMALL, faint=True)


def _bars(picture: Picture, written: Callable[[float], str], scale: float) -> Iterator[str]:
    for number, bar in enumerate(picture.bars):
        y, x = _TOP + _ROW * number + (_ROW - _BAR) / 2, float(_LEFT)
        yield _text(_LEFT - 10, y + 15, bar.label, anchor="end")
        over = picture.limit is not None and sum(bar.parts) > picture.limit
        for colour, label, part in zip(_COLOURS, picture.parts, bar.parts, strict=False):
            wide = part * scale
            if part <= 0:
                continue
            yield f'<rect x="{x:.1f}" y="{y:g}" width="{max(wide, 1):.1f}" height="{_BAR}" fill="rgb({colour})">'
            yield f"<title>{_plain(label)}: {_plain(written(part))}</title></rect>"
            if wide >= max(_LEAST, 7.4 * _columns(written(part)) + 8):
                # White on these colours is legible on either ground.
                yield f'<text x="{x + wide / 2:.1f}" y="{y + 14.5:g}" font-size="{_SMALL}" text-anchor="middle" fill="#ffffff">{_plain(written(part))}</text>'
            x += wide
        mark = f'<tspan fill="rgb({_OVER})" font-weight="700">✗ </tspan>' if over else ""
        yield f'<text x="{_WIDTH - _RIGHT + 10}" y="{y + 15:g}">{mark}{_plain(bar.said)}</text>'


def _limit(picture: Picture, scale: float) -> Iterator[str]:
    if picture.limit is None:
        return
    x, bottom = _LEFT + picture.limit * scale, _TOP + _ROW * len(picture.bars)
    yield f'<line x1="{x:.1f}" y1="{_TOP - 10}" x2="{x:.1f}" y2="{bottom + 2}" stroke="rgb({_OVER})" stroke-width="2" stroke-dasharray="5 3"/>'
    left = x > _WIDTH * 0.6
    yield _text(x - 5 if left else x + 5, _TOP - 14, picture.limit_label, size=_SMALL, anchor="end" if left else "start", weight="600")


def _text(x: float, y: float, text: str, *, size: int = 13, anchor: str = "start", weight: str = "", faint: bool = False) -> str:
    more = f' font-weight="{weight}"' if weight else ""
    more += ' fill-opacity=".72"' if faint else ""
    return f'<text x="{x:.1f}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"{more}>{_plain(text)}</text>'


def _plain(text: str) -> str:
    """A text as XML may hold it: escaped, without the two characters that names may have and XML may not."""
    return escape(re.sub("[\ufffe\uffff]", "\ufffd", text))


def _columns(text: str) -> float:
    """How wide a text is, in letters: those of Chinese take two."""
    return sum(_NARROW if ord(letter) > 0x2E7F else 1.0 for letter in text)  # noqa: PLR2004  where CJK begins


def _ticks(most: float) -> Sequence[float]:
    """Round numbers from nothing to the longest bar."""
    size = 10.0 ** (len(str(int(most / _MOST_TICKS))) - 1)
    step = next((size * one for one in _TICKS if most / (size * one) <= _MOST_TICKS), size * 10)
    return [step * number for number in range(int(most / step) + 1)]

"""Owns the page of benchmarks: the result files as tables, as bars where several did the same, and as curves.

A result file is ``{"title": …, "machine": …, "versions": …, "results": [{"what", "value", "unit", "owed"}, …]}``; results that differ in
one number of ``what`` alone (turn 1, turn 2, …) are points of a curve. Those that differ in what stands before a colon ("gguf-py: names
read"), and a line with the indented ones below it, are bars beside each other. ``what``, the title and ``about`` (what was measured; both may
be missing) are a text or one in each language (``{"en": …, "zh": …}``); what scripts say in English alone has its Chinese in
``benchmarks.zh.toml``.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from words import Words

__all__ = ["RESULTS", "Bar", "bars", "compared", "curve", "curves", "pages", "peers", "translated"]

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_FEWEST = 4
"""Points of a curve; fewer say more as numbers."""
_WIDE, _HIGH, _LEFT, _BELOW = 560, 240, 56, 40


_ROW, _LABEL, _OURS = 30, 200, "modelcatalog"
_PEERS = "identity"
"""The result file whose bars the first page has."""


class Bar(NamedTuple):
    """One measured value beside others of its unit."""

    label: str
    value: float
    ours: bool


def pages(say: Words) -> Iterator[tuple[str, str]]:
    """The one page: its place in docs/, and its text."""
    parts = [f"# {say.benchmarks}\n", say.benchmarks_about, ""]
    files = sorted(RESULTS.glob("*.json"))
    for file in files:
        parts += _file(file.stem, json.loads(file.read_text(encoding="utf-8")), say)
    if not files:
        parts.append(say.no_results)
    yield f"benchmarks{say.suffix}.md", "\n".join(parts)


def _file(name: str, found: dict[str, Any], say: Words) -> Iterator[str]:
    title = found.get("title") or " · ".join(text for text in (_in(found.get("benchmark", name.replace("_", " ")), say), found.get("model")) if text)
    yield f"## {_in(title, say)}\n"
    if about := found.get("about"):
        yield f"{_in(about, say)}\n"
    for label, value in ((say.machine, found.get("machine")), (say.versions, found.get("versions"))):
        if value:
            yield f"{label}{say.colon}{_listed(value)}  "
    if found.get("seconds") == "process_time":
        yield f"{say.processor_time}  "
    results = _said(found["results"], say)
    drawn = curves(results)
    yield ""
    for thing, unit, group in compared(results):
        yield f"{bars(thing, unit, group)}\n"
    yield f"\n| {say.measured} | {say.value} | {say.owed} |\n|---|---:|---:|"
    for each in results:
        yield f"| {_cell(each['what'])} | {_number(each['value'])}\u00a0{each.get('unit') or ''} | {_number(each.get('owed'))} |"
    yield ""
    for title, unit, points in drawn:
        yield f"{curve(title, unit, points)}\n"


def _said(results: list[dict[str, Any]], say: Words) -> list[dict[str, Any]]:
    """The results in the page's language. What was measured keeps the blanks and the colon that say what it belongs to."""
    return [each | {key: _in(each[key], say) for key in ("what", "unit", "owed", "value") if isinstance(each.get(key), str | dict)} for each in results]


def _in(text: Any, say: Words) -> str:
    if isinstance(text, dict):
        return str(text.get(say.language, text["en"]))
    return str(text) if say.language == "en" else translated(str(text)) or str(text)


@cache
def _chinese() -> dict[str, str]:
    return tomllib.loads((Path(__file__).parent / "benchmarks.zh.toml").read_text(encoding="utf-8"))


def translated(text: str) -> str | None:
    """The Chinese of what a script wrote, its numbers in their places; None where there is none.

    >>> translated("  the same in the script"), translated("first token after 2,000 tokens, against one bare prefill")
    ('  脚本的同一项', '2,000 个词元之后的首个词元，与一次直接预填充相比')
    """
    said = text.lstrip()
    target = _chinese().get(_NUMBER.sub("{}", said))
    return None if target is None else text[: len(text) - len(said)] + target.format(*_NUMBER.findall(said))


def peers(say: Words) -> str:
    """The bars of the first page: how often each tells the spellings of one model to be one."""
    found = json.loads((RESULTS / f"{_PEERS}.json").read_text(encoding="utf-8"))
    ((_, unit, group),) = compared(_said(found["results"], say))
    return bars(_in(found["title"], say), unit, group)


def compared(results: list[dict[str, Any]]) -> list[tuple[str, str, list[Bar]]]:
    """What was measured, its unit, and who did it how well: at least two of the same.

    >>> compared([{"what": "modelcatalog: names", "value": 3, "unit": ""}, {"what": "other: names", "value": 2, "unit": ""}])
    [('names', '', [Bar(label='modelcatalog', value=3.0, ours=True), Bar(label='other', value=2.0, ours=False)])]
    >>> ((_, _, group),) = compared([{"what": "first", "value": 3, "unit": "s"}, {"what": "  the script", "value": 2, "unit": "s"}])
    >>> [bar.label for bar in group]
    ['modelcatalog', 'the script']
    """
    found: dict[tuple[str, str], list[Bar]] = {}
    above = ""
    for each in results:
        what, unit = each["what"], each.get("unit") or ""
        who, parted, thing = what.partition(": ")
        if not isinstance(each["value"], int | float):
            continue
        if what.startswith(" "):
            found.setdefault((above, unit), []).append(Bar(re.sub("^the same (?:of|in) |的同一项$", "", what.strip()), float(each["value"]), ours=False))
        elif parted:
            found.setdefault((thing, unit), []).append(Bar(who, float(each["value"]), ours=who == _OURS))
        else:
            above = what
            found.setdefault((what, unit), []).append(Bar(_OURS, float(each["value"]), ours=True))
    return [(thing, unit, group) for (thing, unit), group in found.items() if len(group) > 1]


def bars(title: str, unit: str, group: list[Bar]) -> str:
    """Bars beside each other as an SVG of its own, ours in colour, the others in the page's own."""
    most = max(bar.value for bar in group) or 1.0
    room = _WIDE - _LABEL - 120
    drawn = []
    for row, bar in enumerate(group):
        y, wide = 12 + row * _ROW, max(bar.value / most * room, 1.0)
        drawn.append(
            f'<text x="{_LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect class="{"ours" if bar.ours else "other"}" x="{_LABEL}" y="{y}" width="{wide:.1f}" height="20" rx="2"/>'
            f'<text x="{_LABEL + wide + 8:.1f}" y="{y + 15}">{_number(bar.value)}{f" {escape(unit)}" if unit else ""}</text>'
        )
    high = 12 + len(group) * _ROW
    figure = f'<svg viewBox="0 0 {_WIDE} {high}" role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    return f'<figure class="bars"><figcaption>{escape(title)}</figcaption>{figure}</figure>'


def _listed(value: Any) -> str:
    return ", ".join(f"{key} {text}" for key, text in value.items()) if isinstance(value, dict) else str(value)


def _cell(text: str) -> str:
    """A line that begins with spaces belongs to the one above it."""
    return ("\u2003" if text.startswith(" ") else "") + text.strip().replace("|", "\\|")


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004  four digits need no fraction
    return f"{value:,}" if isinstance(value, int) else str(value)


def curves(results: list[dict[str, Any]]) -> list[tuple[str, str, list[tuple[float, float]]]]:
    """Title, unit and points of each quantity that was measured at several places.

    >>> curves([{"what": f"turn {n}", "value": n / 10, "unit": "s"} for n in range(1, 5)])
    [('turn n', 's', [(1.0, 0.1), (2.0, 0.2), (3.0, 0.3), (4.0, 0.4)])]
    """
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for each in results:
        numbers = re.findall(r"\d[\d,]*", each["what"])
        if len(numbers) == 1 and isinstance(each["value"], int | float):
            title = re.sub(r"\d[\d,]*", "n", each["what"])
            found.setdefault((title, each.get("unit") or ""), []).append((float(numbers[0].replace(",", "")), float(each["value"])))
    return [(title, unit, sorted(points)) for (title, unit), points in found.items() if len(points) >= _FEWEST]


def curve(title: str, unit: str, points: list[tuple[float, float]]) -> str:
    """An SVG of its own, in the colours of the page that it stands in."""
    most_x, most_y = max(x for x, _ in points), max(y for _, y in points) or 1.0
    least_x = min(x for x, _ in points)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - least_x) / ((most_x - least_x) or 1.0)
        return _LEFT + across * (_WIDE - _LEFT - 20), _HIGH - _BELOW - y / most_y * (_HIGH - _BELOW - 24)

    places = [at(x, y) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#4f7cff"/>' for x, y in places)
    ticks = "".join(
        f'<text x="{x:.1f}" y="{_HIGH - _BELOW + 18}" text-anchor="middle">{value:,.0f}</text>' for (value, _), (x, _) in zip(points, places, strict=True)
    )
    frame = f'<path class="axis" d="M{_LEFT} 16V{_HIGH - _BELOW}H{_WIDE - 10}"/>'
    scale = f'<text x="{_LEFT - 8}" y="28" text-anchor="end">{_number(most_y)}</text><text x="{_LEFT - 8}" y="{_HIGH - _BELOW + 4}" text-anchor="end">0</text>'
    said = f'<text x="{_WIDE / 2}" y="{_HIGH - 4}" text-anchor="middle">{escape(title)}{f" ({escape(unit)})" if unit else ""}</text>'
    return (
        f'<svg class="curve" viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escape(title)}">{frame}{scale}{said}{ticks}'
        f'<polyline points="{line}" fill="none" stroke="#4f7cff" stroke-width="2"/>{dots}</svg>'
    )

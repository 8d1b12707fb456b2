"""Owns the page of benchmarks: the result files as tables, and a curve where one quantity was measured at several places.

A result file is ``{"title": …, "machine": …, "versions": …, "results": [{"what", "value", "unit", "owed"}, …]}``; results that differ in
one number of ``what`` alone (turn 1, turn 2, …) are points of a curve. The title, which may be missing, is a text or one in each
language (``{"en": …, "zh": …}``).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from words import Words

__all__ = ["RESULTS", "curve", "curves", "pages"]

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
_FEWEST = 4
"""Points of a curve; fewer say more as numbers."""
_WIDE, _HIGH, _LEFT, _BELOW = 560, 240, 56, 40


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
    title = found.get("title") or " · ".join(text for text in (found.get("benchmark", name.replace("_", " ")), found.get("model")) if text)
    yield f"## {title.get(say.language, title['en']) if isinstance(title, dict) else title}\n"
    for label, value in ((say.machine, found.get("machine")), (say.versions, found.get("versions"))):
        if value:
            yield f"{label}: {_listed(value)}  "
    if found.get("seconds") == "process_time":
        yield f"{say.processor_time}  "
    results = found["results"]
    drawn = curves(results)
    yield f"\n| {say.measured} | {say.value} | {say.owed} |\n|---|---:|---:|"
    for each in results:
        yield f"| {_cell(each['what'])} | {_number(each['value'])}\u00a0{each.get('unit') or ''} | {_number(each.get('owed'))} |"
    yield ""
    for title, unit, points in drawn:
        yield f"{curve(title, unit, points)}\n"


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
    said = f'<text x="{_WIDE / 2}" y="{_HIGH - 4}" text-anchor="middle">{title}{f" ({unit})" if unit else ""}</text>'
    return (
        f'<svg class="curve" viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{title}">{frame}{scale}{said}{ticks}'
        f'<polyline points="{line}" fill="none" stroke="#4f7cff" stroke-width="2"/>{dots}</svg>'
    )

"""Owns the drawn pictures: an explained name for the first page and the READMEs, and the way from a name to its files.

    python docs/site/pictures.py            write docs/pictures/
    python docs/site/pictures.py --check    exit 1 if a picture is stale

The name's parts come from the running parser. A README cannot know the page's colours, so it has a picture for each ground;
the diagram stands in its page, and takes the colours from there.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import modelcatalog
from modelcatalog.show import explained
from modelcatalog.show.labels import CHINESE, COLOURS, ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog.show.labels import Labels

__all__ = ["FOLDER", "NAME", "decisions", "explained_name", "main", "pictures"]

FOLDER = Path(__file__).parents[1] / "pictures"
NAME = "bartowski/DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"
_INK = {"light": "#1f2328", "dark": "#e6edf3"}
_WIDE, _SMALL, _BELOW = 10.9, 6.7, 7.4
"""Pixels of a letter of the name, of a label's, and of the facts below."""
_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','Noto Sans Mono CJK SC',monospace"


def _columns(text: str) -> float:
    return sum(1.0 if char.isascii() else 1.8 for char in text)


def explained_name(source: str, ground: str, say: Labels) -> str:
    """A name with its parts coloured and labelled, and below it what they say together, as an SVG."""
    name = modelcatalog.parse(source)
    ink = _INK[ground]
    x, drawn = 16.0, []
    for part in explained.parts(name, say):
        labels = [text for text in (part.label, part.meaning) if text]
        wide = max([_columns(part.text) * _WIDE, *(_columns(text) * _SMALL + 6 for text in labels)])
        middle = x + wide / 2
        colour = COLOURS.get(part.kind)
        if colour is not None:
            drawn.append(f'<rect x="{x:.1f}" y="18" width="{wide:.1f}" height="30" rx="3" fill="rgb({colour.css})" fill-opacity=".2"/>')
            drawn.append(f'<rect x="{x:.1f}" y="46" width="{wide:.1f}" height="3" fill="rgb({colour.css})"/>')
        drawn.append(f'<text x="{middle:.1f}" y="39" font-size="18">{escape(part.text)}</text>')
        for line, text in enumerate(labels):
            faint = ' opacity=".65"' if line else ""
            drawn.append(f'<text x="{middle:.1f}" y="{66 + 15 * line}" font-size="11"{faint}>{escape(text)}</text>')
        x += wide + 2
    wide = x + 14
    lines = [""]
    for label, value in _facts(name, say):
        fact = f"{label}: {value}"
        longer = f"{lines[-1]}   {fact}" if lines[-1] else fact
        if _columns(longer) * _BELOW > wide - 16:
            lines.append(fact)
        else:
            lines[-1] = longer
    drawn += [
        f'<text x="{wide / 2:.1f}" y="{116 + 17 * at}" font-size="12" opacity=".8" xml:space="preserve">{escape(text)}</text>' for at, text in enumerate(lines)
    ]
    high = 132 + 17 * (len(lines) - 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}" role="img" aria-label="{escape(source)}">'
        f'<g font-family="{escape(_FONT)}" fill="{ink}" text-anchor="middle">{"".join(drawn)}</g></svg>\n'
    )


def _facts(name: modelcatalog.ModelName, say: Labels) -> Iterable[tuple[str, str]]:
    wanted = ("company", "series", "base", "canonical")
    return [(fact.label, fact.value) for fact in explained.facts(name, say) if fact.field in wanted]


def pictures() -> dict[str, str]:
    """File name -> SVG."""
    return {f"name-{ground}{suffix}.svg": explained_name(NAME, ground, say) for ground in _INK for suffix, say in (("", ENGLISH), (".zh", CHINESE))}


class Step(NamedTuple):
    """One question on the way; ``yes`` is where it then ends or what is then done."""

    question: tuple[str, ...]
    yes: tuple[str, ...]
    stops: bool = False
    """The answer that leaves the way is a refusal."""


_WAY = {
    "en": (
        ("load(name)", "download, hash, open the engine", "yes", "no"),
        (
            Step(("hub= given, or named", "by the text?"), ("that hub; what its own client", "has in its cache comes first")),
            Step(("a complete copy", "on this disk?"), ("it: a path, MODELCATALOG_PATH,", "a cache; no request is made")),
            Step(("MODELCATALOG_HUB", "set?"), ("that hub",)),
            Step(("ask both hubs at once,", "3 seconds each"), ("the first that lists the files;", "the plan names it")),
            Step(("weights only as pickles,", "or code to run?"), ("UnsafeRepository,", "NeedsRemoteCode"), stops=True),
            Step(("a package missing?",), ("MissingPackage, with the line", "that installs it"), stops=True),
            Step(("too large for memory", "or disk?"), ("WontFit; fit=True takes the most", "precise variant that fits"), stops=True),
        ),
    ),
    "zh": (
        ("load(名字)", "下载、校验哈希、交给引擎", "是", "否"),
        (
            Step(("给了 hub=，或名字里", "写明了站点？"), ("就用这个站点；", "它自己的缓存优先")),
            Step(("本机有完整的副本？",), ("用它：路径、MODELCATALOG_PATH、", "缓存；一个请求也不发")),
            Step(("设了 MODELCATALOG_HUB？",), ("就用这个站点",)),
            Step(("同时问两个站点，", "各等 3 秒"), ("先列出文件的那个；", "计划里会写明")),
            Step(("只有 pickle，", "或者要运行代码？"), ("UnsafeRepository、", "NeedsRemoteCode"), stops=True),
            Step(("缺软件包？",), ("MissingPackage，", "附安装命令"), stops=True),
            Step(("内存或磁盘放不下？",), ("WontFit；fit=True 会选", "放得下的最精确的量化"), stops=True),
        ),
    ),
}
_STEP, _BOX, _RIGHT = 74, 230, 330


def decisions(language: str) -> str:
    """The way from a name to its files, as an SVG that takes the colours of the page around it."""
    (start, end, yes, no), steps = _WAY[language]
    asking = [step for step in steps if not step.stops]
    drawn = [_box(10, 0, (start,), "here"), _arrow(125, 34, 125, 54)]
    merge = 54 + _STEP * len(asking)
    for row, step in enumerate(steps):
        last_source = row == len(asking) - 1
        y = 54 + row * _STEP + (46 if step.stops else 0)
        drawn += [_box(10, y, step.question, "ask"), _box(_RIGHT, y, step.yes, "stop" if step.stops else "here"), _arrow(240, y + 24, _RIGHT, y + 24)]
        if not last_source:
            drawn.append(_text(285, y + 18, yes))
            drawn += [_arrow(125, y + 48, 125, y + _STEP), _text(140, y + 65, no)]
    # All sources lead to the plan, which asks the rest.
    stubs = "".join(f"M{_RIGHT + 250} {78 + row * _STEP}h16" for row in range(len(asking)))
    bottom = 54 + len(steps) * _STEP + 46
    drawn.append(f'<path class="line" d="{stubs}M{_RIGHT + 266} 78V{merge + 14}H125V{merge + 46}" marker-end="url(#tip)"/>')
    drawn.append(_text(285, merge + 8, "plan(name)" if language == "en" else "plan(名字)"))
    drawn.append(_box(10, bottom, (end,), "here"))
    high = bottom + 50
    return (
        f'<div class="decisions"><svg viewBox="0 0 610 {high}" role="img" aria-label="{escape(start)}">'
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
        f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>{"".join(drawn)}</svg></div>'
    )


def _box(x: float, y: float, lines: tuple[str, ...], kind: str) -> str:
    wide = _BOX if x < _RIGHT else 250
    high = 34 if len(lines) == 1 and y == 0 else 48
    first = y + high / 2 + 4 - 8 * (len(lines) - 1)
    texts = "".join(f'<text x="{x + wide / 2}" y="{first + 16 * at}">{escape(line)}</text>' for at, line in enumerate(lines))
    return f'<g class="{kind}"><rect x="{x}" y="{y + 1}" width="{wide}" height="{high - 2}" rx="{17 if kind == "ask" else 5}"/>{texts}</g>'


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path class="line" d="M{x} {y}L{to_x} {to_y}" marker-end="url(#tip)"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text class="word" x="{x}" y="{y}">{escape(text)}</text>'


def main(*arguments: str) -> int:
    """Write the pictures, or check them."""
    wrong = [name for name, text in pictures().items() if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text]
    for name in wrong:
        if "--check" not in arguments:
            (FOLDER / name).write_text(pictures()[name], encoding="utf-8")
        sys.stdout.write(f"docs/pictures/{name}{' is stale; run python docs/site/pictures.py' if '--check' in arguments else ''}\n")
    return int("--check" in arguments and bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

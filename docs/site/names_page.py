"""Owns the page of forty explained names: names.toml through the running parser. Knows no tag and no colour."""

from __future__ import annotations

import re
import tomllib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import modelcatalog
from modelcatalog import cli
from modelcatalog.show import explained, html
from modelcatalog.show.labels import labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from words import Words

__all__ = ["Chapter", "Shown", "chapters", "pages"]


class Shown(NamedTuple):
    """One name, what it shows, and the facts that this claims: dotted field -> its text."""

    text: str
    en: str
    zh: str
    says: Mapping[str, str]


class Chapter(NamedTuple):
    """Names that show one thing."""

    en: str
    zh: str
    names: tuple[Shown, ...]


def chapters() -> tuple[Chapter, ...]:
    """What names.toml holds."""
    raw = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
    return tuple(Chapter(each["en"], each["zh"], tuple(Shown(**name) for name in each["name"])) for each in raw["chapter"])


def pages(say: Words) -> Iterator[tuple[str, str]]:
    """The one page: its place in docs/, and its text."""
    commands = cli.command().commands
    parts = [f"# {say.names}\n", say.names_about, *([say.names_terminal] if "explain" in commands else ()), ""]
    for chapter in chapters():
        parts.append(f"## {getattr(chapter, say.language)}\n")
        for shown in chapter.names:
            name = modelcatalog.parse(shown.text)
            line, whole = html.name(name, language=say.language), html.explain(name, language=say.language)
            table = whole[whole.index("<table") : whole.rindex("</div>")]
            folded = f'<details class="facts"><summary>{say.facts}</summary>{table}</details>'
            words = f'<p class="words" hidden>{escape(_words(name, say))}</p>'
            parts.append(f"{getattr(shown, say.language)}\n\n{_unsearched(line)}\n{_unsearched(folded)}\n{words}\n")
    yield f"names{say.suffix}.md", "\n".join(parts)


def _unsearched(fragment: str) -> str:
    """Raw HTML ends at an empty line, so it has no line break at all; the search would glue its cells together."""
    return re.sub(r'^<(\w+) class="([^"]*)"', r'<\1 class="\2" data-search-exclude', " ".join(fragment.splitlines()))


def _words(name: modelcatalog.ModelName, say: Words) -> str:
    """What the search finds a name by."""
    return "; ".join((name.source, *(f"{fact.label} {fact.value}" for fact in explained.facts(name, labels(say.language)))))

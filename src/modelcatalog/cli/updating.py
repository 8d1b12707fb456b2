"""Owns the command that fetches what others keep well: update. Knows no hub."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

import modelcatalog
from modelcatalog.cli import completing, ending, show, talk
from modelcatalog.cli.given import lines, typed
from modelcatalog.cli.options import Json  # noqa: TC001  typer reads it
from modelcatalog.cli.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelcatalog import Update
    from modelcatalog.cli.words import Words
    from modelcatalog.updating import News, Outcome

__all__ = ["title", "update"]

_SHOWN = 40
"""News of one kind that a terminal shows; --json has all."""


def update(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say what is new, and write nothing.")] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE", help="Ask this source only: models.dev or a hub; may be repeated.", show_default=False, autocompletion=completing.sources
        ),
    ] = None,
    company: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COMPANY", help="Ask the hubs about this company's accounts only; may be repeated.", show_default=False, autocompletion=completing.companies
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch what others keep well, to be used below the package's own data: facts from models.dev, and which repositories the hubs list.

    Nothing else fetches it, and nothing is sent. A source that fails leaves what came from it before; run again, it goes on where it stopped.
    """
    say, notes = words(os.environ), show.console(stderr=True)
    with typed({"source": source, "company": company}), talk.waiting(notes, say.updating):
        made = modelcatalog.update(check=check, sources=source or None, companies=company or None)
    if json:
        lines([made])
    else:
        _show(made, say)
    for outcome in made.sources:
        for problem in outcome.problems:
            ending.say_problem(problem, "" if title(outcome.source) in problem else title(outcome.source) + say.colon)
    if not made.whole:
        raise typer.Exit(ending.FAILED)


def title(source: str) -> str:
    """A source as people write it."""
    from modelcatalog.hubs import HUBS  # only what was fetched is shown so

    return HUBS[source].title if source in HUBS else source


def _show(made: Update, say: Words) -> None:
    out = show.console()
    show.sheet(out, show.Layout(say.update_columns), (_row(one, say) for one in made.sources), say)
    for kind, heading in say.update_news.items():
        found = [*dict.fromkeys(_told(one for one in made.news if one.kind == kind))]  # what both hubs list is one line
        if not found:
            continue
        out.print()
        out.print(heading.format(count=len(found)), soft_wrap=True)
        for line in found[:_SHOWN]:
            out.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)
        if len(found) > _SHOWN:
            out.print(f"  {say.update_more.format(count=len(found) - _SHOWN)}", soft_wrap=True)
    out.print()
    out.print((say.update_checked if made.check else say.update_written).format(folder=made.folder), soft_wrap=True, markup=False, highlight=False)


def _told(found: Iterable[News]) -> Iterator[str]:
    for one in found:
        yield one.subject if one.field is None else f"{one.subject}  {one.field}: {one.before} → {one.after}"


def _row(one: Outcome, say: Words) -> tuple[str, ...]:
    state = say.update_states[one.state] + (say.aside.format(text=say.update_left.format(count=one.left)) if one.left else "")
    count = str(one.count) + (say.aside.format(text=say.update_skipped.format(count=one.skipped)) if one.skipped else "")
    return (title(one.source), state, "" if one.day is None else one.day.isoformat(), count)

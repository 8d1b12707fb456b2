"""Owns the commands about this disk: local, what lies on it, and pull, which brings something there. Knows no hub and no store."""

from __future__ import annotations

import json as jsonlib
import os
import sys
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

import modelcatalog
from modelcatalog.cli import completing, show, talk, typed
from modelcatalog.cli.given import lines
from modelcatalog.cli.options import Json, Name, takes_request
from modelcatalog.cli.words import words
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog import LocalCopy
    from modelcatalog.cli.words import Words

__all__ = ["local", "pull"]

_PERIODS = (86_400 * 365, 86_400 * 30, 86_400, 3600, 60)
"""Seconds of a year, a month, a day, an hour, a minute."""


def local(
    *,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Only this model, or what has this in its name.", show_default=False)] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="STORE", help="Only this program's: huggingface, ollama, lmstudio, …", show_default=False, autocompletion=completing.stores),
    ] = None,
    duplicates: Annotated[bool, typer.Option("--duplicates", help="Only what is there more than once, and how to remove it.")] = False,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Only what is not whole, and how to remove it.")] = False,
    hashes: Annotated[bool, typer.Option("--hash", help="Read copies of the same size, and compare their bytes.")] = False,
    json: Json = False,
) -> None:
    """List the models on this disk, in every program's store; delete nothing."""
    say, notes = words(os.environ), show.console(stderr=True)
    if store is not None:
        _check_store(store)
    with _said(say):
        every = modelcatalog.local(hashes=hashes)
    chosen = [copy for copy in every if _meant(copy, model) and store in {None, copy.store}]
    chosen = [copy for copy in chosen if (copy.same_as or copy.same_size or not duplicates) and not (incomplete and copy.complete)]
    if json:
        lines(chosen)
        return
    if not chosen:
        notes.print(say.nothing_here if not every else say.none_of_them)
        return
    chosen.sort(key=lambda copy: (copy.name.canonical or copy.name.source, -copy.bytes, copy.store))
    heads = say.local_columns if duplicates or incomplete else say.local_columns[:-1]
    where = {copy.path: copy.store for copy in every}
    rows = (_row(copy, where, say)[: len(heads)] for copy in chosen)
    out = show.console()
    show.sheet(out, show.Layout(heads, wraps=5), rows, say)
    _summary(chosen, say)


def _check_store(store: str) -> None:
    from modelcatalog.stores import stores  # only --store needs it

    names = [one.name for one in stores()]
    if store not in names:
        message = f"there is no store {store!r}: there are {', '.join(names)}"
        raise typer.BadParameter(message, param_hint="--store")


def _meant(copy: LocalCopy, model: str | None) -> bool:
    if model is None:
        return True
    asked = modelcatalog.parse(model)
    return model.lower() in copy.name.source.lower() or (asked.same_model(copy.name) and asked.quantization in {None, copy.name.quantization})


def _row(copy: LocalCopy, where: dict[Any, str], say: Words) -> tuple[str, ...]:
    kind = " ".join(word for word in (copy.format, copy.quantization) if word) or say.none
    state = copy.lacks
    if copy.same_as:
        others = sorted({where.get(path, str(path)) for path in copy.same_as})
        state = "; ".join(text for text in (state, say.same_bytes.format(stores=", ".join(others))) if text)
    if copy.same_size:
        state = "; ".join(text for text in (state, say.same_size.format(count=copy.same_size)) if text)
    return (copy.name.canonical or copy.name.source, copy.store, copy.name.source, kind, human(copy.bytes), state or say.whole, _age(copy, say), copy.remove)


def _age(copy: LocalCopy, say: Words) -> str:
    if copy.used is None:
        return ""
    seconds = (datetime.now(tz=UTC) - copy.used).total_seconds()
    for period, word in zip(_PERIODS, say.ages, strict=True):
        if seconds >= period:
            return f"{seconds // period:.0f} {word}"
    return say.just_now


def _summary(chosen: list[LocalCopy], say: Words) -> None:
    total = sum(copy.bytes - copy.shared for copy in chosen)
    models = len({copy.name.canonical or copy.name.source for copy in chosen})
    out = show.console()
    out.print()
    out.print(say.local_total.format(copies=len(chosen), models=models, size=human(total)), soft_wrap=True)
    spare = sum(_spare(chosen))
    if spare:
        out.print(say.local_twice.format(size=human(spare)), soft_wrap=True)
    broken = sum(copy.bytes - copy.shared for copy in chosen if not copy.complete)
    if broken:
        out.print(say.local_broken.format(size=human(broken)), soft_wrap=True)


def _spare(chosen: list[LocalCopy]) -> Iterator[int]:
    """What would be free if one of all copies with the same bytes stayed; links to it hold nothing of their own."""
    kept: set[Any] = set()
    for copy in chosen:
        if copy.same_as and copy.complete:
            if kept.isdisjoint(copy.same_as):
                kept.add(copy.path)
                continue
            yield max(0, copy.bytes - copy.shared)


@contextmanager
def _said(say: Words) -> Iterator[None]:
    """Show the API's warnings as the command line shows them."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
    for one in heard:
        show.console(stderr=True).print(f"{say.warning}{typed.sayer()(str(one.message))}", style="yellow", soft_wrap=True)


@takes_request(without=("base_url", "server", "engine_options"))
def pull(
    name: Name,
    *,
    asked: dict[str, Any],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched: the plan.")] = False,
    json: Json = False,
) -> None:
    """Fetch a model's files and check them, without loading; print where they are. Run again, it goes on where it stopped."""
    say, notes = words(os.environ), show.console(stderr=True)
    with talk.waiting(notes, say.looking.format(name=name)):
        made = modelcatalog.plan(name, **asked)
    if dry_run:
        if json:
            lines([made])
        else:
            show.console().print(typed.options(made.text(say.labels.language)), soft_wrap=True)
        return
    if made.memory.disk:
        # The hub's client draws its own bars.
        notes.print(say.pulling.format(size=human(made.memory.disk), source=made.source))
    with _said(say):
        path = modelcatalog.pull(made)
    if json:
        sys.stdout.write(f"{jsonlib.dumps({'name': made.name.source, 'path': str(path)}, ensure_ascii=False)}\n")
    else:
        show.console().print(str(path), soft_wrap=True)

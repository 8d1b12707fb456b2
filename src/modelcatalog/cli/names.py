"""Owns the commands about names, which load nothing: parse, explain, resolve, compare. Knows no hub and no engine."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

import modelcatalog
from modelcatalog.catalog.glossary import glossary
from modelcatalog.cli import comparing, ending, reasons, segments, show
from modelcatalog.cli.given import Given, lines
from modelcatalog.cli.options import File, Hub, Json, Names  # noqa: TC001  typer reads them
from modelcatalog.cli.words import words
from modelcatalog.show.labels import ENGLISH

if TYPE_CHECKING:
    from modelcatalog import ModelCatalogError, ModelName

__all__ = ["compare", "explain", "group", "parse", "resolve"]


def parse(
    names: Names = None,
    *,
    file: File = None,
    json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse words that no rule recognises.")] = False,
) -> None:
    """Read names: company, family, version, size, types, quantization and the rest."""
    given = Given(names, file)
    records = given.each(lambda text: modelcatalog.parse(text, strict=strict))
    if json:
        lines(records)
    else:
        out, say = show.console(), words(os.environ)
        if given.single:
            for record in records:
                show.facts(out, record, say)
        else:
            show.names(out, records, say)
    given.end()


def explain(
    names: Names = None,
    *,
    file: File = None,
    html: Annotated[bool, typer.Option("--html", help="Write the names as HTML, to put into a page.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Also show which case decided each word, and why.")] = False,
    json: Json = False,
) -> None:
    """Show names in their parts: what each part is, where each fact comes from, and what is known of the model."""
    given, say = Given(names, file), words(os.environ)
    if html and (json or why):
        ending.say_error(say.one_form if json else say.why_no_html)
        raise typer.Exit(ending.BAD_INPUT)
    out = show.console()
    for number, name in enumerate(given.each(modelcatalog.parse)):
        if html:
            from modelcatalog.show import html as fragments  # only --html asks

            sys.stdout.write(f"{fragments.explain(name, language=say.labels.language)}\n")
        elif json:
            told = _explained(name) | ({"why": [reason._asdict() for reason in reasons.told(name.source, ENGLISH)]} if why else {})
            sys.stdout.write(f"{jsonlib.dumps(told, ensure_ascii=False)}\n")
        else:
            if number:
                out.print()
            segments.name(out, name, say)
            out.print()
            if show.sheet(out, show.Layout(say.meanings, wraps=1, narrow=show.pair), glossary(name, say.labels.language), say):
                out.print()
            show.facts(out, name, say)
            show.known(out, modelcatalog.facts(name), say, before="\n")
            if why:
                out.print()
                show.sheet(out, show.Layout(say.why, wraps=3), reasons.told(name.source, say.labels), say)
    given.end()


def _explained(name: ModelName) -> dict[str, object]:
    """The parts and facts in English whatever the locale is: programs read them."""
    from modelcatalog.show import explained

    return {
        "source": name.source,
        "parts": [part._asdict() for part in explained.parts(name, ENGLISH)],
        "meanings": [each._asdict() for each in glossary(name)],
        "facts": [fact._asdict() for fact in explained.facts(name, ENGLISH)],
        "known": [fact._asdict() for fact in explained.known(modelcatalog.facts(name), ENGLISH)],
    }


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A name.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another name.", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Put two names side by side: what differs, whether they are the same model, which is newer."""
    for argument, text in (("A", a), ("B", b)):
        if text == "-":
            message = "two names are compared, and none is read from standard input"
            raise typer.BadParameter(message, param_hint=argument)
    one, other = modelcatalog.parse(a), modelcatalog.parse(b)
    if json:
        sys.stdout.write(f"{jsonlib.dumps(comparing.as_json(one, other), ensure_ascii=False)}\n")
        return
    out, say = show.console(), words(os.environ)
    show.comparison(out, one, other, comparing.pairs(one, other), say)
    which = comparing.order(one, other)
    newer, why = {"a": one, "b": other}.get(which.newer or ""), say.orders[which.because]
    out.print()
    out.print(say.one_model if one.same_model(other) else say.two_models, soft_wrap=True)
    if which.because != "one_model":
        out.print(why.format(name=newer, a=one.version, b=other.version), soft_wrap=True)


def resolve(names: Names = None, *, file: File = None, hub: Hub = None, json: Json = False) -> None:
    """Say which repository should have the weights, from the catalog alone."""
    given = Given(names, file)
    if json:
        records = given.each(lambda text: modelcatalog.resolve(text, hub=hub).model_dump_json(), _failed)
        for record in records:
            sys.stdout.write(f"{record}\n")
    else:
        found = given.each(lambda text: modelcatalog.resolve(text, hub=hub))
        show.checkpoints(show.console(), found, words(os.environ), asked=True)
    given.end()


def group(
    names: Names = None,
    *,
    file: File = None,
    exact: Annotated[bool, typer.Option("--exact", help="Put together only what is one model to the day and the size.")] = False,
    json: Json = False,
) -> None:
    """Put names together that mean one model, with those who serve it."""
    given = Given(names, file)
    found = modelcatalog.group(given.each(modelcatalog.parse), exact=exact)
    if json:
        lines(found)
    else:
        show.groups(show.console(), found, words(os.environ))
    given.end()


def _failed(text: str, error: ModelCatalogError) -> str:
    """The record of a name that has no repository: so many lines come out as names went in, and each has its name."""
    fields = dict.fromkeys((*modelcatalog.Checkpoint.model_fields, *modelcatalog.Checkpoint.model_computed_fields))
    told = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
    return jsonlib.dumps({**fields, "asked": text, "error": told}, ensure_ascii=False)

"""Owns the commands that show what the catalog knows of models: catalog and facts. Knows no hub and no engine."""

from __future__ import annotations

import os
from itertools import chain, islice
from typing import Annotated, Any, Literal

import typer

import modelcatalog
from modelcatalog.cli import completing, ending, show
from modelcatalog.cli.given import Given, lines, typed
from modelcatalog.cli.options import File, Json, Names  # noqa: TC001  typer reads them
from modelcatalog.cli.words import words
from modelcatalog.records import RepositoryHub  # noqa: TC001  typer reads it

__all__ = ["catalog", "facts"]


def _option(help_text: str, metavar: str | None = None, *names: str, complete: Any = None) -> Any:
    return typer.Option(*names, metavar=metavar, help=help_text, show_default=False, autocompletion=complete)


def catalog(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="A part of a repository's id, or of an API's.", show_default=False)] = None,
    *,
    company: Annotated[str | None, _option("A company, by any of its names.", "COMPANY", complete=completing.companies)] = None,
    family: Annotated[str | None, _option("A family: Qwen, Llama, …", "FAMILY", complete=completing.families)] = None,
    kind: Annotated[str | None, _option("A type: instruct, Code, 对话, …", "TYPE", "--type", complete=completing.types)] = None,
    weights: Annotated[Literal["open", "closed"] | None, _option("Whether the weights are published.")] = None,
    smallest: Annotated[str | None, _option("At least this many parameters: 500M, 3B, …", "SIZE")] = None,
    largest: Annotated[str | None, _option("At most this many parameters.", "SIZE")] = None,
    context: Annotated[str | None, _option("At least this many tokens of context: 100k, 1m, …", "TOKENS")] = None,
    reads: Annotated[str | None, _option("What it reads: text, image, audio, video, file.", "MODALITY", "--input", complete=completing.modalities)] = None,
    writes: Annotated[
        str | None, _option("What it writes: text, image, audio, video, embedding.", "MODALITY", "--output", complete=completing.modalities)
    ] = None,
    licence: Annotated[str | None, _option("Its licence: apache-2.0, mit, …", "LICENCE", "--licence", "--license")] = None,
    since: Annotated[str | None, _option("Released then or later: 2025, 2025-06, …", "DAY")] = None,
    retired: Annotated[bool | None, _option("Only what its vendor no longer serves, or only the rest.", None, "--retired/--current")] = None,
    hub: Annotated[RepositoryHub | None, _option("Only repositories on this hub; one on both is else shown once.")] = None,
    json: Json = False,
) -> None:
    """List the companies and their families, or the models that meet every condition."""
    say = words(os.environ)
    asked: dict[str, Any] = {
        "company": company, "family": family, "type": kind, "weights": weights, "smallest": smallest, "largest": largest, "context": context, "input": reads,
        "output": writes, "licence": licence, "since": since, "retired": retired, "hub": hub,
    }  # fmt: skip
    if text is None and all(value is None for value in asked.values()):
        if json:
            lines(modelcatalog.catalog.companies)
        else:
            show.companies(show.console(), modelcatalog.catalog.companies, modelcatalog.catalog.families, say)
        return
    with typed(asked):
        found = modelcatalog.catalog.browse(text, **asked)
    left = iter(found)
    first = list(islice(left, 1))
    if not first:
        show.console(stderr=True).print(say.nothing_found)
    elif json:
        lines(chain(first, left))
    else:
        show.listed(show.console(), chain(first, left), say)
    if found.unstated:
        show.console(stderr=True).print(say.unstated.format(count=found.unstated), soft_wrap=True)
    if not first:
        raise typer.Exit(ending.FAILED)


def facts(names: Names = None, *, file: File = None, json: Json = False) -> None:
    """Say what is known of models: limits, modalities, abilities, licence and dates; of one model also who says it."""
    given, say = Given(names, file), words(os.environ)
    found = given.each(modelcatalog.facts)
    if json:
        lines(found)
    else:
        out = show.console()
        if given.single:
            for one in found:
                if not show.known(out, one, say):
                    show.console(stderr=True).print(say.nothing_known.format(name=one.name), soft_wrap=True)
        else:
            show.models(out, found, say)
    given.end()

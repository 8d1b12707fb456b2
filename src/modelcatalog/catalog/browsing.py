"""Owns `browse`: every model that the catalog lists, published or only served, each with its facts, under conditions. Knows no network."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

from modelcatalog import names
from modelcatalog.catalog import wanted
from modelcatalog.catalog.completing import parse
from modelcatalog.catalog.index import index
from modelcatalog.catalog.knowing import facts
from modelcatalog.catalog.listing import HUBS, known_hub, listed_checkpoint, listing
from modelcatalog.records import Modality, RepositoryHub, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.catalog.listing import Entry
    from modelcatalog.known import Facts, Series

__all__ = ["Browse", "Listed", "browse"]


class Listed(BaseModel):
    """One model that the catalog lists, and what is known of it; None, or an empty tuple, where nobody says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """The repository's id, or the id of an API that alone serves it."""
    company: str
    family: str
    series: str
    hub: RepositoryHub | None = None
    """None where the weights are not published."""
    repo_id: str | None = None
    open_weights: bool | None = None
    size: Size | None = None
    types: tuple[str, ...] = ()
    context_length: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[Modality, ...] = ()
    output_modalities: tuple[Modality, ...] = ()
    tools: bool | None = None
    reasoning: bool | None = None
    licence: str | None = None
    released: str | None = None
    deprecated: str | None = None
    retired: str | None = None


class _Conditions(NamedTuple):
    """What is wanted, as facts and names write it."""

    text: str | None
    company: str | None
    family: str | None
    type: str | None
    open_weights: bool | None
    smallest: int | None
    largest: int | None
    context: int | None
    input: Modality | None
    output: Modality | None
    licence: str | None
    since: str | None
    retired: bool | None
    hub: RepositoryHub | None


_FACTS = (
    "context_length", "max_output_tokens", "input_modalities", "output_modalities", "tools", "reasoning", "licence", "released", "deprecated", "retired",
)  # fmt: skip
"""What a row takes from `facts`."""


class Browse:
    """Models that meet every condition, one at a time; iterate once.

    Attributes:
        unstated: How many met all that is stated of them, while some condition asks what nobody states.
    """

    def __init__(self, conditions: _Conditions) -> None:
        self._asked = conditions
        self.unstated = 0

    def __iter__(self) -> Iterator[Listed]:
        asked = self._asked
        self.unstated = 0
        entries: dict[int, list[Entry]] = {}
        for entry in listing().entries:
            entries.setdefault(id(entry.series), []).append(entry)
        served: dict[int, dict[str, None]] = {}
        for line, name in listing().served.values():
            served.setdefault(id(line), {})[name] = None
        for (company, family), lines in groupby(index().series, lambda line: (line.company, line.family)):
            if asked.company in (None, company) and asked.family in (None, family):
                for line in lines:
                    yield from self._of(line, entries.get(id(line), []), served.get(id(line), {}))

    def _of(self, line: Series, entries: list[Entry], served: dict[str, None]) -> Iterator[Listed]:
        asked = self._asked
        for entry in entries:
            place = next((hub for hub in HUBS if asked.hub in (None, hub) and listed_checkpoint(entry, hub)), None)
            found = None if place is None else listed_checkpoint(entry, place)
            if found is not None and asked.open_weights is not False:
                yield from self._meeting(line, found.repo_id, place, found.size)
        if asked.hub is not None:
            return
        # Of a series without ids, published or served, its name is all that there is: M6, PanGu-Σ.
        for name in served or ([line.name] if line.weights == "closed" and not entries else []):
            yield from self._meeting(line, name, None, parse(name).size)

    def _meeting(self, line: Series, name: str, hub: RepositoryHub | None, size: Size | None) -> Iterator[Listed]:
        asked = self._asked
        if asked.text is not None and asked.text not in name.lower():
            return
        types = tuple(dict.fromkeys((*line.types, *names.read(name).types)))
        if asked.type is not None and asked.type not in types:
            return
        known = facts(name)
        is_open = True if hub is not None else known.open_weights
        verdicts = [*self._verdicts(known, size), None if asked.open_weights is None else _is(is_open, asked.open_weights)]
        if "no" in verdicts:
            return
        if "unstated" in verdicts:
            self.unstated += 1
            return
        yield Listed(
            name=name, company=line.company, family=line.family, series=line.name, hub=hub, repo_id=None if hub is None else name, open_weights=is_open,
            size=size, types=types, **{field: getattr(known, field) for field in _FACTS},
        )  # fmt: skip

    def _verdicts(self, known: Facts, size: Size | None) -> Iterator[str | None]:
        """For each condition that asks for a fact: met (None), ``no``, or ``unstated``."""
        asked, total = self._asked, None if size is None else size.total
        if asked.smallest is not None or asked.largest is not None:
            fits = total is not None and (asked.smallest is None or total >= asked.smallest) and (asked.largest is None or total <= asked.largest)
            yield "unstated" if total is None else None if fits else "no"
        if asked.context is not None:
            yield "unstated" if known.context_length is None else None if known.context_length >= asked.context else "no"
        if asked.input is not None:
            yield "unstated" if not known.input_modalities else None if asked.input in known.input_modalities else "no"
        if asked.output is not None:
            yield "unstated" if not known.output_modalities else None if asked.output in known.output_modalities else "no"
        if asked.licence is not None:
            yield _is(known.licence, asked.licence)
        if asked.since is not None:
            # What was gone by then was not released after; and 2025 is later than no month of 2025 for certain.
            latest = known.released or min((day for day in (known.deprecated, known.retired) if day), default=None)
            yield "unstated" if latest is None else "no" if latest < asked.since else None if known.released else "unstated"
        if asked.retired is not None:
            yield None if known.gone() is asked.retired else "no"


def _is(stated: object, asked: object) -> str | None:
    return "unstated" if stated is None else None if stated == asked else "no"


def browse(
    text: str | None = None,
    *,
    company: str | None = None,
    family: str | None = None,
    type: str | None = None,  # noqa: A002  the field's name
    weights: str | None = None,
    smallest: int | str | None = None,
    largest: int | str | None = None,
    context: int | str | None = None,
    input: str | None = None,  # noqa: A002  the data's name
    output: str | None = None,
    licence: str | None = None,
    since: str | None = None,
    retired: bool | None = None,
    hub: RepositoryHub | None = None,
) -> Browse:
    """Every model that the catalog lists and that meets every condition, in the catalog's order: repositories, and what an API alone serves.

    A repository on both hubs is one row, of the hub that is asked for, else of Hugging Face. What nobody states meets no condition;
    how many rows that left out is counted in ``unstated``.

    Args:
        text: A part of the id.
        company: A company, by any of its names: ``阿里巴巴``, ``脸书``.
        family: A family, by any of its names.
        type: A type in any spelling: ``coder``, ``Code``, ``代码``.
        weights: ``open`` or ``closed``.
        smallest: Least total parameters, as a number or as text: ``"3B"``.
        largest: Most total parameters.
        context: Least context length in tokens: ``"128k"`` is 128,000.
        input: What it must read: ``image``.
        output: What it must write.
        licence: ``apache-2.0``.
        since: ISO day, month or year: released then or later.
        retired: Only what its vendor no longer serves, or with False only the rest.
        hub: Only repositories on this hub.

    Raises:
        Unsupported: a word that the catalog does not know, and the nearest that it does; an amount or a day that is none.

    >>> next(iter(browse(company="Anthropic", since="2026"))).open_weights
    False
    >>> {one.context_length for one in browse("Phi-3-mini", type="instruct", context="100k", hub="modelscope")}
    {131072}
    """
    known_hub(hub)
    return Browse(
        _Conditions(
            wanted.part(text),
            None if company is None else wanted.company(company),
            None if family is None else wanted.family(family),
            None if type is None else wanted.type_word(type),
            None if weights is None else wanted.published(weights),
            *wanted.between(smallest, largest),
            None if context is None else wanted.amount(context),
            None if input is None else wanted.modality(input),
            None if output is None else wanted.modality(output),
            None if licence is None else wanted.licence(licence),
            None if since is None else wanted.day(since),
            wanted.switch(retired, "retired"),
            hub,
        )
    )

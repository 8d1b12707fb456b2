"""Owns looking things up: `find` for one, `search` for many."""

from __future__ import annotations

import re
from collections.abc import Iterator  # noqa: TC003  typing.get_type_hints reads it
from typing import TYPE_CHECKING

from modelcatalog import names, vocabulary
from modelcatalog.catalog import wanted
from modelcatalog.catalog.completing import no_name, worded
from modelcatalog.catalog.index import company_named, index
from modelcatalog.catalog.listing import HUBS, is_repackager, known_hub, listed_checkpoint, listing, same_model
from modelcatalog.catalog.resolving import reached, resolve
from modelcatalog.catalog.sizes import fold
from modelcatalog.errors import ClosedWeights
from modelcatalog.known import Checkpoint, Match
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.records import RepositoryHub, Weights, valid

if TYPE_CHECKING:
    from modelcatalog.known import Company, Family, Series
    from modelcatalog.records import ModelName

__all__ = ["find", "search"]

_STATED = set(Match.model_fields)
_APART = re.compile(r"[\W_]+")


def find(text: str) -> Match | None:
    """What a word or a name stands for: company, family, series and checkpoint, as far as it reaches.

    >>> find("通义千问").family.name, find("gpt-4o").company.name, find("xyzzy")
    ('Qwen', 'OpenAI', None)
    """
    if not isinstance(text, str):
        raise no_name(text)
    if not text.strip():
        return None
    known = index()
    squeezed = _APART.sub("", text.lower())
    named = current_dictionary().company_of.get(squeezed)
    name = worded(text)
    family = known.families.get(name.family or "")
    if named is not None and (family is None or name.version is None):
        company = company_named(named)
        own = family if family is not None and family.company == named else None
        return _match(company, own)
    checkpoint = _listed(name)
    line = None if checkpoint is None else listing().by_id[HUBS[0]][checkpoint.repo_id.lower()].series
    if line is not None:
        family = family or known.families.get(line.family)
    elif family is not None and name.version:
        line = next(iter(known.by_version.get((family.name, fold(name.version)), [])), None)
    if family is None:
        return None
    return _match(company_named(family.company), family, line, checkpoint)


def _listed(name: ModelName) -> Checkpoint | None:
    """The repository that the catalog lists for the name; None where only a longer name would reach it."""
    found = reached(name, HUBS[0])
    if found is None and name.owner is not None and is_repackager(name.owner):
        try:
            found = resolve(name, HUBS[0])  # who publishes the models of others may have it on the other hub
        except ClosedWeights:
            return None
    if found is None or not found.exists:
        return None
    return found if found.confidence in {"sourced", "recorded"} or same_model(name, listing()) else None


def _match(company: Company, family: Family | None, line: Series | None = None, found: Checkpoint | None = None) -> Match:
    return valid(Match, {"company": company, "family": family, "series": line, "checkpoint": found}, _STATED)


def search(
    text: str | None = None,
    *,
    company: str | None = None,
    family: str | None = None,
    weights: Weights | None = None,
    type: str | None = None,  # noqa: A002  the field's name
    licence: str | None = None,
    since: str | None = None,
    smallest: int | str | None = None,
    largest: int | str | None = None,
    hub: RepositoryHub | None = None,
) -> Iterator[Checkpoint]:
    """Checkpoints that meet every condition, in the catalog's order; `browse` has models that are only served too, and more conditions.

    Args:
        text: A part of the repository's id.
        company: A company, by any of its names.
        family: A family, by any of its names.
        weights: Series with open, closed or mixed weights.
        type: A type in any spelling, in the name or of the whole series.
        licence: ``apache-2.0``, in any spelling.
        since: ISO date or the beginning of one: series released then or later.
        smallest: Least total parameters, as a number or as text: ``"3B"``.
        largest: Most total parameters.
        hub: One hub only.

    Raises:
        Unsupported: a word that the catalog does not know, and the nearest that it does; an amount or a day that is none, amounts that nothing lies between.

    >>> next(search(family="Qwen", type="coder", largest=2_000_000_000)).hub
    'huggingface'
    """
    text = wanted.part(text)
    known_hub(hub)  # what is wrong with a condition is said at the call, and not where the first is taken
    company = None if company is None else wanted.company(company)
    family = None if family is None else wanted.family(family)
    weights = None if weights is None else wanted.weights(weights)
    type = None if type is None else wanted.type_word(type)  # noqa: A001  the field's name
    licence = None if licence is None else wanted.licence(licence)
    since = None if since is None else wanted.day(since)
    least, most = wanted.between(smallest, largest)

    def found() -> Iterator[Checkpoint]:
        for entry in listing().entries:
            line = entry.series
            if company is not None and line.company != company or family is not None and line.family != family:
                continue
            if weights is not None and line.weights != weights:
                continue
            if licence is not None and (line.licence is None or vocabulary.spdx(line.licence) != licence):
                continue
            if since is not None and (line.released is None or line.released < since):
                continue
            for place in HUBS if hub is None else (hub,):
                one = listed_checkpoint(entry, place)
                if one is None or text is not None and text not in one.repo_id.lower():
                    continue
                if type is not None and type not in line.types and type not in names.read(one.repo_id).types:
                    continue
                total = None if one.size is None else one.size.total
                if (least is not None or most is not None) and total is None:
                    continue
                if total is not None and (least is not None and total < least or most is not None and total > most):
                    continue
                yield one

    return found()

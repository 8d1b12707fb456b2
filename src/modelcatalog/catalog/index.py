"""Owns the records of the data files: companies, families, series. Built once, when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import names, vocabulary
from modelcatalog.catalog.sizes import fold
from modelcatalog.known import Company, Family, Series

if TYPE_CHECKING:
    from modelcatalog.entries import CompanyFile, FamilyEntry, Repackager, SeriesEntry
    from modelcatalog.records import Weights

__all__ = ["Index", "chinese_names", "company_named", "index", "series_of"]


class Index(NamedTuple):
    """Everything that is looked up."""

    companies: tuple[Company, ...]
    families: dict[str, Family]
    series: tuple[Series, ...]
    by_version: dict[tuple[str, str | None], list[Series]]
    company_by_name: dict[str, Company]


@vocabulary.kept("index", Index, Company, Family, Series)
def index() -> Index:
    """The records, by what they are looked up by."""
    every, by_name, all_series = [], {}, []
    by_version: dict[tuple[str, str | None], list[Series]] = {}
    for file in vocabulary.companies():
        every.append(_company(file))
        for entry in file.family:
            by_name[entry.name] = Family(
                name=entry.name, company=file.name, aliases=(*entry.aliases, *entry.spellings), zh=entry.zh, weights=entry.weights, about=entry.about,
                source=entry.source, checked=entry.checked,
            )  # fmt: skip
            for line in entry.series:
                made = series_of(file, entry, line)
                all_series.append(made)
                by_version.setdefault((entry.name, fold(made.version)), []).append(made)
    every += [_repackager(entry) for entry in vocabulary.hubs().repackager]
    return Index(tuple(every), by_name, tuple(all_series), by_version, {company.name: company for company in reversed(every)})


def _company(file: CompanyFile) -> Company:
    return Company(
        name=file.name, aliases=file.aliases, zh=file.zh, country=file.country, site=file.site, api=file.api, api_key=file.api_key, api_docs=file.api_docs,
        huggingface=file.accounts.huggingface, modelscope=file.accounts.modelscope, source=file.source, checked=file.checked,
    )  # fmt: skip


def _repackager(entry: Repackager) -> Company:
    return Company(name=entry.name, repackager=True, huggingface=entry.huggingface, modelscope=entry.modelscope, source="unverified")


def series_of(file: CompanyFile, family: FamilyEntry, entry: SeriesEntry) -> Series:
    """The record of a series."""
    return Series(
        name=entry.name, family=family.name, company=file.name, version=names.read(entry.name).version, weights=_weights(family, entry),
        released=entry.released, licence=entry.licence, context_length=entry.context_length, types=entry.types,
        source=family.source if entry.source == "unverified" else entry.source, checked=entry.checked or family.checked,
    )  # fmt: skip


def _weights(family: FamilyEntry, entry: SeriesEntry) -> Weights:
    if entry.weights is not None:
        return entry.weights
    if family.weights == "mixed" and entry.api and not entry.models:
        return "closed"
    return family.weights


def company_named(name: str) -> Company:
    """The company of that display name, which must be one."""
    return index().company_by_name[name]


@vocabulary.derived
def chinese_names() -> dict[str, str]:
    """Companies by their display names -> what Chinese calls them, where it has another name."""
    return {company.name: company.zh for company in index().companies if company.zh}

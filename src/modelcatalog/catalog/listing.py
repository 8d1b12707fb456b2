"""Owns the list of checkpoints: every repository that the data files name, by id on either hub and by model."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from modelcatalog import parser, vocabulary
from modelcatalog.catalog.index import index
from modelcatalog.catalog.sizes import by_rules
from modelcatalog.errors import CatalogDataError
from modelcatalog.lexicon import lexicon
from modelcatalog.patterns import expand
from modelcatalog.records import Checkpoint, ModelName, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelcatalog.records import Confidence, Hub

__all__ = ["HUBS", "Entry", "Listing", "checkpoint", "is_repackager", "listed_checkpoint", "listed_checkpoints", "listing", "on_hub", "packaging", "same_model", "undated"]

HUBS: tuple[Literal["huggingface", "modelscope"], ...] = ("huggingface", "modelscope")


class Entry(NamedTuple):
    """One checkpoint: its ids, and the series that it belongs to."""

    huggingface: str | None
    modelscope: str | Literal[False] | None
    series: Series
    model: str
    """The canonical name of the model."""
    version: str | None
    packaging: tuple[Any, ...]
    """Quantization and format: what tells the checkpoints of one model apart."""


class Listing(NamedTuple):
    """Checkpoints by id on either hub, and by model."""

    entries: tuple[Entry, ...]
    by_id: dict[str, dict[str, Entry]]
    by_model: dict[str, list[Entry]]
    by_family: dict[str, list[Entry]]
    served: dict[str, tuple[Series, str]]
    """Canonical name of a model that is only served -> its series and API id."""
    account: dict[str, dict[str, str]]
    """Hub -> lower-case account there -> the same company's account on the other hub."""


@cache
def listing() -> Listing:
    entries: list[Entry] = []
    served: dict[str, tuple[Series, str]] = {}
    accounts: dict[str, dict[str, str]] = {"huggingface": {}, "modelscope": {}}
    mirrors = vocabulary.hubs().mirrors
    lines = iter(index().series)
    for file in vocabulary.companies():
        hf, ms = file.accounts.huggingface, file.accounts.modelscope
        for account in hf:
            target = _there(account, ms, mirrors)
            if target:
                accounts["huggingface"].setdefault(account.lower(), target)
        for account in ms:
            if hf and not is_repackager(account):
                same = next((a for a in hf if a.lower() == account.lower()), hf[0])
                accounts["modelscope"].setdefault(account.lower(), same)
        for family in file.family:
            for entry in family.series:
                line = next(lines)
                entries += _entries(file, family, entry, line)
                for name in entry.api:
                    read = parser.read(name)
                    for key in (read.canonical, undated(read)):
                        served.setdefault(key, (line, name))
    by_id: dict[str, dict[str, Entry]] = {"huggingface": {}, "modelscope": {}}
    by_model: dict[str, list[Entry]] = {}
    by_family: dict[str, list[Entry]] = {}
    for found in entries:
        if found.huggingface:
            by_id["huggingface"].setdefault(found.huggingface.lower(), found)
        if found.modelscope:
            # Several ids there can mean one here; the one of the same name is meant first.
            key = found.modelscope.lower()
            same = found.huggingface is not None and found.huggingface.lower().endswith(key.partition("/")[2])
            if same or key not in by_id["modelscope"]:
                by_id["modelscope"][key] = found
        by_model.setdefault(found.model, []).append(found)
        by_family.setdefault(found.series.family, []).append(found)
    return Listing(tuple(entries), by_id, by_model, by_family, served, accounts)


def undated(name: ModelName) -> str:
    """The canonical name without its date, or the word that stands for the newest one."""
    stem = name.canonical.partition("@")[0]
    return "-".join(word for word in stem.split("-") if word != "latest")


def _there(account: str, modelscope: tuple[str, ...], mirrors: dict[str, str]) -> str | None:
    """The ModelScope account for a Hugging Face one: of the same name, else the mirror, else the company's main one."""
    same = next((name for name in modelscope if name.lower() == account.lower()), None)
    return same or mirrors.get(account) or next(iter(modelscope), None)


def is_repackager(account: str) -> bool:
    known = lexicon().accounts.get(account.lower())
    return known is not None and known.repackager


def _entries(file: vocabulary.CompanyFile, family: vocabulary.FamilyEntry, entry: vocabulary.SeriesEntry, line: Series) -> Iterator[Entry]:
    mirrors = vocabulary.hubs().mirrors
    for pattern in entry.models:
        try:
            names = expand(pattern)
        except ValueError as error:
            message = f"{file.name} › {family.name} › {entry.name}: models: {error}"
            raise CatalogDataError(message, subject=pattern) from error
        for name in names:
            owner, slash, bare = name.rpartition("/")
            if not slash:
                account = entry.huggingface if entry.huggingface is not None else next(iter(file.accounts.huggingface), None)
            else:
                account = owner
            theirs: str | Literal[False] | None = entry.modelscope
            if theirs is None and account:
                theirs = _there(account, file.accounts.modelscope, mirrors)
            there: str | Literal[False] | None = theirs and f"{theirs}/{bare}"
            renamed = entry.renamed.get(name, entry.renamed.get(bare))
            if renamed is not None:
                there = renamed if renamed is False or "/" in renamed else theirs and f"{theirs}/{renamed}"
            read = parser.read(f"{account}/{bare}" if account else bare)
            yield Entry(f"{account}/{bare}" if account else None, there, line, read.canonical, read.version, packaging(read))


def packaging(name: ModelName) -> tuple[Any, ...]:
    quantization = name.quantization
    return (quantization and quantization.method, quantization and quantization.bits, name.format, name.dtype)



def listed_checkpoints(model: str | None = None) -> tuple[Checkpoint, ...]:
    """Every checkpoint, or those of the model of that canonical name."""
    listed = listing()
    entries = listed.entries if model is None else listed.by_model.get(model, ())
    return tuple(found for entry in entries for hub in HUBS if (found := listed_checkpoint(entry, hub)) is not None)



def listed_checkpoint(entry: Entry, hub: Hub) -> Checkpoint | None:
    repo_id = entry.huggingface if hub == "huggingface" else entry.modelscope
    if not repo_id:
        return None
    sourced = entry.series.source != "unverified"
    return checkpoint(hub, repo_id, entry, "sourced" if sourced and hub == "huggingface" else "recorded", exists=True)


def checkpoint(hub: Hub, repo_id: str, entry: Entry | None, confidence: Confidence, *, exists: bool | None) -> Checkpoint:
    size = None if entry is None else by_rules(parser.read(repo_id)).size
    line = None if entry is None else entry.series
    return Checkpoint(
        hub=hub, repo_id=repo_id, exists=exists, confidence=confidence, series=line and line.name, size=size,
        source=line.source if line else "unverified", checked=line and line.checked,
    )  # fmt: skip


def on_hub(entry: Entry, target: Hub, others: Iterable[Entry] = ()) -> Checkpoint:
    found = listed_checkpoint(entry, target)
    if found is not None:
        alternatives = tuple(dict.fromkeys(c.repo_id for e in others if (c := listed_checkpoint(e, target)) is not None and c.repo_id != found.repo_id))
        return found.model_copy(update={"alternatives": alternatives})
    here = entry.huggingface or entry.modelscope or ""
    missing = entry.modelscope is False or (target == "huggingface" and entry.huggingface is None)
    return checkpoint(target, here, entry, "recorded" if missing else "derived", exists=False if missing else None)


def same_model(name: ModelName, listed: Listing) -> list[Entry]:
    for key in (name.canonical, *_kindred(name)):
        if entries := listed.by_model.get(key):
            return entries
    return []


def _kindred(name: ModelName) -> Iterator[str]:
    """Spellings that leave out what a vendor's repository says: ``-instruct``, ``-it``, ``-hf``; or say more than it."""
    stem, at, date = name.canonical.partition("@")
    head = stem.split("-")
    fixed = 1 + (name.version is not None)
    for word in ("instruct", "chat"):
        if word not in head:
            yield "-".join([*head[:fixed], *sorted({*head[fixed:], word})]) + at + date
    for word in ("instruct", "chat", "preview", "base"):
        if word in head[fixed:]:
            yield "-".join([*head[:fixed], *(w for w in head[fixed:] if w != word)]) + at + date
    if at:
        yield stem

"""Owns what `modelcatalog update` fetched, as a table: what is said of models, and which repositories a hub listed.

Knows no network. The table is kept beside the file that it is made from, and made anew when that file, or the package, has changed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Mapping
from hashlib import blake2b
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json, to_json

from modelcatalog import columns, keeping, names, userfolder, vocabulary
from modelcatalog.catalog.packaging import Packaging, packaging
from modelcatalog.errors import CatalogDataError
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.pausing import lasting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from modelcatalog.userdata import HubListings, ModelsTold, ModelTold, UserData

__all__ = ["MODELS_DEV", "Fetched", "FetchedDataWarning", "Ids", "Listed", "New", "Told", "made_of", "read", "said_by", "vendors_own"]

MODELS_DEV = "models.dev"
"""The name under which its facts are said."""
_TABLE = "updates.table.json"
_LAYOUT = 1
"""Of the table; another one is made anew."""
_RECORD = {"input": "input_modalities", "output": "output_modalities"}
"""Field of the file -> what the record of facts calls it, where that differs."""
_OF_THE_MODEL = frozenset({"input_modalities", "output_modalities", "reasoning", "open_weights", "released", "knowledge_cutoff"})
"""What is true of a model wherever it is served: others than its vendor may say it, where they agree."""
_WITNESSES = 2
"""How many of them must."""


class FetchedDataWarning(UserWarning):
    """What `modelcatalog update` left cannot be used; the package's own data is."""


class Told(NamedTuple):
    """What somebody else says, and when."""

    facts: dict[str, Any]
    source: str
    day: date


class Listed(NamedTuple):
    """A repository that a hub listed."""

    id: str
    gated: bool | None
    licence: str | None
    base_models: tuple[str, ...]
    source: str
    """The page of its account."""
    day: date


class New(NamedTuple):
    """A repository of a company's own account, with a model of its own, that no data file names."""

    id: str
    source: str
    day: date
    licence: str | None
    company: str
    family: str
    version: str | None
    series: str
    """Family and version as people say it."""
    model: str
    """The canonical name; then the words and the date of its identity."""
    words: tuple[str, ...]
    date: str
    packaging: Packaging


class Fetched(NamedTuple):
    """All of it, by what it is looked up by."""

    models: dict[str, tuple[Told, ...]]
    """Canonical name -> what is said, the vendor's own word first."""
    repositories: dict[str, dict[str, list[Any]]]
    """Hub -> lower-case id -> the first fields of `Listed`: tens of thousands of them are looked at one by one, if at all."""
    accounts: dict[str, dict[str, Told]]
    """Hub -> lower-case account that was listed whole -> its page and the day."""
    new: dict[str, tuple[New, ...]]
    """Hub -> what no data file names."""
    days: dict[str, date]
    """Source -> the latest day on which something came from it."""

    def listed(self, hub: str, repo_id: str) -> Listed | None:
        """The repository as its hub listed it."""
        row, whole = self.repositories.get(hub, {}).get(repo_id.lower()), self.whole(hub, repo_id)
        return None if row is None or whole is None else Listed(row[0], row[1], row[2], tuple(row[3]), whole.source, whole.day)

    def whole(self, hub: str, repo_id: str) -> Told | None:
        """When all repositories of its account were listed; None where they were not."""
        return self.accounts.get(hub, {}).get(repo_id.partition("/")[0].lower())


Ids = Mapping[str, Collection[str]]
"""Hub -> the ids that the data files name, in lower case."""


def read(found: userfolder.Found, known: Callable[[], Ids]) -> Fetched | None:
    """What was fetched; None where the file is not good, which is said."""
    made_from = _made_from(found)
    with lasting():
        table = _kept(found.place.with_name(_TABLE), made_from)
        if table is None:
            from modelcatalog import userdata  # its forms cost as much as the whole table

            try:
                data = userdata.read(found.place)
            except CatalogDataError as error:
                warnings.warn(f"{error.message}; it is not used\n  {error.hint}", FetchedDataWarning, stacklevel=2)
                return None
            table = made_of(data, known())
            _keep(found.place.with_name(_TABLE), made_from, table)
    return table


# --- making it ------------------------------------------------------------------------------------


def made_of(data: UserData, known: Ids) -> Fetched:
    """The table of a file: thousands of names are read for it."""
    repositories: dict[str, dict[str, list[Any]]] = {}
    accounts: dict[str, dict[str, Told]] = {}
    new: dict[str, tuple[New, ...]] = {}
    days = {} if data.models is None else {MODELS_DEV: data.models.day}
    for hub, listings in data.hubs.items():
        every = (one for account in listings.accounts.values() for one in account.repositories)
        repositories[hub] = {one.id.lower(): [one.id, one.gated, one.licence, list(one.base_models)] for one in every}
        accounts[hub] = {name.lower(): Told({}, f"{listings.address}/{name}", account.at.date()) for name, account in listings.accounts.items()}
        new[hub] = tuple(_new(listings, known.get(hub, ())))
        if accounts[hub]:
            days[hub] = max(one.day for one in accounts[hub].values())
    return Fetched({} if data.models is None else _models(data.models), repositories, accounts, new, days)


def _new(listings: HubListings, known: Collection[str]) -> Iterator[New]:
    companies = current_dictionary().accounts
    for owner, account in listings.accounts.items():
        of = companies.get(owner.lower())
        if of is None or of.repackager:
            continue
        for one in account.repositories:
            if one.id.lower() in known:
                continue
            name = names.read(one.id)
            if name.company is not None and name.company == of.company and name.family is not None and name.part is None:
                yield New(
                    one.id, f"{listings.address}/{owner}", account.at.date(), one.licence, name.company, name.family, name.version,
                    name.series or name.family, name.canonical, name.identity.words, name.identity.date, packaging(name),
                )  # fmt: skip


def _models(told: ModelsTold) -> dict[str, tuple[Told, ...]]:
    own: dict[str, list[dict[str, Any]]] = {}
    others: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in told.models:
        canonical, by_vendor = vendors_own(row)
        if canonical is None:
            continue
        if by_vendor:
            own.setdefault(canonical, []).append(said_by(row))
        else:
            others.setdefault(canonical, {}).setdefault(row.provider, []).append(said_by(row))
    found: dict[str, tuple[Told, ...]] = {}
    for canonical in dict.fromkeys((*own, *others)):
        word = _agreed(own.get(canonical, ()))
        witnesses = others.get(canonical, {})
        besides = (
            _agreed([facts for rows in witnesses.values() for facts in rows], among=_OF_THE_MODEL, least=_WITNESSES) if len(witnesses) >= _WITNESSES else {}
        )
        if all_said := tuple(Told(facts, MODELS_DEV, told.day) for facts in (word, besides) if facts):
            found[canonical] = all_said
    return found


def vendors_own(row: ModelTold) -> tuple[str | None, bool]:
    """The canonical name of the model that a row is about, None for one of a company that nobody knows; and whether its vendor serves it."""
    account = current_dictionary().accounts.get(row.provider.lower())
    company = None if account is None or account.repackager else account.company
    name = names.read(row.id if "/" in row.id or company is None else f"{row.provider}/{row.id}")
    if name.company is None:
        return None, False
    return name.canonical, name.company == company


def said_by(row: ModelTold) -> dict[str, Any]:
    """The facts of a row, by their names in the record."""
    return {_RECORD.get(key, key): value for key, value in row.model_dump(exclude={"provider", "id"}).items() if value not in (None, ())}


def _agreed(rows: Iterable[dict[str, Any]], among: frozenset[str] | None = None, least: int = 1) -> dict[str, Any]:
    """What nobody contradicts; of a fact that several tell differently, which one is right nobody knows."""
    values: dict[str, list[Any]] = {}
    for facts in rows:
        for field, value in facts.items():
            if among is None or field in among:
                values.setdefault(field, []).append(value)
    return {field: every[0] for field, every in values.items() if len(every) >= least and all(one == every[0] for one in every)}


_CLASSES = (Fetched, Told, New, Packaging)


# --- keeping it -----------------------------------------------------------------------------------


def _made_from(found: userfolder.Found) -> str | None:
    """What the table depends on, as far as a look tells: the file, the package, a user's own data; None where a program added to that."""
    if vocabulary.added():
        return None
    try:
        files = [file for place in userfolder.places() for file in userfolder.data_files(place)]
        seen = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return repr((_LAYOUT, found.size, found.written, keeping.Sources.here().times, seen))
    except OSError:
        return None


def _kept(place: Path, made_from: str | None) -> Fetched | None:
    if made_from is None:
        return None
    try:
        with place.open("rb") as file:
            head, packed = from_json(file.readline()), file.read()
        if head != {"of": made_from, "check": _check(packed)}:
            return None
        table: Fetched = columns.unpack(from_json(packed), _CLASSES)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return table


def _keep(place: Path, made_from: str | None, table: Fetched) -> None:
    """Write the table beside the file, if that can be; a folder that cannot be written costs the time alone."""
    if made_from is None:
        return
    packed = to_json(columns.pack(table, _CLASSES))
    draft = place.with_name(f".{place.name}.{os.getpid()}.{get_ident()}")
    try:
        draft.write_bytes(to_json({"of": made_from, "check": _check(packed)}) + b"\n" + packed)
        draft.replace(place)
    except OSError:
        return


def _check(packed: bytes) -> str:
    return blake2b(packed, digest_size=16).hexdigest()

"""Owns the reading of data/: TOML files become entries, several files of one company one entry. Keeps nothing.

No other module knows where data/ is. A file that does not validate raises `CatalogDataError`, whose message names the file, the
entry, what is wrong and what to do.
"""

from __future__ import annotations

import os
import tomllib
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from modelcatalog import keeping, userfolder
from modelcatalog.entries import (
    OWN,
    CompaniesFile,
    CompanyFile,
    HubsFile,
    MethodsFile,
    NumbersFile,
    ProvidersFile,
    TasksFile,
    ThinkingFile,
    ToolsFile,
    TypesFile,
)
from modelcatalog.errors import CatalogDataError, shown
from modelcatalog.patterns import expand
from modelcatalog.reviewing import agree, apart, review

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from modelcatalog.entries import FamilyEntry, SeriesEntry

__all__ = [
    "companies",
    "hubs",
    "joined",
    "merged",
    "methods",
    "model_names",
    "numbers",
    "providers",
    "read",
    "read_all",
    "read_companies",
    "tasks",
    "thinking",
    "tools",
    "types",
]

_M = TypeVar("_M", bound=BaseModel)


def _data() -> Traversable:
    return files("modelcatalog") / "data"


def read(form: type[_M], name: str) -> _M:
    """A file of data/ in the form that its one reader has for it."""
    return _load(form, _data() / name)


def hubs() -> HubsFile:
    """Hosts, routes and repackagers."""
    return _load(HubsFile, _data() / "hubs.toml")


def providers() -> ProvidersFile:
    """Who serves models."""
    return _load(ProvidersFile, _data() / "providers.toml")


def methods() -> MethodsFile:
    """Quantization methods, formats and number types."""
    return _load(MethodsFile, _data() / "quantizations.toml")


def numbers() -> NumbersFile:
    """Numbers that tell what they count."""
    return _load(NumbersFile, _data() / "numbers.toml")


def tasks() -> TasksFile:
    """What checkpoints are for that do not talk."""
    return _load(TasksFile, _data() / "tasks.toml")


def thinking() -> ThinkingFile:
    """Marks of thinking and of answers."""
    return _load(ThinkingFile, _data() / "thinking.toml")


def tools() -> ToolsFile:
    """How models write calls of tools."""
    return _load(ToolsFile, _data() / "tools.toml")


def types() -> TypesFile:
    """The words for kinds of models, and those of other meanings beside them."""
    return _load(TypesFile, _data() / "types.toml")


def companies(added: Iterable[CompanyFile]) -> tuple[CompanyFile, ...]:
    """The package's own companies, by name, then those of ``MODELCATALOG_DATA``, then those that a program added.

    Raises:
        CatalogDataError: a file is wrong, or two give one name to two families.
    """
    # The package's own files are checked by its tests, and not by every process that reads them.
    own = sorted((file for place in own_places() for file in _companies(place, {OWN: True})), key=lambda file: file.name.lower())
    users = [file for place in userfolder.places() for file in read_all(place)]
    return joined(own, [*users, *added])


def own_places() -> list[Traversable]:
    """The package's own files of companies: those with a file of their own first."""
    return [place for room in keeping.COMPANIES for place in sorted((_data() / room).iterdir(), key=lambda place: place.name) if place.name.endswith(".toml")]


def _companies(place: Traversable | Path, context: dict[str, bool] | None = None) -> tuple[CompanyFile, ...]:
    raw = _raw(place)
    return _valid(CompaniesFile, raw, place, context).company if "company" in raw else (_valid(CompanyFile, raw, place, context),)


def read_companies(place: Traversable | Path, words: frozenset[str] | None = None) -> tuple[CompanyFile, ...]:
    """The company of a file, or its several; ``words`` are the types, where its caller has read them.

    Raises:
        CatalogDataError: what is wrong in which entry.
    """
    found = _companies(place)
    for file in found:
        agree(place.name, file, frozenset(types().type) if words is None else words)
    return found


def read_all(place: Path) -> list[CompanyFile]:
    """A user's file, or all of a folder.

    Raises:
        CatalogDataError: there is none, or what is wrong in which entry.
    """
    if not os.path.exists(place):  # noqa: PTH110  pathlib's own fails on a name that is too long for a file
        message = f"{place}: no such file or folder"
        raise CatalogDataError(message, subject=str(place), hint="name a TOML file, or a folder of them")
    words = frozenset(types().type)
    found = [_spelt(company) for file in userfolder.data_files(place) for company in read_companies(file, words)]
    if not found:
        message = f"{place}: no company in it"
        raise CatalogDataError(message, subject=str(place), hint="name a TOML file, or a folder of them")
    return found


def joined(before: Iterable[CompanyFile], users: Sequence[CompanyFile]) -> tuple[CompanyFile, ...]:
    """The companies with those of a user's files; see `merged`.

    Raises:
        CatalogDataError: a user's family has a word that says something else in other names; and as `merged`.
    """
    before = tuple(before)
    if users:
        known, taken = {family.name for file in before for family in file.family}, _taken()
        for file in users:
            apart(file, taken, known)
            known.update(family.name for family in file.family)
    return merged([*before, *users])


def _taken() -> frozenset[str]:
    """Words that say something else in every name."""
    words, packed = types(), methods()
    spelled = (*packed.formats.values(), *(one.aliases for one in words.type.values()), *(one.aliases for one in packed.method.values()))
    alone = (*words.type, *words.tiers, *packed.method, *packed.schemes, *packed.formats, *packed.dtypes)
    return frozenset(word.lower() for word in (*alone, *chain.from_iterable(spelled)))


def _spelt(file: CompanyFile) -> CompanyFile:
    """The same with its aliases as spellings: only the package's own data has aliases that tell models apart."""
    families = (one.model_copy(update={"aliases": (), "spellings": (*one.spellings, *one.aliases)}) for one in file.family)
    return file.model_copy(update={"family": tuple(families)})


def model_names(company: str, family: str, entry: SeriesEntry) -> list[str]:
    """The repository names that a series' patterns stand for.

    Raises:
        CatalogDataError: a pattern stands for nothing; the message names company, family and series.
    """
    names: list[str] = []
    for pattern in entry.models:
        try:
            names += expand(pattern)
        except ValueError as error:
            message = f"{company} › {family} › {entry.name}: models: {error}"
            raise CatalogDataError(message, subject=pattern) from error
    return names


def _load(model: type[_M], place: Traversable | Path) -> _M:
    return _valid(model, _raw(place), place)


def _raw(place: Traversable | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(place.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets: tomllib has no error of its own for them
        message, hint = f"{place.name}: {error}", "fix the TOML syntax; see https://toml.io"
        if isinstance(error, UnicodeDecodeError):
            message, hint = f"{place.name}: not UTF-8", "save it as UTF-8, as TOML is"
        raise CatalogDataError(message, subject=str(place), hint=hint) from error
    except OSError as error:
        message = f"{place.name}: {error.strerror or error}"
        raise CatalogDataError(message, subject=str(place), hint="name a TOML file that can be read, or a folder of them") from error


def _valid(model: type[_M], raw: dict[str, Any], place: Traversable | Path, context: dict[str, bool] | None = None) -> _M:
    try:
        return model.model_validate(raw, context=context)
    except ValidationError as error:
        raise CatalogDataError(review(place.name, raw, model, error), subject=str(place)) from error


def merged(files: Iterable[CompanyFile]) -> tuple[CompanyFile, ...]:
    """One entry a company: a later file of the same name adds its families, series and accounts.

    Raises:
        CatalogDataError: two companies have a family of one name, or facts speak of a series that there is not.
    """
    found: dict[str, CompanyFile] = {}
    owner: dict[str, str] = {}
    for file in files:
        for family in file.family:
            if owner.setdefault(family.name, file.name) != file.name:
                message = f"{file.name} › {family.name}: {owner[family.name]} has a family of that name; give it another one, or put the series there"
                raise CatalogDataError(message, subject=family.name)
        before = found.get(file.name)
        found[file.name] = file if before is None else _joined(before, file)
    for file in found.values():
        _speak_of_series(file)
    return tuple(found.values())


def _speak_of_series(file: CompanyFile) -> None:
    """Refuse facts of a series that the family has not."""
    for family in file.family:
        known = {line.name for line in family.series} if family.facts else set()
        for name in (one for entry in family.facts for one in entry.series if one not in known):
            message = f"{file.name} › {family.name} › facts: series: there is no series {name!r}"
            raise CatalogDataError(message, subject=name, hint="one of " + ", ".join(sorted(known)) if known else "name models in of=")


def _joined(before: CompanyFile, file: CompanyFile) -> CompanyFile:
    families = {family.name: family for family in before.family}
    for family in file.family:
        old = families.get(family.name)
        families[family.name] = family if old is None else _added(f"{file.name} › {family.name}", old, _own_weights(old, family), {"weights"})
    joined = _added(file.name, before, file, {"family"})
    return joined.model_copy(update={"family": tuple(families.values())})


def _own_weights(old: FamilyEntry, family: FamilyEntry) -> FamilyEntry:
    """What a later file says of the family's weights holds for the series that it adds."""
    if family.weights == old.weights:
        return family
    return family.model_copy(update={"series": tuple(line if line.weights else line.model_copy(update={"weights": family.weights}) for line in family.series)})


def _added(where: str, old: _M, new: _M, without: set[str]) -> _M:
    """An entry with what a later file adds: members of lists, and fields that nobody has filled.

    Raises:
        CatalogDataError: the later file says of a field what the earlier does not.
    """
    update: dict[str, Any] = {}
    for name in sorted(new.model_fields_set - {"name", "source", "checked", *without}):
        said, more = getattr(old, name), getattr(new, name)
        if isinstance(more, tuple):
            texts = all(isinstance(one, str) for one in (*said, *more))  # entries hold tables, which have no hash
            update[name] = tuple(dict.fromkeys((*said, *more))) if texts else (*said, *(one for one in more if one not in said))
        elif isinstance(more, BaseModel):
            update[name] = _added(f"{where} › {name}", said, more, set())
        elif isinstance(more, dict) and said.items() <= {**said, **more}.items():
            update[name] = {**said, **more}
        elif said == type(old).model_fields[name].default:
            update[name] = more
        elif said != more:
            message = f"{where}: {name}: {shown(more)}, where the catalog says {shown(said)}"
            raise CatalogDataError(message, subject=where, hint="a file can add to an entry of the catalog and not change what it says: leave it out")
    return old.model_copy(update=update)

"""Owns what a reviewer would say of a data file: which entry is wrong, which field was meant, what contradicts what. Reads no file."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from modelcatalog.errors import CatalogDataError, shown
from modelcatalog.patterns import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from pydantic import BaseModel, ValidationError

    from modelcatalog.entries import CompanyFile

__all__ = ["agree", "apart", "review"]

_SIZE = re.compile(r"\d+(?:\.\d+)?[kmbt]?", re.IGNORECASE)
"""A number, which stands for a version, a size or a length in every name."""


class _Step(NamedTuple):
    """An entry on the way to what is wrong."""

    path: str
    """How TOML names it: ``family.series``; empty for the file itself."""
    model: Any
    value: Any

    @property
    def fields(self) -> dict[str, Any]:
        return getattr(self.model, "model_fields", {})


def _way(raw: dict[str, Any], model: type[BaseModel], steps: Sequence[str | int]) -> list[_Step]:
    """The file, and each entry that a path leads through."""
    way, here, value, path = [_Step("", model, raw)], model, raw, ""
    for step in steps:
        field = getattr(here, "model_fields", {}).get(step)
        if field is not None:
            here, path = _entry(field.annotation), f"{path}.{step}".lstrip(".")
        try:
            value = value[step]  # type: ignore[index]  # TOML: a table by a text, an array by a number
        except (KeyError, IndexError, TypeError):
            break
        if here is not None and isinstance(value, dict) and way[-1].value is not value:
            way.append(_Step(path, here, value))
    return way


def _entry(kind: Any) -> Any:
    """The entry that a field holds, or holds many of; None: it holds none."""
    return kind if hasattr(kind, "model_fields") else next((found for one in get_args(kind) if (found := _entry(one)) is not None), None)


def _written(step: _Step, field: str) -> str:
    """How a field stands in a file: a key, a table, or one of many tables."""
    kind, path = step.fields[field].annotation, f"{step.path}.{field}".lstrip(".")
    if _entry(kind) is None:
        return field
    return f"[{path}]" if hasattr(kind, "model_fields") else f"[[{path}]]"


def _unknown(given: str, way: Sequence[_Step]) -> tuple[str, str | None]:
    """What is said of a field that an entry has not, and the field that was meant, where one is near."""
    here, value = way[-1], way[-1].value.get(given)
    table = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))
    kind = "table" if table else "field"
    owner = next((step for step in reversed(way[:-1]) if given in step.fields), None)
    if owner is not None:
        where = f"below [[{owner.path}]]" if owner.path else "at the top of the file, above every table"
        return f"unknown {kind}; write it {where}", None
    near = get_close_matches(given.lower(), here.fields, 1)
    others = ", ".join(here.fields)
    return f"unknown {kind}{f'; did you mean {_written(here, near[0])}?' if near else ''} (the fields are {others})", near[0] if near else None


def _shape(way: Sequence[_Step], field: str) -> str | None:
    """What is said of a table that is not of its kind: ``[family]`` where ``[[family]]`` is meant."""
    here = way[-1] if field in way[-1].fields else next((step for step in reversed(way) if field in step.fields), None)
    if here is None or _entry(here.fields[field].annotation) is None:
        return None
    return f"write {_written(here, field)}"


def review(file: str, raw: dict[str, Any], model: type[BaseModel], error: ValidationError) -> str:
    """A validation error as a reviewer would put it: file, entry, what is wrong, what to do; slips of the pen first."""
    unknown, missing, others = [], [], []
    meant: set[tuple[str, str | None]] = set()
    for problem in error.errors(include_url=False):
        loc, kind = problem["loc"], problem["type"]
        way = _way(raw, model, loc[:-1] if kind == "extra_forbidden" else loc)
        where = " › ".join([file, *(str(step.value["name"]) for step in way[1:] if "name" in step.value)])
        field = next((str(step) for step in reversed(loc) if isinstance(step, str)), "file")
        if kind == "extra_forbidden":
            said, near = _unknown(str(loc[-1]), way)
            unknown.append(f"{where}: {loc[-1]}: {said}")
            meant.add((where, near))
        elif kind == "missing":
            missing.append((where, field))
        else:
            shape = _shape(way, field) if kind in {"tuple_type", "model_type", "model_attributes_type"} else None
            got = f"{problem['msg'].removeprefix('Value error, ')} (got {shown(problem['input'])})"
            others.append(f"{where}: {field}: {shape or got}")
    # The field that a slip of the pen stands for is not missing.
    return "\n".join([*unknown, *(f"{where}: {field}: is missing" for where, field in missing if (where, field) not in meant), *others])


def agree(place: str, file: CompanyFile, words: frozenset[str]) -> None:
    """Refuse what contradicts itself in one company's file.

    Raises:
        CatalogDataError: naming the entry, the field and the cure.
    """
    for family in file.family:
        for line in family.series:
            where = f"{place} › {family.name} › {line.name}"
            if line.models and (line.weights or family.weights) == "closed":
                message = f"{where}: models: weights that are closed have no repositories"
                raise CatalogDataError(message, subject=line.name, hint='write the ids of its API into api=, or weights = "open" for the series')
            strange = next((word for word in line.types if word not in words), None)
            if strange is not None:
                message = f"{where}: types: {strange!r} is not a type{_nearest(strange, words)}"
                raise CatalogDataError(message, subject=strange, hint="data/types.toml has them all")
            if not line.renamed and not line.known_as:
                continue
            names = {name.rpartition("/")[2] for pattern in line.models for name in expand(pattern)}
            for field, ids in (("renamed", line.renamed), ("known_as", line.known_as.values())):
                odd = next((one for one in ids if "/" not in one and one not in names), None)
                if odd is not None:
                    message = f"{where}: {field}: {odd!r} is not one of its models{_nearest(odd, names)}"
                    raise CatalogDataError(message, subject=odd, hint="add it to models=, or write owner/name for a repository of another series")


def apart(file: CompanyFile, taken: frozenset[str], known: AbstractSet[str]) -> None:
    """Refuse families whose word says something else in the names of all others.

    Args:
        file: One company's file.
        taken: Words that say something else, in lower case.
        known: Families that there are already, whose names are read as they are.

    Raises:
        CatalogDataError: naming the family, the word and the cure.
    """
    for family in file.family:
        words = (*(() if family.name in known else (family.name,)), *family.aliases, *family.spellings)
        odd = next((word for word in words if word.lower() in taken or _SIZE.fullmatch(word)), None)
        if odd is not None and family.bare:
            message = f"{file.name} › {family.name}: {odd!r} says something else in other names"
            raise CatalogDataError(message, subject=odd, hint="choose another word, or write bare = false: it then means the family beside the company only")


def _nearest(word: str, words: Iterable[str]) -> str:
    near = get_close_matches(word, list(words), 1)
    return f"; did you mean {near[0]}?" if near else ""

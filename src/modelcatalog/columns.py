"""Owns tables as JSON: objects of known classes become columns of their fields, and the same objects again. Knows no table.

A column is decoded at once, by functions of C where that goes: thousands of words take a few milliseconds. Nothing in such a text
is ever run, and it makes objects of no class that its reader did not name. An object that several others hold is one object again.
"""

from __future__ import annotations

from collections import deque
from datetime import date
from itertools import chain, islice, starmap
from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["pack", "unpack"]

_PLAIN = (type(None), bool, int, float, str)
_MANY: dict[str, Callable[[Iterable[Any]], Any]] = {"tuple": tuple, "list": list, "frozenset": frozenset}
Column = list[Any]
"""What kind of values it holds, and these: ``["plain", values]``, ``["tuple", lengths, members]``, ``["of", class, numbers]``, …"""


def pack(table: object, classes: Iterable[type], known: Mapping[str, Sequence[object]] | None = None) -> dict[str, Any]:
    """A table as what JSON can hold.

    Args:
        table: Numbers, texts, dates, tuples, lists, frozensets, dictionaries, and objects of ``classes``.
        classes: Named tuples, classes with slots, pydantic models.
        known: Class -> objects of it that the reader has already; they are numbered, not written.

    >>> unpack(pack({"a": (1, 2), "b": (3,)}, ()), ())
    {'a': (1, 2), 'b': (3,)}
    """
    packing = _Packing(classes, known or {})
    root = packing.column([table])
    return {"root": root, "objects": packing.objects()}


def unpack(packed: dict[str, Any], classes: Iterable[type], known: Mapping[str, Sequence[object]] | None = None) -> Any:
    """The table again."""
    return _Unpacking(packed["objects"], classes, known or {}).column(packed["root"])[0]


def _fields(of: type) -> tuple[str, ...]:
    if issubclass(of, BaseModel):
        return tuple(of.model_fields)
    if issubclass(of, tuple):  # a named one
        return tuple(of.__match_args__)  # type: ignore[attr-defined]
    # Slots, also those of a compiled class, which has no __slots__.
    return tuple(name for name, what in vars(of).items() if isinstance(what, GetSetDescriptorType | MemberDescriptorType) and not name.startswith("__"))


class _Packing:
    def __init__(self, classes: Iterable[type], known: Mapping[str, Sequence[object]]) -> None:
        self.classes = {each: each.__name__ for each in classes}
        self.found: dict[str, list[object]] = {name: [] for name in self.classes.values()}
        self.number = {id(one): (name, number) for name, ones in known.items() for number, one in enumerate(ones)}

    def objects(self) -> dict[str, list[Any]]:
        """Class -> how many there are, and a column for each field; columns may bring more objects of other classes."""
        done: dict[str, list[Any]] = {}
        while left := [(each, name) for each, name in self.classes.items() if len(self.found[name]) > done.get(name, [0])[0]]:
            for each, name in left:
                ones = tuple(self.found[name])
                done[name] = [len(ones), {field: self.column([getattr(one, field) for one in ones]) for field in _fields(each)}]
        return done

    def column(self, values: Sequence[Any]) -> Column:
        kinds = [self._kind(type(value)) for value in values]
        several = tuple(dict.fromkeys(kinds))
        if len(several) == 1:
            return self._of_kind(several[0], values)
        parts = [self._of_kind(kind, [value for value, own in zip(values, kinds, strict=True) if own == kind]) for kind in several]
        return ["mixed", [several.index(kind) for kind in kinds], parts]

    def _kind(self, of: type) -> str:
        return "plain" if of in _PLAIN else self.classes.get(of) or of.__name__

    def _of_kind(self, kind: str, values: Sequence[Any]) -> Column:
        if kind == "plain":
            return ["plain", list(values)]
        if kind == "date":
            return ["date", [value.isoformat() for value in values]]
        if kind == "dict":
            keys = self.column([key for value in values for key in value])
            return ["dict", list(map(len, values)), keys, self.column([member for value in values for member in value.values()])]
        if kind in _MANY:
            ordered = [sorted(value) if kind == "frozenset" else value for value in values]
            return [kind, list(map(len, values)), self.column([*chain.from_iterable(ordered)])]
        if kind not in self.found:
            message = f"a table holds a {kind}, which is none of the classes that it is said to have"
            raise TypeError(message)
        return ["of", kind, [self._numbered(kind, value) for value in values]]

    def _numbered(self, kind: str, value: object) -> int:
        known = self.number.get(id(value))
        if known is None:
            known = self.number[id(value)] = (kind, len(self.found[kind]))
            self.found[kind].append(value)
        return known[1]


class _Unpacking:
    def __init__(self, objects: dict[str, list[Any]], classes: Iterable[type], known: Mapping[str, Sequence[object]]) -> None:
        self.classes = {each.__name__: each for each in classes}
        self.packed = objects
        self.made: dict[str, Sequence[object]] = dict(known)

    def column(self, packed: Column) -> list[Any]:
        kind = packed[0]
        if kind == "plain":
            values: list[Any] = packed[1]
            return values
        if kind == "of":
            return [*map(self._objects(packed[1]).__getitem__, packed[2])]
        if kind == "mixed":
            parts = [iter(self.column(part)) for part in packed[2]]
            return [next(parts[which]) for which in packed[1]]
        if kind == "date":
            return [*map(date.fromisoformat, packed[1])]
        if kind == "dict":
            keys, members = iter(self.column(packed[2])), iter(self.column(packed[3]))
            return [dict(zip(islice(keys, length), islice(members, length), strict=True)) for length in packed[1]]
        members, many = iter(self.column(packed[2])), _MANY[kind]
        return [many(islice(members, length)) for length in packed[1]]

    def _objects(self, name: str) -> Sequence[object]:
        """All objects of a class; its columns are decoded when the first of them is asked for."""
        if name not in self.made:
            count, fields = self.packed[name]
            self.made[name] = _made(self.classes[name], count, {field: self.column(column) for field, column in fields.items()})
        return self.made[name]


def _made(of: type, count: int, columns: dict[str, list[Any]]) -> list[object]:
    """Objects that were valid when they were packed."""
    if issubclass(of, tuple):
        return [*starmap(of, zip(*columns.values(), strict=True))]
    new = of.__new__
    made: list[Any] = [new(of) for _ in range(count)]
    if issubclass(of, BaseModel):
        names = tuple(columns)
        columns = {
            "__dict__": [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)], "__pydantic_fields_set__": [set(names)] * count,
            "__pydantic_extra__": [None] * count, "__pydantic_private__": [None] * count,
        }  # fmt: skip
        of = BaseModel
    for name, column in columns.items():
        deque(map(vars(of)[name].__set__, made, column), maxlen=0)
    return made

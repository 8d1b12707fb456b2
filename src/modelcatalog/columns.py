"""Owns tables as JSON: objects of known classes become columns of their fields, and the same objects again. Knows no table.

A column is decoded at once, by functions of C where that goes: thousands of words take a few milliseconds. Nothing in such a text
is ever run, and it makes objects of no class that its reader did not name. An object that several others hold is one object again; so are equal
dictionaries, tuples and sets, which nobody changes once they are in a table. Classes of which most processes ask for few objects are rows too, see
rows.py: the columns of these are decoded by a process that asks for many.
"""

from __future__ import annotations

from collections import deque
from datetime import date
from functools import partial
from itertools import accumulate, chain, islice, starmap
from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from modelcatalog import rows
from modelcatalog.pausing import lasting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["pack", "unpack"]

_PLAIN = (type(None), bool, int, float, str)
_FEW = 4
"""One of so many rows may be made by itself: a row takes several times as long as its part of the columns."""
_MANY: dict[str, Callable[[Iterable[Any]], Any]] = {"tuple": tuple, "list": list, "frozenset": frozenset}
Column = list[Any]
"""What kind of values it holds, and these: ``["plain", values]``, ``["tuple", lengths, members]``, ``["of", class, numbers of objects]``,
``["few", numbers of values, values]`` where most are one of few, …"""


def pack(
    table: object, classes: Iterable[type], known: Mapping[str, Sequence[object]] | None = None, *, seldom: Iterable[type] = (),
) -> dict[str, Any]:  # fmt: skip
    """A table as what JSON can hold.

    Args:
        table: Numbers, texts, dates, tuples, lists, frozensets, dictionaries, and objects of ``classes``.
        classes: Named tuples, pydantic models, classes with slots that their constructor leaves empty or takes in the order of ``__match_args__``.
        known: Class -> objects of it that the reader has already; they are numbered, not written.
        seldom: Classes, others than these too, whose objects are made one by one, when they are asked for: a dictionary of them is a `rows.Shelf` again.

    >>> unpack(pack({"a": (1, 2), "b": (3,)}, ()), ())
    {'a': (1, 2), 'b': (3,)}
    """
    packing = _Packing(classes, known or {}, tuple(seldom))
    root = packing.column([table])
    return {"root": root, **packing.objects()}


def unpack(packed: dict[str, Any], classes: Iterable[type], known: Mapping[str, Sequence[object]] | None = None) -> Any:
    """The table again."""
    return _Unpacking(packed, classes, known or {}).column(packed["root"])[0]


def _fields(of: type) -> tuple[str, ...]:
    if issubclass(of, BaseModel):
        return tuple(of.model_fields)
    if "__match_args__" in vars(of):  # what its constructor takes
        return tuple(of.__match_args__)  # type: ignore[attr-defined]
    # Slots, also those of a compiled class, which has no __slots__; its constructor takes nothing.
    return tuple(name for name, what in vars(of).items() if isinstance(what, GetSetDescriptorType | MemberDescriptorType) and not name.startswith("__"))


def _native(value: object) -> bool:
    """Whether JSON gives the value back as it is."""
    if type(value) is list:
        return all(map(_native, value))
    if type(value) is dict:
        return all(type(key) is str for key in value) and all(map(_native, value.values()))
    return type(value) in _PLAIN


def _key(value: object) -> object:
    """What is the same for values that may be one; None: it is one by itself, or known by its number anyway."""
    if type(value) in _PLAIN:
        return type(value), value
    if type(value) is dict:
        keys = [*map(_key, chain.from_iterable(value.items()))]
    elif type(value) is tuple or type(value) is frozenset:
        keys = [*map(_key, value)]
    else:
        return None
    return None if None in keys else (type(value), frozenset(keys) if type(value) is frozenset else tuple(keys))


class _Packing:
    def __init__(self, classes: Iterable[type], known: Mapping[str, Sequence[object]], seldom: tuple[type, ...]) -> None:
        self.classes = {each: each.__name__ for each in classes}
        self.seldom = seldom
        self.shelves = True
        self.values: list[object] = []
        """What lies on shelves and is of none of the classes."""
        self.shelved: list[str] = []
        """A line for each shelf."""
        self.found: dict[str, list[object]] = {name: [] for name in self.classes.values()}
        self.number = {id(one): (name, number) for name, ones in known.items() for number, one in enumerate(ones)}

    def objects(self) -> dict[str, Any]:
        """Class -> how many there are, and a column for each field; they may bring more objects of other classes. Lines for those that are rows too."""
        done: dict[str, list[Any]] = {}
        lines: dict[str, list[str]] = {}
        usual: dict[str, list[Any]] = {"": []}
        values = -1
        while values < len(self.values) or any(len(self.found[name]) > done.get(name, [0])[0] for name in self.found):
            values = len(self.values)
            lines[""] = [rows.line(self._member(value)) for value in self.values]
            for each, name in self.classes.items():
                ones = tuple(self.found[name])
                if len(ones) == done.get(name, [0])[0]:
                    continue
                if each in self.seldom:
                    whole = [[self._member(getattr(one, field)) for field in _fields(each)] for one in ones]
                    usual[name] = rows.usual(whole)
                    lines[name] = [rows.line(rows.short(row, usual[name])) for row in whole]
                    done[name] = [len(ones)]
                else:
                    done[name] = self._columns(each)
        if not self.seldom:
            return {"objects": done}
        self.shelves = False
        at_once = {name: self._columns(each) for each, name in self.classes.items() if name in lines}
        firsts = accumulate(map(len, lines.values()), initial=len(self.shelved))
        return {
            "objects": {name: columns for name, columns in done.items() if name not in lines},
            "rows": {name: [first, usual[name]] for name, first in zip(lines, firsts, strict=False)},
            "lines": [*self.shelved, *chain.from_iterable(lines.values())],
            "few": max(1, sum(map(len, lines.values())) // _FEW),
            "at_once": {"objects": at_once, "values": self.column(self.values)},
        }

    def _columns(self, of: type) -> list[Any]:
        ones = self.found[self.classes[of]]
        return [len(ones), {field: self.column([getattr(one, field) for one in ones]) for field in _fields(of)}]

    def _member(self, value: object) -> Any:
        """A value as it stands in a row: `rows.Rows` reads it."""
        if type(value) in _PLAIN:
            return value
        if isinstance(value, dict) and all(type(key) is str for key in value):
            return {"dict": {key: self._member(one) for key, one in value.items()}}
        if isinstance(value, tuple | list | frozenset) and type(value) in _MANY.values():
            return {type(value).__name__: [self._member(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]}
        kind = self._kind(value)
        return {kind: self._numbered(self._known(kind), value)}

    def column(self, values: Sequence[Any]) -> Column:
        keys = [_key(value) for value in values]
        firsts = {key: value for key, value in zip(reversed(keys), reversed(values), strict=True) if key is not None}
        if None not in keys and len(firsts) <= len(values) // 2:
            place = {key: number for number, key in enumerate(firsts)}
            return ["few", [place[key] for key in keys], self._whole([*firsts.values()])]
        return self._whole(values)

    def _whole(self, values: Sequence[Any]) -> Column:
        kinds = [self._kind(value) for value in values]
        several = tuple(dict.fromkeys(kinds))
        if len(several) == 1:
            return self._of_kind(several[0], values)
        parts = [self._of_kind(kind, [value for value, own in zip(values, kinds, strict=True) if own == kind]) for kind in several]
        return ["mixed", [several.index(kind) for kind in kinds], parts]

    def _kind(self, value: object) -> str:
        if isinstance(value, rows.Shelf) or (self.shelves and isinstance(value, dict) and self._lies_on_shelf(value)):
            return "shelf"
        return "plain" if _native(value) else self.classes.get(type(value)) or type(value).__name__

    def _lies_on_shelf(self, value: object) -> bool:
        """Whether it is a dictionary of what is seldom asked for, or of lists of that."""
        if not isinstance(value, dict) or not value or not all(type(key) is str and rows.Keys.JOINT not in key for key in value):
            return False
        one = next(iter(value.values()))
        alike = all(type(other) is type(one) for other in value.values())  # a shelf has its rows in one place
        return alike and type(one[0] if isinstance(one, list) and one else one) in self.seldom

    def _on_shelf(self, value: object) -> int:
        """The number of its row."""
        if type(value) in self.classes:
            return self._numbered(self.classes[type(value)], value)
        self.values.append(value)
        return len(self.values) - 1

    def _of_kind(self, kind: str, values: Sequence[Any]) -> Column:
        if kind == "shelf":
            names = [self.classes.get(type(next(iter(value.values()))), "") for value in values]
            first = len(self.shelved)
            self.shelved += [rows.Shelf.written(value, [*map(self._on_shelf, value.values())]) for value in values]
            return ["shelf", names, [*range(first, len(self.shelved))]]
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
        return ["of", self._known(kind), [self._numbered(kind, value) for value in values]]

    def _known(self, kind: str) -> str:
        if kind not in self.found:
            message = f"a table holds a {kind}, which is none of the classes that it is said to have"
            raise TypeError(message)
        return kind

    def _numbered(self, kind: str, value: object) -> int:
        known = self.number.get(id(value))
        if known is None:
            known = self.number[id(value)] = (kind, len(self.found[kind]))
            self.found[kind].append(value)
        return known[1]


class _Unpacking:
    def __init__(self, packed: dict[str, Any], classes: Iterable[type], known: Mapping[str, Sequence[object]]) -> None:
        self.classes = {each.__name__: each for each in classes}
        self.packed: dict[str, list[Any]] = packed["objects"]
        self.at_once: Any = packed.get("at_once")
        """Columns of what is rows too, or what reads them."""
        self.lines: Any = packed.get("lines", [])
        self.left: int = packed.get("few", 0)
        """Rows that may still be made one by one."""
        found = packed.get("rows", {}).items()
        self.rows = {name: rows.Rows(self.classes.get(name), self.lines, first, often, self) for name, (first, often) in found}
        self.begun: dict[str, rows.Rows] = {}
        """Rows of which some objects are there."""
        self.known = known
        self.made: dict[str, Sequence[object] | rows.Rows] = {**known, **self.rows}
        self.making: set[str] = set()
        self.shelved: list[tuple[object, Callable[[object, object], None], rows.Shelf]] = []
        """An object with a shelf, what sets that field of it, and the shelf."""

    def asked(self) -> None:
        """Count a row that was made; all of them are, when they were enough, and then dictionaries take the place of shelves."""
        self.left -= 1
        if self.left:
            return
        packed = self.at_once() if callable(self.at_once) else self.at_once
        if packed is None:
            return
        with lasting():
            whole = _Unpacking(packed, self.classes.values(), {name: self.objects(name) for name in (*self.packed, *self.known)})  # type: ignore[misc]
            whole.begun = self.rows
            for name, own in self.rows.items():
                own.fill(whole.numbered(name, range(packed["objects"][name][0])) if name else whole.column(packed["values"]))
            for one, put, shelf in self.shelved:
                put(one, shelf.whole())

    def column(self, packed: Column) -> list[Any]:
        kind, *rest = packed
        many = _MANY.get(kind)
        return _KINDS[kind](self, *rest) if many is None else self._many(many, *rest)

    def plain(self, values: list[Any]) -> list[Any]:
        return values

    def dates(self, values: list[str]) -> list[Any]:
        return [*map(date.fromisoformat, values)]

    def _many(self, many: Callable[[Iterable[Any]], Any], lengths: list[int], packed: Column) -> list[Any]:
        members = iter(self.column(packed))
        return [many(islice(members, length)) for length in lengths]

    def dicts(self, lengths: list[int], packed_keys: Column, packed_members: Column) -> list[Any]:
        keys, members = iter(self.column(packed_keys)), iter(self.column(packed_members))
        return [dict(zip(islice(keys, length), islice(members, length), strict=True)) for length in lengths]

    def few(self, numbers: list[int], packed: Column) -> list[Any]:
        return [*map(self.column(packed).__getitem__, numbers)]

    def numbered(self, name: str, numbers: Iterable[int]) -> list[Any]:
        return [*map(self.objects(name).__getitem__, numbers)]

    def shelves(self, names: list[str], numbers: list[int]) -> list[Any]:
        return [rows.Shelf(partial(self.lines.__getitem__, number), self.rows[name]) for name, number in zip(names, numbers, strict=True)]

    def mixed(self, which: list[int], packed: list[Column]) -> list[Any]:
        parts = [iter(self.column(part)) for part in packed]
        return [next(parts[number]) for number in which]

    def objects(self, name: str) -> Sequence[object] | rows.Rows:
        """All objects of a class; its columns are decoded when the first of them is asked for."""
        if name not in self.made:
            if name in self.making:
                message = f"a {name} holds, perhaps by way of others, another {name}; columns of its fields cannot say so"
                raise TypeError(message)
            self.making.add(name)
            count, fields = self.packed[name]
            own = {field: self.column(column) for field, column in fields.items()}
            made = _made(self.classes[name], count, own)
            if "__match_args__" not in vars(self.classes[name]) and not issubclass(self.classes[name], BaseModel):
                for field, column in own.items():
                    put = vars(self.classes[name])[field].__set__
                    self.shelved += [(one, put, value) for one, value in zip(made, column, strict=True) if isinstance(value, rows.Shelf)]
            if name in self.begun:
                for number, one in self.begun[name].made().items():
                    made[number] = one
            self.made[name] = made
        return self.made[name]


_KINDS: dict[str, Callable[..., list[Any]]] = {
    "plain": _Unpacking.plain, "date": _Unpacking.dates, "dict": _Unpacking.dicts, "few": _Unpacking.few, "of": _Unpacking.numbered, "mixed": _Unpacking.mixed,
    "shelf": _Unpacking.shelves,
}  # fmt: skip


def _made(of: type, count: int, columns: dict[str, list[Any]]) -> list[object]:
    """Objects that were valid when they were packed."""
    if "__match_args__" in vars(of) and not issubclass(of, BaseModel):
        return [*starmap(of, zip(*columns.values(), strict=True))]
    made: list[Any] = [of.__new__(of) if issubclass(of, BaseModel) else of() for _ in range(count)]
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

"""Owns rows: objects that are lines of JSON until they are first asked for. Knows no table.

A process that reads a few names asks for a dozen of ten thousand words; making all of them takes longer than importing what reads. What such a
line holds, and who makes them all when many were asked for, is columns.py's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from itertools import accumulate, count
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Keys", "Lines", "Rows", "Shelf", "line", "short", "usual"]

_MANY: dict[str, Callable[[Iterable[Any]], Any]] = {"tuple": tuple, "list": list, "frozenset": frozenset}


def line(row: object) -> str:
    """A row as a line of a file."""
    return to_json(row).decode()


class Lines:
    """Lines of a text, of which each is found without looking at the others.

    >>> lines = Lines(Lines.text(["[1,2]", "[3]"]))
    >>> lines[1], lines[0]
    (b'[3]', b'[1,2]')
    """

    __slots__ = ("_begin", "_ends", "_text")
    _WIDTH = 8
    """Hexadecimal digits of a place."""
    _LAST = 16**_WIDTH - 1

    def __init__(self, text: bytes, begin: int = 0) -> None:
        """Keep the text.

        Args:
            text: What `text` made, and perhaps more before it; it is long, and not copied.
            begin: Where the first line begins.
        """
        self._text = text
        self._begin = begin
        self._ends = text.rfind(b"\n") + 1

    @staticmethod
    def text(lines: Iterable[str]) -> bytes:
        """The lines, and behind them, as one more, where each of them begins and the last one ends."""
        encoded = [one.encode() for one in lines]
        places = accumulate((len(one) + 1 for one in encoded), initial=0)
        return b"\n".join((*encoded, "".join(f"{place:0{Lines._WIDTH}x}" for place in places).encode()))

    def __getitem__(self, number: int) -> bytes:
        at = self._ends + number * self._WIDTH
        both = int(self._text[at : at + 2 * self._WIDTH], 16)
        return self._text[self._begin + (both >> 4 * self._WIDTH) : self._begin + (both & self._LAST) - 1]


Row: TypeAlias = list[Any] | dict[str, Any]
"""The values of all fields; or number of a field -> its value, where that is shorter: the others have their usual ones."""


def usual(all_rows: Sequence[list[Any]]) -> list[Any]:
    """Of each field, the value that most rows have.

    >>> usual([["a", True], ["b", True], ["c", False]])
    [None, True]
    """
    found: list[Any] = []
    for column in zip(*all_rows, strict=True):
        ((text, times),) = Counter(map(line, column)).most_common(1)
        found.append(from_json(text) if times > len(column) // 2 else None)
    return found


def short(row: list[Any], usually: list[Any]) -> Row:
    """A row without the values that are the usual ones, where that leaves half of it at most.

    >>> short(["a", True, 1, 1], ["b", True, 1, 1]), short(["a", True], ["b", True]), short(["a", 1], ["b", True])
    ({'0': 'a'}, {'0': 'a'}, ['a', 1])
    """
    own = {str(at): value for at, (value, often) in enumerate(zip(row, usually, strict=True)) if line(value) != line(often)}
    return own if len(own) <= len(row) // 2 else row


class Table(Protocol):
    """What rows lie in."""

    def objects(self, name: str, /) -> Any:
        """The objects of a class, by their numbers."""

    def asked(self) -> None:
        """Told of each row that is made."""


class Rows:
    """Objects of one class by their numbers, each made when it is first asked for, and the same again."""

    __slots__ = ("_first", "_lines", "_made", "_of", "_table", "_usual")

    def __init__(self, of: type | None, lines: Lines | Sequence[str], first: int, often: list[Any], table: Table) -> None:
        """Keep the lines.

        Args:
            of: The class; None: the lines are values of no class.
            lines: Of all classes.
            first: Where those of this one begin.
            often: The value of each field that most rows have.
            table: Knows the other classes.
        """
        self._of = of
        self._lines = lines
        self._first = first
        self._usual = often
        self._table = table
        self._made: dict[int, Any] = {}

    def __getitem__(self, number: int) -> Any:
        found = self._made.get(number)
        if found is None:
            made = self._read(from_json(self._lines[self._first + number]))
            self._table.asked()
            found = self._made.setdefault(number, made)  # another thread may have made it meanwhile, or the table all of them
        return found

    def made(self) -> dict[int, Any]:
        """Those that are there."""
        return self._made.copy()

    def fill(self, every: Iterable[Any]) -> None:
        """All of them, among which those that are there are the same."""
        self._made = dict(enumerate(every)) | self._made

    def _read(self, row: Any) -> Any:
        if self._of is None:
            return self._member(row) if type(row) is dict else row
        if type(row) is dict:
            own, row = row, self._usual.copy()
            for at, value in own.items():
                row[int(at)] = value
        return self._of(*[self._member(value) if type(value) is dict else value for value in row])

    def _member(self, value: dict[str, Any]) -> Any:
        """A value that is not plain: what kind it is -> what it holds."""
        ((kind, inside),) = value.items()
        many = _MANY.get(kind)
        if many is not None:
            return many([self._member(one) if type(one) is dict else one for one in inside])
        if kind == "dict":
            return {key: self._member(one) if type(one) is dict else one for key, one in inside.items()} if inside else inside
        return self._table.objects(kind)[inside]


class Keys(Container[str]):
    """The keys of a shelf as one text; who looks for many looks into a set, and the first ones are sought in the text.

    >>> keys = Keys(Keys.JOINT.join(["a", "b"]), 1)
    >>> "b" in keys, f"a{Keys.JOINT}b" in keys, "b" in keys
    (True, False, True)
    """

    __slots__ = ("_left", "_text", "every")
    JOINT = "\x7f"
    """Stands between two keys, and in none: JSON writes it as it is, and so may a line of a file."""
    _SOUGHT = 64
    """Making the set takes as long as so many looks at ten thousand keys."""

    def __init__(self, text: str, sought: int = _SOUGHT) -> None:
        self._text = f"{self.JOINT}{text}{self.JOINT}"
        self._left = sought
        self.every: frozenset[str] = frozenset()
        """The set; empty until it is made. Who looks often may look here: a look takes no Python frame then."""

    def __contains__(self, key: object) -> bool:
        if self.every:
            return key in self.every
        self._left -= 1
        if self._left < 0:
            self.every = frozenset(self._text[1:-1].split(self.JOINT))
            return key in self.every
        return self.JOINT not in str(key) and f"{self.JOINT}{key}{self.JOINT}" in self._text


class Shelf(Mapping[str, Any]):
    """A dictionary of rows, of which each is made when it is first asked for.

    Columns make them, see `columns.unpack`.
    """

    __slots__ = ("_line", "_made", "_places", "_rows")

    def __init__(self, line: Callable[[], bytes | str], rows: Rows) -> None:
        """Keep where the keys are.

        Args:
            line: Gives what `written` wrote.
            rows: Where the values are.
        """
        self._line = line
        self._rows = rows
        self._places: dict[str, int] | None = None
        self._made: dict[str, Any] = {}

    @staticmethod
    def written(keys: Iterable[str], numbers: list[int]) -> str:
        """A line with the keys, and with the numbers of their rows, or the first of these where each is one more than the one before."""
        run = numbers == [*range(numbers[0], numbers[0] + len(numbers))]
        return line([Keys.JOINT.join(keys), numbers[0] if run else numbers])

    @property
    def keys_as_text(self) -> str:
        """All keys as `Keys` takes them."""
        text: str = from_json(self._line())[0]
        return text

    @property
    def numbers(self) -> dict[str, int]:
        """Key -> its row."""
        if self._places is None:
            text, numbers = from_json(self._line())
            self._places = dict(zip(text.split(Keys.JOINT), count(numbers) if isinstance(numbers, int) else numbers, strict=False))
        return self._places

    def whole(self) -> dict[str, Any]:
        """A dictionary of all its rows."""
        numbers = self.numbers
        return dict(zip(numbers, map(self._rows.__getitem__, numbers.values()), strict=True))

    def __getitem__(self, key: str) -> Any:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._rows[self.numbers[key]]
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        found = self._made.get(key)
        if found is not None:
            return found
        number = (self._places or self.numbers).get(key)
        if number is None:
            return default
        found = self._made[key] = self._rows[number]
        return found

    def __contains__(self, key: object) -> bool:
        return key in (self._places or self.numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

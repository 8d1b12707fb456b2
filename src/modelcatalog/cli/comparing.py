"""Owns what the comparison of two names says: which facts differ, whether they are the same model, which is newer. Knows no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.records import ModelName, Release

__all__ = ["Because", "Order", "Pair", "as_json", "order", "pairs"]

_NO_FACTS = frozenset({"source", "segments", "origins"})

Because = Literal["version", "date", "one_model", "one_version", "no_family", "two_families", "two_lines"]
"""The first two say why one is newer, the others why neither is."""


class Pair(NamedTuple):
    """One fact of two names; a value is None where a name does not have it."""

    field: str
    a: Any
    b: Any

    @property
    def same(self) -> bool:
        """Whether both say the same; ``8b`` is the same size as ``8B``."""
        return bool(_plain(self.a) == _plain(self.b))


class Order(NamedTuple):
    """Which of two names is the newer, and why it, or why neither."""

    newer: Literal["a", "b"] | None
    because: Because


def pairs(a: ModelName, b: ModelName) -> Iterator[Pair]:
    """Every fact that one of the two has, in the order of the record's fields.

    >>> from modelcatalog import parse
    >>> [pair.field for pair in pairs(parse("Qwen2-7B"), parse("Qwen2.5-7B")) if not pair.same]
    ['name', 'version', 'series', 'canonical']
    """
    for field in type(a).model_fields:
        if field not in _NO_FACTS:
            one, other = (getattr(name, field) or None for name in (a, b))
            if one is not None or other is not None:
                yield Pair(field, one, other)


def order(a: ModelName, b: ModelName) -> Order:
    """Which is the newer: inside a family by version, and where that is the same by date.

    Stricter than ``a < b``, which sorts: versions of two lines (V3 and R1, 4o and 4.1) have no order, and neither have two sizes of a version.

    >>> from modelcatalog import parse
    >>> order(parse("Qwen2-7B"), parse("Qwen2.5-7B"))
    Order(newer='b', because='version')
    >>> order(parse("DeepSeek-V3"), parse("DeepSeek-R1"))
    Order(newer=None, because='two_lines')
    """
    from modelcatalog.records import Version  # only a comparison needs it

    apart = _apart(a, b)
    if apart is not None:
        return Order(None, apart)
    one, other = Version(a.version or ""), Version(b.version or "")
    if one != other:
        return Order("b" if one < other else "a", "version")
    first, second = _day(a.released), _day(b.released)
    if first is None or second is None or first == second:
        return Order(None, "one_version")
    return Order("b" if first < second else "a", "date")


def _plain(value: Any) -> Any:
    label = getattr(value, "label", None)
    return value.model_copy(update={"label": label.casefold()}) if isinstance(label, str) else value


def _apart(a: ModelName, b: ModelName) -> Because | None:
    """Why two names have no order, whatever their numbers are."""
    if a.same_model(b):
        return "one_model"
    if a.family is None or b.family is None:
        return "no_family"
    if a.family != b.family:
        return "two_families"
    two_lines = a.version is not None and b.version is not None and _line(a.version) != _line(b.version)
    return "two_lines" if two_lines else None


def _line(version: str) -> str:
    """The letters of a version: V3 and R1, 4o and 4.1 say nothing about each other."""
    return "".join(char for char in version.casefold() if char.isalpha())


def _day(released: Release | None) -> tuple[int, int, int] | None:
    return None if released is None or released.year is None else (released.year, released.month or 0, released.day or 0)


def as_json(a: ModelName, b: ModelName) -> dict[str, object]:
    """The comparison for programs; values as the records' own JSON has them."""
    one, other, which = a.model_dump(mode="json"), b.model_dump(mode="json"), order(a, b)
    return {
        "a": a.source,
        "b": b.source,
        "same_model": a.same_model(b),
        "newer": which.newer,
        "because": which.because,
        "facts": [{"field": pair.field, "a": one[pair.field], "b": other[pair.field], "same": pair.same} for pair in pairs(a, b)],
    }

"""Owns which kind each layer is, by the keys of its configuration, and where none tells by the rule of its type in data/architectures.toml.

Knows no size of a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.planning.layers.architectures import architectures
from modelcatalog.planning.layers.architectures import kinds as meanings
from modelcatalog.planning.layers.settings import whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.planning.layers.architectures import Architecture, LayerKind
    from modelcatalog.planning.layers.settings import Settings

__all__ = ["UntoldError", "of"]

_LONGEST = 10_000


class UntoldError(Exception):
    """The configuration does not tell; the text says what."""


def of(settings: Settings, count: int, *, windowed: bool) -> tuple[LayerKind, ...]:
    """The kind of every layer.

    Args:
        settings: The configuration.
        count: How many layers there are.
        windowed: Whether a window is in force.

    Raises:
        UntoldError: a key says something that nobody knows, or nothing says which layers a window is for.
    """
    found = _listed(settings, count) or _numbered(settings, count)
    if found is None and settings.entry.unit:
        found = _by_type(settings, settings.entry, count)
    found = found or _periodic(settings, count) or _by_window(settings, count, windowed=windowed)
    if settings.entry.full_is_indexed:
        found = tuple("indexed" if kind == "full" else kind for kind in found)
    if settings.entry.last and found and found[-1] == "sliding":
        found = (*found[:-1], settings.entry.last)
    return found


def _listed(settings: Settings, count: int) -> tuple[LayerKind, ...] | None:
    """By a key that has a word for each layer."""
    for entry in architectures().list:
        value = settings.stated(entry.key)
        if not isinstance(value, list | tuple | str) or not value or len(value) > _LONGEST:
            continue
        if entry.beside is not None and settings.get(entry.beside) is None:
            continue
        words = [_word(one, {**entry.words, **settings.entry.words}, entry.key) for one in value]
        # As many again as are missing, as block_types and a pattern of letters are read; a list that is too long has the layers of MTP.
        return tuple(words[at % len(words)] for at in range(count))
    return None


def _word(value: object, own: Mapping[str, LayerKind], key: str) -> LayerKind:
    number = whole(value, zero=True)
    text = str(int(value) if isinstance(value, bool) else value if number is None else number)
    kind = own.get(text) or meanings().get(text)
    if kind is None:
        message = f"nobody knows what a layer of {text[:40]!r} in {key} keeps"
        raise UntoldError(message)
    return kind


def _numbered(settings: Settings, count: int) -> tuple[LayerKind, ...] | None:
    """By a key with the numbers of the layers of one kind, which may stand in ``linear_attn_config``."""
    within = settings.stated("linear_attn_config")
    for entry in architectures().indices:
        value = settings.stated(entry.key)
        if value is None and isinstance(within, dict):
            value = within.get(entry.key)
        if isinstance(value, list | tuple) and all(whole(one, zero=True) is not None for one in value):
            inside = {number - entry.start for number in value}
            return tuple(entry.inside if at in inside else entry.outside for at in range(count))
    return None


def _by_type(settings: Settings, entry: Architecture, count: int) -> tuple[LayerKind, ...]:
    """By the rule of its type."""
    unit: Sequence[LayerKind] = entry.unit
    length = settings.number(entry.period) if entry.period else None
    if length and length != len(unit):
        unit = _stretched(unit, length)
    kinds = [unit[at % len(unit)] for at in range(count)]
    kinds[: len(entry.first)] = entry.first[:count]
    return tuple(kinds)


def _stretched(unit: Sequence[LayerKind], length: int) -> Sequence[LayerKind]:
    """The unit with another length: the one layer that is of another kind stays at its end."""
    if len(unit) > 1 and unit[0] not in unit[1:]:
        return (unit[0], *[unit[1]] * (min(length, _LONGEST) - 1))
    return (*[unit[0]] * (min(length, _LONGEST) - 1), unit[-1])


def _periodic(settings: Settings, count: int) -> tuple[LayerKind, ...] | None:
    """By a key that says how often one of another kind comes."""
    for entry in architectures().period:
        length = whole(settings.stated(entry.key)) or settings.entry.defaults.get(entry.key)
        if length is None or (entry.beside is not None and settings.get(entry.beside) is None):
            continue
        offset = settings.number(entry.offset, zero=True) if entry.offset else None
        at_least = length - 1 if offset is None else offset
        return tuple(entry.inside if at % length == at_least else entry.outside for at in range(count))
    return None


def _by_window(settings: Settings, count: int, *, windowed: bool) -> tuple[LayerKind, ...]:
    """By the window alone: it is for all layers, or from ``max_window_layers`` on, as transformers has it."""
    if not windowed:
        chunk = settings.size("chunk")
        return ("chunked" if chunk else "full",) * count
    start = settings.number("max_window_layers", zero=True) or 0
    return tuple("sliding" if at >= start else "full" for at in range(count))

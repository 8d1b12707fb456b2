"""Owns reading a ``config.json`` by what its keys mean: whatever a type calls them, and with its class's defaults where they are left out.

All of it is hostile input: a wrong type is an absent key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.planning.layers.architectures import Architecture, architectures, types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LARGEST", "Settings", "language_part", "whole"]

LARGEST = 1 << 40
"""No size in a configuration is larger."""


def whole(value: object, *, zero: bool = False) -> int | None:
    """A whole number of a configuration; None for anything else.

    >>> whole(4), whole(4.0), whole(True), whole("4"), whole(0), whole(0, zero=True)
    (4, 4, None, None, None, 0)
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and (0 if zero else 1) <= value < LARGEST else None


def language_part(config: Mapping[str, object]) -> Mapping[str, object]:
    """The part of a composite configuration that is about the language model, or all of it.

    >>> language_part({"thinker_config": {"text_config": {"hidden_size": 8}}})
    {'hidden_size': 8}
    """
    part, depth = config, 0
    while depth < 4:  # noqa: PLR2004  no configuration nests deeper
        inner = next((part[key] for key in architectures().inside if isinstance(part.get(key), dict)), None)
        if not isinstance(inner, dict):
            break
        part, depth = inner, depth + 1
    return part


class Settings:
    """One configuration: ``inner`` about the language model, ``outer`` around it, and what stands for keys that are in neither."""

    def __init__(self, config: Mapping[str, object], defaults: Callable[[str], Mapping[str, object]]) -> None:
        self.outer = config
        self.inner = language_part(config)
        stated = self.inner.get("model_type") or config.get("model_type")
        self.type = stated if isinstance(stated, str) else ""
        self.entry = types().get(self.type, Architecture(names=()))
        self._defaults = defaults
        self._class: Mapping[str, object] | None = None

    @property
    def composite(self) -> bool:
        """Whether the language model is a part of a larger one."""
        return self.inner is not self.outer

    def stated(self, key: str) -> object:
        """What the configuration says under a key; None where it is not there."""
        value = self.inner.get(key)
        return self.outer.get(key) if value is None else value

    def get(self, key: str) -> object:
        """The same, or the default of its class."""
        if key in self.inner or key in self.outer:
            return self.stated(key)  # null is an answer: mistral's class has a window, and most of its checkpoints have none
        if key in self.entry.defaults:
            return self.entry.defaults[key]
        if self._class is None:
            self._class = self._defaults(self.type) if self.type else {}
        return self._class.get(key)

    def number(self, key: str, *, zero: bool = False) -> int | None:
        """A whole number under a key."""
        return whole(self.get(key), zero=zero)

    def first(self, *keys: str, zero: bool = False) -> int | None:
        """A whole number under one of several names: what the configuration says under any comes before what its class has under the first."""
        numbers = (whole(value(key), zero=zero) for value in (self.stated, self.get) for key in keys)
        return next((number for number in numbers if number is not None), None)

    def named(self, what: str) -> object:
        """A size by what it is, whatever the configuration calls it: first all names that it has, then its class's defaults."""
        names = architectures().names[what]
        for key in names:
            if (value := self.stated(key)) is not None:
                return value
        return next((value for key in names if (value := self.get(key)) is not None), None)

    def size(self, what: str) -> int | None:
        """The same as a whole number."""
        return whole(self.named(what))

"""Owns what comes when it is first asked for: names of a package from its modules, regular expressions. Knows no package."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["names", "pattern"]


def names(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """A package's ``__getattr__``; to be hidden from type checkers, which would take any misspelt name for one that comes later.

    Args:
        package: Its ``__name__``.
        homes: Module inside it -> the names that are imported from it. No name may be a module's too: importing that would set it.
    """
    home = {name: module for module, some in homes.items() for name in some}

    def first_use(name: str) -> Any:
        if name not in home:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(import_module(f"{package}.{home[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return first_use


class _Pattern:
    """What `pattern` gives; its methods are those of the compiled expression, from the first use on without a detour."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = (text, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A regular expression that is compiled when it is first used: a process uses few of those that its modules have.

    >>> pattern("[a-z]+").findall("ab, c")
    ['ab', 'c']
    """
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))

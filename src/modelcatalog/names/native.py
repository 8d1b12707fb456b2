"""Owns how classes are made where they are compiled: what mypyc reads from a decorator, and the sources do not need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**_):  # noqa: ANN003, ANN201  mypyc's own, which only the compiler looks at
        """A decorator that changes nothing."""
        return lambda decorated: decorated


__all__ = ["mypyc_attr"]

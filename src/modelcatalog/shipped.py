"""Owns reading a data file of the package itself in the form that its one reader has for it. Knows no catalog.

What a user writes is read by `datafiles`, which says what is wrong with it and takes longer to import.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["read"]

_M = TypeVar("_M", bound="BaseModel")


def read(form: type[_M], name: str) -> _M:
    """A file of data/ as a record."""
    return form.model_validate(tomllib.loads((files("modelcatalog") / "data" / name).read_text(encoding="utf-8")))

"""Owns what the records of a plan have in common: their form, and packages that are missing. Knows no plan."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Missing", "Record"]


class Record(BaseModel):
    """A frozen record."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Missing(Record):
    """Packages that a plan needs and that are not installed."""

    packages: tuple[str, ...]
    install: str
    """The line that installs them."""

"""Owns what the records of a plan have in common: their form, bytes as people write them, packages that are missing. Knows no plan."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Missing", "Record", "human"]

_UNITS = ("B", "kB", "MB", "GB", "TB")


def human(count: int | None) -> str:
    """Bytes as people write them, in powers of 1,000.

    >>> human(98_362_432), human(538_060_288_000), human(None)
    ('98.4 MB', '538 GB', '?')
    """
    if count is None:
        return "?"
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:  # noqa: PLR2004
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {_UNITS[unit]}"


class Record(BaseModel):
    """A frozen record."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Missing(Record):
    """Packages that a plan needs and that are not installed."""

    packages: tuple[str, ...]
    install: str
    """The line that installs them."""

"""Owns how numbers of bytes are written for people."""

from __future__ import annotations

__all__ = ["human"]

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

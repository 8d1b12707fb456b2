"""Owns how a run of digits is read as a date; knows nothing of names but the convention it is given."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["calendar"]

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST, _LAST = 2015, 2035
"""Years of language models; digits outside are not a year."""


def _month(text: str) -> int | None:
    return int(text) if 1 <= int(text) <= 12 else None  # noqa: PLR2004  months


def _day(text: str, month: int | None) -> int | None:
    return int(text) if month is not None and 1 <= int(text) <= _DAYS[month - 1] else None


def _year(text: str) -> int | None:
    year = int(text) if len(text) == 4 else 2000 + int(text)  # noqa: PLR2004  a full year
    return year if _FIRST <= year <= _LAST else None


@lru_cache(maxsize=4096)
def calendar(digits: str, convention: str | None = None) -> tuple[int | None, int | None, int | None] | None:
    """Year, month and day of four, six or eight digits; None where they are not a date.

    Four digits are YYMM where that gives a year of 2020 or later, else MMDD, unless the family writes them
    otherwise; 1024 is a power of two before it is a day in October.

    >>> calendar("2507"), calendar("0528"), calendar("0924", "MMYY"), calendar("20241022")
    ((2025, 7, None), (None, 5, 28), (2024, 9, None), (2024, 10, 22))
    """
    if len(digits) == 8:  # noqa: PLR2004  YYYYMMDD
        year, month, day = _year(digits[:4]), _month(digits[4:6]), _day(digits[6:], _month(digits[4:6]))
        return (year, month, day) if year and month and day else None
    if len(digits) == 6:  # noqa: PLR2004  YYMMDD, as in 250715
        year, month, day = _year(digits[:2]), _month(digits[2:4]), _day(digits[4:], _month(digits[2:4]))
        return (year, month, day) if year and year >= 2020 and month and day else None  # noqa: PLR2004
    if len(digits) != 4:  # noqa: PLR2004
        return None
    first, last = digits[:2], digits[2:]
    if convention == "MMYY" and _month(first) and _year(last):
        return _year(last), _month(first), None
    if convention != "MMDD" and 20 <= int(first) <= 35 and _month(last):  # noqa: PLR2004
        return _year(first), _month(last), None
    if digits != "1024" and _month(first) and _day(last, _month(first)):
        return None, _month(first), _day(last, _month(first))
    return None

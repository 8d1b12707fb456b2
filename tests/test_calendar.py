"""Tests of calendar.py: digits as the family writes its dates."""

from __future__ import annotations

import pytest

from modelcatalog.names.calendar import calendar


@pytest.mark.parametrize(
    ("digits", "convention", "date"),
    [
        ("20241022", None, (2024, 10, 22)),
        ("20241322", None, None),
        ("20241000", None, None),
        ("19991231", None, None),
        ("250715", None, (2025, 7, 15)),
        ("251315", None, None),
        ("151231", None, None),  # a year before 2020 in two digits is some other number
        ("999999", None, None),
        ("2507", None, (2025, 7, None)),
        ("2507", "YYMM", (2025, 7, None)),
        ("2024", None, None),  # a year alone is not a month
        ("0528", None, (None, 5, 28)),
        ("0924", None, (None, 9, 24)),
        ("0924", "MMYY", (2024, 9, None)),
        ("0940", "MMYY", None),  # neither September 2040 nor a 40th
        ("1324", "MMYY", None),
        ("2012", "MMDD", None),  # no twentieth month
        ("1201", "MMDD", (None, 12, 1)),
        ("1024", None, None),  # a power of two
        ("1025", None, (None, 10, 25)),
        ("0000", None, None),
        ("0532", None, None),
        ("123", None, None),
        ("12345", None, None),
    ],
)
def test_calendar(digits: str, convention: str | None, date: tuple[int | None, int | None, int | None] | None) -> None:
    """Eight, six and four digits, by the calendar or by the family's convention; other numbers are not dates."""
    assert calendar(digits, convention) == date

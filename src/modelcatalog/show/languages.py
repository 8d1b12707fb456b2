"""Owns which languages records and plans are said in. Knows no word of them."""

from __future__ import annotations

from typing import Literal, get_args

from modelcatalog.errors import Unsupported, shown

__all__ = ["Language", "check_language"]

Language = Literal["en", "zh"]


def check_language(language: str) -> None:
    """Refuse a language in which nothing is said: a text in English would pass for it.

    Raises:
        Unsupported: it is none of those that there are.
    """
    if language not in get_args(Language):
        message = f"there is no language {language!r}"
        raise Unsupported(message, subject=shown(language), hint='pass "en" or "zh"')

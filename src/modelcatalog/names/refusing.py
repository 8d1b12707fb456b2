"""Owns what is refused as a name, and how it is said: where it goes wrong, and what was expected there."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from modelcatalog.errors import NameSyntaxError

if TYPE_CHECKING:
    from modelcatalog.names.reading import Reading

__all__ = ["LIMIT", "check", "refuse_unknown"]

LIMIT = 1024
"""Characters a name may have."""


def check(text: str) -> None:
    """Refuse what is no name at all."""
    if not text or text.isspace():
        message = "empty name"
        raise NameSyntaxError(message, subject=text, end=0, expected=("a model name such as 'Qwen2.5-7B-Instruct'",))
    if len(text) > LIMIT:
        message = f"name of {len(text)} characters"
        raise NameSyntaxError(message, subject=text, start=LIMIT, end=len(text), expected=(f"at most {LIMIT} characters",))
    for at, char in enumerate(text):
        if unicodedata.category(char) in ("Cc", "Cs"):
            message = f"control character {char!r}" if unicodedata.category(char) == "Cc" else f"lone surrogate {char!r}"
            raise NameSyntaxError(message, subject=text, start=at, expected=("printable characters",))


def refuse_unknown(reading: Reading, start: int) -> None:
    """Refuse the first word that no rule took; the words begin at ``start`` of the text."""
    tape = reading.tape
    at = next((i for i, kind in enumerate(tape.kinds) if kind == "unknown"), None)
    if at is None:
        return
    expected = ["a type", "a quantization", "a format"]
    if reading.found.size is None and reading.found.mixture is None:
        expected.insert(0, "a size")
    if reading.found.version is None:
        expected.insert(0, "a version")
    if reading.found.family is None:
        expected.insert(0, "a family")
    start, text = start + sum(map(len, tape.texts[:at])), tape.texts[at]
    message = f"unknown word {text!r}"
    raise NameSyntaxError(message, subject=reading.source, start=start, end=start + len(text), expected=tuple(expected))

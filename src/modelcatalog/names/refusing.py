"""Owns what is refused as a name, and how it is said: where it goes wrong, and what was expected there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import NameSyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.names.parts import Parts
    from modelcatalog.names.reading import Reading

__all__ = ["LIMIT", "check", "refuse_unknown"]

LIMIT = 1024
"""Characters a name may have."""
_WORDS = {
    "a family": ("Qwen",),
    "a version": ("v0.1",),
    "a size": ("7B",),
    "a type": ("instruct", "coder"),
    "a quantization": ("AWQ", "Q4_K_M"),
    "a format": ("GGUF",),
}
"""What may be expected at a place -> words of that kind to try there."""


def check(text: str) -> None:
    """Refuse what is not a name at all."""
    if not text or text.isspace():
        message = "empty name"
        raise NameSyntaxError(message, subject=text, end=0, expected=("a model name such as 'Qwen2.5-7B-Instruct'",))
    if len(text) > LIMIT:
        message = f"name of {len(text)} characters"
        raise NameSyntaxError(message, subject=text, start=LIMIT, end=len(text), expected=(f"at most {LIMIT} characters",))
    if text.isprintable():
        return
    import unicodedata  # most names are none of these

    for at, char in enumerate(text):
        if unicodedata.category(char) in ("Cc", "Cs"):
            message = f"control character {char!r}" if unicodedata.category(char) == "Cc" else f"lone surrogate {char!r}"
            raise NameSyntaxError(message, subject=text, start=at, expected=("printable characters",))


def refuse_unknown(reading: Reading, start: int, read: Callable[[str], tuple[Reading, Parts]]) -> None:
    """Refuse the first word that no case took; the words begin at ``start`` of the text, and ``read`` reads another one."""
    tape = reading.tape
    at = next((i for i, kind in enumerate(tape.kinds) if kind == "unknown"), None)
    if at is None:
        return
    start, text = start + sum(map(len, tape.texts[:at])), tape.texts[at]
    message = f"unknown word {text!r}"
    raise NameSyntaxError(message, subject=reading.source, start=start, end=start + len(text), expected=_expected(reading, start, start + len(text), read))


def _expected(reading: Reading, start: int, end: int, read: Callable[[str], tuple[Reading, Parts]]) -> tuple[str, ...]:
    """What the cases would have taken there: with such a word in this place, the name says something of which it says nothing now."""
    source, said = reading.source, _said(reading)
    before = source[:start] + ("-" if source[start - 1 : start].isalnum() else "")
    behind = ("-" if source[end : end + 1].isalnum() else "") + source[end:]
    texts = {noun: [text for word in words if len(text := before + word + behind) <= LIMIT] for noun, words in _WORDS.items()}
    return tuple(noun for noun, some in texts.items() if any(_said(read(text)[0])[noun] > said[noun] for text in some))


def _said(reading: Reading) -> dict[str, int]:
    """How many facts of each kind there are."""
    found = reading.found
    return {
        "a family": found.family is not None,
        "a version": (found.version is not None) + (found.base_version is not None),
        "a size": found.size is not None or found.mixture is not None,
        "a type": len(found.types),
        "a quantization": (found.method is not None) + (found.scheme is not None),
        "a format": found.format is not None,
    }

"""Owns reading names: a text in, a record of what it says out; nothing above it knows how a name is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.names.record import bases, changed, meaning, record_of, recorded, size_of, widened
from modelcatalog.names.refusing import LIMIT
from modelcatalog.names.regions import read_text
from modelcatalog.names.words import narrowed, readings

if TYPE_CHECKING:
    from modelcatalog.names.reading import Case
    from modelcatalog.names.record import Sized
    from modelcatalog.records import ModelName, Segment

__all__ = ["LIMIT", "changed", "decided", "meaning", "read", "recorded", "reset", "size_of"]


def read(text: str, *, strict: bool = False, sized: Sized | None = None) -> ModelName:
    """What the text says; the catalog adds nothing here (`modelcatalog.parse` does both).

    Args:
        text: Any spelling of a model's name, at most 1,024 printable characters.
        strict: Refuse words that no rule recognises.
        sized: What else is known of sizes: asked before the record is made, so that it need not be made twice.

    Raises:
        NameSyntaxError: empty, too long, control characters or, under ``strict``, an unknown word.

    >>> read("Qwen2.5-Coder-3B-Instruct-AWQ").types
    ('coder', 'instruct')
    """
    return recorded(text, strict, sized)


def decided(text: str) -> tuple[tuple[Segment, Case | None], ...]:
    """The segments of a text, each with the case that decided it; None: its place alone did, or nothing.

    Raises:
        NameSyntaxError: empty, too long or control characters.

    >>> [(segment.text, case.name) for segment, case in decided("Qwen3-8B") if case]
    [('Qwen', 'first_family'), ('3', 'beside_family'), ('8B', 'first_size')]
    """
    narrow = None if text.isascii() else narrowed(text)
    reading, parts = read_text(text if narrow is None else narrow)
    record = record_of(reading, parts, None, None)
    segments = (record if narrow is None else widened(record, text)).segments
    cases = reading.tape.decided
    return tuple(zip(segments, (*[None] * (len(segments) - len(cases)), *cases), strict=True))


def reset() -> None:
    """Forget every reading: the cases changed."""
    vocabulary.forget(readings, bases)

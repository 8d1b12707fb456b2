"""Owns `parse`: what the text says, joined by what the catalog adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.catalog.filling import dated
from modelcatalog.catalog.meaning import as_said, meanings, meant
from modelcatalog.catalog.sizes import known_size
from modelcatalog.names import recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelcatalog.records import ModelName

__all__ = ["named", "parse", "parse_many", "worded"]


def parse(text: str, *, strict: bool = False) -> ModelName:
    """A model's name as a record: what the text says, and what the catalog adds to it.

    No network, no files but the package's own data; a few dozen microseconds.

    Args:
        text: Any spelling: a hub id, URL, file, cache path, Ollama tag, API id or product name; at most 1,024 characters.
        strict: Refuse words that no rule recognises.

    Raises:
        NameSyntaxError: empty, too long, control characters or, under ``strict``, an unknown word.

    >>> name = parse("Qwen2.5-Coder-3B-Instruct-AWQ")
    >>> name.family, name.version, name.size.total, name.types, name.quantization.method
    ('Qwen', '2.5', 3000000000, ('coder', 'instruct'), 'awq')
    """
    name = recorded(text, strict, known_size)
    said = name.__dict__  # a record's attributes take longer
    if said["released"] is not None:
        return meant(dated(name))
    return name if said["tag"] is None and said["canonical"] not in meanings() else meant(name)


def _read(text: str) -> ModelName:
    name = recorded(text, None, known_size)
    return name if name.released is None else dated(name)


def parse_many(texts: Iterable[str], *, strict: bool = False) -> Iterator[ModelName]:
    """`parse` for each of many texts, one at a time and in order, in constant memory.

    Raises:
        NameSyntaxError: at the first text that is not a name.

    >>> [name.family for name in parse_many(["Qwen3-8B", "phi-4"])]
    ['Qwen', 'Phi']
    """
    for text in texts:
        yield parse(text, strict=strict)


def named(name: str | ModelName) -> ModelName:
    """A text or a record as a record."""
    return parse(name) if isinstance(name, str) else name


def worded(name: str | ModelName) -> ModelName:
    """A text or a record as the record of just its words, as the list of checkpoints has it; a text is read once."""
    return _read(name) if isinstance(name, str) else as_said(name)

"""Owns what the words of a name mean, in the words of the course that people come from: types, methods, formats, precisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.catalog.completing import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.entries import MeaningEntry, MethodEntry, TypeEntry
    from modelcatalog.records import ModelName

__all__ = ["Meaning", "glossary"]


class Meaning(NamedTuple):
    """One word of a name's record, and a sentence on what it means."""

    word: str
    meaning: str


def glossary(name: str | ModelName, language: Literal["en", "zh"] = "en") -> list[Meaning]:
    """What the types, the quantization, the format and the precision of a name mean, in that order.

    >>> for word, meaning in glossary("Qwen2.5-Coder-3B-Instruct-GPTQ-Int4"):
    ...     print(word, "-", meaning)
    coder - Made for reading and writing program code.
    instruct - Tuned to follow instructions.
    gptq - Quantized after training with second-order information, layer by layer; for GPUs.
    int4 - Integers of 4 bits instead of 16-bit floating point: less memory, a little less precision.
    """
    return [Meaning(word, getattr(entry, language).format(bits=word.removeprefix("int"))) for word, entry in _entries(named(name))]


def _entries(name: ModelName) -> Iterator[tuple[str, TypeEntry | MethodEntry | MeaningEntry]]:
    types, methods, meanings = vocabulary.types(), vocabulary.methods(), vocabulary.meanings()
    yield from ((word, types[word]) for word in name.types if word in types)
    packed = name.quantization
    if packed is not None:
        if packed.method in methods and packed.method != name.format:
            yield packed.method, methods[packed.method]
        if packed.bits in _WIDTHS and packed.method in _INTEGERS:
            yield f"int{packed.bits}", meanings["int"]
    yield from ((word, meanings[word]) for word in (name.format, name.dtype) if word in meanings)


_WIDTHS = (2, 3, 4, 8)
_INTEGERS = (None, "awq", "gptq")
"""Methods whose weights are integers of one width."""

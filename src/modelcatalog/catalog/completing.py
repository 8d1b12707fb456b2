"""Owns `parse`: what the text says, joined by what the catalog adds; and what is said to whoever gives something else than a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from os import PathLike
from typing import TypeVar

from pydantic import BaseModel

from modelcatalog.catalog.filling import dated
from modelcatalog.catalog.meaning import as_said, meant, short_names
from modelcatalog.catalog.sizes import known_size
from modelcatalog.errors import NameSyntaxError
from modelcatalog.names import LIMIT, recorded
from modelcatalog.records import ModelName

_N = TypeVar("_N")
_SHOWN = 60
"""Letters of what was given that an error shows."""

__all__ = ["many", "named", "no_name", "parse", "parse_many", "titled", "worded"]


def parse(text: str, *, strict: bool = False) -> ModelName:
    """A model's name as a record: what the text says, and what the catalog adds to it.

    No network, no files but the package's own data; a few dozen microseconds.

    Args:
        text: Any spelling: a hub id, URL, file, cache path, Ollama tag, API id or product name; at most 1,024 characters.
        strict: Refuse words that no rule recognises.

    Raises:
        NameSyntaxError: empty, too long, control characters or, under ``strict``, an unknown word.
        TypeError: it is not a text.

    >>> name = parse("Qwen2.5-Coder-3B-Instruct-AWQ")
    >>> name.family, name.version, name.size.total, name.types, name.quantization.method
    ('Qwen', '2.5', 3000000000, ('coder', 'instruct'), 'awq')
    """
    name = recorded(text if type(text) is str else _text(text), strict, known_size)
    said = name.__dict__  # a record's attributes take longer
    if said["released"] is not None:
        return meant(dated(name))
    short = short_names()
    return name if said["tag"] is None and said["canonical"] not in (short.every or short) else meant(name)


def titled(title: str) -> ModelName | None:
    r"""What a file, a folder or a store's entry is called, as a name; None where that is none, as with a line's end in it.

    >>> titled("na\nme.gguf") is None
    True
    """
    try:
        return parse(title[-LIMIT:])
    except NameSyntaxError:
        return None


def _text(given: object) -> str:
    """A text as nothing but a text: a member of an enumeration would go into the record, and there be called what its class calls it.

    Raises:
        TypeError: it is not a text.
    """
    if not isinstance(given, str):
        raise no_name(given)
    return str.__str__(given)


def _read(text: str) -> ModelName:
    name = recorded(text, None, known_size)
    return name if name.released is None else dated(name)


def parse_many(texts: Iterable[str], *, strict: bool = False) -> Iterator[ModelName]:
    """`parse` for each of many texts, one at a time and in order, in constant memory.

    Raises:
        NameSyntaxError: at the first text that is not a name.
        TypeError: it is one text, or something among them is not a text.

    >>> [name.family for name in parse_many(["Qwen3-8B", "phi-4"])]
    ['Qwen', 'Phi']
    """
    each = many(texts)  # at the call, and not where the first is taken
    return (parse(text, strict=strict) for text in each)


def many(given: Iterable[_N]) -> Iterable[_N]:
    """Names as they were given, but for one name alone, whose letters would each be taken for a name.

    Raises:
        TypeError: it is one name.
    """
    if isinstance(given, str | bytes | bytearray | ModelName):
        message = f"expected several names, got {_short(given)}: put it into a list"
        raise TypeError(message)
    return given


def no_name(given: object) -> TypeError:
    """What is wrong with something that stands where a name belongs, and what to write instead.

    >>> print(no_name(None))
    expected a name as a text, got None: leave out what is missing first (of a frame, with dropna)
    """
    if _is_missing(given):
        step = "leave out what is missing first (of a frame, with dropna)"
    elif isinstance(given, ModelName):
        step = "it has been read already"
    elif isinstance(given, PathLike):
        step = "pass str(path)"
    elif isinstance(given, bytes | bytearray):
        step = 'pass data.decode("utf-8")'
    elif isinstance(given, BaseModel):  # which is an iterable too, of its fields
        step = "pass its repo_id" if hasattr(given, "repo_id") and not hasattr(given, "name") else ""
    elif isinstance(given, Iterable) and not isinstance(given, Mapping | type):
        step = "call it for each of them"
    else:
        step = ""
    return TypeError(f"expected a name as a text, got {_short(given)}" + (f": {step}" if step else ""))


def _is_missing(given: object) -> bool:
    """Whether it stands for an empty cell; a column is not asked, since it has an answer for each row."""
    if given is None or isinstance(given, Sized):
        return given is None
    differs = given != given  # noqa: PLR0124  only what is not a number differs from itself
    return differs is given or bool(differs)  # pandas.NA is all that it answers, and is neither true nor false


def _short(given: object) -> str:
    text = f"a ModelName of {given.source!r}" if isinstance(given, ModelName) else " ".join(repr(given).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def named(name: str | ModelName) -> ModelName:
    """A text or a record as a record.

    Raises:
        TypeError: it is neither.
    """
    return name if isinstance(name, ModelName) else parse(name)


def worded(name: str | ModelName) -> ModelName:
    """A text or a record as the record of just its words, as the list of checkpoints has it; a text is read once.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(name, ModelName):
        return as_said(name)
    return _read(_text(name))

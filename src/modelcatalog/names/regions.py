"""Owns reading what `reference.take_apart` found, part by part from left to right: which parts hold words, and how each is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.names import grammar
from modelcatalog.names.calendar import calendar
from modelcatalog.names.context import CASES
from modelcatalog.names.reading import Reading, release, run
from modelcatalog.names.reference import take_apart
from modelcatalog.names.refusing import LIMIT, check
from modelcatalog.names.roles import Word
from modelcatalog.names.words import alone, cut, fold, readings

if TYPE_CHECKING:
    from modelcatalog.names.reference import Parts
    from modelcatalog.records import SegmentKind

__all__ = ["read_text"]

_OTHER = Word("other", "")
_OWNER_WORDS = 7
"""An account's name has no more words and separators."""
_QUANTIZED = frozenset(("bits", "method", "mlc_scheme", "named_scheme", "plain_q", "scheme", "weight_activation"))
"""Roles that state a quantization by themselves."""
_DATE, _NUMBERED = len("20250514"), len("001")


def read_text(source: str) -> tuple[Reading, Parts]:
    """The stages of reading: the parts of a reference, then words cut, looked up, and decided by their neighbours."""
    if not 0 < len(source) <= LIMIT or not source.isprintable() or source.isspace():
        check(source)
    known, lower = readings(), fold(source)
    dictionary = known.dictionary
    parts = take_apart(source, lower, dictionary)
    reading = Reading(source, lower, known)
    if parts.regions:
        _read_regions(reading, parts)
    else:
        if parts.slash > 0:
            reading.mode.account = dictionary.accounts.get(lower[: parts.slash])
        _words(reading, parts.slash + 1, len(source))
    return reading, parts


def _read_regions(reading: Reading, parts: Parts) -> None:
    lower = reading.lower
    for kind, start, end in parts.regions:
        if kind == "name":
            _words(reading, start, end)
        elif kind == "file":
            _again(reading, start, end)
        elif kind == "tag":
            _tag(reading, start, end)
        else:
            if kind in ("owner", "company"):
                reading.mode.account = reading.dictionary.accounts.get(lower[start:end])
                reading.mode.dotted = kind == "company"
            elif kind == "revision":
                _revision(reading, start, end)
            _other(reading, kind, start, end)


def _words(reading: Reading, start: int, end: int) -> None:
    words, texts = cut(reading.source[start:end], reading.known)
    first = reading.tape.put(words, texts)
    if "__" in reading.lower or "_-_" in reading.lower:
        _without_owner(reading, first)
    run(reading, first, CASES)


def _without_owner(reading: Reading, first: int) -> None:
    """``DavidAU__L3-…`` and ``google_-_gemma-…`` begin with the account that the model was taken from."""
    tape = reading.tape
    at = next((i for i, text in enumerate(tape.texts[first:]) if text in ("__", "_-_")), 0)
    end = first + at
    if not 0 < at <= _OWNER_WORDS or any(word.role in ("size", "mixture") for word in tape.words[first:end]):
        return
    for i in range(first, end):
        tape.words[i] = Word("other", tape.words[i].text)
        tape.kinds[i] = "owner"
    reading.found.account = "".join(tape.texts[first:end])


def _other(reading: Reading, kind: SegmentKind, start: int, end: int) -> None:
    """A stretch that holds no words."""
    at = reading.tape.put([_OTHER], [reading.source[start:end]])
    reading.tape.kinds[at] = kind


def _again(reading: Reading, start: int, end: int) -> None:
    """A file's name, which repeats the repository's: only what is new in it counts."""
    found, tape = reading.found, reading.tape
    keys, unknown, found.keys, tape.unknown = found.keys, tape.unknown, [], []
    known = found.family is not None or reading.mode.recognised
    _words(reading, start, end)
    if known:
        found.keys, tape.unknown = keys, unknown


def _tag(reading: Reading, start: int, end: int) -> None:
    """An Ollama tag is read like a name; a mode of serving is not, but may name a type."""
    text, dictionary = reading.lower[start:end], reading.dictionary
    if text not in dictionary.serving and not text.isdecimal():
        reading.mode.in_tag = True
        reading.mode.meanings = {**dictionary.tag_words, **reading.mode.meanings}
        _words(reading, start, end)
        return
    known = dictionary.words.get(text)
    if known is not None and known.role == "type" and isinstance(known.value, str) and known.value not in reading.found.types:
        reading.found.types.append(known.value)
    if text.isdecimal():
        _bedrock_revision(reading, text)
    _other(reading, "serving", start, end)


def _bedrock_revision(reading: Reading, revision: str) -> None:
    """Bedrock's ``-v1:0`` says nothing of the model; in ``claude-v2:1`` and ``titan-embed-text-v2:0`` it is the version."""
    tape, found, at = reading.tape, reading.found, reading.at
    i = len(tape.words) - 2
    if i < 0 or not (tape.words[i].role == "version" or (reading.mode.dotted and tape.words[i].text == "1")):
        return
    if revision != "0" and at.version == i:
        found.version = f"{found.version}.{revision}"
        return
    if at.version == i and found.version != "1" and tape.words[i].text != "v1":
        return
    tape.kinds[i] = "serving"
    if at.version == i:
        found.version, at.version = None, -1
    elif tape.words[i].text in found.keys:
        found.keys.remove(tape.words[i].text)


def _revision(reading: Reading, start: int, end: int) -> None:
    """Vertex AI's ``@20250514`` is a date and its ``@001`` a numbered model; other revisions say nothing of the model."""
    text, found = reading.lower[start:end], reading.found
    if not text.isdecimal():
        _packaging(reading, text)
        return
    date = calendar(text) if len(text) == _DATE else None
    if date is not None and found.released is None:
        found.released = release(*date, reading.source[start:end])
    elif len(text) == _NUMBERED:
        found.keys.append(text)


def _packaging(reading: Reading, text: str) -> None:
    """A branch that names a quantization: ``6.0bpw``, ``gptq-4bit-32g``; any other text says nothing."""
    words = [word for piece in grammar.pieces(text) for word in alone(readings()[piece]) if word.role != "separator"]
    if not words or not all(word.role in _QUANTIZED or word.role in ("group", "head_bits", "ignored") for word in words):
        return
    for word in words:
        if word.role in _QUANTIZED:
            next(case for case in CASES[word.role] if case.take(reading, -1, word))
        elif word.role == "group" and isinstance(word.value, int):
            reading.found.group = reading.found.group or word.value

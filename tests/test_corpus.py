"""The truth files: every name is read exactly as a person wrote it down before."""

from __future__ import annotations

from typing import Any

import pytest

import corpus
from modelcatalog import NameSyntaxError, catalog, parse
from rows import rows

NAMES = corpus.tables("name")
SAME = corpus.tables("same")
FORMS = corpus.tables("form")
INVALID = corpus.tables("invalid")
STRICT = corpus.tables("strict")


def test_the_corpus_is_large() -> None:
    """A corpus that was not found must not pass as one without misses."""
    assert len(NAMES) >= 900
    assert len(SAME) >= 150
    assert len(FORMS) >= 390
    assert len(INVALID) >= 10
    assert len(STRICT) >= 15


def test_no_name_stands_twice() -> None:
    """Two expectations for one name would hide each other."""
    for entries in (NAMES, FORMS):
        texts = [entry["text"] for _, entry in entries]
        assert len(texts) == len(set(texts))


@rows((file, entry["text"], (file, entry)) for file, entry in NAMES)
def test_name(file: str, entry: dict[str, Any]) -> None:
    """Every field is as written in the truth file; a field that is not written there is empty."""
    record = parse(entry["text"])
    assert corpus.differences(record, entry) == {}, file
    assert "".join(segment.text for segment in record.segments) == entry["text"]
    assert record.canonical == str(record.identity)


@rows((file, entry["names"][0], (file, entry)) for file, entry in SAME)
def test_spellings_of_one_model_agree(file: str, entry: dict[str, Any]) -> None:
    """All spellings of one model have one canonical name."""
    found = {name: parse(name).canonical for name in entry["names"]}
    assert len(set(found.values())) == 1, (file, found)


def test_different_models_differ() -> None:
    """No two groups of spellings share a canonical name."""
    owners: dict[str, str] = {}
    clashes = []
    for _, entry in SAME:
        first = entry["names"][0]
        other = owners.setdefault(parse(first).canonical, first)
        if other != first and not set(entry["names"]) & set(next(e["names"] for _, e in SAME if e["names"][0] == other)):
            clashes.append((first, other, parse(first).canonical))
    assert clashes == []


@rows((file, entry["text"], (file, entry)) for file, entry in FORMS)
def test_form(file: str, entry: dict[str, Any]) -> None:
    """A reference says the same of the model as the bare name does, and its parts are as written; without a model it says nothing of one."""
    record = parse(entry["text"])
    assert record.canonical == (parse(entry["as"]).canonical if entry["as"] else ""), file
    assert {part: getattr(record, part) for part in corpus.PARTS if getattr(record, part) is not None} == {
        part: value for part, value in entry.items() if part in corpus.PARTS
    }
    assert "".join(segment.text for segment in record.segments) == entry["text"]


@rows((file, repr(entry["text"])[:40], (file, entry)) for file, entry in INVALID)
def test_invalid(file: str, entry: dict[str, Any]) -> None:
    """What is not a name is refused where it goes wrong."""
    with pytest.raises(NameSyntaxError) as caught:
        parse(entry["text"])
    assert (caught.value.start, caught.value.end) == (entry["start"], entry["end"]), file


@rows((file, entry["text"], (file, entry)) for file, entry in STRICT)
def test_strict(file: str, entry: dict[str, Any]) -> None:
    """Under strict, the first unknown word is refused, and shown."""
    with pytest.raises(NameSyntaxError) as caught:
        parse(entry["text"], strict=True)
    assert (caught.value.start, caught.value.end) == (entry["start"], entry["end"]), file
    assert "^" in str(caught.value)
    assert catalog.parse(entry["text"]).unknown

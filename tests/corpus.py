"""Owns reading the truth files of tests/corpus/: names, and what a reader must find in them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "corpus"
_NEAR = 0.03
"""Relative tolerance of parameter counts: cards round."""
_COMPARED = (
    "hub", "owner", "name", "revision", "tag", "file", "company", "family", "version", "series", "types", "size", "quantization",
    "format", "dtype", "context_length", "released", "base",
)  # fmt: skip


PARTS = ("hub", "provider", "owner", "name", "revision", "tag", "file", "part")
"""The parts of a reference; a ``form`` of the truth files has those that the text has."""


def tables(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """All entries of one kind (``name``, ``same``, ``form``, ``invalid``, ``strict``), each with the file it stands in."""
    return [(stem, entry) for stem, content in _files().items() for entry in content.get(kind, [])]


@cache
def _files() -> dict[str, dict[str, Any]]:
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))}


def differences(record: Any, expected: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field -> (found, expected), for every field that differs; a field that is not written must be empty."""
    wrong = {}
    for field in (*_COMPARED, *(["unknown"] if "unknown" in expected else [])):
        value, wanted = getattr(record, field), expected.get(field)
        if field in ("types", "unknown"):
            same = sorted(value) == sorted(wanted or ())
        elif field in ("size", "quantization", "released"):
            same = _same_record(value, wanted)
        elif field == "base":
            same = value is None if wanted is None else value is not None and all(getattr(value, key) == part for key, part in wanted.items())
        else:
            same = value == wanted
        if not same:
            wrong[field] = (value, wanted)
    return wrong


def _same_record(value: Any, wanted: dict[str, Any] | None) -> bool:
    if value is None or wanted is None:
        return value is None and wanted is None
    for key, part in value:
        expected = wanted.get(key)
        if key in ("total", "active") and part is not None and expected is not None:
            if abs(part - expected) > _NEAR * expected:
                return False
        elif part != expected:
            return False
    return True

"""Tests of the table of cases: what neighbours decide, each case with the name for which it is there."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, get_args

import pytest

from modelcatalog import names
from modelcatalog.names import context
from modelcatalog.names.roles import Role

if TYPE_CHECKING:
    from modelcatalog.names.reading import Case

CASES = [(role, case) for role, cases in context.CASES.items() for case in cases]
SILENT = {"other", "separator", "several"}
"""Roles that no case is asked about."""


@pytest.mark.parametrize(("role", "case"), CASES, ids=[case.name for _, case in CASES])
def test_each_case_decides_its_example(role: Role, case: Case) -> None:
    """In the example, the case takes a word of its role, which becomes the kind of segment that the table says."""
    segments = [segment for segment, other in names.decided(case.example) if other is case]
    assert segments, role
    given = {segment.kind for segment in segments}
    assert case.gives in given or (case.gives == "unknown" and given == {"family"})  # an unknown family, in the end


@pytest.mark.parametrize(("role", "case"), CASES, ids=[case.name for _, case in CASES])
def test_each_case_is_needed(role: Role, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the case, its example reads differently."""
    read = names.read(case.example)
    names.reset()
    monkeypatch.setitem(context.CASES, role, tuple(other for other in context.CASES[role] if other is not case))
    assert names.read(case.example) != read
    monkeypatch.undo()
    names.reset()
    assert names.read(case.example) == read


def test_the_table_is_whole() -> None:
    """Every role has its cases and its place in a chapter; names are told once, and reasons are sentences."""
    assert set(context.CASES) | SILENT == set(get_args(Role))
    assert [role for roles in context.CHAPTERS.values() for role in roles] == list(context.CASES)
    assert len({case.name for _, case in CASES}) == len(CASES)
    assert all(case.about.endswith(".") and case.about[0].isupper() for _, case in CASES)


def test_every_function_is_a_case() -> None:
    """The modules of cases have no public function that the table does not use, but for what they share."""
    used = {case.take.__name__ for _, case in CASES} | {case.fits.__name__ for _, case in CASES if case.fits is not None}
    shared = {"dethrone", "lined", "served_only", "set_version", "training"}
    for name in ("families", "numbers", "packaging", "sizes"):
        module = importlib.import_module(f"modelcatalog.names.cases.{name}")
        assert set(module.__all__) - used - shared == set(), name


def test_decided() -> None:
    """Every segment has its case, or none where its place alone says what it is."""
    found = names.decided("bartowski/Qwen2.5-7B-Instruct-zork-GGUF")
    assert [(segment.text, None if case is None else case.name) for segment, case in found if segment.kind != "separator"] == [
        ("bartowski", None), ("Qwen", "first_family"), ("2.5", "decimal"), ("7B", "first_size"), ("Instruct", "type"), ("zork", None), ("GGUF", "format"),
    ]  # fmt: skip

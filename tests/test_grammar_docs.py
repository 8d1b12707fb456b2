"""Tests of docs/: the grammar that people read is the grammar that runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog.names import grammar
from modelcatalog.names.notation import Lit, Node

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[1] / "docs"
STALE = "run python docs/generate_grammar.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The script that writes the page and the diagrams."""
    spec = importlib.util.spec_from_file_location("generate_grammar", DOCS / "generate_grammar.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_not_stale(generator: ModuleType) -> None:
    """The page has every rule, chapter and example as the code has them now."""
    assert (DOCS / "grammar.md").read_text(encoding="utf-8") == generator.page(), STALE


def test_no_diagram_is_stale(generator: ModuleType) -> None:
    """Every rule has its diagram, and no diagram is left of a rule that is gone."""
    pytest.importorskip("railroad")
    assert generator.stale() == [], STALE
    assert generator.main("--check") == 0


def test_every_picture_is_there() -> None:
    """The page shows one diagram for each rule, and all of them exist."""
    shown = re.findall(r"\]\((diagrams/[^)]+)\)", (DOCS / "grammar.md").read_text(encoding="utf-8"))
    assert len(shown) == len(grammar.references()) + len(grammar.PIECES) + len(grammar.WORDS)
    assert {place.relative_to(DOCS).as_posix() for place in (DOCS / "diagrams").glob("*.svg")} == set(shown)


def test_worked_examples_use_their_rule() -> None:
    """The name under a rule has a piece that this very rule takes."""
    for piece_rule in grammar.PIECES:
        assert any(re.fullmatch(piece_rule.regex(), piece) for piece in grammar.pieces(piece_rule.worked)), piece_rule.name
    for rule in grammar.WORDS:
        pieces = grammar.pieces(rule.worked.lower())
        # A number may be glued to its family: internlm2_5.
        parts = [piece.lstrip("abcdefghijklmnopqrstuvwxyz") for piece in pieces]
        assert any(found is not None and found[0] is rule for found in map(grammar.word, (*pieces, *parts))), rule.name


def test_check_names_what_is_stale(generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Into an empty folder everything is written; a changed file, a missing and a left one are named and mended."""
    pytest.importorskip("railroad")
    monkeypatch.setattr(generator, "FOLDER", tmp_path)
    monkeypatch.setattr(generator.stale, "__defaults__", (tmp_path,))
    assert generator.main() == 0
    (tmp_path / "grammar.md").write_text("old", encoding="utf-8")
    (tmp_path / "diagrams" / "words-size.svg").unlink()
    (tmp_path / "diagrams" / "words-gone.svg").write_text("<svg/>", encoding="utf-8")
    capsys.readouterr()
    assert generator.main("--check") == 1
    lines = ("diagrams/words-gone.svg", "diagrams/words-size.svg", "grammar.md")
    assert capsys.readouterr().out == "".join(f"docs/{place} is stale; {STALE}\n" for place in lines)
    assert generator.main() == 0
    assert generator.stale() == []


def test_what_cannot_be_drawn_is_said(generator: ModuleType) -> None:
    """A new kind of node needs a drawing."""
    pytest.importorskip("railroad")
    assert generator.drawn(Lit("x"))
    with pytest.raises(TypeError, match="has no drawing; add a case"):
        generator.drawn(Node())

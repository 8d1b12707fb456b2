"""Tests of both READMEs: what they show is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import modelcatalog as mc
from modelcatalog.cli import command
from pages import blocks

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("name", READMES)
def test_examples(name: str) -> None:
    """Each page has five things to try; tests/test_docs.py runs them, with every other block of the pages."""
    assert len([block for block in blocks(ROOT / name, "python") if not block.not_run]) >= 5


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Pages and pictures that a README names are in the repository."""
    text = (ROOT / name).read_text(encoding="utf-8")
    places = [place for place in re.findall(r'(?:\]\(|src="|srcset=")([^)"#]+)', text) if "://" not in place]
    assert len(places) >= 6
    for place in places:
        assert (ROOT / place).exists(), place


def test_the_demo_ends_as_shown(gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan that the page shows is the one that is printed, but for the path and this machine's free memory."""
    pytest.importorskip("transformers")
    monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
    shown = blocks(ROOT / "README.md", "text")[0].text.partition("\n\n")[0].splitlines()
    printed = str(mc.plan("SmolLM2-135M-Instruct", device="cpu")).splitlines()
    here = ("  from ", "  memory ")
    assert [line for line in shown if not line.startswith(here)] == [line for line in printed if not line.startswith(here)]


def test_the_two_commands_exist() -> None:
    """The two commands of the page are targets of the Makefile, and continuous integration runs the second."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\$ make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert f"\n{target}:" in makefile
    run = [line.removeprefix("exec ") for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()]
    assert "make test" in run
    assert "make docs" in run


def test_every_command_is_described() -> None:
    """Both pages, and both of the command line, have a row for every command that there is."""
    every = command().commands
    assert len(every) > 12
    for name in (*READMES, "docs/cli.md", "docs/cli.zh.md"):
        rows = {found[1] for found in re.finditer(r"^\| \[?`(?:modelcatalog )?(\w+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)}
        assert set(every) - rows == set(), name

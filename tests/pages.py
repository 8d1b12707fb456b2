"""Owns how the pages' code blocks are found and run: every block of docs/ and the READMEs, by the same rules.

A block is run, or the line before it says why not: ``<!-- not run: it needs a GPU -->``. Python blocks are examples with
their output (``>>>``) or plain statements, and share their names from block to block of one page; ``$ modelcatalog …`` in a
console block is run and its output compared; TOML must be TOML, JSON must be JSON. Blocks of other languages show no program,
and say so by their language: ``text``, ``ebnf``.
"""

from __future__ import annotations

import doctest
import io
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelcatalog.cli import main

__all__ = ["DATA", "DOCS", "PAGES", "ROOT", "Block", "Console", "blocks", "run_data", "run_python"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = tuple(sorted([*DOCS.glob("*.md"), *ROOT.glob("README*.md")]))
DATA = ("toml", "json")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_WHY = re.compile(r"<!-- not run: (.+?) -->\s*$")


class Block(NamedTuple):
    """One code block of a page."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str | None
    """Why it is not run."""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page, or those of some languages, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        why = _WHY.search(before)
        found.append(Block(page, before.count("\n") + 1, match["language"], match["text"], why and why[1]))
    return [block for block in found if not languages or block.language in languages]


def run_python(page: Path, names: dict[str, Any]) -> int:
    """Run the Python blocks of a page in one namespace; how many there were. Fails with what was printed instead."""
    done = 0
    for block in blocks(page, "python"):
        if block.not_run:
            continue
        done += 1
        if ">>>" not in block.text:
            exec(compile(block.text, block.place, "exec"), names)  # noqa: S102  the pages are the project's own
            continue
        printed: list[str] = []
        examples = doctest.DocTestParser().get_doctest(block.text, names, block.place, str(page), block.line)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        result = runner.run(examples, out=printed.append, clear_globs=False)
        assert result.failed == 0, "".join(printed)
        names |= examples.globs
    return done


class Console:
    """Runs the commands that pages show, each once, in this process; tests/test_cli.py starts processes."""

    def __init__(self) -> None:
        self._printed: dict[tuple[str, str], list[str]] = {}

    def run(self, block: Block, capture: pytest.CaptureFixture[str]) -> None:
        """Compare what a block's command prints, in the page's language; commands of other programs need a reason not to be run."""
        command, _, expected = block.text.partition("\n")
        assert command.startswith("$ modelcatalog "), f"{block.place}: only modelcatalog is run here; say why not: <!-- not run: … -->"
        locale = "zh_CN.UTF-8" if block.page.stem.lower().endswith((".zh", ".zh-cn")) else "C.UTF-8"
        if (command, locale) not in self._printed:
            self._printed[command, locale] = [line.rstrip() for line in self._run(command.removeprefix("$ "), locale, capture).splitlines()]
        assert self._printed[command, locale] == expected.rstrip("\n").splitlines(), block.place

    def _run(self, command: str, locale: str, capture: pytest.CaptureFixture[str]) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LC_ALL", locale)
            patch.setattr(sys, "argv", shlex.split(command))
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
            capture.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capture.readouterr()
        assert not ended.value.code, err
        return out


def run_data(block: Block) -> None:
    """What a block of data says can be read."""
    if block.language == "toml":
        assert tomllib.loads(block.text), block.place
    else:
        assert json.loads(block.text), block.place

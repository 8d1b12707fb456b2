"""Tests of both READMEs: what they show is what happens."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import modelcatalog as mc

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("name", READMES)
def test_examples(name: str, model: mc.ChatModel, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python example prints what the page says; the model is the one that the other tests have loaded."""
    monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
    monkeypatch.setattr(mc, "load", lambda _plan: nullcontext(model))
    printed: list[str] = []
    text = (ROOT / name).read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report: Callable[[str], object] = printed.append
    result = runner.run(examples, out=report)
    assert result.attempted > 5
    assert result.failed == 0, "".join(printed)


@pytest.mark.parametrize("name", READMES)
def test_console(name: str) -> None:
    """Every command that a page shows with its output prints that output."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        command, _, expected = block.partition("\n")
        if not command.startswith("$ modelcatalog"):
            continue
        done = subprocess.run([sys.executable, "-m", *command.removeprefix("$ ").split()], capture_output=True, text=True, check=True)
        assert [line.rstrip() for line in done.stdout.splitlines()] == expected.splitlines()


def test_the_two_commands_exist() -> None:
    """The two commands of the page are targets of the Makefile, and continuous integration runs the second."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in re.findall(r"^\$ make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert f"\n{command}:" in makefile
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("exec make test")


def test_every_command_is_described() -> None:
    """Both pages have a line for every command."""
    for name in READMES:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert all(f"| `modelcatalog {command} " in text for command in ("parse", "resolve", "plan", "chat", "catalog"))

"""Tests of errors.py: whole messages, as a user reads them."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

from modelcatalog import errors
from modelcatalog.errors import MissingPackage, ModelCatalogError, NameSyntaxError


def test_message_and_next_step() -> None:
    """An error is one sentence and, below it, what to do next."""
    error = ModelCatalogError("no such thing", subject="foo", hint="try bar")
    assert str(error) == "no such thing\n  try bar"
    assert (error.message, error.subject, error.hint) == ("no such thing", "foo", "try bar")


def test_message_alone() -> None:
    """Where nothing helps, nothing is suggested."""
    assert str(ModelCatalogError("no such thing")) == "no such thing"


@pytest.mark.parametrize("name", errors.__all__)
def test_one_tree(name: str) -> None:
    """Every error is a ModelCatalogError, and says in its docstring when it is raised."""
    cls = getattr(errors, name)
    assert issubclass(cls, ModelCatalogError)
    assert cls.__doc__
    assert name in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("NameSyntaxError", ValueError),
        ("UnknownFamily", LookupError),
        ("CheckpointNotFound", LookupError),
        ("HubUnreachable", ConnectionError),
        ("WontFit", MemoryError),
        ("MissingPackage", ImportError),
        ("EngineError", RuntimeError),
        ("CatalogDataError", ValueError),
    ],
)
def test_builtin_parents(name: str, builtin: type[Exception]) -> None:
    """Who catches Python's own error catches ours."""
    assert issubclass(getattr(errors, name), builtin)


def test_caret_under_one_character() -> None:
    """Without an end, one character is pointed at."""
    error = NameSyntaxError("odd character", subject="Qwen?3", start=4)
    assert (error.start, error.end) == (4, 5)
    assert str(error) == "odd character\n  Qwen?3\n      ^"


def test_caret_under_a_word_with_expectations() -> None:
    """A word is underlined whole; two options are joined by "or"."""
    error = NameSyntaxError("unknown word", subject="Qwen-fizz-7B", start=5, end=9, expected=("a type", "a size"))
    assert str(error) == "unknown word\n  Qwen-fizz-7B\n       ^^^^\n  expected a type or a size"


def test_three_expectations_and_a_hint() -> None:
    """A list of options has commas; the hint comes last."""
    error = NameSyntaxError("bad", subject="x", expected=("a", "b", "c"), hint="read the manual")
    assert str(error) == "bad\n  x\n  ^\n  expected a, b or c\n  read the manual"


def test_caret_shows_control_characters() -> None:
    """A control character is shown as Python writes it, and the caret is as wide."""
    error = NameSyntaxError("control character", subject="gpt\t4", start=3)
    assert str(error) == "control character\n  gpt\\t4\n     ^^"


def test_caret_under_chinese() -> None:
    """Chinese characters take two columns of a terminal."""
    error = NameSyntaxError("unknown word", subject="通义千问-嘟嘟-7B", start=5, end=7)
    assert str(error) == "unknown word\n  通义千问-嘟嘟-7B\n           ^^^^"


def test_caret_in_a_long_text() -> None:
    """Of a long text, the part around the caret is shown."""
    error = NameSyntaxError("unknown word", subject="a" * 100 + "BAD" + "c" * 100, start=100, end=103)
    assert str(error) == "\n".join(
        ("unknown word", "  …" + "a" * 36 + "BAD" + "c" * 33 + "…", "  " + " " * 37 + "^^^"),
    )


def test_caret_at_the_end_of_an_over_long_text() -> None:
    """The underline ends with what is shown."""
    error = NameSyntaxError("name of 2000 characters", subject="q" * 2000, start=1024, end=2000)
    assert str(error).splitlines()[1:] == ["  …" + "q" * 72 + "…", "  " + " " * 37 + "^" * 36]


def test_caret_under_nothing() -> None:
    """An empty text still gets its caret."""
    assert str(NameSyntaxError("empty name", subject="", end=0)) == "empty name\n  \n  ^"


def test_missing_package_has_the_line() -> None:
    """The line that installs the package can be copied."""
    error = MissingPackage("loading needs torch", subject="torch", install="pip install 'modelcatalog[chat]'")
    assert str(error) == "loading needs torch\n  install it with: pip install 'modelcatalog[chat]'"
    assert error.install == "pip install 'modelcatalog[chat]'"


@pytest.mark.parametrize(
    "error",
    [
        ModelCatalogError("m", subject="s", hint="h"),
        NameSyntaxError("m", subject="Qwen-fizz", start=5, end=9, expected=("a type",)),
        MissingPackage("m", subject="torch", install="pip install torch"),
        *(kind("m", subject="s", hint="h") for kind in ModelCatalogError.__subclasses__() if kind not in (NameSyntaxError, MissingPackage)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_pickling(error: ModelCatalogError) -> None:
    """An error crosses a process border whole, whatever its signature."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


ODD = re.compile(r"(?<!there )\b(?:is|are|was|were) no (?!longer|more|better|other)|\bone a line\b|\bmend\b")


def test_plain_words() -> None:
    """No text that a user may read says "is no number" for "is not a number", and the like."""
    odd = []
    for file in sorted(Path(errors.__file__).parent.rglob("*.py")):
        constants = (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant))
        odd += [f"{file.name}:{node.lineno}: {found[0]}" for node in constants if isinstance(node.value, str) and (found := ODD.search(node.value))]
    assert not odd

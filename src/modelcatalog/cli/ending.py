"""Owns how a command ends: what an error looks like, and its exit code. Knows no command."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any

from rich.text import Text

from modelcatalog import later
from modelcatalog.cli import show
from modelcatalog.cli.words import words
from modelcatalog.errors import CheckpointNotFound, ModelCatalogError, NameSyntaxError, UnknownFamily, Unsupported

__all__ = ["BAD_INPUT", "FAILED", "INTERRUPTED", "report", "report_usage", "say_error", "say_note", "say_problem"]

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
_BAD = (NameSyntaxError, UnknownFamily, CheckpointNotFound)


def report(error: ModelCatalogError, place: str = "") -> int:
    """Print an error where errors go, after the place of what it is about; its exit code."""
    from modelcatalog.cli import typed  # no more than an error needs it

    say_error(place + error.told(typed.sayer(error)))
    return BAD_INPUT if isinstance(error, _BAD) or (isinstance(error, Unsupported) and error.meaningless) else FAILED


def report_usage(error: Any, arguments: list[str]) -> int:
    """Print an error of usage, with a caret under the argument that it is about; its exit code.

    Args:
        error: What typer raised.
        arguments: What was typed after the program's name.
    """
    say, context = words(os.environ), getattr(error, "ctx", None)
    message = str(error.format_message()).rstrip(".")
    told = _said(_plain(f"{message[:1].lower()}{message[1:]}"))
    named = {*re.findall(r"'([^']*)'", message), str(getattr(error, "option_name", ""))}
    # typer does not say which command it is whose option lacks its value.
    path = context.command_path if context else " ".join(["modelcatalog", *(one for one in arguments[:1] if not one.startswith("-"))])
    shown = [shlex.quote(argument) for argument in arguments]
    about = [number for number, argument in enumerate(arguments) if argument in named or argument.partition("=")[0] in named]
    line, start = " ".join(["modelcatalog", *shown]), len(" ".join(["modelcatalog", *shown[: about[-1]]])) + 1 if about else 0
    hint = say.usage_hint.format(command=f"{path} --help")
    text = NameSyntaxError(told, subject=line, start=start, end=start + len(shown[about[-1]]), hint=hint) if about else f"{told}\n  {hint}"
    say_error(str(text))
    return BAD_INPUT


_PYDANTIC = (
    (later.pattern(r"Value error, "), ""),
    (later.pattern(r"Input should be a valid integer.*"), "a whole number is expected"),
    (later.pattern(r"Input should be a valid number.*"), "a number is expected"),
    (later.pattern(r"Input should be greater than or equal to (\S+)"), "at least {} is expected"),
    (later.pattern(r"Input should be less than or equal to (\S+)"), "at most {} is expected"),
)
"""What newer versions of typer hand on from pydantic, which speaks to programmers."""


def _plain(text: str) -> str:
    for form, said in _PYDANTIC:
        text = form.sub(lambda found, said=said: said.format(*found.groups()), text)  # type: ignore[misc]
    return text


def _said(text: str) -> str:
    """What the package or typer says, in the user's language."""
    from modelcatalog.cli import typed  # no more than an error needs it

    return typed.sayer()(text)


def say_error(text: str) -> None:
    """Print what went wrong where errors go, in the one form that errors have."""
    show.console(stderr=True).print(Text.assemble((words(os.environ).error, "bold red"), text), soft_wrap=True)


def say_problem(text: str, place: str = "") -> None:
    """Print a sentence of the package where errors go, in the user's language, after the place of what it is about."""
    say_error(place + _said(text))


def say_note(text: str) -> None:
    """Print what is worth knowing where errors go: it is none."""
    show.console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)

"""Owns how a command ends: what an error looks like, and its exit code. Knows no command."""

from __future__ import annotations

import os

from rich.text import Text

from modelcatalog.cli import show
from modelcatalog.cli.words import words
from modelcatalog.errors import CheckpointNotFound, ModelCatalogError, NameSyntaxError, UnknownFamily

__all__ = ["BAD_INPUT", "FAILED", "INTERRUPTED", "report", "say_error"]

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
_BAD = (NameSyntaxError, UnknownFamily, CheckpointNotFound)


def report(error: ModelCatalogError) -> int:
    """Print an error where errors go; its exit code."""
    say, kind = words(os.environ), type(error).__name__
    say_error(f"{say.kinds[kind]}\n{error}" if kind in say.kinds else str(error))
    return BAD_INPUT if isinstance(error, _BAD) else FAILED


def say_error(text: str) -> None:
    """Print what went wrong where errors go, in the one form that errors have."""
    show.console(stderr=True).print(Text.assemble((words(os.environ).error, "bold red"), text), soft_wrap=True)

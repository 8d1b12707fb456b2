"""Owns the command line as a whole: its commands, and how it starts and ends. Each command is one call of the public API.

Exit codes: 0; 2 where what was typed is wrong (the usage, a name, a model or file that does not exist);
1 where the rest failed (network, memory, licence, packages, closed weights); 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

import modelcatalog
from modelcatalog.cli import ending, translated, typed
from modelcatalog.cli.help import Command, Group
from modelcatalog.cli.words import words
from modelcatalog.errors import ModelCatalogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["command", "main"]

_Usage: type[Exception] = typer.BadParameter.__mro__[2]
"""What every error of usage is; typer does not give it a name of its own."""

_COMPLETING = "_MODELCATALOG_COMPLETE"
"""The environment variable by which a shell asks; typer calls it so."""
_OF_SHELLS = frozenset({"--install-completion", "--show-completion"})
"""Options whose answer is for a shell; typer calls them so."""
_HOMES = {
    "parse": "names", "explain": "names", "compare": "names", "resolve": "names", "group": "names", "plan": "models", "lock": "models", "pull": "keeping",
    "chat": "models", "local": "keeping", "catalog": "browsing", "facts": "browsing", "update": "updating",
}  # fmt: skip
"""Command -> the module of its function, in the order of the help."""


def command(asked: str | None = None) -> Any:
    """The whole command line, its help in the user's language.

    Args:
        asked: The one command that is to run: reading the signatures of all takes longer than most of what they do. Any other text means all.
    """
    app = typer.Typer(
        name="modelcatalog",
        help="What a language model's name says, who has its weights, and a chat with them.",
        cls=Group,
        epilog=translated.EPILOG,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_options)
    for name in [asked] if asked in _HOMES else _HOMES:
        app.command(cls=Command)(getattr(import_module(f"{__name__}.{_HOMES[name]}"), name))
    made = get_command(app)
    if words(os.environ).labels.language == "zh":
        translated.translate(made)
    return made


def main() -> None:
    """Run the command line on the process's arguments, and exit with its code; no failure shows a traceback."""
    # A reply in Chinese on an ASCII terminal is shown in escapes; it is not a reason to fail.
    for name, mode, errors in (("stdin", "r", "surrogateescape"), ("stdout", "w", "backslashreplace"), ("stderr", "w", "backslashreplace")):
        _open(name, mode).reconfigure(errors=errors)
    sys.argv[1:] = map(_argument, sys.argv[1:])
    # Run as a module, the program would else be `python -m modelcatalog` to the shell, which completes commands.
    called = "modelcatalog" if _OF_SHELLS.intersection(sys.argv[1:]) else None
    code: object = 0
    try:
        try:
            warnings.showwarning = _warned(warnings.showwarning)
            # A shell that completes a line asks for all commands, whatever stands on it.
            code = command(next(iter(sys.argv[1:]), None) if _COMPLETING not in os.environ else None)(prog_name=called, standalone_mode=False)
        finally:
            sys.stdout.flush()
    except ModelCatalogError as error:
        code = ending.report(error)
    except _Usage as error:
        code = ending.report_usage(error, sys.argv[1:])
    except (KeyboardInterrupt, typer.Abort):
        code = ending.INTERRUPTED
    except BrokenPipeError:
        # The reader left, as `head` does. What is still in the buffer goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ending.FAILED
    except OSError as error:
        ending.say_problem(error.strerror or str(error), "" if error.filename is None else f"{error.filename}: ")
        code = ending.FAILED
    sys.exit(code if isinstance(code, int) else 0)


def _open(name: str, mode: str) -> Any:
    """A stream of the process; one that whoever started it has closed, as services and scheduled jobs do, is open to nowhere."""
    if getattr(sys, name) is None:
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  for as long as the process runs
    return getattr(sys, name)


def _argument(text: str) -> str:
    """An argument in UTF-8 that the locale's encoding does not have: one types Chinese in an ASCII locale too."""
    if text.isascii() or not any("\udc80" <= char <= "\udcff" for char in text):
        return text
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        return text


def _warned(usual: Callable[..., None]) -> Callable[..., None]:
    """How warnings are shown: this package's own as the command line says things, others as Python does."""
    own = str(Path(modelcatalog.__file__).parent)

    def show_warning(message: Warning | str, category: type[Warning], filename: str, *rest: Any) -> None:
        if category.__name__ == "FetchedDataWarning" or (category is UserWarning and filename.startswith(own)):
            ending.say_note(f"{words(os.environ).warning}{typed.sayer()(str(message))}")
        else:
            usual(message, category, filename, *rest)

    return show_warning


def _options(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version, and the days of the data.")] = False,
) -> None:
    if version:
        typer.echo(modelcatalog.__version__)
        _say_days()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ending.BAD_INPUT)


def _say_days() -> None:
    from modelcatalog.cli import updating  # seldom asked

    say = words(os.environ)
    for source, day in modelcatalog.catalog.days().items():
        typer.echo(say.data_days.format(day=day) if source == "catalog" else say.data_fetched.format(source=updating.title(source), day=day))

"""Owns the command line as a whole: its commands, and how it starts and ends. Each command is one call of the public API.

Exit codes: 0; 2 where what was typed is wrong (the usage, a name, a model or file that does not exist);
1 where the rest failed (network, memory, licence, packages, closed weights); 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import modelcatalog
from modelcatalog.cli import ending, models, names
from modelcatalog.errors import ModelCatalogError

__all__ = ["main"]

app = typer.Typer(
    name="modelcatalog",
    help="What a language model's name says, who has its weights, and a chat with them.",
    epilog="Exit codes: 2 if what you typed is wrong, 1 if something else failed. NO_COLOR turns colours off; a Chinese locale turns the messages Chinese.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (names.parse, names.explain, names.compare, names.resolve, models.plan, models.lock, models.chat, names.catalog):
    app.command()(_command)


def main() -> None:
    """Run the command line on the process's arguments, and exit with its code; no failure shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A reply in Chinese on an ASCII terminal is shown in escapes; it is no reason to fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except ModelCatalogError as error:
        sys.exit(ending.report(error))
    except BrokenPipeError:
        # The reader left, as `head` does. What is still in the buffer goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ending.FAILED)


@app.callback(invoke_without_command=True)
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(modelcatalog.__version__)
        raise typer.Exit

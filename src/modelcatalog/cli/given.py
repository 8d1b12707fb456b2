"""Owns where names come from: arguments, a file, standard input; and what a bad one among many does. Knows no command."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

import typer

from modelcatalog.cli import ending
from modelcatalog.cli.words import words
from modelcatalog.errors import CatalogDataError, ModelCatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from pydantic import BaseModel

__all__ = ["Given", "lines"]

_T = TypeVar("_T")


class Given:
    """A command over many names: a bad one is reported, the others go on, and the worst decides the exit code.

    Args:
        names: From the command line; ``-`` stands for standard input.
        file: A text file, one name per line; read after the others.

    Raises:
        typer.Exit: where there is neither a name nor a file.
    """

    def __init__(self, names: list[str] | None, file: Path | None) -> None:
        self.code = 0
        self._names = names or []
        self._file = file
        if not self._names and file is None:
            ending.say_error(words(os.environ).no_names)
            raise typer.Exit(ending.BAD_INPUT)

    @property
    def single(self) -> bool:
        """Whether it is one name, as an argument."""
        return self._file is None and len(self._names) == 1 and self._names[0] != "-"

    def each(self, call: Callable[[str], _T], failed: Callable[[str, ModelCatalogError], _T] | None = None) -> Iterator[_T]:
        """What ``call`` makes of each name; errors are printed as they come.

        Args:
            call: What is made of a name.
            failed: What stands in the place of a name that failed; None: nothing does.
        """
        for text in self._texts():
            try:
                yield call(text)
            except CatalogDataError:
                raise  # every other name would fail alike
            except ModelCatalogError as error:
                self.code = max(self.code, ending.report(error))
                if failed is not None:
                    yield failed(text, error)

    def end(self) -> None:
        """End the command with the code of its worst name."""
        if self.code:
            raise typer.Exit(self.code)

    def _texts(self) -> Iterator[str]:
        for name in self._names:
            if name == "-":
                yield from _filled(sys.stdin)
            else:
                yield name
        if self._file is not None:
            yield from self._from_file(self._file)

    def _from_file(self, file: Path) -> Iterator[str]:
        try:
            # A line that is not UTF-8 is a bad name like any other, and does not end the file.
            with file.open(encoding="utf-8-sig", errors="surrogateescape") as stream:
                yield from _filled(stream)
        except OSError as error:
            ending.say_error(f"{words(os.environ).no_file.format(file=file)}\n  {error.strerror or error}")
            self.code = ending.BAD_INPUT


def _filled(stream: TextIO) -> Iterator[str]:
    yield from (text for line in stream if (text := line.rstrip("\r\n")).strip())


def lines(records: Iterable[BaseModel]) -> None:
    """Print records as JSON, one per line, each as it comes."""
    for record in records:
        sys.stdout.write(f"{record.model_dump_json()}\n")

"""Owns where names come from: arguments, a file, standard input; and what a bad one among many does. Knows no command."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

from modelcatalog.cli import ending
from modelcatalog.cli.words import words
from modelcatalog.errors import CatalogDataError, ModelCatalogError, NameSyntaxError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from pydantic import BaseModel

__all__ = ["Given", "files", "lines", "typed", "writable"]

_T = TypeVar("_T")


@contextmanager
def typed(asked: Mapping[str, object]) -> Iterator[None]:
    """What the catalog does not know is wrong in what was typed.

    Args:
        asked: Option, without its dashes -> what was typed for it, once or several times.
    """
    try:
        yield
    except Unsupported as error:
        subject, known = error.subject, asked.items()
        option = next((f"--{name}" for name, value in known if value == subject or (isinstance(value, list) and subject in value)), None)
        if option is None:
            raise  # about something else
        raise typer.BadParameter("; ".join(filter(None, (error.message, error.hint))), param_hint=option) from error


@contextmanager
def files() -> Iterator[None]:
    """A file that was typed and does not exist, or a folder in the place of one, is bad input."""
    try:
        yield
    except Unsupported as error:
        error.meaningless = error.meaningless or isinstance(error.__cause__, FileNotFoundError | IsADirectoryError | NotADirectoryError)
        raise


def writable(path: Path | None, option: str) -> None:
    """Refuse a file that cannot be written, before the work whose end it is to hold.

    Raises:
        typer.BadParameter: there is no such folder, it is one, its rights forbid it, or standard output is meant.
    """
    if path is None:
        return
    if str(path) == "-":
        message = "it is written into a file, not to standard output: name one"
        raise typer.BadParameter(message, param_hint=option)
    lacking = not os.path.isdir(path.parent)  # noqa: PTH112  pathlib's own fails on a name that is too long for a folder
    forbidden = not lacking and not os.access(path if path.exists() else path.parent, os.W_OK)
    problem = errno.ENOENT if lacking else errno.EISDIR if path.is_dir() else errno.EACCES if forbidden else None
    if problem is not None:
        message = f"{path} cannot be written: {os.strerror(problem)}"
        raise typer.BadParameter(message, param_hint=option)


class Given:
    """A command over many names: a bad one is reported, the others go on, and the worst decides the exit code.

    Args:
        names: From the command line; ``-`` stands for standard input.
        file: A text file, one name per line, with comments behind ``#``; read after the others.

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
        for text, place in self._texts():
            try:
                _utf8(text)
                yield call(text)
            except CatalogDataError:
                raise  # every other name would fail alike
            except ModelCatalogError as error:
                self.code = max(self.code, ending.report(error, place))
                if failed is not None:
                    yield failed(text, error)

    def end(self) -> None:
        """End the command with the code of its worst name."""
        if self.code:
            raise typer.Exit(self.code)

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Each name, and the place that an error names: a line of what was read."""
        for name in self._names:
            if name == "-":
                yield from _filled(sys.stdin, words(os.environ).standard_input)
            else:
                yield name, ""
        if self._file is not None:
            yield from self._from_file(self._file)

    def _from_file(self, file: Path) -> Iterator[tuple[str, str]]:
        try:
            with file.open("rb") as stream:
                # What Windows writes into a file from a pipe begins so.
                wide = stream.peek(2)[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
                # A line that is not UTF-8 is a bad name like any other, and does not end the file.
                with io.TextIOWrapper(stream, "utf-16" if wide else "utf-8-sig", errors="replace" if wide else "surrogateescape") as text:
                    yield from _filled(text, str(file))
        except (OSError, UnicodeError) as error:
            ending.say_problem(getattr(error, "strerror", None) or str(error), f"{words(os.environ).no_file.format(file=file)}\n  ")
            self.code = ending.BAD_INPUT


def _filled(stream: TextIO, source: str) -> Iterator[tuple[str, str]]:
    """The names in a text, one per line, each with its place; comments are left out, and at the end that is said, or that there was no name."""
    say, comments, some = words(os.environ), 0, False
    for number, line in enumerate(stream, 1):
        name, mark, _ = line.rstrip("\r\n").removeprefix("\ufeff").partition(" # ")
        comments += bool(mark) or name.lstrip().startswith("#")
        if name.strip() and not name.lstrip().startswith("#"):
            some = True
            yield name.rstrip() if mark else name, say.at_line.format(source=source, number=number)
    if comments:
        ending.say_note(say.comments.format(source=source, count=comments))
    if not some:
        ending.say_note(say.nothing_in.format(source=source))


def _utf8(text: str) -> None:
    """Refuse what was read as bytes of another encoding.

    Raises:
        NameSyntaxError: showing these bytes.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        say = words(os.environ)
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        start = len(text[: error.start])
        raise NameSyntaxError(say.not_utf8, subject=shown, start=start, end=start + len("\\xff"), hint=say.to_utf8) from None


def lines(records: Iterable[BaseModel]) -> None:
    """Print records as JSON, one per line, each as it comes."""
    for record in records:
        sys.stdout.write(f"{record.model_dump_json()}\n")

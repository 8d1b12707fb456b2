"""Owns the tables that are kept between processes: where they lie, how one knows that they still fit, and what becomes of them if not.

A wheel carries them, made when it was built; in a checkout, the first process that needs one leaves it there. They lie inside the package,
beside the code and the data that they were made from, as Python's own compiled files do: who may write there may change the code as well.
Tables of a user's data, and those of a package that cannot be written, lie in a folder that is this user's alone (see `Aside`).
They are JSON, of which nothing is ever run, and no version of Python matters. Each file begins with a line about what it was made from:
sources that differ, a file that is cut short or no longer says what was written, and the table is made anew. Folders that cannot be written cost
the time alone.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from pydantic_core import from_json, to_json

from modelcatalog.later import pattern
from modelcatalog.rows import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COMPANIES", "FOLDER", "Aside", "Sources", "check", "digest", "place", "put", "read", "texts", "write"]

ROOT = os.path.dirname(__file__)  # noqa: PTH120  pathlib takes as long as all of this
FOLDER = os.path.join(ROOT, "tables")  # noqa: PTH118
COMPANIES = ("companies", "others")
"""Folders of data/ with companies: one a file, and several a file, by their first letters."""
_ROOMS = ("", "catalog", "names", "names/cases", "data", *(f"data/{room}" for room in COMPANIES))
"""Where that lies which tables are made from: files of data, and the code that reads names."""
_SUFFIXES = (".py", ".toml")
_INSTALLING = 60 * 10**9
"""An installation gives all files the time at which it wrote each of them. What is newer than the tables by more was changed later."""
_SETTLED = 2 * 10**9
"""A younger source may be written again within one tick of the clock, and look the same."""
_BEGUN = time.time_ns()
"""What was written later may be other code than this process runs, whose tables are not that code's."""


_AT_ONCE = "_at_once"
"""What the file of a table is called besides that is decoded where many of its rows are asked for."""
_MOST = 8
"""Folders of tables aside: packages and data of one user that are used in turn."""
_ASIDE = pattern(r"[0-9a-f]{32}")


class Aside(NamedTuple):
    """Where tables lie that cannot lie in the package: in a folder of the user's, one for each package and each user's data."""

    folder: str
    own: str
    """A hash of what the user's data says; empty: there is none, and the package comes first."""

    @property
    def place(self) -> str:
        """The folder of these tables."""
        return os.path.join(self.folder, digest(f"{ROOT}\n{self.own}".encode()))  # noqa: PTH118

    def is_safe(self) -> bool:
        """Whether nobody else may write there, as far as the system tells: whoever may could name other repositories."""
        if os.name != "posix":
            return True
        try:
            found = os.stat(self.place)  # noqa: PTH116
        except OSError:
            return False
        return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)

    def make(self) -> None:
        """Make the folder, which only this user may enter, and let go of those that were not written for longest.

        Raises:
            OSError: it cannot be.
        """
        os.makedirs(self.folder, exist_ok=True)  # noqa: PTH103
        try:
            os.mkdir(self.place, 0o700)  # noqa: PTH102
        except FileExistsError:
            return
        with os.scandir(self.folder) as entries:
            others = [entry for entry in entries if _ASIDE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
        for old in sorted(others, key=lambda entry: entry.stat().st_mtime_ns, reverse=True)[_MOST:]:
            with suppress(OSError):
                for file in Path(old.path).glob("*.json*"):
                    file.unlink(missing_ok=True)
                os.rmdir(old.path)  # noqa: PTH106


class Sources(NamedTuple):
    """What tables are made from, as far as a look at the folders tells."""

    sizes: str
    """A hash of all names and sizes."""
    times: str
    """The same with the times at which they were last written."""
    newest: int
    """The latest of these, in nanoseconds."""
    aside: Aside | None = None
    """None: nothing is kept outside the package."""

    @classmethod
    def here(cls, aside: Aside | None = None) -> Sources:
        """The sources as they are now.

        Raises:
            OSError: the package does not lie in a folder.
        """
        names, found = zip(*_files(), strict=True)
        sizes, times = [one.st_size for one in found], [one.st_mtime_ns for one in found]
        said = repr((names, sizes))
        return cls(digest(said.encode()), digest(f"{said}{times}".encode()), max(times), aside)

    def places(self) -> Iterator[str]:
        """The folders that may have these tables, the best first."""
        if self.aside is None or not self.aside.own:
            yield FOLDER
        if self.aside is not None and self.aside.is_safe():
            yield self.aside.place


def _files() -> Iterator[tuple[str, os.stat_result]]:
    for room in _ROOMS:
        with os.scandir(os.path.join(ROOT, room)) as entries:  # noqa: PTH118
            found = sorted((entry.name, entry) for entry in entries if entry.name.endswith(_SUFFIXES))
        yield from ((f"{room}/{name}", entry.stat()) for name, entry in found)


def contents() -> str:
    """A hash of all that the sources say."""
    said = blake2b(digest_size=16)
    for name, _ in _files():
        said.update(f"{name}\n".encode() + blake2b(Path(ROOT, name.lstrip("/")).read_bytes()).digest())
    return said.hexdigest()


def read(name: str, sources: Sources) -> Any:
    """What was kept under a name; None: nothing, or nothing that fits these sources."""
    return next((packed for folder in sources.places() if (packed := _read(folder, name, sources)) is not None), None)


def texts(*names: str, sources: Sources) -> bytes | None:
    """What was kept under these names, as it is written; None: not all of it fits these sources."""
    found = [next((text for folder in sources.places() if (text := _text(folder, name, sources)) is not None), None) for name in names]
    return None if None in found else b"".join(text for text in found if text)


def _read(folder: str, name: str, sources: Sources) -> Any:
    try:
        text = _text(folder, name, sources)
        if text is None:
            return None
        end = text.find(b"\n")
        packed = from_json(text if end < 0 else text[:end])
    except ValueError:
        return None
    return packed if end < 0 else {**packed, "lines": Lines(text, end + 1), "at_once": partial(_read, folder, name + _AT_ONCE, sources)}


def _text(folder: str, name: str, sources: Sources) -> bytes | None:
    try:
        with open(place(folder, name), "rb") as file:  # noqa: PTH123
            head, packed = from_json(file.readline()), file.read()
            written = os.fstat(file.fileno()).st_mtime_ns
        if head["check"] != check(packed):
            return None
        shipped = head["times"] is None and head["sizes"] == sources.sizes and sources.newest < written + _INSTALLING
        if not shipped and head["times"] != sources.times:
            if head["contents"] != contents():
                return None
            _keep(folder, name, packed, {**head, "times": sources.times}, sources)  # only the times had changed
    except (OSError, ValueError, LookupError, TypeError):
        return None
    else:
        return packed


def write(name: str, packed: dict[str, Any], sources: Sources, folder: str | None = None) -> None:
    """Keep a table for later processes, if that can be; another ``folder`` is one that is being packed into a wheel, whose files get new times.

    Its ``lines``, texts that are decoded one by one, are lines of the file; what is instead of them ``at once`` is a file of its own.
    """
    if "at_once" in packed:
        write(name + _AT_ONCE, packed["at_once"], sources, folder)
    head = {"sizes": sources.sizes, "times": sources.times if folder is None else None, "contents": contents()}
    text, aside = to_json({key: part for key, part in packed.items() if key not in {"lines", "at_once"}}), sources.aside
    if "lines" in packed:
        text += b"\n" + Lines.text(packed["lines"])
    mine = folder is None and aside is not None and bool(aside.own)
    if (mine or not _keep(folder or FOLDER, name, text, head, sources)) and folder is None and aside is not None:
        with suppress(OSError):
            aside.make()
            if aside.is_safe():
                _keep(aside.place, name, text, head, sources)


def _keep(folder: str, name: str, packed: bytes, head: dict[str, Any], sources: Sources) -> bool:
    """Whether it is there now, or should not be; not where the folder cannot be written."""
    if head["times"] is not None and (time.time_ns() < sources.newest + _SETTLED or sources.newest > _BEGUN):
        return True
    try:
        put(folder, name, to_json({**head, "check": check(packed)}) + b"\n" + packed)
    except OSError:
        return False
    return True


def put(folder: str, name: str, content: bytes) -> None:
    """Write a file of tables whole or not at all, whoever else writes it.

    Raises:
        OSError: it cannot be written.
    """
    unfinished = f"{place(folder, name)}.{os.getpid()}.{get_ident()}"
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    with open(unfinished, "wb") as file:  # noqa: PTH123
        file.write(content)
    os.replace(unfinished, place(folder, name))  # noqa: PTH105


def check(packed: bytes) -> str:
    """What tells a table that was damaged; it need not withstand anybody, and a hash takes as long as half of the decoding."""
    return f"{crc32(packed):08x}"


def digest(said: bytes) -> str:
    """A hash of what is said, short enough for a name."""
    return blake2b(said, digest_size=16).hexdigest()


def place(folder: str, name: str) -> str:
    """Where a table of that name lies in a folder."""
    return os.path.join(folder, f"{name}.json")  # noqa: PTH118

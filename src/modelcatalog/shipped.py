"""Owns reading a data file of the package itself in the form that its one reader has for it. Knows no catalog.

A form is a named tuple: the class of a pydantic model takes a start longer than all that these files say. What a file says is held against
its form when it is new, and kept as JSON where the other tables lie (`keeping`), under a hash of both. What a user writes is read by
`datafiles`, which says what is wrong with it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

from pydantic_core import from_json, to_json

from modelcatalog import columns, keeping

__all__ = ["FILES", "DataFile", "checked"]

_T = TypeVar("_T")


class DataFile(Generic[_T]):
    """A file of data/, read when it is first asked for.

    Args:
        name: Its name there.
        form: The named tuple that it is.
        classes: Those inside.
    """

    def __init__(self, name: str, form: type[_T], *classes: type) -> None:
        self.name = name
        self._form = form
        self._classes = (form, *classes)
        self._found: _T | None = None
        FILES.append(self)

    def __call__(self) -> _T:
        """What the file says."""
        if self._found is None:
            self._found = self._read()
        return self._found

    @property
    def stem(self) -> str:
        """What it is called where it is kept, without its ending."""
        return f"data-{self.name.removesuffix('.toml')}"

    def write(self, folder: str) -> None:
        """Keep what the file says now in a folder.

        Raises:
            OSError: it cannot be written.
            pydantic.ValidationError: the file is not of its form.
        """
        text = self._text()
        self._keep(folder, self._made_of(text), self._fresh(text))

    def _read(self) -> _T:
        text = self._text()
        made_of = self._made_of(text)
        packed = self._kept(made_of)
        if packed is None:
            made = self._fresh(text)
            with suppress(OSError):  # a folder that cannot be written costs the time alone
                self._keep(keeping.FOLDER, made_of, made)
            return made
        return cast("_T", columns.unpack(packed, self._classes))

    def _text(self) -> bytes:
        try:
            with open(os.path.join(keeping.ROOT, "data", self.name), "rb") as file:  # noqa: PTH118, PTH123  as in `keeping`
                return file.read()
        except OSError:  # the package lies in a zip file
            from importlib.resources import files

            return files("modelcatalog").joinpath("data", self.name).read_bytes()

    def _made_of(self, text: bytes) -> bytes:
        classes: Any = self._classes
        forms = [(one.__name__, one._field_defaults, one._fields) for one in classes]
        return keeping.digest(text + repr(forms).encode()).encode()

    def _fresh(self, text: bytes) -> _T:
        import tomllib  # only where nothing was kept

        return checked(self._form, tomllib.loads(text.decode("utf-8")))

    def _kept(self, made_of: bytes) -> Any:
        try:
            with open(keeping.place(keeping.FOLDER, self.stem), "rb") as file:  # noqa: PTH123
                head, check, packed = file.readline().rstrip(), file.readline().rstrip(), file.read()
        except OSError:
            return None
        return from_json(packed) if head == made_of and check == keeping.check(packed).encode() else None

    def _keep(self, folder: str, made_of: bytes, made: _T) -> None:
        packed = to_json(columns.pack(made, self._classes))
        keeping.put(folder, self.stem, b"\n".join((made_of, keeping.check(packed).encode(), packed)))


FILES: list[DataFile[Any]] = []
"""Those of the modules that were imported."""


def checked(form: type[_T], said: object) -> _T:
    """What was said, in a form.

    Raises:
        pydantic.ValidationError: it is of another form.
    """
    from pydantic import TypeAdapter  # takes as long as a plan: see `DataFile`

    return TypeAdapter(form).validate_python(said)

"""Tests of the package's own data files: each is held against its form when it is new, and kept as JSON that is never older than either."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

from modelcatalog import keeping, shipped
from modelcatalog.planning import forms, runs, servers
from modelcatalog.planning.layers.architectures import Architecture
from modelcatalog.shipped import DataFile, checked

SOURCES = Path(keeping.__file__).parent
MOONS = """
checked = 2026-11-29
[[moon]]
names = ["Io", "Jupiter I"]
radius = 1821.6
[[moon]]
names = ["Moon"]
orbits = { around = "Earth" }
"""


class Moon(NamedTuple):
    """A moon."""

    names: tuple[str, ...]
    radius: float | None = None
    orbits: dict[str, str] = {}  # noqa: RUF012  of a named tuple, which nobody changes


class Moons(NamedTuple):
    """A file of moons."""

    checked: date
    moon: tuple[Moon, ...]


def test_a_package_in_a_zip_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package lies in no folder, its loader has the files."""
    (tmp_path / "package.zip").touch()
    monkeypatch.setattr(keeping, "ROOT", str(tmp_path / "package.zip" / "modelcatalog"))
    monkeypatch.setattr(keeping, "FOLDER", str(tmp_path / "package.zip" / "modelcatalog" / "tables"))
    monkeypatch.setattr(shipped, "FILES", [])
    assert DataFile("servers.toml", servers._File, servers.Entry)() == servers.servers()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose data is the moons, with a folder for its tables."""
    monkeypatch.setattr(keeping, "ROOT", str(tmp_path))
    monkeypatch.setattr(keeping, "FOLDER", str(tmp_path / "tables"))
    monkeypatch.setattr(shipped, "FILES", [])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "moons.toml").write_text(MOONS, encoding="utf-8")
    return tmp_path


def moons(form: type = Moons, *classes: type) -> Any:
    """What the file says, to a new process."""
    return DataFile("moons.toml", form, *(classes or (Moon,)))()


def test_what_is_kept_is_what_the_file_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process reads the file and keeps it; the next has the same without reading TOML."""
    first = moons()
    assert first == Moons(date(2026, 11, 29), (Moon(("Io", "Jupiter I"), 1821.6), Moon(("Moon",), None, {"around": "Earth"})))
    assert (folder / "tables" / "data-moons.json").is_file()
    monkeypatch.setattr(DataFile, "_fresh", lambda *_: pytest.fail("the file was parsed"))
    assert moons() == first


@pytest.mark.parametrize("spoilt", ["", "cut", "changed", "other"])
def test_what_is_kept_is_never_trusted_blindly(folder: Path, spoilt: str) -> None:
    """A file that is empty, cut off, changed in one place, or of another text is made again."""
    right, kept = moons(), folder / "tables" / "data-moons.json"
    text = kept.read_bytes()
    others = {"": b"", "cut": text[:-7], "changed": text.replace(b"Jupiter", b"Saturns"), "other": b"0" * 32 + text[32:]}
    kept.write_bytes(others[spoilt])
    assert moons() == right
    assert kept.read_bytes() == text


def test_an_edit_counts_at_once(folder: Path) -> None:
    """Of the data, however young, and of the form: a field that is new, or whose default is another."""
    moons()
    file = folder / "data" / "moons.toml"
    file.write_text(MOONS.replace("1821.6", "1821.7"), encoding="utf-8")
    assert moons().moon[0].radius == 1821.7

    class Moon(NamedTuple):
        names: tuple[str, ...]
        radius: float | None = 9.0
        orbits: dict[str, str] = {}  # noqa: RUF012
        icy: bool = False

    class Moons(NamedTuple):
        checked: date
        moon: tuple[Moon, ...]

    Moons.__annotations__["moon"] = tuple[Moon, ...]
    assert [(one.radius, one.icy) for one in moons(Moons, Moon).moon] == [(1821.7, False), (9.0, False)]


def test_a_file_of_another_form_is_refused(folder: Path) -> None:
    """An unknown key, a key that is missing and a value of another type, by their place; nothing is kept of it."""
    file = folder / "data" / "moons.toml"
    for line, told in (("mass = 1", "moon.1.mass"), ("radius = 'large'", "moon.1.radius")):
        file.write_text(f"{MOONS}{line}\n", encoding="utf-8")
        with pytest.raises(ValidationError, match=told):
            moons()
    file.write_text(MOONS.replace("checked", "seen"), encoding="utf-8")
    with pytest.raises(ValidationError, match="checked"):
        moons()
    assert not (folder / "tables").exists()


def test_where_nothing_can_be_kept(folder: Path) -> None:
    """A package that cannot be written costs the time alone."""
    (folder / "tables").write_text("a file", encoding="utf-8")
    assert moons() == moons()


def test_every_file_goes_into_a_wheel(tmp_path: Path) -> None:
    """What the build writes has every data file of the sources, and reading it back gives what the files say."""
    makers = {
        path.stem
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DataFile"
    }
    assert makers == {room.__name__.rpartition(".")[2] for room in forms.ROOMS}
    forms.write(str(tmp_path))
    assert {file.stem for file in tmp_path.iterdir()} == {file.stem for file in shipped.FILES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "FOLDER", str(tmp_path))
        for file in shipped.FILES:
            text = file._text()
            assert file._read() == file._fresh(text)
    assert dict(runs.ENGINES) == {one.name: one for one in runs.engines().engine}


def test_a_form_is_held_against_what_is_said() -> None:
    """Numbers, words and nested entries are what the form says, or the error names the place."""
    assert checked(Architecture, {"names": ["x"], "unit": ["full", "linear"], "window_from": {"key": "w"}}).window_from.divided_by == 1  # type: ignore[union-attr]
    with pytest.raises(ValidationError, match=r"unit\.1"):
        checked(Architecture, {"names": ["x"], "unit": ["full", "linaer"]})

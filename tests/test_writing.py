"""Tests of files that were asked for: all of it or what was there, through links and into pipes, with its rights."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from modelcatalog import writing
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights, links and pipes")


@posix
def test_link_and_rights(tmp_path: Path) -> None:
    """A link stays one, and what only its owner may read stays so."""
    file, link = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"before")
    file.chmod(0o600)
    link.symlink_to(file)
    writing.write(link, b"after")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"after", 0o600)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b"]


@posix
def test_pipe(tmp_path: Path) -> None:
    """What is no file is written to as it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    writing.write(pipe, b"through")
    reader.join(5)
    assert heard == [b"through"]


@posix
def test_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """As programs write to it by its name, where it is a pipe or a file that nothing can lie beside."""
    writing.write("/dev/stdout", b"seen")
    assert capfd.readouterr().out == "seen"
    script = "from modelcatalog import writing; writing.write('/dev/stdout', b'piped')"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"piped"


def test_a_file_that_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is mounted by itself, or lies in a folder that cannot be written, is written in place."""
    file = tmp_path / "a"
    file.write_bytes(b"before")

    def busy(self: Path, _: Path) -> None:
        raise OSError(16, f"Device or resource busy: {self}")

    monkeypatch.setattr(type(file), "replace", busy)
    writing.write(file, b"after")
    assert file.read_bytes() == b"after"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_all_or_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle leaves what was there, and no draft."""
    file = tmp_path / "a"
    file.write_bytes(b"before")

    def full(self: Path, _: bytes) -> None:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(file), "write_bytes", full)
    with pytest.raises(Unsupported, match="a cannot be written: No space left on device") as caught:
        writing.write(file, b"after")
    assert caught.value.hint == "save it somewhere else"
    assert file.read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
    with pytest.raises(Unsupported, match="cannot be written: No such file or directory"):
        writing.write(tmp_path / "none" / "a", b"x")

"""Tests of the line that installs an extra: from where this package itself came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from modelcatalog import installing

if TYPE_CHECKING:
    from pathlib import Path

_folder = installing.folder.__wrapped__  # before the tests' environment puts another in its place


def _installed(monkeypatch: pytest.MonkeyPatch, place: Path, origin: object) -> str:
    """The line of an installation that says this of where it came from."""
    info = place / "site" / "modelcatalog-9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: modelcatalog\nVersion: 9\n", encoding="utf-8")
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin), encoding="utf-8")
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.setattr(installing, "folder", _folder)
    return installing.line("chat", "modelscope")


@pytest.mark.parametrize(("about", "option"), [({"editable": True}, "-e "), ({}, "")], ids=["editable", "copied"])
def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, about: dict[str, bool], option: str) -> None:
    """What came from a clone is completed from that clone, also where its path has spaces."""
    clone = tmp_path / "my clone"
    clone.mkdir()
    said = _installed(monkeypatch, tmp_path, {"url": clone.as_uri(), "dir_info": about})
    assert said == f"pip install {option}'{clone}[chat,modelscope]'"


@pytest.mark.parametrize(
    "origin",
    [None, {"url": "https://example.org/modelcatalog.whl", "archive_info": {}}, {"url": "file:///not/there", "dir_info": {"editable": True}}, ["?"]],
    ids=["index", "wheel", "removed", "nonsense"],
)
def test_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: object) -> None:
    """Everything else names the package."""
    assert _installed(monkeypatch, tmp_path, origin) == "pip install 'modelcatalog[chat,modelscope]'"

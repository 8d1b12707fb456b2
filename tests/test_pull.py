"""Tests of `pull`: what a name means is fetched by the hubs' own clients and checked, nothing is loaded, and it goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_cli import Cli
from test_hubs_copies import another_program, sent

import modelcatalog
from loopback.pair import NAME
from modelcatalog.errors import CheckpointNotFound, Unsupported, WontFit
from modelcatalog.planning import obtain

if TYPE_CHECKING:
    from loopback.pair import Pair


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without LM Studio's models."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_fetches_and_goes_on(hubs: Pair, hub: Any) -> None:
    """What another program fetched in part is completed; the second time nothing is sent, and the folder is the same."""
    another_program(hubs, hub, ["config.json"])
    folder = modelcatalog.pull(NAME, hub=hub)
    assert (folder / "model.safetensors").is_file()
    assert sent(hubs, "model.safetensors") == 1
    assert modelcatalog.pull(NAME, hub=hub) == folder
    assert sent(hubs, "model.safetensors") == 1
    (copy,) = modelcatalog.local()
    assert (copy.path, copy.complete, copy.store) == (folder, True, hub)


def test_of_a_path(tmp_path: Path, gguf_file: Path) -> None:
    """A GGUF file that is here is the file itself, to be given to `load`."""
    assert modelcatalog.pull(gguf_file) == gguf_file
    with pytest.raises(CheckpointNotFound):
        modelcatalog.pull(tmp_path / "gone.gguf")


def test_of_a_server() -> None:
    """A server's model has nothing to fetch."""
    with pytest.raises(Unsupported, match="is a server's, so there is nothing to fetch"):
        modelcatalog.pull("qwen3", base_url="http://127.0.0.1:9/v1")


@pytest.mark.slow
def test_no_room(hubs: Pair) -> None:
    """A disk that is too small is said before a byte is fetched."""
    made = modelcatalog.plan(NAME, hub="huggingface", device="cpu")
    full = made.model_copy(update={"memory": made.memory.model_copy(update={"disk_free": 10})})
    with pytest.raises(WontFit, match="10 B are free"):
        modelcatalog.pull(full)
    assert sent(hubs, "model.safetensors") == 0


@pytest.mark.slow
def test_command(hubs: Pair, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """``--dry-run`` prints the plan and fetches nothing; then the path is all that standard output gets."""
    cli = Cli(monkeypatch, capfd)
    dry = cli("pull", NAME, "--hub", "huggingface", "--dry-run")
    assert (dry.code, "to download" in dry.out) == (0, True)
    assert sent(hubs, "model.safetensors") == 0
    told = json.loads(cli("pull", NAME, "--hub", "huggingface", "--json").out)
    assert told["name"] == NAME
    assert (Path(told["path"]) / "model.safetensors").is_file()
    assert cli("pull", NAME, "--hub", "huggingface").out == f"{told['path']}\n"


@pytest.mark.slow
def test_beside_the_same_name(hubs: Pair, tmp_path: Path) -> None:
    """A plan's own choices stand, and its files are those of its commit."""
    made = modelcatalog.plan(NAME, hub="modelscope", device="cpu")
    with pytest.raises(Unsupported, match="hub= would be ignored"):
        modelcatalog.pull(made, hub="modelscope")
    assert modelcatalog.pull(made) == Path(str(obtain(made).path))
    assert sent(hubs, "model.safetensors") == 1
    shutil.rmtree(tmp_path / "ms")
    assert not modelcatalog.local()

"""Tests of both hubs over HTTP: the real clients against servers on the loopback interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loopback.faults import status
from loopback.hubs import COMMIT, HuggingFaceHub, LoopbackHub, ModelScopeHub
from loopback.pair import after_plan
from modelcatalog.chat import load
from modelcatalog.errors import ModelCatalogError
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog.records import RepositoryHub as Hub

REPOSITORY = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture(params=["huggingface", "modelscope"])
def hub(request: pytest.FixtureRequest, safetensors_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    """Each hub in turn, serving the safetensors repository; caches are empty."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    kind = HuggingFaceHub if request.param == "huggingface" else ModelScopeHub
    with kind({REPOSITORY: safetensors_folder}) as server:
        monkeypatch.setenv("HF_ENDPOINT" if kind is HuggingFaceHub else "MODELSCOPE_ENDPOINT", server.endpoint)
        yield server


def name_of(hub: LoopbackHub) -> Hub:
    """The hub's name."""
    return "huggingface" if isinstance(hub, HuggingFaceHub) else "modelscope"


def test_plan_stays_small(hub: LoopbackHub) -> None:
    """A plan costs at most six requests and a megabyte, and no byte of a weight."""
    made = plan(REPOSITORY, hub=name_of(hub), device="cpu")
    assert len(hub.requests) <= 6
    assert sum(request.sent for request in hub.requests) < 1_000_000
    assert made.parameters == 134_515_008
    assert made.chat_template is True
    assert made.weights == ("model.safetensors",)
    assert made.memory.disk == made.bytes > 269_000_000
    assert made.commit == (COMMIT if name_of(hub) == "huggingface" else None)
    assert made.mismatches == ()
    assert made.reasons[0] == f"{made.hub} because the caller asked for it"


def test_fetch_and_chat(hub: LoopbackHub) -> None:
    """The real client fetches, the model answers, and the second load asks for nothing."""
    with load(REPOSITORY, hub=name_of(hub), device="cpu") as model:
        assert "Paris" in str(model.chat("What is the capital of France?", max_new_tokens=16))
    hub.requests.clear()
    again = plan(REPOSITORY, hub=name_of(hub), device="cpu")
    assert again.source == f"{name_of(hub)} cache"
    assert hub.requests == []


@pytest.mark.parametrize(
    "text", ["{}@refs/pr/3", "hf://{}@refs/pr/3/config.json", "hf.co/{}/tree/refs%2Fpr%2F3", "https://hf.co/{}/resolve/refs/pr/3/config.json"]
)
def test_a_pull_request_is_what_the_hub_is_asked_for(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its revision is written, the repository is the same, and the hub hears the revision as it knows it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with HuggingFaceHub({}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        with pytest.raises(ModelCatalogError):
            plan(text.format(REPOSITORY), hub="huggingface", device="cpu")
        assert {request.path for request in server.requests} == {f"/api/models/{REPOSITORY}/revision/refs%2Fpr%2F3"}


def test_mismatch_before_a_weight(hub: LoopbackHub, safetensors_folder: Path) -> None:
    """A name that claims 7B and AWQ is contradicted by the plan, and by a warning of load, before a weight moves."""
    claimed = "someone/Qwen2.5-7B-Instruct-AWQ"
    hub.repositories[claimed] = safetensors_folder
    made = plan(claimed, hub=name_of(hub), device="cpu")
    assert made.mismatches == (
        "the name says 7B parameters, the weights have 135M",
        "the name says awq, config.json names no quantization",
    )
    assert not any("model.safetensors" in r.path and r.sent > 100_000 for r in hub.requests)
    hub.faults.append(after_plan(status(403, "model.safetensors")))
    with (
        pytest.warns(UserWarning, match="the name says 7B parameters, the weights have 135M"),
        pytest.warns(UserWarning, match="the name says awq"),
        pytest.raises(ModelCatalogError),
    ):
        load(claimed, hub=name_of(hub), device="cpu")


def test_gguf_from_a_hub(gguf_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a repository of GGUF files one is fetched, the one that was asked for, and it chats."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / gguf_file.name).symlink_to(gguf_file)
    for other in ("Q8_0", "Q2_K"):
        (folder / gguf_file.name.replace("Q4_1", other)).write_bytes(b"GGUF" + bytes(2_000_000))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with HuggingFaceHub({"someone/SmolLM2-135M-Instruct-GGUF": folder}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        with load("someone/SmolLM2-135M-Instruct-GGUF:Q4_1", hub="huggingface", device="cpu") as model:
            assert model.plan.weights == (gguf_file.name,)
            assert "Paris" in str(model.chat("What is the capital of France?", max_new_tokens=16))
        fetched = {r.path.rpartition("/")[2] for r in server.requests if r.method == "GET" and r.sent > 1_000_000}
        assert fetched == {gguf_file.name}

"""Tests of how a checkpoint itself says to choose tokens: settings that mean nothing, other programs' words, and those in a GGUF file."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from scripted import gguf_file

import modelcatalog as mc
import zoo
from modelcatalog.engines.sampling import check, of_gguf, settings
from modelcatalog.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("transformers")

TURNS = "{% for m in messages %}[U]{{ m['content'] }}{% endfor %}[A]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama."""
    return zoo.write("llama", tmp_path_factory.mktemp("llama"), few=True)


def stated(folder: Path, **settings: Any) -> Path:
    """The same with these settings."""
    file = folder / "generation_config.json"
    file.write_text(json.dumps({"eos_token_id": 258, **settings}), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "wrong", [{"repetition_penalty": 0.0}, {"temperature": -1.0}, {"temperature": "0.5"}, {"min_p": 2}, {"top_k": -5}, {"do_sample": "false"}], ids=str
)
def test_that_mean_nothing(folder: Path, wrong: dict[str, Any]) -> None:
    """They are refused when the checkpoint is loaded, by the file and the setting: a reply would be noise, or end with a word of no help."""
    ((name, value),) = wrong.items()
    with pytest.raises(IntegrityError) as caught:
        mc.load(stated(folder, **wrong), engine="transformers", device="cpu")
    assert f"generation_config.json of {folder} cannot be right: {name} is {value!r}" in str(caught.value)


def test_of_other_programs(folder: Path) -> None:
    """No limit may be -1; what transformers does not have, or leaves to code on a hub, is said and left out, and a reply comes all the same."""
    with mc.load(stated(folder, do_sample=True, top_k=-1, temperature=0.7), engine="transformers", device="cpu") as model:
        assert model.chat("hi", max_new_tokens=4, seed=1).usage.completion_tokens > 0
    more = {"presence_penalty": 1.5, "frequency_penalty": 0.0, "num_beams": 2, "num_beam_groups": 2, "diversity_penalty": 0.5, "token_healing": True}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = mc.load(stated(folder, **more), engine="transformers", device="cpu")
    with model:
        said = "\n".join(str(one.message) for one in caught)
        assert "asks for presence_penalty, which transformers does not have" in said
        assert "asks for num_beam_groups" in said
        assert "frequency_penalty" not in said
        assert model.chat("hi", max_new_tokens=4).usage.completion_tokens > 0


def test_of_a_header() -> None:
    """A GGUF file has them under its own names; a penalty alone samples nothing."""
    header = {"general.sampling.temp": 0.5, "general.sampling.top_p": 0.9, "general.sampling.penalty_repeat": 1.1, "general.name": "x"}
    how = settings(mc.engines.Options(), of_gguf(header, "x"))
    assert (how.sample, how.temperature, how.top_p, how.repetition_penalty) == (True, 0.5, 0.9, 1.1)
    assert not settings(mc.engines.Options(), of_gguf({"general.sampling.penalty_repeat": 1.1}, "x")).sample
    assert not settings(mc.engines.Options(), of_gguf({"general.sampling.temp": 0.0}, "x")).sample
    assert not settings(mc.engines.Options(), of_gguf({}, "x")).sample
    with pytest.raises(IntegrityError, match=r"general\.sampling of x cannot be right: temperature is -1"):
        of_gguf({"general.sampling.temp": -1}, "x")
    check(of_gguf(header, "x"), "x")


@pytest.mark.parametrize("engine", ["transformers", "llama.cpp"])
def test_of_a_gguf_file(tmp_path: Path, engine: str) -> None:
    """They count as those of generation_config.json do, on both engines; what the caller says comes first."""
    pytest.importorskip("gguf" if engine == "transformers" else "llama_cpp", exc_type=ImportError)
    chain = {"[A]": "▁Paris", "▁Paris": "</s>"}
    words = ["[A]", "[U]", "▁Paris", ".", "h", "i", "▁"]
    plain = gguf_file(tmp_path / "plain", chain, words, TURNS, special=("[A]", "[U]"))
    own = gguf_file(tmp_path / "own", chain, words, TURNS, special=("[A]", "[U]"), sampling={"temp": 5.0, "top_k": 0})
    with mc.load(plain, engine=engine, device="cpu") as model:
        assert {model.chat("hi", max_new_tokens=4, seed=seed).text for seed in range(4)} == {"Paris"}
    with mc.load(own, engine=engine, device="cpu") as model:
        assert len({model.chat("hi", max_new_tokens=4, seed=seed).text for seed in range(4)}) > 1
        assert model.chat("hi", max_new_tokens=4, do_sample=False).text == model.chat("hi", max_new_tokens=4, temperature=0).text == "Paris"

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


@pytest.mark.parametrize(
    "wrong", [{"bad_words_ids": [5]}, {"suppress_tokens": ["a"]}, {"sequence_bias": {"a": 1}}, {"exponential_decay_length_penalty": [2]}], ids=str
)
def test_of_a_wrong_shape(folder: Path, wrong: dict[str, Any]) -> None:
    """They are refused when the checkpoint is loaded, and not with each reply."""
    ((name, value),) = wrong.items()
    with pytest.raises(IntegrityError) as caught:
        mc.load(stated(folder, **wrong), engine="transformers", device="cpu")
    assert f"generation_config.json of {folder} cannot be right: {name} is {value!r}" in str(caught.value)


@pytest.mark.parametrize("wrong", [{"cache_implementation": "nonsense"}, {"num_return_sequences": 3}], ids=str)
def test_that_transformers_refuses(folder: Path, wrong: dict[str, Any]) -> None:
    """The error names their file, and not config.json."""
    with pytest.raises(IntegrityError, match=r"generation_config\.json of .* cannot be right: .*" + next(iter(wrong))):
        mc.load(stated(folder, **wrong), engine="transformers", device="cpu")


def test_of_the_right_shape(folder: Path) -> None:
    """Lists that hold nothing are none, and those that hold what they should change what is said."""
    with mc.load(stated(folder), engine="transformers", device="cpu") as model:
        plain = model.chat("hi", max_new_tokens=4, temperature=0).text
    empty: dict[str, Any] = {"bad_words_ids": [], "suppress_tokens": [], "begin_suppress_tokens": [], "sequence_bias": []}
    with mc.load(stated(folder, **empty), engine="transformers", device="cpu") as model:
        assert model.decoding.startswith("loop")
        assert model.chat("hi", max_new_tokens=4, temperature=0).text == plain
    first = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    full = {"suppress_tokens": [*range(len(first) // 2)], "sequence_bias": [[[5], -10.0]], "exponential_decay_length_penalty": [2, 1.5]}
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(stated(folder, **full), engine="transformers", device="cpu")
    with model:
        assert model.chat("hi", max_new_tokens=4, temperature=0).usage.completion_tokens > 0


def test_of_time(folder: Path) -> None:
    """A checkpoint that wants its replies cut after a moment is told of, and does not cut them; nothing says that the context is full."""
    with pytest.warns(UserWarning, match="asks for max_time, which is not heeded"):
        model = mc.load(stated(folder, max_time=0.0001), engine="transformers", device="cpu")
    with model, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.chat("hi", max_new_tokens=4, temperature=0).usage.completion_tokens == 4
    with pytest.warns(UserWarning, match="asks for max_time, which is not heeded"):
        model = mc.load(stated(folder, max_time=0.0001, no_repeat_ngram_size=2), engine="transformers", device="cpu")
    with model:
        assert model.chat("hi", max_new_tokens=4, temperature=0).usage.completion_tokens == 4


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

"""Tests of what is said of a model beside its files: by Hugging Face's answer, a card, a GGUF header; and that a plan shows it."""

from __future__ import annotations

import json
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog import plan
from modelcatalog.hubs import card
from modelcatalog.planning import facts

if TYPE_CHECKING:
    from pathlib import Path

ANSWER: dict[str, Any] = {
    "tags": ["license:apache-2.0", "base_model:a/b", "base_model:quantized:a/b", "region:us"],
    "safetensors": {"parameters": {"BF16": 7, "F32": 2}, "total": 9},
    "gguf": {"total": 11, "architecture": "llama", "context_length": 4096},
}


def test_answer() -> None:
    """All that the answer has is taken."""
    found = card.of_answer(ANSWER)
    assert (found.licence, found.base_model, found.relation) == ("apache-2.0", "a/b", "quantized")
    assert (found.parameters, found.gguf_parameters, found.context_length) == ({"BF16": 7, "F32": 2}, 11, 4096)


def test_card_data() -> None:
    """The card's own words come before tags; a licence that is none of the hub's goes by its name."""
    found = card.of_answer({"cardData": {"license": "other", "license_name": "deepseek", "base_model": ["a/b", "c/d"], "base_model_relation": "merge"}})
    assert (found.licence, found.base_models, found.relation) == ("deepseek", ("a/b", "c/d"), "merge")


@pytest.mark.parametrize("value", [None, 7, "x" * 300, [], {}, ["\n"], {"parameters": 3}, True, -1])
def test_hostile(value: object) -> None:
    """Nonsense is an absent fact."""
    keys = ("tags", "cardData", "safetensors", "gguf")
    assert card.of_answer(dict.fromkeys(keys, value)) == card.Card()
    data = dict.fromkeys(("license", "base_model", "base_model_relation"), value)
    found = card.of_answer({"cardData": data})
    assert (found.licence, found.base_models, found.relation) == (None, (), None)


@pytest.mark.parametrize(
    ("text", "licence", "bases"),
    [
        ("---\nlicense: mit\nbase_model: a/b\n---\n", "mit", ("a/b",)),
        ("---\r\nlicense: 'mit'\r\nbase_model:\r\n  - a/b\r\n  - \"c/d\"\r\n---\r\n", "mit", ("a/b", "c/d")),
        ("---\nlicense: other\nlicense_name: llama3\n---\nlicense: mit\n", "llama3", ()),
        ("# A model\nlicense: mit\n", None, ()),
        ("", None, ()),
        ("---\n", None, ()),
    ],
)
def test_text(text: str, licence: str | None, bases: tuple[str, ...]) -> None:
    """A README.md as people write it."""
    found = card.of_text(text)
    assert (found.licence, found.base_models) == (licence, bases)


def test_long_line() -> None:
    """A line of a card is read in one go, however many blanks it has: with a pattern that looks for its end it takes seconds."""
    start = time.perf_counter()
    assert card.of_text(f"---\nlicense: x{' ' * 90_000}y\n- x{' ' * 90_000}y\nbase_model: a/b {' ' * 90_000}\n---\n").base_models == ("a/b",)
    assert time.perf_counter() - start < 1


def test_header() -> None:
    """A GGUF header names the repository of its base, or its name."""
    found = card.of_header({"general.license": "mit", "general.base_model.0.repo_url": "https://huggingface.co/a/b", "general.base_model.0.name": "B"})
    assert (found.licence, found.base_models) == ("mit", ("a/b",))
    assert card.of_header({"general.base_model.0.name": "B"}).base_models == ("B",)


def _folder(root: Path, shards: int) -> Path:
    """A llama of two layers in shards, with a card."""
    folder = root / "Nobody-Knows-It"
    folder.mkdir()
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8,
              "intermediate_size": 16, "vocab_size": 32, "tie_word_embeddings": True}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text("---\nlicense: mit\nbase_model: a/b\nbase_model_relation: finetune\n---\n")
    names = ["model.embed_tokens.weight", "model.norm.weight", "model.layers.0.x.weight", "model.layers.1.x.weight", "model.layers.1.attn.masked_bias"]
    where: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors" if shards > 1 else "model.safetensors"
        own = names[shard::shards]
        # The shards have different types, and so different bytes a number.
        kind, width = ("BF16", 2) if shard == 0 else ("F32", 4)
        head = {name: {"dtype": kind, "shape": [10, 10], "data_offsets": [at * 100 * width, (at + 1) * 100 * width]} for at, name in enumerate(own)}
        text = json.dumps(head).encode()
        (folder / file).write_bytes(struct.pack("<Q", len(text)) + text + bytes(100 * width * len(own)))
        where |= dict.fromkeys(own, file)
    if shards > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return folder


@pytest.mark.parametrize("shards", [1, 2])
def test_plan(shards: int, tmp_path: Path) -> None:
    """Headers are summed over all shards, buffers are no weights, and the card beside the files is shown."""
    made = plan(_folder(tmp_path, shards), device="cpu", engine="transformers")
    assert made.parameters == 400
    assert (made.licence, made.base_model, made.base_relation) == ("mit", "a/b", "finetune")
    assert "licence   mit, tuned from a/b" in str(made)


def test_unknown_licence(tmp_path: Path) -> None:
    """Where nobody says a licence, the plan says so."""
    folder = _folder(tmp_path, 1)
    (folder / "README.md").unlink()
    assert "licence   unknown" in str(plan(folder, device="cpu", engine="transformers"))


def test_counts() -> None:
    """What the hub counted gives the parameters, unpacked where the method tells how."""
    assert facts.with_counts(facts.Facts(), {"BF16": 7, "F32": 2}).parameters == 9
    assert facts.with_counts(facts.Facts(quantization="mxfp4"), {"BF16": 100, "U8": 17}).parameters == 132
    assert facts.with_counts(facts.Facts(quantization="awq"), {"I32": 100}).parameters is None

"""Tests that nothing of a loaded model is made up: every tensor comes from the files, or loading is refused and says which do not."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import zoo
from modelcatalog.chat import load
from modelcatalog.errors import IntegrityError
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint in which nothing is missing."""
    return zoo.write("llama", tmp_path_factory.mktemp("whole") / "tiny")


def changed(whole: Path, folder: Path, rename: Callable[[str], str | None], *, parts: int = 1) -> Path:
    """A copy whose tensors are renamed, or left out where ``rename`` says None."""
    from safetensors.torch import load_file, save_file

    folder.mkdir()
    for file in whole.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    tensors = {new: tensor for name, tensor in load_file(whole / "model.safetensors").items() if (new := rename(name)) is not None}
    if parts == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    where: dict[str, str] = {}
    for part in range(parts):
        shard, names = f"model-{part + 1:05}-of-{parts:05}.safetensors", sorted(tensors)[part::parts]
        save_file({name: tensors[name] for name in names}, folder / shard, metadata={"format": "pt"})
        where |= dict.fromkeys(names, shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return folder


CASES: dict[str, tuple[Callable[[str], str | None], str]] = {
    "an output layer that is not tied": (lambda name: None if name == "lm_head.weight" else name, "lm_head.weight"),
    "one norm": (lambda name: None if name == "model.norm.weight" else name, "model.norm.weight"),
    "a layer": (lambda name: None if "layers.2." in name else name, "layer 2"),
    "one matrix of a layer that is there": (lambda name: None if name == "model.layers.1.mlp.up_proj.weight" else name, "model.layers.1.mlp.up_proj.weight"),
    "the prefix of an adapter's library": (lambda name: f"base_model.model.{name}", "base_model.model."),
    "the prefix of parallel training": (lambda name: f"module.{name}", "module."),
    "the prefix of a compiled model": (lambda name: f"_orig_mod.{name}", "_orig_mod."),
}


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_missing(case: str, parts: int, whole: Path, tmp_path: Path) -> None:
    """A checkpoint that lacks tensors is refused, and the error counts and names them."""
    rename, named = CASES[case]
    with pytest.raises(IntegrityError) as caught:
        load(changed(whole, tmp_path / "x", rename, parts=parts), engine="transformers")
    assert named in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("parts", [1, 2])
def test_whole(parts: int, whole: Path, tmp_path: Path) -> None:
    """The same checkpoint with all of its tensors answers, in one file and in two."""
    with load(changed(whole, tmp_path / "x", lambda name: name, parts=parts), engine="transformers") as model:
        assert model.chat("hi", max_new_tokens=3, temperature=0).usage.completion_tokens == 3


def test_an_index_without_metadata(whole: Path, tmp_path: Path) -> None:
    """The names of the tensors are all that is needed of an index of shards."""
    folder = changed(whole, tmp_path / "x", lambda name: name, parts=2)
    file = folder / "model.safetensors.index.json"
    file.write_text(json.dumps({"weight_map": json.loads(file.read_text())["weight_map"]}))
    with load(whole, engine="transformers") as one, load(folder, engine="transformers") as other:
        assert other.chat("hi", max_new_tokens=3, temperature=0).text == one.chat("hi", max_new_tokens=3, temperature=0).text


@pytest.mark.parametrize("more", [{"pad_token_id": 5000}, {"pad_token_id": -5000}, {"return_dict": False}], ids=str)
def test_what_does_not_matter(more: dict[str, Any], whole: Path, tmp_path: Path) -> None:
    """A token for padding without an embedding, and how the model gives its scores back, change no reply."""
    folder = changed(whole, tmp_path / "x", lambda name: name)
    stated = json.loads((folder / "config.json").read_text()) | more
    (folder / "config.json").write_text(json.dumps(stated))
    with load(whole, engine="transformers") as one, load(folder, engine="transformers") as other:
        assert other.chat("hi", max_new_tokens=3, temperature=0).text == one.chat("hi", max_new_tokens=3, temperature=0).text


@pytest.mark.parametrize(("dtype", "hint"), [("torch.float32", 'write "float32" there'), ("auto", "take it out"), ("floaty", "take it out")])
def test_a_dtype_that_torch_does_not_have(dtype: str, hint: str, whole: Path, tmp_path: Path) -> None:
    """It is refused in the plan, by its word."""
    folder = changed(whole, tmp_path / "x", lambda name: name)
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | {"dtype": dtype}))
    with pytest.raises(IntegrityError, match=f"gives the dtype '{dtype}', which torch does not have") as caught:
        plan(folder, device="cpu")
    assert hint in (caught.value.hint or "")


def test_tied(tmp_path: Path) -> None:
    """An output layer that is tied to the embeddings is not missing, nor is what a model has beside its layers."""
    from transformers import AutoModelForCausalLM

    folder = zoo.write("qwen2", tmp_path / "x")
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder)
    with load(folder, engine="transformers") as model:
        assert model.chat("hi", max_new_tokens=3, temperature=0).usage.completion_tokens == 3


def test_more_than_needed(whole: Path, tmp_path: Path) -> None:
    """Tensors that the model does not use are not a fault: prediction heads for several tokens, say."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = changed(whole, tmp_path / "x", lambda name: name)
    tensors = load_file(folder / "model.safetensors") | {"mtp.head.weight": torch.zeros(4, 4)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with load(folder, engine="transformers") as model:
        assert model.chat("hi", max_new_tokens=3, temperature=0).usage.completion_tokens == 3


def test_no_place_for_it(whole: Path, tmp_path: Path) -> None:
    """What the files hold of the model's own parts and those have no place for is said; zeros, as some packers write biases, add nothing."""
    import torch
    from safetensors.torch import load_file, save_file

    def loaded(bias: Any) -> None:
        folder = changed(whole, tmp_path / str(float(bias[0])), lambda name: name)
        tensors = load_file(folder / "model.safetensors") | {"lm_head.bias": bias}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        load(folder, engine="transformers").close()

    with pytest.warns(UserWarning, match=r"1 of the files' tensors belong to parts of the model .* such as lm_head\.bias: they are left out"):
        loaded(torch.ones(8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded(torch.zeros(8))


@pytest.mark.parametrize("lost", ["output_norm.weight", "blk.1.ffn_up.weight"])
def test_gguf(lost: str, tmp_path: Path) -> None:
    """A GGUF file without one of its tensors is refused too."""
    gguf = pytest.importorskip("gguf")
    import numpy as np

    file, width = tmp_path / "tiny-F32.gguf", 64
    words = [token for token, _ in sorted(zoo.tokenizer().get_vocab().items(), key=lambda item: item[1])]
    words[:2] = "qz", "qy"  # merges, which there must be
    writer = gguf.GGUFWriter(str(file), "llama")
    for add, value in (
        (writer.add_block_count, 2), (writer.add_context_length, 256), (writer.add_embedding_length, width), (writer.add_feed_forward_length, 96),
        (writer.add_head_count, 4), (writer.add_head_count_kv, 4), (writer.add_layer_norm_rms_eps, 1e-5), (writer.add_rope_dimension_count, 16),
        (writer.add_vocab_size, len(words)), (writer.add_tokenizer_model, "gpt2"), (writer.add_tokenizer_pre, "gpt-2"), (writer.add_token_list, words),
        (writer.add_token_types, [3 if word.startswith("<|") else 1 for word in words]), (writer.add_token_merges, ["q z", "q y"]),
        (writer.add_bos_token_id, len(words) - 3), (writer.add_eos_token_id, len(words) - 1), (writer.add_chat_template, zoo.TEMPLATE),
    ):  # fmt: skip
        add(value)
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (len(words), width), "output.weight": (len(words), width), "output_norm.weight": (width,)}
    for block in range(2):
        layer = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (width, width)) | {"ffn_gate": (96, width), "ffn_up": (96, width)}
        for name, shape in (layer | {"ffn_down": (width, 96), "attn_norm": (width,), "ffn_norm": (width,)}).items():
            shapes[f"blk.{block}.{name}.weight"] = shape
    for name, shape in shapes.items():
        if name != lost:
            writer.add_tensor(name, np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(IntegrityError, match=r"lacks? 1 of|tensor"):
        load(file, engine="transformers")

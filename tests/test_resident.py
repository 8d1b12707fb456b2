"""Tests of which weights are in memory: held against the bytes of models that transformers really loads, and against what other engines skip."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import visionzoo
import zoo
from modelcatalog import plan
from modelcatalog.planning import installed

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
saving = pytest.importorskip("safetensors.torch")


def _add(folder: Path, tensors: dict[str, Any]) -> int:
    """Put more tensors into a checkpoint's file; their bytes."""
    file = folder / "model.safetensors"
    saving.save_file({**saving.load_file(file), **tensors}, file, {"format": "pt"})
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def _held(folder: Path) -> int:
    """The bytes of what transformers loads of a folder into its model; what is tied counts once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    every = {weight.data_ptr(): weight for weight in model.state_dict().values()}
    return sum(weight.numel() * weight.element_size() for weight in every.values())


def _known(model_type: str) -> None:
    known = installed.tables()
    if known is None or model_type not in known.chatting:
        pytest.skip(f"the installed transformers has no {model_type}")


MTP = {"mtp.fc.weight": (64, 128), "mtp.layers.0.mlp.down_proj.weight": (64, 96)}


@pytest.mark.parametrize("model_type", ["qwen3_next", "nemotron_h", "mimo_v2_flash"])
def test_guessing_layers_stay(model_type: str, tmp_path: Path) -> None:
    """What transformers' class leaves in the file is not counted, and the plan says how much that is."""
    _known(model_type)
    folder = zoo.write(model_type, tmp_path / model_type)
    before = plan(folder, engine="transformers").memory.weights
    prefix = "model." if model_type == "mimo_v2_flash" else ""
    added = _add(folder, {prefix + name: torch.zeros(shape) for name, shape in MTP.items()})
    made = plan(folder, engine="transformers")
    assert made.memory.weights == before == _held(folder)
    assert added > 50_000
    assert any("layers that guess further tokens" in reason for reason in made.reasons)
    # Where nothing of the kind is there, nothing is said.
    assert not any("guess further" in reason for reason in plan(zoo.write("llama", tmp_path / "llama")).reasons)


def test_vision_stays(tmp_path: Path) -> None:
    """A composite model is loaded as its language model alone, unless images are asked for; then its tower counts too."""
    _known("qwen3_5")
    folder = visionzoo.write("qwen3_5", tmp_path / "qwen3_5")
    alone, whole = (plan(folder, engine="transformers", engine_options=options) for options in ({}, {"images": True}))
    assert alone.memory.weights == _held(folder)
    assert (whole.memory.weights or 0) > (alone.memory.weights or 0)
    assert whole.memory.weights == sum(file.size for file in whole.files[:1]) - _header(folder)


def _header(folder: Path) -> int:
    with (folder / "model.safetensors").open("rb") as file:
        return 8 + int.from_bytes(file.read(8), "little")


def test_vllm(tmp_path: Path) -> None:
    """Layers that guess count for vLLM where its options ask for speculative decoding, for which alone it loads them."""
    folder = zoo.write("llama", tmp_path / "llama")
    added = _add(folder, {"mtp.fc.weight": torch.zeros(64, 128), "model.layers.4.eh_proj.weight": torch.zeros(64, 128)})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_nextn_predict_layers": 1}))
    plain = plan(folder, engine="vllm")
    guessing = plan(folder, engine="vllm", engine_options={"speculative_config": {"method": "mtp"}})
    assert (guessing.memory.weights or 0) - (plain.memory.weights or 0) == added
    # A fifth layer keeps keys and values then, beside the model's four.
    assert (guessing.memory.kv or 0) * 4 == (plain.memory.kv or 0) * 5 > 0


@pytest.mark.parametrize("extra", [0, 1])
def test_llama_cpp(extra: int, tmp_path: Path) -> None:
    """llama.cpp skips the blocks that guess, as its loader does unless it is told to use them."""
    writer_of, numpy = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    file = tmp_path / "glm.gguf"
    writer = writer_of.GGUFWriter(file, "glm4moe")
    for key, value in {"block_count": 3, "embedding_length": 32, "attention.head_count": 2, "attention.head_count_kv": 1, "context_length": 512}.items():
        writer.add_uint32(f"glm4moe.{key}", value)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([str(n) for n in range(32)])
    if extra:
        writer.add_uint32("glm4moe.nextn_predict_layers", 1)
    for name in ("token_embd.weight", "output_norm.weight", *(f"blk.{n}.attn_q.weight" for n in range(3))):
        writer.add_tensor(name, numpy.zeros((32, 32), dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    made = plan(file, engine="llama.cpp")
    assert made.memory.weights == file.stat().st_size - extra * 32 * 32 * 4


def test_experts(tmp_path: Path) -> None:
    """Of a mixture of experts a token reads all but the experts that it is not sent to: the plan counts them by the headers."""
    folder = zoo.write("qwen3_moe", tmp_path / "moe")
    made = plan(folder, engine="transformers")
    config = transformers.AutoConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    routed = sum(weight.numel() for name, weight in model.named_parameters() if ".experts." in name)
    every = sum(weight.numel() for weight in model.parameters())
    expected = (every - routed * (1 - config.num_experts_per_tok / config.num_experts)) * 4
    assert made.memory.active == pytest.approx(expected, rel=0.001)
    assert f"a token reads {expected / 1e3:.0f} kB of the" in str(made)
    assert plan(zoo.write("llama", tmp_path / "llama")).memory.active is None


def test_lists_of_classes() -> None:
    """The list of the nearest class counts, and a type or a class that is not there leaves nothing."""
    assert installed.ignored("no_such_type", "NoSuchClass") == ()
    assert installed.ignored("llama", "LlamaForCausalLM") == ()
    if "qwen3_5" in (tables.chatting if (tables := installed.tables()) else ()):
        assert "^mtp.*" in installed.ignored("qwen3_5", "Qwen3_5ForCausalLM")
        assert len(installed.ignored("qwen3_5", "Qwen3_5ForCausalLM")) > len(installed.ignored("qwen3_5", "Qwen3_5ForConditionalGeneration"))

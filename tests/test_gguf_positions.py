"""Tests of positions in GGUF files on transformers: stretched as header and tensors say, they answer as the same weights do as safetensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
import zoo
from modelcatalog.engines.transformers.gguf_positions import Positions

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
gguf = pytest.importorskip("gguf")
transformers = pytest.importorskip("transformers")

HEAD, LAYERS = 16, 2
BASE: dict[str, Any] = {"rope_theta": 10000.0}
YARN = BASE | {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
LINEAR = BASE | {"rope_type": "linear", "factor": 8.0}
LLAMA3 = BASE | {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up",
}  # fmt: skip
ASKED = "a question that is long enough to be told from its angles, and then some more of it"


def model_of(kind: str, rope: dict[str, Any], **more: Any) -> Any:
    """A small model with these positions."""
    words = zoo.tokenizer()
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=len(words), hidden_size=4 * HEAD, intermediate_size=96, num_hidden_layers=LAYERS, num_attention_heads=4, num_key_value_heads=4,
        max_position_embeddings=512, rope_parameters=dict(rope), tie_word_embeddings=False, bos_token_id=256, pad_token_id=None, eos_token_id=258, **more,
    )  # fmt: skip
    made = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weight in made.parameters():
            if weight.dim() > 1:
                weight.mul_(5)
    return made


def written(file: Path, model: Any, arch: str, *, factors: dict[str, list[float]] | None = None, turned: int = HEAD, **scaling: Any) -> Path:
    """The weights of a model as a GGUF file, with this of its positions."""
    import numpy as np

    config = model.config
    words = [token for token, _ in sorted(zoo.tokenizer().get_vocab().items(), key=lambda item: item[1])]
    words[:2] = "qz", "qy"  # merges, which there must be
    writer = gguf.GGUFWriter(str(file), arch)
    for add, value in (
        (writer.add_block_count, LAYERS), (writer.add_context_length, 512), (writer.add_embedding_length, config.hidden_size),
        (writer.add_feed_forward_length, config.intermediate_size), (writer.add_head_count, 4), (writer.add_head_count_kv, 4),
        (writer.add_layer_norm_rms_eps, config.rms_norm_eps), (writer.add_rope_dimension_count, turned), (writer.add_rope_freq_base, 10000.0),
        (writer.add_vocab_size, len(words)), (writer.add_tokenizer_model, "gpt2"), (writer.add_tokenizer_pre, "gpt-2"), (writer.add_token_list, words),
        (writer.add_token_types, [3 if word.startswith("<|") else 1 for word in words]), (writer.add_token_merges, ["q z", "q y"]),
        (writer.add_bos_token_id, 256), (writer.add_eos_token_id, 258), (writer.add_pad_token_id, 256), (writer.add_chat_template, zoo.TEMPLATE),
    ):  # fmt: skip
        add(value)
    for name, value in scaling.items():
        add = {str: writer.add_string, int: writer.add_uint32, float: writer.add_float32}[type(value)]
        add(f"{arch}.rope.scaling.{name}", value)
    tensors = {name: np.array(values, np.float32) for name, values in (factors or {}).items()}
    for name, value in model.state_dict().items():
        ours = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}.get(name)
        if ours is None:
            _, _, block, rest = name.split(".", 3)
            part, _, last = rest.rpartition(".")
            ours = f"blk.{block}.{NAMES[part]}.{last}"
        tensors[ours] = value.float().numpy()
    for name, value in tensors.items():
        writer.add_tensor(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def said(model: Any, folder: Path) -> str:
    """What a model answers as safetensors."""
    model.save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    with mc.load(folder, engine="transformers", device="cpu", dtype="float32") as loaded:
        return loaded.chat(ASKED, max_new_tokens=12, temperature=0).text


def llama3_factors() -> list[float]:
    """What llama.cpp's converter writes of them: how much slower each angle turns."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    slow, _ = ROPE_INIT_FUNCTIONS["llama3"](model_of("qwen2", LLAMA3).config, "cpu")
    plain = 1.0 / (10000.0 ** (torch.arange(0, HEAD, 2).float() / HEAD))
    return [float(factor) for factor in plain / slow]


@pytest.mark.parametrize("kind", ["yarn", "linear", "llama3", "plain"])
def test_stretched(tmp_path: Path, kind: str) -> None:
    """YaRN and linear scaling in the header, and the factors of Llama 3.1 and later in a tensor."""
    rope = {"yarn": YARN, "linear": LINEAR, "llama3": LLAMA3, "plain": BASE | {"rope_type": "default"}}[kind]
    scaling: dict[str, Any] = {"yarn": {"type": "yarn", "factor": 4.0, "original_context_length": 64}, "linear": {"type": "linear", "factor": 8.0}}.get(
        kind, {}
    )
    model = model_of("qwen2", rope)
    file = written(tmp_path / "x-F32.gguf", model, "qwen2", factors={"rope_freqs.weight": llama3_factors()} if kind == "llama3" else None, **scaling)
    with mc.load(file, engine="transformers", device="cpu") as loaded:
        engine: Any = loaded._engine
        angles, weight = (getattr(engine._model.model.rotary_emb, name) for name in ("inv_freq", "attention_scaling"))
        answer = loaded.chat(ASKED, max_new_tokens=12, temperature=0).text
    rotary = model.model.rotary_emb
    assert torch.allclose(angles, rotary.inv_freq, rtol=1e-5)
    assert weight == pytest.approx(rotary.attention_scaling)
    assert answer == said(model, tmp_path / "plain")
    plain = model_of("qwen2", BASE | {"rope_type": "default"}).model.rotary_emb.inv_freq
    assert torch.allclose(angles, plain) is (kind == "plain")


def test_long_and_short_factors(tmp_path: Path) -> None:
    """The two sets of Phi-3, and a head that is turned in part."""
    short, long = [1.0 + at / 10 for at in range(6)], [2.0 + at for at in range(6)]
    rope = BASE | {"rope_type": "longrope", "short_factor": short, "long_factor": long, "original_max_position_embeddings": 64, "partial_rotary_factor": 0.75}
    model = model_of("phi3", rope, original_max_position_embeddings=64)
    factors = {"rope_factors_short.weight": short, "rope_factors_long.weight": long}
    file = written(tmp_path / "x-F32.gguf", model, "phi3", factors=factors, turned=12, original_context_length=64)
    with mc.load(file, engine="transformers", device="cpu") as loaded:
        answers = [loaded.chat(asked, max_new_tokens=12, temperature=0).text for asked in ("hi", ASKED)]
    model.save_pretrained(tmp_path / "plain")
    zoo.tokenizer().save_pretrained(tmp_path / "plain")
    with mc.load(tmp_path / "plain", engine="transformers", device="cpu", dtype="float32") as loaded:
        assert answers == [loaded.chat(asked, max_new_tokens=12, temperature=0).text for asked in ("hi", ASKED)]


def test_layers_without_a_window(tmp_path: Path) -> None:
    """Where some layers have a window, as Gemma 3 has them, the others are the stretched ones."""
    file = written(tmp_path / "x-F32.gguf", model_of("qwen2", BASE | {"rope_type": "default"}), "qwen2", type="linear", factor=8.0)
    config = transformers.Gemma3TextConfig()
    Positions(file).state(config)
    assert config.rope_parameters["sliding_attention"]["rope_type"] == "default"
    assert (config.rope_parameters["full_attention"]["rope_type"], config.rope_parameters["full_attention"]["factor"]) == ("linear", 8.0)
    untouched = transformers.Gemma3TextConfig()
    Positions(None).state(untouched)
    assert untouched.rope_parameters["full_attention"]["rope_type"] == "default"


def test_scores_of_the_largest(tmp_path: Path) -> None:
    """Gemma's 27B models divide their scores by another number than their smaller ones, which no header says."""
    file = written(tmp_path / "x-F32.gguf", model_of("qwen2", BASE | {"rope_type": "default"}), "qwen2")
    for layers, scale in ((62, 168), (48, 256)):
        positions = Positions(file)
        assert positions._header is not None
        positions._header.metadata["general.architecture"] = "gemma3"
        config = transformers.Gemma3TextConfig(hidden_size=5376, num_attention_heads=32, num_hidden_layers=layers, head_dim=128)
        positions.state(config)
        assert config.query_pre_attn_scalar == scale

"""Tests of what each layer of a model keeps: held against the bytes that a tiny model of every causal type really holds after a prompt.

The configurations are read as ``config.json`` has them, without transformers; GGUF headers are written by the package ``gguf``
with the keys that llama.cpp's converter writes.
"""

from __future__ import annotations

import json
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import zoo
from modelcatalog.planning import installed, memory
from modelcatalog.planning.layers import Keeping, Layers
from modelcatalog.planning.layers import config as from_config
from modelcatalog.planning.layers import gguf as from_gguf
from modelcatalog.planning.runs import ENGINES
from modelcatalog.weights import gguf as gguf_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

RELEASE = tuple(int(part) for part in transformers.__version__.split(".")[:2])
TOLD = (5, 23)
"""The release from which on caches are those that the tests were written for."""
OTHERWISE = {
    "cpmant": "its own forward breaks at the second token",
    "dbrx": "a small one of it is not made",
    "gemma3n_text": "what layers share is kept once more while a token is made: one window",
    "lfm2": "layers of attention keep an empty convolution too",
    "lfm2_moe": "layers of attention keep an empty convolution too",
    "olmo_hybrid": "its convolutions keep a token less",
    "recurrent_gemma": "all of it is kept in the model",
    "zamba": "it runs with kernels for GPUs alone",
    "zamba2": "a small one of it is not made",
}
"""What earlier releases keep otherwise, by a few kilobytes a layer at most, or cannot run."""
TOKENS = 70
LARGEST = 30_000_000
NOT_BUILT = {
    "blt": "its patches have no fixed length",
    "dots3_note": "the text half is tested",
    "emu3": "the text half is a llama",
    "fuyu": "the text half is a persimmon",
    "gemma3": "the text half is tested",
    "gemma3n": "the text half is tested",
    "gemma4": "the text half is tested",
    "gemma4_assistant": "it drafts with the keys of another model",
    "gemma4_unified": "the text half is tested",
    "gemma4_unified_assistant": "it drafts with the keys of another model",
    "git": "it has no small vision tower",
    "got_ocr2": "the text half is a qwen2",
    "llama4": "the text half is tested",
    "mllama": "it has no small vision tower",
    "moss_transcribe_diarize": "the text half is a qwen3",
    "musicgen": "its class of the table needs a configuration of another name",
    "musicgen_melody": "its class of the table needs a configuration of another name",
    "phi4_multimodal": "it has no small vision tower",
    "prophetnet": "its cache cannot be made by its own forward",
    "qwen3_5": "the text half is tested",
    "qwen3_5_moe": "the text half is tested",
    "qwen4_exp": "the text half is tested",
    "reformer": "it keeps hash buckets",
    "xlm": "its cache cannot be made by its own forward",
}
"""Causal types of which no tiny model can be run here, and why; of the composite ones what counts is their text half."""
SHORT = {"dory": 20}
"""Types of which a prompt that is longer than the window breaks their own forward: a shorter one is held against them."""


def _types() -> list[str]:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as NAMES

    return sorted(set(NAMES) - set(NOT_BUILT))


def _held(thing: Any, seen: set[int]) -> int:
    """The bytes of all tensors in a cache, whatever its class."""
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, torch.Tensor):
        return int(thing.numel() * thing.element_size())
    if isinstance(thing, dict):
        return sum(_held(one, seen) for one in thing.values())
    if isinstance(thing, list | tuple):
        return sum(_held(one, seen) for one in thing)
    if isinstance(thing, type | torch.dtype | torch.device | transformers.PreTrainedConfig) or not hasattr(thing, "__dict__"):
        return 0
    return sum(_held(value, seen) for name, value in vars(thing).items() if "cumulative" not in name and name != "_sliding_window_tensor")


def _run(model_type: str, tokens: int) -> tuple[dict[str, Any], int]:
    """The ``config.json`` of a tiny model of a type, and the bytes that its cache holds after a prompt."""
    from transformers import initialization

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        config = zoo.config(model_type, 300, few=True)
        with torch.device("meta"), initialization.no_init_weights():
            size = sum(weight.numel() for weight in transformers.AutoModelForCausalLM.from_config(config).parameters())
        assert size < LARGEST, f"{model_type} is not small"
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        asked = torch.randint(5, 200, (1, tokens))
        out = model.generate(
            asked, attention_mask=torch.ones_like(asked), max_new_tokens=2, min_new_tokens=2, do_sample=False, return_dict_in_generate=True, use_cache=True,
            pad_token_id=0,
        )  # fmt: skip
    stated = json.loads(json.dumps(model.config.to_dict(), default=str))
    # Earlier releases keep the keys of an index beside the cache.
    aside = _held([vars(module).get("_cached_keys") for module in model.modules()], set())
    return stated, aside + _held([out[key] for key in out if key not in {"sequences", "scores", "logits"}], set())


def _none(_type: str) -> Mapping[str, object]:
    """No installed transformers tells what a class has anyway."""
    return {}


@pytest.mark.parametrize("model_type", _types())
def test_every_causal_type(model_type: str) -> None:
    """What the layers of a configuration come to is what its model holds, within 2 %, with and without an installed transformers."""
    if RELEASE < TOLD and model_type in OTHERWISE:
        pytest.skip(f"transformers {transformers.__version__}: {OTHERWISE[model_type]}")
    tokens = SHORT.get(model_type, TOKENS)
    stated, held = _run(model_type, tokens)
    for defaults in (installed.defaults, _none):
        layers = from_config.layers(stated, defaults=defaults)
        assert layers.known, layers.why
        kept = memory.cache(layers, engine=ENGINES["transformers"], dtype="float32", kv_dtype=None, concurrency=1, options={})
        assert kept.bytes(tokens + 1) == pytest.approx(held, rel=0.02), str(layers)


def test_not_built_is_current() -> None:
    """No type is left out that the installed transformers does not have."""
    if RELEASE < TOLD:
        pytest.skip("the list is for later releases")
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as NAMES

    assert set(NOT_BUILT) <= set(NAMES)


def test_nobody_can_tell() -> None:
    """Where a configuration cannot tell, the reason is said and no number is given."""
    for config, why in (
        ({"model_type": "reformer", "num_hidden_layers": 6}, "hash buckets"),
        ({"model_type": "blt"}, "patches"),
        ({"model_type": "blt", "decoder_config": {"model_type": "blt_local_decoder", **FULL, "num_hidden_layers": 9}}, "patches"),
        ({"num_hidden_layers": 2, "layer_types": ["full_attention", "quantum_attention"], "hidden_size": 8, "num_attention_heads": 1}, "quantum_attention"),
        ({"num_hidden_layers": 2, "layer_types": ["linear_attention"] * 2}, "state of a linear layer"),
        ({"num_hidden_layers": 2}, "num_attention_heads"),
        ({}, "num_hidden_layers"),
        ({"num_hidden_layers": 10**9, "num_attention_heads": 1, "hidden_size": 8}, "cannot be right"),
    ):
        layers = from_config.layers(config, defaults=lambda _type: {})
        assert layers.bytes(100, 2) is None
        assert why in (layers.why or ""), layers.why
        assert why in str(layers)


FULL = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "hidden_size": 64}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        # How transformers 4 wrote what `layer_types` says today.
        ({"model_type": "gemma2", "num_hidden_layers": 4, "sliding_window": 8}, "2 sliding, 2 full"),
        ({"model_type": "gemma3_text", "num_hidden_layers": 7, "sliding_window": 8, "sliding_window_pattern": 3}, "5 sliding, 2 full"),
        ({"model_type": "gemma3_text", "num_hidden_layers": 7, "sliding_window": 8}, "6 sliding, 1 full"),
        ({"model_type": "cohere2", "num_hidden_layers": 8, "sliding_window": 8, "sliding_window_pattern": 4}, "6 sliding, 2 full"),
        ({"model_type": "exaone4", "num_hidden_layers": 8, "sliding_window": 8, "sliding_window_pattern": "LLLG"}, "6 sliding, 2 full"),
        ({"model_type": "exaone4", "num_hidden_layers": 8, "sliding_window": None, "sliding_window_pattern": None}, "8 full"),
        ({"model_type": "qwen2", "num_hidden_layers": 8, "sliding_window": 8, "use_sliding_window": False, "max_window_layers": 6}, "8 full"),
        ({"model_type": "qwen2", "num_hidden_layers": 8, "sliding_window": 8, "use_sliding_window": True, "max_window_layers": 6}, "6 full, 2 sliding"),
        ({"model_type": "mistral", "num_hidden_layers": 4, "sliding_window": 8}, "4 sliding"),
        ({"model_type": "mistral", "num_hidden_layers": 4, "sliding_window": None}, "4 full"),
        ({"model_type": "llama4_text", "num_hidden_layers": 8, "attention_chunk_size": 8, "no_rope_layers": []}, "6 chunked, 2 full"),
        ({"model_type": "llama4_text", "num_hidden_layers": 4, "attention_chunk_size": 8, "no_rope_layers": [1, 0, 1, 1]}, "3 chunked, 1 full"),
        ({"model_type": "gpt_oss", "num_hidden_layers": 4, "sliding_window": 8}, "2 sliding, 2 full"),
        # Hybrids by the keys of their own makers.
        (
            {"model_type": "qwen3_next", "num_hidden_layers": 8, "full_attention_interval": 4, "linear_num_value_heads": 4, "linear_num_key_heads": 2,
             "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_conv_kernel_dim": 4},
            "6 linear, 2 full",
        ),
        ({"model_type": "jamba", "num_hidden_layers": 8, "attn_layer_period": 4, "attn_layer_offset": 2, "mamba_d_state": 8, "mamba_d_conv": 4,
          "mamba_expand": 2}, "6 linear, 2 full"),
        ({"model_type": "jamba", "num_hidden_layers": 6, "attn_layer_period": 4, "attn_layer_offset": 3, "mamba_d_state": 8, "mamba_d_conv": 4,
          "mamba_expand": 2}, "5 linear, 1 full"),
        ({"model_type": "bamba", "num_hidden_layers": 4, "attn_layer_indices": [2], "mamba_n_heads": 8, "mamba_d_state": 8, "mamba_d_conv": 4,
          "mamba_expand": 2, "mamba_n_groups": 1}, "3 linear, 1 full"),
        ({"model_type": "nemotron_h", "num_hidden_layers": 5, "hybrid_override_pattern": "M-M*E", "mamba_num_heads": 8, "mamba_head_dim": 16,
          "ssm_state_size": 8, "n_groups": 1, "conv_kernel": 4}, "2 linear, 2 none, 1 full"),
        ({"model_type": "granitemoehybrid", "num_hidden_layers": 3, "layer_types": ["mamba", "mamba", "attention"], "mamba_n_heads": 8,
          "mamba_d_state": 8, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_n_groups": 1}, "2 linear, 1 full"),
        ({"model_type": "lfm2", "num_hidden_layers": 4, "full_attn_idxs": [1], "conv_L_cache": 3}, "3 conv, 1 full"),
        ({"model_type": "minimax", "num_hidden_layers": 4, "attn_type_list": [0, 0, 0, 1]}, "3 linear, 1 full"),
        ({"model_type": "kimi_linear", "num_hidden_layers": 4, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "linear_attn_config": {
            "full_attn_layers": [4], "kda_layers": [1, 2, 3], "head_dim": 8, "num_heads": 4, "short_conv_kernel_size": 4}}, "3 linear, 1 latent"),
        ({"model_type": "mimo_v2_flash", "num_hidden_layers": 4, "hybrid_layer_pattern": [0, 1, 1, 0], "sliding_window": 8}, "2 full, 2 sliding"),
        ({"model_type": "gemma3n_text", "num_hidden_layers": 10, "num_kv_shared_layers": 4, "sliding_window": 8}, "5 sliding, 4 shared, 1 full"),
        # Heads that differ by layer, and layers without attention, as pruned models have them.
        ({"num_hidden_layers": 3, "num_key_value_heads": [1, 2, 2]}, "3 full"),
        ({"num_hidden_layers": 3, "block_configs": [{"attention": {"no_op": True}}, {"attention": {"n_heads_in_group": 2}}, {"attention": {
            "n_heads_in_group": 4}}]}, "2 full, 1 none"),
        # Layers that are gone through again keep a cache for each time.
        ({"model_type": "dory", "num_hidden_layers": 8, "layer_types": ["sliding_attention", "mlp"] * 4, "sliding_window": 8, "n_input_layers": 2,
          "n_recurrent_layers": 4, "n_output_layers": 2, "n_recurrent_loops": 3}, "8 sliding, 8 none"),
        ({"model_type": "dory", "num_hidden_layers": 8, "layer_types": ["sliding_attention", "mlp"] * 4, "sliding_window": 8, "n_input_layers": 2,
          "n_recurrent_layers": 4, "n_output_layers": 2, "n_recurrent_loops": 3, "recurrent_kv_cache_mode": "last_loop"}, "4 sliding, 4 none"),
        # A list of the layers that make keys and values for all others.
        ({"num_hidden_layers": 8, "kv_source_layer_ids": [1, 5]}, "6 shared, 2 full"),
        # Composite ones.
        ({"model_type": "llava", "text_config": {"model_type": "llama", "num_hidden_layers": 3}}, "3 full"),
        ({"thinker_config": {"text_config": {"model_type": "qwen2", "num_hidden_layers": 2}}}, "2 full"),
        ({"text_config": {"num_hidden_layers": 10, "cross_attention_layers": [3, 8]}}, "8 full, 2 none"),
    ],
)  # fmt: skip
def test_kinds(config: dict[str, Any], expected: str) -> None:
    """Which layer is of which kind, by the keys of older configurations and of their makers' own."""
    inside = config.get("text_config") or config.get("thinker_config", {}).get("text_config")
    target = config if inside is None else inside
    for key, value in FULL.items():
        target.setdefault(key, value)
    assert str(from_config.layers(config, defaults=lambda _type: {})) == expected


SEEN = 100
FULLY = SEEN * 2 * 2 * 16 * 2
"""Bytes of SEEN tokens in a layer of FULL, at two bytes a number."""
MAMBA2 = {"mamba_n_heads": 8, "mamba_d_head": 16, "mamba_d_ssm": 128, "mamba_d_state": 8, "mamba_d_conv": 4, "mamba_n_groups": 1, "mamba_expand": 2}
STATE = (128 + 2 * 8) * 4 * 2 + 128 * 8 * 4
"""Bytes of its state: what a convolution looks back on, and the state in float32."""
DELTA = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_conv_kernel_dim": 4}
CONV_OF_KEYS = 2 * (2 * 16 + 64) * 4 * 4


@pytest.mark.parametrize(
    ("config", "size"),
    [
        # Attention and a state in every layer, in those that a list names or numbers, in a unit that comes again and again, with a window.
        ({"model_type": "falcon_h1", "num_hidden_layers": 3, **MAMBA2}, 3 * (FULLY + STATE)),
        ({"model_type": "x", "num_hidden_layers": 3, "layers_block_type": ["mamba", "hybrid", "mamba"], **MAMBA2}, FULLY + 3 * STATE),
        ({"model_type": "x", "num_hidden_layers": 5, "hybrid_layer_ids": [1, 3], **MAMBA2}, 2 * FULLY + 5 * STATE),
        ({"model_type": "zamba", "num_hidden_layers": 7, "mamba_d_state": 8, "mamba_d_conv": 4, "mamba_expand": 2}, FULLY + 7 * (128 * 4 * 2 + 128 * 8 * 4)),
        ({"model_type": "zaya", "num_hidden_layers": 2, "cca_time0": 2, "cca_time1": 3}, 2 * (FULLY + (6 * 16 * 3 + 16) * 2)),
        ({"model_type": "inkling_text", "num_hidden_layers": 4, "local_layer_ids": [0, 1, 2], "sliding_window": 11, "conv_kernel_size": 4},
         FULLY + 3 * FULLY // 10 + 4 * CONV_OF_KEYS),
        ({"model_type": "inkling_text", "num_hidden_layers": 12, "sliding_window": 11, "conv_kernel_size": 4}, 2 * FULLY + FULLY + 12 * CONV_OF_KEYS),
        # One or the other: by an interval, a period with an offset, a list of words, letters or numbers, a unit.
        ({"model_type": "qwen3_next", "num_hidden_layers": 8, "full_attention_interval": 4, **DELTA}, 2 * FULLY + 6 * (64 * 4 * 2 + 32 * 8 * 4)),
        ({"model_type": "qwen3_next", "num_hidden_layers": 7, "full_attention_interval": 3, **DELTA}, 2 * FULLY + 5 * (64 * 4 * 2 + 32 * 8 * 4)),
        ({"model_type": "qwen3_5_text", "num_hidden_layers": 3, "layer_types": ["linear_attention", "full_attention", "linear_attention"], **DELTA},
         FULLY + 2 * (64 * 4 * 2 + 32 * 8 * 4)),
        ({"model_type": "jamba", "num_hidden_layers": 8, "attn_layer_period": 4, "attn_layer_offset": 2, "mamba_d_state": 8, "mamba_d_conv": 4,
          "mamba_expand": 2}, 2 * FULLY + 6 * (128 * 4 * 2 + 128 * 8 * 4)),
        ({"model_type": "bamba", "num_hidden_layers": 4, "attn_layer_indices": [2], **MAMBA2}, FULLY + 3 * STATE),
        ({"model_type": "granitemoehybrid", "num_hidden_layers": 3, "layer_types": ["mamba", "mamba", "attention"], **MAMBA2}, FULLY + 2 * STATE),
        ({"model_type": "nemotron_h", "num_hidden_layers": 5, "hybrid_override_pattern": "M-M*E", "mamba_num_heads": 8, "mamba_head_dim": 16,
          "ssm_state_size": 8, "n_groups": 1, "conv_kernel": 4}, FULLY + 2 * STATE),
        ({"model_type": "lfm2", "num_hidden_layers": 4, "full_attn_idxs": [1], "conv_L_cache": 3}, FULLY + 3 * 64 * 3 * 2),
        # Heads that differ by layer.
        ({"num_hidden_layers": 3, "num_key_value_heads": [1, 2, 4]}, FULLY * 7 // 2),
        ({"num_hidden_layers": 2, "block_configs": [{"attention": {"no_op": True}}, {"attention": {"n_heads_in_group": 4}}]}, FULLY // 2),
    ],
)  # fmt: skip
def test_hybrids(config: dict[str, Any], size: int) -> None:
    """What each way of writing a hybrid comes to in bytes: attention where there is attention, a state where there is one, and both where both are."""
    for text_config in (False, True):
        stated = {**FULL, **config}
        layers = from_config.layers({"model_type": "whole", "text_config": stated} if text_config else stated, defaults=_none)
        assert layers.bytes(SEEN, 2) == size, str(layers)


def test_left_out_keys() -> None:
    """Published configurations leave out what their class has anyway: gemma-3-4b-it's says five numbers of its text half."""
    stated = {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34, "sliding_window": 1024}}
    for defaults in (installed.defaults, _none):
        layers = from_config.layers(stated, defaults=defaults)
        assert str(layers) == "29 sliding, 5 full"
        assert layers.bytes(8192, 2) == 2 * 2 * 4 * 256 * (5 * 8192 + 29 * 1023)


@pytest.mark.parametrize("number", [1e999, float("nan"), -1e999, 1.5])
@pytest.mark.parametrize("key", ["num_hidden_layers", "num_key_value_heads", "head_dim", "sliding_window", "max_position_embeddings"])
def test_numbers_that_are_none(key: str, number: float) -> None:
    """JSON as Python reads it has Infinity and NaN: a key that says such a thing is an absent key."""
    stated = {**FULL, "num_hidden_layers": 2}
    assert from_config.layers({**stated, key: number}) == from_config.layers({name: value for name, value in stated.items() if name != key})
    assert from_config.layers({**stated, "layer_types": [number]}).why


def test_what_is_said_comes_before_what_a_class_has() -> None:
    """A number under any of its names counts before the default that a class has under another: nemotron_h's class calls its groups as others do."""
    config = {**FULL, "model_type": "nemotron_h", "num_hidden_layers": 1, "hybrid_override_pattern": "M", "mamba_num_heads": 8, "mamba_head_dim": 16,
              "ssm_state_size": 8, "n_groups": 2, "conv_kernel": 4}  # fmt: skip
    class_has = {"mamba_n_groups": 8, "mamba_d_state": 128, "mamba_d_conv": 2, "mamba_n_heads": 128}
    assert from_config.layers(config, defaults=lambda _type: class_has).bytes(SEEN, 2) == (128 + 2 * 2 * 8) * 4 * 2 + 128 * 8 * 4
    indexed = {**FULL, "num_hidden_layers": 1, "layer_types": ["deepseek_sparse_attention"], "indexer_head_dim": 32}
    assert from_config.layers(indexed, defaults=lambda _type: {"index_head_dim": 128}).bytes(SEEN, 2) == FULLY + SEEN * 32 * 2


def test_how_an_engine_keeps_them() -> None:
    """Latents may be kept apart for all heads, windows whole, and states in another type than keys."""
    latent = from_config.layers({"num_hidden_layers": 1, "num_attention_heads": 4, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
                                 "v_head_dim": 8})  # fmt: skip
    assert (latent.bytes(10, 2), latent.bytes(10, 2, Keeping(apart=True))) == (10 * 24 * 2, 10 * 4 * 24 * 2)
    sliding = from_config.layers(FULL | {"num_hidden_layers": 1, "sliding_window": 9})
    assert [sliding.bytes(100, 1, keeping) for keeping in (None, Keeping(whole=True), Keeping(beyond=4))] == [64 * 8, 64 * 100, 64 * 12]
    conv = from_config.layers(FULL | {"num_hidden_layers": 1, "layer_types": ["conv"], "conv_L_cache": 3})
    assert conv.bytes(100, 0.5, Keeping(state_width=2)) == 64 * 3 * 2


def test_longest() -> None:
    """The most tokens that fit is where one more does not; a model of states alone has no such end."""
    layers = from_config.layers(FULL | {"num_hidden_layers": 2})
    room = 2 * 64 * 2 * 1000
    assert layers.longest(room, 2, most=10_000) == 1000
    assert layers.longest(room, 2, most=500) == 500
    assert layers.longest(0, 2, most=500) == 0
    assert Layers(why="no").longest(room, 2, most=500) is None


# GGUF --------------------------------------------------------------------------------------------


def _header(folder: Path, arch: str, **keys: Any) -> Layers:
    """The layers of a header that the package ``gguf`` writes; double underscores are points."""
    writer_of = pytest.importorskip("gguf")
    file = folder / "header.gguf"
    writer = writer_of.GGUFWriter(file, arch)
    for name, value in keys.items():
        key = f"{arch}.{name.replace('__', '.')}"
        if isinstance(value, list):
            writer.add_array(key, value)
        else:
            writer.add_uint32(key, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return from_gguf.layers(gguf_files.read(file.read_bytes(), subject=file.name).metadata)


HEADS = {"attention__head_count": 8, "attention__head_count_kv": 2, "attention__key_length": 64, "attention__value_length": 64, "embedding_length": 512}
TOKEN = 2 * 64 * 2 * 2
"""Bytes of a token in a layer of HEADS, at two bytes a number."""


@pytest.mark.parametrize(
    ("arch", "keys", "kinds", "size"),
    [
        ("llama", {"block_count": 4}, "4 full", 4 * 4096 * TOKEN),
        # gemma-3-27b: by its architecture every sixth layer sees all.
        ("gemma3", {"block_count": 62, "attention__sliding_window": 1024}, "52 sliding, 10 full", (52 * 1024 + 10 * 4096) * TOKEN),
        ("gemma3", {"block_count": 8, "attention__sliding_window": 1024, "attention__sliding_window_pattern": 4}, "6 sliding, 2 full",
         (6 * 1024 + 2 * 4096) * TOKEN),
        ("gemma2", {"block_count": 4}, "2 sliding, 2 full", (2 * 4096 + 2 * 4096) * TOKEN),
        ("gpt-oss", {"block_count": 4, "attention__sliding_window": 128}, "2 sliding, 2 full", (2 * 128 + 2 * 4096) * TOKEN),
        ("cohere2moe", {"block_count": 4, "attention__sliding_window": 128, "attention__sliding_window_pattern": [True, True, False, True]},
         "3 sliding, 1 full", (3 * 128 + 4096) * TOKEN),
        ("gemma4", {"block_count": 4, "attention__sliding_window": 512, "attention__sliding_window_pattern": [True, True, True, False],
                    "attention__key_length_swa": 32, "attention__value_length_swa": 32, "attention__head_count_kv": [2, 2, 2, 1],
                    "attention__shared_kv_layers": 0}, "3 sliding, 1 full", 3 * 512 * TOKEN // 2 + 4096 * TOKEN // 2),
        ("gemma3n", {"block_count": 6, "attention__sliding_window": 512, "attention__sliding_window_pattern": [True, False] * 3,
                     "attention__shared_kv_layers": 2}, "2 sliding, 2 full, 2 shared", (2 * 512 + 2 * 4096) * TOKEN),
        ("llama4", {"block_count": 4}, "3 chunked, 1 full", 4 * 4096 * TOKEN),
        # llama.cpp reads no window where the architecture has none.
        ("qwen2", {"block_count": 4, "attention__sliding_window": 128}, "4 full", 4 * 4096 * TOKEN),
        ("deci", {"block_count": 3, "attention__head_count_kv": [0, 2, 1]}, "2 full, 1 none", 4096 * TOKEN * 3 // 2),
        ("qwen35", {"block_count": 8, "full_attention_interval": 4, "ssm__conv_kernel": 4, "ssm__inner_size": 256, "ssm__state_size": 32,
                    "ssm__group_count": 4, "ssm__time_step_rank": 8}, "6 linear, 2 full", 2 * 4096 * TOKEN + 6 * 4 * (3 * (256 + 256) + 256 * 32)),
        ("lfm2", {"block_count": 4, "attention__head_count_kv": [0, 2, 0, 2], "shortconv__l_cache": 3}, "2 conv, 2 full",
         2 * 4096 * TOKEN + 2 * 4 * 512 * 2),
        ("jamba", {"block_count": 3, "attention__head_count_kv": [0, 2, 0], "ssm__conv_kernel": 4, "ssm__inner_size": 1024, "ssm__state_size": 16},
         "2 linear, 1 full", 4096 * TOKEN + 2 * 4 * (3 * 1024 + 1024 * 16)),
        ("nemotron_h", {"block_count": 3, "attention__head_count_kv": [0, 2, 0], "feed_forward_length": [0, 0, 99], "ssm__conv_kernel": 4,
                        "ssm__inner_size": 1024, "ssm__state_size": 16, "ssm__group_count": 1}, "1 linear, 1 full, 1 none",
         4096 * TOKEN + 4 * (3 * (1024 + 32) + 1024 * 16)),
        ("falcon-h1", {"block_count": 2, "ssm__conv_kernel": 4, "ssm__inner_size": 1024, "ssm__state_size": 16, "ssm__group_count": 1}, "2 full",
         2 * (4096 * TOKEN + 4 * (3 * (1024 + 32) + 1024 * 16))),
        # By flags that say it, by an interval that its architecture has without a key, by heads of each layer.
        ("qwen35", {"block_count": 4, "attention__recurrent_layers": [True, False, False, True], "full_attention_interval": 4, "ssm__conv_kernel": 4,
                    "ssm__inner_size": 256, "ssm__state_size": 32, "ssm__group_count": 4}, "2 linear, 2 full",
         2 * 4096 * TOKEN + 2 * 4 * (3 * (256 + 256) + 256 * 32)),
        ("qwen3next", {"block_count": 7, "ssm__conv_kernel": 4, "ssm__inner_size": 256, "ssm__state_size": 32, "ssm__group_count": 4}, "6 linear, 1 full",
         4096 * TOKEN + 6 * 4 * (3 * (256 + 256) + 256 * 32)),
        ("granitehybrid", {"block_count": 3, "attention__head_count_kv": [0, 0, 2], "ssm__conv_kernel": 4, "ssm__inner_size": 1024, "ssm__state_size": 16,
                           "ssm__group_count": 1}, "2 linear, 1 full", 4096 * TOKEN + 2 * 4 * (3 * (1024 + 32) + 1024 * 16)),
        # An architecture that nobody here has heard of: heads of each layer beside the keys of a state say it.
        ("hybridnew", {"block_count": 3, "attention__head_count_kv": [0, 1, 2], "ssm__conv_kernel": 4, "ssm__inner_size": 1024, "ssm__state_size": 16},
         "2 full, 1 linear", 4096 * TOKEN * 3 // 2 + 4 * (3 * 1024 + 1024 * 16)),
        ("mamba", {"block_count": 2, "ssm__conv_kernel": 4, "ssm__inner_size": 1024, "ssm__state_size": 16}, "2 linear",
         2 * 4 * (3 * 1024 + 1024 * 16)),
        ("rwkv7", {"block_count": 2, "wkv__head_size": 64, "token_shift_count": 2}, "2 linear", 2 * 4 * (2 * 512 + 512 * 64)),
        ("kimi-linear", {"block_count": 2, "attention__head_count_kv": [0, 1], "kda__head_dim": 32, "ssm__conv_kernel": 4,
                         "attention__kv_lora_rank": 128, "attention__key_length": 160, "attention__key_length_mla": 96,
                         "attention__value_length_mla": 64}, "1 linear, 1 latent", 4096 * 160 * 2 + 4 * (3 * 3 * 8 * 32 + 8 * 32 * 32)),
        # A latent is kept once for all heads, and its values are a part of it; older files have the keys and values of all heads.
        ("deepseek2", {"block_count": 2, "attention__head_count_kv": 1, "attention__kv_lora_rank": 512, "attention__key_length": 576,
                       "attention__value_length": 512, "attention__key_length_mla": 192, "attention__value_length_mla": 128}, "2 latent",
         2 * 4096 * 576 * 2),
        ("deepseek2", {"block_count": 2, "attention__head_count_kv": 8, "attention__kv_lora_rank": 512, "attention__key_length": 192,
                       "attention__value_length": 128}, "2 full", 2 * 4096 * 8 * (192 + 128) * 2),
        ("glm4moe", {"block_count": 5, "nextn_predict_layers": 1}, "4 full", 4 * 4096 * TOKEN),
        # What makes all of a text at once keeps nothing.
        ("dream", {"block_count": 4}, "4 none", 0),
        # The keys of an index are kept with room for a value, and the leading dense layers have none.
        ("minimax-m3", {"block_count": 4, "leading_dense_block_count": 1, "attention__indexer__key_length": 32}, "4 full", 4096 * (4 * TOKEN + 3 * 96 * 2)),
    ],
)  # fmt: skip
def test_gguf(arch: str, keys: dict[str, Any], kinds: str, size: int, tmp_path: Path) -> None:
    """Every kind of layer that llama.cpp knows, by the keys that its converter writes."""
    layers = _header(tmp_path, arch, **{**HEADS, **keys})
    assert str(layers) == kinds
    assert layers.bytes(4096, 2) == pytest.approx(size, rel=0.001)


@pytest.mark.parametrize(
    ("arch", "keys", "whole", "windowed"),
    [
        ("llama", {}, 12.0, 12.0),
        # Five of six layers look back 640 tokens: 1,280 cells with a batch of 512.
        ("gemma3", {"attention__sliding_window": 640}, 12.0, 5.125),
        # Values are as wide in all layers, though one has heads of its own number, or no attention.
        ("openelm", {"attention__head_count_kv": [2, 2, 2, 2, 1, 1]}, 11.0, 11.0),
        ("deci", {"attention__head_count_kv": [2, 0, 0, 2, 1, 1]}, 9.0, 9.0),
        ("mimo2", {"attention__head_count_kv": [1, 2, 2, 2, 2, 1], "attention__sliding_window": 640, "attention__sliding_window_pattern": [False, True, True,
         True, True, False], "attention__key_length_swa": 64, "attention__value_length_swa": 32}, 8.0, 3.875),
        # Beside states, layers without attention have none.
        ("jamba", {"attention__head_count_kv": [0, 2, 0, 0, 2, 0], "ssm__conv_kernel": 4, "ssm__inner_size": 640, "ssm__state_size": 16}, 4.19, 4.19),
    ],
)  # fmt: skip
def test_as_llama_cpp_keeps_them(arch: str, keys: dict[str, Any], whole: float, windowed: float, tmp_path: Path) -> None:
    """MiB as llama.cpp says them for models of six layers, 4,096 tokens and a batch of 512, without flash attention."""
    layers = _header(tmp_path, arch, **{"block_count": 6, **HEADS, **keys})
    keeping = Keeping(state_width=4, whole=True, steps=256, alike=True)
    assert (layers.bytes(4096, 2, keeping) or 0) / 2**20 == pytest.approx(whole, abs=0.01)
    assert (layers.bytes(4096, 2, keeping._replace(whole=False, beyond=512)) or 0) / 2**20 == pytest.approx(windowed, abs=0.01)


def test_as_llama_cpp_logs(tmp_path: Path) -> None:
    """A hybrid model of 27B: 16,384 MiB of keys and values for 262,144 tokens, and 598.5 MiB of states for four conversations."""
    layers = _header(
        tmp_path, "qwen35", block_count=64, attention__head_count=24, attention__head_count_kv=4, attention__key_length=256, attention__value_length=256,
        embedding_length=5120, full_attention_interval=4, ssm__conv_kernel=4, ssm__inner_size=6144, ssm__state_size=128, ssm__group_count=16,
    )  # fmt: skip
    states = layers.bytes(0, 2) or 0
    assert 4 * states == 598.5 * 2**20
    assert layers.bytes(262_144, 2) == 16_384 * 2**20 + states


@pytest.mark.parametrize(("tokens", "whole", "windowed"), [(10, 0.1875, 0.1875), (300, 0.375, 0.375), (1000, 0.75, 0.625), (10_000, 7.5, 2.875)])
def test_room_of_llama_cpp(tokens: int, whole: float, windowed: float, tmp_path: Path) -> None:
    """It has room for multiples of 256 tokens, as it logs for a small gemma4: MiB of keys and values, with and without whole windows."""
    layers = _header(
        tmp_path, "gemma4", block_count=6, embedding_length=128, attention__head_count=8, attention__head_count_kv=[2, 2, 1, 2, 2, 1],
        attention__key_length=32, attention__value_length=32, attention__key_length_swa=16, attention__value_length_swa=16,
        attention__sliding_window=200, attention__sliding_window_pattern=[True, True, False, True, True, False], attention__shared_kv_layers=0,
    )  # fmt: skip
    for options, size in (({}, whole), ({"swa_full": False}, windowed)):
        kept = memory.cache(layers, engine=ENGINES["llama.cpp"], dtype=None, kv_dtype=None, concurrency=1, options=options)
        assert kept.bytes(tokens) == size * 2**20


def test_gguf_without_keys(tmp_path: Path) -> None:
    """A header that does not tell says so."""
    assert "block_count" in (_header(tmp_path, "llama").why or "")
    assert "heads" in (_header(tmp_path, "llama", block_count=2).why or "")


def test_quick() -> None:
    """A configuration of eighty layers is read in milliseconds, and no engine is imported for it."""
    stated = FULL | {"model_type": "gemma2", "num_hidden_layers": 80, "sliding_window": 4096}
    from_config.layers(stated)
    start = time.process_time()
    for _ in range(10):
        from_config.layers(stated).bytes(8192, 2)
    assert time.process_time() - start < 0.5

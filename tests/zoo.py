"""Owns tiny random checkpoints of real architectures: from a model type to a folder in the hubs' file layout.

Knows no test. A configuration of the installed transformers has its sizes replaced by small ones, by the names that they go
by; what a type needs beyond that stands in `MORE`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TEMPLATE", "config", "known", "tokenizer", "write"]

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_LARGEST = 4_000_000
_POSITIONS = 8192

_LAYERS = {"num_hidden_layers", "n_layer", "n_layers", "num_layers"}
"""Four of them, so that each kind of layer is there."""

SMALL: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "dim", "embed_dim", "emb_dim"), 64),
    **dict.fromkeys(("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "d_ff", "dff", "dim_ff", "inner_dim"), 96),
    **dict.fromkeys(("decoder_ffn_dim", "encoder_ffn_dim"), 96),
    **dict.fromkeys(_LAYERS, 4),
    **dict.fromkeys(("decoder_layers", "encoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads", "encoder_attention_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "multi_query_group_num"), 2),
    **dict.fromkeys(("head_dim", "attention_head_dim", "dim_head", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "swa_head_dim"), 16),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "model_max_length"), _POSITIONS),
    **dict.fromkeys(("context_length", "original_max_position_embeddings"), _POSITIONS),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "moe_k", "moe_topk"), 2),
    **dict.fromkeys(("n_shared_experts", "num_shared_experts", "n_group", "topk_group", "first_k_dense_replace"), 1),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "expert_ffn_hidden_size"), 32),
    **dict.fromkeys(("sliding_window", "sliding_window_size", "attention_chunk_size", "rel_extent"), 32),
    **dict.fromkeys(("kv_lora_rank", "rotary_dim", "linear_key_head_dim", "linear_value_head_dim", "linear_head_dim", "mamba_d_head"), 16),
    **dict.fromkeys(("state_size", "mamba_d_state", "mamba_n_heads", "time_step_rank"), 8),
    "q_lora_rank": 24, "qk_head_dim": 32, "linear_num_value_heads": 4, "linear_num_key_heads": 2, "mamba_d_conv": 4, "mamba_expand": 2,
    "hidden_size_per_layer_input": 16, "zero_expert_num": 1,
}  # fmt: skip
"""Small sizes by the names that configurations have for them."""

_HYBRID = {"layer_types": ["mamba", "attention", "mamba", "attention"]}
MORE: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1, 3]},
    "dory": {"n_input_layers": 1, "n_recurrent_layers": 2, "n_output_layers": 1},
    "granitemoehybrid": _HYBRID,
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "falcon_h1": {"mamba_d_ssm": 128},
    "mamba2": {"num_heads": 8, "head_dim": 16},
    "gpt_bigcode": {"n_positions": 1024},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]], "window_size": 32, "max_position_embeddings": 1024},
    "openai-gpt": {"n_positions": 1024, "n_layer": 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv", "full_attention"]},
    "gemma3n_text": {
        "layer_types": ["sliding_attention", "full_attention"] * 2, "num_kv_shared_layers": 2, "vocab_size_per_layer_input": 300,
        "activation_sparsity_pattern": [0.0] * 4, "laurel_rank": 8,
    },
    "gemma4_text": {
        "layer_types": ["sliding_attention", "full_attention"] * 2, "num_kv_shared_layers": 0, "vocab_size_per_layer_input": 300, "global_head_dim": 32,
    },
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0},
        "ffn_config": {"ffn_hidden_size": 96, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "xlstm": {"num_heads": 4, "qk_dim_factor": 1.0, "v_dim_factor": 1.0},
    "bailing_hybrid": {
        "num_experts": 8, "num_experts_per_tok": 2, "num_experts_per_token": 2, "layer_types": ["linear_attention", "full_attention"] * 2, "n_group": 1,
        "num_expert_group": 1, "topk_group": 1,
    },
    "kimi_linear": {"layer_types": ["linear_attention", "full_attention"] * 2, "linear_num_heads": 4, "num_experts_per_token": 2},
    "deepseek_v2": {"num_experts_per_tok": 2, "topk_group": 1, "n_group": 1, "moe_intermediate_size": 32, "topk_method": "greedy"},
    "dots1": {"n_shared_experts": 1, "num_experts_per_tok": 2, "n_routed_experts": 4, "first_k_dense_replace": 1},
    "dots3_note_text": {
        "swa_num_attention_heads": 4, "swa_num_key_value_heads": 4, "swa_q_lora_rank": 24, "swa_kv_lora_rank": 24, "swa_head_dim": 32,
        "swa_qk_nope_head_dim": 16, "swa_v_head_dim": 16, "sliding_window": 32, "index_head_dim": 16, "index_n_heads": 2, "moe_intermediate_size": 32,
        "shared_expert_intermediate_size": 32,
    },
    "gemma4_unified_text": {"layer_types": ["sliding_attention", "full_attention"] * 2, "global_head_dim": 32},
    "hrm_text": {"num_hidden_layers": 1},
    "jetmoe": {"kv_channels": 16},
    "nemotron_h": {"mamba_num_heads": 8, "mamba_head_dim": 16, "ssm_state_size": 8, "n_groups": 2},
    "lfm3": {"layer_types": ["conv", "sliding_attention", "full_attention", "conv"]},
    "inkling_text": {"layer_types": ["hybrid_sliding", "hybrid"] * 2, "swa_num_attention_heads": 4, "swa_num_key_value_heads": 4},
    "inkling2_text": {"layer_types": ["hybrid_sliding", "hybrid"] * 2, "swa_num_attention_heads": 4, "swa_num_key_value_heads": 4},
    "minimax_m3_vl_text": {"layer_types": ["full_attention", "minimax_m3_sparse"] * 2, "index_n_heads": 2, "index_head_dim": 16},
    "kolibri1": {"layer_types": ["sliding_attention", "full_attention"] * 2},
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2},
    "laguna": {"layer_types": ["sliding_attention", "full_attention"] * 2},
    "mellum": {"layer_types": ["sliding_attention", "full_attention"] * 2},
    "qwen4_exp_text": {
        "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": 32, "indexer_compress_ratio": 4,
        "moe_intermediate_size": 32, "hc_count": 2, "hc_lowrank": 8,
    },
    "recurrent_gemma": {"attention_window_size": 32},
    "zamba": {"layers_block_type": ["linear_attention", "hybrid", "linear_attention", "hybrid"], "attention_head_dim": 32, "num_key_value_heads": 4},
    "zamba2": {"layers_block_type": ["linear_attention", "hybrid", "linear_attention", "hybrid"], "num_key_value_heads": 4, "adapter_rank": 8},
    "zaya": {"num_experts_per_tok": 1, "moe_intermediate_size": 32},
    "cohere_compass_text": {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 10000.0}}},
    "reformer": {"is_decoder": True, "attn_layers": ["local", "lsh"], "axial_pos_embds": False, "num_buckets": 4},
    "xmod": {"languages": ["en_XX"], "default_language": "en_XX"},
}  # fmt: skip
"""What single types need beside small sizes; who has a table of positions by positions has few of them."""


def known(model_type: str) -> bool:
    """Whether the installed transformers has a causal language model of this type."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return model_type in CONFIG_MAPPING and model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES


def config(model_type: str, vocabulary: int, *, few: bool = False) -> Any:
    """The configuration of a small model; with ``few`` two layers, where all are of one kind."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = CONFIG_MAPPING[model_type]
    stated = kind().to_dict()
    given: dict[str, Any] = {name: value for name, value in SMALL.items() if stated.get(name) is not None}
    for name in ("num_key_value_heads", "head_dim"):
        if name in stated:
            given[name] = SMALL[name]
    if stated.get("kv_lora_rank"):
        given["num_key_value_heads"] = SMALL["num_attention_heads"]  # latent attention has keys for each head
    special = {name: None for name in ("pad_token_id", "bos_token_id", "eos_token_id") if name in stated}
    given |= {"vocab_size": vocabulary} | MORE.get(model_type, {})
    if "unpadded_vocab_size" in stated:
        given["unpadded_vocab_size"] = vocabulary  # else it writes tokens that it has no embedding of
    if "vocab_size_per_layer_input" in given:
        given["vocab_size_per_layer_input"] = vocabulary
    made = _made(kind, given, special)
    if few and model_type not in MORE and len({*(getattr(made, "layer_types", None) or ())}) < 2:
        return _made(kind, given | dict.fromkeys(_LAYERS & given.keys(), 2), special)
    return made


def _made(kind: Any, given: dict[str, Any], special: dict[str, Any]) -> Any:
    try:
        return kind(**given, **special)
    except Exception:  # noqa: BLE001  some types want their special tokens to be numbers
        return kind(**given, **dict.fromkeys(special, 0))


def tokenizer() -> Any:
    """One token a byte, and three special ones."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({letter: at for at, letter in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in _SPECIALS])
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>")  # noqa: S106  no password
    made.chat_template = TEMPLATE
    return made


def write(model_type: str, folder: Path, words: Any = None, *, few: bool = False, heeding: bool = False) -> Path:
    """A checkpoint of random weights, with its tokenizer: its own, or another.

    Of few layers, as in `config`, it is made and asked faster. With a large vocabulary a Llama says one word for ever, whatever it is asked,
    unless it is made ``heeding``.

    Raises:
        ValueError: it would not be small.
    """
    import torch
    from transformers import AutoModelForCausalLM, initialization

    words = words or tokenizer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = config(model_type, len(words), few=few)
        with torch.device("meta"), initialization.no_init_weights():
            size = sum(weight.numel() for weight in AutoModelForCausalLM.from_config(small).parameters())
        if size > _LARGEST + 2 * SMALL["hidden_size"] * len(words):
            message = f"{model_type} would have {size:,} parameters"
            raise ValueError(message)
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(small, dtype=torch.float32)
        _spread(model)
        if heeding:
            _heed(model)
        model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def _spread(model: Any) -> None:
    """Make the weights large enough that replies depend on their prompts, and no two tokens are nearly as likely."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(5)


def _heed(model: Any) -> None:
    """Let what is looked at outweigh the token itself, and be looked at sharply."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if any(part in name for part in ("v_proj", "o_proj", "down_proj")):
                weight.mul_(10)
            elif any(part in name for part in ("q_proj", "k_proj")):
                weight.mul_(3)

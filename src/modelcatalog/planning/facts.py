"""Owns what a checkpoint says of itself: ``config.json`` and the headers of its weights. Knows no name and no hub.

All of it is hostile input: a wrong type is an absent fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.hubs.gguf import GgufHeader
    from modelcatalog.hubs.safetensors import SafetensorsHeader

__all__ = ["Facts", "from_config", "from_gguf", "with_header"]

_DTYPES = frozenset({"float16", "bfloat16", "float32"})


class Facts(BaseModel):
    """What is known of a checkpoint before its weights are read; None is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str | None = None
    """``LlamaForCausalLM``, or ``llama`` in a GGUF file."""
    model_type: str | None = None
    """transformers' name for the kind of model: ``qwen3_moe``."""
    composite: bool = False
    """The language model is a part of a larger one, beside a vision tower, say."""
    parameters: int | None = None
    dtype: str | None = None
    layers: int | None = None
    kv_heads: int | None = None
    head_size: int | None = None
    kv_bytes_per_token: int | None = None
    """At two bytes a number, where the cache is not layers x heads x size (latent attention)."""
    window: int | None = None
    """Tokens that a layer of sliding attention keeps."""
    windowed_layers: int = 0
    context_length: int | None = None
    quantization: str | None = None
    """The method in ``quantization_config``: ``awq``, ``gptq``, ``fp8``, …."""
    bits: float | None = None
    chat_template: bool | None = None
    remote_code: bool = False
    """``config.json`` points at Python files in the repository (``auto_map``)."""


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 50 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) < 100 else None  # noqa: PLR2004


def from_config(config: Mapping[str, Any]) -> Facts:
    """Facts of a parsed ``config.json``.

    >>> from_config({"num_hidden_layers": 30, "num_attention_heads": 9, "hidden_size": 576}).head_size
    64
    """
    inner = next((config[k] for k in ("text_config", "llm_config") if isinstance(config.get(k), dict)), config)

    def get(*keys: str) -> object:
        return next((c[k] for c in (inner, config) for k in keys if c.get(k) is not None), None)

    heads = _int(get("num_attention_heads", "n_head"))
    hidden = _int(get("hidden_size", "n_embd", "d_model"))
    size = _int(get("head_dim")) or (hidden // heads if hidden and heads else None)
    latent, rope = _int(get("kv_lora_rank")), _int(get("qk_rope_head_dim"))
    layers = _int(get("num_hidden_layers", "n_layer", "num_layers"))
    window = _int(get("sliding_window")) if get("use_sliding_window") is not False else None
    kinds = get("layer_types")
    windowed = sum(1 for kind in kinds if kind == "sliding_attention") if isinstance(kinds, list) else 0
    if window and not isinstance(kinds, list):
        windowed = layers or 0
    architectures = config.get("architectures")
    quantization = get("quantization_config")
    quantization = quantization if isinstance(quantization, dict) else {}
    dtype = str(get("dtype", "torch_dtype") or "").removeprefix("torch.")
    method, bits = _method(quantization)
    auto_map = config.get("auto_map")
    return Facts(
        architecture=_text(architectures[0]) if isinstance(architectures, list) and architectures else None,
        model_type=_text(config.get("model_type")),
        composite=inner is not config,
        dtype=dtype if dtype in _DTYPES else None,
        layers=layers,
        kv_heads=_int(get("num_key_value_heads", "multi_query_group_num")) or heads,
        head_size=size,
        kv_bytes_per_token=2 * layers * (latent + rope) if latent and rope and layers else None,
        window=window if windowed else None,
        windowed_layers=windowed if window else 0,
        context_length=_int(get("max_position_embeddings", "n_positions", "seq_length")),
        quantization=method,
        bits=bits,
        remote_code=isinstance(auto_map, dict) and any(str(key).startswith("AutoModel") for key in auto_map),
    )


def _method(quantization: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """The method and the bits in a ``quantization_config``."""
    method = _text(quantization.get("quant_method"))
    if quantization.get("load_in_4bit") or quantization.get("load_in_8bit"):
        method = method or "bitsandbytes"
    elif method is None and {"group_size", "bits"} <= quantization.keys():
        method = "mlx"  # its converter writes these two alone
    groups = quantization.get("config_groups")
    weights = [g.get("weights") for g in groups.values() if isinstance(g, dict)] if isinstance(groups, dict) else []
    widths = [w.get("num_bits") for w in weights if isinstance(w, dict)]
    bits = quantization.get("bits") or (4 if quantization.get("load_in_4bit") else None) or (widths[0] if widths else None)
    if not isinstance(bits, int | float) or not 0 < bits <= 32:  # noqa: PLR2004
        return method, None
    return method, float(bits)


def with_header(facts: Facts, header: SafetensorsHeader, *, bytes_here: int, bytes_all: int) -> Facts:
    """Add what the header of one weight file tells; the other files are taken to be like it.

    Args:
        facts: What ``config.json`` says.
        header: The header of one file.
        bytes_here: The size of that file.
        bytes_all: The size of all weight files.
    """
    here = _count(facts, header)
    count = here if here is None or bytes_here == bytes_all else round(here * bytes_all / max(bytes_here, 1))
    dtype = header.dtype if header.dtype in _DTYPES else facts.dtype
    if facts.quantization is not None:
        # The most numbers may be scales; the type that the model computes in is the configuration's.
        dtype = facts.dtype or dtype
    return facts.model_copy(update={"parameters": count, "dtype": dtype})


def _count(facts: Facts, header: SafetensorsHeader) -> int | None:
    """The model's parameters in a file: packed weights are stored as integers, several to a number."""
    plain = {kind: count for kind, count in header.parameters.items() if not kind.startswith(("I", "U"))}
    whole = {kind: count for kind, count in header.parameters.items() if kind not in plain}
    if facts.quantization is None or not whole:
        return sum(header.parameters.values())
    if facts.quantization == "mxfp4":
        # 32 numbers are 16 bytes of two each, and one byte of scale.
        return sum(plain.values()) + round(whole.get("U8", 0) * 32 / 17)
    if facts.quantization == "compressed-tensors" and facts.bits:
        return sum(plain.values()) + whole.get("I8", 0) + round(whole.get("I32", 0) * 32 / facts.bits)
    return None


def from_gguf(header: GgufHeader) -> Facts:
    """Facts of a GGUF header, also of one that was read only in part."""
    arch = header.architecture

    def get(key: str) -> int | None:
        value = header.metadata.get(f"{arch}.{key}")
        # Some architectures give one number for each layer.
        return _int(max(value, default=0) if isinstance(value, list) else value)

    heads, width = get("attention.head_count"), get("embedding_length")
    size = get("attention.key_length") or (width // heads if width and heads else None)
    return Facts(
        architecture=arch or None,
        model_type=arch or None,
        parameters=header.parameters if header.complete else None,
        layers=get("block_count"),
        kv_heads=get("attention.head_count_kv") or heads,
        head_size=size,
        window=None,
        context_length=get("context_length"),
        quantization="gguf",
        chat_template=bool(header.metadata.get("tokenizer.chat_template")) if header.complete else None,
    )

"""Owns what a checkpoint says of itself: ``config.json`` and the headers of its weights. Knows no name and no hub.

All of it is hostile input: a wrong type is an absent fact.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import later
from modelcatalog.planning.layers import architectures as tables
from modelcatalog.planning.layers.settings import language_part
from modelcatalog.weights import safetensors
from modelcatalog.weights.safetensors import SafetensorsHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelcatalog.weights.gguf import GgufHeader

__all__ = ["Facts", "context_limit", "from_config", "from_gguf", "is_buffer", "with_counts", "with_headers"]

_DTYPES = frozenset({"float16", "bfloat16", "float32"})
_NUMBERS = later.pattern(r"b?float(?:16|32|64)|half|double|float\d\w+|u?int\d+|complex\d+|bool|long|short")
"""What torch calls its dtypes."""
_LIMITS = (
    "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length", "max_seq_length", "n_ctx", "max_context_length",
    "model_max_length",
)  # fmt: skip
"""What configurations call the most tokens that a model reads; the first that is there counts."""
_SIZES = ("num_hidden_layers", "n_layer", "hidden_size", "n_embd", "vocab_size")
"""What every model has some of."""
_CHOSEN = ("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts", "num_experts_per_token")
_STRETCHING = frozenset({"yarn", "deepseek_yarn", "linear", "dynamic", "ntk"})
"""Kinds of RoPE whose ``factor`` stretches the limit, as vLLM counts too; with llama3 and longrope the limit is the stretched one."""


class Facts(NamedTuple):
    """What is known of a checkpoint before its weights are read; None is unknown."""

    architecture: str | None = None
    """``LlamaForCausalLM``, or ``llama`` in a GGUF file."""
    architectures: tuple[str, ...] = ()
    """All the classes that ``config.json`` names; mostly one."""
    model_type: str | None = None
    """transformers' name for the kind of model: ``qwen3_moe``."""
    composite: bool = False
    """The language model is a part of a larger one, beside a vision tower, say."""
    parameters: int | None = None
    dtype: str | None = None
    layers: int | None = None
    hidden: int | None = None
    """Numbers of a token between two layers."""
    intermediate: int | None = None
    """The most numbers of a token inside a layer, those of all experts that it goes through together."""
    vocabulary: int | None = None
    experts: int | None = None
    """Experts of a layer that tokens are sent to."""
    chosen: int | None = None
    """To how many of them one token is sent."""
    guessing: int | None = None
    """Layers behind the last one that guess further tokens (MTP)."""
    context_length: int | None = None
    rope: str | None = None
    """How positions are stretched, by transformers' word (``rope_type``)."""
    strange_dtype: str | None = None
    """What ``config.json`` has for a dtype that torch has none of: ``auto``, or a name with ``torch.`` before it."""
    lost_theta: float | None = None
    """The base of the positions in ``rope_parameters`` that transformers leaves out, because there is a ``rope_scaling`` without one beside them."""
    tokenizer_length: int | None = None
    """``model_max_length`` of the tokenizer: a witness where ``config.json`` has no limit, and no limit of the model."""
    quantization: str | None = None
    """The method in ``quantization_config``: ``awq``, ``gptq``, ``fp8``, …."""
    nameless: bool = False
    """There is a ``quantization_config``, and it names no method."""
    bits: float | None = None
    chat_template: bool | None = None
    remote_code: bool = False
    """``config.json`` points at Python files in the repository (``auto_map``)."""
    auto_classes: tuple[str, ...] = ()
    """What it points at them for: ``AutoModelForCausalLM``, …."""
    code_of: str | None = None
    """The other repository that it points at for them (``owner/name--module.Class``); None where they are its own."""
    decoder: bool = False
    """``is_decoder``: an architecture of encoders that was trained to continue texts."""
    impossible: str | None = None
    """A size in ``config.json`` that is none, as it stands there: ``num_hidden_layers -1``."""
    pair: bool = False
    """``is_encoder_decoder``: an encoder reads the prompt, and a decoder beside it writes."""
    pools: bool = False
    """A GGUF file says how the vectors of a text's tokens become one."""
    ahead: bool = False
    """``is_causal`` is false: its tokens see those behind them."""
    tied: bool | None = None
    """``tie_word_embeddings``; None where ``config.json`` leaves it to the class."""
    made_from: str | None = None
    """The checkpoint that it was trained from, where ``config.json`` kept its name (``_name_or_path``)."""


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 50 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) < 100 else None  # noqa: PLR2004


def context_limit(config: Mapping[str, Any]) -> int | None:
    """The most tokens that a configuration means, stretched contexts included; None where it does not say.

    Args:
        config: ``config.json``, or the part of it that is about the language model.

    >>> context_limit({"max_position_embeddings": 32768, "rope_scaling": {"type": "yarn", "factor": 4.0}})
    131072
    >>> context_limit({"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}})
    131072
    >>> context_limit({"max_seq_len": 2048})
    2048
    """
    base = next((value for key in _LIMITS if (value := _int(config.get(key)))), None)
    kind = str(config.get("model_type") or "")
    if base is None or kind.startswith(tables.architectures().stretched):
        return base
    rope = _rope(config)
    each = [rope, *rope.values()]  # layers of several kinds have one each
    return max([base, *(_stretched(base, one, config) for one in each if isinstance(one, dict))])


def _stretched(base: int, rope: Mapping[str, Any], config: Mapping[str, Any]) -> int:
    factor, kind = rope.get("factor"), _rope_type(rope)
    if kind not in _STRETCHING or isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 < factor < 1 << 20:
        return base
    # Where the length before stretching is said, the limit may have the factor in it already.
    before = _int(rope.get("original_max_position_embeddings")) or _int(config.get("original_max_position_embeddings"))
    return _int(round((before or base) * factor)) or base


def from_config(config: Mapping[str, Any]) -> Facts:
    """Facts of a parsed ``config.json``.

    >>> from_config({"num_hidden_layers": 30, "num_attention_heads": 9, "hidden_size": 576}).layers
    30
    """
    inner = language_part(config)

    def get(*keys: str) -> object:
        return next((c[k] for c in (inner, config) for k in keys if c.get(k) is not None), None)

    layers, hidden = _int(get("num_hidden_layers", "n_layer", "num_layers")), _int(get(*tables.architectures().names["hidden"]))
    stated = config.get("architectures")
    architectures = tuple(name for one in stated if (name := _text(one))) if isinstance(stated, list) else ()
    quantization = get("quantization_config")
    quantization = quantization if isinstance(quantization, dict) else {}
    said = _text(get("dtype", "torch_dtype"))
    dtype = (said or "").removeprefix("torch.")
    method, bits = _method(quantization)
    auto_map = config.get("auto_map")
    auto_classes = tuple(str(key) for key in auto_map if str(key).startswith("AutoModel")) if isinstance(auto_map, dict) else ()
    tied = get("tie_word_embeddings")
    return Facts(
        architecture=architectures[0] if architectures else None,
        architectures=architectures,
        model_type=_text(config.get("model_type")),
        composite=inner is not config,
        dtype=dtype if dtype in _DTYPES else None,
        strange_dtype=said if said and not _NUMBERS.fullmatch(said) else None,
        layers=layers,
        hidden=hidden,
        intermediate=_widest(get),
        vocabulary=_int(get("vocab_size", "n_vocab", "padded_vocab_size")),
        experts=_int(get("n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts")),
        chosen=_int(get(*_CHOSEN)),
        guessing=_int(get("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_layers")),
        context_length=context_limit(inner) or context_limit(config),
        rope=_text(_rope_type(_rope(inner))),
        lost_theta=_lost_theta(inner),
        quantization=method,
        nameless=method is None and isinstance(get("quantization_config"), dict),
        bits=bits,
        remote_code=bool(auto_classes),
        auto_classes=auto_classes,
        code_of=_other_repository(auto_map),
        decoder=config.get("is_decoder") is True,
        impossible=next((f"{key} {value}" for key in _SIZES if isinstance(value := inner.get(key), int) and value < 1), None),
        pair=config.get("is_encoder_decoder") is True,
        ahead=inner.get("is_causal") is False,
        tied=tied if isinstance(tied, bool) else None,
        made_from=_text(config.get("_name_or_path")),
    )


def _rope(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """How positions are stretched; empty where nothing is said.

    Version 5 of transformers writes ``rope_parameters``; what a user adds by its old name comes first there.
    """
    rope = config.get("rope_scaling") or config.get("rope_parameters")
    return rope if isinstance(rope, dict) else {}


def _rope_type(rope: Mapping[str, Any]) -> object:
    """Its kind, by the name that transformers has for it, or the older one."""
    return rope.get("rope_type") or rope.get("type")


def _other_repository(auto_map: object) -> str | None:
    """The repository before the two hyphens in one of these references to code."""
    named = (_text(value) for value in auto_map.values()) if isinstance(auto_map, dict) else ()
    return next((text.partition("--")[0] for text in named if text is not None and "--" in text), None)


def _lost_theta(config: Mapping[str, Any]) -> float | None:
    rope, scaling = config.get("rope_parameters"), config.get("rope_scaling")
    theta = rope.get("rope_theta") if isinstance(rope, dict) else None
    if not isinstance(scaling, dict) or not scaling or "rope_theta" in scaling or "rope_theta" in config:
        return None
    return theta if isinstance(theta, int | float) and not isinstance(theta, bool) else None


def _widest(get: Callable[..., object]) -> int | None:
    """Numbers of a token in the widest part of a layer."""
    dense = _int(get("intermediate_size", "ffn_hidden_size", "n_inner", "ffn_dim", "d_ff", "dim_ff")) or 0
    expert, chosen = _int(get("moe_intermediate_size", "expert_ffn_hidden_size")) or 0, _int(get(*_CHOSEN))
    return max(dense, (expert or dense) * chosen) if chosen and (expert or dense) else dense or None


def _method(quantization: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """The method and the bits in a ``quantization_config``."""
    method = _text(quantization.get("quant_method"))
    if quantization.get("load_in_4bit") or quantization.get("load_in_8bit"):
        method = method or "bitsandbytes"
    elif method is None and {"group_size", "bits"} <= quantization.keys() and "desc_act" not in quantization:
        method = "mlx"  # its converter writes these two alone
    groups = quantization.get("config_groups")
    weights = [g.get("weights") for g in groups.values() if isinstance(g, dict)] if isinstance(groups, dict) else []
    widths = [w.get("num_bits") for w in weights if isinstance(w, dict)]
    bits = quantization.get("bits") or (4 if quantization.get("load_in_4bit") else None) or (widths[0] if widths else None)
    if not isinstance(bits, int | float) or not 0 < bits <= 32:  # noqa: PLR2004
        return method, None
    return method, float(bits)


def with_headers(facts: Facts, headers: Sequence[SafetensorsHeader], *, bytes_here: int, bytes_all: int) -> Facts:
    """Add what the headers of weight files tell.

    Args:
        facts: What ``config.json`` says.
        headers: Of all files, or of those that were read; the others are taken to be like them.
        bytes_here: The size of the files that were read.
        bytes_all: The size of all weight files.
    """
    counted = [_count(facts, header) for header in headers]
    here = sum(count for count in counted if count is not None) if None not in counted else None
    count = here if here is None or bytes_here == bytes_all else round(here * bytes_all / max(bytes_here, 1))
    total: Counter[str] = Counter()
    for header in headers:
        total.update(header.parameters)
    most = safetensors.dtype_name(total)
    dtype = most if most in _DTYPES else facts.dtype
    if facts.quantization is not None:
        # The most numbers may be scales; the type that the model computes in is the configuration's.
        dtype = facts.dtype or dtype
    return facts._replace(parameters=count, dtype=dtype)


def with_counts(facts: Facts, counts: Mapping[str, int]) -> Facts:
    """Add the parameters of each type that the hub counted in all weight files."""
    count = _count(facts, SafetensorsHeader(dict(counts), {}, 0))
    return facts if count is None else facts._replace(parameters=count)


def is_buffer(name: str) -> bool:
    """Whether a tensor is one that a class computes itself, and that some files hold beside the weights.

    >>> is_buffer("h.0.attn.masked_bias"), is_buffer("h.0.attn.c_attn.bias")
    (True, False)
    """
    return name.endswith(tables.architectures().buffers)


def _count(facts: Facts, header: SafetensorsHeader) -> int | None:
    """The model's parameters in a file: packed weights are stored as integers, several to a number, and buffers are none."""
    parameters = Counter(header.parameters)
    for name, count in header.counts.items():
        if is_buffer(name):
            parameters[header.dtypes[name]] -= count
    plain = {kind: count for kind, count in parameters.items() if not kind.startswith(("I", "U"))}
    whole = {kind: count for kind, count in parameters.items() if kind not in plain and count}
    if facts.quantization is None or not whole:
        return parameters.total()
    if facts.quantization == "mxfp4":
        # 32 numbers are 16 bytes of two each, and one byte of scale.
        return sum(plain.values()) + round(whole.get("U8", 0) * 32 / 17)
    if facts.quantization == "compressed-tensors" and facts.bits:
        return sum(plain.values()) + whole.get("I8", 0) + round(whole.get("I32", 0) * 32 / facts.bits)
    return None


def from_gguf(headers: Sequence[GgufHeader]) -> Facts:
    """Facts of the headers of a GGUF model, of all its parts or of the first, also of one that was read only in part."""
    header = headers[0]
    arch = header.architecture
    parts = header.metadata.get("split.count")
    whole = all(one.complete for one in headers) and len(headers) == (parts if isinstance(parts, int) and parts > 1 else 1)

    def get(key: str) -> int | None:
        value = header.metadata.get(f"{arch}.{key}")
        # Some architectures give one number for each layer.
        return _int(max(value, default=0) if isinstance(value, list) else value)

    expert, chosen = get("expert_feed_forward_length"), get("expert_used_count")
    return Facts(
        architecture=arch or None,
        model_type=arch or None,
        parameters=sum(one.parameters for one in headers) if whole else None,
        layers=get("block_count"),
        hidden=get("embedding_length"),
        intermediate=max(get("feed_forward_length") or 0, (expert or 0) * (chosen or 0)) or None,
        vocabulary=get("vocab_size"),
        experts=get("expert_count"),
        chosen=get("expert_used_count"),
        guessing=get("nextn_predict_layers"),
        context_length=get("context_length"),
        quantization="gguf",
        pools=_int(header.metadata.get(f"{arch}.pooling_type")) is not None,
        chat_template=any(value for key, value in header.metadata.items() if key.startswith("tokenizer.chat_template")) if header.complete else None,
    )

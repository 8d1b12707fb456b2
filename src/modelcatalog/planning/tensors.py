"""Owns what the headers of the weights witness: packed weights that ``config.json`` does not name, and tensors that are missing.

Knows no hub. Only what is certain is said here; what a class needs beyond that, loading checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later, vocabulary
from modelcatalog.errors import IntegrityError, Unsupported
from modelcatalog.planning import installed
from modelcatalog.planning.layers.architectures import architectures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.layers import Layer
    from modelcatalog.vocabulary import Packed
    from modelcatalog.weights.gguf import GgufHeader

__all__ = ["OTHERS", "Tensors", "check_gguf", "check_method", "check_missing", "doubts", "is_plain"]

_PLAIN = frozenset({"F16", "BF16", "F32", "F64"})
_INTEGERS = frozenset({"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL"})
"""Types that no plain matrix has; masks and positions do, and are not called weight."""
_APART = frozenset({"awq", "gptq", "bitsandbytes", "fp8", "hqq", "aqlm"})
"""Methods of which none reads what another has packed."""
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight", "tok_embeddings.weight")
_MATRIX = 2
_NORMS = ("norm.weight", "norm_f.weight", "ln_f.weight", "final_layer_norm.weight", "final_layernorm.weight")
_WRAPPERS = ("base_model.model.", "module.", "_orig_mod.", "_forward_module.", "_fsdp_wrapped_module.", "base_model.")
"""What wrappers put before every name while they train; transformers takes none of them off."""
_INSIDE = frozenset({
    "_orig_mod", "_orig_module", "_forward_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "base_layer", "modules_to_save",
    "lora_A", "lora_B",
})  # fmt: skip
"""Parts of names that wrappers of single layers leave, PEFT's among them."""
_LAYER = later.pattern(r"(?:^|.*?\.)(?:layers|h|blocks|layer|block)\.(\d+)\.")
_HEADS = ("head", "output", "embed_out", "score", "logits", "classifier", "wte_out")
_GATE, _KEYS = ".mlp.gate_proj.weight", ".self_attn.k_proj.weight"
_FEW = 3
OTHERS = {
    "hf_quant_config.json": "NVIDIA's ModelOpt",
    "quantize_config.json": "AutoGPTQ",
    "quant_config.json": "AutoAWQ",
    "quant_model_description.json": "Ascend's msModelSlim",
}
"""Files beside the weights in which other libraries say how they packed them; transformers reads none."""
_NO_WORDS = ("no_vocab", "none")
"""What stands for the kind of a tokenizer that a file does not have."""


class Tensors(NamedTuple):
    """The tensors of a checkpoint, as far as headers and index tell."""

    names: frozenset[str] = frozenset()
    types: Mapping[str, str] = {}
    """Tensor -> its type, where a header was read."""
    whole: bool = False
    """Whether ``names`` are all there are."""
    shapes: Mapping[str, tuple[int, ...]] = {}
    """Tensor -> how its numbers lie, where a header was read."""


def check_method(facts: Facts, tensors: Tensors, others: Mapping[str, Mapping[str, object]], *, subject: str) -> None:
    """Refuse weights that are packed in another way than ``config.json`` says.

    Args:
        facts: What ``config.json`` says.
        tensors: What the headers say.
        others: What other libraries' files say that lie beside it, by their names; a file that was not read is empty.
        subject: The name, for messages.

    Raises:
        Unsupported: the weights would be read as what they are not.
    """
    found = _packed(tensors)
    if facts.quantization is None:
        file = next(iter(others), None)
        if found is None and file is None:
            _refuse_integers(tensors, subject)
            _refuse_nameless(facts, subject)
            return
        plain = bool(tensors.types) and set(tensors.types.values()) <= _PLAIN
        if found is None and (plain or _said(others, file) is None):
            _refuse_nameless(facts, subject)
            return  # left behind, or ModelOpt's about the KV cache alone
        method = _said(others, file) or (found.method if found is not None else "")
        where = f", as {file} says ({OTHERS[file]})" if file is not None else ""
        message = f"the weights of {subject} are packed in {method}{where}, and config.json names no quantization: they would be read as plain ones"
        entry = found if found is not None else next((one for one in vocabulary.packed() if one.method == method), None)
        add = f"put {entry.config} into config.json as quantization_config if you know it, or " if entry is not None and entry.config else ""
        hint = f"{add}take a repository of it whose config.json says so, or the unquantized one"
        raise Unsupported(message, subject=subject, hint=hint)
    if found is not None and facts.quantization in _APART and facts.quantization not in (ways := found.method.split(" or ")) and _APART.issuperset(ways):
        message = f"config.json of {subject} says {facts.quantization}, and its weights are packed in {found.method}: they are of two checkpoints"
        raise Unsupported(message, subject=subject, hint="fetch config.json and the weights again, of one repository and revision")
    way = vocabulary.running().get(facts.quantization)
    packs = way is not None and (way.packs == "always" or (way.packs == "bits" and facts.bits is not None))
    if packs and found is None and is_plain(tensors):
        message = f"config.json of {subject} says {facts.quantization}, and its weights are plain ones"
        hint = "take quantization_config out of config.json to load them as they are, or take the quantized repository"
        raise Unsupported(message, subject=subject, hint=hint)


def is_plain(tensors: Tensors) -> bool:
    """Whether the weights are certain to be plain ones, whatever ``config.json`` says: no other type, and no scale beside them."""
    plain = set(tensors.types.values()) <= _PLAIN and any(_LAYER.match(name) for name in tensors.types)
    return plain and tensors.whole and not any("scale" in name.rpartition(".")[2] for name in tensors.names)


def _refuse_integers(tensors: Tensors, subject: str) -> None:
    """Refuse matrices of integers that nothing explains: whatever packed them, they are not plain weights."""
    for name, kind in tensors.types.items():
        if kind in _INTEGERS and name.endswith(".weight") and len(tensors.shapes.get(name, ())) > 1:
            message = f"{name} of {subject} is made of integers ({kind}), and config.json names no quantization: they would be read as plain weights"
            raise Unsupported(message, subject=subject, hint="take a repository of it whose config.json says how they are packed, or the unquantized one")


def _refuse_nameless(facts: Facts, subject: str) -> None:
    """Refuse a ``quantization_config`` without a method, which transformers does not load."""
    if facts.nameless:
        message = f"the quantization_config in config.json of {subject} names no method (quant_method)"
        raise Unsupported(message, subject=subject, hint="take it out of config.json if the weights are plain ones, or fetch config.json again")


def _packed(tensors: Tensors) -> Packed | None:
    types = set(tensors.types.values())
    for entry in vocabulary.packed():
        if all(any(name.endswith(end) for name in tensors.names) for end in entry.all) and (not entry.types or types & set(entry.types)):
            return entry
    return None


def _said(others: Mapping[str, Mapping[str, object]], file: str | None) -> str | None:
    if file is None:
        return None
    content = others[file]
    inner = content.get("quantization")
    inner = inner if isinstance(inner, dict) else content
    method = inner.get("quant_algo") or inner.get("quant_method") or inner.get("checkpoint_format")
    if isinstance(method, str) and method:
        return method.lower() if len(method) < 40 else None  # noqa: PLR2004
    if "bits" in inner or "w_bit" in inner:
        return "awq" if file == "quant_config.json" else "gptq"
    return None


def check_missing(facts: Facts, tensors: Tensors, *, subject: str) -> None:
    """Refuse a checkpoint that lacks what its configuration announces.

    Raises:
        IntegrityError: with how many tensors are missing, or under the wrong names, and which.
    """
    names = tensors.names
    if not names or not tensors.whole:
        return
    for wrapper in _WRAPPERS:
        if all(name.startswith(wrapper) for name in names):
            first = min(names)
            message = f"all {len(names)} tensors of {subject} have names that begin with {wrapper} ({first}): a wrapper saved them, and no model finds them"
            hint = f"rename them without {wrapper} and save again, or save the inner model (model.module, merge_and_unload())"
            raise IntegrityError(message, subject=subject, hint=hint)
    if facts.remote_code:
        return  # code of its own may have layers without a tensor (Nemotron's), adapters in its layers (Phi-4's), or another head
    if wrapped := sorted(name for name in names if not _INSIDE.isdisjoint(name.split("."))):
        part = next(part for part in wrapped[0].split(".") if part in _INSIDE)
        many = f"{len(wrapped)} of {len(names)} tensors of {subject}"
        message = f"{many} have {part} in their names ({wrapped[0]}): a wrapper saved them, and no model finds them"
        hint = f"rename them without {part}, or unwrap the model (merge_and_unload() for PEFT) and save again"
        raise IntegrityError(message, subject=subject, hint=hint)
    if lost := _layers_missing(facts, names):
        message = f"{subject} lacks {len(lost)} of {facts.layers} layers that config.json announces: {_some(f'layer {n}' for n in lost)}"
        raise IntegrityError(message, subject=subject, hint="fetch the whole checkpoint again, or correct num_hidden_layers")
    if facts.quantization is None and _headless(facts, names):
        message = f"{subject} lacks 1 of {len(names) + 1} tensors: lm_head.weight, the output layer, which config.json does not tie to the embeddings"
        hint = 'fetch the checkpoint again; if its output layer is its embeddings, say "tie_word_embeddings": true in config.json'
        raise IntegrityError(message, subject=subject, hint=hint)


def doubts(facts: Facts, tensors: Tensors, layers: Sequence[Layer] = ()) -> tuple[str, ...]:
    """What the headers contradict and a class may still load: each a sentence for the plan.

    Args:
        facts: What ``config.json`` says.
        tensors: What the headers say.
        layers: What each layer keeps, as ``config.json`` means it; empty where nobody can tell.
    """
    found: list[str] = []
    if facts.lost_theta is not None:
        lost = f"transformers then takes its default for the rope_theta {facts.lost_theta:,.0f} that stands in rope_parameters"
        found.append(f"config.json has rope_scaling beside rope_parameters, and {lost}: write it into rope_scaling too")
    have = _layers(facts, tensors.names)
    known = (facts.layers or 0) + (facts.guessing or 0)
    if have and max(have) >= known and facts.layers is not None and facts.model_type not in architectures().counted_otherwise and not facts.remote_code:
        found.append(f"the files hold {max(have) + 1} layers, and config.json says {facts.layers}: the others are left out")
    if facts.quantization is None and facts.vocabulary is not None and not facts.composite and not facts.remote_code:
        rows, width = next((shape for name, shape in tensors.shapes.items() if name.endswith(_EMBEDDINGS) and len(shape) == _MATRIX), (None, None))
        if rows is not None and rows != facts.vocabulary + (facts.model_type in architectures().one_more_row):
            found.append(f"the embeddings have {rows:,} rows, and config.json says vocab_size {facts.vocabulary:,}")
        # Embeddings may be narrower than the model, and then its last norm is not.
        norms = {shape for name, shape in tensors.shapes.items() if name.endswith(_NORMS) and _LAYER.match(name) is None}
        if width is not None and facts.hidden is not None and width != facts.hidden and norms == {(width,)}:
            found.append(f"the embeddings and the last norm are {width:,} wide, and config.json says hidden_size {facts.hidden:,}")
        if (other := _other_heads(tensors, layers)) is not None:
            found.append(other)
        wide = {shape[0] for name, shape in tensors.shapes.items() if _LAYER.match(name) and name.endswith(_GATE) and len(shape) == _MATRIX}
        if facts.intermediate is not None and facts.experts is None and len(wide) == 1 and wide != {facts.intermediate}:
            found.append(f"the layers are {wide.pop():,} wide inside, and config.json says intermediate_size {facts.intermediate:,}")
    return tuple(found)


def _other_heads(tensors: Tensors, layers: Sequence[Layer]) -> str | None:
    """That no layer's keys are as wide as the heads that ``config.json`` announces."""
    matrices = [(name, shape[0], at) for name, shape in tensors.shapes.items() if name.endswith(_KEYS) and (at := _LAYER.match(name)) and len(shape) == _MATRIX]
    if len({name[: at.start(1)] for name, _, at in matrices}) > 1 or any(int(at[1]) >= len(layers) for _, _, at in matrices):
        return None  # a tower's are among them
    wrong = ""
    for name, have, at in matrices:
        layer = layers[int(at[1])]
        if not (layer.heads and layer.key and layer.value):
            continue
        if have == layer.heads * layer.key:
            return None
        wrong = wrong or f"{name} has {have:,} rows, and config.json says {layer.heads} key-value heads of {layer.key} numbers"
    return wrong or None


def _layers(facts: Facts, names: Iterable[str]) -> set[int]:
    """The layers of the language model that have a tensor, where it is certain which group of names is that."""
    if facts.composite or facts.layers is None or facts.layers < 1 or facts.layers > 10_000:  # noqa: PLR2004
        return set()
    groups: dict[str, set[int]] = {}
    for name in names:
        match = _LAYER.match(name)
        if match is not None:
            groups.setdefault(name[: match.start(1)], set()).add(int(match[1]))
    sizes = sorted((len(have) for have in groups.values()), reverse=True)
    if not sizes or sizes[0] in sizes[1:]:
        return set()
    return max(groups.values(), key=len)


def _layers_missing(facts: Facts, names: Iterable[str]) -> list[int]:
    """The layers of the language model without a tensor."""
    have = _layers(facts, names)
    if not have or facts.layers is None:
        return []
    # A hole is certain; a set that only ends early may be counted in another way by its class.
    lost = [n for n in range(facts.layers) if n not in have]
    known = facts.model_type is not None and facts.model_type not in architectures().counted_otherwise
    return lost if known or (lost and lost[0] < max(have)) else []


def _headless(facts: Facts, names: frozenset[str]) -> bool:
    """Whether there is no output layer, though the embeddings are not it."""
    if facts.composite or not (facts.architecture or "").endswith(("ForCausalLM", "LMHeadModel")):
        return False
    if facts.tied or (facts.tied is None and (facts.model_type is None or installed.tied(facts.model_type) is not False)):
        return False
    parts = {part for name in names for part in name.split(".")}
    if any(name.endswith("lm_head.weight") for name in names) or not any("embed" in part or part == "wte" for part in parts):
        return False
    # lm_head.0.weight, say, is not an output layer that a class finds.
    return not any(word in part for part in parts - {"lm_head"} for word in _HEADS)


def check_gguf(headers: Sequence[GgufHeader], *, subject: str) -> None:
    """Refuse GGUF files without a tensor that every model of their kind has.

    Args:
        headers: Of all parts, whole.
        subject: The file, for messages.

    Raises:
        IntegrityError: with how many are missing, and which; or it is a part alone.
        Unsupported: it has no vocabulary.
    """
    first = headers[0]
    arch = first.architecture
    if not arch or arch in vocabulary.silent_gguf():
        return
    parts = first.metadata.get("split.count")
    if isinstance(parts, int) and parts > 1 and len(headers) == 1:
        message = f"{subject} is one of {parts} parts, as it says itself, and its name does not say which"
        hint = f"give all parts their own names (…-00001-of-{parts:05}.gguf) in one folder, or join them with llama-gguf-split"
        raise IntegrityError(message, subject=subject, hint=hint)
    if first.told and (first.metadata.get("tokenizer.ggml.model") in _NO_WORDS or "tokenizer.ggml.tokens" not in first.metadata):
        message = f"{subject} holds no vocabulary, so no text can be read or written with it"
        hint = "take another file of the same model; this one was converted without it, or is a part of another model"
        raise Unsupported(message, subject=subject, hint=hint)
    if not all(header.complete for header in headers):
        return
    names = {tensor.name for header in headers for tensor in header.tensors}
    wanted = ["token_embd.weight"]
    loose = arch in architectures().gguf_loose
    if not loose and arch not in architectures().gguf_normless:
        wanted.append("output_norm.weight")
    lost = [name for name in wanted if name not in names]
    count, extra = first.metadata.get(f"{arch}.block_count"), first.metadata.get(f"{arch}.nextn_predict_layers", 0)
    if isinstance(count, int) and isinstance(extra, int) and 0 < count - extra < 10_000 and not loose:  # noqa: PLR2004
        have = {name.split(".")[1] for name in names if name.startswith("blk.")}
        lost += [f"blk.{n}" for n in range(count - extra) if str(n) not in have]
    if lost:
        message = f"{subject} lacks {len(lost)} of what a {arch} model has: {_some(lost)}"
        raise IntegrityError(message, subject=subject, hint="fetch it again, or another file of the same model; a conversion may have gone wrong")


def _some(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_FEW]) + (f" and {len(every) - _FEW} more" if len(every) > _FEW else "")

"""Owns the comparison of what a name claims, and what the caller asks for, with what the files say. Knows no hub."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.errors import Unsupported
from modelcatalog.planning.choose import matches
from modelcatalog.records import Quantization, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.planning.choose import Choice
    from modelcatalog.planning.facts import Facts
    from modelcatalog.records import ModelName
    from modelcatalog.weights.gguf import GgufHeader

__all__ = ["check_context", "check_quantization", "mismatches"]

# Names round, and count or leave out embeddings: SmolLM2-135M has 134.5M, gemma-7b 8.5B, Qwen1.5-0.5B 620M.
_ROUNDING = 1.35
_WIDEST, _APART = 6, 4.0
"""Bits of a weight that a name says, above which files of the same name differ; and how far apart the file's own are where it is another one."""
_SAFETENSORS_METHODS = frozenset({"awq", "gptq", "fp8", "bitsandbytes", "compressed-tensors", "mxfp4", "hqq"})


def mismatches(name: ModelName, facts: Facts, choice: Choice, ggufs: Sequence[GgufHeader] = ()) -> tuple[str, ...]:
    """One sentence for each claim of the name that the files contradict; none where they are silent.

    Args:
        name: The name.
        facts: What the files say of themselves.
        choice: Which files are loaded.
        ggufs: The headers of GGUF files.

    >>> from modelcatalog.planning.choose import Choice
    >>> from modelcatalog.planning.facts import Facts
    >>> from modelcatalog import parse
    >>> mismatches(parse("Qwen2.5-7B-Instruct"), Facts(parameters=494_000_000), Choice("safetensors", (), (), ""))
    ('the name says 7B parameters, the weights have 494M',)
    """
    found = []
    claimed = name.size.total if name.size and name.origin("size.total") == "name" else None
    if claimed and facts.parameters:
        ratio = facts.parameters / claimed
        if not 1 / _ROUNDING < ratio < _ROUNDING:
            found.append(f"the name says {counted(claimed)} parameters, the weights have {counted(facts.parameters)}")
    method = name.quantization.method if name.quantization else None
    if choice.format == "safetensors" and method in _SAFETENSORS_METHODS and method != facts.quantization:
        says = f"says {facts.quantization}" if facts.quantization else "names no quantization"
        found.append(f"the name says {method}, config.json {says}")
    have, claims = facts.bits, name.quantization.bits if name.quantization else None
    if choice.format == "safetensors" and method in {None, facts.quantization} and have and claims and have != claims:
        found.append(f"the name says {claims:g} bits, config.json says {have:g}")
    if (other := _other_widths(choice, ggufs)) is not None:
        found.append(other)
    said = next((word for word in name.types if word in vocabulary.talking(yes=True)), None)
    if facts.chat_template is False and said is not None:
        found.append(f"the name says {said}, but there is no chat template")
    return tuple(found)


def _other_widths(choice: Choice, ggufs: Sequence[GgufHeader]) -> str | None:
    """That most weights of a GGUF file are of quite another width than its name says; what does not fit into blocks is always somewhat wider."""
    claimed = choice.quantization.bits if choice.quantization is not None else None
    if not ggufs or not claimed or claimed > _WIDEST:
        return None
    many: Counter[str] = Counter()
    bits: dict[str, float] = {}
    for header in ggufs:
        for tensor in header.tensors:
            if tensor.name.startswith("blk.") and len(tensor.shape) > 1 and tensor.bits is not None:
                many[tensor.type_name] += prod(tensor.shape)
                bits[tensor.type_name] = tensor.bits
    most = max(many, key=many.__getitem__, default=None)
    if most is None or abs(bits[most] - claimed) < _APART:
        return None
    label = choice.quantization.scheme if choice.quantization is not None and choice.quantization.scheme else f"{claimed:g} bits"
    return f"the file's name says {label}, most of its weights are {most}"


def check_quantization(asked: str, facts: Facts, choice: Choice, *, subject: str) -> None:
    """Refuse files that are not in the quantization that was asked for.

    Raises:
        Unsupported: saying what they are.
    """
    have = choice.quantization
    if choice.format == "safetensors" and facts.quantization is not None:
        have = Quantization(method=facts.quantization, bits=facts.bits)
    if matches(have, asked):
        return
    what = (have.scheme or have.method) if have is not None else f"not quantized ({facts.dtype})" if facts.dtype else "not quantized"
    if choice.format == "gguf" and have is None:
        what = "a GGUF file whose name does not tell its quantization"
    message = f"quantization={asked!r} is not what {subject} is: {what}"
    raise Unsupported(message, subject=subject, hint="leave quantization= out, or give the name (owner/name) to look for that variant")


def check_context(asked: int | None, facts: Facts, *, subject: str) -> None:
    """Refuse a context that is longer than the model's.

    Raises:
        Unsupported: saying how many tokens the model reads.
    """
    if asked is None or facts.context_length is None or asked <= facts.context_length:
        return
    message = f"context_length={asked:,} is more than {subject} reads: {facts.context_length:,} tokens"
    raise Unsupported(message, subject=subject, hint=f"pass at most {facts.context_length}, or stretch it in config.json (rope_scaling) as its model card says")

"""Owns how a GGUF file cuts text, as far as transformers does not know its way: it would take GPT-2's, without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cut"]

_ALONE = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"})
"""Ways of cutting in which each digit stands alone, and the rest is GPT-2's."""
_PLAIN = frozenset({"default", "exaone4", "gigachat", "gpt-2", "jais", "mellum", "mpt", "olmo", "phi-2", "roberta-bpe", "trillion"})
"""Those that are GPT-2's."""


def cut(tokenizer: Any, metadata: Mapping[str, object]) -> str | None:
    """Have a tokenizer cut text as its file says; a sentence where that is not known how.

    Args:
        tokenizer: What transformers made of the file.
        metadata: The file's header.
    """
    way, backend = metadata.get("tokenizer.ggml.pre"), getattr(tokenizer, "backend_tokenizer", None)
    if metadata.get("tokenizer.ggml.model") != "gpt2" or backend is None:
        return None
    from tokenizers import decoders, pre_tokenizers

    if isinstance(backend.decoder, decoders.Sequence):
        backend.decoder = decoders.ByteLevel()  # transformers 5.3 puts Llama's before it, which llguidance then takes for the vocabulary's
    if not isinstance(way, str) or way in _PLAIN:
        return None
    if way in _ALONE:
        digits, rest = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        backend.pre_tokenizer = pre_tokenizers.Sequence([digits, rest])
        return None
    known = seam.ways_of_cutting()
    if known is None or way in known:
        return None
    return f"the file cuts text in the way {way!r}, which transformers does not know: words may be cut otherwise than the model learned them"

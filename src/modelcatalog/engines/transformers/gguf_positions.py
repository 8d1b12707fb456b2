"""Owns how a GGUF file turns positions, as far as transformers reads past it: scaling in the header, factors in tensors, a part of each head.

Without them a model that was stretched, as Llama 3.1, Gemma 3 and all that use YaRN are, answers with other angles than it was trained with,
and without a word.
"""

from __future__ import annotations

from math import log, prod
from typing import TYPE_CHECKING, Any

from modelcatalog.weights import gguf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Positions"]

_FACTORS, _SHORT, _LONG = "rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"
_FLOAT32 = 0
"""The type of such tensors."""
_STATIC = frozenset({"default", "linear", "yarn"})
"""Kinds of angles that are computed once."""
_WIDE = {("gemma2", 46), ("gemma3", 62)}
"""Models whose scores are divided by the width of all heads over their number: by architecture and layers, for no header says it. The others of
their line divide them by the width of a head."""
_YARN = {"beta_fast": "beta_fast", "yarn_beta_fast": "beta_fast", "beta_slow": "beta_slow", "yarn_beta_slow": "beta_slow"}


class Positions:
    """What a file says of its positions.

    Args:
        file: The file; with None there is nothing to say.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._header = None if file is None else gguf.read_file(file)

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the header says; nothing where there is none."""
        return {} if self._header is None else self._header.metadata

    def state(self, config: Any) -> None:
        """Write what the header says into what transformers made of it."""
        rope = getattr(config, "rope_parameters", None)
        if self._header is not None and (self._header.architecture, getattr(config, "num_hidden_layers", None)) in _WIDE:
            config.query_pre_attn_scalar = config.hidden_size // config.num_attention_heads
        if self._header is None or not isinstance(rope, dict):
            return
        layers = {name: value for name, value in rope.items() if isinstance(value, dict)}
        # Of layers with a window and without, those without are the stretched ones.
        target = layers.get("full_attention") if layers else rope
        if target is None or target.get("rope_type", "default") != "default":
            return
        said, arch = self._header.metadata, self._header.architecture
        stated = {key.removeprefix(f"{arch}.rope.scaling."): value for key, value in said.items() if key.startswith(f"{arch}.rope.scaling.")}
        target |= _scaling(stated, said.get(f"{arch}.rope.scale_linear"))
        original = stated.get("original_context_length")
        short, long = self._values(_SHORT), self._values(_LONG)
        if short is not None and long is not None and isinstance(original, int):
            target |= {"rope_type": "longrope", "short_factor": short, "long_factor": long, "original_max_position_embeddings": original}
            target |= {"attention_factor": stated["attn_factor"]} if isinstance(stated.get("attn_factor"), float) else {}
            config.original_max_position_embeddings = original
        turned, head = said.get(f"{arch}.rope.dimension_count"), _head(config)
        if not layers and isinstance(turned, int) and head is not None and 0 < turned < head:
            target["partial_rotary_factor"] = turned / head

    def divide(self, model: Any) -> None:
        """Divide a model's angles by the factors that the file has as a tensor, as llama.cpp does."""
        import torch

        factors = self._values(_FACTORS) or []
        for part in model.modules() if factors else ():
            angles = getattr(part, "inv_freq", None)
            if isinstance(angles, torch.Tensor) and getattr(part, "rope_type", None) in _STATIC and angles.shape == (len(factors),):
                divided = angles / torch.tensor(factors, dtype=angles.dtype, device=angles.device)
                part.register_buffer("inv_freq", divided, persistent=False)
                part.original_inv_freq = divided.clone()

    def _values(self, name: str) -> list[float] | None:
        """The numbers of a small tensor; None where there is none."""
        import numpy as np

        tensor = next((one for one in self._header.tensors if one.name == name), None) if self._header is not None else None
        if tensor is None or tensor.type != _FLOAT32 or self._header is None or self._file is None:
            return None
        with self._file.open("rb") as opened:
            opened.seek(self._header.data_start + tensor.offset)
            return [float(value) for value in np.frombuffer(opened.read(4 * prod(tensor.shape)), dtype="<f4")]


def _scaling(stated: Mapping[str, object], linear: object) -> dict[str, Any]:
    """The kind of scaling that a header has, in transformers' words."""
    kind, factor = stated.get("type"), stated.get("factor", linear)
    if not isinstance(factor, int | float) or factor <= 0 or factor == 1:
        return {}
    if kind == "yarn" and isinstance(original := stated.get("original_context_length"), int):
        found: dict[str, Any] = {"rope_type": "yarn", "factor": float(factor), "original_max_position_embeddings": original}
        found |= {word: float(value) for name, word in _YARN.items() if isinstance(value := stated.get(name), int | float)}
        weight = stated.get("attn_factor", stated.get("yarn_attn_factor"))
        if isinstance(weight, int | float) and weight not in (0, 1):
            found["attention_factor"] = float(weight) * (1 + 0.1 * log(factor))
        return found
    return {"rope_type": "linear", "factor": float(factor)} if kind in {"linear", None} else {}


def _head(config: Any) -> int | None:
    """How many numbers a head has."""
    size, heads = getattr(config, "hidden_size", None), getattr(config, "num_attention_heads", None)
    return getattr(config, "head_dim", None) or (size // heads if isinstance(size, int) and isinstance(heads, int) and heads else None)

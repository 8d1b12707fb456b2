"""Owns making checkpoints as `mlx_lm.convert` writes them, on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["MIXED", "write"]

MIXED: Mapping[str, dict[str, Any]] = {
    "layers.10.self_attn": {"bits": 4, "group_size": 64},
    "layers.11.self_attn": {"bits": 8, "group_size": 64},
    "layers.12.mlp.down": {"bits": 8, "group_size": 64},
}
"""Parts of a model -> how they are packed; the others stay as they are. On a CPU that is not Apple's, MLX computes with packed weights
twenty times slower than with others: this much of them a whole contract can afford."""


def write(source: Path, folder: Path, parts: Mapping[str, dict[str, Any]] = MIXED, **options: Any) -> Path:
    """Convert a safetensors repository.

    Args:
        source: The repository.
        folder: Where the checkpoint goes.
        parts: What is packed; with none, all is, by ``options``.
        options: Of `mlx_lm.convert`.
    """
    from mlx_lm import convert

    def packed(path: str, _: object) -> bool | dict[str, Any]:
        return next((how for part, how in parts.items() if part in path), False)

    chosen: dict[str, Callable[..., Any]] = {"quant_predicate": packed} if parts else {}
    convert(str(source), mlx_path=str(folder), quantize=True, **chosen, **options)
    return folder

"""Owns what tells the checkpoints of one model apart: how a name says that the weights are packed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from modelcatalog.records import ModelName

__all__ = ["Packaging", "packaging"]


class Packaging(NamedTuple):
    """What tells the checkpoints of one model apart."""

    method: str | None
    scheme: str | None
    bits: float | None
    format: str | None
    dtype: str | None


def packaging(name: ModelName) -> Packaging:
    """How the name says that the weights are packed."""
    quantization = name.quantization
    if quantization is None:
        return Packaging(None, None, None, name.format, name.dtype)
    return Packaging(quantization.method, quantization.scheme, quantization.bits, name.format, name.dtype)

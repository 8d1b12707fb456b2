"""Owns what a store is: a program's own folder of models, one object that finds what lies in it. Knows no single store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog.stores.disk import File

__all__ = ["Found", "Store"]


class Found(NamedTuple):
    """A model in a store."""

    title: str
    """What the store calls it: a repository, ``qwen3:8b``, a path below the store's folder."""
    path: Path
    """What can be loaded: a GGUF file (the first of several), or the folder of a checkpoint."""
    weights: tuple[File, ...]
    beside: tuple[File, ...] = ()
    """Configuration, tokenizer, projector, licence: what else belongs to it."""
    format: str | None = None
    lacks: str = ""
    """Why it is not whole; empty where it is."""
    remove: str = ""
    """The store's own command that removes it, or where the store does that."""
    scheme: str | None = None
    """The quantization, where the store itself says it."""
    layers: tuple[tuple[str, File], ...] = ()
    """What the store keeps of it by kind, where it tells kinds apart: weights, and what a Modelfile said."""


class Store(ABC):
    """A program's own folder of models. Reading it changes nothing, and raises nothing for what lies in it."""

    name: ClassVar[str]
    """What callers name it by."""
    title: ClassVar[str]
    """The program as people write it."""

    def __repr__(self) -> str:
        return f"<store {self.name}>"

    @abstractmethod
    def folders(self) -> tuple[Path, ...]:
        """Where it keeps its models, by its own settings, whether the folders are there or not."""

    @abstractmethod
    def look(self, notes: list[str]) -> Iterator[Found]:
        """Every model that lies there; what could not be read goes into the notes, a sentence each."""

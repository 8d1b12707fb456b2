"""Owns `LocalCopy`: a model in one of this disk's stores.

Annotations are not postponed here: pydantic would compile each of them when its class is made.
"""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from modelcatalog.hubs.files import RemoteFile
from modelcatalog.records import ModelName

__all__ = ["LocalCopy"]


class LocalCopy(BaseModel):
    """A model on this disk, in the store of one program."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: ModelName
    """What its store calls it, read."""
    store: str
    """``huggingface``, ``modelscope``, ``ollama``, ``lmstudio``, ``llama.cpp``, or ``path`` for ``MODELCATALOG_PATH``."""
    path: Path
    """The GGUF file (of several the first) or the folder; what is complete can be given to `load`."""
    files: tuple[RemoteFile, ...]
    """Weights first; each with its hash where the store keeps one."""
    bytes: int
    """All files together."""
    shared: int
    """How many of these bytes an earlier copy has counted: files with several links."""
    format: str | None
    """``gguf``, ``safetensors``, ``pytorch``, …; None where no weights are there."""
    quantization: str | None
    """By the store's own word, else by the name; a type such as ``bfloat16`` where the name says that they are not quantized."""
    complete: bool
    lacks: str
    """Why it is not complete; empty where it is."""
    used: datetime | None
    """When its weights were last read or written, as far as the disk notes that."""
    same_as: tuple[Path, ...]
    """Copies whose weights are the same bytes, by their hashes or because they are the same files."""
    same_size: int
    """How many other copies have weights of the same size whose bytes nobody compared: `local(hashes=True)` does."""
    remove: str
    """The store's own command that removes it."""

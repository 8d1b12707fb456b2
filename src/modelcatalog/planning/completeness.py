"""Owns whether a copy in a hub's cache can be loaded as it is, and what it may lack. Asks no hub.

What a copy should hold is known from its receipt, or from the listing that huggingface_hub keeps beside it. Where
another program left neither, it is judged by what loading takes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.catalog.completing import titled
from modelcatalog.errors import CheckpointNotFound, IntegrityError, UnsafeRepository, Unsupported
from modelcatalog.hubs import HUBS, paths, receipts
from modelcatalog.planning.choose import choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from modelcatalog.hubs import Copy, RemoteFile
    from modelcatalog.planning.choose import Choice

__all__ = ["Gaps", "absent", "gaps", "has_vocabulary", "torn"]

_VOCABULARIES = ("tokenizer.json", "tekken.json", "vocab.txt", "vocab.json")
_VOCABULARY_ENDINGS = (".model", ".tiktoken")
_BESIDE = ("tokenizer_config.json", "generation_config.json")
# What a loader reads; a licence or somebody's notes that are not here make no copy incomplete.
_READ = (
    "added_tokens", "additional_chat_templates/", "chat_template", "config.json", "generation_config", "merges", "preprocessor_config",
    "processor_config", "special_tokens_map", "tekken", "tokenizer", "vocab",
)  # fmt: skip
_READ_ENDINGS = (*_VOCABULARY_ENDINGS, ".safetensors", ".safetensors.index.json")
_TEMPLATES = ("chat_template", "additional_chat_templates/")


class Gaps(NamedTuple):
    """What a copy lacks."""

    needed: str | None = None
    """A file without which it cannot be loaded."""
    usual: tuple[str, ...] = ()
    """Files that most copies have and this one has not: it loads, but may be only part of the repository."""
    known: bool = False
    """The repository is known to have the files in ``usual``."""


def has_vocabulary(names: Iterable[str]) -> bool:
    """Whether a tokenizer's vocabulary is among the files; its settings alone are none."""
    return any(path in _VOCABULARIES or path.endswith(_VOCABULARY_ENDINGS) for path in names)


def absent(copy: Copy, files: Sequence[RemoteFile]) -> tuple[str, ...]:
    """The paths of ``files`` that a loader would read and the copy has not at all."""
    read = (f.path for f in files if f.path.startswith(_READ) or f.path.endswith(_READ_ENDINGS))
    return tuple(path for path in read if not (copy.root / path).is_file())


def torn(root: Path) -> str | None:
    """A file that a loader would read and that is a link to nothing, where a folder has one."""
    read = [name for name in paths.gone(root) if name.startswith(_READ) or name.endswith((*_READ_ENDINGS, ".gguf"))]
    return min(read, key=lambda name: not name.endswith((".safetensors", ".gguf")), default=None)


def gaps(copy: Copy, choice: Choice) -> Gaps:
    """What a copy lacks of what loading ``choice`` takes."""
    if choice.format != "safetensors":
        return Gaps()
    here = {f.path.removeprefix(choice.folder) for f in choice.companions}
    listed = _listed(copy, choice)
    lost = absent(copy, listed)
    needed = None
    if "config.json" not in here:
        needed = "config.json"
    elif not has_vocabulary(here):
        needed = next((path for path in lost if has_vocabulary([path])), "tokenizer.json")
    elif len(choice.weights) > 1 and not any(path.endswith(".safetensors.index.json") for path in here):
        needed = next((path for path in lost if path.endswith(".index.json")), "model.safetensors.index.json")
    if listed or receipts.listed(copy.root):
        return Gaps(needed, lost, known=True)
    usual = [path for path in _BESIDE if path not in here]
    said = titled(copy.title)
    if not vocabulary.talking(yes=False).intersection(() if said is None else said.types) and not _template(copy.root / choice.folder, here):
        usual.append("chat_template.jinja")
    return Gaps(needed, tuple(usual))


def _listed(copy: Copy, choice: Choice) -> tuple[RemoteFile, ...]:
    """The files that stand beside these weights in the repository, as far as its client wrote its listing down."""
    listing = HUBS[copy.hub].written_listing(copy.root) if copy.hub else ()
    if not listing:
        return ()
    try:
        found = choose(listing, subject=copy.title, file=choice.weights[0].path)
    except (CheckpointNotFound, IntegrityError, UnsafeRepository, Unsupported):
        return ()
    return (*found.weights, *found.companions)


def _template(folder: Path, here: set[str]) -> bool:
    if any(path.startswith(_TEMPLATES) for path in here):
        return True
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(settings, dict) and bool(settings.get("chat_template"))

"""Owns the projector of images and sound that lies beside a GGUF model, as a file of its own (``mmproj``). Knows no engine."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelcatalog.errors import Unsupported
from modelcatalog.hubs import paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.hubs import RemoteFile
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.runs import Engine

__all__ = ["beside", "size"]

_WORD = "mmproj"
_PLAINEST = ("bf16", "f16", "f32")


def size(found: Located) -> int:
    """Bytes of the projector that was found."""
    return sum(one.size for one in found.choice.companions if one.path.endswith(".gguf"))


def beside(found: Located, runs: Engine, *, asked: Mapping[str, object], subject: str) -> Located:
    """A GGUF model with its projector, where images or sound were asked for and the engine reads them by one.

    Args:
        found: The model.
        runs: The engine.
        asked: What the caller gave as ``engine_options``.
        subject: The name, for messages.

    Raises:
        Unsupported: no projector lies beside it, or a value was neither True nor False.
    """
    given = {key: asked[key] for key in ("images", "audio") if asked.get(key) not in (None, False)}
    if not given or found.choice.format != "gguf" or runs.library:
        return found
    for key, value in given.items():
        if value is not True:
            message = f"{key}={value!r} is not True or False"
            raise Unsupported(message, subject=key, hint=f"pass {key}=True for a model that is to take them, or leave it out")
    there = [one for one in _files(found) if one.path.lower().endswith(".gguf") and _WORD in PurePosixPath(one.path).name.lower()]
    if not there:
        message = f"no projector lies beside {subject}: no GGUF file with {_WORD} in its name"
        raise Unsupported(message, subject=subject, hint="take a repository that has one, put it into the model's folder, or leave images= and audio= out")
    chosen = min(there, key=lambda one: (_rank(one.path), one.path))
    choice = found.choice._replace(companions=(*found.choice.companions, chosen))
    return found._replace(choice=choice, reasons=(*found.reasons, f"{chosen.path} beside it reads images or sound"))


def _files(found: Located) -> Sequence[RemoteFile]:
    if found.listing is not None:
        return found.listing.files
    return paths.listed(found.copy.root) if found.copy is not None else ()


def _rank(path: str) -> int:
    """The plainest type first: a projector is small, and what it loses, the model never sees."""
    words = path.lower().replace(".", "-").replace("_", "-").split("-")
    return next((place for place, word in enumerate(_PLAINEST) if word in words), len(_PLAINEST))

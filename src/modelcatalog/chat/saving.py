"""Owns conversations as files: messages and settings as JSON, no cache and no code. Knows no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from modelcatalog import writing
from modelcatalog.engines import Message
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Saved", "read", "write"]

_FORMAT = "modelcatalog session"
_VERSION = 1


class Saved(NamedTuple):
    """A conversation that was saved."""

    model: str
    """The model's name as it was given."""
    settings: dict[str, JsonValue]
    messages: tuple[Message, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: str
    version: int
    model: str
    settings: dict[str, JsonValue] = {}
    messages: tuple[Message, ...] = ()


def write(path: str | Path, model: str, settings: Mapping[str, object], messages: Sequence[Message]) -> None:
    """Save a conversation; the file appears whole or not at all.

    Raises:
        Unsupported: a setting is not JSON, such as a class for ``response_format=``, or the file cannot be written.
    """
    turns = [one.model_dump(mode="json", exclude_defaults=True) for one in messages]
    held = {"format": _FORMAT, "version": _VERSION, "model": model, "settings": dict(settings), "messages": turns}
    try:
        text = f"{json.dumps(held, ensure_ascii=False, indent=2, allow_nan=False)}\n".encode()
    except (TypeError, ValueError) as error:
        message = f"a setting of this session cannot be saved: {error}"
        raise Unsupported(message, subject=str(path), hint="pass it to .chat() for each turn instead") from error
    writing.write(path, text)


def read(path: str | Path) -> Saved:
    """A saved conversation.

    Raises:
        Unsupported: there is no such file, or it holds something else.
    """
    hint = "give the path of a file that Session.save wrote"
    try:
        held = _File.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise Unsupported(message, subject=str(path), hint=hint) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = f"{path} is not a saved session: {place + ': ' if place else ''}{first['msg']}"
        raise Unsupported(message, subject=str(path), hint=hint) from error
    if held.format != _FORMAT or held.version > _VERSION:
        what = f"is {held.format!r}" if held.format != _FORMAT else f"has version {held.version}, and this package reads {_VERSION}"
        message = f"{path} {what}"
        raise Unsupported(message, subject=str(path), hint=hint if held.format != _FORMAT else "update modelcatalog")
    return Saved(held.model, held.settings, held.messages)

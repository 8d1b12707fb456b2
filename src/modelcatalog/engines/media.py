"""Owns what images and recordings in messages have in common: the bytes of a file as a data URL, or its address. Knows no format and no engine."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field

from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Medium", "data_of", "of"]


class Medium(BaseModel):
    """A part of a message beside its texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(repr=False)
    """A ``data:`` URL with the file in base64; or an address, which is fetched only where the caller allows it."""

    @property
    def remote(self) -> bool:
        """Whether it lies elsewhere."""
        return not self.url.startswith("data:")

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return base64.b64decode(self.url.partition(",")[2])


def of(messages: Sequence[Any]) -> tuple[Medium, ...]:
    """The images and recordings of messages, in their order."""
    return tuple(part for message in messages for part in message.parts or () if isinstance(part, Medium))


def data_of(url: str, where: str, *, like: str) -> bytes:
    """The bytes in a ``data:`` URL.

    Args:
        url: The URL.
        where: What it stands in, for messages.
        like: The media type of an example.

    Raises:
        Unsupported: it is not base64, or holds nothing.

    >>> data_of("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "message 1", like="image/png")[:6]
    b'GIF89a'
    """
    head, comma, rest = url.partition(",")
    hint = f"write data:{like};base64,… with the file's bytes in base64"
    try:
        data = base64.b64decode(unquote_to_bytes(rest), validate=True) if head.lower().endswith(";base64") else unquote_to_bytes(rest)
    except (binascii.Error, ValueError) as error:
        message = f"the data URL in {where} is not base64: {error}"
        raise Unsupported(message, subject=url[:80], hint=hint) from error
    if not comma:
        message = f"the data URL in {where} has no comma, and so no data"
        raise Unsupported(message, subject=url[:80], hint=hint)
    return data

"""Owns the parts of a content that are images, however callers write them, and fetching those that lie elsewhere. Knows no engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import unquote, urlsplit

from modelcatalog.engines.images import LARGEST, Image, from_bytes, from_data_url
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from modelcatalog.engines import Message

__all__ = ["fetched", "parts", "shows"]

_TYPES = frozenset({"image", "image_url", "input_image"})
_KEYS = ("image", "path", "url", "image_url", "base64", "source")
_SECONDS = 20.0
_HOW = 'write {"type": "image", "path": "cat.png"}, or "image" with a Pillow image or bytes, or "url" with a data: URL'


def shows(part: object) -> bool:
    """Whether a part of a content is an image, as OpenAI, transformers or Anthropic write them.

    >>> shows({"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}), shows({"type": "text", "text": "hello"})
    (True, False)
    """
    return isinstance(part, Image) or (isinstance(part, Mapping) and part.get("type") in _TYPES)


def parts(content: object, where: str) -> tuple[str | Image, ...] | None:
    """The texts and images of a content in their order; None where there is no image.

    Raises:
        Unsupported: an image cannot be read.
    """
    if isinstance(content, str) or not isinstance(content, Sequence) or not any(map(shows, content)):
        return None
    return tuple(_image(part, where) if shows(part) else part if isinstance(part, str) else str(part["text"]) for part in content)


def fetched(messages: Sequence[Message], *, allowed: bool, whole: bool) -> tuple[Message, ...]:
    """Messages whose images may be shown.

    Args:
        messages: The conversation.
        allowed: Whether the caller allows addresses.
        whole: Whether the images themselves are wanted; a server fetches by itself.

    Raises:
        Unsupported: an image has an address and the caller did not allow it, or what lies there is no image.
    """
    return tuple(_fetched(message, allowed=allowed, whole=whole) for message in messages)


def _fetched(message: Message, *, allowed: bool, whole: bool) -> Message:
    far = [part for part in message.parts or () if isinstance(part, Image) and part.remote]
    if not far:
        return message
    if not allowed:
        said = f"an image lies at {far[0].url[:200]}, and no address is asked unless you say so"
        raise Unsupported(said, subject=far[0].url[:200], hint="pass image_urls=True, or fetch it yourself and give its bytes")
    if not whole:
        return message
    here = {one: from_bytes(_download(one.url), one.url[:200], detail=one.detail) for one in dict.fromkeys(far)}
    return message.model_copy(update={"parts": tuple(here.get(part, part) if isinstance(part, Image) else part for part in message.parts or ())})


def _download(url: str) -> bytes:
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers={"User-Agent": "modelcatalog"}), timeout=_SECONDS) as answer:  # noqa: S310  http and https only, see `_located`
            data: bytes = answer.read(LARGEST + 1)
            return data
    except (URLError, OSError, ValueError) as error:
        message = f"the image at {url[:200]} cannot be fetched: {error}"
        raise Unsupported(message, subject=url[:200], hint="fetch it yourself, and give its bytes or its path") from error


def _image(part: Image | Mapping[str, Any], where: str) -> Image:
    """One image, from whichever key holds it."""
    if isinstance(part, Image):
        return part
    given = [key for key in _KEYS if part.get(key) is not None]
    if len(given) != 1:
        message = f"an image part of {where} has {' and '.join(given) or 'no image'}"
        raise Unsupported(message, subject=repr(part)[:200], hint=_HOW)
    key, value, detail = given[0], part[given[0]], part.get("detail")
    if key in {"image_url", "source"} and isinstance(value, Mapping):
        detail = value.get("detail", detail)
        key, value = ("base64", value["data"]) if value.get("data") is not None else ("url", value.get("url"))
    if isinstance(value, bytes | bytearray | memoryview):
        return from_bytes(bytes(value), where, detail=detail)
    if isinstance(value, os.PathLike) or (isinstance(value, str) and key == "path"):
        return from_bytes(_file(os.fspath(value), where), where, detail=detail)
    if isinstance(value, str):
        return from_data_url(f"data:;base64,{value}", where, detail=detail) if key == "base64" else _located(value, where, detail, path=key == "image")
    if hasattr(value, "save") and hasattr(value, "convert"):
        return from_bytes(_png(value), where, detail=detail)
    message = f"the image in {where} is of type {type(value).__name__}"
    raise Unsupported(message, subject=repr(value)[:200], hint=_HOW)


def _located(text: str, where: str, detail: str | None, *, path: bool) -> Image:
    """An image by a data URL, an address or, under the key ``image``, a path."""
    scheme = urlsplit(text[:200]).scheme.lower()
    if scheme == "data":
        return from_data_url(text, where, detail=detail)
    if scheme in {"http", "https"}:
        return Image(url=text, detail=detail)
    if path:
        return from_bytes(_file(unquote(urlsplit(text).path) if scheme == "file" else text, where), where, detail=detail)
    message = f"the url of an image in {where} is {text[:80]!r}: an address begins with https:, http: or data:"
    raise Unsupported(message, subject=text[:200], hint='a file of this disk goes under "path"')


def _file(path: str | bytes, where: str) -> bytes:
    place = Path(os.fsdecode(path)).expanduser()
    try:
        if place.is_file() and place.stat().st_size > LARGEST:
            message = f"the image {place} has {place.stat().st_size:,} bytes, more than {LARGEST:,}"
            raise Unsupported(message, subject=str(place), hint="make it smaller: models read a few thousand pixels a side at most")
        return place.read_bytes()
    except (OSError, ValueError) as error:
        message = f"the image {str(place)[:200]!r} in {where} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise Unsupported(message, subject=str(place)[:200], hint=_HOW) from error


def _png(image: Any) -> bytes:
    """A Pillow image as it is now: what becomes of it later changes no history."""
    plain = image if image.mode in {"RGB", "RGBA", "L", "LA", "P", "1"} else image.convert("RGB")
    out = BytesIO()
    # The camera's note on which side is up stays with the pixels that it speaks of.
    plain.save(out, format="PNG", compress_level=1, exif=image.getexif())
    return out.getvalue()

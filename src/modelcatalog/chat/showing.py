"""Owns the parts of a content that are images or recordings, however callers write them, and fetching those that lie elsewhere. Knows no engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from modelcatalog.engines import Audio, Image, images, sounds
from modelcatalog.engines.media import Medium
from modelcatalog.errors import Unsupported
from modelcatalog.userfolder import at_home

if TYPE_CHECKING:
    from modelcatalog.engines import Message

__all__ = ["fetched", "parts", "shows"]

_SECONDS = 20.0


class _Kind(NamedTuple):
    """What is told apart by the type of a part."""

    record: type[Medium]
    the: str
    """What messages call one."""
    types: frozenset[str]
    keys: tuple[str, ...]
    """Where it may be; the first takes an object, bytes, a path or an address."""
    nested: frozenset[str]
    """Those of them that may be a mapping with the data or the address in it."""
    largest: int
    how: str
    small: str
    allow: str


_KINDS = (
    _Kind(
        Image, "the image", frozenset({"image", "image_url", "input_image"}), ("image", "path", "url", "image_url", "base64", "source"),
        frozenset({"image_url", "source"}), images.LARGEST,
        'write {"type": "image", "path": "cat.png"}, or "image" with a Pillow image or bytes, or "url" with a data: URL',
        "make it smaller: models read a few thousand pixels a side at most", "pass image_urls=True, or fetch it yourself and give its bytes",
    ),
    _Kind(
        Audio, "the recording", frozenset({"audio", "audio_url", "input_audio"}), ("audio", "path", "url", "audio_url", "base64", "input_audio", "source"),
        frozenset({"audio_url", "input_audio", "source"}), sounds.LARGEST,
        'write {"type": "audio", "path": "hello.wav"}, or "audio" with bytes or an array and its "sampling_rate", or "url" with a data: URL',
        "cut it into parts: models hear a few minutes at most", "pass audio_urls=True, or fetch it yourself and give its bytes",
    ),
)  # fmt: skip


def shows(part: object) -> bool:
    """Whether a part of a content is an image or a recording, as OpenAI, transformers or Anthropic write them.

    >>> shows({"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}), shows({"type": "text", "text": "hello"})
    (True, False)
    """
    return isinstance(part, Medium) or _kind(part) is not None


def _kind(part: object) -> _Kind | None:
    said = part.get("type") if isinstance(part, Mapping) else None
    return next((kind for kind in _KINDS if said in kind.types), None) if isinstance(said, str) else None


def parts(content: object, where: str) -> tuple[str | Image | Audio, ...] | None:
    """The texts, images and recordings of a content in their order; None where there is text alone.

    Raises:
        Unsupported: one cannot be read.
    """
    if isinstance(content, str) or not isinstance(content, Sequence) or not any(map(shows, content)):
        return None
    return tuple(_read(part, where) for part in content)


def _read(part: Any, where: str) -> Any:
    kind = _kind(part)
    return part if isinstance(part, str | Medium) else str(part["text"]) if kind is None else _medium(part, kind, where)


# From elsewhere ------------------------------------------------------------------------------


def fetched(messages: Sequence[Message], *, image_urls: bool, audio_urls: bool, whole: bool) -> tuple[Message, ...]:
    """Messages whose images and recordings may be shown.

    Args:
        messages: The conversation.
        image_urls: Whether the caller allows addresses of images.
        audio_urls: Whether the caller allows those of recordings.
        whole: Whether the images themselves are wanted; a server fetches by itself. Recordings it takes no other way.

    Raises:
        Unsupported: something has an address and the caller did not allow it, or what lies there is something else.
    """
    allowed = (image_urls, audio_urls)
    for kind, yes in zip(_KINDS, allowed, strict=True):
        messages = tuple(_fetched(one, kind, allowed=yes, whole=whole or kind.record is Audio) for one in messages)
    return tuple(messages)


def _fetched(message: Message, kind: _Kind, *, allowed: bool, whole: bool) -> Message:
    far = [part for part in message.parts or () if isinstance(part, kind.record) and part.remote]
    if not far:
        return message
    if not allowed:
        said = f"{kind.the} lies at {far[0].url[:200]}, and no address is asked unless you say so"
        raise Unsupported(said, subject=far[0].url[:200], hint=kind.allow)
    if not whole:
        return message
    here = {one: _of_bytes(_download(one.url, kind), kind, one.url[:200], getattr(one, "detail", None)) for one in dict.fromkeys(far)}
    return message.model_copy(update={"parts": tuple(here.get(part, part) if isinstance(part, Medium) else part for part in message.parts or ())})


def _download(url: str, kind: _Kind) -> bytes:
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers={"User-Agent": "modelcatalog"}), timeout=_SECONDS) as answer:  # noqa: S310  http and https only, see `_located`
            data: bytes = answer.read(kind.largest + 1)
            return data
    except (OSError, HTTPException, ValueError) as error:
        message = f"{kind.the} at {url[:200]} cannot be fetched: {error}"
        raise Unsupported(message, subject=url[:200], hint="fetch it yourself, and give its bytes or its path") from error


# Whichever way it is written -----------------------------------------------------------------


def _medium(part: Mapping[str, Any], kind: _Kind, where: str) -> Medium:
    """An image or a recording, from whichever key holds it."""
    given = [key for key in kind.keys if part.get(key) is not None]
    if len(given) != 1:
        has = " and ".join(given) or f"no {kind.keys[0]}"
        message = f"a part of {where} with the type {part['type']!r} has {has}"
        raise Unsupported(message, subject=repr(part)[:200], hint=kind.how)
    key, value, detail, rate = given[0], part[given[0]], part.get("detail"), part.get("sampling_rate")
    if key in kind.nested and isinstance(value, Mapping):
        detail = value.get("detail", detail)
        key, value = ("base64", value["data"]) if value.get("data") is not None else ("url", value.get("url"))
    elif key == "audio":
        value, rate = _sampled(value, rate)
    if kind.record is Audio and _numbers(value):
        return sounds.from_array(value, rate, where)
    if rate is not None and kind.record is Audio:
        message = f"{kind.the} in {where} has a sampling_rate beside it, and a file says its own"
        raise Unsupported(message, subject="sampling_rate", hint="leave it out, or give an array of samples")
    if isinstance(value, bytes | bytearray | memoryview):
        return _of_bytes(bytes(value), kind, where, detail)
    if isinstance(value, os.PathLike) or (isinstance(value, str) and key == "path"):
        return _of_bytes(_file(os.fspath(value), kind, where), kind, where, detail)
    if isinstance(value, str):
        return _of_url(f"data:;base64,{value}", kind, where, detail) if key == "base64" else _located(value, kind, where, detail, path=key == kind.keys[0])
    if kind.record is Image and hasattr(value, "save") and hasattr(value, "convert"):
        return _of_bytes(_png(value), kind, where, detail)
    message = f"{kind.the} in {where} is of type {type(value).__name__}"
    raise Unsupported(message, subject=repr(value)[:200], hint=kind.how)


def _of_bytes(data: bytes, kind: _Kind, where: str, detail: str | None) -> Medium:
    return images.from_bytes(data, where, detail=detail) if kind.record is Image else sounds.from_bytes(data, where)


def _of_url(url: str, kind: _Kind, where: str, detail: str | None) -> Medium:
    return images.from_data_url(url, where, detail=detail) if kind.record is Image else sounds.from_data_url(url, where)


def _sampled(value: Any, rate: Any) -> tuple[Any, Any]:
    """Samples and their rate, where they come together: as datasets hold them, or as a pair."""
    if isinstance(value, Mapping):
        if value.get("array") is not None:
            return value["array"], value.get("sampling_rate", rate)
        return value.get("bytes") or value.get("path"), rate
    if isinstance(value, tuple) and len(value) == 2 and _numbers(value[0]) and isinstance(value[1], int | float):  # noqa: PLR2004  samples and a rate
        return value
    return value, rate


def _numbers(value: Any) -> bool:
    """Whether it is an array of samples, or a list of them."""
    listed = isinstance(value, list | tuple) and len(value) > 0 and isinstance(value[0], int | float | list | tuple)
    return listed or (hasattr(value, "__array__") and hasattr(value, "shape"))


def _located(text: str, kind: _Kind, where: str, detail: str | None, *, path: bool) -> Medium:
    """By a data URL, an address or, under the key that takes anything, a path."""
    scheme = urlsplit(text[:200]).scheme.lower()
    if scheme == "data":
        return _of_url(text, kind, where, detail)
    if scheme in {"http", "https"}:
        return Image(url=text, detail=detail) if kind.record is Image else Audio(url=text)
    if path:
        return _of_bytes(_file(unquote(urlsplit(text).path) if scheme == "file" else text, kind, where), kind, where, detail)
    message = f"the url of {kind.the} in {where} is {text[:80]!r}: an address begins with https:, http: or data:"
    raise Unsupported(message, subject=text[:200], hint='a file of this disk goes under "path"')


def _file(path: str | bytes, kind: _Kind, where: str) -> bytes:
    place = at_home(os.fsdecode(path))
    try:
        if place.is_file() and place.stat().st_size > kind.largest:
            message = f"{kind.the} {place} has {place.stat().st_size:,} bytes, more than {kind.largest:,}"
            raise Unsupported(message, subject=str(place), hint=kind.small)
        return place.read_bytes()
    except (OSError, ValueError) as error:
        message = f"{kind.the} {str(place)[:200]!r} in {where} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise Unsupported(message, subject=str(place)[:200], hint=kind.how) from error


def _png(image: Any) -> bytes:
    """A Pillow image as it is now: what becomes of it later changes no history."""
    plain = image if image.mode in {"RGB", "RGBA", "L", "LA", "P", "1"} else image.convert("RGB")
    out = BytesIO()
    # The camera's note on which side is up stays with the pixels that it speaks of.
    plain.save(out, format="PNG", compress_level=1, exif=image.getexif())
    return out.getvalue()

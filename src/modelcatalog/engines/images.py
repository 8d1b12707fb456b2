"""Owns images as messages hold them: the bytes of a file as a data URL, or the address of one. Knows no message and no engine.

Pillow opens them where an engine wants pixels; a server takes the URL as it is.
"""

from __future__ import annotations

import base64
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.media import Medium, data_of
from modelcatalog.errors import MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LARGEST", "Image", "from_bytes", "from_data_url", "of"]

LARGEST = 64 << 20
"""Bytes of a file; nobody's photograph is larger."""
_PIXELS = 89_478_485
"""Of an image that is opened, as many as Pillow opens without a warning: a small file may claim to hold any number."""
_SHOWN = 16
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"), (b"MM\x00*", "image/tiff"),
)  # fmt: skip
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif"}


class Image(Medium):
    """An image in a message.

    >>> Image(url="https://example.com/cat.png").remote
    True
    """

    detail: str | None = None
    """How closely a server is to look, in OpenAI's words: ``low``, ``high``, ``auto``."""

    def opened(self) -> Any:
        """The pixels as a Pillow image in RGB: turned as a camera's note says, transparent parts on white.

        Raises:
            MissingPackage: Pillow is not installed.
            Unsupported: it cannot be read whole, or has too many pixels.
        """
        pillow, turned = _pillow()
        data = self.data
        try:
            image = pillow.open(BytesIO(data))
            width, height = image.size
            if width * height > _PIXELS:
                raise _too_many((width, height))
            if getattr(image, "n_frames", 1) > 1:
                warnings.warn(f"the image has {image.n_frames} frames, and the first is read", stacklevel=2)
                image.seek(0)
            return _on_white(pillow, turned(image))
        except pillow.DecompressionBombError as error:
            raise _too_many(None) from error
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            message = f"an image of {len(data):,} bytes cannot be read: {error}"
            raise Unsupported(message, subject=repr(data[:_SHOWN]), hint="save it anew as PNG or JPEG") from error


def of(messages: Sequence[Any]) -> tuple[Image, ...]:
    """The images of messages, in their order."""
    return tuple(part for message in messages for part in message.parts or () if isinstance(part, Image))


def from_bytes(data: bytes, where: str, *, detail: str | None = None) -> Image:
    """An image out of a file's bytes.

    Raises:
        Unsupported: they are none, or too many.
    """
    if len(data) > LARGEST:
        message = f"the image in {where} has {len(data):,} bytes, more than {LARGEST:,}"
        raise Unsupported(message, subject=where, hint="make it smaller: models read a few thousand pixels a side at most")
    kind = _kind(data)
    if kind is None:
        found = f"the file begins with {data[:_SHOWN]!r}" if data else "the file is empty"
        message = f"the image in {where} is not an image: {found}"
        raise Unsupported(message, subject=where, hint="give a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF file")
    return Image(url=f"data:{kind};base64,{base64.b64encode(data).decode()}", detail=detail)


def from_data_url(url: str, where: str, *, detail: str | None = None) -> Image:
    """An image out of a ``data:`` URL; errors as in `from_bytes`.

    >>> from_data_url("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "message 1").data[:6]
    b'GIF89a'
    """
    return from_bytes(data_of(url, where, like="image/png"), where, detail=detail)


def _kind(data: bytes) -> str | None:
    """The media type of a file, by its first bytes."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return _BRANDS.get(data[8:12]) if data[4:8] == b"ftyp" else None


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image as Pillow
        from PIL.ImageOps import exif_transpose
    except ImportError as error:
        message = "an image in a prompt needs pillow"
        raise MissingPackage(message, subject="pillow", install="pip install pillow") from error
    return Pillow, exif_transpose


def _on_white(pillow: Any, image: Any) -> Any:
    """In RGB; what lies under transparent pixels is nobody's to see, and often noise."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = pillow.new("RGBA", clear.size, (255, 255, 255, 255))
        image.alpha_composite(clear)
    return image.convert("RGB")


def _too_many(size: tuple[int, int] | None) -> Unsupported:
    """Pillow refuses by itself what is far too large, before it tells the size."""
    shown = "" if size is None else f": {size[0]:,} x {size[1]:,}"
    message = f"an image has too many pixels to open{shown}; {_PIXELS:,} are the most"
    return Unsupported(message, subject=shown[2:] or "image", hint="make it smaller: models read a few thousand pixels a side at most")

"""Owns recordings as messages hold them: the bytes of a sound file, and what is in a WAV file. Knows no message and no engine.

The standard library reads and writes WAV; other formats are read by whoever the engine brings.
"""

from __future__ import annotations

import base64
import io
import warnings
import wave
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import model_serializer

from modelcatalog.engines.media import Medium, data_of
from modelcatalog.errors import MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SerializerFunctionWrapHandler

__all__ = ["LARGEST", "Audio", "Samples", "from_array", "from_bytes", "from_data_url", "of"]

LARGEST = 256 << 20
"""Bytes of a file: more than an hour of speech as it was recorded."""
_CHANNELS = 8
"""More than these are samples, and not channels."""
_LOUDEST = 2.0
"""Numbers beyond this were never meant to lie between -1 and 1; a resampled recording may go a little beyond 1."""
_SHOWN = 16
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"ID3", "audio/mpeg"), (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"\x1aE\xdf\xa3", "audio/webm"), (b"FORM", "audio/aiff"),
    (b"RF64", "audio/wav"), (b"caff", "audio/x-caf"), (b"#!AMR", "audio/amr"), (b".snd", "audio/basic"),
)  # fmt: skip


class Samples(NamedTuple):
    """A recording as numbers."""

    values: Any
    """An array of one channel, in float32 between -1 and 1."""
    rate: int
    """How many of them are a second."""


class Audio(Medium):
    """A recording in a message.

    >>> Audio(url="https://example.com/hello.wav").remote
    True
    """

    type: Literal["audio"] = "audio"

    @model_serializer(mode="wrap")
    def _named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A file that leaves out what is usual must still tell a recording from an image.
        made: dict[str, Any] = handler(self)
        return {"type": self.type, **made}

    @property
    def format(self) -> str:
        """What the file is, in OpenAI's words: ``wav``, ``mp3``, ``flac``, ….

        >>> from_bytes(b"fLaC", "here").format
        'flac'
        """
        kind = self.url.partition(";")[0].rpartition("/")[2].removeprefix("x-")
        return {"mpeg": "mp3", "mp4": "m4a"}.get(kind, kind)

    def samples(self) -> Samples | None:
        """What is in a WAV file of whole numbers, its channels averaged; None where it is another file.

        Raises:
            MissingPackage: numpy is not installed.
            Unsupported: it is empty.
        """
        np = _numpy()
        try:
            with wave.open(io.BytesIO(self.data)) as file:
                width, channels, rate, data = file.getsampwidth(), file.getnchannels(), file.getframerate(), file.readframes(file.getnframes())
        except (wave.Error, EOFError):
            return None
        if not data or not rate:
            message = "a recording has no samples in it"
            raise Unsupported(message, subject="audio", hint="record it anew")
        whole = len(data) // (width * channels) * width * channels
        if width == 3:  # noqa: PLR2004  of 24 bits, for which numpy has no number
            padded = np.zeros((whole // 3, 4), dtype=np.uint8)
            padded[:, 1:] = np.frombuffer(data[:whole], dtype=np.uint8).reshape(-1, 3)
            numbers = padded.reshape(-1).view("<i4")
        else:
            numbers = np.frombuffer(data[:whole], dtype={1: "u1", 2: "<i2", 4: "<i4"}[width])
        values = (numbers.astype(np.float64) - 128) / 128 if width == 1 else numbers / (1 << (8 * numbers.itemsize - 1))
        values = values.astype(np.float32).reshape(-1, channels)
        return Samples(values.mean(axis=1) if channels > 1 else values[:, 0], rate)


def of(messages: Sequence[Any]) -> tuple[Audio, ...]:
    """The recordings of messages, in their order."""
    return tuple(part for message in messages for part in message.parts or () if isinstance(part, Audio))


def from_bytes(data: bytes, where: str) -> Audio:
    """A recording out of a file's bytes.

    Raises:
        Unsupported: they are none, or too many.
    """
    if len(data) > LARGEST:
        message = f"the recording in {where} has {len(data):,} bytes, more than {LARGEST:,}"
        raise Unsupported(message, subject=where, hint="cut it into parts: models hear a few minutes at most")
    kind = _kind(data)
    if kind is None:
        found = f"the file begins with {data[:_SHOWN]!r}" if data else "the file is empty"
        message = f"the recording in {where} is not a recording: {found}"
        raise Unsupported(message, subject=where, hint="give a WAV, MP3, FLAC, OGG, M4A or AIFF file, or an array with its sampling_rate")
    return Audio(url=f"data:{kind};base64,{base64.b64encode(data).decode()}")


def from_data_url(url: str, where: str) -> Audio:
    """A recording out of a ``data:`` URL; errors as in `from_bytes`."""
    return from_bytes(data_of(url, where, like="audio/wav"), where)


def from_array(array: Any, rate: object, where: str) -> Audio:
    """A recording out of numbers, as a WAV file of as many bits.

    Args:
        array: Samples: of one channel, or of a few as rows or columns; whole numbers of 8, 16 or 32 bits, or floats between -1 and 1.
        rate: How many of them are a second.
        where: What it stands in, for messages.

    Raises:
        MissingPackage: numpy is not installed.
        Unsupported: they are not samples, or nobody said how many are a second.

    >>> from_array([0.0, 0.5, -0.5], 16000, "here").samples().values.tolist()
    [0.0, 0.5, -0.5]
    """
    np = _numpy()
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 1 or rate != int(rate):
        message = f"the array of samples in {where} has the sampling_rate {rate!r}"
        raise Unsupported(message, subject=where, hint='write {"type": "audio", "audio": array, "sampling_rate": 16000}')
    try:
        values = np.asarray(array.detach().cpu().float() if hasattr(array, "detach") else array)
    except (TypeError, ValueError) as error:
        message = f"the array of samples in {where} cannot be read: {error}"
        raise Unsupported(message, subject=where, hint="give the numbers of one channel") from error
    if values.ndim == 2:  # noqa: PLR2004  channels and samples
        values = values.T if values.shape[0] <= _CHANNELS < values.shape[1] or values.shape[0] == 1 else values
        channels = values.shape[1]
    else:
        channels = 1
    if values.ndim not in (1, 2) or not values.size or channels > _CHANNELS or values.dtype.kind not in "fiu":
        message = f"the array of samples in {where} has the shape {values.shape} and the type {values.dtype}"
        raise Unsupported(message, subject=where, hint="give the numbers of one channel")
    data, width = (_of_floats(np, values, where), 4) if values.dtype.kind == "f" else _of_integers(values, where)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(int(rate))
        file.writeframes(data)
    return from_bytes(out.getvalue(), where)


def _of_floats(np: Any, values: Any, where: str) -> bytes:
    wide = values.astype(np.float64)
    loudest = float(abs(wide).max())
    if not loudest <= _LOUDEST:  # which is also so of what is not a number
        message = f"the array of samples in {where} goes up to {loudest:g}: floats lie between -1 and 1"
        raise Unsupported(message, subject=where, hint="give whole numbers as an array of int16, or divide them by 32768")
    if loudest > 1:
        warnings.warn(f"the array of samples in {where} goes up to {loudest:g}, and is cut off at 1", stacklevel=2)
    most = 1 << 31
    return bytes(np.clip(np.rint(wide * most), -most, most - 1).astype("<i4").tobytes())


def _of_integers(values: Any, where: str) -> tuple[bytes, int]:
    name = str(values.dtype)
    forms = {"uint8": "u1", "int16": "<i2", "int32": "<i4"}
    if name not in forms:
        message = f"the array of samples in {where} has the type {name}"
        raise Unsupported(message, subject=where, hint="give int16, or floats between -1 and 1")
    return bytes(values.astype(forms[name]).tobytes()), values.dtype.itemsize


def _kind(data: bytes) -> str | None:
    """The media type of a file, by its first bytes."""
    if data[:4] == b"RIFF":
        return "audio/wav" if data[8:12] == b"WAVE" else None
    if data[4:8] == b"ftyp":
        return None if data[8:12] in {b"avif", b"avis", b"heic", b"heix", b"mif1"} else "audio/mp4"
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    # A frame of MPEG: eleven ones, two bits of its version, two of its layer, which AAC leaves out.
    if len(data) < 2 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    return {0: "audio/aac" if data[1] & 0xF0 == 0xF0 else None, 1: "audio/mpeg", 2: "audio/mpeg"}.get(data[1] >> 1 & 3)  # noqa: PLR2004


def _numpy() -> Any:
    try:
        import numpy as np
    except ImportError as error:
        message = "a recording in a prompt needs numpy"
        raise MissingPackage(message, subject="numpy", install="pip install numpy") from error
    return np

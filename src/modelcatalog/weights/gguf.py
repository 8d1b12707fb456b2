"""Owns reading the header of a GGUF file: metadata, tensor table, and where the file must end. Knows no model.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md is the format. The reader of the package
``gguf`` takes seconds for a vocabulary and is not part of the base install; this one takes
milliseconds, reads only the header, and works on the first bytes of a remote file.
"""

from __future__ import annotations

import mmap
import struct
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.errors import IntegrityError
from modelcatalog.weights.content import Place, check_pointer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["GgufHeader", "Tensor", "read", "read_file"]

_VERSIONS = (2, 3)
_MAGIC = b"GGUF"
_ARRAY, _STRING = 9, 8
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_LENGTH = struct.Struct("<Q")
_MOST_TENSORS = 1_000_000
_MOST_KEYS = 100_000
_MOST_DIMENSIONS = 8
_KEPT_ARRAY = 512

# ggml's tensor types: id -> (name, weights in a block, bytes of a block); ggml.h and ggml-common.h.
_TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}


class Tensor(NamedTuple):
    """One entry of the tensor table; ``offset`` counts from the start of the data."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def bytes(self) -> int | None:
        """Its size on disk; None for a type that this reader does not know."""
        if self.type not in _TYPES:
            return None
        _, weights, size = _TYPES[self.type]
        return -(-prod(self.shape) // weights) * size

    @property
    def bits(self) -> float | None:
        """Bits of one weight, its block's scales included; None for a type that this reader does not know."""
        if self.type not in _TYPES:
            return None
        _, weights, size = _TYPES[self.type]
        return size * 8 / weights

    @property
    def type_name(self) -> str:
        """The type as ggml calls it."""
        return _TYPES[self.type][0] if self.type in _TYPES else f"type {self.type}"


class GgufHeader(NamedTuple):
    """What stands before the weights.

    ``metadata`` holds scalars, strings and short arrays; a long array is there as its length.
    ``complete`` is False when the bytes ended before the header did.
    """

    metadata: dict[str, object]
    tensors: tuple[Tensor, ...]
    data_start: int
    complete: bool
    told: bool = True
    """Whether ``metadata`` is all there is."""

    @property
    def architecture(self) -> str:
        """``llama``, ``qwen2``, …; empty where the header does not say."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def parameters(self) -> int:
        """Weights in all tensors."""
        return sum(prod(tensor.shape) for tensor in self.tensors)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the tensors lie in the file, as far as their types are known."""
        return tuple(Place(one.name, self.data_start + one.offset, one.bytes) for one in self.tensors if one.bytes is not None)

    @property
    def end(self) -> int:
        """The size that the whole file must have at least, in bytes."""
        return self.data_start + max((t.offset + (t.bytes or 0) for t in self.tensors), default=0)


class _CutError(Exception):
    """The bytes end inside the header."""


class _Cursor:
    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data
        self.at = 0
        self.size = len(data)

    def skip(self, count: int) -> int:
        start = self.at
        if count < 0 or start + count > self.size:
            raise _CutError
        self.at = start + count
        return start

    def number(self, code: str) -> int:
        value: int = struct.unpack_from(f"<{code}", self.data, self.skip(struct.calcsize(f"<{code}")))[0]
        return value

    def text(self) -> str:
        length = self.number("Q")
        start = self.skip(length)
        return bytes(self.data[start : start + length]).decode("utf-8", "replace")

    def shape(self) -> tuple[int, ...]:
        dimensions = self.number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise struct.error(dimensions)
        return tuple(self.number("Q") for _ in range(dimensions))

    def value(self, kind: int) -> object:
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.number(_SCALARS[kind])
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            code = _SCALARS[inner]
            start = self.skip(count * struct.calcsize(f"<{code}"))
            return list(struct.unpack_from(f"<{count}{code}", self.data, start)) if count <= _KEPT_ARRAY else count
        if count > self.size:
            raise _CutError
        if inner == _STRING:
            self._pass_texts(count)
        else:
            for _ in range(count):
                self.value(inner)
        return count

    def _pass_texts(self, count: int) -> None:
        # A vocabulary has a hundred thousand of them, which is most of the time that a header takes.
        data, at, last, length = self.data, self.at, self.size - _LENGTH.size, _LENGTH.unpack_from
        for _ in range(count):
            if at > last:
                raise _CutError
            at += _LENGTH.size + length(data, at)[0]
        if at > self.size:
            raise _CutError
        self.at = at


def read(data: bytes | mmap.mmap, *, subject: str) -> GgufHeader:
    """Read the header from the first bytes of a file.

    Raises:
        IntegrityError: if they are not the start of a GGUF file.

    >>> read(b"GGUF" + struct.pack("<IQQ", 3, 0, 0), subject="empty.gguf").complete
    True
    """
    check_pointer(bytes(data[:64]), name=subject, subject=subject)
    if bytes(data[:4]) != _MAGIC:
        message = f"{subject} is not a GGUF file: it starts with {bytes(data[:4])!r}"
        raise IntegrityError(message, subject=subject, hint="fetch it again; an error page may have been saved")
    cursor = _Cursor(data)
    cursor.at = 4
    metadata: dict[str, object] = {}
    tensors: list[Tensor] = []
    complete, told, start = False, False, 0
    try:
        version, count, keys = cursor.number("I"), cursor.number("Q"), cursor.number("Q")
        if version not in _VERSIONS and int.from_bytes(version.to_bytes(4, "little"), "big") in _VERSIONS:
            message = f"{subject} has its bytes in the other order: it was written for big-endian machines"
            hint = "take the file for little-endian machines, which has no -be in its name, or convert the model here"
            raise IntegrityError(message, subject=subject, hint=hint)
        if version not in _VERSIONS or count > _MOST_TENSORS or keys > _MOST_KEYS:
            message = f"{subject} has a GGUF header that cannot be right (version {version}, {count:,} tensors)"
            raise IntegrityError(message, subject=subject, hint="fetch it again; a newer modelcatalog may know more")
        for _ in range(keys):
            key = cursor.text()
            metadata[key] = cursor.value(cursor.number("I"))
        told = True
        tensors.extend(Tensor(cursor.text(), cursor.shape(), cursor.number("I"), cursor.number("Q")) for _ in range(count))
        alignment = metadata.get("general.alignment", 32)
        step = alignment if isinstance(alignment, int) and alignment > 0 else 32
        start = -(-cursor.at // step) * step
        complete = True
    except _CutError:
        pass
    except (KeyError, RecursionError, struct.error) as error:
        message = f"{subject} has a GGUF header that cannot be read"
        raise IntegrityError(message, subject=subject, hint="fetch it again, or another file of the same model") from error
    return GgufHeader(metadata, tuple(tensors), start, complete, told)


def read_file(path: Path, opener: Callable[[str, int], int] | None = None) -> GgufHeader:
    """Read the header of a file on disk and check that the weights it announces are all there.

    Args:
        path: The file.
        opener: How it is opened, as for `open`.

    Raises:
        IntegrityError: if the file is not a GGUF file, or is cut off.
    """
    size = path.stat().st_size
    if size < len(_MAGIC):
        message = f"{path.name} is cut off: it has {size} bytes"
        raise IntegrityError(message, subject=str(path), hint="fetch it again")
    with open(path, "rb", opener=opener) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = read(data, subject=path.name)
    if not header.complete or header.end > size:
        needed = f"{header.end:,}" if header.complete else "a longer header and the weights"
        message = f"{path.name} is cut off: it has {size:,} bytes of {needed}"
        raise IntegrityError(message, subject=str(path), hint="fetch it again; a download may have broken off")
    return header

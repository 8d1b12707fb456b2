"""Owns reading the header of a safetensors file: names, types, shapes, and where the file must end. Knows no model.

https://github.com/huggingface/safetensors#format: eight bytes of length, that much JSON, then the weights.
"""

from __future__ import annotations

import json
import struct
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.errors import IntegrityError
from modelcatalog.weights.content import Place, check_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = ["LENGTH_BYTES", "SafetensorsHeader", "dtype_name", "header_length", "least_length", "read", "read_file", "read_part", "width"]

LENGTH_BYTES = 8
_LONGEST = 100_000_000
_MOST = 1 << 60
"""No size and no place in a file is larger."""
_LEAST_ENTRY = len('"":{"dtype":"F8","shape":[],"data_offsets":[0,1]}')
_BITS = later.pattern(r"\d+")
_LONGEST_TYPE = 32
_ENTRY = later.pattern(
    r'"([^"\\]+)"\s*:\s*\{\s*"dtype"\s*:\s*"(\w{1,32})"\s*,\s*"shape"\s*:\s*\[((?:\s*[0-9]{1,18}\s*(?:,|(?=\])))*)\s*\]\s*,'
    r'\s*"data_offsets"\s*:\s*\[\s*([0-9]{1,18})\s*,\s*([0-9]{1,18})\s*\]\s*\}'
)
"""One tensor's entry, with its keys in the order that every writer of the format has them."""


class SafetensorsHeader(NamedTuple):
    """Parameters and bytes of each data type, and the file's whole size."""

    parameters: dict[str, int]
    """``{"BF16": 134_515_008}``."""
    dtypes: dict[str, str]
    """Tensor -> its type, as the file spells it: ``BF16``, ``F8_E4M3``, ``U8``."""
    end: int
    counts: Mapping[str, int] = {}
    """Tensor -> its numbers."""
    shapes: Mapping[str, tuple[int, ...]] = {}
    """Tensor -> how they lie."""
    places: tuple[Place, ...] = ()
    """Where the tensors lie in the file."""

    @property
    def dtype(self) -> str | None:
        """The type that most parameters have, in torch's spelling where it has one: ``bfloat16``."""
        return dtype_name(self.parameters)


def dtype_name(parameters: Mapping[str, int]) -> str | None:
    """The type that most parameters have, in torch's spelling where it has one; None where there are none.

    >>> dtype_name({"F32": 2, "BF16": 3})
    'bfloat16'
    """
    if not parameters:
        return None
    most = max(parameters, key=parameters.__getitem__)
    return {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}.get(most, most)


def width(kind: str) -> float:
    """Bytes of one number of a type, as the file spells it.

    >>> width("BF16"), width("F8_E4M3"), width("U8"), width("F4")
    (2.0, 1.0, 1.0, 0.5)
    """
    bits = _BITS.search(kind)
    return int(bits[0]) / 8 if bits else 1.0


def header_length(first: bytes, *, subject: str) -> int:
    """The length that the first eight bytes announce.

    Raises:
        IntegrityError: if it cannot be one.

    >>> header_length(struct.pack("<Q", 2), subject="x")
    2
    """
    if len(first) < LENGTH_BYTES:
        message = f"{subject} is cut off: it has {len(first)} bytes"
        raise IntegrityError(message, subject=subject, hint="fetch it again")
    check_pointer(first[:LENGTH_BYTES], name=subject, subject=subject)
    length: int = struct.unpack("<Q", first[:LENGTH_BYTES])[0]
    if not 2 <= length <= _LONGEST:  # noqa: PLR2004  "{}" is the shortest header
        message = f"{subject} is not a safetensors file: it announces a header of {length:,} bytes"
        raise IntegrityError(message, subject=subject, hint="fetch it again; an error page may have been saved")
    return length


def read(text: bytes, *, subject: str) -> SafetensorsHeader:
    """Read the JSON header.

    Raises:
        IntegrityError: if it is none.

    >>> read(b'{"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}', subject="x").parameters
    {'BF16': 6}
    """
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        parameters: dict[str, int] = {}
        dtypes: dict[str, str] = {}
        counts: dict[str, int] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        places: list[Place] = []
        end = 0
        for name, entry in entries.items():
            kind = dtypes[name] = str(entry["dtype"])[:_LONGEST_TYPE]
            shapes[name] = tuple(map(_whole, entry["shape"]))
            counts[name] = prod(shapes[name])
            parameters[kind] = parameters.get(kind, 0) + counts[name]
            start, stop = map(_whole, entry["data_offsets"])
            places.append(Place(name, LENGTH_BYTES + len(text) + start, stop - start))
            end = max(end, stop)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        message = f"{subject} has a safetensors header that cannot be read"
        raise IntegrityError(message, subject=subject, hint="fetch it again") from error
    return SafetensorsHeader(parameters, dtypes, LENGTH_BYTES + len(text) + end, counts, shapes, tuple(places))


def _whole(value: object) -> int:
    """A size, or a place in the file: a header has no other numbers."""
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise ValueError(value)
    return value


def least_length(names: Iterable[str]) -> int:
    """The fewest bytes that a header with these tensors can have, its length included: so much can be fetched of it unseen.

    >>> least_length(["w"]) <= LENGTH_BYTES + len(b'{"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}')
    True
    """
    return LENGTH_BYTES + 2 + sum(len(name.encode()) + _LEAST_ENTRY for name in names)


def read_part(piece: bytes, *, subject: str) -> SafetensorsHeader | None:
    """The header as far as its first bytes tell, from the start of the file; None where they tell nothing.

    Its ``end`` is where the tensors that were seen end, so that ``end`` and the parameters belong together.

    Raises:
        IntegrityError: if they are not the start of a safetensors file.
    """
    header_length(piece, subject=subject)
    parameters: dict[str, int] = {}
    dtypes: dict[str, str] = {}
    counts: dict[str, int] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    seen = 0
    for name, kind, shape, start, end in _ENTRY.findall(piece[LENGTH_BYTES:].decode("utf-8", "replace")):
        dtypes[name] = kind
        shapes[name] = tuple(int(n) for n in shape.split(",") if n.strip())
        counts[name] = prod(shapes[name])
        parameters[kind] = parameters.get(kind, 0) + counts[name]
        seen += int(end) - int(start)
    return SafetensorsHeader(parameters, dtypes, seen, counts, shapes) if dtypes else None


def read_file(path: Path, opener: Callable[[str, int], int] | None = None) -> SafetensorsHeader:
    """Read the header of a file on disk and check that the weights it announces are all there.

    Args:
        path: The file.
        opener: How it is opened, as for `open`.

    Raises:
        IntegrityError: if the file is not a safetensors file, or is cut off.
    """
    size = path.stat().st_size
    with open(path, "rb", opener=opener) as file:
        length = header_length(file.read(LENGTH_BYTES), subject=path.name)
        if LENGTH_BYTES + length > size:
            message = f"{path.name} is cut off: it has {size:,} bytes of a longer header and the weights"
            raise IntegrityError(message, subject=str(path), hint="fetch it again; a download may have broken off")
        header = read(file.read(length), subject=path.name)
    if header.end > size:
        message = f"{path.name} is cut off: it has {size:,} bytes of {header.end:,}"
        raise IntegrityError(message, subject=str(path), hint="fetch it again; a download may have broken off")
    if header.end < size:
        message = f"{path.name} has {size - header.end:,} bytes behind its last tensor, which no safetensors file has"
        raise IntegrityError(message, subject=str(path), hint="fetch it again; a download may have been continued at the wrong place")
    return header

"""Owns whether a file holds what its name promises: JSON, a header, or a git-lfs pointer in its place. Knows no model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Place", "check_pointer", "hollow", "json_object", "looked_at"]

_LARGE, _WINDOW, _MOST = 1 << 19, 4096, 32
"""Bytes of a tensor from which on it is looked at, of the piece that is read of it, and how many of a file are."""
_INNER = later.pattern(
    r"(?:^|\.)(?:layers|h|blocks?|layer|blk)\.\d+\.(?:.*\.)?"
    r"(?:[qkv]_proj|qkv_proj|gate_proj|up_proj|gate_up_proj|c_attn|c_fc|query_key_value|W_pack|wqkv|w1|w3|attn_q|attn_k|attn_v|attn_qkv|ffn_gate|ffn_up"
    r"|ffn_gate_exps|ffn_up_exps)\.weight$"
)
"""What leads into attention and out of the first half of a layer; what leads back to the stream is zero in layers that were added to a model."""

_POINTER = b"version https://git-lfs"
"""https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: what a clone without git-lfs has in place of a large file."""
_LONGEST_POINTER = 1024
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Byte order marks, which editors and PowerShell write."""


def check_pointer(first: bytes, *, name: str, subject: str) -> None:
    """Refuse a git-lfs pointer.

    Args:
        first: The file's first bytes; eight are enough to tell.
        name: The file's name.
        subject: The path or repository, for the error.

    Raises:
        IntegrityError: if it is one.
    """
    if first[:8] == _POINTER[:8] and _POINTER.startswith(first[: len(_POINTER)]):
        message = f"{name} is a git-lfs pointer, not the file itself: the clone was made without git-lfs"
        raise IntegrityError(message, subject=subject, hint="run git lfs pull in that folder, or fetch the file again")


class Place(NamedTuple):
    """Where a tensor lies in its file."""

    name: str
    start: int
    size: int


def looked_at(places: Iterable[Place]) -> list[Place]:
    """Large matrices inside layers that no training leaves empty, in the order of the file: some of them, the last always."""
    found = sorted((one for one in places if one.size >= _LARGE and _INNER.search(one.name)), key=lambda one: one.start)
    step = max(1, -(-len(found) // _MOST))
    return found[::-1][::step][::-1]


def hollow(path: Path, places: Iterable[Place]) -> list[str]:
    """The tensors of a file that hold nothing but zeros where they are looked at: in their middle.

    Raises:
        OSError: it cannot be read.
    """
    found = []
    with path.open("rb") as file:
        for one in places:
            file.seek(one.start + (one.size - _WINDOW) // 2)
            if not any(file.read(_WINDOW)):
                found.append(one.name)
    return found


def json_object(data: bytes, *, name: str, subject: str) -> dict[str, object]:
    """The object that a small JSON file holds.

    Raises:
        IntegrityError: if it is a pointer, cut off, or something else; the error names the file.

    >>> json_object(b'{"a": 1}', name="config.json", subject="x")
    {'a': 1}
    """
    check_pointer(data[:_LONGEST_POINTER], name=name, subject=subject)
    hint = "fetch it again; a download may have broken off, or an error page may have been saved"
    try:
        # Python would find out the encoding; the libraries that read the file next do not.
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        message = f"{name} is not valid JSON: it has {len(data):,} bytes and {_where(error, data)}"
        raise IntegrityError(message, subject=subject, hint=hint) from error
    if not isinstance(value, dict):
        message = f"{name} holds no JSON object"
        raise IntegrityError(message, subject=subject, hint=hint)
    return value


def _where(error: Exception, data: bytes) -> str:
    if not data.strip():
        return "is empty"
    if data.startswith(_MARKS):
        return "begins with a byte order mark: save it as UTF-8 without one"
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 at byte {error.start:,}"
    at = getattr(error, "pos", None)
    if at is None:
        return "cannot be read"
    text = data.decode("utf-8", "replace")
    return "ends in the middle" if at >= len(text.rstrip()) - 1 or "Unterminated" in str(error) else f"breaks at character {at:,}"

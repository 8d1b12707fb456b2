"""Owns reading a server's answer into chunks: events, or one JSON body from a server that does not stream. Knows no client and no chat.

The client's own reader passes over each line that it does not know, and servers write such lines: an error without ``data:``, a mark of
the byte order, a page of a proxy, events without an empty line between them. Here a line is read, or it is in the error.
"""

from __future__ import annotations

import codecs
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.openai.errors import ServerSaid, complaint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["chunks"]

_SHOWN = 100
_DONE = {"[DONE]", "DONE"}
_MOST = 1 << 27
"""Bytes of an answer in one piece, and characters of a line in a stream: no chunk of a chat is longer, and a line without end takes all memory."""
_FIELD = re.compile(r"(data|event|id|retry|error|)(?:: ?(.*))?", re.DOTALL)
_END = re.compile(r"\r\n|\n|\r")


def chunks(response: Any) -> Iterator[Any]:
    """What a response holds, as it comes.

    Args:
        response: An open response of the client's own HTTP library.

    Raises:
        ServerSaid: the server reports an error in place of a chunk.
        ValueError: what came cannot be read.
    """
    kind = str(response.headers.get("content-type", ""))
    # Events have no length, and no other type that is theirs.
    if "event-stream" not in kind and ("json" in kind or "content-length" in response.headers):
        text = b"".join(_bounded(response.iter_bytes())).decode("utf-8", "replace").strip()
        # Events, or chunks a line, under the wrong name.
        yield from events([text.encode()]) if text.startswith("data:") else _body(text, kind)
    else:
        yield from events(response.iter_bytes())


def events(pieces: Iterable[bytes]) -> Iterator[Any]:
    r"""The chunks in a stream of events.

    >>> list(events([b': ping\ndata: {"a"', b': 1}\n\ndata: [DONE]\n\ndata: 2\n\n']))
    [{'a': 1}]
    """
    said, stray = False, ""
    for event, text in _events(chain(_lines(pieces), [""])):
        if event is None:
            stray = stray or text
        elif text.strip() in _DONE:
            return
        elif text.strip():
            said = True
            yield _read(text, event)
    if stray and not said:
        raise ValueError(stray[:_SHOWN])


def _events(lines: Iterable[str]) -> Iterator[tuple[str | None, str]]:
    """Events by their kind and data; None for the kind of a line that belongs to none."""
    data: list[str] = []
    event = ""
    for line in lines:
        field, value = _parted(line)
        # Some servers leave out the empty line, and a chunk is whole before the next begins.
        if data and (not line or (field == "data" and _whole("\n".join(data)))):
            yield event, "\n".join(data)
            data, event = [], ""
        if field == "data":
            data.append(value)
        elif field == "event":
            event = value
        elif field == "error":
            yield field, value
        elif field is None:
            yield ("" if line.startswith("{") and _whole(line) else None), line


def _bounded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """An answer without end is none."""
    left = _MOST
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise ValueError(piece[:_SHOWN].decode("utf-8", "replace"))
        yield piece


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines, however they end and wherever the network cut them."""
    decoder, begun, last, length = codecs.getincrementaldecoder("utf-8-sig")("replace"), list[str](), "", 0
    for piece in pieces:
        text = last + decoder.decode(piece)
        last = "\r" if text.endswith("\r") else ""  # behind a carriage return at the end the rest of it may come
        first, *others = _END.split(text.removesuffix("\r"))
        begun.append(first)
        length += len(first)
        if length > _MOST:
            raise ValueError(begun[0][:_SHOWN])
        if others:
            yield "".join(begun)
            begun = [others.pop()]
            length = len(begun[0])
            yield from others
    yield from ("".join(begun) + last + decoder.decode(b"", final=True)).split("\r")


def _parted(line: str) -> tuple[str | None, str]:
    """The field that a line is, and what it says; the one without a name is a comment, or the end of an event."""
    found = _FIELD.fullmatch(line)
    return (None, "") if found is None else (found[1], found[2] or "")


def _whole(text: str) -> bool:
    """Whether the data of an event is complete as it stands."""
    if text.strip() in _DONE:
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _read(text: str, event: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if event != "error":
            raise ValueError(" ".join(text.split())[:_SHOWN]) from None
        value = text
    if event == "error" or (isinstance(value, dict) and value.get("error") and not value.get("choices")):
        raise ServerSaid(value if isinstance(value, dict) else {"message": value}, None)
    return value


def _body(text: str, kind: str) -> Iterator[Any]:
    """What a server sent that does not stream."""
    try:
        values = [json.loads(text)]
    except (ValueError, RecursionError):
        values = _each(text)
    if not values or not all(isinstance(value, dict) for value in values):
        message = f"{text[:_SHOWN] or 'nothing'} ({kind or 'of no type'})"
        raise ValueError(message)
    for value in values:
        told = complaint(value) or text
        yield value if value.get("choices") or (len(values) > 1 and "error" not in value) else {**value, "choices": None, "message": told}


def _each(text: str) -> list[Any]:
    """One JSON value a line; none where a line is something else, or none is a chunk."""
    try:
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return []
    return values if any(isinstance(value, dict) and value.get("choices") for value in values) else []

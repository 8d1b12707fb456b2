"""Owns what a server's chunk says: thinking, text, calls of tools, the end. Knows shapes, and neither a client nor a request.

Servers agree on less than the specification says: the text is a string or a list of parts, thinking has four names, a
whole message comes in place of a delta, an error comes with status 200. What cannot be read is an error, never dropped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.engines import Called
from modelcatalog.engines.openai.errors import ServerSaid, complaint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.engines import Finish

__all__ = ["FILTERED", "FINISH", "CallPiece", "Calls", "Characters", "Reader", "Said", "member"]

FINISH: dict[str, Finish] = {
    "stop": "stop", "eos": "stop", "eos_token": "stop", "end_turn": "stop", "stop_sequence": "stop", "complete": "stop", "completed": "stop",
    "tool_calls": "stop", "tool_call": "stop", "function_call": "stop", "tool_use": "stop",
    "length": "length", "max_tokens": "length", "max_length": "length", "model_length": "length", "model_context_window_exceeded": "length",
}  # fmt: skip
"""Why a reply ended, in the words of servers; any other word is a failure."""
FILTERED = {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "guardrail_intervened", "refusal"}
"""The words of those that watch what a model says: OpenAI and Azure, Gemini, Bedrock, Anthropic."""
_NO_REASON = {"", "null", "none"}
_THINKING = (
    "reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks", "reasoning_text", "thinking_content", "thought", "thoughts",
)  # fmt: skip
_BESIDE = {"role", "name", "id", "content", "refusal", "reasoning_signature", "reasoning_opaque", "signature", "obfuscation"}
"""Fields of a piece whose words are none of the reply."""
_SEVERAL, _LONG = 2, 16
"""So many pieces and letters do not come again whole by chance."""
_UNREADABLE = ("audio", "images")
"""What some models give beside the text, where nothing here could hold it."""
_WORDS = ("text", "thinking", "reasoning", "summary", "refusal", "content")
"""Where the parts of a content have their text."""
_TEXTS = {"text", "output_text", "refusal"}
_THOUGHTS = {"thinking", "reasoning", "reasoning_content", "reasoning_text", "summary_text", "reasoning.text", "reasoning.summary"}
_SILENT = {"redacted_thinking", "reasoning.encrypted"}
"""Thinking that the server sends sealed: there is nothing to show."""


class CallPiece(NamedTuple):
    """A piece of a call; what it lacks came before."""

    place: int | None
    """Which call it is of, where the server numbers them."""
    id: str
    name: str
    arguments: str | dict[str, Any]


class Said(NamedTuple):
    """What a chunk adds to a reply."""

    pieces: tuple[tuple[str, bool], ...]
    """Texts, each with whether it is thinking."""
    reason: str | None
    """Why the reply ended."""
    called: tuple[CallPiece, ...]
    """Pieces of calls of tools."""
    failed: ServerSaid | None = None
    """The error that came with the rest."""
    usage: Any = None
    """The figures, where it has some."""


class Reader:
    """Reads the chunks of one reply; it remembers what came, for some servers say all of it once more at the end.

    >>> Reader().read({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Paris"}]}}]}).pieces
    (('hm', True), ('Paris', False))
    """

    def __init__(self) -> None:
        self.lost: str | None = None
        """A field with words that nobody knows here; where nothing else came, these were the reply."""
        self._index: int | None = None
        self._came: dict[bool, list[str]] = {False: [], True: []}
        self._called = False

    @property
    def empty(self) -> bool:
        """Whether nothing came that is a reply."""
        return not (self._called or any(self._came.values()))

    def read(self, chunk: Any) -> Said:
        """What a chunk says.

        Raises:
            ServerSaid: it is an error, or has a part that cannot be read.
        """
        choices = member(chunk, "choices")
        if not choices and (failed := _failure(chunk)) is not None:
            raise failed
        pieces: list[tuple[str, bool]] = []
        called: list[CallPiece] = []
        usage = _usage(chunk)
        reason, broken = None, _failure({"error": error}) if (error := member(chunk, "error")) else None
        for choice in (choices,) if isinstance(choices, dict) else choices or ():
            self._check(member(choice, "index"))
            for text, thinking in self._pieces(choice):
                # RAGFlow and others send the whole reply again as its last piece.
                if len(self._came[thinking]) < _SEVERAL or len(text) < _LONG or text != "".join(self._came[thinking]):
                    pieces.append((text, thinking))
                    self._came[thinking].append(text)
            said = member(choice, "delta")
            if not _present(said) and not self._called:
                said = member(choice, "message")
            called += _called(said) if _present(said) else ()
            usage = usage or _usage(choice)
            stated = member(choice, "finish_reason")
            if isinstance(stated, str) and stated.lower() not in _NO_REASON:
                reason = stated.lower()
            broken = broken or (_failure({"error": error}) if (error := member(choice, "error")) else None)
        self._called = self._called or bool(called)
        return Said(tuple(pieces), reason, tuple(called), broken, usage)

    def _check(self, index: Any) -> None:
        """Refuse a reply beside the first one; its number may be any."""
        if isinstance(index, int):
            self._index = index if self._index is None else self._index
            if index != self._index:
                raise ServerSaid({"message": "a second reply beside the one that was asked for"}, None)

    def _pieces(self, choice: Any) -> list[tuple[str, bool]]:
        said, whole = member(choice, "delta"), member(choice, "message")
        if _present(said):
            found = list(_pieces(said))
            if not found and isinstance(said, dict):
                self.lost = self.lost or next((key for key, value in said.items() if key not in _BESIDE and isinstance(value, str) and value), None)
            return found
        if _present(whole):
            # In place of pieces, or all of them again.
            had = {kind: bool(texts) for kind, texts in self._came.items()}
            return [(text, thinking) for text, thinking in _pieces(whole) if not had[thinking]]
        text = member(choice, "text")
        return [(text, False)] if isinstance(text, str) and text else []


def _usage(owner: Any) -> Any:
    """The figures of a reply; Groq has them in a field of its own, Moonshot beside the text."""
    return member(owner, "usage") or member(member(owner, "x_groq"), "usage")


def _failure(chunk: Any) -> ServerSaid | None:
    """The error that a body without choices is; None for figures alone."""
    stated = complaint(chunk)
    if stated is None:
        return None
    code = next((value for key in ("status", "status_code", "code") if isinstance(value := member(chunk, key), int)), None)
    return ServerSaid({"message": stated}, code)


def _pieces(said: Any) -> Iterator[tuple[str, bool]]:
    if isinstance(said, str):
        yield said, False
        return
    yield from _parts(next((value for key in _THINKING if (value := member(said, key))), None), thinking=True)
    yield from _parts(member(said, "content") or member(said, "text"), thinking=False)
    yield from _parts(member(said, "refusal"), thinking=False)
    for kind in _UNREADABLE:
        if _present(member(said, kind)):
            raise ServerSaid({"message": f"a part of type {kind!r}, which cannot be read here"}, None)


def _parts(content: Any, *, thinking: bool) -> Iterator[tuple[str, bool]]:
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield content, thinking
    elif isinstance(content, list):
        for part in content:
            yield from _parts(part, thinking=thinking)
    elif isinstance(kind := member(content, "type"), str) or any(member(content, key) for key in _WORDS):
        if kind in _SILENT:
            return
        if kind is not None and kind not in _TEXTS | _THOUGHTS:
            raise ServerSaid({"message": f"a part of type {kind!r}, which cannot be read here"}, None)
        words = next((value for key in _WORDS if (value := member(content, key))), None)
        yield from _parts(words, thinking=thinking or kind in _THOUGHTS)
    else:
        raise ServerSaid({"message": f"a content that is {type(content).__name__}, which cannot be read here"}, None)


def _called(said: Any) -> Iterator[CallPiece]:
    """The pieces of calls, also of the one that older servers know."""
    calls = member(said, "tool_calls")
    for call in calls if isinstance(calls, list) else (calls,) if _present(calls) else ():
        index, ident = member(call, "index"), member(call, "id")
        function = member(call, "function")
        yield _piece(function if _present(function) else call, index if isinstance(index, int) else None, ident if isinstance(ident, str) else "")
    call = member(said, "function_call")
    if _present(call):
        yield _piece(call, None, "")


def _piece(function: Any, index: int | None, ident: str) -> CallPiece:
    name, arguments = member(function, "name"), member(function, "arguments")
    return CallPiece(index, ident, name if isinstance(name, str) else "", arguments if isinstance(arguments, str | dict) else "")


class Characters:
    r"""Puts characters together whose halves came in two pieces, as servers in JavaScript cut them; a half without the other is replaced.

    >>> characters = Characters()
    >>> characters.push("a\ud83d"), characters.push("\ude00b"), characters.push("\ude00"), characters.rest()
    ('a', '😀b', '\ufffd', '')
    """

    def __init__(self) -> None:
        self._half = ""

    def push(self, text: str) -> str:
        """The whole characters."""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def rest(self) -> str:
        """What stands for a half whose other half never came."""
        half, self._half = self._half, ""
        return half and "\ufffd"


class Calls:
    """Puts calls together from their pieces.

    Servers disagree on what comes again: some send the index alone, some repeat id and name with each piece, some give all calls one
    index. A piece begins a call if its index or its id is new, or if it has a name and the call before is complete.

    >>> calls = Calls()
    >>> calls.push(CallPiece(0, "a", "add", ""), CallPiece(0, "", "", '{"a": '), CallPiece(0, "", "", "1}"))
    >>> calls.made()
    [Called(id='a', name='add', arguments={'a': 1}, text='add{"a": 1}', wrong=None)]
    """

    def __init__(self) -> None:
        self._open: list[CallPiece] = []

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._open)

    @property
    def names(self) -> list[str]:
        """The names of the tools that were called."""
        return list(dict.fromkeys(one.name for one in self._open if one.name))

    def push(self, *pieces: CallPiece) -> None:
        """Take pieces."""
        for piece in pieces:
            self._push(piece)

    def _push(self, piece: CallPiece) -> None:
        at = next((at for at in range(len(self._open) - 1, -1, -1) if self._continues(self._open[at], piece)), None)
        if at is None:
            self._open.append(piece)
            return
        had = self._open[at]
        again = piece.arguments == had.arguments and _arguments(had.arguments)[1] is None
        # Some say first that there are none, and some all of them once more at the end.
        anew = again or had.arguments == "{}" or isinstance(piece.arguments, dict) or isinstance(had.arguments, dict)
        more = piece.arguments if anew else f"{had.arguments}{piece.arguments}"
        self._open[at] = CallPiece(had.place, had.id or piece.id, had.name or piece.name, more or had.arguments)

    def made(self) -> list[Called]:
        """The calls, once no more comes."""
        found = []
        for one in self._open:
            arguments, wrong = _arguments(one.arguments)
            written = one.arguments if isinstance(one.arguments, str) else json.dumps(one.arguments, ensure_ascii=False)
            wrong = wrong or (None if one.name else "it names no tool")
            found.append(Called(one.id, one.name, None if wrong else arguments, f"{one.name}{written}", wrong))
        return found

    @staticmethod
    def _continues(had: CallPiece, piece: CallPiece) -> bool:
        if piece.place is not None and had.place is not None and piece.place != had.place:
            return False
        if piece.id and had.id:
            return piece.id == had.id
        return not (piece.name and had.name and _arguments(had.arguments)[1] is None and had.arguments)


def _arguments(written: str | dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """The arguments of a call, and what is wrong with them."""
    if isinstance(written, dict):
        return written, None
    try:
        value = json.loads(written) if written.strip() else {}
    except ValueError as error:
        return None, f"its arguments are not JSON: {error}"
    return (value, None) if isinstance(value, dict) else (None, "its arguments are not a JSON object")


def _present(value: Any) -> bool:
    return value is not None and value not in ({}, "", [])


def member(owner: Any, field: str) -> Any:
    """A field of what a server sent, as the client's record or as plain JSON; None where it is not there."""
    return owner.get(field) if isinstance(owner, dict) else getattr(owner, field, None)

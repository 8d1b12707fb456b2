"""Owns what may be asked: texts, messages, contents in parts, as the messages that engines take. Knows no engine and no template."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from json import loads
from typing import Any

from pydantic import BaseModel, ValidationError

from modelcatalog.chat import showing
from modelcatalog.engines import Message, ToolCall, well_formed
from modelcatalog.engines.media import Medium
from modelcatalog.errors import Unsupported, shown

__all__ = ["Asked", "Content", "instructions", "messages", "paired", "text", "turn"]

Asked = str | Sequence[Message | Mapping[str, Any]]
"""A prompt: the user's text, a conversation as messages (or dicts with ``role`` and ``content``), or the parts of one text."""

Content = str | Sequence[str | Medium | Mapping[str, Any]]
"""What one message says: a text, or texts, images and recordings in their order."""

_ROLES = ("system", "user", "assistant", "tool")
_MORE = {"assistant": ("tool_calls",), "tool": ("tool_call_id", "name")}
"""What messages of a role may have beside their content."""
_CALL = 'write {"id": …, "type": "function", "function": {"name": …, "arguments": {…}}}'
_WAYS = {
    "developer": "give instructions of a developer the role 'system': templates that know a developer take it for that",
    "function": "what a function returned has the role 'tool'",
    "model": "what the model said has the role 'assistant'",
    "human": "what a person said has the role 'user'",
}


def messages(prompt: Asked, system: str | None = None) -> tuple[Message, ...]:
    """A prompt as messages.

    Args:
        prompt: What was asked.
        system: The system prompt, before them.

    Raises:
        Unsupported: it is not a prompt, has an unknown role or a part that is not text, or is not Unicode.

    >>> messages([{"role": "user", "content": [{"type": "text", "text": "hello"}]}])
    (Message(role='user', content='hello'),)
    """
    first = instructions(system)
    if isinstance(prompt, str) or _parts(prompt):
        return (*first, _message("user", prompt, "the prompt"))
    if isinstance(prompt, bytes | Mapping | BaseModel) or not isinstance(prompt, Iterable):  # records can be gone over too, field by field
        message = f"a prompt is a text or a list of messages, not {_kind(prompt)}"
        hint = "decode it first" if isinstance(prompt, bytes) else "put the message into a list" if isinstance(prompt, Mapping | Message) else "pass a str"
        raise Unsupported(message, subject=shown(prompt), hint=hint)
    rest = paired([_read(one, place) for place, one in enumerate(prompt, 1)])
    if not rest:
        message = "there is no message to answer"
        raise Unsupported(message, subject="[]", hint="pass at least one message of the user")
    if rest[-1].role == "assistant" and rest[-1].content:
        message = "the last message is the assistant's own: the reply is another turn behind it, and does not continue it"
        warnings.warn(f"{message}; end with a message of the user, or use .complete(text)", stacklevel=2)
    return (*first, *rest)


def instructions(system: object) -> tuple[Message, ...]:
    """A system prompt as the first message; none where there is nothing to say.

    Raises:
        Unsupported: it is neither a text nor text parts.
    """
    return () if system is None or not _content(system, "system=") else (_message("system", system, "system="),)


def turn(prompt: object, before: Sequence[Message] = ()) -> tuple[Message, ...]:
    """What comes next in a conversation: a text of the user, its parts, or messages of the tools that the model called.

    Args:
        prompt: What comes next.
        before: The conversation so far.

    Raises:
        Unsupported: it is none of these.
    """
    if isinstance(prompt, list | tuple) and prompt and all(_of_tool(one) for one in prompt):
        return paired([*before, *(_read(one, place) for place, one in enumerate(prompt, 1))])[len(before) :]
    if isinstance(prompt, list | tuple) and any(isinstance(one, Message) or (isinstance(one, Mapping) and "role" in one) for one in prompt):
        message = "a session keeps the conversation: its next turn is a text, or the parts of one, and these are messages"
        raise Unsupported(message, subject=shown(prompt), hint="pass the text of the last one, or give all of them to the model's own .chat")
    return (_message("user", prompt, "the prompt"),)


def paired(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Messages of tools with the id and the name of the call that each answers: templates and servers want one or the other.

    >>> call = ToolCall(id="call00001", name="now", arguments={})
    >>> paired([Message(role="assistant", content="", tool_calls=(call,)), Message(role="tool", content="12:00")])[1].name
    'now'
    """
    found: list[Message] = []
    waiting: list[ToolCall] = []
    for one in messages:
        waiting = list(one.tool_calls) or waiting
        call = None
        if one.role == "tool":
            fits = (lambda call, one=one: call.id == one.tool_call_id) if one.tool_call_id else lambda call, one=one: one.name in (None, call.name)
            call = next(filter(fits, waiting), None)
        if call is not None:
            waiting.remove(call)
            one = one.model_copy(update={"tool_call_id": one.tool_call_id or call.id, "name": one.name or call.name})  # noqa: PLW2901  filled in
        found.append(one)
    return tuple(found)


def text(value: object) -> str:
    """A text to continue.

    Raises:
        Unsupported: it is none.
    """
    if not isinstance(value, str):
        message = f"complete continues a text, not {_kind(value)}"
        raise Unsupported(message, subject=shown(value), hint="pass a str; conversations are for .chat, many prompts for .batch")
    return well_formed(value, "the text")


def _read(one: object, place: int) -> Message:
    if isinstance(one, Message):
        return one
    where = f"message {place}"
    if not isinstance(one, Mapping):
        message = f"{where} is {_kind(one)}: a message is a role ({', '.join(_ROLES)}) and a content"
        hint = "to ask many prompts use .batch" if isinstance(one, str) else 'write {"role": "user", "content": "…"}'
        raise Unsupported(message, subject=shown(one), hint=hint)
    called = one.get("role") == "assistant" and one.get("tool_calls")
    if lacks := [key for key in ("role", "content") if key not in one and not (called and key == "content")]:
        message = f"{where} has no {lacks[0]}: a message is a role ({', '.join(_ROLES)}) and a content"
        raise Unsupported(message, subject=shown(one), hint='write {"role": "user", "content": "…"}')
    more = _MORE.get(str(one["role"]), ())
    if extra := [str(key) for key, value in one.items() if key not in {"role", "content", *more} and value not in (None, [])]:
        message = f"{where} has {', '.join(extra)}, which no engine here reads: a message is a role and a content"
        raise Unsupported(message, subject=shown(one), hint="leave it out")
    content = one.get("content")
    given = {key: value for key in more if (value := one.get(key)) is not None}
    if "tool_calls" in given:
        given["tool_calls"] = _calls(given["tool_calls"], where)
    return _message(one["role"], "" if content is None and called else content, where, **given)


def _calls(given: object, where: str) -> tuple[ToolCall, ...]:
    """The calls of an assistant's message, as OpenAI or transformers write them: arguments as JSON, or as a mapping."""
    if not isinstance(given, list | tuple):
        message = f"the tool_calls of {where} are {_kind(given)}, not a list"
        raise Unsupported(message, subject=shown(given), hint=_CALL)
    found: list[ToolCall] = []
    for number, one in enumerate(given, 1):
        if isinstance(one, ToolCall):
            found.append(one)
            continue
        inner = one.get("function", one) if isinstance(one, Mapping) else None
        name, arguments = (inner.get("name"), inner.get("arguments")) if isinstance(inner, Mapping) else (None, None)
        if isinstance(arguments, str):
            try:
                arguments = loads(arguments or "{}")
            except ValueError as error:
                message = f"the arguments of call {number} in {where} are not JSON: {error}"
                raise Unsupported(message, subject=shown(one), hint=_CALL) from error
        try:
            ident = one.get("id") if isinstance(one, Mapping) else None
            found.append(ToolCall.model_validate({"id": ident or f"call{number:05}", "name": name, "arguments": {} if arguments is None else arguments}))
        except ValidationError as error:
            message = f"call {number} in {where} is not a call of a tool: {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg'].lower()}"
            raise Unsupported(message, subject=shown(one), hint=_CALL) from error
    return tuple(found)


def _message(role: object, content: object, where: str, **more: object) -> Message:
    if role not in _ROLES:
        message = f"{where} has the role {role!r}; there are {', '.join(_ROLES)}"
        hint = _WAYS.get(str(role), "give it one of these")
        raise Unsupported(message, subject=shown(role), hint=hint)
    try:
        return Message.model_validate({"role": role, "content": _content(content, where), "parts": showing.parts(content, where), **more})
    except ValidationError as error:
        message = f"{where} is not a message: {error.errors()[0]['msg'].lower()}"
        raise Unsupported(message, subject=shown(content), hint='write {"role": "user", "content": "…"}') from error


def _content(content: object, where: str) -> str:
    """A content as one text: parts are put together as templates do that take them, with nothing between."""
    if isinstance(content, str):
        return well_formed(content, where)
    if not isinstance(content, Sequence) or isinstance(content, bytes) or not all(isinstance(part, Mapping | str | Medium) for part in content):
        message = f"the content of {where} is {_kind(content)}, not a text or a list of text parts"
        raise Unsupported(message, subject=shown(content), hint='write a str, or [{"type": "text", "text": "…"}]')
    said = (part for part in content if not showing.shows(part))
    return well_formed("".join(part if isinstance(part, str) else _part(part, where) for part in said), where)


def _part(part: Mapping[str, Any], where: str) -> str:
    kind, words = part.get("type", "text"), part.get("text")
    if kind not in {"text", "input_text", "output_text"}:
        message = f"{where} has a part of type {kind!r}, and texts, images and recordings are read here"
        raise Unsupported(message, subject=shown(part), hint="leave it out, or describe it in a part of type 'text'")
    if not isinstance(words, str):
        message = f"a text part of {where} has no text"
        raise Unsupported(message, subject=shown(part), hint='write {"type": "text", "text": "…"}')
    return words


def _of_tool(one: object) -> bool:
    return (one.role if isinstance(one, Message) else one.get("role") if isinstance(one, Mapping) else None) == "tool"


def _parts(prompt: object) -> bool:
    """Whether a prompt is the parts of one content, and no list of messages."""
    listed = isinstance(prompt, Sequence) and not isinstance(prompt, bytes) and len(prompt) > 0
    return listed and all(isinstance(one, Mapping) and "role" not in one and "type" in one for one in prompt)  # type: ignore[attr-defined]


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"

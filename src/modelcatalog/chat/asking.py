"""Owns what may be asked: texts, messages, contents in parts, as the messages that engines take. Knows no engine and no template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from modelcatalog.chat import showing
from modelcatalog.engines import Image, Message, well_formed
from modelcatalog.errors import Unsupported

__all__ = ["Asked", "Content", "instructions", "messages", "text", "turn"]

Asked = str | Sequence[Message | Mapping[str, Any]]
"""A prompt: the user's text, a conversation as messages (or dicts with ``role`` and ``content``), or the parts of one text."""

Content = str | Sequence[str | Image | Mapping[str, Any]]
"""What one message says: a text, or texts and images in their order."""

_ROLES = ("system", "user", "assistant")
_SHOWN = 200
_WAYS = {
    "developer": "give instructions of a developer the role 'system': templates that know a developer take it for that",
    "tool": "tools are not called yet; write a tool's result into a message of the user",
    "function": "tools are not called yet; write a function's result into a message of the user",
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
    if isinstance(prompt, bytes | Mapping) or not isinstance(prompt, Iterable):
        message = f"a prompt is a text or a list of messages, not {_kind(prompt)}"
        hint = "decode it first" if isinstance(prompt, bytes) else "put the message into a list" if isinstance(prompt, Mapping) else "pass a str"
        raise Unsupported(message, subject=_shown(prompt), hint=hint)
    rest = tuple(_read(one, place) for place, one in enumerate(prompt, 1))
    if not rest:
        message = "there is no message to answer"
        raise Unsupported(message, subject="[]", hint="pass at least one message of the user")
    return (*first, *rest)


def instructions(system: object) -> tuple[Message, ...]:
    """A system prompt as the first message; none where there is nothing to say.

    Raises:
        Unsupported: it is neither a text nor text parts.
    """
    return () if system is None or not _content(system, "system=") else (_message("system", system, "system="),)


def turn(prompt: object) -> Message:
    """What the user says next in a conversation: a text, or its parts.

    Raises:
        Unsupported: it is neither.
    """
    return _message("user", prompt, "the prompt")


def text(value: object) -> str:
    """A text to continue.

    Raises:
        Unsupported: it is none.
    """
    if not isinstance(value, str):
        message = f"complete continues a text, not {_kind(value)}"
        raise Unsupported(message, subject=_shown(value), hint="pass a str; conversations are for .chat, many prompts for .batch")
    return well_formed(value, "the text")


def _read(one: object, place: int) -> Message:
    if isinstance(one, Message):
        return one
    where = f"message {place}"
    if not isinstance(one, Mapping):
        message = f"{where} is {_kind(one)}: a message is a role ({', '.join(_ROLES)}) and a content"
        hint = "to ask many prompts use .batch" if isinstance(one, str) else 'write {"role": "user", "content": "…"}'
        raise Unsupported(message, subject=_shown(one), hint=hint)
    if lacks := [key for key in ("role", "content") if key not in one]:
        message = f"{where} has no {lacks[0]}: a message is a role ({', '.join(_ROLES)}) and a content"
        raise Unsupported(message, subject=_shown(one), hint='write {"role": "user", "content": "…"}')
    if extra := [str(key) for key, value in one.items() if key not in {"role", "content"} and value is not None]:
        message = f"{where} has {', '.join(extra)}, which no engine here reads: a message is a role and a content"
        raise Unsupported(message, subject=_shown(one), hint="leave it out")
    return _message(one["role"], one["content"], where)


def _message(role: object, content: object, where: str) -> Message:
    if role not in _ROLES:
        message = f"{where} has the role {role!r}; there are {', '.join(_ROLES)}"
        hint = _WAYS.get(str(role), "give it one of these")
        raise Unsupported(message, subject=_shown(role), hint=hint)
    try:
        return Message.model_validate({"role": role, "content": _content(content, where), "parts": showing.parts(content, where)})
    except ValidationError as error:
        message = f"{where} is not a message: {error.errors()[0]['msg'].lower()}"
        raise Unsupported(message, subject=_shown(content), hint='write {"role": "user", "content": "…"}') from error


def _content(content: object, where: str) -> str:
    """A content as one text: parts are put together as templates do that take them, with nothing between."""
    if isinstance(content, str):
        return well_formed(content, where)
    if not isinstance(content, Sequence) or isinstance(content, bytes) or not all(isinstance(part, Mapping | str | Image) for part in content):
        message = f"the content of {where} is {_kind(content)}, not a text or a list of text parts"
        raise Unsupported(message, subject=_shown(content), hint='write a str, or [{"type": "text", "text": "…"}]')
    said = (part for part in content if not isinstance(part, Image) and not showing.shows(part))
    return well_formed("".join(part if isinstance(part, str) else _part(part, where) for part in said), where)


def _part(part: Mapping[str, Any], where: str) -> str:
    kind, words = part.get("type", "text"), part.get("text")
    if kind not in {"text", "input_text", "output_text"}:
        message = f"{where} has a part of type {kind!r}, and texts and images are read here"
        raise Unsupported(message, subject=_shown(part), hint="leave it out, or describe it in a part of type 'text'")
    if not isinstance(words, str):
        message = f"a text part of {where} has no text"
        raise Unsupported(message, subject=_shown(part), hint='write {"type": "text", "text": "…"}')
    return words


def _parts(prompt: object) -> bool:
    """Whether a prompt is the parts of one content, and no list of messages."""
    listed = isinstance(prompt, Sequence) and not isinstance(prompt, bytes) and len(prompt) > 0
    return listed and all(isinstance(one, Mapping) and "role" not in one and "type" in one for one in prompt)  # type: ignore[attr-defined]


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN]

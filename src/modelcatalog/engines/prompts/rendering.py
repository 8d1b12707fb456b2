"""Owns that what was said stands in the prompt: the form in which a template takes content, and what it leaves out.

Knows templates by what they make of messages, and no model. Vision templates loop over the parts of a content and write
nothing for a text; others write the list out, or refuse it. Which form a template takes is tried with words that stand
nowhere else, once for each order of roles.
"""

from __future__ import annotations

import html
import json
import re
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.engines import images
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelcatalog.engines import Message
    from modelcatalog.engines.prompts.templates import Renderer

__all__ = ["Forms", "Rendered"]

_KEPT = 256
"""Orders of roles whose form is remembered."""
_DISTINCT = 16
"""Characters of a text that do not stand in a prompt by chance."""
_WRITTEN_OUT = ("'type': 'text'", '"type": "text"', '"type":"text"')
_IMAGE_PARTS = ("image", "image_url")
"""What a template may call a part that is an image."""
_SHOWN = 40
_WORD = re.compile(r"\w+")


class Rendered(NamedTuple):
    """A prompt."""

    text: str
    tail: str
    """What the template wrote behind the last message: it begins the model's turn."""


class _Form(NamedTuple):
    parts: frozenset[str]
    """Roles whose content goes in as a list of parts."""
    missing: frozenset[int]
    """Messages that are left out in every form."""
    text: str | None
    """The rendering of the trial; None where the template refused it."""


class Forms:
    """Renders messages in the form that each template takes.

    Args:
        renderer: Renders.
        subject: The model, for messages.
    """

    def __init__(self, renderer: Renderer, subject: str) -> None:
        self._renderer = renderer
        self._subject = subject
        self._known: dict[tuple[object, ...], _Form] = {}

    def render(self, template: str, messages: Sequence[Message], values: Mapping[str, object]) -> Rendered:
        """The prompt of messages, with the words of each in it.

        Raises:
            Unsupported: the template leaves a message out, or refuses the messages.
            UnsafeRepository: as `Renderer.render`.
        """
        form = self._form(template, tuple(message.role for message in messages), values)
        text = self._pictured(template, messages, form, values) if images.of(messages) else self._plain(template, messages, form, values)
        seen = text.casefold()
        for place, message in enumerate(messages):
            lost = _lost(message, text, seen, doubtful=place in form.missing)
            if lost is not None:
                raise self._left_out(place, message, lost)
        return Rendered(text, _tail(text, messages, form))

    def _plain(self, template: str, messages: Sequence[Message], form: _Form, values: Mapping[str, object]) -> str:
        return self._renderer.render(template, [_shaped(m.role, m.content, form) for m in messages], **values)

    def _pictured(self, template: str, messages: Sequence[Message], form: _Form, values: Mapping[str, object]) -> str:
        """The prompt of messages with images, each of which has left its mark: without it, the prompt is another one."""
        for kind in _IMAGE_PARTS:
            shaped = [_shaped(m.role, m.content, form) if m.parts is None else _of_parts(m, kind) for m in messages]
            text = self._renderer.render(template, shaped, **values)
            lost = next((place for place, without in _each_without(shaped, kind) if self._renderer.render(template, without, **values) == text), None)
            if lost is None and not any(word in text for word in _written_out(kind)):
                return text
        message = f"the chat template of {self._subject} has no place for images: it leaves out that of message {(lost or 0) + 1}"
        raise Unsupported(message, subject=self._subject, hint="pass chat_template= with one that writes them, or load a checkpoint that brought one")

    def around_reply(self, template: str, values: Mapping[str, object]) -> tuple[str, str, str] | None:
        """What a template writes before the first content, behind an assistant's at the end of a conversation, and before the next turn.

        None where it takes no such conversation.
        """
        found: list[str] = []
        before = ""
        for roles in (("user", "assistant"), ("user", "assistant", "user")):
            form = self._form(template, roles, {**values, "add_generation_prompt": False})
            if form.text is None or form.missing:
                return None
            before = form.text[: form.text.casefold().find(_needle(0))]
            _, _, after = _split(form.text, 1)
            found.append(_split(after, 2)[0])
        return before, found[0], found[1]

    def _form(self, template: str, roles: tuple[str, ...], values: Mapping[str, object]) -> _Form:
        key = (template, roles, json.dumps(values, sort_keys=True, default=str))
        form = self._known.get(key)
        if form is None:
            form = self._tried(template, roles, values)
            # Begun anew when full, and each step whole: several threads come here.
            self._known = {**self._known, key: form} if len(self._known) < _KEPT else {key: form}
        return form

    def _tried(self, template: str, roles: tuple[str, ...], values: Mapping[str, object]) -> _Form:
        best: _Form | None = None
        for parts in _choices(roles):
            form = _Form(parts, frozenset(), None)
            trial = [_shaped(role, _needle(place), form) for place, role in enumerate(roles)]
            try:
                text = self._renderer.render(template, trial, **values)
            except Unsupported:
                continue
            out = parts and any(word in text for word in _WRITTEN_OUT)
            missing = frozenset(place for place in range(len(roles)) if out or _needle(place) not in text.casefold())
            form = _Form(parts, missing, text)
            if not missing:
                return form
            if best is None or len(missing) < len(best.missing):
                best = form
        # What a template refuses of the trial it may take of the messages themselves.
        return best or _Form(frozenset(), frozenset(), None)

    def _left_out(self, place: int, message: Message, lost: str) -> Unsupported:
        shown = lost if len(lost) <= _SHOWN else f"{lost[: _SHOWN - 1]}…"
        said = f"the chat template of {self._subject} leaves out what message {place + 1} ({message.role}) says: {shown!r}"
        way = "say it in the user's message, or " if message.role == "system" else ""
        return Unsupported(said, subject=self._subject, hint=f"{way}pass chat_template= with one that writes it")


def _needle(place: int) -> str:
    return f"qzx{place}vkj"


def _choices(roles: Iterable[str]) -> Iterable[frozenset[str]]:
    """Which roles take parts: none, all, then some."""
    kinds = sorted(set(roles))
    every = [frozenset(kind for kind, yes in zip(kinds, choice, strict=True) if yes) for choice in product((False, True), repeat=len(kinds))]
    return sorted(every, key=lambda parts: (0 < len(parts) < len(kinds), len(parts)))


def _shaped(role: str, content: str, form: _Form) -> dict[str, object]:
    return {"role": role, "content": [{"type": "text", "text": content}] if role in form.parts else content}


def _of_parts(message: Message, kind: str) -> dict[str, Any]:
    """A message as templates of vision models take it: they write a mark for each image."""
    parts = [{"type": "text", "text": part} if isinstance(part, str) else {"type": kind} for part in message.parts or ()]
    return {"role": message.role, "content": parts}


def _each_without(shaped: Sequence[Mapping[str, Any]], kind: str) -> Iterable[tuple[int, list[Mapping[str, Any]]]]:
    """The messages without one image, for each image, with the place of its message."""
    for place, message in enumerate(shaped):
        content = message["content"]
        for at, part in enumerate(content) if isinstance(content, list) else ():
            if part == {"type": kind}:
                yield place, [*shaped[:place], {**message, "content": [*content[:at], *content[at + 1 :]]}, *shaped[place + 1 :]]


def _written_out(kind: str) -> tuple[str, ...]:
    """How a template that takes no parts writes out one that is an image."""
    return (f"'type': '{kind}'", f'"type": "{kind}"', f'"type":"{kind}"')


def _split(text: str, place: int) -> tuple[str, str, str]:
    """A trial's rendering before, at and behind a message; templates may write it in other letters."""
    found = list(re.finditer(re.escape(_needle(place)), text, re.IGNORECASE))
    return (text[: found[-1].start()], found[-1].group(), text[found[-1].end() :]) if found else (text, "", "")


def _tail(text: str, messages: Sequence[Message], form: _Form) -> str:
    """What stands behind the last message; by the trial where the message's own words do not tell."""
    content = messages[-1].content.strip()
    if len(content) >= _DISTINCT and content in text:
        return text.rpartition(content)[2]
    if form.text is not None and len(messages) - 1 not in form.missing:
        own = _split(form.text, len(messages) - 1)[2]
        # A template may open the turn otherwise for these words, and short ones stand in it by chance.
        return own if text.endswith(own) else text
    return text


def _lost(message: Message, text: str, seen: str, *, doubtful: bool) -> str | None:
    """What a prompt lacks of a message, None if nothing: white space, escapes, the size of letters and thinking do not count.

    Args:
        message: The message.
        text: The prompt.
        seen: The same, case folded.
        doubtful: The trial did not find this message, so only a text that stands nowhere by chance counts.
    """
    content = message.content.strip()
    known = vocabulary.thinking()
    if message.role == "assistant":
        for mark in known.mark:
            for close in mark.close:
                content = content.rpartition(close)[2].strip() if close in content else content
    else:
        for command in known.commands:
            content = content.replace(command, "").strip()
    if not content:
        return None
    if doubtful:
        squeezed = "".join(content.split())
        return None if len(squeezed) >= _DISTINCT and squeezed in "".join(text.split()) else content
    if content in text or json.dumps(content)[1:-1] in text or html.escape(content) in text:
        return None
    at = 0
    for word in _WORD.finditer(content):
        at = seen.find(word.group().casefold(), at)
        if at < 0:
            return content[word.start() :]
        at += len(word.group())
    return None

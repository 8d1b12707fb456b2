"""Owns that what was said stands in the prompt: the form in which a template takes content, and what it leaves out.

Knows templates by what they make of messages, and no model. Vision templates loop over the parts of a content and write
nothing for a text; others write the list out, or refuse it. Which form a template takes is tried with words that stand
nowhere else, once for each order of roles. Calls of tools have forms too: some templates want the arguments as a mapping,
some as JSON, some know a call by a content that is None, and some write the id of a call in place of its name.
"""

from __future__ import annotations

import html
import json
import re
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.engines import Audio, Image, media
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelcatalog.engines import Message
    from modelcatalog.engines.prompts.templates import Renderer
    from modelcatalog.engines.tools import ToolCall

__all__ = ["Forms", "NoPlace", "Rendered"]

_KEPT = 256
"""Orders of roles whose form is remembered."""
_DISTINCT = 16
"""Characters of a text that do not stand in a prompt by chance."""
_WRITTEN_OUT = ("'type': 'text'", '"type": "text"', '"type":"text"')
_PARTS: dict[type[media.Medium], tuple[str, ...]] = {Image: ("image", "image_url"), Audio: ("audio", "audio_url", "input_audio")}
"""What a template may call a part that is an image, or a recording."""
_LACKS: dict[type[media.Medium], str] = {Image: "has no place for images", Audio: "has no place for recordings"}
_SHOWN = 40
_WORD = re.compile(r"\w+")


class NoPlace(Unsupported):
    """A template leaves out an image or a recording."""


class Rendered(NamedTuple):
    """A prompt."""

    text: str
    tail: str
    """What the template wrote behind the last message: it begins the model's turn."""


class _Shape(NamedTuple):
    """What of a message its form depends on, beside the words."""

    role: str
    calls: tuple[ToolCall, ...] = ()
    answers: tuple[str | None, str | None] = (None, None)
    """The id and the name of the call that a tool's message answers."""
    empty: bool = False


class _Way(NamedTuple):
    """How calls of tools go in."""

    mapping: bool = True
    """Whether their arguments are a mapping, and not JSON."""
    nothing: str | None = ""
    """The content beside a call, where nothing was said."""
    ids: str | None = None
    """How calls are called, where their own ids do not do: with the name in it for Kimi K2, nine letters and digits for Mistral."""


_WAYS = (
    _Way(), _Way(nothing=None), _Way(mapping=False, nothing=None), _Way(mapping=False),
    _Way(ids="functions.{name}:{number}"), _Way(ids="call{number:05}"),
)  # fmt: skip


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
        refused: Unsupported | None = None
        for way in _WAYS if any(message.tool_calls for message in messages) else _WAYS[:1]:
            try:
                return self._rendered(template, messages, values, way)
            except Unsupported as error:
                refused = refused or error
        raise refused or self._left_out(0, messages[0], messages[0].content)

    def refuse_silent(self, template: str, messages: Sequence[Message], values: Mapping[str, object], names: Iterable[str], text: str) -> None:
        """Raise `Unsupported` where a prompt does not tell of the tools that its template was given.

        Args:
            template: The template.
            messages: The messages.
            values: What it was given.
            names: What it may call the tools.
            text: The prompt.
        """
        told = [name for name in names if name in values]
        if told and text == self.render(template, messages, {key: value for key, value in values.items() if key not in told}).text:
            message = f"the chat template of {self._subject} does not tell the model of tools in this conversation"
            raise Unsupported(message, subject="tools", hint="pass chat_template= with one that writes them, or describe the tools in the system prompt")

    def _rendered(self, template: str, messages: Sequence[Message], values: Mapping[str, object], way: _Way) -> Rendered:
        messages = messages if way.ids is None else _renumbered(messages, way.ids)
        form = self._form(template, tuple(map(_shape, messages)), values, way)
        text = self._pictured(template, messages, form, values, way) if media.of(messages) else self._plain(template, messages, form, values, way)
        seen = text.casefold()
        for place, message in enumerate(messages):
            # Many templates leave out what was said beside a call, as they do with thinking.
            doubtful = place in form.missing
            lost = _lost_call(message, text, seen, unnamed=doubtful) if message.tool_calls else _lost(message, text, seen, doubtful=doubtful)
            if lost is not None:
                raise self._left_out(place, message, lost)
        return Rendered(text, _tail(text, messages, form))

    def _plain(self, template: str, messages: Sequence[Message], form: _Form, values: Mapping[str, object], way: _Way) -> str:
        return self._renderer.render(template, [_shaped(_shape(m), m.content, form, way) for m in messages], **values)

    def _pictured(self, template: str, messages: Sequence[Message], form: _Form, values: Mapping[str, object], way: _Way) -> str:
        """The prompt of messages with images or recordings, each of which has left its mark: without it, the prompt is another one."""
        kinds = list(dict.fromkeys(map(type, media.of(messages))))
        lost: tuple[int, str] | None = None
        for words in product(*(_PARTS[kind] for kind in kinds)):
            named = dict(zip(kinds, words, strict=True))
            shaped = [_shaped(_shape(m), m.content, form, way) if m.parts is None else _of_parts(m, named) for m in messages]
            try:
                text = self._renderer.render(template, shaped, **values)
                each = _each_without(shaped, words)
                lost = next(((place, word) for place, word, without in each if self._renderer.render(template, without, **values) == text), None)
            except Unsupported as error:
                raise NoPlace(error.message, subject=error.subject, hint=error.hint) from error
            if lost is None and not any(out in text for word in words for out in _written_out(word)):
                return text
        place, word = lost or (0, words[0])
        lacks = next(_LACKS[kind] for kind in kinds if word in _PARTS[kind])
        message = f"the chat template of {self._subject} {lacks}: it leaves out that of message {place + 1}"
        raise NoPlace(message, subject=self._subject, hint="pass chat_template= with one that writes them, or load a checkpoint that brought one")

    def around_reply(self, template: str, values: Mapping[str, object]) -> tuple[str, str, str, str] | None:
        """What a template writes before the first content, before an assistant's, behind it at the end of a conversation, and before the next turn.

        None where it takes no such conversation.
        """
        found: list[str] = []
        begins = opens = ""
        for roles in (("user", "assistant"), ("user", "assistant", "user")):
            form = self._form(template, tuple(map(_Shape, roles)), {**values, "add_generation_prompt": False}, _WAYS[0])
            if form.text is None or form.missing:
                return None
            begins, _, rest = _split(form.text, 0)
            opens, _, after = _split(rest, 1)
            found.append(_split(after, 2)[0])
        return begins, opens, found[0], found[1]

    def _form(self, template: str, shapes: tuple[_Shape, ...], values: Mapping[str, object], way: _Way) -> _Form:
        key = (template, repr(shapes), way, json.dumps(values, sort_keys=True, default=str))
        form = self._known.get(key)
        if form is None:
            form = self._tried(template, shapes, values, way)
            # Begun anew when full, and each step whole: several threads come here.
            self._known = {**self._known, key: form} if len(self._known) < _KEPT else {key: form}
        return form

    def _tried(self, template: str, shapes: tuple[_Shape, ...], values: Mapping[str, object], way: _Way) -> _Form:
        best: _Form | None = None
        for parts in _choices(shape.role for shape in shapes):
            form = _Form(parts, frozenset(), None)
            trial = [_shaped(_renamed(shape, place), "" if shape.empty else _needle(place), form, way) for place, shape in enumerate(shapes)]
            try:
                text = self._renderer.render(template, trial, **values)
            except Unsupported:
                continue
            out = parts and any(word in text for word in _WRITTEN_OUT)
            seen = text.casefold()
            missing = frozenset(place for place, shape in enumerate(shapes) if out or not all(word in seen for word in _needles(shape, place)))
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


def _needles(shape: _Shape, place: int) -> list[str]:
    """The words of a trial that a prompt must have: of a call its name, for what is said beside it is left out by many."""
    return [f"{_needle(place)}{number}" for number in range(len(shape.calls))] or [_needle(place)]


def _renamed(shape: _Shape, place: int) -> _Shape:
    names = _needles(shape, place)
    pairs = zip(shape.calls, names, strict=False)
    return shape._replace(calls=tuple(call.model_copy(update={"name": name, "id": call.id.replace(call.name, name)}) for call, name in pairs))


def _renumbered(messages: Sequence[Message], form: str) -> list[Message]:
    """Messages whose calls have ids of this form."""
    called = (call for message in messages for call in message.tool_calls)
    ids = {call.id: form.format(name=call.name, number=number) for number, call in enumerate(called)}
    return [
        message.model_copy(
            update={
                "tool_calls": tuple(call.model_copy(update={"id": ids[call.id]}) for call in message.tool_calls),
                "tool_call_id": ids.get(message.tool_call_id or "", message.tool_call_id),
            }
        )
        for message in messages
    ]


def _choices(roles: Iterable[str]) -> Iterable[frozenset[str]]:
    """Which roles take parts: none, all, then some."""
    kinds = sorted(set(roles))
    every = [frozenset(kind for kind, yes in zip(kinds, choice, strict=True) if yes) for choice in product((False, True), repeat=len(kinds))]
    return sorted(every, key=lambda parts: (0 < len(parts) < len(kinds), len(parts)))


def _shape(message: Message) -> _Shape:
    return _Shape(message.role, message.tool_calls, (message.tool_call_id, message.name), empty=not message.content and message.role == "assistant")


def _shaped(shape: _Shape, content: str, form: _Form, way: _Way) -> dict[str, object]:
    """A message as templates take it; keys that say nothing are left out, since templates ask whether they are there."""
    said: object = [{"type": "text", "text": content}] if shape.role in form.parts and content else content
    if shape.calls and not content:
        said = way.nothing
    shaped: dict[str, object] = {"role": shape.role, "content": said}
    if shape.calls:
        shaped["tool_calls"] = [
            {
                "type": "function",
                "id": one.id,
                "function": {"name": one.name, "arguments": one.arguments if way.mapping else _json(one.arguments)},
            }
            for one in shape.calls
        ]
    ident, name = shape.answers
    return shaped | {key: value for key, value in (("tool_call_id", ident), ("name", name)) if value is not None}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _of_parts(message: Message, named: Mapping[type[Any], str]) -> dict[str, Any]:
    """A message as templates of such models take it: they write a mark for each image, and for each recording."""
    parts = [{"type": "text", "text": part} if isinstance(part, str) else {"type": named[type(part)]} for part in message.parts or ()]
    return {"role": message.role, "content": parts}


def _each_without(shaped: Sequence[Mapping[str, Any]], words: Iterable[str]) -> Iterable[tuple[int, str, list[Mapping[str, Any]]]]:
    """The messages without one image or recording, for each of them, with the place of its message and what it is called."""
    for place, message in enumerate(shaped):
        content = message["content"]
        for at, part in enumerate(content) if isinstance(content, list) else ():
            if part["type"] in words:
                yield place, part["type"], [*shaped[:place], {**message, "content": [*content[:at], *content[at + 1 :]]}, *shaped[place + 1 :]]


def _written_out(kind: str) -> tuple[str, ...]:
    """How a template that takes no parts writes one out."""
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
    # An image or a recording stands between two texts, and parts what would be one word.
    each = (message.content,) if message.parts is None else [part for part in message.parts if isinstance(part, str)]
    texts = [said for part in each if (said := _owed(message.role, part.strip()))]
    if doubtful:
        squeezed = ["".join(said.split()) for said in texts]
        within = "".join(text.split())
        return next((said for said, tight in zip(texts, squeezed, strict=True) if len(tight) < _DISTINCT or tight not in within), None)
    at = 0
    for said in texts:
        if said in text or json.dumps(said)[1:-1] in text or html.escape(said) in text:
            continue
        for word in _WORD.finditer(said):
            at = seen.find(word.group().casefold(), at)
            if at < 0:
                return said[word.start() :]
            at += len(word.group())
    return None


def _owed(role: str, said: str) -> str:
    """What of a text a prompt must have: no thinking of an assistant's, and no commands of others."""
    known = vocabulary.thinking()
    if role == "assistant":
        for mark in known.mark:
            for close in mark.close:
                said = said.rpartition(close)[2].strip() if close in said else said
        return said
    for command in known.commands:
        said = said.replace(command, "").strip()
    return said


def _lost_call(message: Message, text: str, seen: str, *, unnamed: bool) -> str | None:
    """What a prompt lacks of a message's calls, None if nothing: their names, and the words of their arguments.

    Args:
        message: The message.
        text: The prompt.
        seen: The same, case folded.
        unnamed: The trial did not find the names, so that they stand elsewhere, as among the tools.
    """
    for call in message.tool_calls:
        if unnamed or call.name not in text:
            return f"{call.name}({_json(call.arguments)[1:-1]})"
        if call.arguments and repr(call.arguments) in text and repr(call.arguments) not in (_json(call.arguments), json.dumps(call.arguments)):
            return _json(call.arguments)  # a mapping that was written as Python writes it
        if call.arguments and _json(call.arguments).replace('"', '\\"') in text and _json(call.arguments) not in text:
            return _json(call.arguments)  # JSON that was written as JSON again
        for leaf in _leaves(call.arguments):
            if any(word.group().casefold() not in seen for word in _WORD.finditer(leaf)) and json.dumps(leaf)[1:-1] not in text:
                return leaf
    return None


def _leaves(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)

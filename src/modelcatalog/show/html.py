"""Owns HTML: fragments that show a name, a record, a plan or a reply, on any page. Knows their fields, and makes none.

Each fragment stands alone: no script, no style sheet, no address, and nothing of a name but as text. Its styles are
inline, because notebooks and their viewers remove the rest, and its colours are half transparent over the page's own
ground, so that they need not know whether that is light or dark.

>>> import modelcatalog
>>> from modelcatalog.show import html
>>> print(html.explain(modelcatalog.parse("Qwen3-8B"))[:25])
<div class="modelcatalog"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modelcatalog.records import ModelName
from modelcatalog.show import explained, tags
from modelcatalog.show.labels import KIND_OF, labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelcatalog.show.labels import Labels, Language

__all__ = ["Reply", "explain", "growing", "name", "plan", "record", "reply"]


class _Call(Protocol):
    @property
    def name(self) -> str:
        """The tool."""

    @property
    def arguments(self) -> Mapping[str, object]:
        """What it is called with."""


class _Usage(Protocol):
    @property
    def completion_tokens(self) -> int:
        """How many tokens it has."""


class Reply(Protocol):
    """What is shown of a reply."""

    @property
    def text(self) -> str:
        """The answer."""

    @property
    def thinking(self) -> str | None:
        """What the model thought."""

    @property
    def tool_calls(self) -> Sequence[_Call]:
        """The tools that it calls."""

    @property
    def finish_reason(self) -> str:
        """How it ended."""

    @property
    def usage(self) -> _Usage:
        """What it took."""

    @property
    def seconds_to_first_token(self) -> float | None:
        """How long nothing came."""

    @property
    def tokens_per_second(self) -> float | None:
        """How fast the rest came."""

    @property
    def error(self) -> Exception | None:
        """What went wrong."""


def explain(name: ModelName, *, language: Language = "en") -> str:
    """A name with its segments coloured and labelled, and under it a table of its facts and where each came from.

    Args:
        name: A parsed name.
        language: The labels' language.
    """
    say = labels(language)
    rows = [
        tags.row(tags.key(fact.label, fact.kind), tags.text(fact.value), tags.faint("" if fact.origin is None else say.origins[fact.origin]))
        for fact in explained.facts(name, say)
    ]
    return tags.block(_line(name, say) + tags.table(rows, (say.fact, say.value, say.origin)), language)


def name(name: ModelName, *, language: Language = "en") -> str:
    """A name with its segments coloured and labelled, and nothing more."""
    return tags.block(_line(name, labels(language)), language)


def _line(name: ModelName, say: Labels) -> str:
    return tags.line(tags.part(part.text, part.kind, part.label, part.meaning) for part in explained.parts(name, say))


def record(record: Any, *, language: Language = "en") -> str:
    """A record as a table of what it holds, a record inside it in one line; a name as `explain` has it."""
    if isinstance(record, ModelName):
        return explain(record, language=language)
    say, kind = labels(language), type(record).__name__.lower()
    rows = [
        tags.row(tags.key(say.field(f"{kind}.{field}"), KIND_OF.get(field, "")), tags.text(explained.shown(value, say)))
        for field in (*type(record).model_fields, *type(record).model_computed_fields)
        if (value := getattr(record, field)) is not None and value not in ((), "")
    ]
    return tags.block(tags.table(rows), language)


def plan(name: ModelName, rows: Iterable[tuple[str, str]], *, figure: str = "", language: Language = "en") -> str:
    """A plan: its name in segments, under it the rows of its text form, then its picture, which is markup already."""
    lines = [tags.row(tags.key(label, ""), tags.text(text)) for label, text in rows]
    return tags.block(_line(name, labels(language)) + tags.table(lines) + figure, language)


def reply(reply: Reply, *, language: Language = "en") -> str:
    """A reply's text and the tools that it calls, what the model thought folded above it, and a line on how it ended."""
    calls = (f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})" for call in reply.tool_calls)
    text = "\n".join(filter(None, (reply.text, *calls)))
    return tags.block(_said(reply.thinking, text, labels(language)) + tags.note(_ended(reply, labels(language))), language)


def growing(text: str, *, language: Language = "en") -> str:
    """A reply whose end has not come."""
    return tags.block(tags.prose(f"{text} …"), language)


def _said(thinking: str | None, text: str, say: Labels) -> str:
    return (tags.folded(say.thinking, thinking) if thinking else "") + tags.prose(text)


def _ended(reply: Reply, say: Labels) -> str:
    tokens, speed, first = say.replied
    parts = [
        tokens.format(tokens=reply.usage.completion_tokens),
        None if reply.tokens_per_second is None else speed.format(speed=reply.tokens_per_second),
        None if reply.seconds_to_first_token is None else first.format(first=reply.seconds_to_first_token),
        reply.finish_reason,
        None if reply.error is None else str(reply.error),
    ]
    return " · ".join(part for part in parts if part)

"""Owns calls of tools in a reply: which way of writing them a checkpoint has, and parting them from the answer. Knows no token's number.

transformers' response parser reads them. The ways stand in data/tools.toml, in its own language; a checkpoint's own
``response_template`` comes first where it is made of literals, since patterns would be a stranger's regular expressions.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from modelcatalog import installing, vocabulary
from modelcatalog.engines import Called
from modelcatalog.engines.prompts.thinking import Piece
from modelcatalog.entries import WayEntry
from modelcatalog.errors import MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from modelcatalog.engines.tools import Tool

__all__ = ["Calls", "own_way", "spelled", "unread", "way"]

_NAMES = ("name", "tool_name")
_ARGUMENTS = ("arguments", "parameters")
_IDS = ("id", "tool_call_id")
_PATTERNS = {"open_pattern", "close_pattern", "tag_pattern"}


def unread(text: str) -> str | None:
    r"""The mark of a call that was left in a text, None if there is none: all marks of one way stand in it.

    >>> unread('<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'), unread("a <tool_call> is a tag")
    ('<tool_call>', None)
    """
    return next((one.marks[0] for one in vocabulary.tools().way if not one.bare and all(mark in text for mark in one.marks)), None)


def own_way(stated: object) -> WayEntry | None:
    """The way that a checkpoint states in its ``response_template``; None where it states none, or by patterns."""
    fields = stated.get("fields") if isinstance(stated, dict) else None
    field = fields.get("tool_calls") if isinstance(fields, dict) else None
    if not isinstance(field, dict) or "open" not in field or _patterned(field):
        return None
    return WayEntry(marks=(), field=field)


def way(template: str, is_token: Callable[[str], bool], subject: str) -> WayEntry:
    """How a checkpoint writes calls, by the marks in its chat template, else among its added tokens.

    Raises:
        Unsupported: in no way that is known here.
    """
    known = vocabulary.tools().way
    for there in (lambda mark: mark in template, lambda mark: mark in template or is_token(mark)):
        for one in known:
            if all(map(there, one.marks)):
                return one
    families = ", ".join(dict.fromkeys(family for one in known for family in one.families))
    message = f"{subject} writes calls of tools in a way that is not known here"
    raise Unsupported(message, subject="tools", hint=f"the ways of these families are: {families}; or serve it, and use engine='openai'")


def spelled(entry: WayEntry) -> frozenset[str]:
    """What a way needs as letters where it is a token: decoding would lose it."""
    ends = (entry.field.get(key) for key in ("open", "close"))
    literals = (word for end in ends for word in (end if isinstance(end, list) else [end]) if isinstance(word, str))
    return frozenset((*entry.marks, *entry.around, *entry.tokens, *literals))


class Calls:
    """Parts calls from the text of an answer.

    Args:
        entry: How they are written.
        tools: What was offered.
        subject: The model, for messages.

    Raises:
        Unsupported: the transformers that is installed reads none.
        MissingPackage: it is not installed.
    """

    def __init__(self, entry: WayEntry, tools: Sequence[Tool], subject: str) -> None:
        try:
            from transformers.utils.chat_parsing import ResponseParser
        except ImportError as error:
            raise _lacking(error) from error
        fields = {
            "tool_calls": {**entry.field, "repeats": True, "optional": True},
            "content": {"content": "text", "content_args": {"strip": False}},
        }
        # A field each, since an event does not say which mark opened it; the next letter closes it.
        self._around = {f"around{number}": mark for number, mark in enumerate(entry.around)}
        fields |= {name: {"open": mark, "close_pattern": "", "content": "text"} for name, mark in self._around.items()}
        self._entry = entry
        self._names = {tool.name for tool in tools}
        template, schemas = {"start_anchor": "\0", "fields": fields}, [tool.schema for tool in tools]

        def new() -> Any:
            return ResponseParser(template, prefix="", tools=schemas)

        self._new = new
        try:
            self._parser = self._new()
        except ValueError as error:
            message = f"the transformers that is installed cannot read calls of tools as {subject} writes them: {error}"
            raise Unsupported(message, subject="tools", hint='update it: pip install -U "transformers"') from error
        self._raw: list[str] | None = None
        """The text of the call that is being read."""
        self._space = ""
        """White space and marks around calls, which belong to nobody if a call follows."""
        self._behind = False
        """Whether a call came just before."""

    def push(self, text: str) -> list[Piece | Called]:
        """Take text of the answer; what is certain."""
        out: list[Piece | Called] = []
        for letter in text:  # an error ends the parser, and with it what came in the same breath
            try:
                events = self._parser.feed(letter)
            except (ValueError, KeyError, TypeError) as error:
                out += self._broken(error)
            else:
                out += self._read(events)
        return out

    def rest(self, *, done: bool) -> list[Piece | Called]:
        """What was held back, once no more comes.

        Args:
            done: The reply came to its own end, and was not cut.
        """
        out: list[Piece | Called] = []
        whole = self._entry.field.get("content") == "json"  # where the text itself tells whether it is complete
        if self._raw is not None and not (done and whole):
            out.append(Called("", "", None, "".join(self._raw), "the reply ended in the middle of it"))
        else:
            try:
                _, events = self._parser.finalize()
            except (ValueError, KeyError, TypeError) as error:
                out += self._broken(error)
            else:
                out += self._read(events)
        self._parser, self._raw = self._new(), None
        if self._space and not self._behind:
            out.append(Piece(self._space, thinking=False))
        self._space = ""
        return out

    def _read(self, events: Iterable[Mapping[str, Any]]) -> list[Piece | Called]:
        out: list[Piece | Called] = []
        for event in events:
            kind, field = event["type"], event["field"]
            if field == "content" and kind == "region_chunk":
                out += self._text(event["text"])
            elif field in self._around and kind == "region_open":
                self._space += "" if self._behind else self._around[field]
            elif field == "tool_calls" and kind == "region_open":
                self._space, self._behind, self._raw = "", True, []
            elif field == "tool_calls" and kind == "region_chunk" and self._raw is not None:
                self._raw.append(event["text"])
            elif field == "tool_calls" and kind == "region_close":
                raw, self._raw = "".join(self._raw or ()), None
                out += self._calls(event["value"], raw)
        return out

    def _text(self, text: str) -> list[Piece | Called]:
        if not text.strip():
            self._space += text
            return []
        said = self._space + text
        kept = (said.lstrip() if self._behind else said).rstrip()
        self._space, self._behind = said[len(said.rstrip()) :], False
        return [Piece(kept, thinking=False)]

    def _calls(self, value: Any, raw: str) -> list[Piece | Called]:
        """The calls of a region: one, or a list of them."""
        out: list[Piece | Called] = []
        for one in value if isinstance(value, list) else [value]:
            inner = one.get("function", one) if isinstance(one, dict) else None
            inner = inner if isinstance(inner, dict) else one if isinstance(one, dict) else {}
            name = _first(inner, _NAMES) or (one.get("function") if isinstance(one, dict) else None)
            arguments = _first(inner, _ARGUMENTS)
            known = isinstance(name, str) and name in self._names
            if self._entry.bare and not (known and arguments is not None):
                return [*out, *self._answered(raw)]
            if isinstance(arguments, str):
                try:
                    arguments = json.loads(arguments or "{}")
                except ValueError as error:
                    out.append(Called("", str(name or ""), None, raw, f"its arguments are not JSON: {error}"))
                    continue
            arguments = {} if arguments is None else arguments
            if not isinstance(name, str) or not name:
                out.append(Called("", "", None, raw, "it names no tool"))
            elif not isinstance(arguments, dict) or self._left(raw):
                out.append(Called("", name, None, raw, "its arguments cannot be read"))
            else:
                ident = _first(one, _IDS)
                out.append(Called(ident if isinstance(ident, str) else "", name, arguments, raw))
        return out

    def _left(self, raw: str) -> bool:
        """Whether tags were not read as arguments: a value with a closing tag of its own would be cut without a word."""
        stated = self._entry.field.get("content_args")
        tags = stated.get("tag_pattern") if isinstance(stated, dict) else None
        return isinstance(tags, str) and bool(re.sub(tags, "", raw, flags=re.DOTALL).strip())

    def _broken(self, error: Exception) -> list[Piece | Called]:
        raw, self._raw = "".join(self._raw or ()), None
        self._parser = self._new()
        reason = error.__cause__ or error
        return [Called("", "", None, raw, f"it cannot be read: {reason}")]

    def _answered(self, raw: str) -> list[Piece | Called]:
        self._behind = False
        return [Piece(raw, thinking=False)]


def _first(owner: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((owner[name] for name in names if owner.get(name) is not None), None)


def _patterned(stated: object) -> bool:
    """Whether a part of a response template holds patterns."""
    if isinstance(stated, dict):
        return not _PATTERNS.isdisjoint(stated) or any(map(_patterned, stated.values()))
    return isinstance(stated, list) and any(map(_patterned, stated))


def _lacking(error: ImportError) -> Unsupported | MissingPackage:
    try:
        from transformers import __version__ as version
    except ImportError:
        install = installing.line("chat")
        return MissingPackage("reading calls of tools needs transformers", subject="tools", install=install)
    message = f"transformers {version} does not read calls of tools: {error}"
    return Unsupported(message, subject="tools", hint='update it: pip install -U "transformers>=5.23"')

"""Owns keeping a reply within its constraint: which tokens may come next, by the library llguidance. Knows no model and no text.

llguidance and xgrammar were both measured (docs/engines.md): beside a model's own time both cost nothing, and this one needs no other package.
"""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any

from modelcatalog import installing
from modelcatalog.errors import EngineError, MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.engines import Constraint
    from modelcatalog.engines.text import Writer

__all__ = ["Guide", "Guides"]

_SPACING = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
"""JSON as `json.dumps` writes it: where white space is free, small models write it for ever."""


class Guides:
    """Makes guides for one tokenizer; the vocabulary is read once, with the first of them.

    Args:
        vocabulary: Makes llguidance's tokenizer.
        subject: The model, for messages.
    """

    def __init__(self, vocabulary: Callable[[], Any], subject: str) -> None:
        self._make = vocabulary
        self._subject = subject
        self._read: Any = None
        self._lock = threading.Lock()

    def guide(self, constraint: Constraint | None, writer: Writer) -> Guide | None:
        """A guide for one reply; None where the reply is free.

        Args:
            constraint: What the answer must match.
            writer: Writes the reply: the thinking before the answer is free, and the reply is over where nothing can follow.

        Raises:
            MissingPackage: llguidance is not installed.
            Unsupported: the constraint has something that it does not know, or the tokenizer is of an old kind.
        """
        if constraint is None:
            return None
        try:
            from llguidance import LLMatcher
        except ImportError as error:
            message = "keeping a reply within a schema, choices or a pattern needs llguidance"
            raise MissingPackage(message, subject=self._subject, install=installing.line("chat")) from error
        matcher = LLMatcher(self._vocabulary(), _grammar(LLMatcher, constraint), log_level=0)
        if matcher.is_error():
            said = matcher.get_error().strip().splitlines()[0]
            message = f"this {_NOUNS[constraint.kind]} cannot be kept to: {said}"
            raise Unsupported(message, subject=constraint.text[:200], hint="leave that part out, and check it in the reply")
        guide = Guide(matcher, lambda: writer.answering, self._subject)
        writer.complete = lambda: guide.over
        return guide

    def _vocabulary(self) -> Any:
        with self._lock:
            if self._read is None:
                try:
                    self._read = self._make()
                except ValueError as error:
                    message = f"the tokenizer of {self._subject} cannot be constrained: {error}"
                    raise Unsupported(message, subject=self._subject, hint="ask for the form in words, and check the reply") from error
            return self._read


_MANY = 1_000
_NOUNS = {"json": "JSON Schema", "choices": "list of choices", "regex": "regular expression"}


def _grammar(library: Any, constraint: Constraint) -> str:
    if constraint.kind == "json":
        return str(library.grammar_from_json_schema(constraint.text, overrides=_SPACING))
    if constraint.kind == "regex":
        return str(library.grammar_from_regex(_plain_digits(constraint.text)))
    each = " | ".join(json.dumps(text) for text in constraint.choices)
    # A rule has a row for each, of which there may be two thousand; one word of many forms is an automaton.
    return str(library.grammar_from_lark(f"start:ONE\nONE:{each}" if len(constraint.choices) > _MANY else f"start:{each}"))


def _plain_digits(pattern: str) -> str:
    r"""A pattern in which ``\d`` is 0 to 9: models know hundreds of other digits, and write them where nobody meant them.

    >>> _plain_digits(r"[\d.]+ \\d \d{2}")
    '[0-9.]+ \\\\d [0-9]{2}'
    """
    inside = False

    def plain(found: re.Match[str]) -> str:
        nonlocal inside
        text = found.group()
        inside = text == "[" or (inside and text != "]")
        return text if text != r"\d" else "0-9" if inside else "[0-9]"

    return re.sub(r"\\.|\[|\]", plain, pattern, flags=re.DOTALL)


class Guide:
    """Where in its constraint one reply is."""

    def __init__(self, matcher: Any, answering: Callable[[], bool], subject: str) -> None:
        self._matcher = matcher
        self._answering = answering
        self._awake = False
        self._subject = subject

    @property
    def over(self) -> bool:
        """Whether the answer is complete: nothing can follow it."""
        return self._awake and bool(self._matcher.is_stopped())

    def allowed(self, size: int) -> Any:
        """Which tokens may come next, as booleans of shape (size,); None while any may."""
        import numpy as np

        self._awake = self._awake or self._answering()
        if not self._awake:
            return None
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        self._check()
        allowed = np.zeros(size, dtype=bool)
        found = np.unpackbits(bits, bitorder="little")[:size]
        allowed[: len(found)] = found
        if not allowed.any():
            message = "no token of this model can continue what the constraint asks for"
            raise EngineError(message, subject=self._subject, hint="loosen the constraint")
        return allowed

    def take(self, token: int) -> None:
        """Note the token that was chosen."""
        if self._awake and not self._matcher.is_stopped():
            self._matcher.consume_token(token)
            self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            message = f"the constraint failed: {self._matcher.get_error().strip().splitlines()[0]}"
            raise EngineError(message, subject=self._subject, hint="simplify the schema or the pattern")

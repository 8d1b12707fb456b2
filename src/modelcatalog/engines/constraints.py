"""Owns what a reply must match: a JSON Schema, one of several texts, a regular expression. Knows no engine and no tokenizer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from modelcatalog.errors import MissingPackage, Unsupported, shown

__all__ = ["GIVEN", "Constraint", "constraint"]

GIVEN = ("response_format", "choices", "regex")
"""The arguments that ask for one; a reply has at most one of them."""
_SHOWN = 200
_ANY_OBJECT = {"type": "object"}


@dataclass(frozen=True)
class Constraint:
    """What a reply must match.

    >>> constraint(choices=["yes", "no"]).read("yes")
    'yes'
    """

    kind: Literal["json", "choices", "regex"]
    text: str
    """The JSON Schema as JSON, the texts as a JSON list, or the pattern."""
    read: Callable[[str], Any] = field(compare=False, repr=False)
    """What a reply says, for `Reply.parsed`; a ValueError where it does not match."""

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        schema: dict[str, Any] = json.loads(self.text)
        return schema

    @property
    def choices(self) -> list[str]:
        """The texts."""
        texts: list[str] = json.loads(self.text)
        return texts


def constraint(response_format: object = None, choices: object = None, regex: object = None) -> Constraint | None:
    """What was asked for; None for free text.

    Args:
        response_format: A pydantic model (or a dataclass, a ``TypedDict``, any type that pydantic reads), a JSON Schema, or OpenAI's forms
            ``{"type": "json_object"}`` and ``{"type": "json_schema", "json_schema": {"schema": …}}``.
        choices: Texts, of which the reply is one.
        regex: A pattern that the whole reply matches.

    Raises:
        Unsupported: more than one of them, or one that cannot be used.
        MissingPackage: jsonschema, which checks replies against a JSON Schema.

    >>> constraint({"type": "object", "properties": {"n": {"type": "integer"}}}).read('{"n": 3}')
    {'n': 3}
    """
    given = dict(zip(GIVEN, (response_format, choices, regex), strict=True))
    asked = [name for name, value in given.items() if value is not None]
    if len(asked) > 1:
        message = f"a reply can match one of {', '.join(f'{name}=' for name in GIVEN)}, and these are {len(asked)}: {', '.join(asked)}"
        raise Unsupported(message, subject=asked[1], hint="leave all but one out")
    if choices is not None:
        return _choices(choices)
    if regex is not None:
        return _regex(regex)
    if response_format is None or response_format == {"type": "text"}:
        return None
    return _schema(response_format) if isinstance(response_format, Mapping) else _type(response_format)


def _choices(given: object) -> Constraint:
    texts = [] if isinstance(given, str | bytes) or not hasattr(given, "__iter__") else list(given)
    if not texts or not all(isinstance(text, str) and text for text in texts):
        message = f"choices= is a list of texts, not {given!r}"[:_SHOWN]
        raise Unsupported(message, subject="choices", hint='pass choices=["yes", "no"]')

    def read(text: str) -> str:
        if text not in texts:
            message = f"it is none of {', '.join(map(repr, texts))}"
            raise ValueError(message)
        return text

    return Constraint("choices", json.dumps(texts, ensure_ascii=False), read)


def _regex(given: object) -> Constraint:
    pattern = given.pattern if isinstance(given, re.Pattern) else given
    if not isinstance(pattern, str):
        message = f"regex= is a pattern, not {given!r}"[:_SHOWN]
        raise Unsupported(message, subject="regex", hint=r'pass a text such as regex=r"\d{4}-\d{2}-\d{2}"')
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        message = f"regex={pattern!r} is not a regular expression: {error}"
        raise Unsupported(message, subject="regex", hint="correct the pattern") from error
    if isinstance(given, re.Pattern) and given.flags & ~re.UNICODE:
        message = f"regex={given!r} has flags, which no engine reads"
        raise Unsupported(message, subject="regex", hint="write them into the pattern, such as [Yy]es")

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            message = f"it does not match {pattern!r}"
            raise ValueError(message)
        return text

    return Constraint("regex", pattern, read)


def _type(given: object) -> Constraint:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(given)  # type: ignore[arg-type]  # it is asked whether it can
        schema = adapter.json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError, AttributeError, NameError) as error:
        said = str(error).partition("\n")[0]
        message = f"response_format= is a pydantic model or a JSON Schema, not {shown(given)}: {said}"
        raise Unsupported(message, subject="response_format", hint="pass a class that pydantic reads, or a dict") from error

    def read(text: str) -> Any:
        try:
            return adapter.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            message = f"{place + ': ' if place else ''}{first['msg']}"
            raise ValueError(message) from error

    return Constraint("json", json.dumps(_closed(schema)), read)


def _closed(schema: Any) -> Any:
    """A type's schema without room for properties that it does not have: they would be written, and then dropped."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    open_ = schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema
    return {**closed, "additionalProperties": False} if open_ else closed


def _schema(given: Mapping[str, Any]) -> Constraint:
    schema: Any = given
    if given.get("type") == "json_object":
        schema = _ANY_OBJECT
    elif given.get("type") == "json_schema":
        inner = given.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, Mapping) else given.get("schema")
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = f"response_format= is not JSON: {error}"
        raise Unsupported(message, subject="response_format", hint="pass a JSON Schema as a dict") from error
    if not isinstance(schema, Mapping):
        message = f"response_format={dict(given)!r} holds no JSON Schema"[:_SHOWN]
        raise Unsupported(message, subject="response_format", hint='write {"type": "json_schema", "json_schema": {"schema": {…}}}')
    try:
        from jsonschema.exceptions import SchemaError  # only replies with a schema need it
        from jsonschema.exceptions import ValidationError as Mismatch
        from jsonschema.validators import validator_for
    except ImportError as error:
        message = "checking a reply against a JSON Schema needs jsonschema"
        raise MissingPackage(message, subject="response_format", install="pip install jsonschema") from error
    kind = validator_for(schema)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        message = f"response_format= is not a JSON Schema: {error.message}"
        raise Unsupported(message, subject="response_format", hint="correct the schema; a name it has wrongly stands in the message") from error
    validator = kind(json.loads(text))

    def read(reply: str) -> Any:
        value = json.loads(reply, parse_constant=_no_constant)
        try:
            validator.validate(value)
        except Mismatch as error:
            place = ".".join(map(str, error.absolute_path))
            message = f"{place + ': ' if place else ''}{error.message}"
            raise ValueError(message) from error
        return value

    return Constraint("json", text, read)


def _no_constant(word: str) -> None:
    message = f"{word} is not JSON"
    raise ValueError(message)

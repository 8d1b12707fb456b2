"""Owns tools: what is offered to a model, what it calls, whether a call fits. Knows no engine, no template and no way of writing calls."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from modelcatalog import installing
from modelcatalog.errors import MissingPackage, Unsupported, shown

__all__ = ["CHOICES", "Tool", "ToolCall", "choice", "offered"]

CHOICES = ("auto", "none", "required")
"""What ``tool_choice`` may be, beside a tool's name."""
_NOTHING = {"type": "object", "properties": {}}


class ToolCall(BaseModel):
    """A call of a tool, with its arguments as the tool's JSON Schema has them.

    >>> ToolCall(id="call00001", name="add", arguments={"a": 1, "b": 2})
    ToolCall(id='call00001', name='add', arguments={'a': 1, 'b': 2})
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True)
class Tool:
    """A tool that a model may call."""

    name: str
    text: str
    """What templates and servers are told of it, as JSON: ``{"type": "function", "function": {"name": …, "parameters": …}}``."""
    function: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    """What is called; None where only a schema was given."""

    @property
    def schema(self) -> dict[str, Any]:
        """What templates and servers are told of it."""
        told: dict[str, Any] = json.loads(self.text)
        return told

    def wrong(self, arguments: Mapping[str, Any]) -> str | None:
        """What is wrong with the arguments of a call; None if nothing is."""
        schema = self.schema["function"]["parameters"]
        found = min(_validator(schema)(schema).iter_errors(dict(arguments)), key=lambda error: len(error.absolute_path), default=None)
        if found is None:
            return None
        place = ".".join(map(str, found.absolute_path))
        return f"{place + ': ' if place else ''}{found.message}"


def offered(tools: object) -> tuple[Tool, ...]:
    """The tools of a call's ``tools=``.

    Args:
        tools: Functions with types and a docstring that explains the arguments, as transformers' ``get_json_schema`` reads them, or dicts:
            OpenAI's form, or ``name``, ``description`` and ``parameters`` (a JSON Schema) alone.

    Raises:
        Unsupported: one of them cannot be offered.
        MissingPackage: transformers, which reads functions, or jsonschema, which checks arguments.

    >>> offered([{"name": "now", "description": "The time."}])[0].schema["function"]["parameters"]
    {'type': 'object', 'properties': {}}
    """
    if isinstance(tools, str | bytes | Mapping) or not isinstance(tools, Iterable):
        message = f"tools= is a list of functions or JSON Schemas, not {_shown(tools)}"
        raise Unsupported(message, subject="tools", hint="put it into a list")
    found = tuple(one if isinstance(one, Tool) else _stated(one, one) if isinstance(one, Mapping) else _function(one) for one in tools)
    names = [one.name for one in found]
    if twice := [name for name in names if names.count(name) > 1]:
        message = f"two tools have the name {twice[0]!r}"
        raise Unsupported(message, subject=twice[0], hint="give one of them another name")
    return found


def choice(asked: object, tools: Iterable[Tool]) -> str | None:
    """A ``tool_choice``: one of `CHOICES`, or a tool's name; None where nothing was said.

    Raises:
        Unsupported: there is no such choice, or no tool to choose.
    """
    if asked is None:
        return None
    if isinstance(asked, Mapping):
        inner = asked.get("function")
        asked = inner.get("name") if isinstance(inner, Mapping) else asked.get("name")
    names = [tool.name for tool in tools]
    if not names:
        message = f"tool_choice={asked!r} without tools= has nothing to choose"
        raise Unsupported(message, subject="tool_choice", hint="pass tools=, or leave it out")
    if not isinstance(asked, str) or asked not in (*CHOICES, *names):
        message = f"tool_choice={asked!r} is neither {', '.join(map(repr, CHOICES))} nor a tool's name"
        raise Unsupported(message, subject="tool_choice", hint=f"the tools are {', '.join(names)}")
    return asked


def _function(given: object) -> Tool:
    if not callable(given) or inspect.isclass(given):
        message = f"a tool is a function or a JSON Schema, not {_shown(given)}"
        raise Unsupported(message, subject="tools", hint='pass a function with types and a docstring, or {"name": …, "parameters": {…}}')
    try:
        from transformers.utils import get_json_schema
    except ImportError as error:
        message = "offering a function as a tool needs transformers, which reads its signature"
        raise MissingPackage(message, subject="tools", install=installing.line("chat")) from error
    try:
        stated = get_json_schema(given)
    except Exception as error:
        # Of transformers' own kinds, and whatever its reading of types and docstrings raises.
        said = " ".join(str(error).split())
        message = f"the function {_shown(given)} cannot be offered as a tool: {said}"
        hint = 'give each argument a type and a line under "Args:" in the docstring, or pass its JSON Schema as a dict'
        raise Unsupported(message, subject="tools", hint=hint) from error
    return _stated(stated, given, given)


def _stated(stated: Mapping[str, Any], given: object, function: Callable[..., Any] | None = None) -> Tool:
    """A tool of OpenAI's form, or of what stands inside of it."""
    inner = stated.get("function", stated)
    kind = stated.get("type", "function")
    if not isinstance(inner, Mapping) or kind != "function":
        message = f"a tool of type {kind!r} cannot be offered, only functions"
        raise Unsupported(message, subject="tools", hint="a tool that a server has of its own is switched on at the server")
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        message = f"a tool has no name: {_shown(given)}"
        raise Unsupported(message, subject="tools", hint='write {"name": …, "description": …, "parameters": {…}}')
    told = {key: value for key, value in inner.items() if key != "type"}
    if "input_schema" in told and "parameters" not in told:
        told["parameters"] = told.pop("input_schema")  # as Anthropic calls it
    told["parameters"] = told.get("parameters") or _NOTHING
    try:
        text = json.dumps({"type": "function", "function": told}, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError) as error:
        message = f"the tool {name} is not JSON: {error}"
        raise Unsupported(message, subject=name, hint="leave out what JSON does not have") from error
    kinds = _validator(told["parameters"])
    from jsonschema.exceptions import SchemaError

    try:
        kinds.check_schema(told["parameters"])
    except SchemaError as error:
        message = f"the parameters of the tool {name} are not a JSON Schema: {error.message}"
        raise Unsupported(message, subject=name, hint="correct the schema") from error
    return Tool(name, text, function)


def _validator(schema: Any) -> Any:
    try:
        from jsonschema.validators import validator_for
    except ImportError as error:
        message = "checking the arguments of a tool needs jsonschema"
        raise MissingPackage(message, subject="tools", install="pip install jsonschema") from error
    return validator_for(schema)


def _shown(value: object) -> str:
    name = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) else shown(value)

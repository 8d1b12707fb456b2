"""Owns how a sentence of the package reads at a command line: in the user's language, and with options where it has keywords of Python.

Knows the options of the commands, and no command.
"""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.cli.words import words
from modelcatalog.errors import CatalogDataError
from modelcatalog.show.sentences import chinese, shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.errors import ModelCatalogError

__all__ = ["options", "sayer"]

_NAMED = {"engine_options": "--engine-option", "response_format": "--schema", "max_new_tokens": "--max-new-tokens", "tools": "--tools"}
"""Keywords of Python whose options are not called as they are, or that belong to a reply and not to a plan."""
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[\w./:-]*\w)?"
_CALL = later.pattern(r"(?:modelcatalog|mc)\.(?P<what>load|plan|lock|pull)\((?P<name>'[^']*'|\"[^\"]*\")(?P<rest>(?:, \w+=(?:\"[^\"]*\"|'[^']*'|\w+))*)\)")
_COMMANDS = {"load": "chat"}
_PLAIN = later.pattern(r"[\w./:@+-]+")
"""What a shell takes as it is."""
_PAIR = later.pattern(r"['\"](?P<key>[\w-]+)['\"]: (?P<value>[^,{}]+)")


class _Forms(NamedTuple):
    """What is looked for in a sentence."""

    options: dict[str, str]
    keyword: re.Pattern[str]
    bare: re.Pattern[str]
    """A keyword without its value, where it is not a word of English too."""


@cache
def _forms() -> _Forms:
    from modelcatalog.planning.request import Request  # no more than an error or a plan needs it

    found = {key: f"--{key.replace('_', '-')}" for key in Request.__dataclass_fields__} | _NAMED
    keyword = re.compile(rf"(?<![\w-])(?P<key>{'|'.join(found)})=(?P<value>{_VALUE})")
    return _Forms(found, keyword, re.compile(rf"(?<![\w-])(?:{'|'.join(key for key in found if '_' in key)})(?![\w=])"))


def options(text: str) -> str:
    """A sentence with the options of a command in place of keywords, and commands in place of calls.

    >>> options('pass hub="modelscope" or offload=True, or leave device= out')
    'pass --hub modelscope or --offload, or leave --device out'
    >>> options('use modelcatalog.load("豆包", engine="openai")')
    'use modelcatalog chat 豆包 --engine openai'
    """
    forms = _forms()
    text = forms.keyword.sub(lambda found: _option(found["key"], found["value"]), _CALL.sub(_command, text))
    return forms.bare.sub(lambda found: forms.options[found[0]], text)


def _command(found: re.Match[str]) -> str:
    given = _forms().keyword.sub(lambda each: _option(each["key"], each["value"]), found["rest"]).replace(", ", " ")
    return f"modelcatalog {_COMMANDS.get(found['what'], found['what'])} {_quoted(found['name'][1:-1])}{given}"


def _option(key: str, value: str) -> str:
    option = _forms().options[key]
    if key == "engine_options":
        return " ".join(f"{option} {pair['key']}={pair['value'].lower()}" for pair in _PAIR.finditer(value)) or option
    if value in {"", "True", "False"}:
        return option
    bare = value[1:-1] if value[:1] in {'"', "'"} else value
    return f"{option} {_quoted(bare)}"


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else shlex.quote(text)


def sayer(of: ModelCatalogError | None = None) -> Callable[[str], str]:
    """What makes a sentence of the package one for the user of this process.

    Args:
        of: The error that says it: one about a data file means its fields, some of which are called as keywords are.
    """
    last = str if isinstance(of, CatalogDataError) else options
    if words(os.environ).labels.language == "zh":
        from modelcatalog.catalog.index import chinese_names  # no other language has names of its own

        try:
            names = chinese_names()
        except CatalogDataError:
            names = {}  # a data file of the user's is wrong, and that is what is to be said
        return lambda text: last(chinese(shell(text), names))
    return lambda text: last(shell(text))

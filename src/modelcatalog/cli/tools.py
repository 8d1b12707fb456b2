"""Owns tools at the terminal: the functions of a file, and asking before each call. Knows a session, and no model."""

from __future__ import annotations

import inspect
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

from modelcatalog.cli.talk import CONTROLS
from modelcatalog.engines.tools import offered
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    from modelcatalog import Reply, Session
    from modelcatalog.chat import ToolCall
    from modelcatalog.cli.words import Words

__all__ = ["answer", "functions"]

_YES = frozenset({"y", "yes", "是"})


def functions(file: Path) -> list[Callable[..., Any]]:
    """The functions of a file that may be called: those with a docstring whose names do not begin with an underscore.

    Raises:
        Unsupported: the file cannot be run, or has no such function.
    """
    hint = "give the path of a Python file whose functions have types and docstrings"
    if not file.is_file():
        message = f"{file} is not a Python file" if file.exists() else f"there is no file or folder {file}"
        raise Unsupported(message, subject=str(file), hint=hint) from FileNotFoundError(file)
    spec = spec_from_file_location("modelcatalog_tools", file)
    if spec is None or spec.loader is None:
        message = f"{file} is not a Python file"
        raise Unsupported(message, subject=str(file), hint=hint)
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        message = f"{file} cannot be run: {type(error).__name__}: {error}"
        raise Unsupported(message, subject=str(file), hint=hint) from error
    own = [one for name, one in vars(module).items() if inspect.isfunction(one) and one.__module__ == module.__name__ and not name.startswith("_")]
    found: list[Callable[..., Any]] = [one for one in own if one.__doc__]
    if not found:
        message = f"{file} has no function with a docstring"
        raise Unsupported(message, subject=str(file), hint=hint)
    offered(found)
    return found


def answer(session: Session, prompt: Any, tools: Sequence[Callable[..., Any]], say: Words, notes: Console, *, page: Console | None = None) -> Reply:
    """Answer a turn, with the calls and what came of them among the notes. Ctrl-C ends it, and leaves the history as it was."""
    from modelcatalog.cli.page import Page, Plain  # see `talk.answer`

    def allow(call: ToolCall) -> bool:
        notes.print(say.may_call.format(call=_shown(call)), end="", markup=False, highlight=False)
        return sys.stdin.readline().strip().lower() in _YES

    run = session.run(prompt, tools=tools, allow=allow)
    for step in run:
        if step.reply.text:
            notes.print(step.reply.text.translate(CONTROLS), markup=False, highlight=False)
        for result in step.results:
            notes.print(say.called.format(call=_shown(result.call), text=result.text.translate(CONTROLS)), markup=False, highlight=False, style="dim")
    with Plain() if page is None else Page(page) as shown:
        shown.add(run.reply.text.translate(CONTROLS))
    return run.reply


def _shown(call: ToolCall | None) -> str:
    """A call as Python writes it; nothing of it reaches the terminal as a control."""
    if call is None:
        return "?"
    return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})".translate(CONTROLS)

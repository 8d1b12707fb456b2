"""Owns the conversation at the terminal: prompts, the reply as it comes, Ctrl-C. Knows a session, and no model.

The replies go to standard output, everything else to standard error, so that a reply can be piped on.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from modelcatalog.cli.slash import Commands
from modelcatalog.errors import ModelCatalogError, NoChatTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from rich.console import Console

    from modelcatalog import Reply, Session
    from modelcatalog.chat import Stream
    from modelcatalog.cli.words import Words
    from modelcatalog.engines.media import Medium

__all__ = ["CONTROLS", "ENDS", "answer", "prompts", "record", "talk", "waiting", "well_formed", "whole"]

ENDS = frozenset({"exit", "quit", "退出"})
"""What ends a conversation."""
_FENCE = '"""'
CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""A model may write escape sequences; a terminal would obey them."""


@contextmanager
def waiting(notes: Console, text: str) -> Iterator[None]:
    """Say what takes its time: a spinner on a terminal, a line elsewhere."""
    if notes.is_terminal:
        with notes.status(Text(text)):
            yield
    else:
        notes.print(text)
        yield


def talk(
    session: Session,
    say: Words,
    notes: Console,
    *,
    report: Callable[[ModelCatalogError], object],
    reply: Callable[[Any], Reply] | None = None,
    shown: Sequence[Medium] = (),
    page: Console | None = None,
) -> None:
    """Prompt and reply in turn, until the user ends it. What begins with a slash is for the program, never for the model.

    Args:
        session: What remembers the turns.
        say: The user's language.
        notes: Where everything goes that is not a reply.
        report: Prints an error, after which the conversation goes on.
        reply: Answers a prompt and prints the answer, where it is more than to stream it.
        shown: Images and recordings that go with the first prompt.
        page: As in `answer`.

    Raises:
        NoChatTemplate: with the first prompt, as with every other.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if at_terminal:
        _edit_lines()
    notes.print(say.greeting, soft_wrap=True)
    made = reply or (lambda asked: answer(session.stream(asked), say, notes, page))
    slash = Commands(session, say, notes)
    before = "" if not at_terminal else say.model if page is None else f"{say.model}\n"
    while True:
        try:
            prompt = _read(say, notes, at_terminal=at_terminal).strip()
        except EOFError:
            notes.print()
            return
        except KeyboardInterrupt:
            notes.print(f"\n{say.how_to_end}")
            continue
        if prompt.lower() in ENDS:
            return
        try:
            asked = slash.take(prompt)
            if not asked:
                continue
            # The reply follows on the same line, unless it has lines of its own.
            print(before, end="", flush=True)  # noqa: T201
            slash.replies.append(made([*shown, asked] if shown and isinstance(asked, str) else asked))
            shown = ()
        except NoChatTemplate:
            raise
        except KeyboardInterrupt:
            notes.print(say.stopped)
        except ModelCatalogError as error:
            report(error)


def _edit_lines() -> None:
    """Arrow keys and recall, where the platform has them."""
    with suppress(ImportError):
        import readline  # from here on, input() uses it

        # Where the locale in LANG is not installed, readline takes the bytes of 退出 for Meta keys and drops them.
        for setting in ("input-meta on", "output-meta on", "convert-meta off"):
            readline.parse_and_bind(f"set {setting}")


def _read(say: Words, notes: Console, *, at_terminal: bool) -> str:
    """What the user says next: a line, or the lines between two of three quotation marks."""
    line = _line(say.user, notes, at_terminal=at_terminal)
    if line.strip() != _FENCE:
        return line
    lines: list[str] = []
    while (line := _line(say.more, notes, at_terminal=at_terminal)).strip() != _FENCE:
        lines.append(line.rstrip("\n"))
    return "\n".join(lines)


def _line(before: str, notes: Console, *, at_terminal: bool) -> str:
    if at_terminal:
        return well_formed(input(before))
    notes.print(before, end="")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return well_formed(line)


def well_formed(text: str) -> str:
    """Bytes that are not UTF-8 as replacement characters: tokenizers refuse lone surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def answer(stream: Stream, say: Words, notes: Console, page: Console | None = None) -> Reply:
    """Print a reply as it comes, then its speed. Ctrl-C ends the reply after the current token, a second one at once.

    Args:
        stream: The reply.
        say: The user's language.
        notes: Where everything goes that is not the reply.
        page: The terminal, where the reply is to be shown as Markdown.
    """
    from modelcatalog.cli.page import Page, Plain  # rich's Markdown takes as long as all of a command that shows none

    with _stoppable(stream):
        with Plain() if page is None else Page(page) as shown:
            try:
                with notes.status(Text(say.thinking)) if notes.is_terminal else nullcontext():
                    piece = next(stream, "")
                while piece:
                    shown.add(piece.translate(CONTROLS))
                    piece = next(stream, "")
            except KeyboardInterrupt:
                stream.close()
        reply = stream.reply
    if reply.finish_reason == "cancelled":
        notes.print(say.stopped)
    if reply.finish_reason == "length" and not reply.context_full:  # of which a warning told
        notes.print(say.cut.format(count=reply.usage.completion_tokens))
    if reply.tokens_per_second is not None:
        tokens, first = reply.usage.completion_tokens, reply.seconds_to_first_token or 0.0
        notes.print(say.speed.format(tokens=tokens, speed=reply.tokens_per_second, first=first), style="dim")
    return reply


def whole() -> str:
    """All of standard input as one prompt.

    Raises:
        typer.BadParameter: there is nothing in it.
    """
    text = well_formed(sys.stdin.read()).strip()
    if not text:
        message = "standard input has no prompt in it"
        raise typer.BadParameter(message, param_hint="PROMPT")
    return text


def prompts() -> Iterator[str]:
    """The lines of standard input that are not blank."""
    yield from (line for each in sys.stdin if (line := well_formed(each).strip()))


def record(stream: Stream, report: Callable[[ModelCatalogError], object]) -> Reply:
    """Print a whole reply as one line of JSON. Ctrl-C ends it, and prints what there is.

    Args:
        stream: The reply.
        report: Prints an error; the line has its text too, as ``error``.

    Raises:
        NoChatTemplate: because every other prompt would fail alike.
    """
    with _stoppable(stream):
        try:
            reply = stream.reply
        except KeyboardInterrupt:
            stream.close()
            reply = stream.reply
        except NoChatTemplate:
            raise
        except ModelCatalogError as error:
            report(error)
            reply = stream.reply
    less = {"error", *(field for field in ("parsed", "tool_calls") if getattr(reply, field) in (None, ())), *(() if reply.context_full else ("context_full",))}
    shown = {**reply.model_dump(mode="json", exclude=less), "error": None if reply.error is None else str(reply.error)}
    print(json.dumps(shown, ensure_ascii=False), flush=True)  # noqa: T201
    return reply


@contextmanager
def _stoppable(stream: Stream) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stream.cancel()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

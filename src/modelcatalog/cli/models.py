"""Owns the commands that look for weights, or load them: plan, lock, chat. Knows no hub and no engine."""

from __future__ import annotations

import os
import sys
from functools import partial
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import modelcatalog
from modelcatalog import writing
from modelcatalog.cli import brief, ending, show, slash, talk, typed
from modelcatalog.cli.given import files, lines, writable
from modelcatalog.cli.options import Json, Name, takes_request
from modelcatalog.cli.words import words
from modelcatalog.errors import Unsupported
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console

    from modelcatalog import ChatModel, Plan, Reply, Session
    from modelcatalog.cli.words import Words
    from modelcatalog.engines.media import Medium

__all__ = ["chat", "lock", "plan"]


@takes_request()
def plan(
    name: Name,
    *,
    asked: dict[str, Any],
    variants: Annotated[bool, typer.Option("--variants", help="List the model's quantizations: bytes, which fit, how long a context, how fast.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw memory at several contexts to this file.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Say what loading would do: where from, which files, in which type, whether it fits. Loads nothing."""
    say = words(os.environ)
    writable(plot, "--plot")
    with talk.waiting(show.console(stderr=True), say.looking.format(name=name)):
        made = modelcatalog.plan(name, **asked)
        rows = made.variants() if variants else ()
    if plot is not None:
        writing.write(plot, made.svg(say.labels.language).encode())
    if variants:
        if json:
            lines(rows)
        else:
            from modelcatalog.cli import variants as table

            table.show(show.console(), rows, say)
    elif json:
        lines([made])
    else:
        show.console().print(typed.options(made.text(say.labels.language)), soft_wrap=True)


@takes_request(without=("lock", "adapter", "base_url", "server", "engine_options"))
def lock(
    name: Name,
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the lock file.")] = Path("modelcatalog.lock.json"),
    *,
    kind: Annotated[Literal["lock", "cyclonedx"], typer.Option("--format", help="A lock file, or a bill of materials (CycloneDX 1.6).")] = "lock",
    asked: dict[str, Any],
    json: Json = False,
) -> None:
    """Write down which files a name means now, by hash: `load(NAME, lock=FILE)` takes the same bytes or fails."""
    writable(file, "--output")
    with talk.waiting(show.console(stderr=True), words(os.environ).looking.format(name=name)):
        locked = modelcatalog.lock(name, file, format=kind, **asked)
    if json and kind == "lock":
        lines([locked])
    elif json:
        sys.stdout.write(f"{dumps(loads(file.read_bytes()), ensure_ascii=False)}\n")
    else:
        show.console().print(str(file), soft_wrap=True)


@takes_request()
def chat(
    name: Name,
    prompt: Annotated[
        str | None, typer.Argument(metavar="[PROMPT]", help="Answer this and exit, - all of standard input; without it, a conversation.", show_default=False)
    ] = None,
    *,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="The system prompt.", show_default=False)] = None,
    asked: dict[str, Any],
    max_new_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="The maximum number of tokens in a reply.")] = 512,
    image: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Show this image with the first prompt; may repeat.", show_default=False)] = None,
    audio: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Play this recording with the first prompt; may repeat.", show_default=False)] = None,
    schema: Annotated[Path | None, typer.Option(metavar="FILE", help="Answer as JSON that matches the JSON Schema in this file.", show_default=False)] = None,
    tools: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Let the model call the functions in this Python file, which have docstrings; asks before each call.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[Path | None, typer.Option(metavar="FILE", help="Go on with the conversation in this file.", show_default=False)] = None,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the conversation to this file at the end.", show_default=False)] = None,
    markdown: Annotated[
        bool | None,
        typer.Option("--markdown/--plain", help="Show replies as Markdown, or as the model wrote them; by default as the terminal can.", show_default=False),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all of the name and of the plan before the conversation.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON reply per line; prompts, one per line, from standard input.")] = False,
) -> None:
    """Load a model and talk to it, with history.

    Ctrl-C stops a reply, not the program; exit, quit, 退出 or the end of input ends it. Replies go to standard output,
    everything else to standard error.
    """
    say, notes = words(os.environ), show.console(stderr=True)
    prompt, system = (None if text is None else talk.well_formed(text) for text in (prompt, system))
    with files():
        settings = {"max_new_tokens": max_new_tokens, **({} if schema is None else {"response_format": _schema(schema)})}
    page = _page(json=json, asked=markdown)
    if prompt == "-":
        prompt = talk.whole()
    elif prompt is not None and not prompt.strip() and not (image or audio):
        message = "the prompt is empty"
        raise typer.BadParameter(message, param_hint="PROMPT")
    elif prompt is not None and not json:
        prompt = slash.of_message(prompt, say, notes)
    writable(save, "--save")
    with files():
        reply = None if tools is None else _calling(tools, say, notes, page, json=json)
        shown = _media({"image": image or (), "audio": audio or ()})
        if resume is not None:
            from modelcatalog.chat import saving  # only --resume needs it

            saving.read(resume)  # a wrong file is said before anything is loaded
    with talk.waiting(notes, say.looking.format(name=name)):
        made = modelcatalog.plan(name, **asked)
    from modelcatalog.engines import refuse_missing  # the plan has brought it

    refuse_missing(made)  # before a page about a model that cannot be loaded yet
    _introduce(made, say, notes, json=json, verbose=verbose)
    with _loaded(made, say, notes) as model:
        session = model.session(system, **settings) if resume is None else modelcatalog.Session.load(resume, model, system=system, **settings)
        try:
            if json:
                _replies(session, [prompt] if prompt is not None else talk.prompts(), shown)
            elif prompt is None:
                talk.talk(session, say, notes, report=ending.report, reply=None if reply is None else partial(reply, session), shown=shown, page=page)
            elif reply is not None:
                reply(session, [*shown, prompt] if shown else prompt)
            elif talk.answer(session.stream([*shown, prompt] if shown else prompt), say, notes, page).finish_reason == "cancelled":
                raise typer.Exit(ending.INTERRUPTED)
        finally:
            if save is not None:
                session.save(save)


def _page(*, json: bool, asked: bool | None) -> Console | None:
    """Where replies are shown as Markdown; None where they are not.

    Raises:
        Unsupported: it was asked for beside JSON.
    """
    if json and asked:
        message = "--markdown is for people, and --json prints JSON"
        raise Unsupported(message, subject="--markdown", hint="leave one of them out")
    from modelcatalog.cli import page as pages  # see `talk.answer`

    out = show.console()
    return out if not json and pages.renders(out, asked=asked) else None


def _introduce(made: Plan, say: Words, notes: Console, *, json: bool, verbose: bool) -> None:
    """Say what is about to be loaded: one line and its warnings, or all of it."""
    if verbose:
        show.facts(notes, made.name, say)
        notes.print(f"\n{typed.options(made.text(say.labels.language))}\n", soft_wrap=True)
        return
    if not json:
        notes.print(brief.line(made, say), soft_wrap=True)
    for text in (*made.mismatches, *made.warnings):
        notes.print(f"{say.warning}{typed.sayer()(text)}", style="yellow", soft_wrap=True)


def _calling(file: Path, say: Words, notes: Console, page: Console | None, *, json: bool) -> Callable[[Session, Any], Reply]:
    """What answers with the tools of a file.

    Raises:
        Unsupported: there are none, or nobody can be asked.
    """
    from modelcatalog.cli import tools

    if json:
        message = "--tools asks before each call, and with --json there is nobody to ask"
        raise Unsupported(message, subject="--tools", hint="leave one of them out, or use session.run in Python")
    found = tools.functions(file)
    return lambda session, prompt: tools.answer(session, prompt, found, say, notes, page=page)


def _schema(file: Path) -> dict[str, Any]:
    """The JSON Schema in a file.

    Raises:
        Unsupported: it cannot be read, or holds something else.
    """
    from modelcatalog.engines.constraints import constraint  # only --schema needs it

    try:
        found = loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read as JSON: {error.strerror if isinstance(error, OSError) else error}"
        raise Unsupported(message, subject=str(file), hint="give the path of a file with a JSON Schema") from error
    if not isinstance(found, dict):
        message = f"{file} is not a JSON Schema: it holds no JSON object"
        raise Unsupported(message, subject=str(file), hint='write {"type": "object", "properties": {…}}')
    constraint(found)
    return found


def _media(files: Mapping[str, Iterable[Path]]) -> tuple[Medium, ...]:
    """The images and recordings in files, which are read before anything is loaded.

    Args:
        files: What they are, as a part of a message says it -> the files.

    Raises:
        Unsupported: one cannot be read, or is none.
    """
    if not any(files.values()):
        return ()
    from modelcatalog.chat import showing

    each = (showing.parts([{"type": kind, "path": file} for file in some], f"--{kind}") or () for kind, some in files.items())
    return tuple(part for parts in each for part in parts if not isinstance(part, str))


def _replies(session: Session, prompts: Iterable[str], shown: Sequence[Medium]) -> None:
    code = 0
    for prompt in prompts:
        ended = talk.record(session.stream([*shown, prompt] if shown else prompt), ending.report).finish_reason
        shown = ()
        if ended == "cancelled":
            raise typer.Exit(ending.INTERRUPTED)
        if ended == "error":
            code = ending.FAILED
    if code:
        raise typer.Exit(code)


def _loaded(made: Plan, say: Words, notes: Console) -> ChatModel:
    # They are on the screen already; `load` would say them again, in Python's form.
    made = made.model_copy(update={"warnings": (), "mismatches": ()})
    if made.memory.disk:
        # The hub's client draws its own bars.
        notes.print(say.fetching.format(size=human(made.memory.disk), source=made.source))
        return modelcatalog.load(made)
    with talk.waiting(notes, say.loading.format(name=made.name, device=made.device)):
        return modelcatalog.load(made)

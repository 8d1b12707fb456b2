"""Owns the command line: every command is one call of the public API, and what it prints. Knows no hub and no engine.

Exit codes: 0; 2 where what was typed is wrong (the usage, a name, a model or file that does not exist);
1 where the rest failed (network, memory, licence, packages, closed weights); 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer
from rich.text import Text

import modelcatalog
from modelcatalog.cli import show, talk
from modelcatalog.cli.words import words
from modelcatalog.errors import CatalogDataError, CheckpointNotFound, ModelCatalogError, NameSyntaxError, UnknownFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import BaseModel
    from rich.console import Console

    from modelcatalog import ChatModel, Plan
    from modelcatalog.cli.words import Words

__all__ = ["main"]

_T = TypeVar("_T")
_BAD_INPUT = (NameSyntaxError, UnknownFamily, CheckpointNotFound)

app = typer.Typer(
    name="modelcatalog",
    help="What a language model's name says, who has its weights, and a chat with them.",
    epilog="Exit codes: 2 if what you typed is wrong, 1 if something else failed. NO_COLOR turns colours off; a Chinese locale turns the messages Chinese.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, a repository, a URL, or a path to a folder or GGUF file.", show_default=False)]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names; - reads them from standard input, one a line.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Hub = Annotated[Literal["huggingface", "modelscope"] | None, typer.Option(help="Take it from this hub.", show_default=False)]
Engine = Annotated[str | None, typer.Option(help="Run it on this engine.", show_default=False)]
Offload = Annotated[bool, typer.Option("--offload", help="Let weights stay in RAM when the GPU is too small.")]


def main() -> None:
    """Run the command line on the process's arguments, and exit with its code; no failure shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A reply in Chinese on an ASCII terminal is shown in escapes; it is no reason to fail.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except ModelCatalogError as error:
        sys.exit(_report(error))
    except BrokenPipeError:
        # The reader left, as `head` does. What is still in the buffer goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(modelcatalog.__version__)
        raise typer.Exit


@app.command()
def parse(
    names: Names,
    *,
    json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse words that no rule takes.")] = False,
) -> None:
    """Read names: company, family, version, size, types, quantization and the rest."""
    run = _Run()
    records = run.each(names, lambda text: modelcatalog.parse(text, strict=strict))
    if json:
        _lines(records)
    else:
        say, every = words(os.environ), list(records)
        one = len(every) == 1 and len(names) == 1
        if every:
            show.console().print(show.record(every[0], say) if one else show.names(every, say))
    run.end()


@app.command()
def resolve(names: Names, *, hub: Hub = None, json: Json = False) -> None:
    """Say which repository should have the weights, from the catalog alone."""
    run = _Run()
    found = run.each(names, lambda text: modelcatalog.resolve(text, hub=hub))
    if json:
        _lines(found)
    elif every := list(found):
        show.console().print(show.checkpoints(every, words(os.environ)))
    run.end()


@app.command()
def plan(
    name: Name,
    *,
    hub: Hub = None,
    engine: Engine = None,
    quantization: Annotated[str | None, typer.Option(help="The variant to take: Q4_K_M, int4, …", show_default=False)] = None,
    offload: Offload = False,
    json: Json = False,
) -> None:
    """Say what loading would do: where from, which files, in which type, whether it fits. Loads nothing."""
    with talk.waiting(show.console(stderr=True), words(os.environ).looking.format(name=name)):
        made = modelcatalog.plan(name, hub=hub, engine=engine, quantization=quantization, offload=offload)
    if json:
        _lines([made])
    else:
        show.console().print(str(made), soft_wrap=True)


@app.command()
def lock(
    name: Name,
    file: Annotated[Path, typer.Option("--output", "-o", help="Where to write the lock file.")] = Path("modelcatalog.lock.json"),
    *,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Write down which files a name means now, by hash: `load(NAME, lock=FILE)` takes the same bytes or fails."""
    with talk.waiting(show.console(stderr=True), words(os.environ).looking.format(name=name)):
        locked = modelcatalog.lock(name, file, hub=hub)
    if json:
        _lines([locked])
    else:
        show.console().print(str(file), soft_wrap=True)


@app.command()
def chat(
    name: Name,
    prompt: Annotated[str | None, typer.Argument(metavar="[PROMPT]", help="Answer this and end; without it, a conversation.", show_default=False)] = None,
    *,
    system: Annotated[str | None, typer.Option(help="The system prompt.", show_default=False)] = None,
    hub: Hub = None,
    engine: Engine = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Most tokens that a reply may have.")] = 512,
    offload: Offload = False,
) -> None:
    """Load a model and talk to it, with history.

    Ctrl-C stops a reply, not the program; exit, quit, 退出 or the end of input ends it. Replies go to standard output,
    everything else to standard error.
    """
    say, notes = words(os.environ), show.console(stderr=True)
    with talk.waiting(notes, say.looking.format(name=name)):
        made = modelcatalog.plan(name, hub=hub, engine=engine, offload=offload)
    notes.print(show.record(made.name, say))
    notes.print(f"\n{made}\n", soft_wrap=True)
    with _loaded(made, say, notes) as model:
        session = model.session(system)
        if prompt is None:
            talk.talk(session, say, notes, max_new_tokens=max_new_tokens, report=_report)
        elif talk.answer(session.stream(prompt, max_new_tokens=max_new_tokens), say, notes).finish_reason == "cancelled":
            raise typer.Exit(130)


@app.command()
def catalog(
    text: Annotated[str | None, typer.Argument(help="A part of a repository's id.", show_default=False)] = None,
    *,
    company: Annotated[str | None, typer.Option(help="A company, by any of its names.", show_default=False)] = None,
    family: Annotated[str | None, typer.Option(help="A family: Qwen, Llama, …", show_default=False)] = None,
    kind: Annotated[str | None, typer.Option("--type", help="A type: instruct, coder, vl, …", show_default=False)] = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """List the companies and their families, or the checkpoints that meet every condition."""
    say = words(os.environ)
    if text is company is family is kind is hub is None:
        if json:
            _lines(modelcatalog.catalog.companies)
        else:
            show.console().print(show.companies(modelcatalog.catalog.companies, modelcatalog.catalog.families, say))
        return
    found = list(modelcatalog.catalog.search(text, company=company, family=family, type=kind, hub=hub))
    if json:
        _lines(found)
    elif found:
        show.console().print(show.checkpoints(found, say))
    if not found:
        show.console(stderr=True).print(say.nothing_found)
        raise typer.Exit(1)


def _loaded(made: Plan, say: Words, notes: Console) -> ChatModel:
    # `modelcatalog plan` shows what the format costs; in the middle of a chat it would only disturb.
    made = made.model_copy(update={"warnings": ()})
    if made.memory.disk:
        # The hub's client draws its own bars.
        notes.print(say.fetching.format(size=f"{made.memory.disk / 1e6:,.0f} MB", source=made.source))
        return modelcatalog.load(made)
    with talk.waiting(notes, say.loading.format(name=made.name, device=made.device)):
        return modelcatalog.load(made)


class _Run:
    """A command over many names: a bad one is reported, the others go on, and the worst decides the exit code."""

    def __init__(self) -> None:
        self.code = 0

    def each(self, names: Iterable[str], call: Callable[[str], _T]) -> Iterator[_T]:
        for text in _texts(names):
            try:
                yield call(text)
            except CatalogDataError:
                raise  # every other name would fail alike
            except ModelCatalogError as error:
                self.code = max(self.code, _report(error))

    def end(self) -> None:
        if self.code:
            raise typer.Exit(self.code)


def _texts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name == "-":
            yield from (text for line in sys.stdin if (text := line.rstrip("\r\n")).strip())
        else:
            yield name


def _lines(records: Iterable[BaseModel]) -> None:
    for record in records:
        sys.stdout.write(f"{record.model_dump_json()}\n")


def _report(error: ModelCatalogError) -> int:
    """Print an error where errors go; its exit code."""
    say, kind = words(os.environ), type(error).__name__
    meaning = f"{say.kinds[kind]}\n" if kind in say.kinds else ""
    show.console(stderr=True).print(Text.assemble((say.error, "bold red"), meaning, str(error)), soft_wrap=True)
    return 2 if isinstance(error, _BAD_INPUT) else 1

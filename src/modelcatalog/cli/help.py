"""Owns what --help looks like: the same style as the tables, on any width, in either language. Knows no command."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer
from rich.cells import cell_len
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from modelcatalog.cli import show
from modelcatalog.cli.words import words
from modelcatalog.cli.wrapping import wrapped

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Command", "Group"]

_WIDEST = 100
"""Columns beyond which a sentence is hard to read."""


class Command(TyperCommand):
    """A command whose help is shown in the package's own style, and which says where an option stands twice that counts once."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments as typer reads them, which takes the last of several without a word, and an empty path for the folder that one is in.

        Raises:
            typer.BadParameter: a path is empty.
        """
        given = list(args)
        rest: list[str] = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            values, _, options = self.make_parser(ctx).parse_args(given)
            for option in options:
                if str(option.metavar).startswith("FILE") and "" in (values[option.name] if option.multiple else [values[option.name]]):
                    raise typer.BadParameter(words(os.environ).empty_path, ctx=ctx, param_hint=option.opts[0])
            for option, count in Counter(options).items():
                if count > 1 and _counts_once(option):
                    say = words(os.environ)
                    called = "/".join(max(names, key=len) for names in (option.opts, option.secondary_opts) if names)
                    text = f"{say.warning}{say.twice.format(option=called)}"
                    show.console(stderr=True).print(Text(text, style="yellow"), soft_wrap=True)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help; typer's formatter stays empty."""
        del formatter
        _show(self, ctx)


def _counts_once(option: Any) -> bool:
    """Whether only one of several is taken, and they may say different things."""
    plain = getattr(option, "is_flag", False) and not option.secondary_opts
    return option.param_type_name == "option" and not option.multiple and not plain


class Group(TyperGroup):
    """A group of commands whose help is shown in the package's own style."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help; typer's formatter stays empty."""
        del formatter
        _show(self, ctx)


def _show(command: Any, ctx: Any) -> None:
    out, say = show.console(), words(os.environ)
    room = min(out.width, _WIDEST)
    pieces = [parameter.metavar for parameter in command.params if parameter.param_type_name == "argument"]
    form = " ".join([ctx.command_path, "[OPTIONS]", *pieces, *(["COMMAND [ARGS]..."] if isinstance(command, Group) else [])])
    _print(out, f"{say.help_usage}{form}", room, style="bold")
    for paragraph in (command.help or "").split("\n\n"):
        out.print()
        _print(out, paragraph, room)
    parts: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        heading = say.help_arguments if parameter.param_type_name == "argument" else say.help_options
        record = parameter.get_help_record(ctx)
        if record:
            # typer names an argument's type, which is always a text, and escapes brackets for rich's markup, which is off here.
            row = (parameter.metavar, parameter.help or "") if heading == say.help_arguments else (record[0], _default(record[1], say.help_default))
            parts.setdefault(heading, []).append(row)
    if isinstance(command, Group):
        parts[say.help_commands] = [(name, each.get_short_help_str(500)) for name, each in command.commands.items()]
    for heading, rows in parts.items():
        _part(out, heading, rows, room)
    if command.epilog:
        out.print()
        _print(out, command.epilog, room)


def _default(text: str, word: str) -> str:
    r"""A help text as typer gives it, with the reader's word for what an option is where it is left out.

    >>> _default("几个。  \\[default: 1]", "默认：")
    '几个。  [默认：1]'
    """
    return text.replace("\\[", "[").replace("[default: ", f"[{word}")


def _part(out: Console, heading: str, rows: list[tuple[str, str]], room: int) -> None:
    out.print()
    out.print(Text(heading, style="bold"))
    width = max(cell_len(term) for term, _ in rows)
    beside = width + 5 <= room // 2
    for term, text in rows:
        told = wrapped(text, room - (width + 5 if beside else 6))
        if not beside:
            out.print(Text(f"  {term}", style="cyan"), soft_wrap=True)
        for number, line in enumerate(told or [""]):
            left = Text(f"  {term if number == 0 else '':<{width}}   " if beside else " " * 6, style="cyan")
            out.print(Text.assemble(left, line), soft_wrap=True)


def _print(out: Console, text: str, room: int, style: str = "") -> None:
    for line in wrapped(text, room):
        out.print(Text(line, style=style), soft_wrap=True)

"""Owns what a line that begins with a slash does in a conversation. Knows a session, and no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from modelcatalog.cli.ending import BAD_INPUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from modelcatalog import Reply, Session
    from modelcatalog.cli.words import Words
    from modelcatalog.engines.media import Medium

__all__ = ["Commands", "of_message"]


def of_message(prompt: str, say: Words, notes: Console) -> str:
    """The message of a prompt that was given with the command; what is for the program is answered, and ends it.

    Raises:
        typer.Exit: it is a command, and not a message.
    """
    if prompt.startswith("//"):
        return prompt[1:]
    if not prompt.startswith("/"):
        return prompt
    word = prompt.split(maxsplit=1)[0]
    if word != "/help":
        notes.print(say.no_command.format(word=word), style="yellow")
    notes.print(say.commands, highlight=False)
    raise typer.Exit(0 if word == "/help" else BAD_INPUT)


class Commands:
    """The commands of one conversation.

    Args:
        session: What they change.
        say: The user's language.
        notes: Where they answer.
    """

    def __init__(self, session: Session, say: Words, notes: Console) -> None:
        self._session = session
        self._say = say
        self._notes = notes
        self.replies: list[Reply] = []
        """What the model has said so far."""

    def take(self, line: str) -> str | Sequence[str | Medium] | None:
        """What to ask the model; None where the line was a command, which is done.

        Raises:
            Unsupported: a file cannot be written.
        """
        if line.startswith("//"):
            return line[1:]
        if not line.startswith("/"):
            return line
        word, _, rest = line[1:].partition(" ")
        command = {"system": self._system, "reset": self._reset, "regenerate": self._regenerate, "stats": self._stats, "save": self._save}.get(word)
        if command is None:
            if word != "help":
                self._notes.print(self._say.no_command.format(word=f"/{word}"), style="yellow")
            self._notes.print(self._say.commands, highlight=False)
            return None
        return command(rest.strip())

    def _system(self, text: str) -> None:
        if text:
            self._session.reset(text)
            self._notes.print(self._say.begun)
        else:
            first = next((one.content for one in self._session.messages[:1] if one.role == "system"), None)
            self._notes.print(first if first is not None else self._say.none, markup=False)

    def _reset(self, _: str) -> None:
        self._session.reset()
        self._notes.print(self._say.begun)

    def _regenerate(self, _: str) -> str | Sequence[str | Medium] | None:
        shown = next((one.parts for one in reversed(self._session.messages) if one.role == "user"), None)
        said = self._session.undo()
        if said is None:
            self._notes.print(self._say.nothing_said)
        return said if shown is None else shown

    def _stats(self, _: str) -> None:
        made = sum(reply.usage.completion_tokens for reply in self.replies)
        speeds = [reply.tokens_per_second for reply in self.replies if reply.tokens_per_second is not None]
        speed = sum(speeds) / len(speeds) if speeds else 0.0
        last = self.replies[-1].usage.prompt_tokens if self.replies else 0
        self._notes.print(self._say.stats.format(replies=len(self.replies), tokens=made, speed=speed, prompt=last))

    def _save(self, path: str) -> None:
        if not path:
            self._notes.print(self._say.commands, highlight=False)
            return
        self._session.save(path)
        self._notes.print(self._say.saved.format(file=path))

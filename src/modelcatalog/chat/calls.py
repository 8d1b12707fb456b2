"""Owns what a reply was asked to be, and whether the calls in it can be made. Knows no engine and no function's result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.engines import Message, ToolCall
from modelcatalog.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelcatalog.engines import Called, Constraint, Options, Prompt, Tool

__all__ = ["Judged", "Offer", "WrongCallError", "answer"]

_SHOWN = 200


class Judged(NamedTuple):
    """A call, and what is wrong with it."""

    call: ToolCall | None
    """None where it cannot be read."""
    text: str
    """The call as it was written."""
    wrong: str | None


class WrongCallError(EngineError):
    """A reply has a call that cannot be made."""

    judged: tuple[Judged, ...] = ()
    """All calls of the reply."""


class Offer(NamedTuple):
    """What a reply was asked to be."""

    constraint: Constraint | None = None
    tools: tuple[Tool, ...] = ()
    choice: str | None = None
    before: frozenset[str] = frozenset()
    """Ids of the conversation's calls so far."""
    most: int | None = None
    """Most tokens of the reply."""
    served: bool = False
    """Whether a server makes it, which may have a limit of its own."""

    @classmethod
    def of(cls, prompt: Prompt, options: Options, *, served: bool = False) -> Offer:
        """What these options ask of the reply to a prompt."""
        taken = frozenset() if isinstance(prompt, str) else frozenset(call.id for message in prompt for call in message.tool_calls)
        return cls(options.constraint, options.tools, options.tool_choice, taken, options.max_new_tokens, served)

    def short(self, made: int, prompt: int) -> bool:
        """Whether a reply that was cut was allowed more tokens than it has; where no figures came, nobody can tell."""
        return self.most is not None and prompt > 0 and made < self.most

    def calls(self, called: Sequence[Called], text: str, *, cut: bool) -> tuple[ToolCall, ...]:
        """The calls of a reply.

        Args:
            called: What the engine read.
            text: What the reply says beside them.
            cut: Whether the reply ended because it was long enough.

        Raises:
            WrongCallError: one of them cannot be made.
            EngineError: a call was asked for, and there is none.
        """
        if called and self.choice == "none":
            message = f"the model called {called[0].name or 'a tool'}, though tool_choice='none' asked for an answer"
            raise EngineError(message, subject="tool_choice", hint="the server ignores tool_choice; leave tools= out")
        judged = tuple(self._judged(called))
        if wrong := next((one for one in judged if one.wrong is not None), None):
            name = wrong.call.name if wrong.call is not None else "a tool"
            message = f"the model called {name} in a way that cannot be used: {wrong.wrong}"
            hint = "allow more max_new_tokens=" if cut else "ask again, or use session.run, which tells the model"
            error = WrongCallError(message, subject=wrong.text[:_SHOWN] or text[:_SHOWN], hint=f"{hint}; error.partial has the text beside the call")
            error.judged = judged
            raise error
        made = tuple(one.call for one in judged if one.call is not None)
        wanted = None if self.choice in (None, "auto", "none") or not self.tools else self.choice
        if wanted is not None and not (made and (wanted == "required" or all(call.name == wanted for call in made))):
            what = "any tool" if wanted == "required" else wanted
            message = f"the model did not call {what}, though tool_choice={wanted!r} asked for it"
            raise EngineError(message, subject="tool_choice", hint="the server ignores tool_choice; say in the prompt that the tool is to be called")
        return made

    def _judged(self, called: Iterable[Called]) -> Iterable[Judged]:
        known = {tool.name: tool for tool in self.tools}
        taken = set(self.before)
        for one in called:
            ident = one.id if one.id and one.id not in taken else _free(taken)
            taken.add(ident)
            wrong = one.wrong
            call = None if one.arguments is None else ToolCall(id=ident, name=one.name, arguments=one.arguments)
            if call is not None and call.name not in known:
                wrong = f"nobody offered it; the tools are {', '.join(known) or 'none'}"
            elif call is not None:
                wrong = known[call.name].wrong(call.arguments)
            yield Judged(call, one.text, wrong)


def _free(taken: set[str]) -> str:
    """An id of nine letters and digits, as Mistral's templates want it."""
    number = len(taken) + 1
    while f"call{number:05}" in taken:
        number += 1
    return f"call{number:05}"


def answer(call: ToolCall, said: str) -> Message:
    """The message that a tool answers with."""
    return Message(role="tool", content=said, tool_call_id=call.id, name=call.name)

"""Owns calling the tools that a model wants called, until it answers: `Run` and its steps. Knows no engine and no history."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict

from modelcatalog.chat.calls import Judged, WrongCallError, answer
from modelcatalog.chat.reply import Reply, Stream
from modelcatalog.engines import Message, Options, ToolCall
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Result", "Run", "Step", "said"]

_LOOP = "use session.arun in an event loop, or a function that is not async"
_NOT_ALLOWED = "Error: the user did not allow this call."


class Result(BaseModel):
    """A call, and what came of it."""

    model_config = ConfigDict(frozen=True)

    call: ToolCall | None
    """None where the model's words could not be read as one."""
    text: str
    """What the model is told."""
    error: str | None = None
    """Why there is no result; None where the function returned one."""


class Step(BaseModel):
    """A reply that called tools, and what they said."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    reply: Reply
    results: tuple[Result, ...]


class Run(Iterator[Step]):
    """A turn in which tools are called: iterate for the steps, then read ``reply``.

    Args:
        ask: Begins the reply to the turn's messages.
        turn: What the user said.
        options: How to generate, the tools among it.
        keep: Takes the turn's messages once the answer stands.
        limit: Most replies that may call tools.
        allow: Asked before each call.
        wait: Waits for what an ``async`` function returned; None where nobody can.

    Raises:
        Unsupported: a tool has no function, or one that somebody must wait for, or the limit is none.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Message], Options], Stream],
        turn: Sequence[Message],
        options: Options,
        keep: Callable[[Sequence[Message]], object],
        *,
        limit: int,
        allow: Callable[[ToolCall], Any] | None,
        wait: Callable[[Any], Any] | None = None,
    ) -> None:
        if schemas := [tool.name for tool in options.tools if tool.function is None]:
            message = f"run calls functions, and of {schemas[0]} there is only a schema"
            raise Unsupported(message, subject=schemas[0], hint="pass the function itself, or call it after .chat(prompt, tools=…)")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            message = f"limit={limit!r} is not a number of replies that may call tools"
            raise Unsupported(message, subject="limit", hint="pass a number from 1")
        if wait is None and (late := [tool.name for tool in options.tools if iscoroutinefunction(tool.function)]):
            message = f"run cannot wait for {late[0]}, which is async"
            raise Unsupported(message, subject=late[0], hint=_LOOP)
        self._ask, self._options, self._limit, self._allow, self._keep = ask, options, limit, allow, keep
        self._wait = wait or _refused
        self._left = threading.Event()
        self._stream: Stream | None = None
        self._messages = list(turn)
        self._kept = list(turn)
        """The same, without words that were not a call and what was said of them."""
        self._functions = {tool.name: tool for tool in options.tools}
        self._steps: list[Step] = []
        self._reply: Reply | None = None
        self._made: Generator[Step] = self._run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Step:
        return next(self._made)

    def close(self) -> None:
        """End it before the next reply; the history stays as it was."""
        self._made.close()

    def cancel(self) -> None:
        """End it after the current token or call; may be called from another thread. The history stays as it was."""
        self._left.set()
        if self._stream is not None:
            self._stream.cancel()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far."""
        return tuple(self._steps)

    @property
    def reply(self) -> Reply:
        """The answer; waits for it if it has not come."""
        for _ in self:
            pass
        if self._reply is None:
            message = "this run ended before the model answered"
            raise EngineError(message, subject=self._messages[0].content[:200], hint="its steps stand in .steps; run it again")
        return self._reply

    def _run(self) -> Generator[Step]:
        options = self._options
        while not self._left.is_set():
            stream = self._stream = self._ask(self._messages, options)
            judged: tuple[Judged, ...]
            try:
                reply = stream.reply
                judged = tuple(Judged(call, "", None) for call in reply.tool_calls)
            except WrongCallError as error:
                reply, judged = stream.reply, error.judged
            if not judged:
                self._reply = reply
                if reply.finish_reason != "cancelled":
                    self._keep([*self._kept, said(reply)])
                return
            if len(self._steps) == self._limit:
                message = f"the model called tools {self._limit} times and wants to again, without an answer"
                raise EngineError(message, subject=self._messages[0].content[:200], hint="raise limit=, or say in the prompt when to stop")
            step = Step(reply=reply, results=tuple(map(self._called, judged)))
            told = _told(step, judged)
            self._messages += told
            self._kept += told if told[0].tool_calls else ()
            self._steps.append(step)
            if options.tool_choice not in (None, "auto", "none"):
                options = options.model_copy(update={"tool_choice": None})  # one that must call a tool never answers
            yield step

    def _called(self, judged: Judged) -> Result:
        call = judged.call
        if judged.wrong is not None or call is None:
            return Result(call=call, text=f"Error: {judged.wrong}", error=judged.wrong)
        if self._allow is not None and not self._wait(self._allow(call)):
            return Result(call=call, text=_NOT_ALLOWED, error="not allowed")
        function = self._functions[call.name].function
        try:
            text = _written(self._wait(function(**call.arguments)) if function is not None else None)
        except _UnawaitedError as error:
            message = f"{call.name} returned something to be awaited, and run waits for nothing"
            raise Unsupported(message, subject=call.name, hint=_LOOP) from error
        except Exception as error:  # noqa: BLE001  whatever a tool raises is told to the model
            text = f"Error: {type(error).__name__}: {error}"
            return Result(call=call, text=_whole(text), error=_whole(text.removeprefix("Error: ")))
        return Result(call=call, text=text)


class _UnawaitedError(Exception):
    """A function that does not look async returned a coroutine, as wrapped ones do."""


def _refused(value: Any) -> Any:
    """A value, unless somebody would have to wait for it: written down it would be told to the model as a result."""
    if isawaitable(value):
        if iscoroutine(value):
            value.close()
        raise _UnawaitedError
    return value


def said(reply: Reply) -> Message:
    """A reply as a message of the history."""
    return Message(role="assistant", content=reply.text, tool_calls=reply.tool_calls)


def _told(step: Step, judged: Sequence[Judged]) -> list[Message]:
    """A step as messages: calls that could be read, and the answers; of the others the words, and what is wrong with them."""
    calls = tuple(result.call for result in step.results if result.call is not None)
    unread = [(one.text, result.text) for one, result in zip(judged, step.results, strict=True) if result.call is None]
    if not calls:
        words = "\n".join(filter(None, (step.reply.text, *(text for text, _ in unread))))
        problem = "\n".join(f"{error} Write the call again, as a valid one." for _, error in unread)
        return [Message(role="assistant", content=words), Message(role="user", content=problem)]
    first = Message(role="assistant", content=step.reply.text, tool_calls=calls)
    answers = [answer(result.call, result.text) for result in step.results if result.call is not None]
    if unread:
        # The next answer must still know of it, and no call stands there that it could answer.
        problem = " ".join(f"A further call could not be made: {error}" for _, error in unread)
        answers[-1] = answers[-1].model_copy(update={"content": f"{answers[-1].content}\n{problem}"})
    return [first, *answers]


def _written(value: Any) -> str:
    """What a function returned, as a model reads it: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return _whole(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    """What JSON does not have: models and records as their fields, the rest as text."""
    fields: Mapping[str, Any] | None = value.model_dump() if isinstance(value, BaseModel) else None
    return str(value) if fields is None else fields


def _whole(text: str) -> str:
    """A text without half characters, which no tokenizer reads."""
    return text.encode("utf-8", "replace").decode()

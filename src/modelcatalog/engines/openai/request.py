"""Owns one request to a server: its body, its second try, and a thread that reads the answer. Knows no chat.

The thread is what makes a silent server harmless: the caller waits on a queue, which cancelling, Ctrl-C and the
limit on silence can always end, and not on a socket, which they could not.
"""

from __future__ import annotations

import json
import queue
import re
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.engines.openai.errors import asked_pause, message_of
from modelcatalog.engines.openai.events import chunks
from modelcatalog.engines.sounds import Audio
from modelcatalog.engines.tools import CHOICES
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelcatalog.engines import Constraint, Image, Message, Options, Prompt
    from modelcatalog.planning.servers import Entry

__all__ = ["Dialect", "Request", "body"]

_POLL = 0.05
_PAUSES = (0.5, 2.0)
"""Seconds before the second and the third try, where the server is busy or refuses the connection."""
_LONGEST_PAUSE = 20.0
_BUSY = {408, 429}
_FAILED = 500
_NEVER = {501, 505}
"""What a server fails with that it will fail with again."""
_REFUSED = {400, 422}


class Dialect:
    """How this server wants to be asked; what it refuses is learned once.

    Args:
        newest: Whether it is OpenAI's own API, which knows only the new name for the most tokens.
        vendor: Whether it is a company's own API, which has no switches for chat templates.
        kind: What is known of servers of its kind, where that is known.
        own: How the model's own settings sample, where a server of this kind leaves that out.
    """

    def __init__(self, *, newest: bool, vendor: bool, kind: Entry | None = None, own: Mapping[str, float] | None = None) -> None:
        self.kind = kind
        self.own = own or {}
        self.limit = "max_completion_tokens" if newest else "max_tokens"
        self.vendor = vendor
        self.usage = True
        self.stops = True
        self._newest = newest

    def learn(self, said: str, sent: dict[str, Any]) -> bool:
        """Whether the request is worth repeating in other words, after what the server said of it."""
        other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
        if self.usage and "stream_options" in sent and "stream_options" in said:
            self.usage = False
        elif self.limit in sent and other in said and f"'{self.limit}'" in said and not self._newest:
            self.limit = other
            self._newest = True  # once is enough
        elif self.stops and "stop" in sent and "'stop'" in said:
            self.stops = False  # the engine ends the reply there itself
        else:
            return False
        return True


def body(prompt: Prompt, options: Options, model: str, dialect: Dialect) -> dict[str, Any]:
    """The arguments of the client's call.

    Raises:
        Unsupported: an option that no server has.
    """
    if options.chat_template is not None:
        message = "chat_template= cannot be sent: the server writes the messages in its own template"
        raise Unsupported(message, subject="chat_template", hint="start the server with that template")
    temperature = options.temperature
    if options.do_sample is False:
        temperature = 0.0
    if options.do_sample and not temperature:
        message = "do_sample=True does not say how to sample, and a server is told only by temperature"
        raise Unsupported(message, subject="do_sample", hint="pass temperature= above 0 instead")
    chat = not isinstance(prompt, str)
    sent: dict[str, Any] = {"model": model, "stream": True}
    sent["messages" if chat else "prompt"] = [_message(m) for m in prompt] if not isinstance(prompt, str) else prompt
    sent[dialect.limit if chat else "max_tokens"] = options.max_new_tokens
    own = dialect.own if temperature is None else {}
    said = {"temperature": own.get("temperature", temperature), "top_p": own.get("top_p") if options.top_p is None else options.top_p, "seed": options.seed}
    sent |= {key: value for key, value in said.items() if value is not None}
    # A server counts stop strings in the thinking too, and the answer would be empty; there the engine hangs up itself.
    if options.stop and dialect.stops and (dialect.vendor or not chat or options.enable_thinking is False):
        sent["stop"] = list(options.stop)
    if dialect.usage:
        sent["stream_options"] = {"include_usage": True}
    # Not OpenAI's own, but vLLM's and SGLang's; a server that has them not refuses them.
    extra: dict[str, Any] = _worded(options.model_dump(include={"top_k", "min_p", "repetition_penalty"}, exclude_none=True), dialect.kind)
    if options.enable_thinking is not None:
        if dialect.vendor or not chat:
            message = "enable_thinking= is a switch of chat templates, and a vendor's API has none" if chat else "enable_thinking= needs messages"
            raise Unsupported(message, subject="enable_thinking", hint="leave it out, or choose a model that thinks or does not")
        if dialect.kind is not None and dialect.kind.effort:
            sent["reasoning_effort"] = "medium" if options.enable_thinking else "none"
        else:
            extra["chat_template_kwargs"] = {"enable_thinking": options.enable_thinking}
    sent |= _offer(options, chat=chat)
    if options.constraint is not None:
        sent |= _matching(options.constraint, extra, vendor=dialect.vendor, chat=chat)
    return {**sent, "extra_body": extra} if extra else sent


def _worded(given: dict[str, Any], kind: Entry | None) -> dict[str, Any]:
    """Options in the words of a kind of server; what it would drop without a word is refused."""
    if kind is None:
        return given
    if lost := [name for name in kind.ignores if name in given]:
        message = f"{kind.title} drops {lost[0]}= without a word where it is asked as OpenAI is"
        raise Unsupported(message, subject=lost[0], hint="leave it out, or make a model of its own there that has it in its settings")
    return {kind.words.get(name, name): value for name, value in given.items()}


def _offer(options: Options, *, chat: bool) -> dict[str, Any]:
    """The tools, in OpenAI's words."""
    if not options.tools:
        return {}
    if not chat:
        message = "tools= needs messages, and a text is continued without any"
        raise Unsupported(message, subject="tools", hint="leave it out, or use .chat(messages)")
    sent: dict[str, Any] = {"tools": [tool.schema for tool in options.tools]}
    choice = options.tool_choice
    if choice is not None:
        sent["tool_choice"] = choice if choice in CHOICES else {"type": "function", "function": {"name": choice}}
    return sent


def _message(message: Message) -> dict[str, Any]:
    """A message in OpenAI's words, which have the arguments of a call as JSON, an image as a URL and a recording as base64."""
    said = message.content if message.parts is None else [_part(part) for part in message.parts]
    sent: dict[str, Any] = {"role": message.role, "content": said}
    if message.tool_calls:
        sent["content"] = message.content or None
        sent["tool_calls"] = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": json.dumps(one.arguments, ensure_ascii=False)}}
            for one in message.tool_calls
        ]
    return sent | ({"tool_call_id": message.tool_call_id} if message.tool_call_id is not None else {})


def _part(part: str | Image | Audio) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Audio):
        return {"type": "input_audio", "input_audio": {"data": part.url.partition(",")[2], "format": part.format}}
    return {"type": "image_url", "image_url": {"url": part.url, **({} if part.detail is None else {"detail": part.detail})}}


def _matching(constraint: Constraint, extra: dict[str, Any], *, vendor: bool, chat: bool) -> dict[str, Any]:
    """A constraint in the words of servers: OpenAI's for JSON, vLLM's and SGLang's for the rest. A server that ignores it is found out by its reply."""
    if constraint.kind == "json" and chat:
        schema = constraint.schema
        if schema == {"type": "object"}:
            return {"response_format": {"type": "json_object"}}
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": _strict(schema)}}}
    if vendor:
        message = f"a vendor's API keeps chats to JSON, and to no {'text' if chat else 'schema without messages'}"
        raise Unsupported(message, subject=constraint.kind, hint="pass response_format= to .chat(), or use a server of vLLM or SGLang")
    if constraint.kind == "json":
        extra["structured_outputs"] = {"json": constraint.schema}
        extra["json_schema"] = constraint.text
    elif constraint.kind == "choices":
        extra["structured_outputs"] = {"choice": constraint.choices}
        extra["regex"] = "|".join(map(re.escape, constraint.choices))
    else:
        extra["structured_outputs"] = {"regex": constraint.text}
        extra["regex"] = constraint.text
    return {}


def _strict(schema: Any) -> bool:
    """Whether a schema is one that OpenAI keeps to strictly: every property required, and no others."""
    if isinstance(schema, list):
        return all(map(_strict, schema))
    if not isinstance(schema, dict):
        return True
    closed = schema.get("additionalProperties") is False and set(schema.get("properties", ())) == set(schema.get("required", ()))
    return (closed or schema.get("type") != "object") and all(map(_strict, schema.values()))


class _End(NamedTuple):
    error: BaseException | None


class Request:
    """One request in a thread of its own.

    Args:
        call: Sends a body with ``stream=True``.
        make: The body, in the server's dialect.
        dialect: What is known of the server.
        patience: Seconds of silence after which it is given up.
    """

    def __init__(self, call: Callable[..., Any], make: Callable[[], dict[str, Any]], dialect: Dialect, patience: float) -> None:
        self._call, self._make, self._dialect, self._patience = call, make, dialect, patience
        self._chunks: queue.Queue[Any] = queue.Queue()
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._socket: socket.socket | None = None

    def chunks(self, cancel: threading.Event) -> Iterator[Any]:
        """The chunks as they come; ends early, and without an error, once ``cancel`` is set.

        Raises:
            TimeoutError: nothing came for too long.
            Exception: whatever the client raised.
        """
        threading.Thread(target=self._read, name="modelcatalog-server", daemon=True).start()
        try:
            heard = time.monotonic()
            while not cancel.is_set():
                try:
                    item = self._chunks.get(timeout=_POLL)
                except queue.Empty:
                    # Some servers send comments for ever, which keep the socket alive and say nothing.
                    if time.monotonic() - heard > self._patience:
                        raise TimeoutError from None
                    continue
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    return
                heard = time.monotonic()
                yield item
        finally:
            self.close()

    def close(self) -> None:
        """Hang up; the server notices, and stops generating."""
        self._stop.set()
        with self._guard, suppress(OSError):
            if self._socket is not None:
                # Closing would not wake the thread that reads it.
                self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        end: BaseException | None = None
        try:
            stream = self._open()
            try:
                self._watch(stream)
                for chunk in chunks(stream.response):
                    if self._stop.is_set():
                        break
                    self._chunks.put(chunk)
            finally:
                self._watch(None)
                stream.close()
        except BaseException as error:  # noqa: BLE001  raised again in the thread that asked
            end = error
        self._chunks.put(_End(end))

    def _watch(self, stream: Any) -> None:
        """Remember the socket while the stream is read, and only then: afterwards it is another request's."""
        response = getattr(stream, "response", None)
        network = getattr(response, "extensions", {}).get("network_stream")
        with self._guard:
            self._socket = network.get_extra_info("socket") if network is not None else None
        if stream is not None and self._stop.is_set():
            self.close()

    def _open(self) -> Any:
        tries = 0
        while True:
            sent = self._make()
            try:
                return self._call(**sent)
            except Exception as error:
                status = getattr(error, "status_code", None)
                if status in _REFUSED and self._dialect.learn(message_of(error), sent):
                    continue
                busy = isinstance(status, int) and (status in _BUSY or (status >= _FAILED and status not in _NEVER))
                again = busy or type(error).__name__ == "APIConnectionError"
                pause = _PAUSES[tries] if again and tries < len(_PAUSES) else None
                if pause is not None and (asked := asked_pause(error)) is not None:
                    pause = asked if asked <= _LONGEST_PAUSE else None  # nobody would be served before
                if pause is None or self._stop.wait(pause):
                    raise
                tries += 1

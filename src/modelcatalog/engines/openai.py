"""Owns chatting with a model on an OpenAI-compatible server: which of its models, and its stream as events.

Knows no hub and no file. The server holds the weights, the template and the cache of prefixes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelcatalog import catalog
from modelcatalog.engines import Finished, Started, Thought, refuse_missing
from modelcatalog.engines.openai_errors import Server, message_of, translated
from modelcatalog.engines.openai_request import Dialect, Request, body
from modelcatalog.engines.text import StopStrings
from modelcatalog.errors import EngineError, ModelCatalogError
from modelcatalog.planning.serving import key_variable, vendor

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from modelcatalog.engines import Event, Finish, Options, Prompt
    from modelcatalog.planning import Plan
    from modelcatalog.records import ModelName

__all__ = ["OpenAI", "open"]

_CONNECT = 5.0
_LIST = 10.0
_SILENCE = 300.0
_AFTER_STOP = 16
"""Chunks that are still read for the sake of the figures, after a stop string that the server was told of."""
_NO_ENTRY = {401, 403}
_FINISH: dict[str, Finish] = {"length": "length", "max_tokens": "length"}


class OpenAI:
    """One model of one server."""

    name = "openai"
    parallel = 8
    """A server batches what comes at once."""
    costs: tuple[str, ...] = ()

    def __init__(self, client: Any, server: Server, dialect: Dialect) -> None:
        self._client = client
        self._server = server
        self._dialect = dialect

    @property
    def model(self) -> str:
        """The id by which the server is asked."""
        return self._server.model

    @property
    def decoding(self) -> str:
        """``server``, and which."""
        return f"server: {self._server.url}, model {self._server.model}"

    @property
    def chat_template(self) -> bool:
        """Whether it can chat: a server does not tell, so it is taken to."""
        return True

    def new_memory(self) -> None:
        """Nothing: servers keep the prefixes of conversations themselves."""

    def close(self) -> None:
        """Close the connections; replies that are being made fail."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Ask, and hand on what comes. May be called from several threads at once.

        Completion tokens are the server's count; where it sends none, or the reply ends early, its pieces are counted.
        """
        client = self._client
        if client is None:
            message = "this model was closed"
            raise EngineError(message, subject=self._server.model)
        completing = isinstance(prompt, str)
        call = client.completions.create if completing else client.chat.completions.create
        # Made once here, so that an option which cannot be sent fails in the caller's thread, unsent.
        body(prompt, options, self.model, self._dialect)
        request = Request(call, lambda: body(prompt, options, self.model, self._dialect), self._dialect, self._server.patience)
        chunks = request.chunks(cancel)
        try:
            yield from self._events(chunks, StopStrings(options.stop), cancel)
        except ModelCatalogError:
            raise
        except Exception as error:
            raise translated(error, self._server, completing=completing) from error
        finally:
            request.close()

    def _events(self, chunks: Iterator[Any], stops: StopStrings, cancel: threading.Event) -> Iterator[Event]:
        count, late, usage, reason = 0, 0, None, None
        started = False
        for chunk in chunks:
            if not started:
                started = True
                yield Started(0)  # the size of the prompt comes with the end
            usage = getattr(chunk, "usage", None) or usage
            # The chunk with the figures has no choice.
            for choice in getattr(chunk, "choices", None) or ():
                thought, text = _pieces(choice)
                reason = getattr(choice, "finish_reason", None) or reason
                count += bool(thought or text)
                if thought and not stops.hit:
                    yield Thought(thought)
                if text and (out := stops.push(text)):
                    yield out
            late += stops.hit
            if late > _AFTER_STOP:
                break
        yield from _rest(stops)
        made = _count(usage, "completion_tokens")
        yield Finished(self._reason(reason, stops, cancel), count if made is None else made, _count(usage, "prompt_tokens"))

    def _reason(self, reason: str | None, stops: StopStrings, cancel: threading.Event) -> Finish:
        if stops.hit:
            return "stop"
        if reason is None and cancel.is_set():
            return "cancelled"
        if reason is None:
            message = f"{self._server.url} closed the connection before the reply was finished"
            hint = "the server may have died, or base_url may not be the address of an API; it usually ends in /v1"
            raise EngineError(message, subject=self._server.url, hint=hint)
        if reason == "content_filter":
            message = f"the content filter of {self._server.url} stopped the reply"
            raise EngineError(message, subject=self._server.model, hint="change the prompt")
        return _FINISH.get(reason, "stop")


def _rest(stops: StopStrings) -> Iterator[str]:
    if out := stops.rest():
        yield out


def _pieces(choice: Any) -> tuple[str, str]:
    """Thinking and text of a chunk; servers parse the thinking out under one of two names, or leave the tags in."""
    delta = getattr(choice, "delta", None)
    if delta is None:
        return "", _text(choice, "text")
    return _text(delta, "reasoning_content") or _text(delta, "reasoning"), _text(delta, "content") or _text(delta, "refusal")


def _text(owner: Any, field: str) -> str:
    value = getattr(owner, field, None)
    return value if isinstance(value, str) else ""


def _count(usage: Any, field: str) -> int | None:
    value = getattr(usage, field, None)
    return value if isinstance(value, int) and value >= 0 else None


def open(plan: Plan, api_key: str | None = None) -> OpenAI:  # noqa: A001  engines.openai.open(plan)
    """Connect to the server of a plan, and find the model among those that it lists.

    A company's own API is not asked for its list: the catalog knows the ids. Any other server is, which also finds
    out whether it is there and takes the key. Of the ids that it lists, the model is the one that is the name as given;
    else the one that means the same model (its quantization too, if the name has one); else, where the server has but
    one and its id names no known model (``default``), that one. One other known model is an error, since some servers
    answer with what they have, whatever they are asked for. Where several are listed and none is meant, or none at all,
    the name is sent as given: some servers load what they are asked for.

    Raises:
        MissingPackage: the ``openai`` package.
        EngineError: there is no key, it is rejected, the server does not answer, or it serves another model.
    """
    refuse_missing(plan)
    from openai import OpenAI as Client  # noqa: PLC0415
    from openai import Timeout  # noqa: PLC0415

    url = plan.endpoint or ""
    company, variable = vendor(url), key_variable(url)
    key = api_key or os.environ.get(variable)
    if company is not None and not key:
        message = f"{company.name}'s API wants a key"
        hint = f"set {variable}, or pass api_key=" + (f"; {company.api_docs} tells how to get one" if company.api_docs else "")
        raise EngineError(message, subject=plan.name.source, hint=hint)
    patience = _patience()
    # A key must be sent; servers that want none ignore it.
    client = Client(base_url=url, api_key=key or "none", timeout=Timeout(patience, connect=_CONNECT), max_retries=0)
    server = Server(url, plan.repo_id or plan.name.source, variable, patience=patience)
    if company is None:
        try:
            listed = _listed(client, server)
            server = server._replace(listed=tuple(model for model, _ in listed), model=_meant(plan.name, listed, server))
        except BaseException:
            client.close()
            raise
    newest = company is not None and company.name == "OpenAI" or (urlsplit(url).hostname or "").endswith(".openai.azure.com")
    return OpenAI(client, server, Dialect(newest=newest, vendor=company is not None))


def _patience() -> float:
    text = os.environ.get("MODELCATALOG_SERVER_TIMEOUT", "").strip()
    try:
        seconds = float(text) if text else _SILENCE
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        message = f"MODELCATALOG_SERVER_TIMEOUT={text} is no number of seconds"
        raise EngineError(message, subject=text, hint="set it to the longest silence of the server to wait for, such as 300")
    return seconds


def _listed(client: Any, server: Server) -> list[tuple[str, str]]:
    """The ids that the server lists and who it says owns them; nothing where it has no list."""
    patience = min(_LIST, server.patience)
    try:
        # One page: a list of more is no server's own.
        found = getattr(client.models.list(timeout=patience), "data", None)
    except Exception as error:
        # Not every server has a list, and that of `transformers serve` fails where there is no cache to list.
        if getattr(error, "status_code", None) not in {None, *_NO_ENTRY}:
            return []
        raise translated(error, server._replace(patience=patience)) from error
    if not isinstance(found, list):
        raise translated(ValueError(message_of(ValueError("no list of models"))), server)
    return [(one.id, _text(one, "owned_by")) for one in found if isinstance(getattr(one, "id", None), str)]


def _meant(name: ModelName, listed: list[tuple[str, str]], server: Server) -> str:
    asked = server.model
    ids = [model for model, _ in listed]
    for exact in (lambda text: text, str.lower):
        for model in ids:
            if exact(model) == exact(asked):
                return model
    same = [model for model in ids if _same(name, model)]
    if same:
        return same[0]
    if len(listed) == 1:
        (model, owner) = listed[0]
        # `transformers serve` lists what lies in a cache, by its owner there, and loads what it is asked for.
        if owner and model.lower().startswith(f"{owner.lower()}/"):
            return asked
        family = _read(model).family
        if family is None or not catalog.find(family):
            return model
        message = f"{server.url} serves {model}, which is not {name.source}"
        raise EngineError(message, subject=name.source, hint=f"ask for {model!r}, or give the base_url of a server that has {name.source}")
    return asked


def _read(model: str) -> ModelName:
    """The record of an id; one that is a path of a server's disk is read by its last part, as far as it can be read."""
    return catalog.parse(model.rstrip("/").rpartition("/")[2][:1024] or "-" if model.startswith("/") else model[:1024])


def _same(name: ModelName, model: str) -> bool:
    other = _read(model)
    return name.same_model(other) and (name.quantization is None or name.quantization == other.quantization)

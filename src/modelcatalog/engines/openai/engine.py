"""Owns chatting with a model on an OpenAI-compatible server: which of its models, and its stream as events.

Knows no hub and no file. The server holds the weights, the template and the cache of prefixes.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelcatalog import catalog
from modelcatalog.engines import Finished, Pieces, Started, Thought, refuse_missing
from modelcatalog.engines.failing import closed
from modelcatalog.engines.openai.chunks import FILTERED, FINISH, Calls, Characters, Reader, member
from modelcatalog.engines.openai.errors import Server, message_of, translated
from modelcatalog.engines.openai.request import Dialect, Request, body
from modelcatalog.engines.prompts.calling import unread
from modelcatalog.engines.prompts.thinking import Parter, Piece, half_open, unanswered
from modelcatalog.engines.text import StopStrings, finished, written
from modelcatalog.errors import EngineError, ModelCatalogError
from modelcatalog.hubs import secrets
from modelcatalog.planning import servers
from modelcatalog.planning.serving import key_variable, vendor

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from modelcatalog.engines import Called, Event, Finish, Options, Prompt, Written
    from modelcatalog.planning import Plan
    from modelcatalog.records import ModelName

__all__ = ["OpenAI", "open"]

_CONNECT = 5.0
_LIST = 10.0
_SILENCE = 300.0
_AFTER_STOP = 16
"""Chunks that are still read for the sake of the figures, after a stop string that the server was told of."""
_NO_ENTRY = {401, 403}
_CACHED = ("cache_read_input_tokens", "prompt_cache_hit_tokens")
"""What some count beside the tokens of a prompt."""
_CUT, _FEW = 2, 500
"""A token is hardly ever more than a word: a prompt of so many words a token was not read to its end. Nobody's context is as short as the second."""
_CALLED = {"tool_calls", "tool_call", "function_call", "tool_use"}


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
            raise closed(self._server.model)
        completing = isinstance(prompt, str)
        call = client.completions.create if completing else client.chat.completions.create
        # Made once here, so that an option which cannot be sent fails in the caller's thread, unsent.
        sent = body(prompt, options, self.model, self._dialect)
        request = Request(call, lambda: body(prompt, options, self.model, self._dialect), self._dialect, self._server.patience)
        chunks = request.chunks(cancel)
        reply = _Reply(prompt, options.stop, told="stop" in sent, offered="tools" in sent, thoughtless=options.enable_thinking is False)
        try:
            yield from self._events(chunks, reply, cancel)
        except ModelCatalogError:
            raise
        except Exception as error:
            raise translated(error, self._server, completing=completing) from error
        finally:
            request.close()

    def _events(self, chunks: Iterator[Any], reply: _Reply, cancel: threading.Event) -> Iterator[Event]:  # noqa: C901  one stream, read to its end
        late, usage, reason, answered = 0, None, None, None
        started, reader = False, Reader()
        try:
            for chunk in chunks:
                if not started:
                    started = True
                    yield Started(0)  # the size of the prompt comes with the end
                # The chunk with the figures has no choice.
                said = reader.read(chunk)
                usage = said.usage or usage
                answered = model if isinstance(model := member(chunk, "model"), str) and model else answered
                reason = said.reason or reason
                reply.called.push(*said.called)
                for text, thinking in said.pieces:
                    if out := reply.push(text, thinking=thinking):
                        yield out
                if said.failed is not None:
                    raise said.failed  # noqa: TRY301  what was held back goes out first
                late += reply.stops.hit
                if late and (late > _AFTER_STOP or not reply.told):
                    break
        except Exception:
            if out := reply.rest(done=False):
                yield out
            raise
        if out := reply.rest(done=reason == "stop"):
            yield out
        made = _count(usage, "completion_tokens", "output_tokens")
        ended = self._reason(reason, reply, cancel, lost=reader.lost if reader.empty else None)
        if reader.empty and ended == "stop" and not reply.stops.hit:
            message = f"{self._server.url} ended the reply of {self.model} without a word"
            warnings.warn(f"{message}: the prompt may be longer than the context that the server gives it", stacklevel=2)
        yield from reply.calls(ended)
        read = _count(usage, "prompt_tokens", "input_tokens")
        if read and (words := reply.least) > max(_FEW, _CUT * (read + (_count(usage, *_CACHED) or 0))):
            message = f"{self._server.url} counts {read:,} tokens in a prompt of {words:,} words: it may have left part of it out, as Ollama does"
            warnings.warn(f"{message}; give the model a longer context there", stacklevel=2)
        if answered is not None and not self._dialect.vendor and _another(self.model, answered):
            warnings.warn(f"{self._server.url} was asked for {self.model}, and says that {answered} has answered", stacklevel=2)
        yield Finished(ended, reply.count if made is None else made, read)

    def _reason(self, reason: str | None, reply: _Reply, cancel: threading.Event, *, lost: str | None) -> Finish:
        if reply.stops.hit:
            return "stop"
        if reason is None and cancel.is_set():
            return "cancelled"
        url, model = self._server.url, self._server.model
        if lost is not None:
            message = f"{url} sent the words of {model} as {lost!r}, which cannot be read here"
            raise EngineError(message, subject=model, hint="its log or its documentation may tell how it answers as OpenAI does")
        if not reply.called and reason in _CALLED:
            message = f"{url} ended the reply for {model} to call a tool, and sent no call"
            raise EngineError(message, subject=model, hint="its parser may not read how this model calls: its log tells more; error.partial has what came")
        if reply.called and not reply.offered:
            names = ", ".join(reply.called.names) or "one without a name"
            message = f"{model} on {url} called a tool that nobody offered: {names}"
            raise EngineError(message, subject=model, hint="ask it to answer in words, or start the server without tools of its own")
        if reason is None:
            message = f"{url} closed the connection before the reply was finished: it gave no finish_reason"
            hint = "the server may have died, or base_url may not be the address of an API; it usually ends in /v1. error.partial has what came"
            raise EngineError(message, subject=url, hint=hint)
        if reason in FILTERED:
            message = f"the content filter of {url} stopped the reply"
            raise EngineError(message, subject=model, hint="change the prompt; error.partial has what came")
        if reason not in FINISH:
            message = f"{url} ended the reply with finish_reason {reason!r}"
            raise EngineError(message, subject=url, hint="the server's log tells more; try again. error.partial has what came")
        return FINISH[reason]


class _Reply:
    """What comes of one reply: thinking that the server parted, or left in its text, and stop strings in the answer.

    Args:
        prompt: What was asked.
        stops: Strings that end the answer.
        told: Whether the server knows of them.
        offered: Whether tools were offered.
        thoughtless: Whether it was asked not to think.
    """

    def __init__(self, prompt: Prompt, stops: Sequence[str], *, told: bool, offered: bool, thoughtless: bool = False) -> None:
        self._thoughtless = thoughtless
        said = "" if isinstance(prompt, str) else "\n".join(message.content for message in prompt)
        self._parter = None if isinstance(prompt, str) else Parter(asked=said)
        self.least = len((said or str(prompt)).split())
        """Tokens that the prompt has at least, where each word is one."""
        self.stops = StopStrings(stops)
        self.told = told
        self.offered = offered
        self.called = Calls()
        self.count = 0
        self._characters = Characters()
        self._said: list[str] = []
        self._thought = False

    def push(self, text: str, *, thinking: bool) -> Written:
        """Take a piece."""
        self.count += 1
        return self._push(self._characters.push(text), thinking=thinking)

    def _push(self, text: str, *, thinking: bool) -> Written:
        if thinking:
            self._thought = True
        else:
            self._said.append(text)
        if self._parter is None:
            return written([Piece(text, thinking)], self.stops)
        out = written(self._parter.thought(text) if thinking else self._parter.push(text), self.stops)
        if self._thoughtless and any(isinstance(one, Thought) and one.text.strip() for one in (out.pieces if isinstance(out, Pieces) else (out,))):
            self._thoughtless = False
            warnings.warn("the model thinks though enable_thinking=False was sent: the server, or its template, does not take the switch", stacklevel=2)
        return out

    def calls(self, reason: Finish) -> list[Called]:
        """The calls of a reply that ended so; a cancelled one made none, and behind a stop string nothing counts."""
        return [] if not self.offered or reason == "cancelled" or self.stops.hit else self.called.made()

    def rest(self, *, done: bool) -> Written:
        """What was held back, once no more comes."""
        said = "".join(self._said)
        if self._parter is not None and (mark := half_open(said)) is not None:
            message = f"the reply has {mark} and nothing that opens it: its text may begin with thinking that the server's template opened"
            warnings.warn(f"{message}; start the server with its reasoning parser", stacklevel=2)
        if self.offered and not self.called and (mark := unread(said)) is not None:
            message = f"the reply has {mark}, and the server sent no call of a tool: it may have left one in the text"
            warnings.warn(f"{message}; start the server with its tool parser", stacklevel=2)
        if done and self._thought and not (said.strip() or self.called or self.stops):
            unanswered()
        half = self._characters.rest()
        if self._parter is None:
            return finished([Piece(half, thinking=False)] if half else [], self.stops)
        return finished([*(self._parter.push(half) if half else ()), *self._parter.rest(done=done)], self.stops)


def _text(owner: Any, field: str) -> str:
    value = getattr(owner, field, None)
    return value if isinstance(value, str) else ""


def _count(usage: Any, *fields: str) -> int | None:
    """A figure, which gateways to other APIs call by their names."""
    values = (value for field in fields if isinstance(value := member(usage, field), int | float) and not isinstance(value, bool))
    return next((int(value) for value in values if value >= 0 and value == value // 1), None)


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
    from openai import DefaultHttpxClient, Timeout
    from openai import OpenAI as Client

    url = plan.endpoint or ""
    company, variable = vendor(url), key_variable(url)
    # A server that was found without a key is sent none that belongs to somebody else, and nothing stands between it and us.
    found = plan.server is not None
    key = _key(api_key, None if found else variable)
    if company is not None and not key:
        message = f"{company.name}'s API wants a key"
        hint = f"set {variable}, or pass api_key=" + (f"; {company.api_docs} tells how to get one" if company.api_docs else "")
        raise EngineError(message, subject=plan.name.source, hint=hint)
    patience = _patience()
    # A key must be sent; servers that want none ignore it.
    wire = {"http_client": DefaultHttpxClient(trust_env=False, follow_redirects=False)} if found else {}
    client = Client(base_url=url, api_key=key or "none", timeout=Timeout(patience, connect=_CONNECT), max_retries=0, **wire)
    server = Server(url, plan.repo_id or plan.name.source, variable, patience=patience)
    kind: servers.Entry | None = None
    own: dict[str, float] = {}
    if company is None:
        try:
            listed = _listed(client, server)
            server = server._replace(listed=tuple(model for model, _ in listed), model=_meant(plan.name, listed, server))
            kind = servers.of(plan.server, tuple(owner for _, owner in listed))
            own = _own_settings(client, kind, server)
        except BaseException:
            client.close()
            raise
    newest = company is not None and company.name == "OpenAI" or (urlsplit(url).hostname or "").endswith(".openai.azure.com")
    return OpenAI(client, server, Dialect(newest=newest, vendor=company is not None, kind=kind, own=own))


def _key(given: str | None, variable: str | None) -> str | None:
    """The key that was given, else the one in the variable; blanks and line breaks around it are not part of it.

    Raises:
        EngineError: it cannot be sent; no character of it is shown.
    """
    source, key = ("api_key=", given.strip()) if given else (variable or "", os.environ.get(variable or "", "").strip())
    if key and not secrets.sendable(key):
        message = f"the value in {source} is not a key: it has blanks, line breaks or other characters that cannot be sent"
        raise EngineError(message, subject=source, hint="copy the key alone, without quotation marks")
    return key or None


def _own_settings(client: Any, kind: servers.Entry | None, server: Server) -> dict[str, float]:
    """How a model's own settings sample, of a kind of server that leaves them out where it is asked as OpenAI is; nothing where it does not tell."""
    if kind is None or not kind.shows:
        return {}
    parts = urlsplit(server.url)
    try:
        told = client.post(f"{parts.scheme}://{parts.netloc}{kind.shows}", cast_to=object, body={"model": server.model}, options={"timeout": _LIST})
    except Exception:  # noqa: BLE001  what it says of itself is a courtesy
        return {}
    stated = member(told, "parameters")
    found: dict[str, float] = {}
    for name, _, value in (line.strip().partition(" ") for line in (stated if isinstance(stated, str) else "").splitlines()):
        if name in {"temperature", "top_p"}:
            with suppress(ValueError):
                found[name] = float(value)
    return {name: value for name, value in found.items() if 0 <= value < float("inf")}


def _patience() -> float:
    text = os.environ.get("MODELCATALOG_SERVER_TIMEOUT", "").strip()
    try:
        seconds = float(text) if text else _SILENCE
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        message = f"MODELCATALOG_SERVER_TIMEOUT={text} is not a number of seconds"
        raise EngineError(message, subject=text, hint="set it to the longest silence of the server to wait for, such as 300")
    return seconds


def _listed(client: Any, server: Server) -> list[tuple[str, str]]:
    """The ids that the server lists and who it says owns them; nothing where it has no list."""
    patience = min(_LIST, server.patience)
    try:
        # One page: a list of more is not a server's own.
        page = client.models.list(timeout=patience)
        found = getattr(page, "data", None)
        if found is None and getattr(page, "object", None) == "list":
            return []  # Ollama without a model
    except Exception as error:
        # Not every server has a list, and that of `transformers serve` fails where there is no cache to list.
        if getattr(error, "status_code", None) not in {None, *_NO_ENTRY}:
            return []
        if isinstance(error, AttributeError | TypeError):
            found = None  # the client takes a page or a list of others for its own
        else:
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


def _another(asked: str, answered: str) -> bool:
    """Whether an answer is certain to be another model's: of another company, or of another size."""
    one, other = _read(asked), _read(answered)
    if not (one.family and other.family and catalog.find(one.family) and catalog.find(other.family)):
        return False
    sizes = [name.size.total if name.size else None for name in (one, other)]
    return one.company != other.company or (one.family == other.family and None not in sizes and sizes[0] != sizes[1])


def _same(name: ModelName, model: str) -> bool:
    other = _read(model)
    return name.same_model(other) and (name.quantization is None or name.quantization == other.quantization)

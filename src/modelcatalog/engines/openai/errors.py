"""Owns the translation of a server's failures into the package's errors. Knows the client's errors by what they carry.

The client's classes are not imported: they are told apart by status and by name, which have been stable.
"""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from modelcatalog.errors import EngineError, ModelCatalogError, NoChatTemplate, Unsupported
from modelcatalog.hubs import proxies
from modelcatalog.hubs.opening import why

__all__ = ["Server", "ServerSaid", "asked_pause", "complaint", "message_of", "translated"]

_BAD_REQUEST, _NO_KEY, _NO_CREDIT, _FORBIDDEN, _NOT_FOUND, _NO_METHOD, _TOO_LARGE = 400, 401, 402, 403, 404, 405, 413
_UNPROCESSABLE, _TOO_MANY, _LEGAL, _FAILED, _NOT_BUILT = 422, 429, 451, 500, 501
_UNKNOWN_MODEL = re.compile(r"\bmodels?\b.*(not exist|not found|unknown)|(unknown|invalid|no such) model|pinned to", re.IGNORECASE)
_TOO_LONG = re.compile(
    # vLLM, SGLang and Ollama; llama.cpp; Anthropic; Gemini; TGI; LM Studio; Bedrock; Moonshot; DashScope; Z.ai, xAI and TensorRT-LLM; LMDeploy; Volcengine
    r"context[ _]length|context window|context[ _]size|too many tokens|prompt is too long|longer than the maximum"
    r"|token count .*exceeds|tokens`? \+ `?max_new_tokens|n_keep .*n_ctx|input is too long|model token limit|range of input length"
    r"|(?:prompt|input)\b.{0,30}\bexceeds? max|prompt length\b.{0,60}(?:exceed|contains)|longer than session_len|exceed max message tokens",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    # Azure and OpenAI; DashScope; DeepSeek; OpenRouter; Moonshot; Volcengine, Z.ai and Qianfan
    r"content[_ ](?:filter|policy|management policy|exists risk)|data_inspection_failed|inappropriate content|requires moderation|was flagged"
    r"|considered high risk|SensitiveContent|sensitive (?:content|information)|safety system|敏感|违规",
    re.IGNORECASE,
)
_SILENT = re.compile(
    r"not a chat model|does not support (?:chat|generat|completion)|not supported (?:in|with|on) the .{0,12}(?:chat/)?completions", re.IGNORECASE
)
_COMPLAINTS = ("error", "message", "detail", "msg", "error_msg", "error_message", "errmsg", "err_msg", "errors")
"""What servers call the sentence that says what went wrong: OpenAI's name, FastAPI's, Baidu's, Cloudflare's."""
_LAST = 599
_SHOWN = 300
_NAMED = 8
"""Models that an error lists."""


class ServerSaid(Exception):
    """An error that came with status 200, or an answer that cannot be read.

    Args:
        body: What the server said, in the form of its errors.
        status: The status that it names.
    """

    def __init__(self, body: dict[str, object], status: int | None) -> None:
        super().__init__(str(body))
        self.body = body
        self.status_code = status if status is not None and _BAD_REQUEST <= status <= _LAST else None


class Server(NamedTuple):
    """What an error says of the server that it came from."""

    url: str
    model: str
    key: str
    """The environment variable of its key."""
    listed: tuple[str, ...] = ()
    """The models that it listed."""
    patience: float = 0.0
    """Seconds of silence that are waited for."""


def _cause(error: BaseException) -> str:
    """What kept a request from its server: the system's own failure, which clients wrap several times."""
    one: BaseException | None = error
    for _ in range(8):
        if one is None or isinstance(one, OSError):
            break
        one = one.__cause__ or one.__context__
    return why(one) if isinstance(one, OSError) else message_of(error.__cause__ or error)


def message_of(error: BaseException) -> str:
    """What the server said, on one line, printable and not endless."""
    body = getattr(error, "body", None)
    while True:
        if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict) and (body[0].get("error") or body[0].get("message")):
            body = body[0]  # Gemini's are in a list, and Cloudflare's
        if not isinstance(body, dict):
            break
        body = complaint(body)
    text = body if isinstance(body, str) and body.strip() else str(body or getattr(error, "message", None) or error or type(error).__name__)
    text = "".join(filter(str.isprintable, " ".join(text.split())))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def complaint(body: object) -> object:
    """What a body says of a failure, under whichever of the names that servers have for it; None where it says nothing of one.

    >>> complaint({"error_code": 336003, "error_msg": "messages is empty"})
    'messages is empty'
    >>> complaint({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}})
    'insufficient balance'
    """

    def field(name: str) -> object:
        return body.get(name) if isinstance(body, dict) else getattr(body, name, None)

    found = next((value for name in _COMPLAINTS if (value := field(name))), None)
    if found is None and isinstance(result := field("base_resp"), dict) and result.get("status_code"):  # MiniMax sends one with each piece
        found = result.get("status_msg") or result
    return found


def asked_pause(error: BaseException) -> float | None:
    """The seconds that a server asks to wait before the next request; None where it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        said = headers.get(name, "")
        if said.replace(".", "", 1).isdecimal():
            return float(said) / unit
        if "," in said:
            try:
                return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
            except ValueError:
                continue
    return None


def translated(error: BaseException, server: Server, *, completing: bool = False) -> ModelCatalogError:  # noqa: PLR0911  a ladder of cases
    """The error that the user sees; the caller keeps the original as its cause.

    Args:
        error: What the client raised.
        server: Which server.
        completing: Whether it was asked to continue a text, which not every server does.
    """
    if isinstance(error, ModelCatalogError):
        return error
    status, said = getattr(error, "status_code", None), message_of(error)
    if isinstance(status, int):
        return _answered(status, said, error, server, completing=completing)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    subject = server.url
    if kinds & {"APITimeoutError", "TimeoutError", "TimeoutException"}:
        hint = "it may be overloaded; try again, or raise MODELCATALOG_SERVER_TIMEOUT (seconds)"
        return EngineError(f"{subject} sent nothing for {server.patience:g} s", subject=subject, hint=hint)
    if kinds & {"APIConnectionError", "HTTPError"}:  # the client's own, and its HTTP library's
        hint = "check that the server runs and that base_url is its address, then try again"
        if (proxy := proxies.through(subject)) is not None:
            hint = f"check that the server runs, or have it asked directly: NO_PROXY={urlsplit(subject).hostname}"
            message = f"the connection to {subject} failed: {_cause(error)}, through the proxy {proxy} that the environment names"
            return EngineError(message, subject=subject, hint=hint)
        return EngineError(f"the connection to {subject} failed: {_cause(error)}", subject=subject, hint=hint)
    if kinds & {"APIError", "ServerSaid"}:  # an error event in the stream, or in its place
        if _TOO_LONG.search(said):
            return _too_long(said, server)
        if _filtered(error, said):
            return _unwanted(said, server)
        return EngineError(f"{subject} broke off the reply: {said}", subject=subject, hint="the server's log tells more; try again")
    return _unreadable(said, server)


def _unreadable(said: str, server: Server) -> EngineError:
    hint = "check that base_url is the address of an OpenAI-compatible API; it usually ends in /v1"
    return EngineError(f"{server.url} sent something that cannot be read: {said}", subject=server.url, hint=hint)


def _too_long(said: str, server: Server) -> Unsupported:
    return Unsupported(f"the prompt is too long for {server.model}: {said}", subject=server.model, hint="shorten the prompt, or begin a new session")


def _filtered(error: BaseException, said: str) -> bool:
    """Whether a server's filter of contents refused, by its code or its words."""
    body = getattr(error, "body", None)
    body = body.get("error", body) if isinstance(body, dict) else body
    code = getattr(error, "code", None) or (body.get("code") if isinstance(body, dict) else None)
    return _FILTERED.search(f"{code if isinstance(code, str) else ''} {said}") is not None


def _unwanted(said: str, server: Server) -> EngineError:
    return EngineError(f"the content filter of {server.url} refused the prompt: {said}", subject=server.url, hint="change the prompt")


def _answered(status: int, said: str, error: BaseException, server: Server, *, completing: bool) -> ModelCatalogError:  # noqa: C901, PLR0911  as above
    if status == _NO_KEY:
        hint = f"set {server.key} to a key of that server, or pass api_key="
        return EngineError(f"{server.url} rejected the key: {said}", subject=server.url, hint=hint)
    if status in {_BAD_REQUEST, _FORBIDDEN, _UNPROCESSABLE, _LEGAL} and _filtered(error, said):
        return _unwanted(said, server)
    if status == _FORBIDDEN:
        hint = f"use another key: set {server.key}, or pass api_key="
        return EngineError(f"{server.url} does not allow this key to use {server.model}: {said}", subject=server.model, hint=hint)
    if status in {_BAD_REQUEST, _NOT_FOUND, _UNPROCESSABLE} and (other := _other_model(error, said, server, completing=completing)) is not None:
        return other
    if status in {_NOT_FOUND, _NO_METHOD, _NOT_BUILT} or "completions endpoint" in said:
        if completing:
            message = f"{server.url} does not continue texts with {server.model}: {said}"
            return Unsupported(message, subject=server.model, hint="use .chat(prompt), or a server with /v1/completions")
        return _unreadable(f"{status} {said}", server)
    if "chat template" in said.lower() or "chat_template" in said:
        message = f"{server.model} has no chat template on {server.url}: {said}"
        return NoChatTemplate(message, subject=server.model, hint="use .complete(text), or start the server with a chat template")
    if status in {_BAD_REQUEST, _UNPROCESSABLE}:
        if _TOO_LONG.search(said):
            return _too_long(said, server)
        hint = "leave out the option that it names, or change the messages"
        return Unsupported(f"{server.url} refused the request: {said}", subject=server.model, hint=hint)
    if status == _TOO_LARGE:
        hint = "shorten the prompt, or send smaller images and recordings"
        return Unsupported(f"{server.url} refused the request as too large: {said}", subject=server.model, hint=hint)
    if status in {_TOO_MANY, _NO_CREDIT}:
        pause = asked_pause(error)
        hint = "wait, or raise the limit or the credit of the key"
        if pause is not None and pause >= 1:
            hint = f"wait {pause:.0f} s, or raise the limit or the credit of the key"
        return EngineError(f"{server.url} takes no more requests for now: {said}", subject=server.url, hint=hint)
    hint = "the server's log tells more; try again" if status >= _FAILED else "check base_url"
    return EngineError(f"{server.url} failed with status {status}: {said}", subject=server.url, hint=f"{hint}{_proxy(server)}")


def _proxy(server: Server) -> str:
    """That a proxy may have answered in a server's place, where one stands before it."""
    proxy = proxies.through(server.url)
    return "" if proxy is None else f"; the proxy {proxy} stands before it, and may have answered in its place"


def _other_model(error: BaseException, said: str, server: Server, *, completing: bool) -> ModelCatalogError | None:
    """The error where a server says that it is the model that will not do; None where it says something else."""
    if not completing and _SILENT.search(said):
        message = f"{server.model} on {server.url} does not chat: {said}"
        return Unsupported(message, subject=server.model, hint="ask it for a model that was made to chat")
    unknown = getattr(error, "code", None) == "model_not_found" or _UNKNOWN_MODEL.search(said)
    return _no_model(said, server) if unknown else None


def _no_model(said: str, server: Server) -> EngineError:
    hint = "ask it for a model that it serves"
    if server.listed:
        more = ", …" if len(server.listed) > _NAMED else ""
        hint = f"it serves {', '.join(server.listed[:_NAMED])}{more}"
    return EngineError(f"{server.url} does not know the model {server.model!r}: {said}", subject=server.model, hint=hint)

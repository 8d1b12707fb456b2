"""Owns the plan for a model that a server has loaded: its address, the id it knows the model by, whose key opens it.

Asks nothing of any network, unless a server of this machine is to be found (`nearby`), and knows no file: what the server really
has, the engine finds out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from modelcatalog import catalog, vocabulary
from modelcatalog.catalog.knowing import retirement
from modelcatalog.catalog.listing import listing
from modelcatalog.catalog.resolving import names_family_alone, served_now
from modelcatalog.errors import ClosedWeights, Unsupported
from modelcatalog.planning import packages, runs
from modelcatalog.planning.record import Plan

if TYPE_CHECKING:
    from modelcatalog.known import Company
    from modelcatalog.planning.request import Request
    from modelcatalog.planning.runs import Engine, Server
    from modelcatalog.records import ModelName

__all__ = ["key_variable", "plan_served", "vendor"]

_ENDPOINTS = ("/chat/completions", "/completions", "/responses", "/embeddings", "/models")
"""What people copy behind the address of an API; the client puts it there itself."""
_SHOWN = 4
"""How many ids of a family's models an error names."""


class _Address(NamedTuple):
    url: str
    model: str
    reason: str


def plan_served(name: ModelName, request: Request) -> Plan:
    """The plan for a model that a server has: no file, no memory, no request.

    The server is the one of this machine that ``server`` finds, or ``base_url``, else ``OPENAI_BASE_URL``, else the API of the
    company whose model it is. A company's own API is asked for the model by the id that it knows, without owner and route; any
    other server by the name as given, for which the engine puts the server's own spelling when it lists the model.

    Args:
        name: The model.
        request: What is asked for: a ``server`` or ``base_url`` (``http://127.0.0.1:8000/v1``; without a path, ``/v1`` is added), and nothing about files.

    Raises:
        Unsupported: no server is known, the address is none, or an argument is about files.
        ClosedWeights: the weights are closed, and no API serves them to OpenAI's client.
        EngineError: no server on this machine has it, and one was to be found.
    """
    engine, asks = _server(request)
    others = [key for key in request.given() if key not in {"engine", "base_url", "server"}]
    if others:
        message = f"{others[0]}= is about files; with the {engine.name} engine, the server has loaded the model"
        raise Unsupported(message, subject=name.source, hint=f"leave out {', '.join(f'{key}=' for key in others)}")
    if request.server is not None:
        from modelcatalog.planning import nearby  # it speaks HTTP, which few plans need

        here = nearby.find(name, request.server)
        return Plan(
            name=name, source="server", endpoint=here.url, repo_id=here.model, format="api", files=(), weights=(), engine=engine.name, device="server",
            server=here.server, missing=packages.missing(engine, ""), reasons=(here.reason, "no key of the environment is sent to it"),
        )  # fmt: skip
    given = request.base_url or os.environ.get(asks.address, "").strip()
    if given:
        why = "the caller named the server" if request.base_url else f"{asks.address} names the server"
        address = _given(name, given, why)
    else:
        address = _own(name, f"pass base_url= (http://HOST:PORT/v1), or set {asks.address}")
    doubts = _writes_nothing(name, address)
    variable = key_variable(address.url)
    key = f"the key is {variable}'s" if os.environ.get(variable) else f"{variable} is not set"
    gone, said = _last_day(name, address)
    return Plan(
        name=name, source="server", endpoint=address.url, repo_id=address.model, format="api", files=(), weights=(), engine=engine.name, device="server",
        missing=packages.missing(engine, ""), reasons=(address.reason, key, *(() if gone else said)), warnings=(*doubts, *(said if gone else ())),
    )  # fmt: skip


def _writes_nothing(name: ModelName, address: _Address) -> tuple[str, ...]:
    """That a model is known to give other things than text, where a server is asked that may have another by its name.

    Raises:
        Unsupported: the API of the company that makes it is asked.
    """
    given = catalog.facts(name).output_modalities
    if not given or "text" in given:
        return ()
    message = f"{name.source} writes no text: it gives {' and '.join(given)}"
    if vendor(address.url) is not None:
        raise Unsupported(message, subject=name.source, hint="name a model that chats; this one is asked by another route of the API")
    return (message,)


def _last_day(name: ModelName, address: _Address) -> tuple[bool, tuple[str, ...]]:
    """Whether the vendor's own API has retired the model, and what is said of its last day; it is asked all the same, since the vendor knows best."""
    company = vendor(address.url)
    said = retirement(name) if company is not None and company.name == name.company else None
    return said is not None and catalog.facts(name).gone(), () if said is None else (said,)


def _server(request: Request | None = None) -> tuple[Engine, Server]:
    """The engine that asks a server, and where its environment says which."""
    engine = runs.ENGINES[request.engine] if request is not None and request.engine is not None else runs.server()
    if engine.server is None:
        message = f"{engine.name} asks no server"
        raise Unsupported(message, subject=engine.name)
    return engine, engine.server


def _given(name: ModelName, text: str, why: str) -> _Address:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.password is not None:
        message = "base_url is not the address of a server" if not usable else "base_url holds a user name or password, which a plan would show"
        hint = "write it as http://HOST:PORT/v1; a key goes into api_key= or the environment"
        error = Unsupported(message, subject=text if not usable else parts.hostname or "", hint=hint)
        error.meaningless = True
        raise error
    url = text.rstrip("/")
    for one in _ENDPOINTS:
        url = url.removesuffix(one)
    parts = urlsplit(url)
    company = vendor(url)
    if company is not None:
        return _Address(url, _api_id(name), f"{why}, which is {company.name}'s")
    return _Address(url if parts.path.strip("/") else f"{url}/v1", name.source, why)


def _own(name: ModelName, ways: str) -> _Address:
    """The API of the company that trained the model."""
    closed: ClosedWeights | None = None
    try:
        catalog.resolve(name)
    except ClosedWeights as error:
        closed = error
    company = next((one for one in catalog.companies if one.name == name.company), None)
    model = _api_id(name)
    if closed is None and model not in _api_ids():
        message = f"{name.source} has open weights, and no server was named that has loaded them"
        raise Unsupported(message, subject=name.source, hint=f"{ways}; or load it here with {runs.use(runs.default())}")
    if closed is not None and names_family_alone(name) and (served := served_now(name.family or "")) and model not in served:
        message = f"{name.source!r} is the name of a family, not of one model"
        raise Unsupported(message, subject=name.source, hint=f"choose one, such as {' or '.join(served[:_SHOWN])}")
    if company is None or company.api is None or (closed is not None and not _is_served(name)):
        if closed is not None:
            raise closed
        message = f"no OpenAI-compatible API is known that serves {name.source}"
        raise Unsupported(message, subject=name.source, hint=ways)
    return _Address(company.api.rstrip("/"), model, f"{company.name}'s own API serves it")


def _is_served(name: ModelName) -> bool:
    return any(line.family == name.family for line, _ in listing().served.values())


def _api_ids() -> frozenset[str]:
    return frozenset(api for file in vocabulary.companies() for family in file.family for entry in family.series for api in entry.api)


def _api_id(name: ModelName) -> str:
    """The id by which the company's own API knows the model: as written where it is one, else the catalog's for it."""
    bare = name.name or name.source
    if bare in _api_ids():
        return bare
    served = listing().served.get(name.canonical)
    return served[1] if served is not None else bare


def vendor(url: str) -> Company | None:
    """The company whose API has this address.

    >>> vendor("https://api.openai.com/v1").name
    'OpenAI'
    """
    host = urlsplit(url).hostname
    return next((one for one in catalog.companies if one.api is not None and urlsplit(one.api).hostname == host), None)


def key_variable(url: str) -> str:
    """The environment variable with the key for a server; a vendor never sees the key of another.

    >>> key_variable("https://api.deepseek.com"), key_variable("http://127.0.0.1:8000/v1")
    ('DEEPSEEK_API_KEY', 'OPENAI_API_KEY')
    """
    company = vendor(url)
    return (company.api_key if company is not None else None) or _server()[1].key

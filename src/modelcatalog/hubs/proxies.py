"""Owns which proxy the environment names for an address, and what a SOCKS proxy needs here. Knows no hub."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.request
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from modelcatalog.errors import MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HTTPX", "REQUESTS", "check", "forget_unusable", "handlers"]

_VERSIONS = {"socks4": 1, "socks4a": 1, "socks5": 2, "socks5h": 2}
"""Scheme -> the number that PySocks has for it."""

_BY_NAME = ("socks4a", "socks5h")
"""Schemes that leave it to the proxy to look names up."""


class Needs(NamedTuple):
    """What going through a SOCKS proxy takes: modules, the packages that bring them, and the schemes that will do."""

    modules: tuple[str, ...]
    packages: str
    schemes: tuple[str, ...]


REQUESTS = Needs(("socks",), "PySocks", tuple(_VERSIONS))
"""Of planning, and of clients that use requests."""

HTTPX = Needs(("socks", "socksio"), "PySocks socksio", ("socks5", "socks5h"))
"""Of clients that use httpx, after planning."""


def _all() -> dict[str, str]:
    """Scheme -> proxy; ``ALL_PROXY`` stands for what has none of its own, as in the hubs' clients."""
    named = urllib.request.getproxies()
    every = named.get("all")
    return {scheme: found for scheme in ("http", "https") if (found := named.get(scheme) or every)}


def _scheme(proxy: str) -> str:
    return proxy.partition("://")[0].lower() if "://" in proxy else "http"


def check(address: str, needs: Needs, *, title: str) -> None:
    """Refuse a SOCKS proxy that cannot be used for an address.

    Raises:
        MissingPackage: if a package that it takes is not installed.
        Unsupported: if the proxy's scheme says no version, or one that the client does not speak.
    """
    proxy = _all().get(_scheme(address))
    if proxy is None or not _scheme(proxy).startswith("socks"):
        return
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return  # no address at all, which is for others to say
    if urllib.request.proxy_bypass(host):
        return
    scheme = _scheme(proxy)
    if scheme not in needs.schemes:
        message = f"the proxy that the environment names for {title} is {scheme}://, which cannot be used"
        raise Unsupported(message, subject=f"{scheme}://", hint=f"write {' or '.join(f'{one}://' for one in needs.schemes)} in ALL_PROXY or HTTPS_PROXY")
    if any(find_spec(module) is None for module in needs.modules):
        message = f"the proxy that the environment names for {title} is {scheme}://, which needs {needs.packages.replace(' ', ' and ')}"
        raise MissingPackage(message, subject=f"{scheme}://", install=f"pip install {needs.packages}")


def forget_unusable(needs: Needs) -> None:
    """Take SOCKS proxies that cannot be used out of the environment of this process, which `check` let pass.

    The hub is then one of ``NO_PROXY``, but httpx wants the package of every proxy that is named before it asks for anything.
    """
    if all(find_spec(module) for module in needs.modules):
        return
    for name, value in list(os.environ.items()):
        if name.lower().endswith("_proxy") and _scheme(value).startswith("socks"):
            del os.environ[name]


def handlers() -> Sequence[urllib.request.BaseHandler]:
    """What `urllib.request.build_opener` takes to go through the proxies that the environment names."""
    plain = {scheme: proxy for scheme, proxy in _all().items() if not _scheme(proxy).startswith("socks")}
    socks = {scheme: proxy for scheme, proxy in _all().items() if scheme not in plain}
    found: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler(plain)]
    if "http" in socks:
        found.append(_Http(socks["http"]))
    if "https" in socks:
        found.append(_Https(socks["https"]))
    return found


def _through(proxy: str, address: tuple[str, int], timeout: Any = None, source: Any = None) -> Any:
    """A connection to an address through a SOCKS proxy; with the signature of `socket.create_connection`."""
    url, scheme = urlsplit(proxy), _scheme(proxy)
    options = {
        "proxy_type": _VERSIONS[scheme],
        "proxy_addr": url.hostname,
        "proxy_port": url.port or 1080,
        "proxy_rdns": scheme in _BY_NAME,
        "proxy_username": unquote(url.username) if url.username else None,
        "proxy_password": unquote(url.password) if url.password else None,
    }
    return import_module("socks").create_connection(address, timeout, source, **options)


class _Http(urllib.request.HTTPHandler):
    """Opens http addresses through a SOCKS proxy, those of ``NO_PROXY`` directly."""

    def __init__(self, proxy: str) -> None:
        super().__init__()
        self._proxy = proxy

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, self._proxy, http.client.HTTPConnection), req)


class _Https(urllib.request.HTTPSHandler):
    """The same for https."""

    def __init__(self, proxy: str) -> None:
        super().__init__(context=ssl.create_default_context())
        self._proxy = proxy

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made = partial(_connection, self._proxy, partial(http.client.HTTPSConnection, context=ssl.create_default_context()))
        return self.do_open(made, req)


def _connection(proxy: str, kind: Any, host: str, **options: Any) -> Any:
    made = kind(host, **options)
    if not urllib.request.proxy_bypass(made.host):
        # The one hook that http.client leaves for another way to connect; TLS is laid over what it returns.
        made._create_connection = partial(_through, proxy)  # noqa: SLF001
    return made

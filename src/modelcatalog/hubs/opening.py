"""Owns the opening of addresses with the standard library: the way through proxies, where a redirect may lead, what stops a request. Knows no hub.

Apart from `wire`, since urllib takes as long to import as a plan of local files takes altogether.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.request
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from modelcatalog.errors import UnsafeRepository
from modelcatalog.hubs import proxies

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["opener", "why"]

_REDIRECTS = 4
_BY_NAME = ("socks4a", "socks5h")
"""Schemes that leave it to the proxy to look names up."""


def opener(host: str) -> urllib.request.OpenerDirector:
    """What opens addresses of a host, through the proxies that the environment names."""
    return urllib.request.build_opener(*_handlers(), _Redirects(host))


def _handlers() -> Sequence[urllib.request.BaseHandler]:
    """What `urllib.request.build_opener` takes to go through the proxies that the environment names."""
    named = proxies.named()
    plain = {scheme: proxy for scheme, proxy in named.items() if not proxies.scheme_of(proxy).startswith("socks")}
    socks = {scheme: proxy for scheme, proxy in named.items() if scheme not in plain}
    found: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler(plain)]
    if "http" in socks:
        found.append(_Http(socks["http"]))
    if "https" in socks:
        found.append(_Https(socks["https"]))
    return found


def _through(proxy: str, address: tuple[str, int], timeout: Any = None, source: Any = None) -> Any:
    """A connection to an address through a SOCKS proxy; with the signature of `socket.create_connection`."""
    url, scheme = urlsplit(proxy), proxies.scheme_of(proxy)
    options = {
        "proxy_type": proxies.VERSIONS[scheme],
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


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to other hosts without the token (large files lie on storage hosts), never from https to http."""

    max_redirections = _REDIRECTS

    def __init__(self, host: str) -> None:
        self._host = host

    def redirect_request(  # noqa: PLR0917  the standard library's signature
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in {"http", "https"} or (before.scheme == "https" and after.scheme == "http"):
            message = f"{before.hostname} redirects to {newurl[:80]}, which is not followed"
            raise UnsafeRepository(message, subject=req.full_url)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and after.netloc != self._host:
            request.remove_header("Authorization")
        return request


_FAULTS = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted here"),
    (socket.gaierror, "the host name is not found"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionResetError, "the connection was broken off"),
    (TimeoutError, "the connection timed out"),
)
"""What stops a request on its way, in words for a person; the more special first."""


_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
"""What OpenSSL calls an answer without TLS."""


def why(outcome: object) -> str:
    """Why no answer came; in the system's own words where no rule knows it, and for what `wire` says itself."""
    if isinstance(outcome, ssl.SSLError) and outcome.reason in _PLAIN:
        return "it does not speak TLS there: its address may begin with http://"
    own = isinstance(outcome, TimeoutError) and outcome.errno is None
    return next((said for kind, said in _FAULTS if isinstance(outcome, kind) and not own), str(outcome))

"""Owns which proxy the environment names for an address, and what a SOCKS proxy needs here. Knows no hub, and opens nothing."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import urlsplit

from modelcatalog.errors import MissingPackage, Unsupported

__all__ = ["HTTPX", "REQUESTS", "VERSIONS", "check", "forget_unusable", "named", "scheme_of", "through"]

VERSIONS = {"socks4": 1, "socks4a": 1, "socks5": 2, "socks5h": 2}
"""Scheme -> the number that PySocks has for it."""


class Needs(NamedTuple):
    """What going through a SOCKS proxy takes: modules, the packages that bring them, and the schemes that will do."""

    modules: tuple[str, ...]
    packages: str
    schemes: tuple[str, ...]


REQUESTS = Needs(("socks",), "PySocks", tuple(VERSIONS))
"""Of planning, and of clients that use requests."""

HTTPX = Needs(("socks", "socksio"), "PySocks socksio", ("socks5", "socks5h"))
"""Of clients that use httpx, after planning."""


def named() -> dict[str, str]:
    """Scheme -> proxy; ``ALL_PROXY`` stands for what has none of its own, as in the hubs' clients."""
    from urllib.request import getproxies  # a plan of local files needs no HTTP

    found = getproxies()
    every = found.get("all")
    return {scheme: proxy for scheme in ("http", "https") if (proxy := found.get(scheme) or every)}


def scheme_of(proxy: str) -> str:
    """The scheme of a proxy, which is http where it says none."""
    return proxy.partition("://")[0].lower() if "://" in proxy else "http"


def through(address: str) -> str | None:
    """The proxy that stands before an address, without its login; None where it is asked directly.

    Args:
        address: What is asked.
    """
    from urllib.request import proxy_bypass  # see `named`

    proxy = named().get(scheme_of(address))
    try:
        if proxy is None or proxy_bypass(urlsplit(address).hostname or ""):
            return None
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}"


def check(address: str, needs: Needs, *, title: str) -> None:
    """Refuse a SOCKS proxy that cannot be used for an address.

    Raises:
        MissingPackage: if a package that it takes is not installed.
        Unsupported: if the proxy's scheme says no version, or one that the client does not speak.
    """
    from urllib.request import proxy_bypass  # see `named`

    proxy = named().get(scheme_of(address))
    if proxy is None or not scheme_of(proxy).startswith("socks"):
        return
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return  # no address at all, which is for others to say
    if proxy_bypass(host):
        return
    scheme = scheme_of(proxy)
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
        if name.lower().endswith("_proxy") and scheme_of(value).startswith("socks"):
            del os.environ[name]

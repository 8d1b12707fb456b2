"""Owns the pair of hubs that serve one tiny model, and what the tests of faults and attacks do with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog.planning import obtain, plan

if TYPE_CHECKING:
    from pathlib import Path

    from loopback.hubs import Fault, LoopbackHub
    from modelcatalog.planning import Plan
    from modelcatalog.records import RepositoryHub as Hub

__all__ = ["KINDS", "NAME", "Pair", "after_plan", "both", "fetch", "other", "timed"]

NAME = "acme/tiny-instruct"
LIMIT = 10.0
"""Seconds within which every fault must be answered."""
STARTUP = 5.0
"""Seconds more for a busy machine: the download's own process imports the hub's client first, which is not a wait for a hub."""
KINDS: tuple[Hub, Hub] = ("huggingface", "modelscope")
both = pytest.mark.parametrize("kind", KINDS)


def other(kind: Hub) -> Hub:
    """The other hub."""
    return next(one for one in KINDS if one != kind)


class Pair:
    """Both hubs with the tiny model, and empty caches."""

    def __init__(self, one: LoopbackHub, two: LoopbackHub, home: Path) -> None:
        self.by_name = {"huggingface": one, "modelscope": two}
        self.home = home

    def __getitem__(self, hub: str) -> LoopbackHub:
        return self.by_name[hub]

    def files(self) -> set[str]:
        """Names of the weights, whole or in part, anywhere in the caches."""
        found = {p.name for p in self.home.rglob("*") if p.is_file() and p.stat().st_size > 60_000}
        return {name for name in found if not name.endswith(".lock")}


def fetch(hub: Hub | None = None) -> Plan:
    """Plan and download, as `load` does, without opening an engine."""
    return obtain(plan(NAME, hub=hub, device="cpu"))


class timed:  # noqa: N801  reads as a phrase in a with statement
    """Fails when its block takes ten seconds, and what a busy machine needs to start a client."""

    def __enter__(self) -> None:
        self._start = time.monotonic()

    def __exit__(self, *error: object) -> None:
        took = time.monotonic() - self._start
        assert took < LIMIT + STARTUP, f"answered after {took:.1f} s"


def after_plan(fault: Fault) -> Fault:
    """The fault, for requests of the real clients alone: the plan's own are let through."""

    def later(hub: LoopbackHub, request: Any) -> bool:
        return request.headers.get("User-Agent") != "modelcatalog" and fault(hub, request)

    return later

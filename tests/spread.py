"""Owns which worker of pytest-xdist gets which file of tests: files that ask the real model go to half of the workers, as long as there are others."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler.loadfile import LoadFileScheduling

__all__ = ["Spread"]

_MODEL = re.compile(r"\b(?:model|small): (?:mc\.)?ChatModel|\bsafetensors_folder\b")


@cache
def _asks(file: str) -> bool:
    """Whether a file of tests asks the real model, as far as its text tells: loading it takes eight seconds and half a gigabyte."""
    place = Path(__file__).with_name(Path(file).name)
    return place.exists() and _MODEL.search(place.read_text(encoding="utf-8")) is not None


class Spread(LoadFileScheduling):  # type: ignore[misc]  # xdist is untyped
    """`--dist loadfile` in the order of collection, but that a worker takes the first file of its kind."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        self._places: dict[Any, dict[str, int]] = {}

    def _assign_work_unit(self, node: Any) -> None:
        number = int(str(node.gateway.id).removeprefix("gw"))
        mine = number < max(1, self.numnodes // 2)
        scope = next((scope for scope in self.workqueue if _asks(scope) == mine), next(iter(self.workqueue)))
        unit = self.workqueue.pop(scope)
        self.assigned_work.setdefault(node, {})[scope] = unit
        if node not in self._places:
            self._places[node] = {nodeid: at for at, nodeid in enumerate(self.registered_collections[node])}
        node.send_runtest_some([self._places[node][nodeid] for nodeid in unit])

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """What is done is let go of, so that what is pending need not be counted through all of it after each of thousands of tests."""
        nodeid = self.registered_collections[node][item_index]
        scope = self._split_scope(nodeid)
        unit = self.assigned_work[node][scope]
        del unit[nodeid]
        if not unit:
            del self.assigned_work[node][scope]
        self._reschedule(node)

    def _pending_of(self, workload: dict[str, dict[str, bool]]) -> int:
        return sum(map(len, workload.values()))

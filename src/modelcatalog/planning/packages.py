"""Owns which packages a plan needs and which of them are missing. Imports none of them, and asks no index."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from modelcatalog import installing, later
from modelcatalog.planning.figures import Missing
from modelcatalog.records import trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.hubs import Hub
    from modelcatalog.planning.runs import Engine

__all__ = ["absent", "missing"]

_REQUIREMENT = later.pattern(r"^([\w.-]+)(.*)$")
_BOUND = later.pattern(r"(>=|<)([\w.]+)")


def missing(engine: Engine, form: str, *, hub: Hub | None = None, more: Sequence[str] = ()) -> tuple[Missing, ...]:
    """What is not installed, with the line that installs it.

    Args:
        engine: The engine.
        form: The format of the weights.
        hub: The hub that files are to be downloaded from.
        more: What the quantization needs beside it, as requirements.
    """
    core = engine.requires(form)
    client = [] if hub is None else [hub.package]
    # An engine's extra need not bring the hub's client.
    extras = [engine.extra] if absent(core) else []
    extras += [hub.extra] if hub is not None and absent(client) and hub.extra not in extras else []
    result = [trusted(Missing)(packages=absent([*core, *client]), install=installing.line(*extras))] if extras else []
    if lacking := tuple(name for name in absent(more) if _name(name) not in (*core, *client)):
        line = " ".join(f"'{one}'" if re.search("[<>]", one) else one for one in lacking)
        result.append(trusted(Missing)(packages=lacking, install=f"pip install {line}"))
    return tuple(result)


def absent(requirements: Sequence[str]) -> tuple[str, ...]:
    """Those of the requirements that this environment does not meet, as they were written.

    >>> absent(["pydantic>=2", "pydantic<2", "no-such-package>=1"])
    ('pydantic<2', 'no-such-package>=1')
    """
    return tuple(one for one in requirements if not _met(one))


def _met(requirement: str) -> bool:
    found = installed(_name(requirement))
    if found is None:
        return False
    have = _numbers(found)
    bounds = _BOUND.findall(requirement)
    return all(have >= _numbers(text) if sign == ">=" else have < _numbers(text) for sign, text in bounds) or not have


def installed(name: str) -> str | None:
    """The version of a distribution; empty where it is there and tells none; None where it is not there.

    >>> installed("no-such-package") is None
    True
    """
    found = _version(name)
    if found is not None:
        return found
    module = name.replace("-", "_")
    try:
        return "" if find_spec(module) is not None else None
    except (ImportError, ValueError):
        return None


def _version(name: str) -> str | None:
    """What `importlib.metadata` says, which takes as long to import as the rest of a plan: mostly the names of folders tell it."""
    unusual = any(hasattr(finder, "find_distributions") for finder in sys.meta_path if getattr(finder, "__module__", "") != "_frozen_importlib_external")
    for entry in () if unusual else sys.path:
        place = entry or "."
        try:
            told = _distributions(place, os.stat(place).st_mtime_ns)  # noqa: PTH116  pathlib takes longer
        except NotADirectoryError:
            unusual = True  # an archive
            break
        except OSError:
            continue
        if (found := told.get(_folded(name))) is not None:
            if found:
                return found
            unusual = True
            break
    if not unusual:
        return None
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@cache
def _distributions(folder: str, _written: int) -> dict[str, str]:
    """Distribution -> its version, of all that a folder of `sys.path` has; empty where only the distribution's own files say it."""
    found: dict[str, str] = {}
    for entry in os.listdir(folder):  # noqa: PTH208
        stem, dot, kind = entry.rpartition(".")
        if dot and kind in {"dist-info", "egg-info", "egg"}:
            name, _, version = stem.partition("-")
            found.setdefault(_folded(name), version if kind == "dist-info" else "")
    return found


def _folded(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _name(requirement: str) -> str:
    parts = _REQUIREMENT.match(re.split(r"[<>]", requirement)[0].strip())
    return parts[1] if parts else requirement


def _numbers(version: str) -> tuple[int, ...]:
    """The release part of a version, without trailing zeros: (0, 46, 1) of ``0.46.1.dev0``."""
    numbers: list[int] = []
    for part in version.split("+", maxsplit=1)[0].split("."):
        digits = re.match(r"\d+", part)
        if digits is None:
            break
        numbers.append(int(digits[0]))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)

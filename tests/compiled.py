"""Owns which modules the tests run: the sources, also where compiled ones lie beside them, or else the compiled ones.

MODELCATALOG_TEST_COMPILED=1 asks for the latter.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from hatch_build import MODULES, SOURCE, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["COMPILED"]

COMPILED = os.environ.get("MODELCATALOG_TEST_COMPILED") == "1"


class _Sources:
    """Finds a module of this package by its source."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG004  importlib's signature
        if not name.startswith("modelcatalog.") or path is None:
            return None
        specs = (FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(name) for folder in path)
        return next((spec for spec in specs if spec is not None), None)


def _stale() -> list[str]:
    """Modules whose compiled form is older than their source, or (where it is asked for) missing."""
    made = {file.relative_to(SOURCE / "modelcatalog").as_posix().partition(".")[0]: file for file in compiled(SOURCE) if file.parent != SOURCE}
    wanted = MODULES if COMPILED else [module for module in MODULES if module in made]
    return [m for m in wanted if m not in made or made[m].stat().st_mtime < (SOURCE / "modelcatalog" / f"{m}.py").stat().st_mtime]


if old := _stale():
    pytest.exit(f"compiled modules older than their sources: {', '.join(old)}; `make compiled`, or `python hatch_build.py --clean`", 2)
if not COMPILED:
    sys.meta_path.insert(0, _Sources)

"""Owns the data of few companies, for tests of what becomes of data: their tables are made in no time, those of all take seconds."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from modelcatalog import keeping

__all__ = ["COMPANIES", "write"]

COMPANIES = ("alibaba", "anthropic", "meta", "nous", "openai", "zai")


def write(folder: Path) -> Path:
    """A copy of the package's data with these companies alone."""
    own = Path(str(files("modelcatalog"))) / "data"
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns(*keeping.COMPANIES))
    for room in keeping.COMPANIES:
        (folder / room).mkdir()
    for name in COMPANIES:
        shutil.copy(own / "companies" / f"{name}.toml", folder / "companies")
    return folder

"""Owns what an update came to, as records."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["News", "Outcome", "Update"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(_Record):
    """What came from one source."""

    source: str
    """``models.dev``, or the name of a hub."""
    state: Literal["new", "unchanged", "partial", "failed"]
    """Something other than before came, the same, a part of it, or nothing."""
    day: date | None = None
    """The latest day on which something came from it; None: it never did."""
    count: int = 0
    """How many models it tells of, or repositories it lists."""
    left: int = 0
    """Accounts that are still to be asked about: the next update begins with them."""
    skipped: int = 0
    """Entries that could not be understood."""
    problems: tuple[str, ...] = ()
    """What went wrong, and where."""


class News(_Record):
    """One thing that is new, beside the package's own data and what was fetched before."""

    kind: Literal["checkpoint", "gone", "model", "changed", "disagrees"]
    """A repository that is new, one that its account no longer lists, a model that is new, a fact that is another one than before, or than in the catalog."""
    subject: str
    """A repository's or a model's id."""
    source: str
    """Who says it."""
    company: str | None = None
    field: str | None = None
    """Of a fact."""
    before: str | None = None
    after: str | None = None


class Update(_Record):
    """What an update came to."""

    folder: str
    """Where the data lies."""
    check: bool
    """Whether it was only looked at, and nothing written."""
    sources: tuple[Outcome, ...]
    news: tuple[News, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every source gave all that it was asked for."""
        return all(one.state in {"new", "unchanged"} for one in self.sources)

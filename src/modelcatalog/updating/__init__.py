"""Owns `update`: fetching what others keep well into the user's data folder, and saying what is new in it. Knows no plan and no engine."""

from __future__ import annotations

from modelcatalog.updating.program import SOURCES, update
from modelcatalog.updating.record import News, Outcome, Update

__all__ = ["SOURCES", "News", "Outcome", "Update", "update"]

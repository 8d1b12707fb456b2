"""Owns reading names: a text in, a record of what it says out; nothing above it knows how a name is read."""

from __future__ import annotations

from modelcatalog.names.record import read

__all__ = ["read"]

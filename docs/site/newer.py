"""Owns what an update has found that the catalog does not have: rows for each company. Knows no page.

The site is the same for everyone who builds it, and shows this where MODELCATALOG_UPDATES names the folder of an update:

    MODELCATALOG_UPDATES=~/.local/share/modelcatalog make docs
"""

from __future__ import annotations

import os
from typing import NamedTuple

from modelcatalog import userdata, userfolder
from modelcatalog.catalog.fetched import made_of
from modelcatalog.catalog.listing import known_ids
from modelcatalog.updating.news import news

__all__ = ["Newer", "found", "unasked"]


class Newer(NamedTuple):
    """A repository, or a model that is served."""

    name: str
    hub: str | None
    """Which lists it; None: it is served."""
    licence: str
    source: str
    day: str
    """On which its source said so."""


def unasked() -> None:
    """Leave out a folder that nobody has named."""
    os.environ.setdefault(userfolder.VARIABLE, "off")


def found() -> dict[str, list[Newer]]:
    """Company -> what is newer of it; empty where there was no update."""
    place = userfolder.find()
    if place is None:
        return {}
    data = userdata.read(place.place)
    rows: dict[str, list[Newer]] = {}
    for hub, listed in made_of(data, known_ids()).new.items():
        for one in listed:
            rows.setdefault(one.company, []).append(Newer(one.id, hub, one.licence or "", one.source, one.day.isoformat()))
    for said in news(None, data):
        if said.kind == "model" and said.company is not None and data.models is not None:
            rows.setdefault(said.company, []).append(Newer(said.subject, None, "", said.source, data.models.day.isoformat()))
    return rows

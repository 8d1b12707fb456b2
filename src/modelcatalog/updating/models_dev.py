"""Owns what models.dev publishes: where it is asked, and which of it is kept. Prices are not.

Its JSON (MIT License, see NOTICE) says of each provider which models it serves, by its API's ids.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from modelcatalog import hubs
from modelcatalog.catalog.fetched import MODELS_DEV
from modelcatalog.errors import HubUnreachable
from modelcatalog.hubs.secrets import public
from modelcatalog.hubs.wire import Known, Wire
from modelcatalog.userdata import ModelsTold, ModelTold

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VARIABLE", "fetch"]

VARIABLE = "MODELCATALOG_MODELS_DEV"
"""Names another address of it: a mirror, or a copy of one's own."""
_ADDRESS = "https://models.dev/api.json"
_MOST = 64_000_000
"""Bytes; about ten times what it has."""
_SECONDS = 60.0
_MODALITIES = {"pdf": "file"}
_SHRUNK = 2
"""Part of the models of before below which an answer is taken for a mistake."""


def fetch(before: ModelsTold | None) -> tuple[ModelsTold, int]:
    """What it says now, and how many of its entries could not be understood; where it still says the same, that with today's date.

    Raises:
        HubUnreachable: no answer, or one that is not its own.
        UnsafeRepository: more bytes than it can have, or a redirect that may not be followed.
    """
    given = os.environ.get(VARIABLE, "").strip() or _ADDRESS
    if variable := hubs.offline():
        message = f"{variable} forbids requests to {MODELS_DEV}"
        raise HubUnreachable(message, subject=public(given), hint=f"unset {variable}")
    address = public(given)
    try:
        place = urlsplit(given)
    except ValueError:  # half an IPv6 address
        place = urlsplit("")  # which the wire calls what it is
    wire = Wire(MODELS_DEV, f"{place.scheme}://{place.netloc}", variable=VARIABLE, requests=1, limit=_MOST, seconds=_SECONDS)
    known = before if before is not None and before.address == address else None
    path = (place.path or "/") + (f"?{place.query}" if place.query else "")
    answer = wire.get(path, unless=None if known is None else Known(known.etag, known.modified))
    if answer.refusal is not None:
        said = f": {answer.refusal.said}" if answer.refusal.said else ""
        message = f"{place.netloc.rpartition('@')[2]} answered with status {answer.status}{said}"
        raise HubUnreachable(message, subject=address, hint=f"try again later; a proxy or a filter may stand in between, or {VARIABLE} name a better address")
    today = datetime.now(UTC).date()
    if answer.unchanged and known is not None:
        return known.model_copy(update={"day": today}), 0
    rows, skipped = _rows(answer.json(), address)
    if known is not None and len(rows) * _SHRUNK < len(known.models):
        message = f"{MODELS_DEV} tells of {len(rows):,} models, where it told of {len(known.models):,}"
        raise HubUnreachable(message, subject=address, hint="its last answer is used on; try again later")
    again = Known.of(answer)
    return ModelsTold(address=address, day=today, etag=again.etag, modified=again.modified, models=rows), skipped


def _rows(said: Any, address: str) -> tuple[tuple[ModelTold, ...], int]:
    """Every model that every provider serves, as far as it can be understood."""
    rows: list[ModelTold] = []
    skipped = 0
    for provider, key, model in _entries(said):
        try:
            rows.append(_row(provider, key, model))
        except (ValidationError, AttributeError, TypeError):
            skipped += 1
    if len(rows) <= skipped:
        message = f"{public(address)} gave no list of models as {MODELS_DEV} does"
        raise HubUnreachable(message, subject=address, hint=f"check {VARIABLE} and the proxy settings")
    return tuple(rows), skipped


def _entries(said: Any) -> Iterator[tuple[Any, Any, Any]]:
    for provider, served in said.items() if isinstance(said, dict) else ():
        models = served.get("models") if isinstance(served, dict) else None
        yield from ((provider, key, model) for key, model in models.items()) if isinstance(models, dict) else ((provider, None, None),)


def _row(provider: str, key: str, model: dict[str, Any]) -> ModelTold:
    limit, modalities, tools = model.get("limit") or {}, model.get("modalities") or {}, model.get("tool_call")
    return ModelTold(
        provider=provider,
        id=model.get("id", key),
        context_length=limit.get("context") or None,  # it writes 0 where nobody knows
        max_output_tokens=limit.get("output") or None,
        input=tuple(_MODALITIES.get(one, one) for one in modalities.get("input") or ()),
        output=tuple(_MODALITIES.get(one, one) for one in modalities.get("output") or ()),
        tools=tools.get("supported") if isinstance(tools, dict) else tools,
        structured_output=model.get("structured_output"),
        reasoning=model.get("reasoning"),
        open_weights=model.get("open_weights"),
        released=model.get("release_date"),
        knowledge_cutoff=model.get("knowledge"),
    )

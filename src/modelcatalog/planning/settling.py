"""Owns `settled`: the plan of the first copy or repository of a name that can be run. Knows no store and no hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import CheckpointNotFound, IntegrityError, ModelCatalogError, Unsupported
from modelcatalog.planning.build import build
from modelcatalog.planning.locate import locate

if TYPE_CHECKING:
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.record import Plan
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["settled"]


def settled(name: ModelName, request: Request, asked: Request | None = None, found: Located | None = None) -> Plan:
    """The plan for a name. What another program keeps of it and no engine here can run is passed over, and said.

    Args:
        name: The model.
        request: What it is looked for with.
        asked: What its plan is made with, where that is something else.
        found: Where it was found already.

    Raises:
        ModelCatalogError: as `locate` and `build` raise them.
    """
    over: dict[tuple[str, str], ModelCatalogError] = {}
    while True:
        try:
            here = found if found is not None and not over else locate(name, request, over)
        except ModelCatalogError:
            if over:
                raise next(iter(over.values())) from None
            raise
        try:
            made = build(name, here, asked or request)
        except (CheckpointNotFound, IntegrityError, Unsupported) as error:
            if here.kept is None:
                raise
            over[here.kept.store, here.kept.title] = error
            continue
        passed = [f"{title} in the {store} store was passed over: {error.message}" for (store, title), error in over.items()]
        return made.model_copy(update={"reasons": (*made.reasons, *passed)}) if passed else made

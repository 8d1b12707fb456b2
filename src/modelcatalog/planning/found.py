"""Owns what a checkpoint is once it was found: a copy on this disk, or a listing and the connection to its hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.hubs import Copy, Hub, Listing
    from modelcatalog.hubs.wire import Wire
    from modelcatalog.planning.choose import Choice
    from modelcatalog.stores.modelfile import Modelfile
    from modelcatalog.weights.gguf import GgufHeader
    from modelcatalog.weights.safetensors import SafetensorsHeader

__all__ = ["Alone", "Kept", "Located"]


class Kept(NamedTuple):
    """What another program keeps of a copy beside its weights."""

    store: str
    title: str
    modelfile: Modelfile | None = None
    notes: tuple[str, ...] = ()
    """What of it cannot be used."""


class Located(NamedTuple):
    """A checkpoint found: either a copy on this disk, or a listing and the open connection to its hub."""

    choice: Choice
    reasons: tuple[str, ...]
    copy: Copy | None = None
    listing: Listing | None = None
    hub: Hub | None = None
    wire: Wire | None = None
    free: bool = False
    """Nobody said which hub: another will do as well."""
    headers: Mapping[str, GgufHeader | SafetensorsHeader] = {}
    """The headers of weight files that lie on this disk, by path."""
    kept: Kept | None = None
    """The copy lies in another program's store."""


class Alone(Exception):
    """What was found is an adapter, and no model to put it onto was named.

    Args:
        located: The adapter.
    """

    def __init__(self, located: Located) -> None:
        super().__init__()
        self.located = located

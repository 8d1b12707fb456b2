"""Owns bringing a plan's files onto this disk, checked: from the cache, from its hub, or the same bytes from the other.

Knows no client: `hubs.fetching` downloads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog import hubs
from modelcatalog.errors import EngineError, HubUnreachable, ModelCatalogError, WontFit
from modelcatalog.hubs import local, receipts
from modelcatalog.hubs.download import fetching
from modelcatalog.planning.remote import repository
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog.hubs import Hub, Listing
    from modelcatalog.planning.record import Plan

__all__ = ["check_disk", "obtain", "settings"]

_SETTINGS = ("config.json", "generation_config.json")
"""The files that say what a model is and how it writes."""
_LARGEST = 1_000_000


def check_disk(plan: Plan) -> None:
    """Refuse a download that the disk has no room for.

    Raises:
        WontFit: naming what is needed and what is free.
    """
    memory = plan.memory
    if memory.disk_free is not None and memory.disk > memory.disk_free:
        message = f"{plan.name.source} needs {human(memory.disk)} of disk, {human(memory.disk_free)} are free"
        hint = f"free space (modelcatalog local says where it went), or move the cache with {hubs.get(plan.hub or hubs.default().name).moved_by()}"
        raise WontFit(message, subject=plan.name.source, hint=hint)


def settings(plan: Plan, folder: Path) -> bool:
    """Write the settings of a plan whose files are on a hub into a folder, for an engine to look at before the weights come.

    Returns:
        Whether they are all there; what keeps them away, the download says.
    """
    if plan.path is not None or plan.hub is None or not plan.weights:
        return False
    inner = plan.weights[0].rpartition("/")[0]
    due = [file for name in _SETTINGS for file in plan.files if file.path == (f"{inner}/{name}" if inner else name)]
    if not due or sum(file.size for file in due) > _LARGEST:
        return False
    hub = hubs.HUBS[plan.hub]
    try:
        wire = hub.wire()
        for file in due:
            data = hub.read(wire, plan.listing(), file.path)
            if len(data) != file.size:
                return False
            (folder / Path(file.path).name).write_bytes(data)
    except (ModelCatalogError, OSError):
        return False
    return True


def obtain(plan: Plan) -> Plan:
    """The plan with its files on this disk, each checked once against the hash that is known of it.

    Raises:
        ModelCatalogError: as `hubs.fetching.fetch` raises them.
    """
    if plan.served:
        return plan
    return _with_adapter(_obtained(plan))


def _with_adapter(plan: Plan) -> Plan:
    """The plan with its adapter on this disk too."""
    one = plan.adapter
    if one is None:
        return plan
    if one.path is not None:
        if one.repo_id is not None:
            receipts.check(Path(one.path), one.files, subject=one.repo_id, ours=True)
        return plan
    fetched = fetching.fetch(one.listing(), one.files)
    local.check_weights(fetched.folder, [one.files[0].path])
    return plan.model_copy(update={"adapter": one.model_copy(update={"path": str(fetched.folder)})})


def _obtained(plan: Plan) -> Plan:
    if plan.path is not None:
        ours = plan.repo_id is not None
        if ours or plan.locked:
            receipts.check(Path(plan.path), plan.files, subject=plan.repo_id or plan.name.source, ours=ours)
        return plan
    if plan.hub is None:
        message = "this plan names neither a folder nor a hub"
        raise EngineError(message, subject=plan.name.source)
    try:
        fetched = fetching.fetch(plan.listing(), plan.files)
        moved: dict[str, object] = {}
    except HubUnreachable as error:
        twin = _twin(plan)
        if isinstance(twin, str):
            error.hint = f"{error.hint}; {twin}" if error.hint else twin
            raise
        fetched = fetching.fetch(twin, twin.files)
        # What the first hub listed still holds, also for the files that the second hashes in another way.
        receipts.check(fetched.folder, plan.files, subject=twin.repo_id)
        reason = f"{error.message}; {twin.hub} lists the same files, so they came from there"
        moved = {"source": twin.hub, "hub": twin.hub, "endpoint": twin.endpoint, "repo_id": twin.repo_id}
        moved |= {"revision": twin.revision, "commit": twin.commit, "reasons": (*plan.reasons, reason)}
    local.check_weights(fetched.folder, plan.weights)
    # The plan may have said it already, in the same words or in those of another answer.
    said = {text.partition(" (")[0] for text in plan.warnings}
    notes = tuple(text for text in fetched.notes if text.partition(" (")[0] not in said)
    return plan.model_copy(update={"path": str(fetched.folder), "warnings": (*plan.warnings, *notes), **moved})


def _twin(plan: Plan) -> Listing | str:
    """Another hub's listing of the same files, if the hashes of all weights agree; else why none can help."""
    why = []
    for hub in hubs.others(plan.hub):
        same = _same(plan, hub)
        if not isinstance(same, str):
            return same
        why.append(same)
    return "; ".join(why)


def _same(plan: Plan, hub: Hub) -> Listing | str:
    differs = f'{hub.name} does not list the same files: to take its own, pass hub="{hub.name}"'
    try:
        listing = hub.listing(hub.wire(), repository(plan.name, hub), None)
    except ModelCatalogError as error:
        return f"{hub.name} cannot take over: {error.message}"
    files = []
    for file in plan.files:
        twin = listing.file(file.path)
        if twin is None or twin.size != file.size:
            return differs
        if file.sha256 and twin.sha256 and file.sha256 != twin.sha256:
            return differs
        if file.path in plan.weights and not (file.sha256 and twin.sha256):
            return differs
        files.append(twin)
    return listing.model_copy(update={"files": tuple(files)})

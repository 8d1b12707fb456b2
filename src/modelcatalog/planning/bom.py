"""Owns the bill of materials of a plan: an ML-BOM in CycloneDX 1.6, by the package cyclonedx-python-lib. Reads no file and asks nothing.

https://cyclonedx.org/docs/1.6/json/ is the form. The package has no model card; that part is written here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from modelcatalog import catalog, installing
from modelcatalog.errors import MissingPackage
from modelcatalog.hubs import HUBS
from modelcatalog.hubs.files import REPOSITORY
from modelcatalog.known import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog.hubs import RemoteFile
    from modelcatalog.planning.lockfile import Lock
    from modelcatalog.planning.record import Plan

__all__ = ["bom"]

_TASK = "text-generation"
_OURS = "modelcatalog"


def bom(plan: Plan, lock: Lock) -> str:
    """The bill of materials of a plan, as JSON: the model, its files by hash, its licence, what it was made of, a model card.

    Args:
        plan: The plan.
        lock: Its lock, which has a hash for every file.

    Raises:
        MissingPackage: cyclonedx-python-lib.
    """
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.output import make_outputter
        from cyclonedx.schema import OutputFormat, SchemaVersion
    except ImportError as error:
        message = "a bill of materials needs cyclonedx-python-lib"
        raise MissingPackage(message, subject=plan.name.source, install=installing.line("bom")) from error
    from cyclonedx.model.component import Component, ComponentType

    from modelcatalog import __version__

    # The same files have the same number, whenever it is written.
    made = Bom(serial_number=uuid5(NAMESPACE_URL, lock.model_dump_json()), components=[_model(plan, lock)])
    made.metadata.tools.components.add(Component(type=ComponentType.APPLICATION, name=_OURS, version=__version__, bom_ref=_OURS))
    written = json.loads(make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    written["components"][0]["modelCard"] = _card(plan)
    return json.dumps(written, ensure_ascii=False, indent=2) + "\n"


def _model(plan: Plan, lock: Lock) -> Any:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Component, ComponentType, Pedigree
    from cyclonedx.model.contact import OrganizationalEntity

    place = _place(plan, plan.repo_id)
    purl = None if place is None else place.purl
    owner, name = _parts(plan.repo_id or _called(plan))
    weights = [one for one in lock.files if one.path in plan.weights]
    kinds = (ExternalReferenceType.DISTRIBUTION, ExternalReferenceType.MODEL_CARD)
    base = plan.base_model
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=purl or name,
        group=owner,
        name=name,
        version=plan.commit or plan.revision,
        description=str(plan.name.series or plan.name.family or "") or None,
        manufacturer=OrganizationalEntity(name=plan.name.company) if plan.name.company else None,
        purl=_package_url(purl),
        hashes=_hashes(weights[0]) if len(weights) == 1 else None,
        licenses=_licences(plan.licence),
        external_references=[] if place is None or not place.url else [ExternalReference(type=kind, url=XsUri(place.url)) for kind in kinds],
        pedigree=Pedigree(ancestors=[_ancestor(plan, base)], notes=plan.base_relation) if base else None,
        components=[_file(one, purl or name) for one in lock.files],
        properties=_properties(("format", plan.format), ("quantization", plan.quantization), ("bytes", plan.bytes), ("source", plan.source)),
    )


def _called(plan: Plan) -> str:
    """The model's name where no repository has one: never a path of this disk."""
    name = plan.name.name or plan.name.source.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return f"{name}:{plan.name.tag}" if plan.name.tag else name


def _place(plan: Plan, repo_id: str | None) -> Checkpoint | None:
    """Where a repository of the plan's hub lies, as its addresses know it; None where the hub's ids are nobody's, or there is no hub."""
    hub = HUBS.get(plan.hub or "")
    if hub is None or repo_id is None or hub.name != hub.ids:
        return None
    return Checkpoint(hub=hub.ids, repo_id=repo_id, revision=plan.commit if repo_id == plan.repo_id else None)


def _parts(text: str) -> tuple[str | None, str]:
    owner, slash, name = text.rpartition("/")
    return (owner or None, name) if slash and name else (None, text)


def _package_url(text: str | None) -> Any:
    from packageurl import PackageURL

    return None if text is None else PackageURL.from_string(text)


def _hashes(one: RemoteFile) -> list[Any]:
    from cyclonedx.model import HashAlgorithm, HashType

    return [HashType(alg=HashAlgorithm.SHA_256, content=one.sha256.lower())] if one.sha256 else []


def _licences(licence: str | None) -> list[Any]:
    """By its id of SPDX where it has one, else by the name that its hub has for it."""
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.spdx import fixup_id

    if licence is None:
        return []
    known = fixup_id(licence)
    return [DisjunctiveLicense(id=known) if known else DisjunctiveLicense(name=licence)]


def _ancestor(plan: Plan, base: str) -> Any:
    from cyclonedx.model.component import Component, ComponentType

    place = _place(plan, base) if REPOSITORY.fullmatch(base) else None
    purl = None if place is None else place.purl
    owner, name = _parts(base)
    return Component(type=ComponentType.MACHINE_LEARNING_MODEL, group=owner, name=name, purl=_package_url(purl), bom_ref=f"{purl or base}#ancestor")


def _file(one: RemoteFile, model: str) -> Any:
    from cyclonedx.model.component import Component, ComponentType

    # A git blob's id is a hash of more than the file, so it does not stand among its hashes.
    more = _properties(("bytes", one.size), ("git-blob", one.git_oid))
    return Component(type=ComponentType.FILE, name=one.path, bom_ref=f"{model}#{one.path}", hashes=_hashes(one), properties=more)


def _properties(*pairs: tuple[str, object]) -> list[Any]:
    from cyclonedx.model import Property

    return [Property(name=f"{_OURS}:{key}", value=str(value)) for key, value in pairs if value is not None and str(value)]


def _card(plan: Plan) -> dict[str, Any]:
    """What the model does, and what is known of it."""
    facts = catalog.facts(plan.name)
    known = (("parameters", plan.parameters), ("context_length", facts.context_length), ("quantization", plan.quantization), ("dtype", plan.dtype))
    return {
        "modelParameters": {
            "task": _TASK,
            **({"modelArchitecture": plan.name.series} if plan.name.series else {}),
            "inputs": _formats(facts.input_modalities),
            "outputs": _formats(facts.output_modalities),
        },
        "properties": [{"name": f"{_OURS}:{key}", "value": str(value)} for key, value in known if value is not None],
    }


def _formats(modalities: Iterable[str] | None) -> list[dict[str, str]]:
    """What goes in or comes out; text does, since what does not talk is not planned."""
    return [{"format": one} for one in modalities or ("text",)]

"""Owns the public API, and nothing else: names in, records, checkpoints and chats out.

::

    import modelcatalog as mc

    name = mc.parse("Qwen2.5-Coder-3B-Instruct-AWQ")  # text -> ModelName; no network, microseconds
    mc.resolve(name, hub="modelscope")                # ModelName -> Checkpoint; no network
    print(mc.plan(name))                              # what load would do; no weight byte
    print(mc.load(name).chat("你好"))                 # the checkpoint, from the right hub, on the GPU

Importing it imports the errors only. Everything else comes when it is first asked for: a program that catches
`NameSyntaxError` does not pay for pydantic, and one that parses does not pay for the loader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import (
    CatalogDataError,
    CheckpointNotFound,
    ClosedWeights,
    EngineError,
    GatedCheckpoint,
    HubUnreachable,
    IntegrityError,
    MissingPackage,
    ModelCatalogError,
    NameSyntaxError,
    NeedsRemoteCode,
    NoChatTemplate,
    UnknownFamily,
    UnsafeRepository,
    Unsupported,
    WontFit,
)

if TYPE_CHECKING:
    from modelcatalog import catalog
    from modelcatalog.catalog import Price, facts, group, model_key, parse, parse_many, prices, resolve
    from modelcatalog.chat import ChatModel, Reply, Session, load
    from modelcatalog.known import Checkpoint, Company, Facts, Family, Group, Match, Series
    from modelcatalog.planning import Lock, Plan, lock, plan, pull
    from modelcatalog.records import ModelName, Quantization, Release, Segment, Size
    from modelcatalog.stores import LocalCopy, local
    from modelcatalog.updating import Update, update

__all__ = [
    "CatalogDataError",
    "ChatModel",
    "Checkpoint",
    "CheckpointNotFound",
    "ClosedWeights",
    "Company",
    "EngineError",
    "Facts",
    "Family",
    "GatedCheckpoint",
    "Group",
    "HubUnreachable",
    "IntegrityError",
    "LocalCopy",
    "Lock",
    "Match",
    "MissingPackage",
    "ModelCatalogError",
    "ModelName",
    "NameSyntaxError",
    "NeedsRemoteCode",
    "NoChatTemplate",
    "Plan",
    "Price",
    "Quantization",
    "Release",
    "Reply",
    "Segment",
    "Series",
    "Session",
    "Size",
    "UnknownFamily",
    "UnsafeRepository",
    "Unsupported",
    "Update",
    "WontFit",
    "__version__",
    "catalog",
    "facts",
    "group",
    "load",
    "local",
    "lock",
    "model_key",
    "parse",
    "parse_many",
    "plan",
    "prices",
    "pull",
    "resolve",
    "update",
]

__version__ = "0.1.0"

_HOMES = {
    "catalog": ("Price", "facts", "group", "model_key", "parse", "parse_many", "prices", "resolve"),
    "chat": ("ChatModel", "Reply", "Session", "load"),
    "planning": ("Lock", "Plan", "lock", "plan", "pull"),
    "known": ("Checkpoint", "Company", "Facts", "Family", "Group", "Match", "Series"),
    "records": ("ModelName", "Quantization", "Release", "Segment", "Size"),
    "stores": ("LocalCopy", "local"),
    "updating": ("Update", "update"),
}
"""Module -> the names that it is imported for, when one of them is first used."""


def _first_use(name: str) -> object:
    from importlib import import_module  # after the first use, the names are plain attributes

    from modelcatalog.pausing import lasting

    home = next((module for module, names in _HOMES.items() if name == module or name in names), None)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    with lasting():  # importing makes much, and hardly any of it garbage
        module = import_module(f"{__name__}.{home}")
    if name == home:
        return module
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any misspelt name for one that comes later.
    __getattr__ = _first_use

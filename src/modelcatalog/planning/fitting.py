"""Owns whether an adapter fits the model that it is put onto, as far as configuration and headers tell. Looks for nothing.

What they leave open, loading finds out: nothing is refused here that could work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import catalog
from modelcatalog.errors import ModelCatalogError, Unsupported
from modelcatalog.planning.adapter import layer, tail, words

if TYPE_CHECKING:
    from modelcatalog.planning.adapter import Adapter
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.tensors import Tensors
    from modelcatalog.records import ModelName

__all__ = ["check", "doubts"]

_FLAT = 2


def check(adapter: Adapter, facts: Facts, tensors: Tensors, *, subject: str) -> None:
    """Refuse an adapter of a model of other sizes.

    Args:
        adapter: The adapter.
        facts: What the model's configuration says.
        tensors: What the headers of its weights say.
        subject: The model, for messages.

    Raises:
        Unsupported: it has layers or matrices that this model does not have.
    """
    hint = f"it was trained on {adapter.base}" if adapter.base else "put it onto the model that it was trained on"
    deepest = max((number for module in adapter.lora.matrices if "vision" not in module and (number := layer(module)) is not None), default=None)
    if deepest is not None and facts.layers is not None and deepest >= facts.layers:
        message = f"{adapter.name} does not fit {subject}: it changes layer {deepest}, and there are {facts.layers} layers, counted from 0"
        raise Unsupported(message, subject=adapter.name, hint=hint)
    if facts.quantization is not None:
        return  # packed matrices lie in other ways
    shapes = {key: shape for name, shape in tensors.shapes.items() if len(shape) == _FLAT and (key := _key(name.removesuffix(".weight"))) is not None}
    for module, (columns, rows) in adapter.lora.matrices.items():
        shape = shapes.get(_key(module) or "")
        if shape is not None and shape not in {(rows, columns), (columns, rows)}:
            message = f"{adapter.name} does not fit {subject}: it changes {module} as a matrix of {rows} by {columns}, which has {shape[0]} by {shape[1]} there"
            raise Unsupported(message, subject=adapter.name, hint=hint)


def _key(name: str) -> str | None:
    """A module of the language model by what is the same in all classes that read a checkpoint."""
    return None if "vision" in name or "visual" in name else tail(name)


def doubts(adapter: Adapter, model: ModelName) -> tuple[str, ...]:
    """What may make it another one than was trained: fields that nobody knows here, another model than its own, by their names."""
    told = tuple(f"{adapter.name} says {field} in {words().config}, which is not known here: it is left out" for field in adapter.lora.unknown)
    if adapter.base is None:
        return told
    try:
        trained = catalog.parse(adapter.base[-1024:])
    except ModelCatalogError:
        return told
    if trained.family is None or model.family is None or trained.same_model(model):
        return told
    return (*told, f"{adapter.name} was trained on {adapter.base}")

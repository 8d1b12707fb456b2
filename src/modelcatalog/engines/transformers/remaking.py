"""Owns the numbers that code from a repository computes when it is built, and its files do not hold: angles of positions, masks, tables.

transformers 5 builds every model without memory and fills it from the files; of what these do not hold it knows its own classes', and
leaves whatever lay in memory to those of others: their replies are noise, another each time. So such a model is built once more, without
its weights, and what it computed is taken over.
"""

from __future__ import annotations

import copy
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["remade"]


def remade(model: Any) -> str | None:
    """Give a model of code from a repository what it computed when it was built; why that is not possible, where it is not.

    Args:
        model: A model that transformers has filled. One of transformers' own is left as it is.
    """
    import torch

    if type(model).__module__.startswith("transformers.") or not (_buffers(model) or _loose(model)):
        return None
    try:
        with _weightless(model.dtype):
            twin = type(model)(copy.deepcopy(model.config))
    except Exception as error:  # noqa: BLE001  whatever a stranger's code does
        said = next(iter(str(error).splitlines()), type(error).__name__)
        return f"its code computes numbers that its files do not hold, and cannot be built again for them ({said}): replies may be noise"
    parts, made = dict(model.named_modules()), _buffers(twin)
    for (name, word), have in _buffers(model).items():
        new = made.get((name, word))
        if new is not None and new.shape == have.shape and not have.is_meta:
            parts[name].register_buffer(word, new.to(device=have.device), persistent=False)
    loose = _loose(model)
    for (name, word), new in _loose(twin, every=True).items():
        if (name, word) in loose:
            device = next((one.device for one in model.parameters() if not one.is_meta), torch.device("cpu"))
            setattr(parts[name], word, new.to(device))
    return None


def _buffers(model: Any) -> dict[tuple[str, str], Any]:
    """The buffers that no file holds, by their module and name."""
    found = {}
    for name, part in model.named_modules():
        for word in getattr(part, "_non_persistent_buffers_set", ()):
            value = part._buffers.get(word)  # noqa: SLF001  torch tells which are such here alone
            if value is not None:
                found[name, word] = value
    return found


def _loose(model: Any, *, every: bool = False) -> dict[tuple[str, str], Any]:
    """The tensors that stand in a module as plain attributes: those that have no memory, or all."""
    import torch

    return {
        (name, word): value
        for name, part in model.named_modules()
        for word, value in vars(part).items()
        if isinstance(value, torch.Tensor) and value.is_meta is not every
    }


@contextmanager
def _weightless(dtype: Any) -> Iterator[None]:
    """Build modules whose parameters have no memory, and whose other numbers have."""
    import torch

    usual, before, ours = torch.nn.Module.register_parameter, torch.get_default_dtype(), threading.get_ident()

    def register(self: Any, name: str, parameter: Any) -> None:
        usual(self, name, parameter)
        if parameter is not None and threading.get_ident() == ours:
            self._parameters[name] = torch.nn.Parameter(parameter.detach().to("meta"), requires_grad=False)

    with ExitStack() as stack:
        stack.enter_context(seam.unfilled())
        stack.callback(torch.set_default_dtype, before)
        stack.callback(setattr, torch.nn.Module, "register_parameter", usual)
        if dtype.is_floating_point:
            torch.set_default_dtype(dtype)
        torch.nn.Module.register_parameter = register
        yield

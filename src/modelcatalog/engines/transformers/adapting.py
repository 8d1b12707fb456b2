"""Owns putting a LoRA adapter onto a model that transformers has loaded, with peft. Knows no hub and no prompt.

What goes to peft is made here from what the plan read: an adapter's configuration may name packages to import and patterns to run.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.failing import first_line, ran_out
from modelcatalog.errors import IntegrityError, ModelCatalogError, Unsupported
from modelcatalog.planning.adapter import MERGES, tail

if TYPE_CHECKING:
    from modelcatalog.planning import Plan
    from modelcatalog.planning.adapter import Adapter

__all__ = ["folder_of", "gaps", "put_on", "words_of"]

_LAYERED = re.compile(r"(.*\b(?:layers|h|blocks|layer)\.)(\d+)(\..+)")
_TWICE = frozenset({"modules_to_save", "original_module"})
_SAVED = "it was saved without them: have whoever trained it save it with save_embedding_layers=True"
_NAMED = 3
"""Modules that an error names."""


def folder_of(adapter: Adapter) -> Path:
    """Where an adapter's files lie."""
    return Path(adapter.path or ".") / adapter.folder


def words_of(plan: Plan, base: Path) -> Path:
    """Where the tokenizer lies: beside the adapter, where it was trained with one of its own."""
    return folder_of(plan.adapter) if plan.adapter is not None and plan.adapter.tokenizer else base


def put_on(model: Any, tokenizer: Any, plan: Plan, adapter: Adapter) -> Any:
    """The model with the adapter on it: the same object, whose layers compute the adapter too, or have it in their weights.

    Raises:
        Unsupported: it does not fit the model, or an engine option is neither True nor False.
        IntegrityError: its files do not hold all of it.
    """
    merged = plan.engine_options.get(MERGES, False)
    if not isinstance(merged, bool):
        message = f"{MERGES}={merged!r} is not True or False"
        raise Unsupported(message, subject=MERGES, hint=f"pass {MERGES}=True to have the adapter in the weights, or leave it out")
    _grow(model, tokenizer, adapter, plan.name.source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of is looked at below
            wrapped, told = _wrapped(model, adapter)
            _check(told, adapter, plan.name.source)
            return _merged(wrapped, adapter) if merged else wrapped.get_base_model()
    except (ModelCatalogError, ImportError):
        raise
    except KeyError as error:  # peft looks up what modules_to_save and trainable_token_indices promise
        raise _lacking(adapter, [str(error.args[0])]) from error
    except Exception as error:
        if ran_out(error):
            raise
        message = f"{adapter.name} does not fit {plan.name.source}: {first_line(error)}"
        raise Unsupported(message, subject=adapter.name, hint=_trained(adapter)) from error


def _merged(wrapped: Any, adapter: Adapter) -> Any:
    try:
        return wrapped.merge_and_unload(safe_merge=True)
    except (ValueError, NotImplementedError, RuntimeError) as error:
        if ran_out(error):
            raise
        message = f"{adapter.name} cannot be merged into these weights: {first_line(error)}"
        raise Unsupported(message, subject=adapter.name, hint=f"leave {MERGES} out, and it is computed beside them") from error


def _wrapped(model: Any, adapter: Adapter) -> tuple[Any, Any]:
    """Peft's model around this one, and what it says of the weights that it read."""
    from peft import LoraConfig, PeftModelForCausalLM

    given = {**adapter.lora.fields, "target_modules": _targets(model, adapter)}
    config = LoraConfig(**given, task_type="CAUSAL_LM", inference_mode=True)
    mapping = getattr(model, "_checkpoint_conversion_mapping", {})
    wrapped = PeftModelForCausalLM(model, config, autocast_adapter_dtype=False)
    told = wrapped.load_adapter(str(folder_of(adapter)), "default", autocast_adapter_dtype=False, key_mapping=mapping)
    wrapped.eval()
    return wrapped, told


def _targets(model: Any, adapter: Adapter) -> list[str]:
    """The modules to change, by name: what the weights are named for, and no pattern of a stranger's."""
    # Whole parameters (of experts, say) are changed by their own names, and peft finds them by those.
    inside = tuple(str(one).rpartition(".")[0] for one in _listed(adapter.lora.fields.get("target_parameters")))
    own = [name for name in adapter.lora.matrices if not _ends_with(name, inside)]
    have = {name for name, _ in model.named_modules()}
    if have.issuperset(own):
        return own
    stated = adapter.lora.fields.get("target_modules")
    if isinstance(stated, list):
        # Its classes have other names for them by now, which peft translates.
        return [str(one) for one in stated]
    return [tail(name) or name for name in own]


def gaps(model: Any, adapter: Adapter) -> str | None:
    """That an adapter holds nothing for layers that it says it changes, as a sentence; there the model is its base."""
    if not adapter.lora.everywhere:
        return None
    have: dict[tuple[str, str], set[str]] = {}
    for name in adapter.lora.matrices:
        if (found := _LAYERED.fullmatch(name)) is not None:
            have.setdefault((found[1], found[3]), set()).add(found[2])
    lost = []
    for name, _ in model.named_modules():
        found = _LAYERED.fullmatch(name)
        if found is not None and found[2] not in have.get((found[1], found[3]), {found[2]}):
            lost.append(name)
    if not lost:
        return None
    return f"{adapter.name} says that it changes all layers and holds nothing for {len(lost)} of their matrices, such as {lost[0]}: there the model is its base"


def _listed(value: object) -> list[object]:
    """A list of a configuration; empty for anything else."""
    return value if isinstance(value, list) else []


def _ends_with(name: str, modules: tuple[str, ...]) -> bool:
    """Whether a matrix is named for one of these modules; of a second parameter in one, the first is the layer inside."""
    while name.endswith(".base_layer"):
        name = name.removesuffix(".base_layer")
    return any(module and (name == module or name.endswith(f".{module}")) for module in modules)


def _grow(model: Any, tokenizer: Any, adapter: Adapter, subject: str) -> None:
    """Room for the tokens that an adapter was trained with beyond its base's; they must be among what it brings."""
    rows = model.get_input_embeddings().weight.shape[0]
    if adapter.lora.tokens is not None and adapter.lora.tokens != rows:
        ends = {name.split(".")[-1] for name in (one.removesuffix(".base_layer") for one in adapter.lora.beside)}
        lacks = [name for name in _embeddings(model) if name not in ends]
        if lacks and adapter.lora.tokens > rows:
            message = f"{adapter.name} has {adapter.lora.tokens:,} tokens, {subject} has {rows:,}, and the adapter brings no {lacks[0]} for the rest"
            raise IntegrityError(message, subject=adapter.name, hint=_SAVED)
        # Mixed from nothing: the adapter's own numbers replace every row.
        model.resize_token_embeddings(adapter.lora.tokens, mean_resizing=False)
        return
    if adapter.tokenizer and len(tokenizer) > rows:
        message = f"the tokenizer of {adapter.name} has {len(tokenizer):,} tokens, {subject} has {rows:,}, and the adapter brings no embeddings for the rest"
        raise IntegrityError(message, subject=adapter.name, hint=_SAVED)


def _embeddings(model: Any) -> list[str]:
    """The model's embeddings by the last part of their names; those that share their numbers with others are one."""
    reads, writes = model.get_input_embeddings(), model.get_output_embeddings()
    named = {id(module): name.split(".")[-1] for name, module in model.named_modules()}
    both = [reads] if writes is None or writes.weight is reads.weight else [reads, writes]
    return [named[id(one)] for one in both]


def _check(told: Any, adapter: Adapter, subject: str) -> None:
    """Nothing of an adapter may be left out, or made up."""
    # peft saves some whole tensors twice, under names that it reads no more.
    strange, lost = [key for key in told.unexpected_keys if not _TWICE & set(key.split("."))], list(told.missing_keys)
    if strange:
        message = f"{adapter.name} does not fit {subject}: {len(strange)} of its tensors have no place there, such as {', '.join(strange[:_NAMED])}"
        raise Unsupported(message, subject=adapter.name, hint=_trained(adapter))
    if lost:
        raise _lacking(adapter, lost)


def _lacking(adapter: Adapter, lost: list[str]) -> IntegrityError:
    message = f"the files of {adapter.name} lack {len(lost)} of its tensors: {', '.join(lost[:_NAMED])}"
    return IntegrityError(message, subject=adapter.name, hint="fetch it again, or from whoever trained it")


def _trained(adapter: Adapter) -> str:
    return f"it was trained on {adapter.base}" if adapter.base else "put it onto the model that it was trained on"

"""Owns reading a checkpoint into transformers' model and tokenizer. Knows no hub: every call is local."""

from __future__ import annotations

import re
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog import installing
from modelcatalog.engines import files_of, sampling
from modelcatalog.engines.failing import first_line, out_of_memory, ran_out
from modelcatalog.engines.prompts import cutting
from modelcatalog.engines.transformers import seam
from modelcatalog.engines.transformers.adapting import gaps, put_on, words_of
from modelcatalog.engines.transformers.gguf_once import parsed_once
from modelcatalog.engines.transformers.gguf_positions import Positions
from modelcatalog.engines.transformers.gguf_words import cut
from modelcatalog.engines.transformers.quiet import quiet
from modelcatalog.engines.transformers.remaking import remade
from modelcatalog.errors import (
    IntegrityError,
    MissingPackage,
    ModelCatalogError,
    Unsupported,
)
from modelcatalog.pausing import uncollected
from modelcatalog.weights.content import json_object

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from modelcatalog.planning import Plan

__all__ = ["check", "read"]

_VARIANT = re.compile(r"model\.safetensors\.index\.([\w-]+)\.json")
_SAMPLE, _BLANKS = "a b", frozenset("Ġ▁")
"""A text, and what tokenizers have in place of the blank in it."""
_NAMED = 4
"""Tensors that an error names."""


def read(plan: Plan) -> tuple[Any, Any, Mapping[str, object]]:
    """Load a checkpoint; its model, its tokenizer, and what the header of a GGUF file says.

    Raises:
        MissingPackage: torch, transformers, accelerate or gguf is not installed.
        IntegrityError: the files cannot be read.
        Unsupported: transformers does not know the architecture, or cannot read GGUF shards.
        WontFit: memory ran out.
    """
    files_of(plan)
    if plan.format == "gguf" and len(plan.weights) > 1:
        message = "transformers does not read GGUF files in several parts"
        hint = "join them with llama-gguf-split --merge, or take the safetensors repository"
        raise Unsupported(message, subject=plan.weights[0], hint=hint)
    notes: list[str] = []
    with quiet(), parsed_once() if plan.format == "gguf" else nullcontext():
        try:
            loaded = _read(plan, notes)
        except ModelCatalogError:
            raise
        except Exception as error:
            raise _load_error(error, plan) from error
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return loaded


def check(plan: Plan, folder: Path) -> None:
    """Refuse settings of which transformers makes no model, by making it without weights.

    Args:
        plan: The plan, whose weights are not here yet.
        folder: Where its ``config.json`` lies, and its ``generation_config.json`` if it has one.

    Raises:
        IntegrityError, Unsupported: as `read` would.
    """
    if plan.trust_remote_code or plan.format == "gguf" or not (folder / "config.json").is_file():
        return
    import torch
    from transformers import AutoConfig

    with quiet():
        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            seam.own_attention(config)
            seam.own_form(config)
            kind = _model_class(config, whole=_wants_whole(plan, config))
            with torch.device("meta"):
                kind.from_config(config, trust_remote_code=False)
            if (settings := seam.settings_of(str(folder))) is not None:
                seam.drop_empty(settings)
                sampling.check(settings, plan.name.source)
        except ModelCatalogError:
            raise
        except (ImportError, NotImplementedError, RuntimeError):
            return  # what a model without weights cannot do, one with weights may
        except Exception as error:
            here = plan.model_copy(update={"path": str(folder), "files": (), "weights": tuple(Path(one).name for one in plan.weights)})
            raise _load_error(error, here) from error


def _read(plan: Plan, notes: list[str]) -> tuple[Any, Any, Mapping[str, object]]:
    from transformers import AutoConfig, AutoTokenizer

    folder = str(_folder(plan))
    spoken = str(words_of(plan, _folder(plan)))
    common: dict[str, Any] = {"local_files_only": True, "trust_remote_code": plan.trust_remote_code}
    if plan.format == "gguf":
        common["gguf_file"] = plan.weights[0]
    with uncollected():  # which imports most of transformers
        config = AutoConfig.from_pretrained(folder, **common)
        positions = Positions(_folder(plan) / plan.weights[0] if plan.format == "gguf" else None)
        positions.state(config)
        try:
            if plan.format == "gguf" and spoken == folder:
                tokenizer = AutoTokenizer.from_pretrained(spoken, config=config, **common)
            else:
                tokenizer = cutting.read(spoken, config=config, trust_remote_code=plan.trust_remote_code)
        except (AttributeError, IndexError, KeyError, TypeError) as error:  # what it says of packages and files, `_load_error` knows
            raise _tokenizer_error(error, plan) from error
        seam.read_from(config, _weights(plan))
        seam.own_attention(config)
        seam.own_form(config)
        kind = _model_class(config, whole=_wants_whole(plan, config))
    given: dict[str, Any] = {
        "config": config,
        "dtype": plan.dtype or "auto",
        "device_map": "auto" if plan.device == "cuda" else plan.device,
        "use_safetensors": True,
        "output_loading_info": True,
        "ignore_mismatched_sizes": True,  # `_refuse_made_up` refuses them, by their names
        **common,
    }
    if variant := next((found[1] for file in plan.files if (found := _VARIANT.fullmatch(Path(file.path).name))), None):
        given["variant"] = variant
    if (unpacked := _unpacked(plan, config)) is not None:
        given["quantization_config"] = unpacked
    with seam.without_adapters(), seam.bare_indexes():
        if plan.attention is None or not plan.attention.startswith("flash"):
            # sdpa and eager are what transformers takes by itself, for each part of a composite model.
            model, told = kind.from_pretrained(folder, **given)
        else:
            model, told = _with_flash(kind, folder, given, plan, notes)
    _refuse_made_up(told, plan)
    seam.drop_empty(model.generation_config)
    sampling.check(model.generation_config, plan.name.source)
    positions.divide(model)
    others = (remade(model), cut(tokenizer, positions.metadata))
    said = (
        _left_out(told, model, plan),
        None if plan.format == "gguf" else _marks(tokenizer, plan.name.source),
        *(None if one is None else f"{plan.name.source}: {one}" for one in others),
    )
    notes += [one for one in said if one is not None]
    if seam.looks_ahead(model):
        message = f"{plan.name.source} is a {type(model).__name__} that reads in both directions: it fills gaps in a text and cannot continue one"
        raise Unsupported(message, subject=plan.name.source, hint="load a model that was made to chat")
    if plan.adapter is not None:
        if (lacks := gaps(model, plan.adapter)) is not None:
            notes.append(lacks)
        model = put_on(model, tokenizer, plan, plan.adapter)
    model.eval()
    return model, tokenizer, positions.metadata


def _refuse_made_up(told: dict[str, Any], plan: Plan) -> None:
    """Nothing of a model may be made up: what the files do not hold, transformers fills with random numbers."""
    if other := sorted(told.get("mismatched_keys") or ()):
        name, have, wanted = other[0]
        which = f"{name} is {_sides(have)}, not {_sides(wanted)}"
        message = f"the files of {plan.name.source} hold {len(other)} of the model's tensors in another shape than config.json announces: {which}"
        raise IntegrityError(message, subject=plan.name.source, hint="fetch config.json and the weights again, of one revision")
    lost = sorted(map(str, told.get("missing_keys") or ()))
    if not lost:
        return
    strange = sorted(map(str, told.get("unexpected_keys") or ()))
    named = ", ".join(lost[:_NAMED]) + (", …" if len(lost) > _NAMED else "")
    message = f"the files of {plan.name.source} lack {len(lost)} of the model's tensors: {named}"
    hint = "fetch the checkpoint again, or from whoever made it"
    if strange:
        hint = f"they hold {len(strange)} that it does not have, such as {strange[0]}: they are named for another class, or an adapter was saved with them"
    raise IntegrityError(message, subject=plan.name.source, hint=hint)


def _left_out(told: dict[str, Any], model: Any, plan: Plan) -> str | None:
    """What the files hold of the model's own parts and those have no place for, as a sentence: a bias that config.json does not know of, half an adapter.

    Towers, heads and layers that a class does not have at all do not count, and zeros add nothing.
    """
    if getattr(model.config, "quantization_config", None) is not None:
        return None  # what packed the weights has names of its own
    strange = [str(key) for key in told.get("unexpected_keys") or ()]
    if not strange:
        return None
    parts = {name for name, module in model.named_modules() if name and next(module.parameters(recurse=False), None) is not None}
    prefix = f"{model.base_model_prefix}." if model.base_model_prefix else ""
    stuck = sorted(key for key in strange if _within(key, parts) or _within(f"{prefix}{key}", parts))
    zeros = _zeros(plan, stuck) if stuck else frozenset()
    stuck = [key for key in stuck if key not in zeros]
    if not stuck:
        return None
    many, subject = f"{len(stuck)} of the files' tensors", plan.name.source
    return f"{subject}: {many} belong to parts of the model that have no place for them, such as {stuck[0]}: they are left out, and its answers may be wrong"


def _within(key: str, parts: Collection[str]) -> bool:
    """Whether a tensor's name lies within one of these parts of a model."""
    at = key.find(".")
    while at >= 0:
        if key[:at] in parts:
            return True
        at = key.find(".", at + 1)
    return False


def _zeros(plan: Plan, names: Collection[str]) -> frozenset[str]:
    """Those of these tensors that are nothing but zeros, as some packers write biases."""
    if plan.format == "gguf":
        return frozenset()
    from safetensors import safe_open

    found: set[str] = set()
    for file in plan.weights:
        with safe_open(Path(plan.path or ".") / file, framework="pt") as weights:
            have = set(weights.keys())
            found.update(name for name in names if name in have and not weights.get_tensor(name).any())
    return frozenset(found)


def _marks(tokenizer: Any, subject: str) -> str | None:
    """That a tokenizer leaves its own marks of blanks in what it writes, as a sentence: it has no decoder, or another's."""
    try:
        back = str(tokenizer.decode(tokenizer(_SAMPLE, add_special_tokens=False)["input_ids"]))
    except Exception:  # noqa: BLE001  what it cannot read, the first prompt says
        return None
    if _BLANKS.isdisjoint(back):
        return None
    return f"{subject}: the tokenizer writes {_SAMPLE!r} as {back!r}: its tokenizer.json has no decoder, or that of another; take its base model's"


def _sides(shape: Any) -> str:
    return "×".join(map(str, shape))


def _folder(plan: Plan) -> Path:
    """Where the configuration lies: beside the weights, which may lie in a folder of their own."""
    root = Path(plan.path or ".")
    inner = (root / plan.weights[0]).parent
    return inner if plan.format != "gguf" and (inner / "config.json").is_file() else root


def _weights(plan: Plan) -> str | None:
    """The file to read, by transformers' own word for it: the plan's, whatever its name and whatever lies beside it.

    Without this, transformers looks for ``model.safetensors`` and what ``config.json`` may say instead.
    """
    if plan.format == "gguf":
        return None
    if len(plan.weights) == 1:
        return Path(plan.weights[0]).name
    return next((Path(file.path).name for file in plan.files if file.path.endswith(".safetensors.index.json")), None)


def _with_flash(kind: Any, folder: str, given: dict[str, Any], plan: Plan, notes: list[str]) -> Any:
    """Load with the attention package of the plan, or without it where it cannot be used after all."""
    try:
        return kind.from_pretrained(folder, **given, attn_implementation=plan.attention)
    except (ImportError, ValueError, RuntimeError) as error:
        if ran_out(error):
            raise
        model, told = kind.from_pretrained(folder, **given)
        said = first_line(error)
        notes.append(f"{plan.name.source}: {plan.attention} cannot be used, {seam.attention_of(model)} is: {said}")
        return model, told


def _unpacked(plan: Plan, config: Any) -> Any:
    """What tells transformers to unpack quantized weights, where the plan says so; it would else decide by itself."""
    if not plan.unpacks:
        return None
    stated = getattr(config.get_text_config(), "quantization_config", None) or getattr(config, "quantization_config", None) or {}
    method = "gguf" if plan.format == "gguf" else stated.get("quant_method") if isinstance(stated, dict) else None
    return seam.unpacker(str(method))


def _wants_whole(plan: Plan, config: Any) -> bool:
    """Whether the model is to read images or recordings, where its language model could be loaded alone."""
    asked = {key: plan.engine_options.get(key, False) for key in ("images", "audio")}
    for key, value in asked.items():
        if not isinstance(value, bool):
            message = f"{key}={value!r} is not True or False"
            raise Unsupported(message, subject=key, hint=f"pass {key}=True for a model that is to take them, or leave it out")
        if value and seam.whole_class(config) is None:
            message = f"{plan.name.source} takes text alone: it is a {config.model_type}, which transformers knows without parts for images and sound"
            raise Unsupported(message, subject=plan.name.source, hint=f"leave {key}= out, or load a model that takes them")
    return any(asked.values())


def _model_class(config: Any, *, whole: bool) -> Any:
    """The language model alone, where there is such a class: our own loop drives it. Whole for images and sound, or where there is no other."""
    from transformers import AutoModelForCausalLM

    all_of_it = seam.whole_class(config)
    return all_of_it if all_of_it is not None and (whole or not seam.causal_form(config)) else AutoModelForCausalLM


def _load_error(error: Exception, plan: Plan) -> ModelCatalogError:  # noqa: PLR0911  a ladder of causes
    said, subject = first_line(error), plan.name.source
    if ran_out(error):
        return out_of_memory(f"loading {subject}", subject, hint="take a smaller variant")
    if isinstance(error, ImportError):
        message = f"loading {subject} needs a package: {said}"
        return MissingPackage(message, subject=subject, install=installing.line("chat"))
    if "SafetensorError" in type(error).__name__ or "safetensors" in said.lower():
        message = f"the weights of {subject} cannot be read: {said}"
        return IntegrityError(message, subject=subject, hint="fetch them again")
    if (broken := _broken_text(plan)) is not None:
        return broken
    if "Validation" in type(error).__name__:
        # The field, or what must hold of several, stands on the next line.
        message = f"config.json of {subject} cannot be right: {' '.join(str(error).split())}"
        return IntegrityError(message, subject=subject, hint="correct it, or fetch it again")
    if plan.format != "gguf" and (wrong := seam.wrong_settings(str(_folder(plan)))) is not None:
        message = f"generation_config.json of {subject} cannot be right: {first_line(wrong)}"
        return IntegrityError(message, subject=subject, hint="correct it, or fetch it again")
    if isinstance(error, KeyError) and " " not in (word := str(error.args[0] if error.args else "")):
        said = f"it knows nothing of the name {word!r}"
    hint = "compare config.json with that of its base model, or fetch it again; a newer transformers may know more"
    return Unsupported(f"transformers cannot load {subject}: {said}", subject=subject, hint=hint)


def _tokenizer_error(error: Exception, plan: Plan) -> ModelCatalogError:
    """That the tokenizer's files do not fit together; the file that is broken, where one is."""
    if (broken := _broken_text(plan)) is not None:
        return broken
    subject = plan.name.source
    message = f"the tokenizer of {subject} cannot be read: {first_line(error)}"
    hint = "compare tokenizer_config.json, special_tokens_map.json and tokenizer.json with those of its base model, or fetch them again"
    return Unsupported(message, subject=subject, hint=hint)


def _broken_text(plan: Plan) -> IntegrityError | None:
    """The small file that is not JSON, or no text, where there is one: the error of the library that read it names none."""
    for file in plan.files if plan.path is not None else ():
        if file.path.endswith(".jinja"):
            try:
                (Path(plan.path or ".") / file.path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                message = f"{file.path} is not UTF-8, as chat templates are"
                return IntegrityError(message, subject=plan.name.source, hint="save it as UTF-8, or fetch it again")
            except OSError:
                continue
        if file.path.endswith(".json"):
            try:
                json_object((Path(plan.path or ".") / file.path).read_bytes(), name=file.path, subject=plan.name.source)
            except IntegrityError as error:
                return error
            except OSError:
                continue
    return None

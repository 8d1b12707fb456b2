"""Owns reading a checkpoint into transformers' model and tokenizer. Knows no hub: every call is local."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.quiet import quiet
from modelcatalog.errors import (
    EngineError,
    IntegrityError,
    MissingPackage,
    ModelCatalogError,
    Unsupported,
    WontFit,
)

if TYPE_CHECKING:
    from modelcatalog.planning import Plan

__all__ = ["read"]


def read(plan: Plan) -> tuple[Any, Any]:
    """Load a checkpoint; its model and its tokenizer.

    Raises:
        MissingPackage: torch, transformers, accelerate or gguf is not installed.
        IntegrityError: the files cannot be read.
        Unsupported: transformers does not know the architecture, or cannot read GGUF shards.
        WontFit: memory ran out.
    """
    if plan.missing:
        first = plan.missing[0]
        message = f"loading {plan.name.source} needs {', '.join(first.packages)}"
        raise MissingPackage(message, subject=plan.name.source, install=first.install)
    if plan.path is None:
        message = "the files of this plan are not on this disk"
        raise EngineError(message, subject=plan.name.source)
    if plan.format == "gguf" and len(plan.weights) > 1:
        message = "transformers reads no GGUF file in several parts"
        hint = "join them with llama-gguf-split --merge, or take the safetensors repository"
        raise Unsupported(message, subject=plan.weights[0], hint=hint)
    with quiet():
        try:
            return _read(plan)
        except ModelCatalogError:
            raise
        except Exception as error:
            raise _load_error(error, plan) from error


def _read(plan: Plan) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    folder = str(Path(plan.path or "."))
    common: dict[str, Any] = {"local_files_only": True, "trust_remote_code": plan.trust_remote_code}
    if plan.format == "gguf":
        common["gguf_file"] = plan.weights[0]
    # Read once and handed on: for a GGUF file, each reading of it takes seconds.
    config = AutoConfig.from_pretrained(folder, **common)
    tokenizer = AutoTokenizer.from_pretrained(folder, config=config, **common)
    device: Any = plan.device
    if plan.device == "cuda":
        device = "auto"
    model = _model_class(config, AutoModelForCausalLM).from_pretrained(
        folder,
        config=config,
        dtype=plan.dtype or "auto",
        device_map=device,
        use_safetensors=True,
        **common,
    )
    model.eval()
    return model, tokenizer


def _model_class(config: Any, causal: Any) -> Any:
    from transformers import AutoModelForImageTextToText  # noqa: PLC0415

    if type(config) in causal._model_mapping or type(config) not in AutoModelForImageTextToText._model_mapping:  # noqa: SLF001
        return causal
    return AutoModelForImageTextToText


def _load_error(error: Exception, plan: Plan) -> ModelCatalogError:
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    subject = plan.name.source
    if type(error).__name__ in {"OutOfMemoryError", "MemoryError"}:
        return WontFit(f"memory ran out while loading {subject}", subject=subject, hint="take a smaller variant")
    if isinstance(error, ImportError):
        message = f"loading {subject} needs a package: {said}"
        return MissingPackage(message, subject=subject, install="pip install 'modelcatalog[chat]'")
    if "SafetensorError" in type(error).__name__ or "safetensors" in said.lower():
        message = f"the weights of {subject} cannot be read: {said}"
        return IntegrityError(message, subject=subject, hint="fetch them again")
    return Unsupported(f"transformers cannot load {subject}: {said}", subject=subject)

"""Owns starting vLLM on a folder: its arguments, checked against its own class, and its environment. Knows no chat."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from modelcatalog.engines import files_of
from modelcatalog.engines.failing import first_line, ran_out
from modelcatalog.engines.prompts import cutting, tokenizing
from modelcatalog.errors import EngineError, Unsupported, WontFit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.planning import Plan

__all__ = ["Loaded", "arguments", "ended", "read"]

_CONTEXT = 8192
_OURS = {
    "model": "the name", "tokenizer": "the name", "revision": "revision=", "tokenizer_revision": "revision=", "code_revision": "revision=",
    "dtype": "dtype=", "max_model_len": "context_length=", "trust_remote_code": "trust_remote_code=", "hf_token": "the environment",
    "download_dir": "HF_HOME", "skip_tokenizer_init": "complete(text)",
}  # fmt: skip
"""Arguments of vLLM that have another way here."""
_GIB = 1 << 30


def arguments(plan: Plan) -> Any:
    """Make vLLM's ``EngineArgs`` for a plan: the local folder, the plan's choices, and what the caller handed on.

    Raises:
        Unsupported: an engine option is none of vLLM's, has another way here, or vLLM refuses its value.
    """
    from vllm.engine.arg_utils import EngineArgs

    known = {field.name for field in fields(EngineArgs)}
    for key in plan.engine_options:
        if key in _OURS:
            message = f"vllm's {key} is not an engine option here"
            raise Unsupported(message, subject=key, hint=f"use {_OURS[key]}")
        if key not in known:
            message = f"vllm has no engine option {key!r}"
            raise Unsupported(message, subject=key, hint="see EngineArgs in vllm's documentation")
    chosen: dict[str, Any] = {
        "model": plan.path,
        "dtype": plan.dtype or "auto",
        "max_model_len": plan.context_length or _CONTEXT,
        "trust_remote_code": plan.trust_remote_code,
        # Replies are repeatable by the seed of each; a server's statistics have no reader here.
        "seed": 0,
        "disable_log_stats": True,
        # Compiling takes minutes, and gains little on a CPU.
        "enforce_eager": plan.device == "cpu",
        **_room(plan),
    }
    try:
        return EngineArgs(**{**chosen, **plan.engine_options})
    except (TypeError, ValueError) as error:
        message = f"vllm refuses its options: {first_line(error)}"
        raise Unsupported(message, subject=plan.name.source) from error


def _room(plan: Plan) -> dict[str, Any]:
    """Room for a plan's adapter: vLLM has ranks that it takes, and an adapter fits into the next larger one."""
    if plan.adapter is None:
        return {}
    from vllm.config.lora import MaxLoRARanks

    rank = plan.adapter.lora.rank or 1
    fitting = [one for one in get_args(MaxLoRARanks) if one >= rank]
    if not fitting:
        message = f"{plan.adapter.name} has the rank {rank}, and vllm takes adapters up to {max(get_args(MaxLoRARanks))}"
        raise Unsupported(message, subject=plan.adapter.name, hint="merge it into its base with peft, and load the folder that this makes")
    return {"enable_lora": True, "max_lora_rank": min(fitting)}


def _adapter(plan: Plan) -> Any:
    """The adapter as vLLM asks for it with each prompt; None where there is none."""
    if plan.adapter is None:
        return None
    from vllm.lora.request import LoRARequest

    return LoRARequest(plan.adapter.name, 1, str(Path(plan.adapter.path or ".") / plan.adapter.folder))


class Loaded(NamedTuple):
    """A started engine, and what stands beside the weights."""

    engine: Any
    """vLLM's ``LLMEngine``, which has processes of its own: end it by `ended`."""
    tokenizer: Any
    defaults: Any
    """The checkpoint's ``GenerationConfig``."""
    subject: str
    """The model's name."""
    limit: int
    """The most tokens of a conversation."""
    templates: Mapping[str, str]
    """Chat templates by name."""
    adapter: Any
    """The adapter as vLLM asks for it with each prompt; None where there is none."""
    sensing: str | None
    """The template of the checkpoint's processor, where it has one of its own: for images and sound."""


def read(plan: Plan) -> Loaded:
    """Start vLLM's engine.

    Raises:
        MissingPackage: vllm is not installed.
        Unsupported: vllm does not know the model, or refuses an option.
        WontFit: memory ran out.
        EngineError: it does not start.
    """
    subject = plan.name.source
    place = str(files_of(plan))
    for key, value in _environment(plan).items():
        os.environ.setdefault(key, value)
    wanted, added = arguments(plan), _adapter(plan)
    from transformers import GenerationConfig
    from vllm.v1.engine.llm_engine import LLMEngine

    engine = None
    try:
        spoken = place if added is None or plan.adapter is None or not plan.adapter.tokenizer else added.lora_path
        tokenizer = cutting.read(spoken, trust_remote_code=plan.trust_remote_code)
        try:
            defaults = GenerationConfig.from_pretrained(place, local_files_only=True)
        except OSError:
            defaults = GenerationConfig()
        own, sensing = tokenizing.templates(tokenizer, Path(spoken)), tokenizing.processors(Path(place)).get("default")
        engine = LLMEngine.from_engine_args(wanted)
        if added is not None:
            engine.add_lora(added)  # what is wrong with it is said now, and not with the first prompt
        return Loaded(engine, tokenizer, defaults, subject, int(engine.model_config.max_model_len), own, added, sensing)
    except BaseException as error:
        if engine is not None:
            ended(engine)
        if not isinstance(error, Exception):
            raise
        raise _failed(error, subject) from error


def ended(engine: Any) -> None:
    """End an engine's processes."""
    engine.engine_core.shutdown()


def _environment(plan: Plan) -> dict[str, str]:
    """What vLLM reads from the environment, where nobody has set it."""
    # It reports its use to its makers, and writes a line for each step of starting.
    quiet = {"VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
    if plan.device != "cpu":
        return quiet
    # Room for several conversations; its own share of the RAM is 4 GiB or half of it.
    space = max(1, -(-4 * (plan.memory.kv or 0) // _GIB))
    return {**quiet, "VLLM_CPU_KVCACHE_SPACE": str(space), "VLLM_CPU_OMP_THREADS_BIND": "nobind"}


def _failed(error: Exception, subject: str) -> Exception:
    said = first_line(error)
    if ran_out(error) or "memory" in said.lower():
        hint = "take a smaller variant, a shorter context_length=, or more GPUs by tensor_parallel_size"
        return WontFit(f"vllm has too little memory for {subject}: {said}", subject=subject, hint=hint)
    if isinstance(error, ValueError | NotImplementedError):
        return Unsupported(f"vllm cannot load {subject}: {said}", subject=subject)
    return EngineError(f"vllm does not start: {said}", subject=subject)

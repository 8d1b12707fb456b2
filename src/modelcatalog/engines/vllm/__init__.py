"""Owns the engine that runs a checkpoint with vLLM, in this process. Knows no hub."""

from modelcatalog.engines.vllm.engine import Vllm, open  # noqa: A004  engines.vllm.open(plan)

__all__ = ["Vllm", "open"]

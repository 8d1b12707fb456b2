"""Owns the engine that runs a GGUF file with llama.cpp, in this process. Knows no hub."""

from modelcatalog.engines.llama_cpp.engine import LlamaCpp, open  # noqa: A004  engines.llama_cpp.open(plan)

__all__ = ["LlamaCpp", "open"]

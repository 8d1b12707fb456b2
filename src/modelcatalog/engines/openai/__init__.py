"""Owns the engine that asks an OpenAI-compatible server. Knows no hub."""

from modelcatalog.engines.openai.engine import OpenAI, open  # noqa: A004  engines.openai.open(plan)

__all__ = ["OpenAI", "open"]

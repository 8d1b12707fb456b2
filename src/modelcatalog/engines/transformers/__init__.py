"""Owns the engine that runs a checkpoint with transformers, in this process. Knows no hub."""

from modelcatalog.engines.transformers.engine import Transformers, open  # noqa: A004  engines.transformers.open(plan)

__all__ = ["Transformers", "open"]

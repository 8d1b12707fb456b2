"""Owns the engine that runs a checkpoint with transformers, in this process. Knows no hub."""

from modelcatalog.engines.transformers.engine import Transformers, open  # noqa: A004  engines.transformers.open(plan)
from modelcatalog.engines.transformers.load import check

__all__ = ["Transformers", "check", "open"]

"""Owns the engine that runs a checkpoint with MLX, in this process. Knows no hub."""

from modelcatalog.engines.mlx.engine import Mlx, open  # noqa: A004  engines.mlx.open(plan)

__all__ = ["Mlx", "open"]

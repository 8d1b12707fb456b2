"""Owns what loading a name would do: where from, which files, in which type, and whether it fits. Loads nothing.

`plan` reads local headers, or asks a hub for at most six small answers; no weight byte moves.
"""

from modelcatalog.planning.build import plan
from modelcatalog.planning.obtain import obtain
from modelcatalog.planning.record import Memory, Missing, Plan, human

__all__ = ["Memory", "Missing", "Plan", "human", "obtain", "plan"]

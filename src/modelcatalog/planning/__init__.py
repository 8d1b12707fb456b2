"""Owns what loading a name would do: where from, which files, in which type, and whether it fits. Loads nothing.

`plan` reads local headers, or asks a hub for a listing and a few small answers; no weight byte moves. `obtain` then
brings the files onto this disk, `pull` does both and no more; `lock` writes down which they are.
"""

from typing import TYPE_CHECKING

from modelcatalog import later

if TYPE_CHECKING:
    from modelcatalog.planning.figures import Missing
    from modelcatalog.planning.growth import Growth
    from modelcatalog.planning.lockfile import Lock
    from modelcatalog.planning.obtaining import check_disk, obtain, settings
    from modelcatalog.planning.planner import lock, plan
    from modelcatalog.planning.pulling import pull
    from modelcatalog.planning.record import Memory, Plan
    from modelcatalog.planning.table import Variant
    from modelcatalog.show.units import human

__all__ = ["Growth", "Lock", "Memory", "Missing", "Plan", "Variant", "check_disk", "human", "lock", "obtain", "plan", "pull", "settings"]

if not TYPE_CHECKING:
    __getattr__ = later.names(
        __name__,
        {
            "figures": ("Missing",),
            "growth": ("Growth",),
            "lockfile": ("Lock",),
            "obtaining": ("check_disk", "obtain", "settings"),
            "planner": ("lock", "plan"),
            "pulling": ("pull",),
            "record": ("Memory", "Plan", "human"),
            "table": ("Variant",),
        },
    )

"""How the cost of `parse` grows with the length of a name: linearly, also for names made to mislead it.

    python benchmarks/length.py [--write]

Each length is read in several shapes that would make a backtracking reader slow, and the slowest shape counts. With
``--write`` the figures go to docs/benchmarks/results/length.json, which the documentation shows.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path

import pydantic

from modelcatalog import parse

RESULTS = Path(__file__).parents[1] / "docs" / "benchmarks" / "results" / "length.json"
LENGTHS = (64, 128, 256, 512, 768, 1024)
SHAPES = ("Qwen2.5-7B-", "1-", "a1b2", "7b_", "v0.1.", "Q4_K_M-", "-", "x", "8x7B", "千问")
ROUNDS = 7
OWED = 1.5
"""A character of the longest name costs at most so much more than one of a name a quarter as long."""


def cost(length: int) -> float:
    """Microseconds that the slowest shape of a length takes; the best of several rounds, for a busy machine."""
    worst = 0.0
    for shape in SHAPES:
        text = (shape * length)[:length]
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.perf_counter()
            parse(text)
            best = min(best, time.perf_counter() - start)
        worst = max(worst, best)
    return worst * 1e6


def main(*arguments: str) -> int:
    """Print the figures, write them if asked to, and fail if the cost grows faster than the length."""
    parse("Qwen3-8B")  # the tables are built with the first name
    costs = {length: cost(length) for length in LENGTHS}
    ratio = costs[1024] / costs[256] / 4
    results = [{"what": f"the slowest name of {length:,} characters", "value": round(value, 1), "unit": "µs", "owed": None} for length, value in costs.items()]
    results.append({"what": "cost of a character at 1,024 characters to one at 256", "value": round(ratio, 2), "unit": "", "owed": f"at most {OWED}"})
    for each in results:
        print(f"{each['what']:<56} {each['value']:>8} {each['unit']}")
    if "--write" in arguments:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        found = {
            "title": {"en": "The cost of a name grows with its length alone", "zh": "名字越长越慢，但只按长度成比例"},
            "machine": f"{os.cpu_count()} × {platform.machine()}, {platform.system()}",
            "versions": {"Python": platform.python_version(), "pydantic": pydantic.VERSION},
            "results": results,
        }
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(ratio > OWED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

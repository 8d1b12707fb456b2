"""Group a leaderboard by model: one row each, whatever the spelling, hub, reseller or quantization.

    python examples/leaderboard.py [FILE.csv]      columns: name, score

The scores in leaderboard.csv are invented; the spellings are those that people use.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import modelcatalog as mc

BOARD = Path(__file__).with_name("leaderboard.csv")


def main(file: str | Path = BOARD) -> None:
    """Print the models, the best first, with the spread of their entries."""
    groups: dict[str, list[tuple[mc.ModelName, float]]] = defaultdict(list)
    with Path(file).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            name = mc.parse(row["name"])
            groups[name.canonical].append((name, float(row["score"])))
    print(f"{'model':<34} {'company':<10} {'best':>5} {'worst':>6}  entries")
    for canonical, entries in sorted(groups.items(), key=lambda item: -max(score for _, score in item[1])):
        scores = [score for _, score in entries]
        company = entries[0][0].company or "?"
        print(f"{canonical:<34} {company:<10} {max(scores):>5.1f} {min(scores):>6.1f}  {len(entries)}")


if __name__ == "__main__":
    main(*sys.argv[1:])

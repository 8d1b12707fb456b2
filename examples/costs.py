"""Add up what was spent, by model: a price table with one key for each model, and logs with every router's own spelling.

    python examples/costs.py [LOG.csv]      columns: model, input_tokens, output_tokens

The prices and the log are invented.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

import modelcatalog as mc

LOG = Path(__file__).with_name("costs.csv")
PRICES = {
    mc.parse(name).canonical: price
    for name, price in {
        "gpt-4o-2024-08-06": (2.0, 8.0),
        "claude-3.5-sonnet-20241022": (3.0, 12.0),
        "DeepSeek-R1": (0.5, 2.0),
    }.items()
}
"""Canonical name -> price of a million tokens, in and out."""


def main(file: str | Path = LOG) -> None:
    """Print the cost of each model, and the names that have no price."""
    spent: dict[str, float] = defaultdict(float)
    unpriced: Counter[str] = Counter()
    with Path(file).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = mc.parse(row["model"]).canonical
            if key not in PRICES:
                unpriced[row["model"]] += 1
                continue
            into, out = PRICES[key]
            spent[key] += (int(row["input_tokens"]) * into + int(row["output_tokens"]) * out) / 1e6
    for key, cost in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{key:<34} {cost:8.3f}")
    for name, count in unpriced.items():
        print(f"no price for {name} ({count} lines)")


if __name__ == "__main__":
    main(*sys.argv[1:])

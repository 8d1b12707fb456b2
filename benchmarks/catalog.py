"""How the catalog's size costs: `import modelcatalog` and `parse` with 100 and with 10,000 checkpoints more.

Run ``python benchmarks/catalog.py``: prints the medians of fresh processes in turn and their ratio, and exits with 1
where `parse` with the large catalog takes more than 1.1 times as long (`--limit` sets another bound).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (100, 10_000)
MEASURE = """
import json, time
start = time.perf_counter()
import modelcatalog
imported = time.perf_counter() - start
names = [f"Qwen/Qwen{v}-{s}B-{t}" for v in (2, 2.5, 3) for s in (0.5, 1.5, 7, 14, 72) for t in ("Instruct", "Chat-AWQ", "GPTQ-Int4")]
names += ["made-up/Example7-7B-Chat", "gpt-4o-2024-08-06", "someone/tweet_sentiment_eval", "mistral-7b-instruct-v0.2.Q4_K_M.gguf"]
start = time.perf_counter()
modelcatalog.parse(names[0])
first = time.perf_counter() - start
best = 9.0
for _ in range(40):
    start = time.perf_counter()
    for name in names:
        modelcatalog.parse(name)
    best = min(best, time.perf_counter() - start)
print(json.dumps([imported, first, best / len(names)]))
"""


def data(folder: Path, checkpoints: int) -> None:
    """Write a made-up company with so many checkpoints, a hundred a series."""
    lines = ['name = "Made Up"', "[accounts]", 'huggingface = ["made-up"]', "[[family]]", 'name = "Example"', 'weights = "open"']
    for version in range(checkpoints // 100):
        sizes = ",".join(f"{size}B" for size in range(1, 26))
        lines += ["[[family.series]]", f'name = "Example{version}"', f'models = ["Example{version}-{{{sizes}}}[-Chat[-AWQ]|-Base]"]']
    (folder / "made_up.toml").write_text("\n".join(lines), encoding="utf-8")


def measure(folder: Path) -> list[float]:
    """Seconds of the import, of the first parse, and of a later one, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEASURE], env={**os.environ, "MODELCATALOG_DATA": str(folder)}, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def main() -> int:
    """Measure in turn, print, and judge."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--limit", type=float, default=1.1)
    arguments = options.parse_args()
    times: dict[int, list[list[float]]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as place:
        for size in SIZES:
            (Path(place) / str(size)).mkdir()
            data(Path(place) / str(size), size)
        for _ in range(arguments.rounds):
            for size in SIZES:
                times[size].append(measure(Path(place) / str(size)))
    small, large = ([statistics.median(column) for column in zip(*times[size], strict=True)] for size in SIZES)
    fastest = [min(row[2] for row in times[size]) for size in SIZES]
    print(f"{'checkpoints':>12}{'import':>12}{'first parse':>14}{'parse':>12}")
    for size, (imported, first, parse) in zip(SIZES, (small, large), strict=True):
        print(f"{size:>12}{imported * 1e3:>10.1f}ms{first * 1e3:>12.1f}ms{parse * 1e6:>10.1f}us")
    ratio = fastest[1] / fastest[0]
    print(f"parse with the large catalog takes {ratio:.3f} times as long (bound {arguments.limit})")
    return 0 if ratio <= arguments.limit else 1


if __name__ == "__main__":
    sys.exit(main())

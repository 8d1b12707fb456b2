"""Measures `import modelcatalog` against `from pydantic import BaseModel`, which it cannot do without.

Fresh processes in turn, so that a busy moment hits all three alike; the start of bare Python is
subtracted from both. Prints the medians and their ratio, and exits 1 above the limit of 1.5. What the first
`parse` adds (the parser, its tables, pydantic) is printed too, without a limit.

    python benchmarks/import_time.py [ROUNDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median

LIMIT = 1.5
STATEMENTS = {
    "bare Python": "pass",
    "pydantic": "from pydantic import BaseModel",
    "modelcatalog": "import modelcatalog",
    "first parse": "import modelcatalog; modelcatalog.parse('Qwen3-8B')",
}


def measure(rounds: int) -> dict[str, float]:
    """Median seconds of a process for each statement."""
    # Compiled files are part of an installation; without them, compiling would be measured.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {label: [] for label in STATEMENTS}
    for turn in range(rounds + 1):
        for label, statement in STATEMENTS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
            if turn:  # the first one compiles and fills the disk cache
                times[label].append(time.perf_counter() - start)
    return {label: median(some) for label, some in times.items()}


def main(rounds: int = 15) -> int:
    """Print the comparison; the exit code is the verdict."""
    found = measure(rounds)
    bare = found["bare Python"]
    own, theirs = found["modelcatalog"] - bare, found["pydantic"] - bare
    print(f"medians of {rounds} fresh processes each; bare Python {bare * 1000:.0f} ms, subtracted:")
    print(f"  from pydantic import BaseModel  {theirs * 1000:6.1f} ms")
    print(f"  import modelcatalog             {own * 1000:6.1f} ms")
    print(f"  import modelcatalog, one parse  {(found['first parse'] - bare) * 1000:6.1f} ms")
    ratio = own / theirs
    print(f"  ratio {ratio:.2f}, limit {LIMIT}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

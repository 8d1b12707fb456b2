"""Measures a cold start: what the first name, checkpoint, look-up and command cost in a fresh process, against `from pydantic import BaseModel`.

CPU seconds of the whole process, user and system; fresh processes in turn, so that a busy moment hits all alike. Prints the medians
and their ratios, and exits 1 where one is above its limit.

    python benchmarks/cold.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

NAME = "Qwen2.5-Coder-3B-Instruct-AWQ"
FOLDER = "checkpoint"
"""A checkpoint of one weight, which `main` writes into the folder that the processes run in."""
FIRST = "from pydantic import BaseModel"
STARTS: dict[str, tuple[tuple[str, ...], float | None]] = {
    "bare Python": (("-c", "pass"), None),
    FIRST: (("-c", FIRST), None),
    "import modelcatalog": (("-c", "import modelcatalog"), None),
    "parse": (("-c", f"import modelcatalog; modelcatalog.parse({NAME!r})"), 1.6),
    "parse a URL": (("-c", f"import modelcatalog; modelcatalog.parse('https://huggingface.co/Qwen/{NAME}/tree/main')"), 1.6),
    "resolve": (("-c", f"import modelcatalog; modelcatalog.resolve({NAME!r})"), 3),
    "catalog.find": (("-c", "import modelcatalog; modelcatalog.catalog.find('通义千问2.5')"), 3),
    "modelcatalog parse": (("-m", "modelcatalog", "parse", NAME), 4),
    "plan": (("-c", f"import modelcatalog; modelcatalog.plan({FOLDER!r})"), 3.5),
    "modelcatalog plan": (("-m", "modelcatalog", "plan", FOLDER), 4),
}
"""What is started -> Python's arguments, and the most that it may cost in units of the import of pydantic."""


def write(folder: Path) -> None:
    """Write a checkpoint that is complete in every file that a plan reads."""
    folder.mkdir()
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 8}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def seconds(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    """CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(rounds: int) -> dict[str, float]:
    """Median CPU seconds of each start."""
    # Compiled files are part of an installation; without them, compiling would be measured.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {label: [] for label in STARTS}
    for turn in range(rounds + 1):
        for label, (arguments, _) in STARTS.items():
            took = seconds(arguments, environment)
            if turn:  # the first one compiles, and keeps tables and the disk cache
                times[label].append(took)
    return {label: median(some) for label, some in times.items()}


def main(rounds: int = 9) -> int:
    """Print the comparison; the exit code is the verdict."""
    with TemporaryDirectory() as place:
        write(Path(place) / FOLDER)
        with chdir(place):
            found = measure(rounds)
    print(f"medians of {rounds} fresh processes each, CPU time:")
    slow = 0
    for label, took in found.items():
        limit, ratio = STARTS[label][1], took / found[FIRST]
        print(f"  {label:<32} {took * 1000:6.0f} ms  {ratio:5.2f}{'' if limit is None else f', limit {limit}'}")
        slow += limit is not None and ratio > limit
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

"""How many names a second `parse` reads, beside gguf-py and beside one bare regular expression, in the same run.

    python benchmarks/parse.py [FILE] [--memory COUNT] [--profile] [--json RESULT]

FILE has one name per line; without it, names are made from the truth files of tests/corpus/. Made names share their
words more than real ones do, so the first number is better than a list from a hub gives.

Every name is read once by each of the three, in slices that take turns, so that a busy moment hits all alike; the
fields are then looked at. It says whether compiled modules ran or the sources, and where the profile is asked for, run the
sources: Python's profiler does not see into compiled ones. gguf-py finds five facts and a regular expression as simple as this one four.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import platform
import pstats
import re
import sys
import time
import tomllib
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog import catalog, parse, parse_many
from modelcatalog.names import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CORPUS = Path(__file__).parents[1] / "tests" / "corpus"
SLICES = 20
FLOOR = re.compile(r"(?:(?P<owner>[^/]+)/)?(?P<family>[A-Za-z]+)[-_]?(?P<version>\d+(?:\.\d+)*)?.*?(?P<size>\d+(?:\.\d+)?[BbMm])?(?P<rest>-.*)?")
MODULES = "sources" if (record.__file__ or "").endswith(".py") else "compiled modules"
ENDINGS = (
    "",
    "-GGUF",
    "-AWQ",
    "-4bit",
    "-FP8",
    "-Q4_K_M.gguf",
    "-bf16",
    "-GPTQ-Int4",
    "-v2",
    "-tuned",
    "-DPO",
    "-i1-GGUF",
)


def made_names() -> list[str]:
    """About ten thousand names: those of the truth files, with the endings that repackagers put behind them."""
    texts = [entry["text"] for file in sorted(CORPUS.glob("*.toml")) for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("name", [])]
    return list(dict.fromkeys(text + ending for ending in ENDINGS for text in texts))


def by_modelcatalog(text: str) -> Any:
    """Every fact that the name states, and what the catalog adds."""
    name = parse(text)
    size, quantization = name.size, name.quantization
    return (
        name.hub,
        name.owner,
        name.name,
        name.revision,
        name.tag,
        name.file,
        name.company,
        name.family,
        name.version,
        name.series,
        name.types,
        size and size.total,
        size and size.active,
        quantization and quantization.method,
        quantization and quantization.bits,
        name.format,
        name.dtype,
        name.context_length,
        name.released,
        name.base,
        name.canonical,
        name.segments,
        name.unknown,
    )


def by_expression(text: str) -> Any:
    """The floor: one match and its groups."""
    found = FLOOR.match(text)
    return found and found.groups()


def by_gguf() -> Callable[[str], Any] | None:
    """What llama.cpp's converter reads from a repository's id; None where gguf-py is not installed."""
    try:
        from gguf.metadata import Metadata  # optional
    except ImportError:
        return None
    components: Callable[[str], Any] = Metadata.get_model_id_components
    return components


def first_use() -> float:
    """Seconds that the tables take, which are made when first asked for: words, sizes, and the checkpoints listed."""
    start = time.perf_counter()
    parse("Qwen3-8B")
    catalog.find("Qwen3-8B")
    return time.perf_counter() - start


def compare(names: list[str]) -> dict[str, float]:
    """Seconds that each reader takes for all names."""
    readers: dict[str, Callable[[str], Any]] = {"modelcatalog": by_modelcatalog, "one expression": by_expression}
    gguf = by_gguf()
    if gguf is not None:
        readers["gguf-py"] = gguf
    seconds = dict.fromkeys(readers, 0.0)
    for part in range(SLICES):
        for label, read in readers.items():
            start = time.perf_counter()
            for text in names[part::SLICES]:
                read(text)
            seconds[label] += time.perf_counter() - start
    return seconds


def endless(names: list[str]) -> Iterator[str]:
    """The names again and again, each time with a last word that was not there before."""
    for number, text in enumerate(cycle(names)):
        yield f"{text[:900]}-{number:x}z"


def peak() -> float:
    """Peak memory of this process so far, in MiB; 0 where the system does not tell."""
    try:
        import resource  # not on Windows
    except ImportError:
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def show_memory(names: list[str], count: int) -> None:
    """Peak memory at a tenth of the way and at the end, which should be one number."""
    done = 0
    print(f"parse_many over {count:,} different names, peak memory of the process:")
    for stage in (count // 10, count):
        for _ in parse_many(islice(endless(names), done, stage)):
            pass
        done = stage
        print(f"  after {stage:>9,}  {peak():7.1f} MiB")


def written(seconds: dict[str, float], count: int) -> dict[str, Any]:
    """The figures in the form of the documentation's result files."""
    own = seconds["modelcatalog"]
    results: list[dict[str, Any]] = [
        {"what": f"{label}: names read", "value": round(count / took), "unit": "a second", "owed": None} for label, took in seconds.items()
    ]
    owed = {"gguf-py": "at least 0.5"}
    results += [
        {"what": f"speed of modelcatalog, against {label}", "value": round(took / own, 2), "unit": "times", "owed": owed.get(label)}
        for label, took in seconds.items()
        if took is not own
    ]
    return {
        "title": {"en": f"Reading {count:,} names, each once and every fact looked at", "zh": f"读 {count:,} 个名字：每个只读一次，并查看全部事实"},
        "machine": f"{os.cpu_count()} × {platform.machine()}, {platform.system()}",
        "versions": {"Python": platform.python_version(), "modelcatalog": MODULES},
        "results": results,
    }


def show_profile(names: list[str]) -> None:
    """Where the time of `parse` goes."""
    profile = cProfile.Profile()
    profile.enable()
    for text in names:
        by_modelcatalog(text)
    profile.disable()
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(25)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, help="one name per line")
    parser.add_argument("--memory", type=int, default=1_000_000, metavar="COUNT", help="names for the memory test; 0: leave it out")
    parser.add_argument("--profile", action="store_true", help="show where the time of parse goes")
    parser.add_argument("--json", type=Path, metavar="RESULT", help="where to write the figures for the documentation")
    options = parser.parse_args()
    names = made_names() if options.file is None else [line.strip() for line in options.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    names = list(dict.fromkeys(name for name in names if name.isprintable() and len(name) <= 1024))  # noqa: PLR2004  parse's limit
    print(f"tables, made once: {first_use():.2f} s")
    seconds = compare(names)
    own = seconds["modelcatalog"]
    print(f"{len(names):,} names, each once and every field read, by the {MODULES}:")
    for label, took in sorted(seconds.items(), key=lambda item: item[1]):
        print(f"  {label:15} {len(names) / took:>10,.0f} names/s  {took / len(names) * 1e6:6.1f} us a name  modelcatalog's speed is {took / own:5.2f} of it")
    if "gguf-py" not in seconds:
        print("  gguf-py is not installed: pip install gguf")
    if options.json:
        options.json.write_text(json.dumps(written(seconds, len(names)), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.profile:
        show_profile(names)
    if options.memory:
        show_memory(names, options.memory)
    return 0


if __name__ == "__main__":
    sys.exit(main())

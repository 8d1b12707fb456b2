"""Choose the variant of a model that fits a GPU of so many gigabytes, from the catalog alone: no network, no download.

    python examples/fit_gpu.py NAME GIGABYTES [HUB]

It counts the weights by the names' own facts, and leaves a fifth for the KV cache. `mc.plan(NAME, fit=True)` asks the
hub, reads the headers, and answers exactly, for the GPU that is there.
"""

from __future__ import annotations

import sys

import modelcatalog as mc

ROOM = 0.8
"""Share of the memory for weights."""


def size_of(repo_id: str) -> tuple[float, float] | None:
    """Bits of a weight and gigabytes of all; None where the name does not tell."""
    name = mc.parse(repo_id)
    if name.size is None or name.size.total is None or name.format == "gguf" and name.quantization is None:
        return None
    bits = name.quantization.bits if name.quantization else 16
    return None if bits is None else (float(bits), name.size.total * bits / 8e9)


def main(name: str, gigabytes: str, hub: str = "huggingface") -> None:
    """Print every variant, and the most precise that fits."""
    variants = [(found, c.repo_id) for c in mc.catalog.siblings(name) if c.hub == hub and (found := size_of(c.repo_id))]
    best = None
    for (bits, needed), repo_id in sorted(variants, reverse=True):
        fits = needed <= float(gigabytes) * ROOM
        best = best or (repo_id if fits else None)
        print(f"{'fits' if fits else 'no':<5} {needed:6.1f} GB  {bits:>4g} bits  {repo_id}")
    print(f"take {best}" if best else f"no variant of {name} fits {gigabytes} GB")


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[2:] else sys.exit(__doc__)

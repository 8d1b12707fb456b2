"""Owns the comparison of a plan's estimate with the memory that a checkpoint really takes. Run: see ``--help``.

One process for each case, because memory that a process gave back is not always returned.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

_CASE = """
import gc, json, sys
import torch, transformers
from modelcatalog.chat import load
from modelcatalog.planning import plan

def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024

name, tokens = sys.argv[1], int(sys.argv[2])
made = plan(name, device="cpu", context_length=tokens)
before = anonymous()
model = load(made)
gc.collect()
inner = model._engine._model
held = {t.data_ptr(): t.numel() * t.element_size() for t in (*inner.parameters(), *inner.buffers())}
loaded = anonymous()
with torch.inference_mode():
    ids = torch.zeros((1, tokens), dtype=torch.long)
    cache = transformers.DynamicCache(config=inner.config)
    inner(ids, past_key_values=cache, logits_to_keep=1)
kv = sum(t.numel() * t.element_size() for layer in cache.layers for t in (layer.keys, layer.values))
print(json.dumps({
    "weights estimated": made.memory.weights, "weights measured": sum(held.values()),
    "kv estimated": made.memory.kv, "kv measured": kv, "resident after loading": loaded - before,
}))
"""


def main() -> None:
    """Print a table: what was estimated, what was measured, the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", help="names or paths of checkpoints")
    parser.add_argument("--tokens", type=int, default=2048, help="context for the KV cache")
    options = parser.parse_args()
    for name in options.names:
        command = [sys.executable, "-c", _CASE, name, str(options.tokens)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        print(name)
        for part in ("weights", "kv"):
            estimated, measured = found[f"{part} estimated"], found[f"{part} measured"]
            print(f"  {part:<8} {estimated:>15,} estimated {measured:>15,} measured, ratio {estimated / measured:.3f}")
        both = found["weights estimated"] + found["kv estimated"]
        resident = found["resident after loading"]
        print(f"  resident {both:>15,} estimated with the KV cache; {resident:,} bytes more than before loading")


if __name__ == "__main__":
    main()

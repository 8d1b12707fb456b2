"""Owns tiny GGUF files of any architecture that llama.cpp knows, and what it keeps of conversations for them.

Run as a program: ``python tinyggufs.py FOLDER`` takes JSON of ``{name: [architecture, keys]}`` from its input, and prints the MiB that
llama.cpp logs for each, with whole windows and without. Which tensors a file must have, and of which shapes, llama.cpp says itself: what it
misses is added, until it loads the file. All of it happens in processes of their own, since a tensor of zeros may be one that it dies of.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

TOKENS = 1000
_WORDS = 64
_MOST = 1000
_MISSING = re.compile(r"tensor '([^']+)'(?: not found)?")
_SHAPE = re.compile(r"tensor '([^']+)' has wrong shape; expected\s+([\d, ]+?), got")
_SIZE = re.compile(r"^\S*: size =\s+([\d.]+) MiB", re.MULTILINE)


def write(file: Path, arch: str, keys: dict[str, Any], tensors: dict[str, list[int]]) -> None:
    """A file with these keys of its architecture, and tensors of zeros."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(file, arch)
    for name, value in keys.items():
        add = {bool: writer.add_bool, list: writer.add_array, float: writer.add_float32}.get(type(value), writer.add_uint32)
        add(f"{arch}.{name}", value)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"t{number}" for number in range(_WORDS)])
    writer.add_token_scores([0.0] * _WORDS)
    writer.add_token_types([1] * _WORDS)
    for name, shape in tensors.items():
        writer.add_tensor(name, np.zeros(tuple(reversed(shape)), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def held(file: Path, arch: str, keys: dict[str, Any], out: int) -> None:
    """Write the MiB of one file to a descriptor: a line for whole windows, one for windows alone."""
    import llama_cpp

    said: list[str] = []
    log = llama_cpp.llama_log_callback(lambda _level, text, _data: said.append(text.decode("utf-8", "replace")))
    llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
    loading = llama_cpp.llama_model_default_params()
    loading.n_gpu_layers, loading.use_mmap = 0, False
    tensors, model = {"token_embd.weight": [keys["embedding_length"], _WORDS]}, None
    for _ in range(_MOST):
        write(file, arch, keys, tensors)
        said.clear()
        model = llama_cpp.llama_model_load_from_file(str(file).encode(), loading)
        text = "".join(said)
        if model:
            break
        if wrong := _SHAPE.findall(text):
            name, shape = wrong[-1]
            sizes = [int(size) for size in shape.split(",")]
            while len(sizes) > 1 and sizes[-1] == 1:
                sizes.pop()
            tensors[name] = sizes
        elif "not found" in text or "missing tensor" in text:
            tensors[_MISSING.findall(text)[-1]] = [1]
        else:
            raise SystemExit(text[-300:])
    for whole in (True, False):
        said.clear()
        shape = llama_cpp.llama_context_default_params()
        shape.n_ctx, shape.n_batch, shape.n_ubatch, shape.n_seq_max, shape.swa_full = TOKENS, 512, 512, 1, whole
        shape.flash_attn_type = 0
        context = llama_cpp.llama_init_from_model(model, shape)
        os.write(out, f"{sum(map(float, _SIZE.findall(''.join(said))))}\n".encode())
        llama_cpp.llama_free(context)


def main(folder: str) -> None:
    """Take the files from the input, and print what each keeps; null for one that llama.cpp does not take."""
    found: dict[str, list[float] | None] = {}
    for name, (arch, keys) in json.load(sys.stdin).items():
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                held(Path(folder, f"{name}.gguf"), arch, keys, writing)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as lines:
            found[name] = [float(line) for line in lines] or None
        os.waitpid(child, 0)
    print(json.dumps(found))  # noqa: T201  its output


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Owns real servers with real models, each in a process of its own on 127.0.0.1."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["transformers_serve", "vllm_serve"]


@contextmanager
def transformers_serve(folder: str) -> Iterator[str]:
    """`transformers serve` with the model of a folder; its address."""
    if any(find_spec(package) is None for package in ("fastapi", "uvicorn")):
        pytest.skip("transformers serve needs fastapi and uvicorn")
    code = "from transformers.cli.transformers import main; main()"
    with _serve(["-c", code, "serve", folder, "--device", "cpu"], {}, patience=120) as url:
        yield url


@contextmanager
def vllm_serve(folder: str, name: str) -> Iterator[str]:
    """`vllm serve` with the model of a folder, under a name; its address."""
    code = "from vllm.entrypoints.cli.main import main; main()"
    given = ["--served-model-name", name, "--enforce-eager", "--max-model-len", "2048"]
    settings = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1"}
    with _serve(["-c", code, "serve", folder, *given], settings, patience=300) as url:
        yield url


@contextmanager
def _serve(command: Sequence[str], settings: Mapping[str, str], *, patience: float) -> Iterator[str]:
    with socket.socket() as free, tempfile.TemporaryDirectory() as scratch:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        log = Path(scratch, "log")
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(Path(scratch, "home")), **settings}
        with log.open("wb") as out:
            process = subprocess.Popen([sys.executable, *command, "--host", "127.0.0.1", "--port", str(port)], stdout=out, stderr=out, env=environment)
        try:
            end = time.monotonic() + patience
            while process.poll() is None and time.monotonic() < end and not _healthy(port):
                time.sleep(0.5)
            assert _healthy(port), log.read_text(encoding="utf-8", errors="replace")[-3000:]
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

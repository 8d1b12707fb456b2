"""Tests of the llama.cpp engine's own: what the plan decides. The contract is in test_engine_contract.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelcatalog.errors import Unsupported
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from pathlib import Path


def test_refusals(gguf_file: Path) -> None:
    """What llama.cpp cannot do is `Unsupported`, in the plan already."""
    with pytest.raises(Unsupported, match="is not for llama"):
        plan(gguf_file, engine="llama.cpp", dtype="float32")
    with pytest.raises(Unsupported, match="there is no engine 'llamacpp'"):
        plan(gguf_file, engine="llamacpp")
    with pytest.raises(Unsupported, match="transformers takes no engine option: n_threads"):
        plan(gguf_file, engine="transformers", engine_options={"n_threads": 1})


def test_plan(gguf_file: Path) -> None:
    """The weights stay packed: memory is what the file takes, and the package has its install line where it is missing."""
    made = plan(gguf_file, engine="llama.cpp", device="cpu")
    assert made.engine == "llama.cpp"
    assert made.memory.weights == gguf_file.stat().st_size
    assert all(one.install == "pip install 'modelcatalog[llama-cpp]'" for one in made.missing)

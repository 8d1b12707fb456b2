"""Tests of the vllm engine's own: its arguments, checked by vLLM's own class. The contract is in test_engine_contract.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelcatalog.engines.vllm import loading as vllm_loading
from modelcatalog.errors import Unsupported
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

pytest.importorskip("vllm")


def test_several_nodes(safetensors_folder: Path) -> None:
    """Arguments for several GPUs and nodes arrive in vLLM's own class, beside the plan's."""
    options: dict[str, JsonValue] = {"tensor_parallel_size": 4, "pipeline_parallel_size": 2, "distributed_executor_backend": "ray"}
    made = vllm_loading.arguments(plan(safetensors_folder, engine="vllm", device="cpu", context_length=1024, engine_options=options))
    assert (made.tensor_parallel_size, made.pipeline_parallel_size, made.distributed_executor_backend) == (4, 2, "ray")
    assert (made.model, made.max_model_len, made.trust_remote_code) == (str(safetensors_folder), 1024, False)


@pytest.mark.parametrize("key", ["tensor_paralel_size", "max_model_len", "dtype"])
def test_wrong_options(safetensors_folder: Path, key: str) -> None:
    """An option that vLLM does not have, or that has another way here, is named."""
    with pytest.raises(Unsupported, match=key):
        vllm_loading.arguments(plan(safetensors_folder, engine="vllm", device="cpu", engine_options={key: 1}))

"""Tests of what is said of a model's memory without its files: by its parameters, before the hubs' own failures."""

from __future__ import annotations

import pytest

from modelcatalog import parse, plan
from modelcatalog.errors import HubUnreachable
from modelcatalog.planning.estimating import estimate
from modelcatalog.planning.request import Request


@pytest.fixture
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hubs at a port where nobody listens."""
    for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("Llama-3.3-70B-Instruct", {"on": "RTX 4090"}, "about 140 GB in bfloat16 and 42.4 GB in 4 bits, with 25.4 GB free on RTX 4090: neither"),
        ("Qwen3-32B", {"on": "24GB"}, ": only 4 bits fit"),
        ("Qwen3-8B", {"on": "2x H100"}, "on 2 x H100: both fit"),
        ("Qwen3-8B", {"on": "64GB RAM"}, "with 68.7 GB free in RAM: both fit; the catalog lists it in"),
        ("TheBloke/Llama-2-13B-GPTQ-4bit", {"on": "RTX 3060"}, "in gptq, with 8.46 GB free on RTX 3060: it fits"),
        ("DeepSeek-R1", {"on": "8x H100"}, "DeepSeek-R1 has 671B parameters"),
    ],
)  # fmt: skip
def test_estimate(name: str, asked: dict[str, object], said: str) -> None:
    """Parameters times bits, against what is free of the machine that is meant."""
    found = estimate(parse(name), Request(**asked))  # type: ignore[arg-type]
    assert found is not None
    assert said in found


def test_nobody_knows() -> None:
    """Without parameters nothing is made up."""
    assert estimate(parse("acme/foo-bar"), Request()) is None


@pytest.mark.usefixtures("_nowhere")
@pytest.mark.parametrize("asked", [{}, {"hub": "modelscope"}, {"fit": True}, {"quantization": "int4"}])
def test_before_the_hubs(asked: dict[str, object]) -> None:
    """Where no hub answers, the estimate comes first, then each hub's failure, in the same order every time."""
    with pytest.raises(HubUnreachable) as failed:
        plan("Qwen/Qwen3-8B", on="RTX 4090", **asked)  # type: ignore[arg-type]
    message = failed.value.message
    assert message.startswith("Qwen/Qwen3-8B has 8B parameters: about 16 GB in bfloat16")
    assert str(failed.value).startswith(message.replace("\n", "\n  "))
    assert message.count("\n") == 1  # what is known stands on a line of its own
    if "hub" not in asked:
        assert -1 < message.find("Hugging Face at") < (message.find("ModelScope at") if not asked else len(message))


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE"])
def test_offline(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it does where requests are forbidden."""
    monkeypatch.setenv(variable, "1")
    with pytest.raises(HubUnreachable, match=r"^Qwen3-8B has 8B parameters: .*\n  Qwen3-8B is not on this disk"):
        plan("Qwen3-8B", hub="huggingface", on="RTX 4090")

"""Tests of the vllm engine's own: its arguments, checked by vLLM's own class. The contract is in test_engine_contract.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import soundzoo

import visionzoo
from modelcatalog.chat import asking, load
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


# Images and sound ----------------------------------------------------------------------------

GREEDY: dict[str, Any] = {"temperature": 0, "max_new_tokens": 12}


def _written(kind: str, folder: Path, kinds: dict[str, visionzoo.Kind]) -> Path:
    """A small checkpoint, whose tensors are called as those of the hubs are."""
    from safetensors.torch import load_file, save_file

    visionzoo.write(kind, folder, kinds=kinds)
    file = folder / "model.safetensors"
    # transformers 5.19 writes a word twice.
    save_file({name.replace(".model.model.", ".model."): tensor for name, tensor in load_file(file).items()}, file, {"format": "pt"})
    return folder


def _of_vllm(folder: Path, messages: list[dict[str, Any]], sound: tuple[Any, int] | None) -> tuple[str, int]:
    """What vLLM alone answers, and how many tokens the prompt has; files of sound it reads with packages that are not here."""
    from vllm import LLM, SamplingParams

    llm = LLM(str(folder), dtype="float32", max_model_len=1024, enforce_eager=True, seed=0)
    how = SamplingParams(temperature=0, max_tokens=12)
    if sound is None:
        made = llm.chat(messages, how, use_tqdm=False)[0]
    else:
        text = llm.get_tokenizer().apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        made = llm.generate({"prompt": text, "multi_modal_data": {"audio": [sound]}}, how, use_tqdm=False)[0]
    llm.llm_engine.engine_core.shutdown()
    # Its own text waits for the end of a letter, which need not come.
    return llm.get_tokenizer().decode(made.outputs[0].token_ids, skip_special_tokens=True), len(made.prompt_token_ids)


def _asked(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [part, {"type": "text", "text": "What is this?"}]}]


@pytest.mark.parametrize("kind", ["idefics3", "qwen2_audio"])
def test_the_same_tokens_as_vllm_alone(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image, and a recording, in a reply, a batch and a session; what the model does not take is refused before a token."""
    for name, number in {"head_dim": 32, "num_attention_heads": 2}.items():  # vLLM's attention on a CPU knows no smaller heads
        monkeypatch.setitem(visionzoo.TEXT, name, number)
    monkeypatch.setattr(soundzoo, "SECONDS", 30)  # nor of Qwen2-Audio another window than Whisper's
    for name, value in {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1"}.items():
        monkeypatch.setenv(name, value)
    folder = _written(kind, tmp_path / f"acme-{kind}", {**visionzoo.KINDS, **soundzoo.KINDS})
    sees = kind in visionzoo.KINDS
    image, sound = {"type": "image", "image": visionzoo.picture(1)}, {"type": "audio", "audio": soundzoo.wav(soundzoo.recording(1))}
    taken, other = (image, sound) if sees else (sound, image)
    url = asking.messages(_asked(image))[0].parts[0].url  # type: ignore[index, union-attr]
    theirs = {"type": "image_url", "image_url": {"url": url}} if sees else {"type": "audio"}
    samples = (soundzoo.recording(1).astype("float32") / 32768, soundzoo.RATE)
    wanted, tokens = _of_vllm(folder, _asked(theirs), None if sees else samples)
    with load(str(folder), engine="vllm", dtype="float32", context_length=1024) as model:
        reply = model.chat(_asked(taken), **GREEDY)
        assert (reply.text, reply.usage.prompt_tokens) == (wanted, tokens)
        replies = list(model.batch([_asked(taken), "hello", _asked(other)], **GREEDY))
        assert replies[0].text == wanted
        assert replies[1].error is None
        with pytest.raises(Unsupported, match="takes no recordings" if sees else "takes no images"):
            raise replies[2].error or AssertionError
        session = model.session(**GREEDY)
        assert session.chat(_asked(taken)[0]["content"]).text == wanted
        assert session.chat("And now?").usage.prompt_tokens > tokens
        with pytest.raises(Unsupported, match="knows the place of an image"):
            model.chat([*_asked(taken), {"role": "user", "content": "<image>" if sees else "<|AUDIO|>"}], **GREEDY)

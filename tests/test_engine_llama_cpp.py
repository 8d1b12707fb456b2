"""Tests of the llama.cpp engine's own: what the plan decides, and its tokens beside llama-cpp-python's `Llama`."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import soundzoo
import tinyggufs

import modelcatalog as mc
import visionzoo
from modelcatalog.errors import IntegrityError, Unsupported
from modelcatalog.planning import memory, plan
from modelcatalog.planning.engine import choose
from modelcatalog.planning.layers import gguf as from_gguf
from modelcatalog.planning.machine import Gpu
from modelcatalog.planning.packages import absent
from modelcatalog.planning.request import Request
from modelcatalog.planning.runs import ENGINES

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue


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


def test_chosen_where_installed(gguf_file: Path) -> None:
    """A GGUF file goes to llama.cpp where llama-cpp-python is installed, else to transformers; ``dtype=`` and ``engine=`` rule."""
    installed = not absent(("llama-cpp-python>=0.3.36",))
    made = plan(gguf_file, device="cpu")
    assert made.engine == ("llama.cpp" if installed else "transformers")
    assert any("stay packed" in reason for reason in made.reasons) == installed
    assert plan(gguf_file, device="cpu", dtype="float32").engine == "transformers"
    assert plan(gguf_file, device="cpu", engine="transformers").engine == "transformers"


def test_chosen_with_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a GPU, llama.cpp is chosen only if the installed one was compiled for GPUs; the reason says which."""
    package, metadata = tmp_path / "llama_cpp", tmp_path / "llama_cpp_python-99.0.0.dist-info"
    (package / "lib").mkdir(parents=True)
    metadata.mkdir()
    (package / "__init__.py").touch()
    (package / "lib" / "libggml-cpu.so").touch()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: llama-cpp-python\nVersion: 99.0.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "llama_cpp", raising=False)
    card = Gpu(name="a card", total=1 << 34, free=1 << 34, capability=(9, 0))

    def chosen(*cards: Gpu, form: str = "gguf", dtype: str = "auto") -> tuple[str, str]:
        chosen = choose(Request(dtype=dtype), form=form, cards=cards, subject="x")
        return chosen.engine.name, chosen.reason

    assert chosen()[0] == "llama.cpp"
    assert chosen(card) == ("transformers", "transformers: the installed llama.cpp was compiled without support for GPUs")
    (package / "lib" / "libggml-cuda.so").touch()
    assert chosen(card)[0] == "llama.cpp"
    assert chosen(card, dtype="float32")[0] == chosen(card, form="safetensors")[0] == "transformers"


def test_same_tokens_as_upstream(gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A greedy reply is made of the tokens that llama-cpp-python's own `Llama` makes of the same prompt, close calls included."""
    llama_cpp = pytest.importorskip("llama_cpp", exc_type=ImportError)
    # Repacked weights round in another way, and this engine does without them.
    made = llama_cpp.llama_cpp.llama_model_default_params

    def plain() -> object:
        params = made()
        params.use_extra_bufts = False
        return params

    monkeypatch.setattr(llama_cpp.llama_cpp, "llama_model_default_params", plain)
    prompt = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    upstream = llama_cpp.Llama(str(gguf_file), n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False)
    wanted = upstream(prompt, max_tokens=16, temperature=0, repeat_penalty=1.0)
    asked = "What is the capital of France?"
    said = upstream.create_chat_completion([{"role": "user", "content": asked}], max_tokens=4, temperature=0, repeat_penalty=1.0)
    upstream.close()
    with mc.load(gguf_file, engine="llama.cpp", device="cpu", context_length=512, engine_options={"n_threads": 1}) as model:
        reply = model.complete(prompt, max_new_tokens=16, temperature=0)
        # With the template that the file brought, the packed weights go astray, and llama-cpp-python's own chat does alike.
        assert model.chat(asked, max_new_tokens=4, temperature=0).text == said["choices"][0]["message"]["content"]
    assert reply.text == wanted["choices"][0]["text"]
    assert reply.usage.prompt_tokens == wanted["usage"]["prompt_tokens"]


def test_short_context(gguf_file: Path) -> None:
    """A context that the library rounds up is as long as was asked for, and a prompt that nearly fills it is read in pieces that fit (the process ended)."""
    pytest.importorskip("llama_cpp", exc_type=ImportError)
    with mc.load(gguf_file, engine="llama.cpp", context_length=100) as model:
        assert model.complete("one " * 90, max_new_tokens=2, temperature=0).usage.completion_tokens == 2
        with pytest.raises(Unsupported, match="tokens, the model reads 100"):
            model.complete("one " * 150)


def test_refused_file(tmp_path: Path) -> None:
    """What llama.cpp says of a file that it refuses is in the error, and a tensor that is not there is named."""
    pytest.importorskip("llama_cpp", exc_type=ImportError)
    sizes = {"block_count": 1, "context_length": 64, "embedding_length": 64, "feed_forward_length": 32, "attention.head_count": 2}
    file = tmp_path / "tiny.gguf"
    keys = {**sizes, "attention.layer_norm_rms_epsilon": 1e-5}
    tinyggufs.write(file, "llama", keys, {"token_embd.weight": [64, 64], "output_norm.weight": [64], "blk.0.attn_norm.weight": [64]})
    with pytest.raises(IntegrityError, match=r"lacks a tensor that llama\.cpp looks for: blk\.0"):
        mc.load(file, engine="llama.cpp")


def test_images_in_the_plan(gguf_file: Path, tmp_path: Path) -> None:
    """The projector beside a file is found where images are wanted, the plainest of several, and counted; without one it is said."""
    file = tmp_path / "tiny.Q4_1.gguf"
    file.symlink_to(gguf_file)
    wanted: dict[str, JsonValue] = {"images": True}
    with pytest.raises(Unsupported, match="no projector lies beside"):
        plan(file, engine="llama.cpp", device="cpu", engine_options=wanted)
    for kind in ("Q8_0", "F16", "F32"):
        (tmp_path / f"mmproj-tiny-{kind}.gguf").write_bytes(b"GGUF" * 100)
    made = plan(file, engine="llama.cpp", device="cpu", engine_options=wanted)
    assert [one.path for one in made.files] == ["tiny.Q4_1.gguf", "mmproj-tiny-F16.gguf"]
    assert made.memory.weights == gguf_file.stat().st_size + 400
    assert "mmproj-tiny-F16.gguf beside it reads images or sound" in made.reasons
    assert [one.path for one in plan(file, engine="llama.cpp", device="cpu").files] == ["tiny.Q4_1.gguf"]
    with pytest.raises(Unsupported, match="images='yes' is not True or False"):
        plan(file, engine="llama.cpp", device="cpu", engine_options={"images": "yes"})


TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}"
    "{% if p.type == 'image_url' %}{{ p.image_url.url if p.image_url is mapping else p.image_url }}{% else %}{{ p.text }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}<|im_start|>assistant\n{{ '' }}"
)


def _said_by_llama_cpp_python(gguf_file: Path, projector: Path, url: str, *, context: int, tokens: int) -> tuple[int, str]:
    """Tokens of the prompt and the answer by its own handler, asked what lies at an address."""
    import llama_cpp
    from llama_cpp.llama_chat_format import MTMDChatHandler

    class Handler(MTMDChatHandler):  # type: ignore[misc]  # of an untyped package
        CHAT_FORMAT = TEMPLATE

    handler = Handler(clip_model_path=str(projector), verbose=False, use_gpu=False)
    upstream = llama_cpp.Llama(str(gguf_file), n_ctx=context, n_threads=1, n_threads_batch=1, chat_handler=handler, verbose=False)
    upstream.metadata["tokenizer.chat_template"] = TEMPLATE
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What is this?"}]
    said = upstream.create_chat_completion([{"role": "user", "content": content}], max_tokens=tokens, temperature=0, repeat_penalty=1.0)
    upstream.close()
    return said["usage"]["prompt_tokens"], said["choices"][0]["message"]["content"]


def test_images(gguf_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A prompt with an image is answered as llama-cpp-python's own handler answers it; text and other turns beside it as ever."""
    pytest.importorskip("llama_cpp.mtmd_cpp", exc_type=ImportError, reason="llama-cpp-python was compiled without images")
    file = tmp_path / "tiny.Q4_1.gguf"
    file.symlink_to(gguf_file)
    eyes = visionzoo.projector(tmp_path / "mmproj-tiny-f32.gguf", 576)
    out = BytesIO()
    visionzoo.picture(1, (64, 48)).save(out, "PNG")
    content: list[dict[str, Any]] = [{"type": "image", "image": out.getvalue()}, {"type": "text", "text": "What is this?"}]
    options: dict[str, JsonValue] = {"images": True, "n_threads": 1}
    how: dict[str, Any] = {"temperature": 0, "max_new_tokens": 12, "chat_template": TEMPLATE}
    with mc.load(file, engine="llama.cpp", device="cpu", context_length=512, engine_options=options) as model:
        capfd.readouterr()
        reply = model.chat([{"role": "user", "content": content}], **how)
        japan = model.chat("What is the capital of Japan?", temperature=0, max_new_tokens=12)
        session = model.session(**how)
        assert session.chat(content).text == reply.text
        second = session.chat("And now?")
        assert second.usage.prompt_tokens > reply.usage.prompt_tokens > 16
        assert model.chat(session.messages[:-1], **how).text == second.text
        with pytest.raises(Unsupported, match="leaves out what message 1"):
            model.chat([{"role": "user", "content": content}], chat_template="<|im_start|>user\nWhat is this?<|im_end|>\n", max_new_tokens=1)
        assert capfd.readouterr() == ("", "")
    assert japan.text == "The capital of Japan is Tokyo."
    with mc.load(file, engine="llama.cpp", device="cpu", context_length=512) as blind, pytest.raises(Unsupported, match="without its projector"):
        blind.chat([{"role": "user", "content": content}], max_new_tokens=1)

    url = f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"
    assert (reply.usage.prompt_tokens, reply.text) == _said_by_llama_cpp_python(gguf_file, eyes, url, context=512, tokens=12)


def test_sound(gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt with a recording is answered as llama-cpp-python's own handler would; an image is refused, since the projector hears alone."""
    projectors = pytest.importorskip("llama_cpp.mtmd_cpp", exc_type=ImportError, reason="llama-cpp-python was compiled without images")
    file = tmp_path / "tiny.Q4_1.gguf"
    file.symlink_to(gguf_file)
    ears = soundzoo.projector(tmp_path / "mmproj-tiny-f32.gguf", 576)
    sound = soundzoo.wav(soundzoo.recording(1))
    content: list[dict[str, Any]] = [{"type": "audio", "audio": sound}, {"type": "text", "text": "What is this?"}]
    options: dict[str, JsonValue] = {"audio": True, "n_threads": 1}
    how: dict[str, Any] = {"temperature": 0, "max_new_tokens": 8, "chat_template": TEMPLATE}
    with mc.load(file, engine="llama.cpp", device="cpu", context_length=1024, engine_options=options) as model:
        reply = model.chat([{"role": "user", "content": content}], **how)
        with pytest.raises(Unsupported, match="takes no images: its projector has no part that reads them"):
            model.chat([{"role": "user", "content": [{"type": "image", "image": visionzoo.picture()}, *content]}], **how)

    # Its handler opens a projector that sees alone, and would read sound by the same calls.
    monkeypatch.setattr(projectors, "mtmd_support_vision", lambda _: True)
    url = f"data:audio/wav;base64,{b64encode(sound).decode()}"
    assert (reply.usage.prompt_tokens, reply.text) == _said_by_llama_cpp_python(gguf_file, ears, url, context=1024, tokens=8)


_ALIKE = {
    "context_length": 8192, "embedding_length": 128, "feed_forward_length": 64, "attention.head_count": 8, "attention.head_count_kv": 2,
    "attention.layer_norm_rms_epsilon": 1e-5, "rope.freq_base": 10000.0, "attention.key_length": 16, "attention.value_length": 16,
}  # fmt: skip
_EXPERTS = {"expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 32}
_TINY: dict[str, tuple[str, dict[str, Any]]] = {
    "windows": ("gemma3", {"block_count": 7, "attention.sliding_window": 100}),
    "pattern": ("mimo2", {
        "block_count": 3, "attention.head_count_kv": [1, 2, 4], "attention.sliding_window": 200, "attention.sliding_window_pattern": [False, True, True],
        "attention.key_length": 24, "rope.dimension_count": 16, **_EXPERTS}),
    "convolutions": ("lfm2", {"block_count": 3, "attention.head_count_kv": [0, 4, 0], "shortconv.l_cache": 5}),
    "states": ("plamo2", {
        "block_count": 3, "attention.head_count_kv": [0, 2, 0], "attention.head_count": [0, 8, 0], "ssm.conv_kernel": 4, "ssm.inner_size": 512,
        "ssm.state_size": 64, "ssm.group_count": 0, "ssm.time_step_rank": 8}),
    "latents": ("deepseek2", {
        "block_count": 2, "attention.head_count_kv": 1, "attention.kv_lora_rank": 64, "attention.q_lora_rank": 32, "attention.key_length": 80,
        "attention.value_length": 64, "attention.key_length_mla": 32, "attention.value_length_mla": 24, "rope.dimension_count": 16,
        "leading_dense_block_count": 1, "expert_shared_count": 1, **_EXPERTS}),
    "heads": ("openelm", {
        "block_count": 3, "attention.head_count": [8, 8, 4], "attention.head_count_kv": [2, 1, 4], "feed_forward_length": [64, 32, 96]}),
}  # fmt: skip


def test_room_is_what_llama_cpp_logs(tmp_path: Path) -> None:
    """Of tiny files of its own architectures the plan counts what llama.cpp says that it keeps for 1,000 tokens, with whole windows and without."""
    pytest.importorskip("llama_cpp", exc_type=ImportError)
    given = {name: (arch, {**_ALIKE, **keys}) for name, (arch, keys) in _TINY.items()}
    done = subprocess.run([sys.executable, tinyggufs.__file__, str(tmp_path)], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=120)
    logged = json.loads(done.stdout)
    counted: dict[str, list[float]] = {}
    for name, (arch, keys) in given.items():
        layers = from_gguf.layers({"general.architecture": arch, **{f"{arch}.{key}": value for key, value in keys.items()}})
        options: tuple[dict[str, object], ...] = ({}, {"swa_full": False})
        kept = [memory.cache(layers, engine=ENGINES["llama.cpp"], dtype=None, kv_dtype=None, concurrency=1, options=one) for one in options]
        counted[name] = [(one.bytes(tinyggufs.TOKENS) or 0) / 2**20 for one in kept]
    assert counted == {name: pytest.approx(sizes, abs=0.011) for name, sizes in logged.items()}  # it logs hundredths

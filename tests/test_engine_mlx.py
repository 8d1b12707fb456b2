"""Tests of the mlx engine's own: what the plan decides, its tokens beside mlx-lm's own, its caches, its thread, and what it never runs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
import zoo
from modelcatalog.errors import EngineError, MissingPackage, NeedsRemoteCode, Unsupported
from modelcatalog.planning import machine, metal, packages, plan, ram
from modelcatalog.planning.machine import Gpu

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSTALLED = not packages.absent(("mlx-lm>=0.32", "mlx>=0.32"))
runs = pytest.mark.skipif(not INSTALLED, reason="mlx-lm is not installed")
GIB = 1 << 30
MAC = Gpu("Apple M3", 10 * GIB, 11 * GIB, None, "mps", shared=True)
WAYS: dict[str, dict[str, Any]] = {
    "4 bits": {"parts": {}, "q_bits": 4, "q_group_size": 32},
    "8 bits": {"parts": {}, "q_bits": 8, "q_group_size": 64},
    "mixed": {"parts": {"layers.0": {"bits": 4, "group_size": 32}, "layers.1.mlp": {"bits": 8, "group_size": 64}}},
    "mxfp4": {"parts": {}, "q_mode": "mxfp4"},
}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of random weights as a safetensors repository."""
    pytest.importorskip("transformers")
    return zoo.write("llama", tmp_path_factory.mktemp("mlx") / "llama")


@pytest.fixture(scope="module")
def chat(llama: Path) -> Iterator[mc.ChatModel]:
    """It on mlx."""
    if not INSTALLED:
        pytest.skip("mlx-lm is not installed")
    with mc.load(llama, engine="mlx", device="cpu") as model:
        yield model


def packed(folder: Path, **stated: Any) -> Path:
    """What a plan reads of a checkpoint that MLX's converter packed."""
    from test_running import quantized

    return quantized(folder, {"group_size": 64, "bits": 4, **stated})


def windowed(folder: Path) -> Path:
    """A model whose layers look back a window, each second one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.MORE, "gemma3_text", {"layer_types": ["sliding_attention", "full_attention"] * 2})
        return zoo.write("gemma3_text", folder)


def copied(source: Path, folder: Path, **stated: dict[str, Any]) -> Path:
    """A checkpoint of links, with other words in files: ``config={"model_type": "x"}``."""
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).symlink_to(file)
    for name, words in stated.items():
        file = folder / f"{name}.json"
        now = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        file.unlink(missing_ok=True)
        file.write_text(json.dumps({**now, **words}), encoding="utf-8")
    return folder


def upstream(folder: Path, prompt: str, count: int) -> list[int]:
    """The tokens that mlx-lm itself makes, in a thread that leaves as the engine's does: this one would end the process with a fault."""

    def made() -> list[int]:
        import mlx.core as mx
        from mlx_lm.generate import generate_step
        from mlx_lm.utils import load_model

        try:
            model, _ = load_model(folder)
            return [token for token, _ in generate_step(mx.array(zoo.tokenizer()(prompt)["input_ids"]), model, max_tokens=count)]
        finally:
            mx.clear_streams()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(made).result()


def answer(model: mc.ChatModel, prompt: Any, **options: Any) -> str:
    """A greedy reply of a few tokens."""
    return model.chat(prompt, **{"temperature": 0, "max_new_tokens": 8, **options}).text


class TestPlan:
    """What the plan decides, with and without a Mac."""

    def test_packed_weights_have_one_engine(self, tmp_path: Path) -> None:
        """Weights that MLX packed go to the one engine that reads them, and where it is missing, the plan has the line that installs it."""
        made = plan(packed(tmp_path / "x"), device="cpu")
        assert made.engine == "mlx"
        assert all(one.install == "pip install 'modelcatalog[mlx]'" for one in made.missing)
        assert bool(made.missing) != INSTALLED
        if not INSTALLED:
            with pytest.raises(MissingPackage):
                mc.load(tmp_path / "x", device="cpu")

    @pytest.mark.parametrize("engine", ["transformers", "vllm"])
    def test_other_engines_say_so(self, engine: str, tmp_path: Path) -> None:
        """Another engine that is named is refused, with what reads them."""
        with pytest.raises(Unsupported, match=f"{engine} reads .*safetensors.* is mlx") as caught:
            plan(packed(tmp_path / "x"), engine=engine, device="cpu")
        assert 'engine="mlx"' in (caught.value.hint or "")

    @pytest.mark.parametrize("there", [True, False], ids=["installed", "missing"])
    def test_a_mac(self, there: bool, llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001  a parameter
        """On a Mac plain safetensors go to mlx where it is installed, and its GPU has the share of the memory that macOS leaves."""
        monkeypatch.setattr(machine, "gpus", lambda: (MAC,))
        have = {"mlx-lm": "0.32.2", "mlx": "0.32.4", "mlx-metal": "0.32.4"} if there else {}
        real = packages.installed
        monkeypatch.setattr(packages, "installed", lambda name: have.get(name) if name.startswith("mlx") else real(name))
        made = plan(llama)
        assert made.engine == ("mlx" if there else "transformers")
        assert (made.device, made.memory.free) == ("mps", 10 * GIB)
        assert any(reason.startswith("mlx: ") for reason in made.reasons) == there
        assert plan(llama, trust_remote_code=True).engine == plan(llama, engine="transformers").engine == "transformers"

    def test_gives_way(self, llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A type that mlx-lm has no module for goes to transformers on a Mac too, with the reason; asked for by name, it is refused."""
        package = tmp_path / "mlx_lm"
        (package / "models").mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "utils.py").write_text('MODEL_REMAPPING = {\n    "mistral": "llama",\n}\n', encoding="utf-8")
        for name in ("mlx_lm", "mlx_metal", "mlx"):
            (tmp_path / f"{name}-99.0.dist-info").mkdir()
            (tmp_path / f"{name}-99.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        for name in [name for name in sys.modules if name.partition(".")[0] == "mlx_lm"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(machine, "gpus", lambda: (MAC,))
        made = plan(llama)
        assert made.engine == "transformers"
        assert "transformers: mlx 99.0 does not know the model type llama" in " ".join(made.reasons)
        with pytest.raises(Unsupported, match=r"mlx 99.0 does not know the model type llama"):
            plan(llama, engine="mlx")
        (package / "models" / "llama.py").touch()
        assert plan(llama).engine == "mlx"

    def test_what_sees_goes_to_transformers(self, llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A model of images and text keeps its eyes on a Mac: mlx takes no images here, and is used for it when asked for."""
        have = {"mlx-lm": "0.32.2", "mlx": "0.32.4", "mlx-metal": "0.32.4"}
        real = packages.installed
        monkeypatch.setattr(packages, "installed", lambda name: have.get(name) or real(name))
        monkeypatch.setattr(machine, "gpus", lambda: (MAC,))
        words = json.loads((llama / "config.json").read_text(encoding="utf-8"))
        inside = {"text_config": {**words, "model_type": "gemma3_text"}, "vision_config": {}}
        seeing = {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], **inside}
        folder = copied(llama, tmp_path / "seeing", config=seeing)
        made = plan(folder)
        assert made.engine == "transformers"
        assert "transformers: the model may see, and mlx takes no images and no sound here" in made.reasons
        assert plan(folder, engine="mlx").engine == "mlx"

    def test_a_gpu_that_it_cannot_use(self, llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An mlx without a backend for the GPU computes on the CPU, and the plan says so."""
        monkeypatch.setattr(machine, "gpus", lambda: (Gpu("NVIDIA H100", 70 * GIB, 80 * GIB, (9, 0)),))
        monkeypatch.setattr(packages, "installed", lambda name: "0.32.4" if name in {"mlx", "mlx-lm"} else None)
        made = plan(llama, engine="mlx")
        assert (made.device, made.memory.place) == ("cpu", "RAM")
        assert "on the CPU: the installed mlx was compiled without support for GPUs" in " ".join(made.reasons)

    def test_refusals(self, llama: Path) -> None:
        """What it can do nothing with."""
        for given in ({"offload": True}, {"trust_remote_code": True}):
            with pytest.raises(Unsupported, match="is not for mlx"):
                plan(llama, engine="mlx", device="cpu", **given)  # type: ignore[arg-type]
        with pytest.raises(Unsupported, match="mlx takes no engine option: kv_bits"):
            plan(llama, engine="mlx", device="cpu", engine_options={"kv_bits": 8})

    @pytest.mark.parametrize(("kind", "width"), [(None, 4), ("q8_0", 8.5 / 8), ("q4_0", 4.5 / 8)])
    def test_cache(self, kind: str | None, width: float, llama: Path) -> None:
        """The quantized cache is counted as it is held, by the word that plans have for it."""
        made = plan(llama, engine="mlx", device="cpu", kv_dtype=kind, context_length=1024)
        assert made.memory.kv == 1024 * 4 * 2 * 2 * 16 * width  # tokens, layers, keys and values, heads, their size
        assert made.engine_options.get("kv_bits") == {None: None, "q8_0": 8, "q4_0": 4}[kind]

    def test_what_macos_leaves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two thirds of a small Mac's memory and three quarters of a large one's; what was set rules, and what a loaded MLX was told."""
        assert [metal.left(size * GIB) >> 20 for size in (16, 32, 64, 96)] == [10923, 21846, 49152, 73728]
        said = {"iogpu.wired_limit_mb": "0"}
        monkeypatch.setattr(ram, "sysctl", lambda name: said.get(name, ""))
        monkeypatch.delitem(sys.modules, "mlx.core", raising=False)
        assert metal.left(64 * GIB, here=True) == 48 * GIB

        class Loaded:
            @staticmethod
            def device_info() -> dict[str, int]:
                return {"max_recommended_working_set_size": 50 * GIB}

        monkeypatch.setitem(sys.modules, "mlx.core", Loaded)
        assert metal.left(64 * GIB, here=True) == 50 * GIB
        said["iogpu.wired_limit_mb"] = "57344"
        assert metal.left(64 * GIB, here=True) == 56 * GIB
        assert metal.left(64 * GIB) == 48 * GIB


@runs
class TestTokens:
    """The same tokens as mlx-lm itself makes."""

    @pytest.mark.parametrize("way", [None, *WAYS], ids=str)
    def test_same_as_upstream(self, way: str | None, llama: Path, tmp_path: Path) -> None:
        """A greedy reply is made of mlx-lm's own tokens, whatever the weights are packed in."""
        import mlxmade

        folder = llama if way is None else mlxmade.write(llama, tmp_path / "packed", **WAYS[way])
        prompt = "Once upon a time"
        with mc.load(folder, engine="mlx", device="cpu") as model:
            assert ("packed" in model.decoding) == (way is not None)
            reply = model.complete(prompt, max_new_tokens=12, temperature=0)
        assert reply.text == zoo.tokenizer().decode(upstream(folder, prompt, 12), skip_special_tokens=True)
        assert reply.usage.completion_tokens == 12

    @pytest.mark.parametrize(
        ("kind", "rope"),
        [
            ("llama", {"rope_theta": 50.0, "rope_type": "default"}),
            ("llama", {"rope_theta": 50.0, "rope_type": "linear", "factor": 4.0}),
            ("qwen2", {"rope_theta": 50.0, "rope_type": "default"}),
            ("gemma3_text", None),
            ("mixtral", None),
            ("olmo2", None),
        ],
        ids=["theta", "scaled", "qwen2", "windows", "experts", "norms"],
    )
    def test_same_as_transformers(self, kind: str, rope: dict[str, Any] | None, tmp_path: Path) -> None:
        """What a configuration says in the words of transformers 5 is heeded: mlx-lm alone takes its own default for it."""
        folder = copied(
            windowed(tmp_path / kind) if kind == "gemma3_text" else zoo.write(kind, tmp_path / kind),
            tmp_path / "x",
            config={} if rope is None else {"rope_parameters": rope},
        )
        prompt = "Once upon a time there was a sailor who knew all the seas of the world but one."
        with mc.load(folder, engine="mlx", device="cpu") as model, mc.load(folder, engine="transformers", device="cpu") as usual:
            assert answer(model, prompt, max_new_tokens=24) == answer(usual, prompt, max_new_tokens=24)

    def test_only_what_was_chosen_is_read(self, llama: Path, tmp_path: Path, chat: mc.ChatModel) -> None:
        """Weights that lie beside those of the plan are not read: mlx-lm itself would take any file that begins with model."""
        from safetensors.torch import load_file, save_file

        folder = copied(llama, tmp_path / "two")
        save_file({key: value * 0 for key, value in load_file(llama / "model.safetensors").items()}, folder / "model_other.safetensors")
        with mc.load(folder / "model.safetensors", engine="mlx", device="cpu") as model:
            assert answer(model, "w") == answer(chat, "w")

    @pytest.mark.parametrize("given", [{"temperature": 1.0}, {"temperature": 0.7, "top_p": 0.8}, {"temperature": 1.0, "top_k": 3, "min_p": 0.1}], ids=str)
    def test_seeds(self, given: dict[str, Any], chat: mc.ChatModel) -> None:
        """A seed gives one reply, alone and in a batch."""
        one = chat.chat("seed", seed=7, max_new_tokens=6, **given).text
        assert [reply.text for reply in chat.batch(["other", "seed", "seed"], seed=7, max_new_tokens=6, **given)][1:] == [one, one]
        assert len({chat.chat("seed", seed=seed, max_new_tokens=6, temperature=2.0).text for seed in range(4)}) > 1

    def test_penalty_looks_at_all(self, llama: Path, chat: mc.ChatModel) -> None:
        """A repetition penalty counts all tokens, as transformers does, and not the last twenty; alone and in a batch."""
        given: dict[str, Any] = {"temperature": 0, "max_new_tokens": 40, "repetition_penalty": 3.0}
        with mc.load(llama, engine="transformers", device="cpu") as usual:
            wanted = usual.chat("x", **given).text
        assert chat.chat("x", **given).text == wanted != chat.chat("x", temperature=0, max_new_tokens=40).text
        assert next(reply.text for reply in chat.batch(["x", "y"], **given)) == wanted

    def test_ends(self, llama: Path, tmp_path: Path) -> None:
        """A reply ends at each end that generation_config.json lists, and config.json's number does not hide them."""
        made = upstream(llama, "end", 8)
        folder = copied(llama, tmp_path / "ends", config={"eos_token_id": 0}, generation_config={"eos_token_id": [0, made[2]], "_from_model_config": False})
        with mc.load(folder, engine="mlx", device="cpu") as model:
            reply = model.complete("end", temperature=0, max_new_tokens=8)
        assert (reply.finish_reason, reply.usage.completion_tokens) == ("stop", made.index(made[2]) + 1)


@runs
class TestConstraints:
    """Replies that must match something, alone and among others."""

    @pytest.mark.parametrize("given", [{"choices": ["yes", "no"]}, {"regex": "[ab]{3}"}], ids=["choices", "regex"])
    def test_alone_and_in_a_batch(self, given: dict[str, Any], chat: mc.ChatModel) -> None:
        """The same reply, also by sampling with a seed."""
        alone = chat.chat("Well?", temperature=1.0, seed=3, max_new_tokens=8, **given)
        assert alone.parsed is not None
        assert [reply.parsed for reply in chat.batch(["Well?"] * 3, temperature=1.0, seed=3, max_new_tokens=8, **given)] == [alone.parsed] * 3

    def test_after_thinking(self, chat: mc.ChatModel) -> None:
        """Thinking that the template has opened is free, and what it leaves no room for is an error of that reply."""
        template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n"
        replies = list(chat.batch(["a"], chat_template=template, choices=["yes"], temperature=0, max_new_tokens=4))
        assert replies[0].thinking
        assert replies[0].error is not None


@runs
class TestSessions:
    """The cache of a conversation."""

    def read(self, model: mc.ChatModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many tokens each pass of a model reads."""
        native: Any = model._engine._native  # type: ignore[attr-defined]
        real, counts = native.model, []

        class Counting:
            def __call__(self, ids: Any, **given: Any) -> Any:
                counts.append(ids.shape[1])
                return real(ids, **given)

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        monkeypatch.setattr(native, "model", Counting())
        return counts

    def test_a_turn_reads_what_is_new(self, chat: mc.ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second turn reads the new message, the reply of the turn before being there; a history that changed is cut back to what it shares."""
        counts = self.read(chat, monkeypatch)
        session = chat.session(system="You are a very long system prompt. " * 20)
        session.chat("one", temperature=0, max_new_tokens=4)
        del counts[:]
        second = session.chat("two", temperature=0, max_new_tokens=4)
        assert sum(counts) < 60
        assert answer(chat, session.messages[:-1], max_new_tokens=4) == second.text
        del counts[:]
        session._messages[1:] = []
        again = session.chat("three", temperature=0, max_new_tokens=4)
        assert sum(counts) < 60
        assert answer(chat, session.messages[:-1], max_new_tokens=4) == again.text

    @pytest.mark.parametrize("kind", ["gemma3_text", pytest.param("qwen3_next", marks=pytest.mark.slow)])
    def test_made_anew_where_it_cannot_be_cut(self, kind: str, tmp_path: Path) -> None:
        """A window that is full and a state cannot be cut back: then the prompt is read again, and the reply is that of a new conversation."""
        folder = windowed(tmp_path / kind) if kind == "gemma3_text" else zoo.write(kind, tmp_path / kind)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            model = mc.load(folder, engine="mlx", device="cpu")
        assert any("mlx-lm cannot cut back ArraysCache" in str(one.message) for one in said) == (kind == "qwen3_next")
        with model:
            session = model.session()
            session.chat("Tell me something that is longer than the window of the model.", temperature=0, max_new_tokens=40)
            session._messages[-1:] = [session.messages[-1].model_copy(update={"content": "ok"})]
            reply = session.chat("And now?", temperature=0, max_new_tokens=8)
            assert reply.text == answer(model, session.messages[:-1])
            together = [one.text for one in model.batch(["a", "bcd"], temperature=0, max_new_tokens=4)]
            assert together == [answer(model, text, max_new_tokens=4) for text in ("a", "bcd")]

    def test_quantized(self, tmp_path: Path) -> None:
        """Keys and values are held as asked, a reply is made with them, and heads that no scale divides are refused before a token."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(zoo.SMALL, "head_dim", 64)
            wide = zoo.write("llama", tmp_path / "wide")
        with pytest.warns(UserWarning, match="a batch is answered one by one"):
            model = mc.load(wide, engine="mlx", device="cpu", kv_dtype="q8_0")
        with model, mc.load(wide, engine="mlx", device="cpu") as usual:
            session = model.session()
            assert session.chat("one", temperature=0, max_new_tokens=6).text == answer(usual, "one", max_new_tokens=6)
            assert session.chat("two", temperature=0, max_new_tokens=6).usage.completion_tokens == 6
            assert len(list(model.batch(["a", "b"], temperature=0, max_new_tokens=2))) == 2
        with pytest.raises(Unsupported, match=r"cannot load .*divisible"):
            mc.load(zoo.write("llama", tmp_path / "narrow"), engine="mlx", device="cpu", kv_dtype="q8_0")
        with pytest.raises(Unsupported, match="mlx is not told of it"):
            mc.load(wide, engine="mlx", device="cpu", kv_dtype="fp8")


@runs
class TestThread:
    """MLX's streams belong to threads, and a model here to none."""

    @pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
    def test_any_thread(self, kind: str, tmp_path: Path, llama: Path) -> None:
        """Loaded in one thread, asked in a second, gone on with in a third, closed in a fourth: with windows and without."""
        folder = llama if kind == "llama" else windowed(tmp_path / kind)
        found: list[Any] = []

        def elsewhere(function: Any) -> Any:
            thread = threading.Thread(target=lambda: found.append(function()))
            thread.start()
            thread.join()
            return found.pop()

        model = elsewhere(lambda: mc.load(folder, engine="mlx", device="cpu"))
        stream = elsewhere(lambda: model.stream("a", temperature=0, max_new_tokens=6))
        elsewhere(lambda: next(stream))
        rest = elsewhere(lambda: "".join(stream))
        assert stream.reply.text.endswith(rest)
        assert elsewhere(lambda: answer(model, "a", max_new_tokens=6)) == stream.reply.text
        elsewhere(model.close)

    def test_closed_in_mid_stream(self, llama: Path) -> None:
        """Closing ends a reply that is being made."""
        model = mc.load(llama, engine="mlx", device="cpu")
        stream = model.stream("a", temperature=0, max_new_tokens=4000)
        next(stream)
        model.close()
        assert stream.reply.finish_reason == "cancelled"
        with pytest.raises(EngineError, match="was closed"):
            model.chat("a")

    @pytest.mark.slow
    def test_a_process_ends_well(self, llama: Path) -> None:
        """A program without torch, that closes nothing and leaves a reply in the middle, ends with 0 and says nothing."""
        code = (
            "import sys; sys.modules['torch'] = None\n"
            "import resource, modelcatalog as mc\n"
            "limits = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
            f"model = mc.load({str(llama)!r}, engine='mlx', device='cpu')\n"
            "assert model.chat('a', max_new_tokens=4).text\n"
            "stream = model.stream('b', max_new_tokens=4000); next(stream)\n"
            "now = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
            "assert now[1] == limits[1] and now[0] >= limits[0], now\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@runs
class TestSafety:
    """Nothing that a checkpoint brings is run."""

    def test_python_files(self, llama: Path, tmp_path: Path) -> None:
        """A Python file that config.json or the tokenizer names is never imported, by whichever key."""
        classes = dict.fromkeys(("AutoConfig", "AutoModelForCausalLM"), "evil.Model")
        named: dict[str, dict[str, Any]] = {
            "model_file": {"config": {"model_file": "evil.py"}},
            "auto_map": {"config": {"auto_map": classes}},
            "tokenizer": {"tokenizer_config": {"auto_map": {"AutoTokenizer": ["evil.Model", "evil.Model"]}}},
        }
        marker = tmp_path / "ran"
        for key, stated in named.items():
            folder = copied(llama, tmp_path / key, **stated)
            (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w')\nclass Model: pass\nclass ModelArgs: pass\n", encoding="utf-8")
            if key == "model_file":
                with pytest.raises(NeedsRemoteCode, match=r"a Python file that makes the model, 'evil.py'"):
                    mc.load(folder, engine="mlx", device="cpu")
            else:
                with mc.load(folder, engine="mlx", device="cpu") as model:
                    assert answer(model, "a")
            assert not marker.exists()

    def test_a_module_of_its_own_needs_no_code(self, llama: Path, tmp_path: Path) -> None:
        """A model that transformers runs only with its repository's code, and mlx-lm with a module of its own, is planned for mlx without any."""
        classes = {"AutoConfig": "configuration_internlm2.InternLM2Config", "AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM"}
        named = {"model_type": "internlm2", "architectures": ["InternLM2ForCausalLM"], "auto_map": classes}
        folder = copied(llama, tmp_path / "internlm2", config=named)
        assert plan(folder, engine="mlx", device="cpu").engine == "mlx"
        with pytest.raises(NeedsRemoteCode):
            plan(folder, device="cpu")
        tokenizer = {"auto_map": {"AutoTokenizer": ["tokenization_x.X", None]}, "tokenizer_class": "XTokenizer"}
        folder = copied(llama, tmp_path / "tokens", tokenizer_config=tokenizer)
        (folder / "tokenization_x.py").write_text("raise SystemExit", encoding="utf-8")
        with pytest.raises(NeedsRemoteCode, match="the tokenizer of"), mc.load(folder, engine="mlx", device="cpu") as model:
            raise AssertionError(model.chat("a"))

    def test_weights_that_do_not_fit(self, llama: Path, tmp_path: Path) -> None:
        """Weights that are not those of the class are refused and named: none is left out, none is made up."""
        import torch
        from safetensors.torch import load_file, save_file

        weights = load_file(llama / "model.safetensors")
        for name, changed in (("more", {**weights, "model.layers.0.other.scales": torch.zeros(2)}), ("less", dict(list(weights.items())[1:]))):
            folder = copied(llama, tmp_path / name)
            (folder / "model.safetensors").unlink()
            save_file(changed, folder / "model.safetensors")
            with pytest.raises((Unsupported, mc.errors.IntegrityError), match=r"parameters|tensor|weights"):
                mc.load(folder, engine="mlx", device="cpu")

    @pytest.mark.parametrize("kind", ["cache", "..utils", "no_such_type", "base"])
    def test_types(self, kind: str, llama: Path, tmp_path: Path) -> None:
        """A type names a module of mlx-lm's models, and one that makes no model is refused."""
        from modelcatalog.engines import mlx

        folder = copied(llama, tmp_path / "x", config={"model_type": kind})
        with pytest.raises((Unsupported, EngineError), match="mlx"):
            mlx.open(plan(llama, engine="mlx", device="cpu").model_copy(update={"path": str(folder)}))

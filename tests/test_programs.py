"""Tests of what plan, load and chat make of other programs' copies: Ollama's, LM Studio's and llama.cpp's, whole, broken and hostile.

Ollama and LM Studio do not install here: their stores are made by their documented layouts, as in `test_stores`.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import scripted
from test_stores import GGUF, home, ollama, written

import modelcatalog as mc
import zoo
from modelcatalog.engines.prompts.templates import Renderer
from modelcatalog.errors import HubUnreachable, IntegrityError, ModelCatalogError, NoChatTemplate, Unsupported
from modelcatalog.stores import gotemplate

with suppress(ImportError):
    import huggingface_hub  # noqa: F401  it reads the environment when it is imported, and a test here may be the first to need it

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["home"]

QWEN = "Qwen/Qwen3-8B"
WORDS = ["[U]", "[A]", "[S]", "▁hi", "▁Paris", "."]
OWN = "{% for m in messages %}{{ '[' ~ m.role[0]|upper ~ ']' ~ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '[A]' }}{% endif %}"
GO = "{{ if .System }}[S]{{ .System }}{{ end }}{{ if .Prompt }}[U]{{ .Prompt }}{{ end }}[A]{{ .Response }}"


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A GGUF file without a chat template."""
    return scripted.gguf_file(tmp_path_factory.mktemp("plain"), {"[A]": "▁Paris", "▁Paris": "</s>"}, WORDS, special=("[U]", "[A]", "[S]")).read_bytes()


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The same with one."""
    folder = tmp_path_factory.mktemp("talking")
    return scripted.gguf_file(folder, {"[A]": "▁Paris", "▁Paris": "</s>"}, WORDS, OWN, special=("[U]", "[A]", "[S]")).read_bytes()


@pytest.fixture(autouse=True)
def offline(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  it is the disk of every test
    """No hub answers, and there is no store but those that a test makes."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def layers(model: bytes, **more: Any) -> dict[str, bytes]:
    """The layers of a model by their kind; what is not a text is JSON."""
    return {"model": model, **{kind: text.encode() if isinstance(text, str) else json.dumps(text).encode() for kind, text in more.items()}}


def why(name: str, **options: Any) -> str:
    """Everything that is said where a name cannot be had."""
    with pytest.raises(ModelCatalogError) as caught:
        mc.plan(name, **options)
    return str(caught.value)


class TestFound:
    """Which copy a name means."""

    @pytest.mark.parametrize(
        "name", ["qwen3:8b", "ollama.com/library/qwen3:8b", "https://ollama.com/library/qwen3:8b", "ollama/qwen3:8b", QWEN, "qwen3-8b-q4_k_m"]
    )
    def test_ollama(self, home: Path, talking: bytes, name: str) -> None:
        """Every name of the model finds Ollama's blob; the plan says where it is, and in which quantization."""
        blobs = ollama(home / ".ollama/models", layers=layers(talking))
        made = mc.plan(name)
        assert (made.source, made.weight_files, made.memory.disk) == ("ollama store", (blobs["model"],), 0)
        assert str(made.quantization) == "gguf Q4_K_M 4-bit"
        assert made.reasons[0].startswith("qwen3:8b in the ollama store is ")

    @pytest.mark.parametrize("name", ["Qwen3-8B-Base", "Qwen3-14B", "qwen3:14b", "Qwen3-8B-AWQ", "Qwen3-8B-Q8_0.gguf", "qwen3:8b-q8_0"])
    def test_another(self, home: Path, talking: bytes, name: str) -> None:
        """Another model, and another quantization, is not taken."""
        ollama(home / ".ollama/models", layers=layers(talking))
        with pytest.raises(HubUnreachable, match="not on this disk"):
            mc.plan(name)

    def test_what_ollama_calls_it(self, home: Path, talking: bytes) -> None:
        """What Ollama calls ``llama3.2:3b`` is the instruct model: its base is another, and its own name finds an instruct file elsewhere."""
        ollama(home / ".ollama/models", "llama3.2/3b", layers(talking))
        assert mc.plan("meta-llama/Llama-3.2-3B-Instruct").source == "ollama store"
        with pytest.raises(HubUnreachable):
            mc.plan("meta-llama/Llama-3.2-3B")

    def test_latest(self, home: Path, talking: bytes) -> None:
        """``latest`` is whatever size it was on the day: its own name finds it, a name with a size does not."""
        ollama(home / ".ollama/models", "qwen3/latest", layers(talking))
        assert mc.plan("qwen3").source == mc.plan("qwen3:latest").source == "ollama store"
        with pytest.raises(HubUnreachable):
            mc.plan(QWEN)

    def test_own_names(self, home: Path, talking: bytes) -> None:
        """A model that somebody made is found by the name they gave it, which is no repository's; so is one of another registry."""
        ollama(home / ".ollama/models", "pirate/latest", layers(talking))
        ollama(home / ".ollama/models", "../../hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF/Q4_K_M", layers(talking, system="x"))
        ollama(home / ".ollama/models", "../ann/mine/7b", layers(talking, system="y"))
        for name in ("pirate", "PIRATE:latest", "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M", "ann/mine:7b", "ollama.com/ann/mine:7b"):
            assert mc.plan(name).source == "ollama store"

    def test_order(self, home: Path, talking: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ollama's notation means Ollama's copy; any other name the user's own folders first, then the most precise."""
        own = written(home / "own/Qwen3-8B-Q4_0.gguf", talking)
        monkeypatch.setenv("MODELCATALOG_PATH", str(own.parent))
        ollama(home / ".ollama/models", layers=layers(talking))
        written(home / ".lmstudio/models/lmstudio-community/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf", talking)
        assert mc.plan("qwen3:8b").source == "ollama store"
        assert mc.plan(QWEN).source == "MODELCATALOG_PATH"
        monkeypatch.delenv("MODELCATALOG_PATH")
        assert mc.plan(QWEN).source == "lmstudio store"
        assert mc.plan("qwen3:8b-q8_0").source == "lmstudio store"

    def test_lm_studio_and_llama_cpp(self, home: Path, talking: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """Their files are found by the models that their paths name; shards together, and a link to another disk is followed."""
        disk = written(home / "disk/a.gguf", talking)
        linked = home / ".lmstudio/models/unsloth/gemma-3-1b-it-GGUF/gemma-3-1b-it-Q8_0.gguf"
        linked.parent.mkdir(parents=True)
        linked.symlink_to(disk)
        monkeypatch.setenv("LLAMA_CACHE", str(home / "cache"))
        flat = written(home / "cache/Qwen_Qwen3-8B-GGUF_Qwen3-8B-Q4_K_M.gguf", talking)
        written(home / "cache/manifest=Qwen=Qwen3-8B-GGUF=latest.json", b"{}")
        assert mc.plan("gemma3:1b").weight_files == mc.plan("google/gemma-3-1b-it").weight_files == (linked,)
        assert (mc.plan(QWEN).source, mc.plan(QWEN).weight_files) == ("llama.cpp store", (flat,))

    def test_mlx(self, home: Path, tmp_path: Path) -> None:
        """A folder of LM Studio's in MLX's form is for an engine that reads it, and for a name that says MLX; never for a plain name."""
        folder = home / ".lmstudio/models/mlx-community/Qwen3-8B-4bit"
        made = zoo.write("llama", tmp_path / "llama")
        folder.parent.mkdir(parents=True)
        shutil.copytree(made, folder)
        with pytest.raises(HubUnreachable):
            mc.plan(QWEN)
        with pytest.raises(HubUnreachable):
            mc.plan(QWEN, engine="vllm")
        assert mc.plan(QWEN, engine="mlx").weight_files[0].parent == folder

    def test_hub_that_was_named(self, home: Path, talking: bytes) -> None:
        """A hub, a revision or an engine that reads no such files is what the caller wants: the copy is not taken."""
        ollama(home / ".ollama/models", layers=layers(talking))
        for asked in ({"hub": "huggingface"}, {"revision": "main"}, {"engine": "vllm"}, {"quantization": "Q8_0"}):
            assert "ollama store" not in why(QWEN, **asked)
        assert mc.plan(QWEN, quantization="Q4_K_M").source == "ollama store"

    def test_lock(self, home: Path, talking: bytes, tmp_path: Path) -> None:
        """A lock of a blob finds it again, with what its Modelfile says, and finds out other bytes."""
        blobs = ollama(home / ".ollama/models", layers=layers(talking, system="Be brief."))
        mc.lock("qwen3:8b", tmp_path / "a.lock")
        made = mc.plan("qwen3:8b", lock=tmp_path / "a.lock")
        assert (made.source, made.modelfile and made.modelfile.system) == ("ollama store", "Be brief.")
        blobs["model"].write_bytes(talking[:-1] + b"x")
        with pytest.raises(IntegrityError, match="the hash is wrong"):
            mc.pull(made)


class TestBroken:
    """What cannot be loaded is a sentence, and the hub is asked; no traceback."""

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            ({"digest": "sha256:" + "0" * 64}, "qwen3:8b in the ollama store cannot be loaded: blobs/sha256-000000000000… is missing"),
            ({"digest": "sha256:../../../../etc/passwd"}, "which is not a SHA-256"),
            ({"size": 5_000_000_000}, "of 5,000,000,000"),
            ({"mediaType": "application/vnd.ollama.image.adapter"}, "it lays an adapter over its weights"),
            ({"mediaType": "application/vnd.ollama.image.tensor"}, "kept in a way of Ollama's own"),
        ],
    )
    def test_manifest(self, home: Path, talking: bytes, spoil: dict[str, Any], said: str) -> None:
        """A manifest that lies, or names what no engine reads."""
        ollama(home / ".ollama/models", layers=layers(talking))
        file = home / ".ollama/models/manifests/registry.ollama.ai/library/qwen3/8b"
        manifest = json.loads(file.read_bytes())
        manifest["layers"][0] |= spoil
        file.write_text(json.dumps(manifest), encoding="utf-8")
        assert why("qwen3:8b").count(said) == 1
        assert "not on this disk" in why(QWEN)

    def test_torn_manifest(self, home: Path, talking: bytes) -> None:
        """One that is no JSON is not as if it were not there."""
        ollama(home / ".ollama/models", layers=layers(talking))
        (home / ".ollama/models/manifests/registry.ollama.ai/library/qwen3/8b").write_text("{", encoding="utf-8")
        assert "qwen3/8b is not JSON" in why("qwen3:8b")

    def test_adapter(self, home: Path, talking: bytes) -> None:
        """An adapter over weights is not left out in silence: the error has the line that loads both."""
        blobs = ollama(home / ".ollama/models", layers=layers(talking, adapter="GGUF adapter"))
        assert f"load({str(blobs['model'])!r}, adapter={str(blobs['adapter'])!r}) does that" in why("qwen3:8b")

    @pytest.mark.parametrize("content", [b"", b"GGUF", GGUF[:16] + b"\xff" * 20, b"<html>" * 50])
    def test_weights(self, home: Path, content: bytes) -> None:
        """A blob that is no GGUF file, or a part of one."""
        ollama(home / ".ollama/models", layers=layers(content))
        assert "qwen3:8b in the ollama store cannot be loaded: " in why("qwen3:8b")

    def test_cannot_be_run(self, home: Path, talking: bytes) -> None:
        """A file that no installed engine can run is passed over for the next copy; with none left, why is the error."""
        other = talking.replace(b"llama", b"frogs")
        ollama(home / ".ollama/models", layers=layers(other))
        with pytest.raises(Unsupported, match="frogs"):
            mc.plan("qwen3:8b", engine="transformers")
        written(home / ".lmstudio/models/a/Qwen3-8B-GGUF/Qwen3-8B-Q4_0.gguf", talking)
        made = mc.plan("qwen3:8b", engine="transformers")
        assert made.source == "lmstudio store"
        assert "qwen3:8b in the ollama store was passed over: " in made.reasons[-1]

    def test_of_ollama_s_own_making(self, home: Path, talking: bytes) -> None:
        """An architecture that Ollama alone has is refused by llama.cpp before it is loaded, and the next copy is taken."""
        pytest.importorskip("llama_cpp")
        ollama(
            home / ".ollama/models",
            "gpt-oss/20b",
            layers(talking.replace(b"\x05\x00\x00\x00\x00\x00\x00\x00llama", b"\x06\x00\x00\x00\x00\x00\x00\x00gptoss", 1)),
        )
        with pytest.raises(Unsupported, match=r"the installed llama\.cpp does not know the architecture gptoss"):
            mc.plan("gpt-oss:20b", engine="llama.cpp")

    def test_may_not_be_read(self, home: Path, talking: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """A store that its service keeps to itself, and a file that may not be opened, are said."""
        ollama(home / ".ollama/models", layers=layers(talking))
        real = os.scandir

        def refusing(path: Any) -> Any:
            if ".ollama" in str(path):
                raise PermissionError(13, "Permission denied")
            return real(path)

        monkeypatch.setattr(os, "scandir", refusing)
        assert f"{home / '.ollama/models/manifests'} cannot be read: Permission denied" in why("qwen3:8b")

    def test_hostile(self, home: Path, talking: bytes) -> None:
        """Links out of the store, round in it and to devices, a manifest of a gigabyte: said or passed over, in a moment."""
        root = home / ".ollama/models"
        blobs = ollama(root, layers=layers(talking, system="Be brief."))
        library = root / "manifests/registry.ollama.ai/library"
        (library / "again").symlink_to(library)
        (library / "zero").mkdir()
        (library / "zero/latest").symlink_to("/dev/zero")
        huge = written(library / "huge/latest", b"")
        os.truncate(huge, 1 << 30)
        secret = written(home / "secret", b"the words of somebody else")
        blobs["system"].unlink()
        blobs["system"].symlink_to(secret)
        began = time.monotonic()
        assert "qwen3:8b" in why("qwen3:8b")  # its system prompt has another size
        blobs["system"].unlink()
        written(blobs["system"], b"Be grief.")
        made = mc.plan("qwen3:8b")
        assert made.modelfile is None or made.modelfile.system is None
        assert "qwen3:8b: its system has other bytes than its hash says, and is not used" in made.warnings
        assert time.monotonic() - began < 10


class TestModelfile:
    """What a Modelfile says stands where the caller says nothing."""

    PARAMETERS: ClassVar = {"temperature": 0.5, "top_k": 20, "stop": ["[U]"], "num_ctx": 64, "repeat_penalty": 1.1, "num_predict": 9, "mirostat": 2}

    def test_shown(self, home: Path, talking: bytes) -> None:
        """The plan has it, shows it, keeps its context, and says what of it means nothing here."""
        ollama(home / ".ollama/models", layers=layers(talking, system="Be brief.", params=self.PARAMETERS, template=GO, license="\n The  Licence\n"))
        made = mc.plan("qwen3:8b")
        assert made.modelfile is not None
        assert made.modelfile.generation == {"temperature": 0.5, "top_k": 20, "stop": ["[U]"], "repetition_penalty": 1.1}
        assert (made.context_length, made.licence) == (64, "The Licence")
        assert mc.plan("qwen3:8b", context_length=128).context_length == 128
        assert 'temperature 0.5, top_k 20, stop ["[U]"], num_ctx 64' in str(made)
        assert 'system "Be brief."' in str(made)
        assert any("sets num_predict, mirostat, which has no effect here; num_predict is max_new_tokens= here" in text for text in made.warnings)
        assert type(made).model_validate_json(made.model_dump_json()) == made

    def test_for_its_own_name_alone(self, home: Path, talking: bytes) -> None:
        """Another name means the weights: nobody's persona speaks for them, and the plan says that it was left aside."""
        ollama(home / ".ollama/models", layers=layers(talking, system="Be brief.", params=self.PARAMETERS))
        made = mc.plan(QWEN)
        assert made.modelfile is not None
        assert (made.modelfile.system, made.modelfile.parameters, made.context_length) == (None, {}, 256)
        assert any("applies to its own name, qwen3:8b, alone" in text for text in made.reasons)

    @pytest.mark.parametrize(
        ("params", "kept"),
        [
            ({"temperature": "hot", "top_k": 5}, {"top_k": 5}),
            ({"temperature": 10**400, "seed": 10**400, "top_k": 5}, {"top_k": 5}),
            ({"temperature": True, "top_p": 3, "top_k": 1.5, "stop": [], "num_ctx": -4}, {}),
            ({"stop": "x", "temperature": 0}, {"stop": ["x"], "temperature": 0}),
            ([1, 2], {}),
            ("text", {}),
        ],
    )
    def test_nonsense(self, home: Path, talking: bytes, params: Any, kept: dict[str, Any]) -> None:
        """A value that means nothing is left out, and said; the others stand."""
        ollama(home / ".ollama/models", layers=layers(talking, params=params, system="Be brief."))
        made = mc.plan("qwen3:8b")
        assert made.modelfile is not None
        assert made.modelfile.parameters == kept
        assert bool(made.warnings) == (kept != {"stop": ["x"], "temperature": 0})

    def test_nothing_that_a_terminal_obeys(self, home: Path, talking: bytes) -> None:
        """Escape sequences in what a Modelfile says are shown as letters, or not at all."""
        said = {"stop": ["\x1b]0;t\x07", "[/INST]"], "mirostat\x1b[2J": 1, "x" * 5_000: 2}
        ollama(home / ".ollama/models", layers=layers(talking, system="hi \x9b31m\u202e", params=said, license="\x1b[31mMIT"))
        made = mc.plan("qwen3:8b")
        assert made.licence == "[31mMIT"
        assert all(line.isprintable() and len(line) < 400 for line in str(made).splitlines())

    def test_projector_and_renderer(self, home: Path, talking: bytes) -> None:
        """Images that are not read here, and prompts that Ollama's own code writes, are said."""
        root = home / ".ollama/models"
        ollama(root, layers=layers(talking, projector="p" * 50), config={"model_format": "gguf", "renderer": "qwen3-vl-instruct"})
        made = mc.plan("qwen3:8b")
        assert [text for text in made.warnings if "projector of images" in text]
        assert [text for text in made.warnings if "code of its own (qwen3-vl-instruct); here they are those of the file's own template" in text]

    @pytest.mark.parametrize("engine", ["transformers", "llama.cpp"])
    def test_chat(self, home: Path, plain: bytes, engine: str) -> None:
        """System prompt, example turns, parameters and template reach the model, and whatever a caller says comes before them."""
        pytest.importorskip("llama_cpp" if engine == "llama.cpp" else "transformers")
        shown = [{"role": "user", "content": " hi"}, {"role": "assistant", "content": " Paris"}]
        ollama(home / ".ollama/models", layers=layers(plain, system=" hi", params={"temperature": 0}, template=GO, messages=shown))
        with mc.load("qwen3:8b", engine=engine, device="cpu", dtype="auto") as model:
            assert model.chat(" hi").text.strip() == "Paris"
            full, other = model.chat(" hi").usage.prompt_tokens, model.chat(" hi", system=" hi hi hi hi").usage.prompt_tokens
            assert other > full
            session = model.session()
            assert [one.role for one in session.messages] == ["system", "user", "assistant"]
            session.chat(" hi")
            assert session.undo() == " hi"
            assert session.undo() is None
            session.reset()
            assert [one.content for one in session.messages] == [" hi", " hi", " Paris"]
            assert [reply.text.strip() for reply in model.batch([" hi", " hi"])] == ["Paris", "Paris"]

    def test_templates(self, home: Path, talking: bytes, plain: bytes) -> None:
        """The file's own template comes first, and Ollama's by its name; one that Jinja cannot say is said, never nearly right."""
        root = home / ".ollama/models"
        ollama(root, layers=layers(talking, template="{{ .System }} {{ .Prompt }} {{ .Prompt }} [A]"))
        ollama(root, "qwen3/14b", layers(plain, template='{{ printf "%s" .Prompt }}'))
        made = mc.plan("qwen3:8b")
        assert "the chat template is the file's own; chat_template=\"ollama\" takes Ollama's in its place" in made.reasons
        with mc.load(made) as model:
            asked = (model.chat(" hi").usage.prompt_tokens, model.chat(" hi", chat_template="ollama").usage.prompt_tokens)
        assert asked[0] < asked[1]
        untold = mc.plan("qwen3:14b")
        assert untold.chat_template is False
        assert any("a template that is not one for Jinja; here they are none" in text for text in untold.warnings)
        with pytest.warns(UserWarning, match="not one for Jinja"), mc.load(untold) as model, pytest.raises(NoChatTemplate):
            model.chat(" hi")


TURNS = [{"role": "system", "content": "S"}, {"role": "user", "content": "u1"}, {"role": "assistant", "content": "a1"}, {"role": "user", "content": "u2"}]
CHATML = "".join(f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in TURNS) + "<|im_start|>assistant\n"
EXCHANGE = (
    "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n"
    "{{ end }}<|im_start|>assistant\n{{ .Response }}<|im_end|>\n"
)
RAW = "a }} b A\u00e9\n{{c{% raw %}{# x #}"
LAST = """{{- if .System }}<|sys|>{{ .System }}{{ end }}
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 -}}
{{- if eq .Role "user" }}<|user|>
{{ .Content }}{{ else if eq .Role "assistant" "model" }}<|bot|>
{{ .Content }}{{ if not $last }}<|end|>
{{ end }}
{{- else if .ToolCalls }}{{ json .ToolCalls }}{{ range .ToolCalls }}{"name": "{{ .Function.Name }}"}{{ end }}{{ end }}
{{- if and (ne .Role "assistant") $last }}<|bot|>
{{ end }}
{{- end }}"""


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """What fills templates in Jinja."""
    pytest.importorskip("jinja2")
    made = Renderer("a model")
    yield made
    made.close()


class TestGoTemplate:
    """Ollama's templates in Jinja write what Ollama writes, by its documentation and Go's."""

    @pytest.mark.parametrize(
        ("template", "written"),
        [
            ("{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n", CHATML),
            (EXCHANGE, CHATML),
            ("{{ .System }}\n# Ask:\n{{ .Prompt }}\n# WHOLE:\n", "S\n# Ask:\nu1\n# WHOLE:\na1\n# Ask:\nu2\n# WHOLE:\n"),
            ("{{ $a := .Prompt }}{{ if $a }}{{ $a = len $a }}{{ end }}{{ $a }}>", "2>a12>"),
            (LAST, "<|sys|>S<|user|>\nu1<|bot|>\na1<|end|>\n<|user|>\nu2<|bot|>\n"),
            ("{{ range $m := .Messages }}{{ if eq $m.Role `user` }}{{ $m.Content }};{{ end }}{{ else }}none{{ end }}", "u1;u2;"),
            ("{{ (index .Messages 1).Content }}{{ len .Messages }}{{ with .System }}({{ . }}){{ end }}", "u14(S)"),
            ('a }} b {{/* a }} note */}} {{- "\\x41\\u00e9\\n{{" -}}  c{% raw %}{# x #}{{ .Response }}', f"{RAW}a1{RAW}"),
            ("{{ $n := 0 }}{{ range .Messages }}{{ $n = len .Content }}{{ end }}{{ $n }}", "2"),
            ('{{ range .Messages }}{{ if eq .Role "system" }}{{ continue }}{{ end }}{{ .Content }}{{ break }}{{ end }}', "u1"),
            ("{{ if .Tools }}{{ range .Tools }}{{ .Function }}{{ end }}{{ else if .Messages }}no tools{{ end }}", "no tools"),
            ("{{ if .Think }}<think>{{ end }}{{ if not .IsThinkSet }}?{{ end }}{{ len .Messages }}", "?4"),
        ],
    )  # fmt: skip
    def test_written(self, renderer: Renderer, template: str, written: str) -> None:
        """Turns in both of Ollama's ways, trimmed space, variables, functions, texts that mean something to Jinja."""
        assert renderer.render(gotemplate.jinja(template), TURNS) == written

    def test_same_role_twice(self, renderer: Renderer) -> None:
        """Messages of one role that follow each other are one, as Ollama makes them."""
        twice = [*TURNS, {"role": "user", "content": "u3"}]
        assert "u2\n\nu3<" in renderer.render(gotemplate.jinja("{{ range .Messages }}{{ .Content }}<{{ end }}"), twice)
        assert "u2\n\nu3<" in renderer.render(gotemplate.jinja("{{ .System }}{{ .Prompt }}<{{ .Response }}"), twice)

    @pytest.mark.parametrize(
        "template",
        [
            '{{ printf "%s" .Prompt }}', "{{ if .Prompt }}", "{{ end }}", "{{ .Foo }}", '{{ template "x" }}', "{{", "{{ .Prompt", "{{ range }}{{ end }}",
            "{{ json .Prompt }}", "{{ .Prompt.Foo }}", "{{ $x }}", "{{ . }}", "{{ range .Messages }}{{ . }}{{ end }}", "{{ .Messages }}", "{{ 'a' }}",
            "{{ .Prompt " + "(" * 40_000 + "}}",
            "{{ not " + "(not " * 9_000 + ".Prompt" + ")" * 9_000 + "}}",
            "{{ if .Prompt }}{{ else }}{{ else }}{{ end }}", "{{ currentDate }}", "{{ .Prompt | len | }}", "{{ eq .Prompt }}", "{{ .Prompt .System }}",
            "{{ if .System }}" * 80 + "{{ end }}" * 80, "x" * 200_000,
            "{{" * 40_000, "{{" + "/**/" * 20_000, "{{" + " " * 90_000, '{{ "' + "\\\\" * 40_000, "{{ }}",
            "{{ with .System }}" + "{{ with and . . }}" * 50 + "{{ . }}" + "{{ end }}" * 51, '{{ if eq "' + "a" * 45_000 + '"' + " 1" * 20_000 + "}}{{ end }}",
            "{{ with $x := .System }}{{ end }}", '{{ "\\q" }}', "{{ .Prompt }}{{ .Think }}",
        ],
    )  # fmt: skip
    def test_untranslatable(self, template: str) -> None:
        """What has no exact counterpart is refused, and ends soon."""
        with pytest.raises(gotemplate.Untranslatable):
            gotemplate.jinja(template)

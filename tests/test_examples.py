"""Tests of examples/: each program runs, says what it promises, and is short enough to be read."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from loopback.hubs import HuggingFaceHub, ModelScopeHub
from loopback.servers import ChatServer, says

if TYPE_CHECKING:
    from modelcatalog.records import RepositoryHub as Hub

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def run(name: str, *arguments: str, given: str = "", **environment: str) -> str:
    """What an example prints, in a process of its own as a reader would start it."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
        input=given, capture_output=True, encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"} | environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_short_and_tested() -> None:
    """An example has fewer than sixty lines, says how it is started, and is run below."""
    tests = Path(__file__).read_text(encoding="utf-8")
    programs = sorted(EXAMPLES.glob("*.py"))
    assert len(programs) >= 7
    for program in programs:
        text = program.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 60, program.name
        assert f"python examples/{program.name}" in text
        assert f'run("{program.stem}"' in tests or f'application("{program.stem}"' in tests, program.name


@pytest.mark.parametrize("name", ["fit_gpu", "gguf_folder", "hand_over"])
def test_without_what_it_needs(name: str) -> None:
    """It says how it is started, and shows no traceback."""
    done = subprocess.run([sys.executable, str(EXAMPLES / f"{name}.py")], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, f"python examples/{name}.py" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def application(name: str, model: mc.ChatModel) -> Any:
    """The web application of an example."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["application"](model)


def _replying() -> int:
    return sum(thread.name == "modelcatalog-reply" for thread in threading.enumerate())


def test_serve(model: mc.ChatModel) -> None:
    """Eight readers at once have their replies from one model, and the reply of a reader who leaves ends."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application("serve", model), host="127.0.0.1", port=0, log_level="error"))
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]

        def ask(count: int) -> str:
            with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as reader:
                reader.request("GET", f"/ask?prompt=Say%20{count}.&max_new_tokens=4")
                return str(json.loads(reader.getresponse().read())["text"])

        with ThreadPoolExecutor(8) as pool:
            assert all(list(pool.map(ask, range(8))))
        with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as reader:
            reader.request("GET", "/chat?prompt=Tell%20me%20a%20long%20story.&max_new_tokens=4000")
            assert reader.getresponse().read(8)
            assert _replying() == 1
        end = time.monotonic() + 60
        while _replying() and time.monotonic() < end:
            time.sleep(0.05)
        assert _replying() == 0
    finally:
        server.should_exit = True
        serving.join()


def test_leaderboard() -> None:
    """Twelve spellings are four models; the best of each stands first."""
    lines = run("leaderboard").splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["deepseek-r1", "claude-3.5-sonnet@2024-10-22", "qwen-2.5-7b-instruct", "llama-3.1-8b-instruct"]
    assert [line.split()[-1] for line in lines[1:]] == ["2", "3", "3", "4"]
    assert sum(int(line.split()[-1]) for line in lines[1:]) == 12


def test_gguf_folder(gguf_file: Path, tmp_path: Path) -> None:
    """A file is told by its name and by its header; a wrong name and a file that is none are found out."""
    (tmp_path / gguf_file.name).symlink_to(gguf_file)
    (tmp_path / "Qwen3-8B-Q8_0.gguf").symlink_to(gguf_file)
    (tmp_path / "page.gguf").write_text("<html>404</html>", encoding="utf-8")
    out = run("gguf_folder", str(tmp_path))
    right, wrong, page = (out.split(f"{name}\n")[1] for name in (gguf_file.name, "Qwen3-8B-Q8_0.gguf", "page.gguf"))
    assert "by its name    SmolLM2 135M Q4_1\n  by its header  135M parameters, Q4_1, 98 MB\n" in right
    assert "but  " not in right.partition("page.gguf")[0]
    assert "but            " in wrong
    assert "cannot be used" in page


def test_fit_gpu() -> None:
    """A card of 24 GB takes four bits of 32 billion parameters, one of 80 takes all of them, one of 4 none."""
    assert run("fit_gpu", "Qwen2.5-32B-Instruct", "24", "modelscope").splitlines()[-1] in {
        "take Qwen/Qwen2.5-32B-Instruct-GPTQ-Int4", "take Qwen/Qwen2.5-32B-Instruct-AWQ",
    }  # fmt: skip
    assert run("fit_gpu", "Qwen2.5-32B-Instruct", "80").endswith("take Qwen/Qwen2.5-32B-Instruct\n")
    assert run("fit_gpu", "Qwen2.5-32B-Instruct", "4").endswith("fits 4 GB\n")


def test_costs() -> None:
    """Every router's spelling is one model's cost; what has no price is named."""
    out = run("costs")
    assert re.search(r"^gpt-4o@2024-08-06 +0\.736$", out, re.MULTILINE)
    assert re.search(r"^claude-3\.5-sonnet@2024-10-22 +0\.564$", out, re.MULTILINE)
    assert out.endswith("no price for qwen/qwen-2.5-72b-instruct (1 lines)\n")


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_course(hub: Hub, safetensors_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A real model from a hub, by that hub's own client: it answers, and 退出 ends.

    The program runs in this process, which has imported transformers: `run("course")` would import it anew.
    """
    pytest.importorskip("transformers")
    kind, endpoint = {"huggingface": (HuggingFaceHub, "HF_ENDPOINT"), "modelscope": (ModelScopeHub, "MODELSCOPE_ENDPOINT")}[hub]
    pytest.importorskip("huggingface_hub" if hub == "huggingface" else "modelscope")
    with kind({"HuggingFaceTB/SmolLM2-135M-Instruct": safetensors_folder}) as server:
        for name, value in {"HF_HOME": tmp_path / "hf", "MODELSCOPE_CACHE": tmp_path / "ms", "NO_PROXY": "127.0.0.1", endpoint: server.endpoint}.items():
            monkeypatch.setenv(name, str(value))
        system = ("--system", "You are a helpful AI assistant.")
        monkeypatch.setattr("sys.argv", ["course.py", "HuggingFaceTB/SmolLM2-135M-Instruct", "--hub", hub, *system])
        monkeypatch.setattr("sys.stdin", io.StringIO("What is the capital of France?\n退出\n"))
        runpy.run_path(str(EXAMPLES / "course.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert "Paris" in out
    assert out.startswith("你：模型：")


def test_chat_stream(model: mc.ChatModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Three turns stream; the one that does not end is stopped, and the conversation remembers all of them.

    It runs in this process, with the model that the other tests have loaded: ``run("chat_stream")`` would load it anew.
    """
    monkeypatch.setattr(mc, "load", lambda _name: nullcontext(model))
    runpy.run_path(str(EXAMPLES / "chat_stream.py"))["main"]()
    out = capsys.readouterr().out
    assert "Paris" in out
    assert "cancelled, " in out
    assert out.endswith("7 messages remembered\n")


def test_hand_over() -> None:
    """The server's line names the repository and GPUs enough; a server then answers in the order of the questions."""
    pytest.importorskip("openai")
    assert run("hand_over", "qwen2.5-72b-instruct") == "vllm serve Qwen/Qwen2.5-72B-Instruct --tensor-parallel-size 4 --port 8000\n"
    assert "--tensor-parallel-size 1 " in run("hand_over", "Qwen3-8B")
    with ChatServer("Qwen/Qwen3-8B") as server:
        server.answer = says("Of", " course.")
        out = run("hand_over", "qwen3-8b", server.url, NO_PROXY="127.0.0.1")
    assert out == "> What is the capital of France?\nOf course.\n> What is the capital of Italy?\nOf course.\n"
    assert len(server.asked) == 2


def _shown(cell: Any) -> list[Any]:
    return [output.get("data") or output.get("text") for output in cell.get("outputs", ())]


def test_notebook() -> None:
    """Every cell runs in a real kernel and puts out what stands in the file; a name shows itself as HTML."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    book: Any = nbformat.read(EXAMPLES / "names.ipynb", as_version=4)
    shipped = [_shown(cell) for cell in book.cells]
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    fresh = "run it anew: jupyter nbconvert --to notebook --execute --inplace examples/names.ipynb"
    assert [_shown(cell) for cell in book.cells] == shipped, fresh
    first = next(cell for cell in book.cells if cell.cell_type == "code")
    assert "Distill" in first.outputs[0].data["text/html"]

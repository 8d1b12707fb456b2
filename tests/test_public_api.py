"""Tests of the package as its users see it: names, types, and what importing it costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type, get_type_hints

import pytest

import modelcatalog as mc

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
HEAVY = ("accelerate", "gguf", "huggingface_hub", "llama_cpp", "modelscope", "numpy", "openai", "requests", "rich", "torch", "transformers", "typer", "vllm")
CONTRACT = (
    "ChatModel Checkpoint Company Family ModelCatalogError ModelName Plan Quantization Release Reply Segment Session Size "
    "CatalogDataError CheckpointNotFound ClosedWeights EngineError GatedCheckpoint HubUnreachable IntegrityError MissingPackage "
    "NameSyntaxError NeedsRemoteCode NoChatTemplate UnknownFamily UnsafeRepository Unsupported WontFit "
    "__version__ catalog load parse parse_many plan resolve"
)
LAYERS = ("errors", "records", "vocabulary", "names", "catalog", "hubs", "planning", "engines", "chat", "cli")
"""From the bottom to the top; a module imports from its own layer and from those below."""


def test_all_is_sorted_and_whole() -> None:
    """The list of public names is sorted, and has every name of the contract."""
    assert mc.__all__ == sorted(mc.__all__)
    assert set(CONTRACT.split()) <= set(mc.__all__)


@pytest.mark.parametrize("name", mc.__all__)
def test_every_name_is_there(name: str) -> None:
    """Every public name can be had, is listed by dir(), and has a docstring where it can have one."""
    value = getattr(mc, name)
    assert name in dir(mc)
    if name != "__version__":
        assert value.__doc__


def test_star_import() -> None:
    """A star import brings exactly the public names."""
    brought: dict[str, object] = {}
    exec("from modelcatalog import *", brought)  # noqa: S102  the statement itself is under test
    assert set(brought) - {"__builtins__"} == set(mc.__all__)


def test_misspelt_name() -> None:
    """A name that is not there is the error that Python users know."""
    with pytest.raises(AttributeError, match=r"^module 'modelcatalog' has no attribute 'prase'$"):
        getattr(mc, "prase")  # noqa: B009  a plain attribute would fail in mypy, as it should


_ONE = (mc.parse, mc.facts, mc.resolve, mc.model_key, mc.prices, mc.catalog.find, mc.plan, mc.load, mc.pull, mc.catalog.siblings)


@pytest.mark.parametrize("call", _ONE, ids=lambda call: call.__name__)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "expected a name as a text, got None: leave out what is missing first (of a frame, with dropna)"),
        (float("nan"), "expected a name as a text, got nan: leave out what is missing first (of a frame, with dropna)"),
        (b"Qwen3-8B", "expected a name as a text, got b'Qwen3-8B': pass data.decode(\"utf-8\")"),
        (["Qwen3-8B"], "expected a name as a text, got ['Qwen3-8B']: call it for each of them"),
        (bytearray(b"x"), "expected a name as a text, got bytearray(b'x'): pass data.decode(\"utf-8\")"),
        (range(2), "expected a name as a text, got range(0, 2): call it for each of them"),
        (8, "expected a name as a text, got 8"),
        (str, "expected a name as a text, got <class 'str'>"),
    ],
    ids=["none", "nan", "bytes", "list", "bytearray", "range", "int", "class"],
)
def test_no_name(call: Callable[[Any], object], given: object, message: str) -> None:
    """What is not a name, such as the empty cell of a frame, is refused by every call alike, and is never read as a name."""
    with pytest.raises(TypeError) as caught:
        call(given)
    assert str(caught.value) == message


class Served(str, Enum):  # noqa: UP042  what str() says of it is not its value
    """Models of a program, as programs list them."""

    SMALL = "Qwen/Qwen3-8B"


def test_a_member_of_an_enumeration() -> None:
    """A text that is more than a text is read as the text that it is, and the record holds nothing but texts."""
    name = mc.parse(Served.SMALL)
    assert (str(name), type(name.source)) == ("Qwen/Qwen3-8B", str)
    assert name == mc.parse("Qwen/Qwen3-8B")
    assert str(mc.resolve(Served.SMALL).asked) == "Qwen/Qwen3-8B"
    with pytest.raises(mc.Unsupported) as caught:
        mc.plan(Served.SMALL, context_length=0)
    assert caught.value.subject == "Qwen/Qwen3-8B"
    assert type(mc.group([Served.SMALL])[0].names[0]) is str


def test_paths_and_records_where_a_text_belongs() -> None:
    """A path is read as a text by `plan` and `load` alone; the others say what to pass."""
    with pytest.raises(TypeError, match=r"pass str\(path\)$"):
        mc.parse(Path("Qwen3-8B-Q4_K_M.gguf"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^expected a name as a text, got Checkpoint\(.*: pass its repo_id$"):
        mc.facts(mc.resolve("Qwen3-8B"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^expected a name as a text, got a ModelName of 'Qwen3-8B': it has been read already$"):
        mc.parse(mc.parse("Qwen3-8B"))  # type: ignore[arg-type]


@pytest.mark.parametrize("call", [mc.parse_many, mc.group], ids=["parse_many", "group"])
def test_one_name_is_not_many(call: Callable[[Any], object]) -> None:
    """The letters of a text are not taken for names."""
    for one in ("Qwen3-8B", b"Qwen3-8B", mc.parse("Qwen3-8B")):
        with pytest.raises(TypeError, match=r"^expected several names, got .*: put it into a list$"):
            call(one)
    with pytest.raises(TypeError, match=r"^expected a name as a text, got None: leave out"):
        [*call(["Qwen3-8B", None])]  # type: ignore[misc]


@pytest.mark.parametrize(
    "condition",
    [
        {"hub": "hf"},
        {"weights": "opne"},
        {"since": "yesterday"},
        {"smallest": "few"},
        {"largest": "7"},
        {"largest": 7},
        {"smallest": 0.5},
        {"type": "codr"},
        {"type": ["coder"]},
        {"company": 3},
        {"text": 5},
        {"smallest": "70B", "largest": "7B"},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", [mc.catalog.search, mc.catalog.browse], ids=["search", "browse"])
def test_conditions_are_refused_at_the_call(call: Callable[..., object], condition: dict[str, object]) -> None:
    """A condition that means nothing is refused before anything is searched, and never an empty result."""
    with pytest.raises(mc.Unsupported):
        call(**condition)


def test_version_is_the_package_s() -> None:
    """The version in the code is the one that was installed."""
    assert version("modelcatalog") == mc.__version__


def test_what_the_catalog_has_is_offered() -> None:
    """Completion in a notebook goes by ``dir``: what has not been used yet is in it too."""
    assert set(mc.catalog.__all__) <= set(dir(mc.catalog))


@pytest.mark.parametrize("path", ["colour", "same_model", "model_fields", "__class__", "size.colour", "types.colour", ""])
def test_origin_of_what_is_no_fact(path: str) -> None:
    """Only fields have an origin, and a method has none."""
    with pytest.raises(AttributeError, match="has no field"):
        mc.parse("Qwen3-8B-Instruct").origin(path)
    with pytest.raises(AttributeError, match="has no field"):
        mc.facts("Qwen3-8B").origin(path)


def test_hints_can_be_read() -> None:
    """Programs that make a tool, a form or a command of a function read its types; what returns records that come late is left out."""
    late = {"checkpoints", "siblings", "local", "lock"}
    for module in (mc, mc.catalog):
        for name in module.__all__:
            call = getattr(module, name)
            if inspect.isfunction(call) and name not in late:
                assert "return" in get_type_hints(call), name


def test_types() -> None:
    """A type checker sees through the late imports."""
    name = mc.parse("Qwen2.5-Coder-3B-Instruct-AWQ")
    assert_type(name, mc.ModelName)
    assert_type(mc.resolve(name, hub="modelscope"), mc.Checkpoint)
    assert_type(name.size, mc.Size | None)
    assert_type(name.quantization, mc.Quantization | None)
    assert_type(name.segments, tuple[mc.Segment, ...])
    assert_type(mc.catalog.companies, tuple[mc.Company, ...])
    assert_type(mc.catalog.find("Qwen"), mc.Match | None)


def _loading(model: mc.ChatModel) -> None:
    """Read by the type checker only."""
    assert_type(mc.plan("Qwen3-8B"), mc.Plan)
    assert_type(mc.load("Qwen3-8B", hub="modelscope"), mc.ChatModel)
    assert_type(model.chat("hello"), mc.Reply)
    assert_type(model.session(), mc.Session)


def _imported(statements: str) -> set[str]:
    """Top-level modules that a fresh Python has after these statements."""
    code = f"{statements}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_is_light() -> None:
    """Importing the package imports none of the packages that it can use, pydantic included."""
    assert not _imported("import modelcatalog") & {*HEAVY, "pydantic"}


def test_parsing_and_resolving_are_light() -> None:
    """The parser and the catalog need pydantic and the standard library only."""
    found = _imported("import modelcatalog as mc; mc.resolve(mc.parse('Qwen3-8B')); mc.catalog.find('通义千问')")
    assert "pydantic" in found
    assert not found & set(HEAVY)


def test_planning_and_the_loader_import_lightly() -> None:
    """Even the loader's own modules import the large packages only when they load something."""
    assert not _imported("import modelcatalog as mc; mc.plan, mc.load, mc.Reply") & set(HEAVY)


def test_import_time() -> None:
    """The import budget: at most 1.5 times pydantic's own; one busy moment is forgiven."""
    command = [sys.executable, str(ROOT / "benchmarks" / "import_time.py"), "5"]
    runs = []
    for _ in range(3):
        runs.append(subprocess.run(command, capture_output=True, text=True, check=False))
        if runs[-1].returncode == 0:
            break
    assert runs[-1].returncode == 0, runs[-1].stdout + runs[-1].stderr
    assert "limit 1.5" in runs[-1].stdout


def _layer(module: str) -> int | None:
    part = module.removeprefix("modelcatalog.").partition(".")[0]
    return LAYERS.index(part) if part in LAYERS else None


def test_imports_point_one_way() -> None:
    """No layer imports from one above it, type checking aside."""
    wrong = []
    for path in sorted((ROOT / "src" / "modelcatalog").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        own = _layer(module)
        for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
            for target in _targets(node):
                other = _layer(target)
                if own is not None and other is not None and other > own:
                    wrong.append(f"{module} imports {target}")
    assert wrong == []


def _statements(tree: ast.AST) -> list[ast.stmt]:
    """Every import statement, without those under ``if TYPE_CHECKING``."""
    found: list[ast.stmt] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        elif not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            found += _statements(node)
    return found


def _targets(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom) and node.module == "modelcatalog":
        return [f"modelcatalog.{alias.name}" for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if (node.module or "").startswith("modelcatalog.") else []
    return [alias.name for alias in node.names if alias.name.startswith("modelcatalog.")] if isinstance(node, ast.Import) else []


def test_conditions_of_browse_and_prices() -> None:
    """What only one of them takes is refused alike; no parameters at most is a condition like any other."""
    with pytest.raises(mc.Unsupported, match=r"^retired='yes' is neither True nor False"):
        mc.catalog.browse(retired="yes")  # type: ignore[arg-type]
    with pytest.raises(mc.Unsupported, match=r"^exact='no' is neither True nor False"):
        mc.group(["phi-4"], exact="no")  # type: ignore[arg-type]
    with pytest.raises(mc.Unsupported, match=r"^hashes='no' is neither True nor False"):
        mc.local(hashes="no")  # type: ignore[arg-type]
    with pytest.raises(mc.Unsupported, match=r"^check='no' is neither True nor False"):
        mc.update(check="no")  # type: ignore[arg-type]
    with pytest.raises(mc.Unsupported, match=r"^provider=5 is not a name"):
        mc.prices("gpt-4o", provider=5)  # type: ignore[arg-type]
    with pytest.raises(mc.Unsupported, match=r"^when='2025' is not a time\n  pass a datetime with its zone, or leave it out$"):
        mc.prices("gpt-4o", when="2025")  # type: ignore[arg-type]
    with pytest.raises(mc.Unsupported, match=r"^'2025-02-30' is not a day, a month or a year"):
        mc.catalog.browse(since="2025-02-30")
    with pytest.raises(TypeError, match=r"^expected a ModelName, got 'phi-4': parse it first$"):
        mc.catalog.complete("phi-4")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^expected several names, got 'models\.dev': put it into a list$"):
        mc.update(check=True, sources="models.dev")
    assert [*mc.catalog.browse(family="Phi", largest=0)] == [] == [*mc.catalog.search(family="Phi", largest=0)]


@pytest.mark.parametrize(
    "text", ["n" * 300 + "/Qwen3-8B", "Qwen3-8B-" + "n" * 300, "./" + "n" * 300 + "/Qwen3-8B", Path("n" * 300)], ids=["owner", "name", "path", "Path"]
)
def test_names_too_long_for_a_file(text: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of a cache can have such a name, so no copy is there; what is said is what is said of any other."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("MODELCATALOG_HUB", "huggingface")
    with pytest.raises((mc.HubUnreachable, mc.CheckpointNotFound)):
        mc.plan(text)


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container that runs as a user whom nobody knows there is no home folder: nothing lies there, and nothing fails for it."""
    pwd = pytest.importorskip("pwd")

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("HOME", "MODELCATALOG_UPDATES", "MODELCATALOG_PATH", "HF_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "MODELSCOPE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("MODELCATALOG_HUB", "huggingface")
    assert [copy for copy in mc.local() if copy.store != "ollama"] == []
    with pytest.raises(mc.HubUnreachable):
        mc.plan("Qwen3-8B")
    with pytest.raises(mc.CheckpointNotFound, match=r"^there is no file or folder ~/models/Qwen3-8B\n"):
        mc.plan("~/models/Qwen3-8B")
    with pytest.raises(mc.CatalogDataError, match=r"^this user has no home folder to keep it in\n  name a folder in MODELCATALOG_UPDATES$"):
        mc.update(check=True)


def test_paths_as_other_programs_write_them(tiny_folder: Path) -> None:
    """The address of a file is its path, whichever way it is written; a path of Windows is said to be one."""
    weights = mc.plan(tiny_folder).weights
    for address in (tiny_folder.as_uri(), f"file:{tiny_folder.as_posix()}", f"FILE://localhost{tiny_folder.as_posix().replace('-', '%2D')}"):
        assert mc.plan(address).weights == weights
    if sys.platform != "win32":
        for path in ("C:\\models\\Qwen3-8B-Q4_K_M.gguf", "\\\\server\\models\\Qwen3-8B-Q4_K_M.gguf"):
            with pytest.raises(mc.CheckpointNotFound, match="it is a path of Windows: write it as this system has it, with slashes"):
                mc.plan(path)

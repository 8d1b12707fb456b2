"""Tests of the house: imports point one way, heavy packages wait inside functions, every module says what it owns."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from rows import rows

ROOT = Path(__file__).parents[1] / "src" / "modelcatalog"
LAYERS = (
    "errors installing later pausing rows",
    "records patterns",
    "known",
    "columns keeping entries userfolder writing",
    "userdata shipped",
    "reviewing",
    "datafiles",
    "weights show vocabulary",
    "names hubs",
    "catalog",
    "stores updating",
    "planning",
    "engines",
    "chat",
    "cli",
    "__main__",
)
"""The rooms from the bottom. Those of one line do not know one another; what lies in one room may, as far as it makes no circle."""
LATE = {("records.py", "show/html.py")}
"""What looks upwards all the same, inside a function: a record shows itself in a notebook."""
ROOMS = {
    "names": (
        "native",
        "notation calendar roles",
        "grammar",
        "dictionary",
        "words",
        "reading parts",
        "plain",
        "reference",
        "cases",
        "context",
        "refusing",
        "regions",
        "record",
        "__init__",
    ),
    "hubs": ("card files secrets proxies", "paths refusals guard receipts opening", "wire", "hub", "huggingface modelscope", "__init__", "local download"),
    "stores": ("disk gotemplate", "store record parts", "caches modelfile", "folders ollama comparing", "__init__"),
    "engines": (
        "constraints media tools",
        "images sounds",
        "__init__ failing taking",
        "guide prompts sampling text",
        "llama_cpp mlx openai transformers vllm",
    ),
}
"""Rooms whose modules are stages: a line knows itself and those above it in this list."""
HEAVY = {
    "IPython",
    "PIL",
    "accelerate",
    "gguf",
    "huggingface_hub",
    "llama_cpp",
    "mlx",
    "mlx_lm",
    "modelscope",
    "numpy",
    "openai",
    "peft",
    "psutil",
    "requests",
    "safetensors",
    "torch",
    "tqdm",
    "transformers",
    "vllm",
}
MODULES = [str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*.py"))]
NAMES = {"modelcatalog." + name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name for name in MODULES}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def _room(module: str) -> str:
    return module.rpartition("/")[0] or "modelcatalog"


def _imports(tree: ast.AST, *, late: bool, types: bool = False) -> set[str]:
    """Modules that are imported; those inside functions too if ``late``, those for type checkers alone if ``types``."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types:
            found |= set().union(*(_imports(other, late=late) for other in node.orelse), set())
        elif late or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= _imports(node, late=late, types=types)
    return found


def _known(module: str) -> set[str]:
    """The modules of the package that a module imports: at its top, inside functions, and for type checkers."""
    every = _imports(_tree(module), late=True, types=True)
    known = {NAMES.get(name) or NAMES.get(name.rpartition(".")[0]) for name in every if name.startswith("modelcatalog.")}
    return {name for name in known if name not in {None, module, "__init__.py"} and (module, name) not in LATE}


def _floor(name: str, lines: tuple[str, ...]) -> int:
    floor = next((level for level, line in enumerate(lines) if name in line.split()), None)
    assert floor is not None, f"{name} has no place: put it into a line of LAYERS or ROOMS"
    return floor


@rows((_room(module), module, (module,)) for module in MODULES if module != "__init__.py")
def test_imports_point_down(module: str) -> None:
    """A module knows its own room and those below it, and of a room that has stages those before it: types and late imports count."""
    room, _, rest = module.removesuffix(".py").partition("/")
    above = set()
    for name in _known(module):
        other, _, inner = name.removesuffix(".py").partition("/")
        if other != room:
            above |= {name} if _floor(other, LAYERS) >= _floor(room, LAYERS) else set()
        elif room in ROOMS:
            mine, theirs = rest.partition("/")[0], inner.partition("/")[0]
            above |= {name} if _floor(theirs, ROOMS[room]) > _floor(mine, ROOMS[room]) else set()
    assert above == set()


def test_no_circle() -> None:
    """Nowhere does a module come to know itself by way of others, types and late imports included."""
    known = {module: _known(module) for module in MODULES}
    while free := [module for module, others in known.items() if not others & known.keys()]:
        for module in free:
            del known[module]
    assert known == {}


@rows((_room(module), module, (module,)) for module in MODULES)
def test_heavy_packages_wait(module: str) -> None:
    """Packages that take long to import are imported inside the functions that use them."""
    assert {name.partition(".")[0] for name in _imports(_tree(module), late=False)} & HEAVY == set()


@rows((_room(module), module, (module,)) for module in MODULES if not module.endswith("__main__.py"))
def test_every_module_says_what_it_owns(module: str) -> None:
    """The first line of a module is a docstring, and begins with what it owns."""
    first = (ast.get_docstring(_tree(module)) or "").partition("\n")[0]
    assert first.startswith("Owns ")

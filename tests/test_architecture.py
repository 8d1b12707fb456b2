"""Tests of the house: imports point one way, heavy packages wait inside functions, every module says what it owns."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src" / "modelcatalog"
LAYERS = {
    name: level
    for level, names in enumerate(
        (
            "errors pausing",
            "show",
            "records",
            "patterns",
            "columns keeping",
            "entries",
            "datafiles",
            "vocabulary",
            "names",
            "catalog",
            "weights",
            "hubs",
            "planning",
            "engines",
            "chat",
            "cli",
            "__main__",
        )
    )
    for name in names.split()
}
"""Module -> its level, from the bottom; those of one level may import one another."""
ROOMS = {
    f"names/{name}": level
    for level, names in enumerate(
        (
            "notation calendar roles",
            "grammar",
            "dictionary",
            "words",
            "reading reference",
            "cases",
            "context",
            "refusing",
            "regions",
            "record",
            "__init__",
        )
    )
    for name in names.split()
}
"""The same inside of names/."""
HEAVY = {
    "IPython",
    "accelerate",
    "gguf",
    "huggingface_hub",
    "llama_cpp",
    "modelscope",
    "numpy",
    "openai",
    "psutil",
    "requests",
    "safetensors",
    "torch",
    "tqdm",
    "transformers",
    "vllm",
}
MODULES = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


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


@pytest.mark.parametrize("module", [module for module in MODULES if module != "__init__.py"])
def test_imports_point_one_way(module: str) -> None:
    """No module imports from a level above its own, not even late."""
    own = LAYERS[module.removesuffix(".py").partition("/")[0]]
    used = {name.split(".")[1] for name in _imports(MODULES[module], late=True) if name.startswith("modelcatalog.")}
    assert {name for name in used if LAYERS.get(name, 0) > own} == set()


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("names/")])
def test_imports_inside_of_names_point_one_way(module: str) -> None:
    """Each stage of reading a name knows those before it alone, their types too."""
    own = ROOMS["/".join(module.removesuffix(".py").split("/")[:2])]
    used = {name.split(".")[2] for name in _imports(MODULES[module], late=True, types=True) if name.startswith("modelcatalog.names.")}
    assert {name for name in used if ROOMS[f"names/{name}"] > own} == set()


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_wait(module: str) -> None:
    """Packages that take long to import are imported inside the functions that use them."""
    assert {name.partition(".")[0] for name in _imports(MODULES[module], late=False)} & HEAVY == set()


@pytest.mark.parametrize("module", [module for module in MODULES if not module.endswith("__main__.py")])
def test_every_module_says_what_it_owns(module: str) -> None:
    """The first line of a module is a docstring, and begins with what it owns."""
    first = (ast.get_docstring(MODULES[module]) or "").partition("\n")[0]
    assert first.startswith("Owns ")

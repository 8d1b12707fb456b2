"""Owns finding every sentence that the package says, by its sources: texts with holes where values are put in. Knows no language.

A text counts that has two words at least, is not a docstring, and goes to no regular expression and no help text; what is left of
markup, code and commands stands in `NOT_SAID`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HOLE", "every", "of_data"]

ROOT = Path(__file__).parents[1] / "src" / "modelcatalog"
HOLE = re.compile(r"\{([A-Za-z_]\w*)\}")
_WORD = re.compile(r"(?<![\w./<=-])[A-Za-z][a-z]+(?![\w/=>-])")
_OTHERWISE = (
    "cli/browsing.py", "cli/help.py", "cli/translated.py", "cli/words.py", "names/context.py", "names/grammar.py", "names/notation.py",
    "names/roles.py", "patterns.py", "planning/ram.py", "planning/telling.py", "show/bars.py", "show/labels.py", "show/sentences.py", "show/tags.py",
)  # fmt: skip
"""Modules that have their Chinese beside their English, or say nothing."""
NOT_SAID = frozenset({
    # what a record or an object is as Python shows it, styles, and what other programs read
    "<ChatModel {} on {}>", "Version({})", "Callable[..., Any]", "bold red", "bold {}", "other bits", "one of ", "Value error, ", "type packages",
    "types apart",
    "silent files", "{} has no field {}", "<Session of {} messages with {}>",
    "module {} has no attribute {}", "modelcatalog session", "Basic {}", "Bearer {}", "Access to this resource is disabled", "Hugging Face",
    "data:{};base64,{}", "tokenizer.ggml.{}_token_id", "general.base_model.{}.{}", "model.safetensors.index.{}.json", "qzx{}vkj",
    # looked for in templates, answers and sources
    "class {}(",
    "'type': 'text'", '"type": "text"', "'type': '{}'", '"type": "{}"', '"type":"{}"', "chat template", "completions endpoint", "no image", "the name",
    "the text", "ordinary: {}",
    "(enable_thinking is defined)", "(enable_thinking is defined and enable_thinking)", "(not {})",
    "{{ whole(go.system, go.prompt, go.response) }}",
    # said to a model, in English
    "Error: {}: {}", "Error: {}", "Error: the user did not allow this call.", "not allowed", "{} Write the call again, as a valid one.",
    "A further call could not be made: {}",
    # commands and lists of values
    "hf cache rm model/{}", "modelscope clear-cache --model {}", "rm -r {}", "rm {}", "ollama rm {}", "pip install {}", "pip install pillow",
    "pip install numpy", "pip install librosa",
    "pip install jsonschema", "pip install '{}'", "pip install 'modelcatalog[{}]'", "pip install {}{}", "pillow torchvision",
    "modelcatalog {} {}{}", '"cuda:{}" ({})', "{} in {}", "{} or {}",
})  # fmt: skip


@cache
def every() -> dict[str, str]:
    """Every sentence of the sources, its holes as ``{}`` -> the module that says it first."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in _OTHERWISE:
            for text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(text, name)
    return {text: name for text, name in found.items() if text not in NOT_SAID}


def _texts(tree: ast.AST) -> Iterator[str]:
    silent = set(map(id, _silent(tree)))
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text, least = node.value, 2
        elif isinstance(node, ast.JoinedStr):
            text, least = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values), 1
        else:
            continue
        if " " in text.replace("{}", "") and "{%" not in text and len(_WORD.findall(text)) >= least:
            yield text


def _silent(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, regular expressions, help texts, the parts of a text with holes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (part for part in node.values if isinstance(part, ast.Constant))
            formats = [part.format_spec for part in node.values if isinstance(part, ast.FormattedValue) and part.format_spec is not None]
            yield from (inner for spec in formats for inner in ast.walk(spec))
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).startswith(("re.", "later.", "typer.", "getattr", "import_module"))
            or isinstance(node, ast.Subscript)
            and ast.unparse(node.value) == "Literal"
        ):
            yield from ast.walk(node)


@cache
def of_data() -> frozenset[str]:
    """The sentences that data files have for errors and plans."""
    data = ROOT / "data"
    tasks, engines, quantizations = (tomllib.loads((data / f"{name}.toml").read_text(encoding="utf-8")) for name in ("tasks", "engines", "quantizations"))
    found = {task[key] for task in tasks["task"] for key in ("is", "does", "use")}
    for engine in engines["engine"]:
        found |= {engine.get("why", ""), engine.get("better", ""), *(text for pair in engine.get("refuses", {}).values() for text in pair)}
    found |= {*tasks["gguf"].values(), *(entry["config"] for entry in quantizations["packed"] if "config" in entry)}
    found |= {entry[key] for entry in quantizations["running"].values() for key in ("why", "slower") if key in entry}
    return frozenset(text for text in found if " " in text and _WORD.search(re.sub('"[^"]*"', "", text)))

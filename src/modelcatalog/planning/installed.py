"""Owns what the installed transformers says of itself: its version, its model types, the classes of each task.

Reads its tables as text, because importing them would import torch. A table that is not found is None: then nothing
is known, and nothing may be concluded. Read on 5.3, 5.23 and 5.24.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later, vocabulary
from modelcatalog.planning import packages, runs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CHATTING", "Tables", "defaults", "folder", "gguf_architectures", "ignored", "lineage", "loaded_class", "modeling", "names_tokenizer", "stretches",
    "tables", "tied", "tokenizers", "torch_built", "version",
]  # fmt: skip

_HEAD = later.pattern(r"^(\w+_NAMES)\b[^=\n]*=\s*\w+[^\n(]*\(", re.MULTILINE)
_ENTRY = later.pattern(r'\(\s*"([\w.-]+)",\s*(?:"(\w+)"|\(([^()]*)\)|\[([^\[\]]*)\])')
_KEY = later.pattern(r'\(\s*"([\w.-]+)",|\{\s*"([\w.-]+)":|^\s+"([\w.-]+)":', re.MULTILINE)
_BUILT = later.pattern(r"^(cuda|hip|xpu)(?:: [^=\n]+)? = (.+)$", re.MULTILINE)
_CLASS = later.pattern(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)
_IGNORED = later.pattern(r"^    _keys_to_ignore_on_load_unexpected = (\[[^\]]*\]|\{[^}]*\})", re.MULTILINE)
_ROPES = later.pattern(r"^ROPE_INIT_FUNCTIONS\b[^{]*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
_WORD = later.pattern(r'"(\w+)"')
CHATTING = ("MODEL_FOR_CAUSAL_LM", "MODEL_FOR_IMAGE_TEXT_TO_TEXT", "MODEL_FOR_MULTIMODAL_LM")
"""The tables of the classes that the transformers engine loads, the one that it prefers for text alone first."""


class Tables(NamedTuple):
    """What is in ``models/auto``."""

    types: frozenset[str]
    """Every ``model_type``."""
    chatting: dict[str, tuple[str, ...]]
    """model_type -> the classes that can hold a conversation."""
    tasks: dict[str, tuple[str, ...]]
    """class -> the tables that it stands in: ``MODEL_FOR_MASKED_LM``, ``MODEL`` for a model without a head."""
    kinds: dict[str, frozenset[str]]
    """table -> its model types."""

    @property
    def chat_classes(self) -> frozenset[str]:
        """The classes that can hold a conversation, whatever their model type."""
        return frozenset(name for names in self.chatting.values() for name in names)


def version() -> str | None:
    """The version of the installed transformers; None where there is none.

    >>> version() is None or version()[0].isdigit()
    True
    """
    return packages.installed(runs.library()) or None


def folder() -> Path | None:
    """Where the installed transformers lies."""
    spec = find_spec(runs.library())
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def tables() -> Tables | None:
    """The tables of the installed transformers; None where it is not installed, or has them in another form."""
    place = folder()
    return None if place is None else read(place)


@cache
def read(place: Path) -> Tables | None:
    """The tables of the transformers that lies in a folder."""
    auto = place / "models" / "auto"
    text = _text(auto / "modeling_auto.py")
    heads = list(_HEAD.finditer(text))
    if not heads:
        return None
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for head, end in zip(heads, [*(one.start() for one in heads[1:]), len(text)], strict=True):
        entries = _ENTRY.finditer(text, head.end(), end)
        found[head[1].removesuffix("_MAPPING_NAMES")] = {e[1]: (e[2],) if e[2] else tuple(_WORD.findall(e[3] or e[4] or "")) for e in entries}
    # From 5.4 on, the types stand in a file of their own, and some are added afterwards.
    types = frozenset().union(*(_keys(_text(auto / file), "CONFIG_MAPPING_NAMES") for file in ("auto_mappings.py", "configuration_auto.py")))
    chatting: dict[str, tuple[str, ...]] = {}
    for table in CHATTING:
        for kind, names in found.get(table, {}).items():
            if kind not in vocabulary.types_apart():
                chatting[kind] = (*chatting.get(kind, ()), *names)
    if not types or not all(found.get(table) for table in CHATTING):
        return None
    tasks: dict[str, tuple[str, ...]] = {}
    for table, entries_of in found.items():
        for name in {name for names in entries_of.values() for name in names}:
            tasks[name] = (*tasks.get(name, ()), table)
    # A type with a class is a type, wherever it was written down.
    types = types.union(*(entries_of for entries_of in found.values()))
    return Tables(types, chatting, tasks, {table: frozenset(entries_of) for table, entries_of in found.items()})


def _keys(text: str, table: str) -> frozenset[str]:
    """The keys of a table, and of what is added to it."""
    keys: set[str] = set()
    for start in re.finditer(rf"^{table}\b[^\n]*", text, re.MULTILINE):
        end = re.compile(r"^[)}]", re.MULTILINE).search(text, start.end())
        stop = end.start() if end and "\n" in text[start.end() : start.end() + 1] and start[0].rstrip().endswith(("(", "{")) else start.end()
        keys |= {next(group for group in entry.groups() if group) for entry in _KEY.finditer(text, start.start(), stop)}
    return frozenset(keys)


@cache
def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def tokenizers() -> frozenset[str] | None:
    """The model types for which transformers has a tokenizer of its own; None where that is not known."""
    place = folder()
    if place is None:
        return None
    text = _text(place / "models" / "auto" / "tokenization_auto.py")
    return _keys(text, "TOKENIZER_MAPPING_NAMES") | _words_of(text, "MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS") or None


def names_tokenizer(name: str) -> bool:
    """Whether transformers has a tokenizer class of this name, as far as its table says."""
    place = folder()
    return bool(name) and place is not None and f'"{name}"' in _text(place / "models" / "auto" / "tokenization_auto.py")


@cache
def stretches(way: str) -> bool | None:
    """Whether a way of stretching positions (``rope_type``) is known, for all models or in one's own module; None where nothing can be read."""
    place = folder()
    text = _text(place / "modeling_rope_utils.py") if place is not None else ""
    table = _ROPES.search(text)
    if place is None or table is None:
        return None
    if way == "default" or way in _WORD.findall(table[1]):
        return True
    quoted = f'"{way}"'
    return any(quoted in _text(file) for part in ("configuration", "modeling") for file in place.glob(f"models/*/{part}_*.py"))


def tied(kind: str) -> bool | None:
    """Whether the input and output embeddings of a model type are one, where ``config.json`` does not say; None is unknown."""
    place = folder()
    if place is None or not re.fullmatch(r"\w+", kind):
        return None
    text = _text(place / "models" / kind / f"configuration_{kind}.py")
    said = set(re.findall(r"^ +tie_word_embeddings(?:: [\w |]+)? = (True|False)|^ +tie_word_embeddings=(True|False)", text, re.MULTILINE))
    words = {first or second for first, second in said}
    return words == {"True"} if len(words) == 1 else None


def defaults(kind: str) -> Mapping[str, object]:
    """What the configuration class of a model type has for keys that ``config.json`` leaves out; empty where there is no such class.

    >>> defaults("no_such_type")
    {}
    """
    place = folder()
    return {} if place is None or not re.fullmatch(r"[\w-]+", kind) else _defaults(place, kind)


@cache
def _defaults(place: Path, kind: str) -> dict[str, object]:
    words = kind.replace("-", "_").split("_")
    # The class of gemma3_text stands in the file of gemma3, that of openai-gpt in openai's.
    for many in range(len(words), 0, -1):
        name = "_".join(words[:many])
        text = _text(place / "models" / name / f"configuration_{name}.py")
        if f'"{kind}"' in text:
            try:
                found = [one for one in ast.parse(text).body if isinstance(one, ast.ClassDef) and _values(one).get("model_type") == kind]
            except (SyntaxError, ValueError):
                return {}
            return _values(found[0]) if found else {}
    return {}


def _values(one: ast.ClassDef) -> dict[str, object]:
    """The plain values in a class: of its fields, and of the arguments of its ``__init__``."""
    pairs: list[tuple[str, ast.expr]] = []
    for line in one.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None:
            pairs.append((line.target.id, line.value))
        elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            pairs.append((line.targets[0].id, line.value))
        elif isinstance(line, ast.FunctionDef) and line.name == "__init__":
            args = line.args.args
            pairs += zip((arg.arg for arg in args[len(args) - len(line.args.defaults) :]), line.args.defaults, strict=True)
    found: dict[str, object] = {}
    for name, value in pairs:
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:
            continue
    return found


def modeling(kind: str) -> str | None:
    """The file with the classes of a model type, as text; None where there is none."""
    place = folder()
    if place is None or not re.fullmatch(r"[\w-]+", kind):
        return None
    # GGUF writes qwen3moe for qwen3_moe; a text half has its file in the folder of the whole (gemma3_text).
    names = (kind, re.sub(r"(?<=\d)moe$", "_moe", kind), kind.removesuffix("_text"))
    return next((text for name in names if (text := _text(place / "models" / name / f"modeling_{name}.py"))), None)


def lineage(text: str, start: str) -> list[str]:
    """The class of a name in a file and those that it is made of there, as texts, the nearest first; empty where it is not there."""
    heads = list(_CLASS.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)][: len(heads)]
    bodies = {head[1]: text[head.start() : end] for head, end in zip(heads, ends, strict=True)}
    bases = {head[1]: [word.strip() for word in head[2].split(",")] for head in heads}
    queue, found = [start], dict[str, str]()
    while queue:
        one = queue.pop(0)
        if one in bodies and one not in found:
            found[one] = bodies[one]
            queue += bases[one]
    return list(found.values())


def loaded_class(kind: str, stated: str | None, *, whole: bool) -> tuple[str | None, bool]:
    """The class that is loaded for a conversation, and whether it is the language model alone.

    Args:
        kind: The model type.
        stated: The class that ``config.json`` names.
        whole: Whether the model is to read images or sound.
    """
    known = tables()
    names = known.chatting.get(kind, ()) if known is not None else ()
    if known is None or not names:
        return stated, False
    alone = not whole and kind in known.kinds.get(CHATTING[0], ())
    name = names[0] if alone else names[-1]
    return name, alone and not name.endswith("ForConditionalGeneration")


def ignored(kind: str, name: str) -> tuple[str, ...]:
    """Patterns of names of tensors that a class leaves in its files without a word: mostly layers that guess further tokens.

    The nearest class that has such a list counts, as in Python.
    """
    for body in lineage(modeling(kind) or "", name):
        if (stated := _IGNORED.search(body)) is not None:
            try:
                return tuple(one for one in ast.literal_eval(stated[1]) if isinstance(one, str) and _compiles(one))
            except (ValueError, SyntaxError):
                return ()
    return ()


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def torch_built() -> dict[str, bool]:
    """What the installed torch was built for (cuda, hip, xpu), by its version file; empty where that is not known."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return {}
    return {name: value.strip() != "None" for name, value in _BUILT.findall(_text(Path(spec.origin).with_name("version.py")))}


def _words_of(text: str, table: str) -> frozenset[str]:
    found = re.search(rf"^{table}\b[^\n]*\{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return frozenset(re.findall(r'"([\w.-]+)"', found[1])) if found else frozenset()


_UNREAD = {"gpt_oss": r"_projs\.weight$"}
"""Architectures that releases list and cannot read, by what their loader has: it looks for experts under names that no file of llama.cpp has."""


def gguf_architectures() -> frozenset[str] | None:
    """The architectures of GGUF files that transformers reads, by transformers' spelling; None where that is not known."""
    place = folder()
    if place is None:
        return None
    text = _text(place / "integrations" / "ggml.py")
    found = re.search(r"^GGUF_CONFIG_MAPPING = \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    names = re.findall(r'^    "([\w.-]+)":', found[1], re.MULTILINE) if found else []
    newer = _text(place / "integrations" / "gguf" / "gguf_config_mapping.py")
    names += _words_of(newer, "GGUF_CONFIG_ARCHS") if newer else []
    loader = _text(place / "modeling_gguf_pytorch_utils.py")
    unread = {name for name, mark in _UNREAD.items() if mark in loader}
    return frozenset(names) - {"general", "tokenizer"} - unread or None

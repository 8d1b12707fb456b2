"""Owns which engine runs the files of a checkpoint, and what it would refuse of them. Names and imports no engine."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import later
from modelcatalog.errors import Unsupported
from modelcatalog.planning import installed, packages, runs
from modelcatalog.planning.adapter import Adapter
from modelcatalog.planning.packages import absent
from modelcatalog.planning.runs import ENGINES, Engine, Knows, use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.machine import Gpu
    from modelcatalog.planning.request import Request

__all__ = ["Chosen", "cards_of", "check_model", "choose", "form_of", "has_module", "uses_gpus"]

_TITLES = {"gguf": "GGUF files"}
_TABLE = later.pattern(r"^(\w+)(?:: [^\n=]+)? = (?:\{|Literal\[)(.*?)^[}\]]", re.MULTILINE | re.DOTALL)
_KEY = later.pattern(r'^    "([\w.-]+)"[:,]', re.MULTILINE)
_ANY = "*"


class Chosen(NamedTuple):
    """The engine of a plan."""

    engine: Engine
    reason: str
    """Why it is this one; empty where the caller said so or there is no other."""


def form_of(form: str, facts: Facts) -> str:
    """The format of weights as engines tell them apart: a method of packing them in safetensors may be one of its own."""
    method = facts.quantization or form
    return method if runs.reading(method) else form


def choose(request: Request, *, form: str, cards: Sequence[Gpu], subject: str, named: str | None = None) -> Chosen:
    """The engine for files of a format: the default one, unless another is better for them, installed, and can use the GPU there is.

    Args:
        request: What the caller asked for.
        form: ``gguf``, ``safetensors`` or ``mlx``.
        cards: The GPUs that the weights would go to.
        subject: The name, for messages.
        named: The format that the name says.

    Raises:
        Unsupported: it does not read these files, or can do nothing with what was asked for.
    """
    chosen = Chosen(ENGINES[request.engine], ENGINES[request.engine].why) if request.engine is not None else _best(request, form, cards, named)
    engine = chosen.engine
    if form not in engine.formats:
        reads = " and ".join(_TITLES.get(one, one) for one in engine.formats)
        message = f"{engine.name} reads {reads}, and {subject} is {form}"
        hint = f"take a repository of it in {' or '.join(engine.formats)}, or {use(*runs.reading(form))}"
        raise Unsupported(message, subject=subject, hint=hint)
    given = request.given()
    for key, (why, instead) in engine.refuses.items():
        if key in given:
            message = f"{key}={given[key]!r} is not for {engine.name}: {why}"
            others = [one for one in runs.reading(form) if key not in one.refuses]
            raise Unsupported(message, subject=subject, hint=f"{instead}, or {use(*others)}" if others else instead)
    kind, _, number = str(request.device or "").partition(":")
    if number not in {"", "0"} and not engine.picks:
        message = f"device={request.device!r} is one of several, and {engine.name} takes the first that it sees"
        hint = f'have it see that one alone (CUDA_VISIBLE_DEVICES={number}, before Python starts), and pass device="{kind}"'
        raise Unsupported(message, subject=subject, hint=hint)
    if isinstance(request.adapter, Adapter):
        _check_adapter(engine, request.adapter, form, subject=subject)
    for key in request.engine_options or ():
        if _ANY not in engine.options and key not in engine.options:
            taking = [one for one in ENGINES.values() if _ANY in one.options or key in one.options]
            message = f"{engine.name} takes no engine option: {key}"
            hint = f"it takes {', '.join(engine.options)}" if engine.options else f"leave engine_options= out, or use {use(*taking)}"
            raise Unsupported(message, subject=subject, hint=hint)
    return chosen


def _check_adapter(engine: Engine, adapter: Adapter, form: str, *, subject: str) -> None:
    """Refuse an adapter that the engine does not put onto a model."""
    taking = [one for one in runs.reading(form) if adapter.format in one.adapters and not (one.adapters_plain and _more(adapter))]
    other = use(*taking) if taking else "merge it into its base with peft"
    if adapter.format not in engine.adapters:
        reads = " and ".join(_TITLES.get(one, one) for one in engine.adapters)
        message = f"{engine.name} reads adapters in {reads}, and {adapter.name} is {_TITLES.get(adapter.format, adapter.format)}"
        message = message if reads else f"{engine.name} takes no adapters here, and {adapter.name} is one"
        convert = "convert it with llama.cpp's convert_lora_to_gguf.py, or " if "gguf" in engine.adapters else ""
        onto = (
            f"{convert}{other}"
            if adapter.format != "gguf"
            else f"put it onto a GGUF file of its base, with {use(*(one for one in ENGINES.values() if adapter.format in one.adapters))}"
        )
        raise Unsupported(message, subject=subject, hint=onto)
    if engine.adapters_plain and (more := _more(adapter)):
        message = f"{engine.name} takes the matrices of an adapter alone, and {adapter.name} {more}"
        raise Unsupported(message, subject=subject, hint=other)


def _more(adapter: Adapter) -> str:
    """What an adapter has beside plain matrices."""
    lora = adapter.lora
    if lora.kind != "LoRA":
        return f"is {lora.kind}"
    return f"brings whole tensors too: {', '.join(lora.beside[:2])}" if lora.beside else ""


def _best(request: Request, form: str, cards: Sequence[Gpu], named: str | None) -> Chosen:
    # Some formats have one engine alone, which is then named with the line that installs it.
    usual = runs.default() if form in runs.default().formats else runs.reading(form)[0]
    for one in ENGINES.values():
        if isinstance(request.adapter, Adapter) and request.adapter.format not in one.adapters:
            continue
        wanted = form in one.preferred_for or (named in one.preferred_for and form in one.formats)
        here = bool(cards) and one.preferred_with.get(form) == cards[0].device
        if not (wanted or here) or absent(one.requires(form)) or one.refuses.keys() & request.given().keys():
            continue
        if cards and not uses_gpus(one) and usual is not one:
            return Chosen(usual, f"{usual.name}: the installed {one.name} was compiled without support for GPUs")
        return Chosen(one, f"{one.name}: {one.why}, {one.better}")
    return Chosen(usual, usual.why)


def uses_gpus(engine: Engine) -> bool:
    """Whether the installed engine was made for GPUs, as far as it shows."""
    if engine.gpu is None:
        return True
    if engine.gpu.distributions:
        return any(packages.installed(name) is not None for name in engine.gpu.distributions)
    spec = find_spec(engine.gpu.package)
    if spec is None or spec.origin is None:
        return False
    names = (file.name for file in Path(spec.origin).parent.glob(engine.gpu.files))
    return any(kind in name for name in names for kind in engine.gpu.kinds)


def cards_of(engine: Engine, cards: Sequence[Gpu], options: Mapping[str, object]) -> tuple[Gpu, ...]:
    """The GPUs that the engine spreads the weights over: all, or as many as its options say."""
    if not engine.cards:
        return tuple(cards)
    count = 1
    for key in engine.cards:
        size = options.get(key, 1)
        count *= size if isinstance(size, int) else 1
    return tuple(cards[:count])


# What an engine knows, by its own tables -------------------------------------------------------


def check_model(engine: Engine, facts: Facts, *, folder: str, trusted: bool, subject: str) -> None:
    """Refuse a checkpoint that the installed engine has no class for, or in a quantization that it does not read.

    Nothing is refused where it is not installed, or has its tables in another form.

    Raises:
        Unsupported: if loading is certain to fail.
    """
    if folder and not engine.subfolders:
        message = f"{engine.name} reads a checkpoint from its own folder, and that of {subject} is {folder}"
        others = [one for one in ENGINES.values() if one.subfolders]
        raise Unsupported(message, subject=subject, hint=f"give that folder as a path, or take {use(*others)}")
    _check_names(engine, facts, subject=subject)
    place = None if engine.knows is None else _place(engine.knows.package)
    if engine.knows is None or place is None or _added_to(engine.knows):
        return
    have = f"{engine.name} {packages.installed(engine.knows.package) or ''}".strip()
    table = engine.knows.quantization_table
    methods = _tables(place / engine.knows.quantizations).get(table) if table else frozenset({""})
    if facts.quantization in engine.knows.unread and methods and facts.quantization not in methods:
        message = f"{have} reads no weights in {facts.quantization}"
        others = [one for one in runs.reading("safetensors") if one.name != engine.name]
        raise Unsupported(message, subject=subject, hint=f"take another quantization of {subject}, or {use(*others)}")
    if engine.knows.models:
        _check_type(engine.knows, place, facts, have=have, engine=engine, subject=subject)
        return
    tables = _tables(place / engine.knows.architectures)
    gone = {name for table in engine.knows.gone for name in tables.get(table, ())}
    known = {name for table, names in tables.items() if table not in engine.knows.gone for name in names}
    if not known or not facts.architectures or known & set(facts.architectures) or (trusted and facts.auto_classes):
        return
    # What it has no class for, it runs with one of the library's that can hold a conversation.
    classes = installed.tables()
    if classes is None or set(facts.architectures) & classes.chat_classes:
        return
    said = "has no class of its own any more" if gone & set(facts.architectures) else "does not know the architecture"
    message = f"{have} {said}: {facts.architectures[0]}, which {subject} has"
    hint = f"take another version of {engine.name}, or a server that runs it ({use(runs.server())})"
    raise Unsupported(message, subject=subject, hint=hint)


def _check_names(engine: Engine, facts: Facts, *, subject: str) -> None:
    """Refuse a GGUF file whose architecture the installed library has no name for."""
    kind = facts.architecture
    place = None if engine.names is None or facts.quantization != "gguf" or not kind else _place(engine.names.package)
    if engine.names is None or place is None or kind is None:
        return
    library = next(iter(sorted(place.glob(engine.names.files))), None)
    if library is None or _has(library, kind):
        return
    message = f"the installed {engine.name} does not know the architecture {kind}, which the GGUF file of {subject} has"
    others = [one for one in runs.reading("gguf") if one.name != engine.name]
    hint = f"Ollama may have it in a form of its own: take a GGUF file made for {engine.name}, a newer {engine.name}, or {use(*others)}"
    raise Unsupported(message, subject=subject, hint=hint)


@cache
def _has(library: Path, name: str) -> bool:
    """Whether a library has a name as a text; one that cannot be read is taken to have it."""
    try:
        return name.encode() + b"\0" in library.read_bytes()
    except OSError:
        return True


def _check_type(knows: Knows, place: Path, facts: Facts, *, have: str, engine: Engine, subject: str) -> None:
    """Refuse a type of model that has no module of its own in the installed engine, nor the module of another type."""
    kind = facts.model_type
    if kind is None or not (place / knows.models).is_dir() or _has_module(knows, place, kind):
        return
    message = f"{have} does not know the model type {kind}, which {subject} has"
    others = [one for one in runs.reading("safetensors") if one.name != engine.name]
    raise Unsupported(message, subject=subject, hint=f"take another version of {engine.name}, or {use(*others, runs.server())}")


def has_module(engine: Engine, facts: Facts) -> bool:
    """Whether the installed engine has a module of its own for a type of model, so that no code from the repository is needed."""
    place = None if engine.knows is None or not engine.knows.models else _place(engine.knows.package)
    return engine.knows is not None and place is not None and facts.model_type is not None and _has_module(engine.knows, place, facts.model_type)


def _has_module(knows: Knows, place: Path, kind: str) -> bool:
    file, table = knows.renamed
    return kind in _tables(place / file).get(table, ()) or (kind.isidentifier() and (place / knows.models / f"{kind}.py").is_file())


def _added_to(knows: Knows) -> bool:
    """Whether another package adds to what an engine knows; its own entry points do not count."""
    if not knows.plugins:
        return False
    from importlib import metadata  # takes as long as a plan

    added = metadata.entry_points(group=knows.plugins)
    return any(not one.value.startswith(f"{knows.package}.") for one in added)


def _place(package: str) -> Path | None:
    """Where an installed package lies."""
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


@cache
def _tables(file: Path) -> Mapping[str, frozenset[str]]:
    """The tables of a module: dictionaries by their keys, and literal types by their words."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return {found[1]: frozenset(_KEY.findall(found[2])) for found in _TABLE.finditer(text)}

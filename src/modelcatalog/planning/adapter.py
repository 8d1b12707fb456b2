"""Owns what a LoRA adapter is: its files, and what its configuration and the header of its weights say. Looks for none, knows no base.

The words of its files stand in data/adapters.toml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping  # noqa: TC003  read when the file is held against its form
from math import prod
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeGuard

from pydantic import Field, JsonValue

from modelcatalog import later
from modelcatalog.errors import CheckpointNotFound, IntegrityError, UnsafeRepository, Unsupported
from modelcatalog.hubs import Listing, RemoteFile
from modelcatalog.hubs.files import COMPANIONS
from modelcatalog.planning.figures import Record
from modelcatalog.shipped import DataFile
from modelcatalog.weights.content import json_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelcatalog.weights.gguf import GgufHeader
    from modelcatalog.weights.safetensors import SafetensorsHeader

__all__ = [
    "MERGES",
    "Adapter",
    "Lora",
    "Matrix",
    "files_of",
    "from_config",
    "from_gguf",
    "holds",
    "is_adapter",
    "layer",
    "matrices",
    "own_tokenizer",
    "tail",
    "weighs",
    "words",
]

MERGES = "merge_adapter"
"""The engine option by which an adapter becomes part of the weights."""
_LONGEST_BASE = 1000
_LARGEST = 1e30
_TAIL = later.pattern(r"(?:^|\.)((?:layers|h|blocks|layer)\.\d+\..+)$")
_LAYER = later.pattern(r"(?:^|\.)(?:layers|h|blocks|layer|blk)\.(\d+)\.")
_PREFIX = "base_model.model."
_INSIDE = later.pattern(r"\)[*+{]")
_MOST_REPEATS = 2
_VOCABULARIES = ("tokenizer.json", "tekken.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model")
_LARGEST_BESIDE = 100_000_000
_EMBEDDINGS = ("embed_tokens", "lm_head", "wte", "word_embeddings", "embed_in", "embed_out")
_GGUF_SUFFIX = later.pattern(r"\.lora_([ab])$")


class _Begun(NamedTuple):
    changing: tuple[str, ...]
    remedy: str


class _Words(NamedTuple):
    config: str
    weights: str
    pickles: tuple[str, ...]
    type: str
    task: str
    matrices: tuple[str, ...]
    known: tuple[str, ...]
    foreign: Mapping[str, str]
    fields: Mapping[str, str]
    begun: _Begun


words = DataFile("adapters.toml", _Words, _Begun)


class Matrix(NamedTuple):
    """What an adapter adds to one matrix of its base."""

    rank: int
    columns: int
    """Numbers that go in; 0 where the header does not tell."""
    rows: int
    """Numbers that come out."""


class Lora(Record):
    """How it changes its base."""

    kind: Literal["LoRA", "DoRA"] = "LoRA"
    rank: int | None = None
    """The largest rank of its matrices."""
    alpha: float | None = None
    matrices: dict[str, tuple[int, int]] = Field(default_factory=dict, repr=False)
    """The matrices of the base that it changes, by their names there: numbers that go in, and that come out."""
    modules: int = 0
    """How many those are."""
    parameters: int = 0
    fields: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    """The fields of adapter_config.json that loading needs."""
    unknown: tuple[str, ...] = ()
    """Fields of it that mean something which is not known here."""
    everywhere: bool = False
    """It says that it changes every layer that has such matrices."""
    beside: tuple[str, ...] = ()
    """Whole tensors that it brings in place of the base's: ``embed_tokens``, ``lm_head``, biases."""
    tokens: int | None = None
    """Tokens of its own embeddings, where it brings them."""


class Adapter(Record):
    """A LoRA adapter that a plan puts onto its base."""

    name: str
    """The text that named it."""
    source: str
    """``local path``, a hub's name and ``cache``, or a hub's name."""
    hub: str | None = None
    endpoint: str | None = None
    repo_id: str | None = None
    revision: str | None = None
    commit: str | None = None
    path: str | None = None
    """The folder its files lie in, when they are on this disk already."""
    folder: str = ""
    """The subfolder that its files lie in, with its slash."""
    format: Literal["safetensors", "gguf"] = "safetensors"
    files: tuple[RemoteFile, ...]
    """Its weights first."""
    base: str | None = None
    """The model that it was trained on, as its files say."""
    base_revision: str | None = None
    lora: Lora
    tokenizer: bool = False
    """Whether a tokenizer of its own lies beside it."""
    chat_template: bool = False
    """Whether a chat template of its own lies beside it."""
    disk: int = 0
    """What of it is still to be downloaded, in bytes."""

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(file.size for file in self.files)

    @property
    def title(self) -> str:
        """What it is and where it lies."""
        where = f"{self.path}" if self.path else f"{self.repo_id}{f'@{self.commit[:12]}' if self.commit else ''}"
        if self.path and (self.format == "gguf" or self.folder):
            where = f"{where}/{self.files[0].path}" if self.format == "gguf" else f"{where}/{self.folder.rstrip('/')}"
        return f"{self.source}: {where}"

    def listing(self) -> Listing:
        """What the hub listed of it; for one with a hub."""
        if self.hub is None or self.repo_id is None:
            message = "an adapter on this disk has no listing"
            raise ValueError(message)
        revision = self.revision or self.commit or ""
        return Listing(hub=self.hub, endpoint=self.endpoint or "", repo_id=self.repo_id, revision=revision, commit=self.commit, files=self.files)


# Files ---------------------------------------------------------------------------------------


def holds(files: Iterable[RemoteFile], *, model: bool) -> bool:
    """Whether these are an adapter's files: its configuration is among them, and no model's with its weights.

    Args:
        files: Everything that is there.
        model: Whether there are weights that may be a model's.
    """
    names = {f.path for f in files}
    return words().config in names and not (model and "config.json" in names)


def weighs(path: str) -> bool:
    """Whether a file is the weights of an adapter, by its name.

    >>> weighs("checkpoint-500/adapter_model.safetensors")
    True
    """
    return PurePosixPath(path).name == words().weights


def files_of(files: Sequence[RemoteFile], *, subject: str, folder: str = "") -> tuple[tuple[RemoteFile, ...], tuple[RemoteFile, ...]]:
    """The weights of an adapter, and what stands beside them.

    Args:
        files: Everything that is there.
        subject: The repository or folder, for messages.
        folder: The subfolder to look into, with its slash.

    Raises:
        UnsafeRepository: its weights are a pickle, which runs code when it is read.
        Unsupported: they are another program's.
        CheckpointNotFound: there are none.
    """
    here = {f.path.removeprefix(folder): f for f in files if f.path.startswith(folder)}
    weights = here.get(words().weights)
    if weights is None:
        raise _no_weights(here, subject)
    beside = tuple(
        f for path, f in here.items() if "/" not in path and path.endswith(COMPANIONS) and f.size <= _LARGEST_BESIDE and path != "trainer_state.json"
    )
    return (weights,), beside


def _no_weights(here: Mapping[str, RemoteFile], subject: str) -> Exception:
    said = words()
    for pickle in said.pickles:
        if pickle in here:
            message = f"{subject} has its adapter only as a pickle ({pickle}), which runs code when it is read"
            return UnsafeRepository(message, subject=subject, hint="load it where you trust it, and save it again with peft: it writes safetensors")
    for file, program in said.foreign.items():
        if file in here:
            message = f"{subject} is an adapter in {program}'s own form ({file}), which is not loaded here"
            return Unsupported(message, subject=subject, hint=f"fuse it with its base in {program}, and load the folder that this makes")
    message = f"{subject} has an {said.config} and no {said.weights}"
    return CheckpointNotFound(message, subject=subject, hint="give the folder that peft's save_pretrained wrote")


def is_adapter(header: GgufHeader) -> bool:
    """Whether a GGUF file is an adapter and no model."""
    return header.metadata.get("general.type") == "adapter"


# What they say -------------------------------------------------------------------------------


def from_config(text: bytes, header: SafetensorsHeader, *, subject: str) -> tuple[Lora, str | None, str | None]:
    """What an adapter of PEFT says: how it changes its base, the base's name, and its revision.

    Raises:
        Unsupported: it is an adapter of another kind, or has a part that is not loaded here.
        IntegrityError: its files contradict each other.
    """
    said = words()
    config = json_object(text, name=said.config, subject=subject)
    _check_kind(config, subject=subject)
    found, beside = matrices(header)
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not found and not config.get("target_parameters"):
        message = f"{said.weights} of {subject} holds no matrices of LoRA"
        raise IntegrityError(message, subject=subject, hint="fetch it again, or from whoever trained it")
    if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1 or not _finite(alpha):
        message = f"{said.config} of {subject} gives the rank {rank!r} and lora_alpha {alpha!r}, which are not numbers"
        raise IntegrityError(message, subject=subject, hint="fetch it again, or from whoever trained it")
    _check_rank(config, found, rank, subject=subject)
    # Of embeddings that it changes too, peft saves the whole tensor as that of the layer inside.
    whole = {name.removesuffix(".weight").removesuffix(".base_layer"): shape[0] for name, shape in header.shapes.items() if name.endswith(".weight")}
    rows = [many for module, many in whole.items() if module.endswith(_EMBEDDINGS)]
    lora = Lora(
        kind="DoRA" if config.get("use_dora") else "LoRA",
        rank=max((one.rank for one in found.values()), default=rank),
        alpha=float(alpha),
        matrices={module: (one.columns, one.rows) for module, one in found.items() if one.columns and one.rows},
        modules=len(found),
        parameters=sum(header.counts.values()),
        fields=_fields(config),
        unknown=tuple(sorted(key for key, value in config.items() if value and key not in said.known and key not in said.fields)),
        everywhere=isinstance(config.get("target_modules"), list) and not config.get("layers_to_transform") and not config.get("exclude_modules"),
        beside=beside,
        tokens=max(rows, default=None),
    )
    base, revision = config.get("base_model_name_or_path"), config.get("revision")
    named = isinstance(base, str) and 0 < len(base) < _LONGEST_BASE and base.isprintable()
    return lora, str(base) if named else None, revision if isinstance(revision, str) and revision else None


def _finite(value: object) -> TypeGuard[float]:
    """Whether it is a number that can be computed with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


_FIELDS = (
    "r", "lora_alpha", "target_modules", "target_parameters", "modules_to_save", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "bias",
    "lora_bias", "fan_in_fan_out", "trainable_token_indices",
)  # fmt: skip


def _fields(config: Mapping[str, Any]) -> dict[str, JsonValue]:
    # 0 is a strength, and no absent one.
    return {key: value for key in _FIELDS if (value := config.get(key)) is not None and value is not False and value not in ([], {}, "none")}


def _check_kind(config: Mapping[str, Any], *, subject: str) -> None:
    said, kind = words(), config.get("peft_type")
    merge = "merge it into its base with peft (merge_and_unload, then save_pretrained), and load the folder that this makes"
    if kind != said.type:
        what = f"an adapter of the type {kind}" if isinstance(kind, str) else "an adapter of no type that its configuration names"
        message = f"{subject} is {what}, and LoRA is what is loaded here"
        raise Unsupported(message, subject=subject, hint=merge)
    task = config.get("task_type")
    if isinstance(task, str) and task != said.task:
        message = f"{subject} is an adapter for {task}, and does not chat"
        raise Unsupported(message, subject=subject, hint=f"load one that was trained for {said.task}")
    for field, why in said.fields.items():
        if config.get(field):
            message = f"{subject} is an adapter that {why}: {field} in {said.config}"
            raise Unsupported(message, subject=subject, hint=merge)
    begun = config.get("init_lora_weights")
    if isinstance(begun, str) and begun.lower().startswith(said.begun.changing):
        message = f"{subject} was begun with init_lora_weights={begun!r}, which changed the weights of its base"
        raise Unsupported(message, subject=subject, hint=said.begun.remedy)
    for field in ("rank_pattern", "alpha_pattern"):
        patterns = config.get(field) or {}
        if not isinstance(patterns, dict):
            message = f"{field} in {said.config} of {subject} is not a table of modules"
            raise IntegrityError(message, subject=subject, hint="fetch it again, or from whoever trained it")
        for key in patterns:
            if _INSIDE.search(str(key)) or sum(map(str(key).count, "*+{")) > _MOST_REPEATS:
                message = f"{field} of {subject} holds a pattern that may run for ever: {str(key)[:80]!r}"
                raise Unsupported(message, subject=subject, hint="write the names of the modules there")


def matrices(header: SafetensorsHeader) -> tuple[dict[str, Matrix], tuple[str, ...]]:
    """What an adapter's weights change, by the names that its base had while it was trained; and what else is among them."""
    sides: dict[str, dict[str, tuple[int, ...]]] = {}
    beside: list[str] = []
    for name, shape in header.shapes.items():
        parts = name.removeprefix(_PREFIX).split(".")
        at = next((number for number, part in enumerate(parts) if part in words().matrices), None)
        if at is None:
            beside.append(name.removeprefix(_PREFIX).removesuffix(".weight"))
        else:
            sides.setdefault(".".join(parts[:at]), {})[parts[at]] = shape
    found = {}
    for module, have in sides.items():
        # Of an embedding the matrices lie the other way.
        a, b = have.get("lora_A", ()), have.get("lora_B", ())
        a, b = (a, b) if a or b else (have.get("lora_embedding_A", ()), have.get("lora_embedding_B", ()))
        found[module] = Matrix(a[0] if a else b[-1] if b else 0, prod(a[1:]) if a else 0, b[0] if b else 0)
    return found, tuple(beside)


def _check_rank(config: Mapping[str, Any], found: Mapping[str, Matrix], rank: int, *, subject: str) -> None:
    """The rank is half of how strongly an adapter works: where its files contradict each other, nobody knows that."""
    halves = [module for module, one in found.items() if not one.columns or not one.rows]
    if halves and not config.get("target_parameters"):
        message = f"{words().weights} of {subject} holds half a matrix: {halves[0]}"
        raise IntegrityError(message, subject=subject, hint="fetch it again, or from whoever trained it")
    if config.get("rank_pattern") or config.get("target_parameters"):
        return
    usual = Counter(one.rank for one in found.values())
    if usual and rank not in usual:
        message = f"{words().config} of {subject} says rank {rank}, and its weights have {usual.most_common(1)[0][0]}"
        raise IntegrityError(message, subject=subject, hint="fetch both files again: they are not of one training")


def layer(module: str) -> int | None:
    """The number of the layer that a module is in.

    >>> layer("model.layers.11.self_attn.q_proj")
    11
    """
    found = _LAYER.search(module)
    return int(found[1]) if found else None


def tail(module: str) -> str | None:
    """A module from its layer on, which is the same in all classes that read a checkpoint; None outside of layers.

    >>> tail("base_model.model.model.layers.11.self_attn.q_proj")
    'layers.11.self_attn.q_proj'
    """
    found = _TAIL.search(module)
    return found[1] if found else None


def from_gguf(header: GgufHeader, *, subject: str) -> tuple[Lora, str | None]:
    """What an adapter for llama.cpp says: how it changes its base, and where the base lies.

    Raises:
        Unsupported: it is an adapter of another kind.
    """
    kind = header.metadata.get("adapter.type")
    if kind != "lora":
        message = f"{subject} is an adapter of the type {kind}, and LoRA is what is loaded here"
        raise Unsupported(message, subject=subject, hint="convert it with llama.cpp's convert_lora_to_gguf.py")
    ranks: dict[str, int] = {}
    for tensor in header.tensors:
        side = _GGUF_SUFFIX.search(tensor.name)
        if side is not None and side[1] == "a":
            ranks[tensor.name.removesuffix(".lora_a")] = tensor.shape[-1]
    alpha = header.metadata.get("adapter.lora.alpha")
    base = next(
        (header.metadata.get(f"general.base_model.0.{key}") for key in ("repo_url", "name") if header.metadata.get(f"general.base_model.0.{key}")), None
    )
    lora = Lora(
        rank=max(ranks.values(), default=None),
        alpha=float(alpha) if isinstance(alpha, int | float) else None,
        modules=len(ranks),
        parameters=sum(prod(tensor.shape) for tensor in header.tensors),
    )
    return lora, base if isinstance(base, str) and base.isprintable() else None


def own_tokenizer(files: Iterable[RemoteFile], folder: str = "") -> bool:
    """Whether a vocabulary lies beside an adapter."""
    return any(PurePosixPath(f.path.removeprefix(folder)).name in _VOCABULARIES for f in files)

"""Owns data/architectures.toml as records: what configurations call a model's sizes, and what a type's layers keep. Knows no file beside it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  read when the file is held against its form
from datetime import date  # noqa: TC003  the same
from functools import cache
from typing import Literal, NamedTuple

from modelcatalog.shipped import DataFile

__all__ = ["Architecture", "ArchitecturesFile", "GgufArchitecture", "LayerKind", "architectures", "gguf_types", "kinds", "types"]

LayerKind = Literal[
    "full", "sliding", "chunked", "indexed", "linear", "conv", "hybrid", "hybrid_sliding", "heavily_compressed", "sparsely_compressed", "none",
]  # fmt: skip
"""What a layer is, by the one word that the catalog has for it."""
StateForm = Literal["mamba", "mamba2", "delta", "kda", "lightning", "rwkv", "xlstm", "sconv", "cca", "outside"]
"""What the state of a linear layer is made of; ``outside``: the model keeps it, and its cache does not."""


class ListEntry(NamedTuple):
    """A key with a word or a number for each layer."""

    key: str
    words: Mapping[str, LayerKind] = {}
    """What its own words mean, before the common ones."""
    beside: str | None = None
    """The key that must be there too."""


class IndicesEntry(NamedTuple):
    """A key with the numbers of the layers of one kind."""

    key: str
    inside: LayerKind
    outside: LayerKind
    start: int = 0
    """The number of the first layer."""


class PeriodEntry(NamedTuple):
    """A key that says how many layers make a period, one of which is of another kind."""

    key: str
    inside: LayerKind
    outside: LayerKind
    offset: str | None = None
    """The key that says which of them; without it the last."""
    beside: str | None = None


class StateEntry(NamedTuple):
    """A key that only configurations with this form of state have."""

    key: str
    form: StateForm


class TimesEntry(NamedTuple):
    """By how much a type's number of layers is multiplied, unless a key is there."""

    unless: str
    by: int = 1
    of: tuple[str, ...] = ()
    plus_one: tuple[str, ...] = ()


class DividedEntry(NamedTuple):
    """A number of a configuration, and what it is divided by."""

    key: str
    divided_by: int = 1


class EveryEntry(NamedTuple):
    """The first layer, and from a number on every so many."""

    every: int
    start: int = 0


class LoopedEntry(NamedTuple):
    """Layers that a model goes through again and again, with a cache of their own each time."""

    first: tuple[str, ...]
    """The keys with the number of the first, in the configuration itself or by the makers' name."""
    times: tuple[str, ...]
    inside: str | None = None
    """The key of the part of the configuration that may have them by their makers' own names."""
    end: tuple[str, ...] = ()
    """Those with the number after the last."""
    many: tuple[str, ...] = ()
    """Those with how many there are, where no key has their end."""
    unless: Mapping[str, str] = {}
    """Key -> the value with which all passes share one cache."""


class Architecture(NamedTuple):
    """What the configuration of a type does not say."""

    names: tuple[str, ...]
    unit: tuple[LayerKind, ...] = ()
    """The kinds of its layers, again and again."""
    first: tuple[LayerKind, ...] = ()
    last: LayerKind | None = None
    period: str | None = None
    """The key whose number replaces the unit's length."""
    words: Mapping[str, LayerKind] = {}
    """What words for a layer mean in this type, before the common meaning."""
    state: StateForm | None = None
    defaults: Mapping[str, int | bool] = {}
    """What published configurations leave out, by the defaults of the type's class."""
    window_from: DividedEntry | None = None
    layers_times: TimesEntry | None = None
    looped: LoopedEntry | None = None
    sliding_heads_times: int = 1
    """How many times the heads of other layers a layer with a window has, where no key says it."""
    head_of_hidden: int = 1
    """A head's size is so many times the hidden size by the heads."""
    full_is_indexed: bool = False
    index_float32: bool = False
    positions: int = 0
    """Bytes a token beside its numbers, in indexed layers."""
    shared_index_unless: EveryEntry | None = None
    """Which layers have an index of their own, where no key says it."""
    more_tokens: str | None = None
    """The key with the tokens that stand before every text."""
    keeps: Literal["hidden", "nothing"] | None = None
    """What is kept in place of keys and values."""
    unknown: str | None = None
    """Why nobody can tell from the configuration."""


class GgufArchitecture(NamedTuple):
    """What llama.cpp knows of an architecture beyond its header."""

    names: tuple[str, ...]
    window: int | None = None
    """Its window without a key."""
    period: int = 0
    """How often a layer without a window comes."""
    dense_first: bool = False
    """It comes first in its period, not last."""
    pattern_only: bool = False
    """A window counts only with a pattern in the header."""
    all_windowed: bool = False
    """With a window, all layers of attention have it."""
    needs_window: bool = False
    """The window without a key counts only where the key is there, whatever it says."""
    windowed_only_at: tuple[int, ...] = ()
    """The numbers of layers at which the window counts; all if empty."""
    chunked: bool = False
    kept_layers: int | None = None
    """The layers that keep keys and values, without a key."""
    recurrent: Literal["without_heads", "without_heads_and_mlp", "interval", "beside", "all"] | None = None
    """Which layers keep a state: those without heads of keys, those without an MLP too, all but every so many, all beside their
    attention, all."""
    interval: int = 0
    lightning: bool = False
    compressed: bool = False
    keeps_nothing: bool = False
    """It makes all of a text at once, and keeps nothing between tokens."""
    index_beyond_dense: bool = False
    """Only layers behind the leading dense ones have an index, which keeps room for a value beside its key."""


class ArchitecturesFile(NamedTuple):
    """data/architectures.toml."""

    source: str
    checked: date
    inside: tuple[str, ...]
    buffers: tuple[str, ...]
    guessing: tuple[str, ...]
    beside: tuple[str, ...]
    sources: tuple[str, str]
    one_more_row: frozenset[str]
    counted_otherwise: frozenset[str]
    stretched: tuple[str, ...]
    gguf_normless: frozenset[str]
    gguf_loose: frozenset[str]
    latent_since: tuple[int, int]
    gguf_spellings: Mapping[str, str]
    cache_bytes: Mapping[str, float]
    names: Mapping[str, tuple[str, ...]]
    words: Mapping[LayerKind, tuple[str, ...]]
    list: tuple[ListEntry, ...]
    indices: tuple[IndicesEntry, ...]
    period: tuple[PeriodEntry, ...]
    state: tuple[StateEntry, ...]
    gguf: tuple[GgufArchitecture, ...]
    type: tuple[Architecture, ...]


architectures = DataFile(
    "architectures.toml", ArchitecturesFile, ListEntry, IndicesEntry, PeriodEntry, StateEntry, TimesEntry, DividedEntry, EveryEntry, LoopedEntry, Architecture,
    GgufArchitecture,
)  # fmt: skip


@cache
def gguf_types() -> Mapping[str, GgufArchitecture]:
    """The architecture of a GGUF file -> its entry."""
    return {name: entry for entry in architectures().gguf for name in entry.names}


@cache
def types() -> Mapping[str, Architecture]:
    """model_type -> its entry."""
    return {name: entry for entry in architectures().type for name in entry.names}


@cache
def kinds() -> Mapping[str, LayerKind]:
    """Word -> the kind of layer that it means."""
    return {word: kind for kind, words in architectures().words.items() for word in words}

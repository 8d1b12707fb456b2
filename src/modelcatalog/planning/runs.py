"""Owns what engines there are, and what each reads, needs and takes: `data/engines.toml` as records. Imports no engine."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  read when the file is held against its form
from typing import NamedTuple

from modelcatalog.shipped import DataFile

__all__ = ["ENGINES", "Engine", "Gpu", "Knows", "Server", "default", "library", "reading", "server", "use"]


class Gpu(NamedTuple):
    """Where an installed package shows whether it was compiled for GPUs: loading it to ask takes a second."""

    package: str
    files: str = ""
    """The libraries beside it."""
    kinds: tuple[str, ...] = ()
    """Parts of their names that mean a GPU."""
    distributions: tuple[str, ...] = ()
    """Or the distributions of which one is there, if it was."""


class Names(NamedTuple):
    """Where an installed package has the names of the architectures of GGUF files that it runs: as texts in its library."""

    package: str
    files: str
    """The library beside it."""


class Knows(NamedTuple):
    """Where an installed package says, in its own text, which models it has classes for."""

    package: str
    architectures: str = ""
    """The file with its tables: dictionaries whose keys are the classes that configurations name."""
    models: str = ""
    """Or the folder with a module for each ``model_type``."""
    renamed: tuple[str, str] = ("", "")
    """The file, and the table in it of types that another one's module is for."""
    gone: tuple[str, ...] = ()
    """Tables among them of what it had once."""
    quantizations: str = ""
    """The file with the table of the methods that it reads."""
    quantization_table: str = ""
    unread: tuple[str, ...] = ()
    """Methods that it does not read, unless the table of its version names them."""
    plugins: str = ""
    """The entry points by which other packages add to it; with one of them, its tables do not say it all."""


class Takes(NamedTuple):
    """What an engine takes of memory beside weights and cache."""

    at_once: int
    """Tokens that it reads at once."""
    card: int
    """Bytes on each card before a model is there. In RAM that is what the process has already."""
    whole_unless: str = ""
    """The engine option without which, as False, it keeps all tokens in layers with a window too."""
    steps: int = 1
    """Tokens that it has room for, and those of a window that it keeps, are multiples of so many."""
    alike: bool = False
    """The values of each layer take as much as those of the widest."""


class Server(NamedTuple):
    """An engine that asks a server, which has loaded the model."""

    address: str
    """The environment variable with the server's address."""
    key: str
    """The environment variable with the key of a server that is not a vendor's."""


class Engine(NamedTuple):
    """An engine. Its code is a folder of `engines` with an ``open(plan)``.

    >>> Engine(name="llama.cpp", formats=("gguf",), extra="llama-cpp").module
    'modelcatalog.engines.llama_cpp'
    """

    name: str
    """What callers name it by."""
    formats: tuple[str, ...]
    """File formats that it reads; none where a server has the files."""
    extra: str
    """The extra of this package that installs what it needs."""
    folder: str = ""
    """The module with its code, where that is not the folder of `engines` with its name."""
    needs: tuple[str, ...] = ()
    """Distributions, as requirements."""
    needs_for: Mapping[str, tuple[str, ...]] = {}
    """Format -> those that it needs beside for it."""
    preferred_for: tuple[str, ...] = ()
    """Formats for which it comes before the default one, where it is installed."""
    preferred_with: Mapping[str, str] = {}
    """Those for which it does so with this kind of GPU alone."""
    why: str = ""
    """What speaks for it; shown in plans."""
    better: str = ""
    """What that gains; shown where it came before the default one."""
    packed: bool = False
    """Weights stay as they are in the file, so there is no type to compute in."""
    stretches: bool = False
    """A context may be longer than the model's own."""
    sees: bool = False
    """It takes images, where the model does."""
    subfolders: bool = False
    """It reads a checkpoint that lies in a folder of its repository."""
    adapters: tuple[str, ...] = ()
    """File formats of the adapters that it puts onto a model."""
    adapters_plain: bool = False
    """It takes of an adapter its matrices alone: no whole tensors, no DoRA."""
    adapters_need: tuple[str, ...] = ()
    """Distributions that an adapter takes beside."""
    options: tuple[str, ...] = ()
    """What ``engine_options`` may hold; ``*`` leaves it to the engine."""
    refuses: Mapping[str, tuple[str, str]] = {}
    """Keyword of `plan` that it can do nothing with -> why, and what to do."""
    picks: bool = True
    """It runs on one of several GPUs that the caller numbers."""
    cards: tuple[str, ...] = ()
    """The engine options whose product is how many GPUs it takes; all of them where it has none."""
    keeps: Mapping[str, dict[str, int]] = {}
    """Types in which it can keep keys and values, as ``kv_dtype`` names them -> the engine options that say so."""
    kv_option: str = ""
    """The engine option with the type of keys and values, by the words of ``kv_dtype``; ``auto`` is that of computing."""
    takes: Takes | None = None
    gpu: Gpu | None = None
    names: Names | None = None
    knows: Knows | None = None
    library: str = ""
    """The package with whose classes it loads, whose tables `installed` reads."""
    server: Server | None = None

    @property
    def module(self) -> str:
        """The module with its code."""
        return self.folder or f"modelcatalog.engines.{self.name.replace('.', '_')}"

    def requires(self, form: str) -> tuple[str, ...]:
        """The distributions that files of a format take."""
        return (*self.needs, *self.needs_for.get(form, ()))


class _File(NamedTuple):
    engine: tuple[Engine, ...]


engines = DataFile("engines.toml", _File, Gpu, Names, Knows, Takes, Server, Engine)
ENGINES: dict[str, Engine] = {one.name: one for one in engines().engine}
"""Every engine by its name."""


def default() -> Engine:
    """The engine that is meant where nothing tells which."""
    return next(iter(ENGINES.values()))


def library() -> str:
    """The package of the default engine's classes.

    >>> library()
    'transformers'
    """
    return default().library


def server() -> Engine:
    """The engine that asks a server."""
    return next(one for one in ENGINES.values() if one.server is not None)


def reading(form: str) -> tuple[Engine, ...]:
    """The engines that read a format.

    >>> [one.name for one in reading("gguf")]
    ['transformers', 'llama.cpp']
    """
    return tuple(one for one in ENGINES.values() if form in one.formats)


def use(*engines: Engine) -> str:
    """What a caller writes to have one of these engines.

    >>> use(*reading("gguf"))
    'engine="transformers" or engine="llama.cpp"'
    """
    return " or ".join(f'engine="{one.name}"' for one in engines)

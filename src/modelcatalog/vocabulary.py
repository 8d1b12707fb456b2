"""Owns the vocabulary: what the data files say, and everything derived from it, as one object. Knows nothing of grammar or hubs.

`add` replaces the object whole, so a table can never be older than the data: whoever makes one marks its function `derived`, or `kept` where
making it takes so long that it should outlive the process.
"""

from __future__ import annotations

import os
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from modelcatalog import columns, keeping, userfolder
from modelcatalog.pausing import lasting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from modelcatalog.entries import (
        CompanyFile,
        HubsFile,
        MeaningEntry,
        MethodEntry,
        MethodsFile,
        NumbersFile,
        ProvidersFile,
        SchemeEntry,
        SeriesEntry,
        TaskEntry,
        TasksFile,
        ThinkingFile,
        ToolsFile,
        TypeEntry,
        TypesFile,
    )

__all__ = [
    "Running",
    "Vocabulary",
    "add",
    "added",
    "again",
    "companies",
    "derived",
    "flagged",
    "forget",
    "hubs",
    "kept",
    "methods",
    "model_names",
    "packed",
    "providers",
    "renew",
    "running",
    "shipped",
    "silent_gguf",
    "spdx",
    "tasks",
    "thinking",
    "tools",
    "type_packages",
    "types",
    "types_apart",
    "users",
]

_T = TypeVar("_T")


class Vocabulary:
    """The data files and the tables that were made from them so far."""

    __slots__ = ("_fresh", "_lock", "_sources", "added", "tables")

    def __init__(self, added: tuple[CompanyFile, ...] = (), *, fresh: bool = False) -> None:
        self.added = added
        """The files that `add` took."""
        self._fresh = fresh
        self.tables: dict[object, Any] = {}
        """Function -> what it made."""
        self._lock = RLock()
        self._sources: keeping.Sources | None = None

    def sources(self) -> keeping.Sources | None:
        """What tables that are kept must have been made from; None: none is kept."""
        if self._sources is None and not self._fresh:
            aside = self._where_else()
            if aside is None and self._has_own():
                return None
            try:
                self._sources = keeping.Sources.here(aside)
            except OSError:
                return None
        return self._sources

    def is_settled(self) -> bool:
        """Whether this is the vocabulary still, and the user's files say still what they said when tables were asked for."""
        return self is _current and self._sources is not None and self._where_else() == self._sources.aside

    def _has_own(self) -> bool:
        return bool(self.added or os.environ.get(userfolder.DATA))

    def _where_else(self) -> keeping.Aside | None:
        folder = userfolder.tables()
        try:
            return None if folder is None else keeping.Aside(str(folder), keeping.digest(b"".join(self._own())) if self._has_own() else "")
        except (OSError, ValueError):
            return None  # what cannot be read is refused by those who read it

    def _own(self) -> Iterator[bytes]:
        """What the user's files say, in the order in which they are read."""
        for place in userfolder.places():
            for file in userfolder.data_files(place):
                yield f"{file.name}\n".encode() + keeping.digest(file.read_bytes()).encode()
            yield b"\n"
        for added in self.added:
            yield keeping.digest(added.model_dump_json().encode()).encode()

    def made(self, make: Callable[[], Any]) -> Any:
        """A table, made by the first who asks while the others wait."""
        with self._lock:
            if make not in self.tables:
                self.tables[make] = make()
            found = self.tables[make]
        with _RENEWING:
            if self is _current:  # not one that was replaced meanwhile
                _TABLES[make] = found
        return found


class _Tables(dict[Any, Any]):
    """Function -> what it made of the current vocabulary; looked up without a Python frame, since every name looks up several."""

    def __missing__(self, make: Callable[[], Any]) -> Any:
        return _current.made(make)


_current = Vocabulary()
_TABLES = _Tables()
_RENEWING = RLock()


def derived(make: Callable[[], _T]) -> partial[_T]:
    """A function whose result follows from the vocabulary: made once for each vocabulary, when it is first asked for.

    >>> @derived
    ... def longest() -> str:
    ...     return max(tiers(), key=len)
    >>> longest() is longest()
    True
    """
    return partial(_TABLES.__getitem__, make)


def kept(
    name: str, *classes: type, known: Callable[[], Mapping[str, Sequence[object]]] = dict, seldom: tuple[type, ...] = (),
) -> Callable[[Callable[[], _T]], Callable[[], _T]]:  # fmt: skip
    """A `derived` function whose result is kept for other processes: in the package, or aside where it follows from a user's data too.

    Args:
        name: What the table is called there.
        classes: What it consists of, beside numbers, texts, dates and the containers of Python; see `columns.pack`.
        known: Objects that it shares with another table.
        seldom: Those of the classes of which most processes ask for a few objects.
    """

    def mark(make: Callable[[], _T]) -> Callable[[], _T]:
        def looked_up() -> _T:
            now = _current
            sources = now.sources()
            if sources is None:
                return make()
            shared = known()
            with lasting():  # nothing of a table is garbage, and looking for some takes longer than decoding it
                packed = keeping.read(name, sources)
                if packed is not None:
                    found: _T = columns.unpack(packed, classes, shared)
                    return found
            made = make()
            if now.is_settled():
                keeping.write(name, columns.pack(made, classes, shared, seldom=seldom), sources)
            return made

        table = derived(looked_up)
        KEPT[name] = lambda: columns.pack(table(), classes, known(), seldom=seldom)
        return table

    return mark


def shipped() -> keeping.Sources | None:
    """What tables of the package's own data alone are made from; None: none that is kept counts."""
    if _current._fresh:  # noqa: SLF001  its own class, above
        return None
    folder = userfolder.tables()
    try:
        return keeping.Sources.here(None if folder is None else keeping.Aside(str(folder), ""))
    except OSError:
        return None


def users() -> tuple[CompanyFile, ...]:
    """The user's own files: those of ``MODELCATALOG_DATA``, then those that `add` took."""
    if not (places := userfolder.places()):
        return _current.added
    from modelcatalog import datafiles  # see `companies`

    return (*(file for place in places for file in datafiles.read_all(place)), *_current.added)


KEPT: dict[str, Callable[[], dict[str, Any]]] = {}
"""Table that is kept -> what gives it as it is written; those of the modules that were imported."""


def forget(*tables: partial[Any]) -> None:
    """Let some tables be made again, by other rules."""
    for table in tables:
        _current.tables.pop(table.args[0], None)
        _TABLES.pop(table.args[0], None)


def renew(added: tuple[CompanyFile, ...] = (), *, fresh: bool = False) -> None:
    """Begin again with the package's own data, that of ``MODELCATALOG_DATA``, and these files; ``fresh``: and with no table that was kept."""
    global _current  # noqa: PLW0603  the one vocabulary
    with _RENEWING:
        _current = Vocabulary(added, fresh=fresh)
        _TABLES.clear()


def again() -> None:
    """Begin again with the same files: something else that tables are made from has changed."""
    renew(_current.added)


_ADDING = RLock()


def add(place: Path) -> None:
    """Take a user's file, or a folder of them; all or nothing.

    Raises:
        CatalogDataError: what is wrong in which entry.
    """
    from modelcatalog import datafiles  # see `companies`

    files = datafiles.read_all(place)
    with _ADDING:
        datafiles.joined(companies(), files)
        for file in files:
            for family in file.family:
                for entry in family.series:
                    datafiles.model_names(file.name, family.name, entry)  # a broken pattern is refused now, not when it is first needed
        renew((*_current.added, *files))


def added() -> bool:
    """Whether a program has added files of its own."""
    return bool(_current.added)


def model_names(company: str, family: str, entry: SeriesEntry) -> list[str]:
    """The repository names that a series' patterns stand for.

    Raises:
        CatalogDataError: a pattern stands for nothing; the message names company, family and series.
    """
    from modelcatalog import datafiles  # see `companies`

    return datafiles.model_names(company, family, entry)


# --- what the files say; they are read, and the classes of their entries made, only where no table that is kept serves ------


@derived
def companies() -> tuple[CompanyFile, ...]:
    """All companies: the package's own, by file name, then those of ``MODELCATALOG_DATA``, then those that `add` took.

    Raises:
        CatalogDataError: a file is wrong, or two give one name to two families.
    """
    from modelcatalog import datafiles  # most processes never need it: it takes longer than a hundred names

    return datafiles.companies(_current.added)


@derived
def _types_file() -> TypesFile:
    from modelcatalog import datafiles  # see `companies`

    return datafiles.types()


@derived
def _methods_file() -> MethodsFile:
    from modelcatalog import datafiles  # see `companies`

    return datafiles.methods()


@derived
def _tasks_file() -> TasksFile:
    from modelcatalog import datafiles  # see `companies`

    return datafiles.tasks()


@derived
def numbers() -> NumbersFile:
    """Numbers that tell what they count: context lengths, experts."""
    from modelcatalog import datafiles  # see `companies`

    return datafiles.numbers()


@derived
def hubs() -> HubsFile:
    """Hosts, stores and repackagers."""
    from modelcatalog import datafiles  # see `companies`

    return datafiles.hubs()


@derived
def providers() -> ProvidersFile:
    """Who serves models."""
    from modelcatalog import datafiles

    return datafiles.providers()


@derived
def thinking() -> ThinkingFile:
    """Marks of thinking and of answers."""
    from modelcatalog import datafiles  # see `companies`

    return datafiles.thinking()


@derived
def tools() -> ToolsFile:
    """How models write calls of tools."""
    from modelcatalog import datafiles

    return datafiles.tools()


def types() -> dict[str, TypeEntry]:
    """Type word -> its entry."""
    return _types_file().type


def chinese_types() -> dict[str, str]:
    """What a type is called in Chinese, alone, as an edition and as a model -> the type: 思考, 思考版, 思考模型."""
    found: dict[str, str] = {}
    for name, entry in types().items():
        head = entry.zh.partition("：")[0].partition("。")[0].partition("（")[0].removesuffix("模型").removesuffix("版")
        for word in (head, *(alias for alias in entry.aliases if not alias.isascii())):
            found |= {f"{word}{end}": name for end in ("", "版", "模型")}
    return found


@kept("words")
def _words() -> dict[str, tuple[str, ...]]:
    """The lists of words that reading and completing a name takes."""
    file = _types_file()
    lists = {"types": tuple(file.type)} | {name: words for name, words in file if isinstance(words, tuple)}
    flags = {
        flag: tuple(name for name, entry in file.type.items() if getattr(entry, flag)) for flag in ("same_size", "by_anyone", "edition", "media", "numbers")
    }
    talks = {word: tuple(name for name, entry in file.type.items() if entry.talks is yes) for word, yes in (("talking", True), ("silent", False))}
    return (
        lists
        | flags
        | talks
        | {stage: tuple(name for name, entry in file.type.items() if entry.stage == stage) for stage in ("pretrained", "finished", "tuned")}
    )


def type_words() -> frozenset[str]:
    """Every type."""
    return frozenset(_words()["types"])


def tiers() -> tuple[str, ...]:
    """Words that stand for a size: ``mini``, ``opus``."""
    return _words()["tiers"]


def spelled_tiers() -> dict[str, str]:
    """What a tier is called in other letters -> the tier: 프로 is pro."""
    return _types_file().spelled_tiers


def variants() -> tuple[str, ...]:
    """Words that tell one model from another and say nothing more: ``preview``."""
    return _words()["variants"]


def speeds() -> frozenset[str]:
    """Words for how a model is served, which do not change its weights: ``highspeed``."""
    return frozenset(_words()["speeds"])


def counted_together() -> frozenset[str]:
    """Those that never tell two models apart: ``latest``."""
    return frozenset(_words()["counted_together"])


def served_faster() -> frozenset[str]:
    """Those that say nothing more at the end of a name whose family has no such model: ``turbo`` behind Llama-3.3-70B."""
    return frozenset(_words()["served_faster"])


def early() -> tuple[str, ...]:
    """Words for a model that is not final: ``preview``."""
    return _words()["early"]


@derived
def _spdx() -> dict[str, str]:
    return {one.lower(): one for one in _words()["spdx"]}


def spdx(licence: str) -> str:
    """The SPDX id of a licence that a hub writes in lower case, else its word as it stands.

    >>> spdx("apache-2.0"), spdx("gemma")
    ('Apache-2.0', 'gemma')
    """
    return _spdx().get(licence, licence)


def parts() -> frozenset[str]:
    """Words for what is not the whole model: ``lora``."""
    return frozenset(_words()["parts"])


def training_before() -> frozenset[str]:
    """Words after which a number counts training: ``step``."""
    return frozenset(_words()["training_before"])


def training_after() -> frozenset[str]:
    """Words before which a number counts training: ``tokens``."""
    return frozenset(_words()["training_after"])


def training_after_size() -> frozenset[str]:
    """The same beside a size: ``tokens``."""
    return frozenset(_words()["training_after_size"])


def counters() -> frozenset[str]:
    """Those that never count billions: ``seed``."""
    return frozenset(_words()["counters"])


def classes() -> tuple[str, ...]:
    """What stands behind an architecture in the name of a class: ``forcausallm``."""
    return _words()["classes"]


def negations() -> frozenset[str]:
    """Words before which a type is denied: ``no``."""
    return frozenset(_words()["negations"])


def languages() -> frozenset[str]:
    """Codes of languages: ``it``, ``en``."""
    return frozenset(_words()["languages"])


def before_formats() -> frozenset[str]:
    """Words that before a format say how its files were made: ``mtp``."""
    return frozenset(_words()["before_formats"])


def drafts() -> frozenset[str]:
    """Words for what guesses tokens ahead for a model."""
    return frozenset(_words()["drafts"])


def prunings() -> frozenset[str]:
    """Words for leaving out weights or experts."""
    return frozenset(_words()["prunings"])


def edits() -> frozenset[str]:
    """Words for what was done to a finished model: ``abliterated``."""
    return frozenset(_words()["edits"])


def software() -> frozenset[str]:
    """Programs whose version a name may tell: ``transformers``."""
    return frozenset(_words()["software"])


def coined() -> tuple[str, ...]:
    """Families that tuners coin names from, with a capital for a separator: the Qwen of QwenTranslate."""
    return _words()["coined"]


def testing() -> frozenset[str]:
    """Words of weights that are made for tests: ``random``."""
    return frozenset(_words()["testing"])


def implied() -> frozenset[str]:
    """Types that a family's own name says where all its series have them: ``guard`` for ShieldGemma."""
    return frozenset(_words()["implied"])


def base_words() -> dict[str, str]:
    """What tuners write for a base -> its name: ``l3`` for Llama 3."""
    return _types_file().bases


def stages(stage: Literal["pretrained", "finished", "tuned"]) -> tuple[str, ...]:
    """Types of one stage of training: ``instruct`` and ``chat`` are finished."""
    return _words()[stage]


def talking(*, yes: bool) -> frozenset[str]:
    """Types whose models have a chat template, or with ``yes=False`` those whose models have none."""
    return frozenset(_words()["talking" if yes else "silent"])


def flagged(flag: Literal["same_size", "by_anyone", "edition", "media", "numbers"]) -> tuple[str, ...]:
    """Types of which their entries say so."""
    return _words()[flag]


def tag_words() -> dict[str, str]:
    """Words that mean a type in an Ollama tag alone: ``text``."""
    return _types_file().tag_words


def methods() -> dict[str, MethodEntry]:
    """Quantization method -> its entry."""
    return _methods_file().method


def meanings() -> dict[str, MeaningEntry]:
    """File format or number type -> what it means; ``int`` for integers, whose width is a hole in the sentence."""
    return _methods_file().meaning


class Running(NamedTuple):
    """An entry of `entries.RunningEntry`, as plans have it."""

    packages: tuple[str, ...]
    unpacks: str
    why: str
    capability: tuple[int, int] | None
    gpu: bool
    slower: str | None
    packs: str


@kept("running", Running)
def running() -> dict[str, Running]:
    """Quantization method, as ``config.json`` spells it -> what transformers wants for it."""
    every = _methods_file().running
    return {name: Running(one.packages, one.unpacks, one.why, one.capability, one.gpu, one.slower, one.packs) for name, one in every.items()}


class Packed(NamedTuple):
    """An entry of `entries.PackedEntry`, as plans have it."""

    all: tuple[str, ...]
    types: tuple[str, ...]
    method: str
    config: str


@kept("packed", Packed)
def packed() -> tuple[Packed, ...]:
    """How packed weights are known in a header; the first that fits counts."""
    return tuple(Packed(one.all, one.types, one.method, one.config) for one in _methods_file().packed)


def schemes() -> dict[str, SchemeEntry]:
    """Name of a layout -> its method and bits."""
    return _methods_file().schemes


def formats() -> dict[str, tuple[str, ...]]:
    """File format -> words that mean it."""
    return _methods_file().formats


def suffixes() -> dict[str, str]:
    """Suffix of a file, without its point -> the format."""
    return _methods_file().suffixes


@kept("dtypes")
def dtypes() -> dict[str, Literal["float16", "bfloat16", "float32"]]:
    """Word -> dtype."""
    return _methods_file().dtypes


def ignored() -> tuple[str, ...]:
    """Words about packaging that are not facts about the model: ``hf``, ``imatrix``."""
    return _methods_file().ignored


def loadable() -> frozenset[str]:
    """Words of a repository's name by which its files are in transformers' form: ``hf``."""
    return frozenset(_words()["loadable"])


def foreign() -> frozenset[str]:
    """Words by which its files are for another framework, or a step of the way to quantized ones: ``paddle``."""
    return frozenset(_words()["foreign"])


def aware() -> frozenset[str]:
    """Words for weights that were trained for being quantized: ``qat``."""
    return frozenset(_words()["aware"])


def tasks() -> tuple[TaskEntry, ...]:
    """What checkpoints are for that do not talk; the first that fits counts."""
    return _tasks_file().task


@kept("silent files")
def silent_gguf() -> dict[str, str]:
    """``general.architecture`` of GGUF files that do not talk -> what they are."""
    return _tasks_file().gguf


@kept("type packages")
def type_packages() -> dict[str, tuple[str, ...]]:
    """model_type -> the packages without which transformers cannot make such a model."""
    return _tasks_file().packages


@kept("types apart")
def types_apart() -> tuple[str, ...]:
    """Model types in transformers' table of models that hear and see which do not hold conversations as the others do."""
    return _tasks_file().apart

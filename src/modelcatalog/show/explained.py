"""Owns what a name's explanation consists of: labelled parts, and facts with their origins. Knows neither terminal nor HTML.

It takes records and imports none, so that the records can show themselves with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.records import counted
from modelcatalog.show.labels import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.known import Facts
    from modelcatalog.records import ModelName, Origin, Size
    from modelcatalog.show.labels import Labels

__all__ = ["KNOWN", "Fact", "Known", "Part", "counted", "facts", "known", "parts", "shown"]

_FACTS = (
    "hub",
    "provider",
    "owner",
    "name",
    "revision",
    "tag",
    "file",
    "part",
    "company",
    "family",
    "version",
    "series",
    "types",
    "size",
    "quantization",
    "format",
    "dtype",
    "context_length",
    "released",
    "base",
    "canonical",
    "unknown",
)
"""The fields of a name that are facts, in the order in which they are told."""
KNOWN = (
    "context_length",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "tools",
    "structured_output",
    "reasoning",
    "open_weights",
    "licence",
    "released",
    "knowledge_cutoff",
    "deprecated",
    "retired",
)
"""The fields of what is known of a model beyond its name, in the order in which they are told."""
_NESTED = {"size": ("label", "total", "active", "experts"), "quantization": ("method", "scheme", "bits", "group_size")}


class Part(NamedTuple):
    """One stretch of the source: a segment, or neighbours of one kind (``4_5`` is one version)."""

    text: str
    kind: str
    """The segments' kind; ``nothing`` for words of a path or a file that add no fact."""
    label: str
    """What stands under it; empty for separators."""
    meaning: str
    """What it stands for, where the text itself does not say it; else empty."""


class Fact(NamedTuple):
    """One fact of a name."""

    field: str
    """A field, dotted for records inside: ``size.total``."""
    label: str
    value: str
    origin: Origin | None
    """None where the fact is not a reading of the name, but made of others: ``canonical``."""

    @property
    def kind(self) -> str:
        """The kind of segment whose colour it takes, or empty."""
        return KIND_OF.get(self.field.partition(".")[0], "")


class Known(NamedTuple):
    """One fact of a model beyond its name, and who says it."""

    field: str
    label: str
    value: str
    source: str
    """The page, or a word for what is none."""
    checked: str
    """The day on which the page was opened, or empty."""


def parts(name: ModelName, say: Labels) -> list[Part]:
    """The source in labelled parts; their texts joined are the source.

    >>> import modelcatalog
    >>> from modelcatalog.show.labels import ENGLISH
    >>> [(part.text, part.label, part.meaning) for part in parts(modelcatalog.parse("claude-3-5-sonnet"), ENGLISH) if part.label]
    [('claude', 'family', ''), ('3-5', 'version', '3.5'), ('sonnet', 'tier', '')]
    """
    joined: list[tuple[str, str]] = []
    for segment in name.segments:
        if joined and joined[-1][1] == segment.kind:
            joined[-1] = (joined[-1][0] + segment.text, segment.kind)
        else:
            joined.append((segment.text, segment.kind))
    once = [kind for _, kind in joined]
    made = []
    for text, kind in joined:
        if kind == "unknown" and not any(word in text for word in name.unknown):
            made.append(Part(text, "nothing", say.kinds["nothing"], ""))
        else:
            made.append(Part(text, kind, say.kinds.get(kind, ""), _meaning(name, text, kind, say) if once.count(kind) == 1 else ""))
    return made


def _meaning(name: ModelName, text: str, kind: str, say: Labels) -> str:
    """What a lone part of its kind says, unless that is its own text again."""
    said = {
        "hub": name.hub,
        "company": name.company,
        "family": name.family,
        "version": name.version,
        "base": None if name.base is None else name.base.family,
        "type": name.types[0] if len(name.types) == 1 else None,
        "size": _size(name, say),
        "quantization": _quantization(name, text, say),
        "dtype": name.dtype,
        "context": None if name.context_length is None else say.tokens.format(count=f"{name.context_length:,}"),
        "released": None if name.released is None else str(name.released),
    }.get(kind)
    return "" if said is None or said.casefold() == text.casefold() else said


def _size(name: ModelName, say: Labels) -> str | None:
    size = name.size
    if size is None or size.total is None or name.origin("size.total") == "catalog":
        return None
    return None if counted(size.total) == (size.label or "").upper() else say.parameters.format(count=counted(size.total))


def facts(name: ModelName, say: Labels) -> Iterator[Fact]:
    """Everything that a name says, with where each fact came from.

    A size or a quantization is one fact, unless its parts came from different places: then each is one.

    >>> import modelcatalog
    >>> from modelcatalog.show.labels import ENGLISH
    >>> [(fact.label, fact.value, fact.origin) for fact in facts(modelcatalog.parse("Phi-3-mini"), ENGLISH) if fact.kind == "size"]
    [('size', 'mini', 'name'), ('parameters', '3.8B', 'catalog')]
    """
    for field in _FACTS:
        value = getattr(name, field)
        if value is None or value in ((), ""):
            continue
        inner = [path for part in _NESTED.get(field, ()) if name.origin(path := f"{field}.{part}") is not None]
        origins = {name.origin(path) for path in inner}
        if len(origins) > 1:
            for path in inner:
                label = say.field(field) if path in ("size.label", "quantization.method") else say.field(path)
                part = getattr(value, path.rpartition(".")[2])
                yield Fact(path, label, counted(part) if path in ("size.total", "size.active") else shown(part, say), name.origin(path))
        else:
            origin = None if field == "canonical" else origins.pop() if origins else name.origin(field)
            yield Fact(field, say.field(field), shown(value, say), origin)


def known(facts: Facts, say: Labels) -> Iterator[Known]:
    """What is known of a model beyond its name, and who says each fact; what nobody says is left out.

    >>> import modelcatalog
    >>> from modelcatalog.show.labels import ENGLISH
    >>> [(fact.label, fact.value, fact.checked) for fact in known(modelcatalog.facts("grok-3"), ENGLISH) if fact.field == "retired"]
    [('retired', '2026-05-15', '2026-11-29')]
    """
    for field in KNOWN:
        source, value = facts.origin(field), getattr(facts, field)
        if source is not None:
            text = say.comma.join(say.modalities.get(one, one) for one in value) if isinstance(value, tuple) else shown(value, say)
            yield Known(field, say.field(field), text, say.sources.get(source.source, source.source), str(source.checked or ""))


def shown(value: Any, say: Labels) -> str:
    """A value as a table shows it, with room: sizes in full, numbers with their thousands apart.

    >>> from modelcatalog import Size
    >>> from modelcatalog.show.labels import ENGLISH
    >>> shown(Size(label="8x7B", total=46_700_000_000, experts=8), ENGLISH), shown(131_072, ENGLISH), shown(True, ENGLISH)
    ('8x7B · 46.7B parameters · 8 experts', '131,072', 'yes')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return say.yes if value else say.no
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    kind = type(value).__name__  # the records lie above this module
    if kind in ("Company", "Family", "Series"):
        return str(value.name)
    return _size_in_full(value, say) if kind == "Size" else str(value)


def _size_in_full(size: Size, say: Labels) -> str:
    total = None if size.total is None else counted(size.total)
    texts = [
        None if size.label == total else size.label,
        None if total is None else say.parameters.format(count=total),
        None if size.active is None else say.active.format(count=counted(size.active)),
        None if size.experts is None else say.experts.format(count=size.experts),
    ]
    return " · ".join(text for text in texts if text)


def _quantization(name: ModelName, text: str, say: Labels) -> str | None:
    found = name.quantization
    if found is None:
        return None
    method = found.method if name.origin("quantization.method") == "name" else None
    bits = None if found.bits is None else say.bits.format(count=f"{found.bits:g}")
    group = None if found.group_size is None else say.group.format(count=found.group_size)
    return " · ".join(part for part in (method, found.scheme, bits, group) if part and _bare(part) != _bare(text)) or None


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())

"""Owns the record: what a reading found becomes a `ModelName`, which is all of reading a name. Reads no word."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from modelcatalog import vocabulary
from modelcatalog.names.refusing import refuse_unknown
from modelcatalog.names.regions import read_text
from modelcatalog.names.roles import BaseWord
from modelcatalog.names.words import narrowed
from modelcatalog.records import Identity, ModelName, Quantization, Segment, Size, valid

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.names.parts import Parts
    from modelcatalog.names.reading import Found, Reading
    from modelcatalog.names.roles import Bits, FamilyWord
    from modelcatalog.records import Origin

    Origins = tuple[tuple[str, Origin], ...]
    Plain = tuple[str, str, tuple[str, ...], str, tuple[str, ...]]  # the fields of an identity
    Sized = Callable[[str, str | None, Size | None, Origins, Identity, tuple[str, ...], ModelName | None], tuple[Size, Origins] | None]

__all__ = ["base_text", "bases", "changed", "meaning", "record_of", "recorded", "size_of", "widened"]

_RUNTIMES: Final = frozenset(("mlx", "mlc", "openvino"))
"""Formats of one runtime: an account that publishes these publishes nothing else."""
_FIELDS: Final = set(ModelName.model_fields)
_SIZE: Final = set(Size.model_fields)
_QUANTIZATION: Final = set(Quantization.model_fields)
_SHARED: Final = 4096
"""Sizes and quantizations that are remembered."""
_SIZES: Final[dict[tuple[str | None, int | None, int | None, int | None], Size]] = {}
_QUANTIZATIONS: Final[dict[tuple[str | None, str | None, int | float | None, int | None], Quantization]] = {}
_UNSTATED: Final[dict[str, Any]] = {name: field.get_default() for name, field in ModelName.model_fields.items()}
"""What a record has where the name says nothing; a copy of it costs less than a dictionary made field by field."""
_COMPANY: Final[Origins] = (("company", "catalog"),)
_new: Final = ModelName.__new__
# Compiled, what this module makes itself is found faster than what it imports.
_ModelName: Final = ModelName
_Segment: Final = Segment
_Identity: Final = Identity
_set_fields: Final = vars(BaseModel)["__dict__"].__set__
_set_fields_set: Final = vars(BaseModel)["__pydantic_fields_set__"].__set__
_set_extra: Final = vars(BaseModel)["__pydantic_extra__"].__set__
_set_private: Final = vars(BaseModel)["__pydantic_private__"].__set__
_set_identity: Final = vars(ModelName)["_identity"].__set__
_new_tuple: Final = tuple.__new__
_SIGNS: Final = "-_/"
_MADE: Final[list[tuple[Segment, ...]]] = [(), (), ()]
"""Hyphens, underscores, and slashes behind an owner: they are four in ten of all segments, so each is made once, by its place; as many as the
longest name so far had characters."""
_SOME: Final = 16
"""More words than most names have: so few are put in order, and found among each other, by comparing them."""
_TWO_DIGITS: Final = tuple([f"{number:02}" for number in range(32)])


def recorded(text: str, strict: object, sized: Sized | None) -> ModelName:
    """`modelcatalog.names.read`, which explains it."""
    if not text.isascii():
        narrow = narrowed(text)
        if narrow is not None:
            return widened(recorded(narrow, strict, sized), text)
    reading, parts = read_text(text)
    if strict:
        refuse_unknown(reading, parts.slash + 1, read_text)
    if parts.provider is not None and parts.name is not None and reading.found.family is not None:
        reading.found.version = reading.dictionary.means.get(f"{parts.provider} {parts.name.lower()}", reading.found.version)
    return record_of(reading, parts, None if reading.found.base is None else bases()(base_text(reading)), sized)


def widened(name: ModelName, text: str) -> ModelName:
    """What a text with full-width letters says: that of the plain text, and its segments are its own."""
    segments = tuple([segment._replace(text=text[segment.start : segment.end]) for segment in name.segments])
    unknown = tuple([segment.text for segment, plain in zip(segments, name.segments, strict=True) if plain.kind == "unknown" and plain.text in name.unknown])
    return changed(name, source=text, segments=segments, unknown=unknown)


@vocabulary.derived
def bases() -> Callable[[str], ModelName]:
    """Names read as bases are remembered: many names have one base."""
    return lru_cache(maxsize=2048)(_base)


def _base(text: str) -> ModelName:
    return recorded(text, None, None)


def record_of(reading: Reading, parts: Parts, base: ModelName | None, sized: Sized | None) -> ModelName:  # noqa: PLR0915  a line for each field
    """The record of a reading; ``base`` is that of `base_text`, and ``sized`` knows sizes that the name does not state."""
    found, tape = reading.found, reading.tape
    family, account, version, texts, owner = found.family, reading.account, found.version, tape.texts, parts.owner
    origins: tuple[tuple[str, Origin], ...] = ()
    if family is not None:
        name: str | None = family.name
        company: str | None = family.company
        series = name if version is None else _series(family, version)
        origins = _COMPANY
    else:
        name = _unknown_family(reading) if tape.lead >= 0 else None
        series = name if version is None or name is None else f"{name}{'-' if name[-1].isdigit() else ''}{version}"
        company = found.company
        if account is not None and account.company is not None:
            company = account.company
            origins = (("company", "owner"),)
    fields = _UNSTATED.copy()
    origins = origins if family is None or family.facts.usual is None else _typed(reading, family.facts.usual, origins)
    size = None
    if tape.size >= 0 or (found.tier is not None and family is not None):
        size, origins = _size_of(reading, origins)
    if found.method or found.bits or found.format or (account is not None and account.format is not None):
        fields["format"], fields["quantization"], origins = _package(reading, origins)
    plain, types = _identified(found), tuple(found.types)
    identity = _new_tuple(_Identity, plain)
    if sized is not None and name is not None:
        known = sized(name, version, size, origins, identity, types, base)
        if known is not None:
            size, origins = known
    fields["source"], fields["name"] = reading.source, parts.name
    if owner is not None or found.account is not None:
        fields["owner"] = found.account if owner is None else owner
    if parts.regions:
        fields["hub"], fields["revision"], fields["tag"], fields["file"] = parts.hub, parts.revision, parts.tag, parts.file
    if found.part is not None:
        fields["part"] = found.part
    provider = parts.provider or found.provider
    if provider is not None:
        if parts.provider is None and found.company is not None and (family is None or family.company == found.company):
            provider = None  # databricks-dbrx is Databricks' own
        fields["provider"] = provider
    if name is not None:
        fields["family"], fields["series"] = name, series
    if types:
        fields["types"] = types
    if company is not None:
        fields["company"] = company
    if version is not None:
        fields["version"] = version
    if size is not None:
        fields["size"] = size
    if base is not None:
        fields["base"] = base
    if found.dtype is not None:
        fields["dtype"] = found.dtype
    if found.context is not None:
        fields["context_length"] = found.context
    if found.released is not None:
        fields["released"] = found.released
    fields["canonical"], fields["segments"], fields["origins"] = _text(plain), _segments(reading, parts), origins
    if tape.unknown:
        unknown: list[str] = []
        for i in tape.unknown:
            unknown.append(texts[i])  # noqa: PERF401  a comprehension is a function, which costs more to make than two or three words to add
        fields["unknown"] = tuple(unknown)
    return _record(fields, identity)


def _typed(reading: Reading, usual: str, origins: Origins) -> Origins:
    """What is usual in a family whose names need not say it; ``base`` is one of its sizes there, as in bge-base-en."""
    found, kinds = reading.found, reading.dictionary.kinds
    if usual and "base" in found.types:
        found.types.remove("base")
        found.tier = found.tier or "base"
    if any(kind in found.types for kind in kinds):
        return origins
    said = next((kind for kind, words in kinds.items() if any(word in reading.lower for word in words)), None)  # a part of the family's word
    if said is None and not usual:
        return origins
    alone = said is None and not found.types
    found.types.append(said or usual)
    return (*origins, ("types", "catalog")) if alone else origins


def _series(family: FamilyWord, version: str) -> str:
    """Family and version as people say them: never glued where that would make another version."""
    facts = family.facts
    whole = facts.said.get(version.lower())
    if whole is not None:
        return whole
    joint = facts.joint
    if not joint and " " in family.name:
        joint = " "
    elif not joint and (not version[0].isdigit() or family.name[-1].isdigit()):
        joint = "-"
    return f"{family.name}{joint}{version}"


def _segments(reading: Reading, parts: Parts) -> tuple[Segment, ...]:
    """The whole text in order; without regions, the owner and its slash are before the words, and with them slash is -1."""
    start, make, segment = parts.slash + 1, _new_tuple, _Segment
    if len(_MADE[0]) < len(reading.source):
        _more_separators(len(reading.source))
    hyphens, underscores, slashes = _MADE
    segments = [make(segment, ("owner", parts.owner, 0, start - 1)), slashes[start - 1]] if start > 1 else []
    kinds, i = reading.tape.kinds, -1
    for text in reading.tape.texts:
        i += 1  # see `words.cut`
        kind = kinds[i]
        if kind == "separator":
            if text == "-":
                segments.append(hyphens[start])
                start += 1
                continue
            if text == "_":
                segments.append(underscores[start])
                start += 1
                continue
        segments.append(make(segment, (kind, text, start, start := start + len(text))))
    return tuple(segments)


def _more_separators(count: int) -> None:
    """Hyphens and slashes for a name of so many characters, and some more."""
    for at in (2, 1, 0):  # replaced whole, so that nobody sees half of them; the hyphens last, since these are counted
        _MADE[at] = tuple([Segment("separator", _SIGNS[at], place, place + 1) for place in range(2 * count)])


def _unknown_family(reading: Reading) -> str | None:
    """A family the catalog does not know: the words before the first that is recognised."""
    found, tape = reading.found, reading.tape
    if not (reading.recognised or found.released or found.version or found.context):
        return None
    first, end, kinds = reading.tape.lead, reading.tape.lead_end + 1, tape.kinds
    if not (tape.texts[first][0].isalpha() or any(char.isalpha() for char in "".join(tape.texts[first:end]))):
        return None  # medusa-1.1-7b: no family is a number
    for i in range(first, end):
        if kinds[i] in ("unknown", "tier"):
            kinds[i] = "family"
        elif tape.words[i].role == "other":  # not into tag or file
            end = i
            break
    tape.unknown = [i for i in tape.unknown if not first <= i < end]
    return "".join(tape.texts[first:end])


def size_of(label: str | None, total: int | None, active: int | None, experts: int | None) -> Size:
    """One record for each size: names share them."""
    key = (label, total, active, experts)
    found = _SIZES.get(key)
    if found is None:
        if len(_SIZES) >= _SHARED:
            _SIZES.clear()
        found = _SIZES[key] = valid(Size, {"label": label, "total": total, "active": active, "experts": experts}, _SIZE)
    return found


def _quantization(method: str | None, scheme: str | None, bits: Bits | None, group_size: int | None) -> Quantization:
    key = (method, scheme, bits, group_size)
    found = _QUANTIZATIONS.get(key)
    if found is None:
        if len(_QUANTIZATIONS) >= _SHARED:
            _QUANTIZATIONS.clear()
        found = valid(Quantization, {"method": method, "scheme": scheme, "bits": bits, "group_size": group_size}, _QUANTIZATION)
        _QUANTIZATIONS[key] = found
    return found


def _size_of(reading: Reading, origins: Origins) -> tuple[Size, Origins]:
    found, texts, first, last = reading.found, reading.tape.texts, reading.tape.size, reading.tape.size_end
    if first < 0:
        return size_of(found.tier, None, None, None), origins
    total, experts = found.size, found.experts
    if found.mixture is not None:
        experts = found.mixture.experts
        if total is None:
            total = found.mixture.each * experts
            origins = (*origins, ("size.total", "estimate"))
    label = texts[first] if first == last else "".join(texts[first : last + 1])
    return size_of(label[reading.tape.label_from :].replace("___", "."), total, found.active, experts), origins


def _package(reading: Reading, origins: Origins) -> tuple[str | None, Quantization | None, Origins]:
    """Format and quantization, from the name first and the owner then."""
    found, account = reading.found, reading.account
    method, bits, scheme = found.method, found.bits, found.scheme
    file_format = found.format or found.method_format
    if found.format is None and account is not None and account.format in _RUNTIMES:
        file_format = None  # whatever the method, this account publishes for its own runtime
    if file_format is None:
        if method == "gguf" or (scheme is not None and method is None):
            file_format = "gguf"
        elif account is not None and account.format is not None:
            file_format = account.format
            origins = (*origins, ("format", "owner"))
    if method == "mxfp4" and scheme is None and file_format == "gguf":
        scheme = "MXFP4"  # one of llama.cpp's own types
    if method is None and file_format in _RUNTIMES and bits is not None:
        method = file_format
        if found.format is None:
            origins = (*origins, ("quantization.method", "owner"))
    if file_format == "ggml" and method == "gguf":
        method = "ggml"  # the schemes are the same, the files are not
    if scheme is None and bits is None and (method is None or method == "gguf" or method in _RUNTIMES):
        return file_format, None, origins
    return file_format, _quantization(method, scheme, bits, found.group), origins


def base_text(reading: Reading) -> str:
    """The base as a name of its own: its family, its version, and the size that follows directly."""
    tape = reading.tape
    said = tape.words[tape.base].value
    if isinstance(said, BaseWord):
        return said.name
    end = tape.base_end
    after = tape.after(end)
    if after >= 0 and tape.words[after].role == "size" and after == tape.size == tape.size_end:
        end = after
    return "".join(tape.texts[tape.base : end + 1])


def _identified(found: Found) -> Plain:
    """Family, version, and the other words in alphabetical order; that of known words says nothing, that of unknown ones is kept beside."""
    keys, kept, family, version, date = found.keys, found.kept, found.family, found.version, ""
    if found.base is not None:
        keys = [*keys, found.base.name.lower() + (found.base_version or "").lower()]
    order: tuple[str, ...] = ()
    count = len(kept)
    if count:
        keys = keys + kept if keys else kept
    if len(keys) > 1:
        said, keys = len(keys), _in_order(keys)
        if count > 1 and not _ascend(kept):
            order = tuple(kept) if len(keys) == said else tuple(_once(kept))  # where no word stands twice, none of those does
    released = found.released
    if released is not None:
        day = "" if released.day is None else f"-{_TWO_DIGITS[released.day]}"
        year = "" if released.year is None else str(released.year)
        date = f"{year}-{_TWO_DIGITS[released.month or 0]}{day}"
    if version is not None and family is not None and version.endswith(".0"):
        version = family.unpadded(version)
    return "" if family is None else family.name.lower(), "" if version is None else version.lower(), tuple(keys), date, order


def _ascend(words: list[str]) -> bool:
    """Whether they are in alphabetical order; there are two or three."""
    before = ""
    for word in words:
        if word < before:
            return False
        before = word
    return True


def _once(words: list[str]) -> list[str]:
    """The same without those that stand before."""
    if len(words) > _SOME:
        return list(dict.fromkeys(words))
    found: list[str] = []
    for word in words:
        if word not in found:
            found.append(word)
    return found


def _in_order(words: list[str]) -> list[str]:
    """In alphabetical order, each once: what sorts long lists takes the most of its time to begin."""
    found, before = sorted(words), ""
    for word in found:
        if word == before:
            return list(dict.fromkeys(found))
        before = word
    return found


def _text(identity: Plain) -> str:
    """What ``str`` of an identity is, at a third of the cost: every record needs it; a plain tuple is taken apart fastest."""
    family, version, words, date, order = identity
    parts: list[str] = []
    if family:
        parts.append(family)
    if version:
        parts.append(version)
    if order:
        for word in words:
            if word not in order:
                parts.append(word)  # noqa: PERF401  see `record_of`
        parts += order
    else:
        parts += words
    text = "-".join(parts)
    return f"{text}@{date}" if date else text


def changed(name: ModelName, **fields: Any) -> ModelName:
    """The same name with other, valid, fields."""
    return _record(name.__dict__ | fields, name.identity)


def meaning(name: ModelName, identity: Identity) -> ModelName:
    """The same name as one of another model: what it says is less than what it means."""
    return _record(name.__dict__ | {"canonical": _text(identity)}, identity)


def _record(fields: dict[str, Any], identity: Identity) -> ModelName:
    """A `ModelName` from valid fields, without validating them again (a third of the time of reading a name)."""
    name = _new(_ModelName)
    _set_fields(name, fields)
    _set_fields_set(name, _FIELDS)
    _set_extra(name, None)
    _set_private(name, None)
    _set_identity(name, identity)
    return name

"""Owns reading: a text in, a `ModelName` with what the text itself says out. Adds nothing that the text does not say.

The text is taken apart (reference.py), the name's words are read (reader.py), and the facts become a record here.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from modelcatalog.errors import NameSyntaxError
from modelcatalog.names.calendar import calendar
from modelcatalog.names.context import Reader
from modelcatalog.names.dictionary import lexicon
from modelcatalog.names.reading import release
from modelcatalog.names.reference import take_apart
from modelcatalog.names.words import fold
from modelcatalog.records import ModelName, Quantization, Segment, Size

if TYPE_CHECKING:
    from modelcatalog.names.reference import Parts
    from modelcatalog.records import Origin

    Origins = tuple[tuple[str, Origin], ...]

__all__ = ["LIMIT", "changed", "read", "size_of"]

LIMIT = 1024
"""Characters a name may have."""

_RUNTIMES = frozenset(("mlx", "mlc", "openvino"))
"""Formats of one runtime: an account that publishes these publishes nothing else."""

_FIELDS = set(ModelName.model_fields)
_UNSTATED: dict[str, Any] = {name: field.get_default() for name, field in ModelName.model_fields.items()}
"""What a record has where the name says nothing; a copy of it costs less than a dictionary made field by field."""
_new = ModelName.__new__
_set_fields = vars(BaseModel)["__dict__"].__set__
_set_fields_set, _set_extra, _set_private = (
    vars(BaseModel)[name].__set__ for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)
_new_segment = tuple.__new__
_HYPHENS = tuple(Segment("separator", "-", at, at + 1) for at in range(LIMIT))
"""Hyphens are four in ten of all segments, so each is made once."""


def read(text: str, *, strict: bool = False) -> ModelName:
    """What the text says; the catalog adds nothing here (`modelcatalog.parse` does both).

    Args:
        text: Any spelling of a model's name, at most 1,024 printable characters.
        strict: Refuse words that no rule takes.

    Raises:
        NameSyntaxError: empty, too long, control characters or, under ``strict``, an unknown word.

    >>> read("Qwen2.5-Coder-3B-Instruct-AWQ").types
    ('coder', 'instruct')
    """
    if not 0 < len(text) <= LIMIT or not text.isprintable() or text.isspace():
        _check(text)
    words = lexicon()
    lower = fold(text)
    parts = take_apart(text, lower, words)
    reader = Reader(text, lower, words)
    if parts.regions:
        _read_regions(reader, parts)
    else:
        if parts.slash > 0:
            reader.account = words.accounts.get(lower[: parts.slash])
        reader.read(parts.slash + 1, len(text))
    if strict:
        _refuse_unknown(reader, parts.slash + 1)
    return _record_of(reader, parts)


def _read_regions(reader: Reader, parts: Parts) -> None:
    lower = reader.lower
    for kind, start, end in parts.regions:
        if kind == "name":
            reader.read(start, end)
        elif kind in ("owner", "company"):
            reader.account = reader.lexicon.accounts.get(lower[start:end])
            reader.dotted = kind == "company"
            reader.other(kind, start, end)
        elif kind == "tag":
            _tag(reader, start, end)
        elif kind == "file":
            reader.again(start, end)
        else:
            if kind == "revision":
                _revision(reader, start, end)
            reader.other(kind, start, end)


def changed(name: ModelName, **fields: Any) -> ModelName:
    """The same name with other, valid, fields."""
    return _record(name.__dict__ | fields)


def _check(text: str) -> None:
    if not text or text.isspace():
        message = "empty name"
        raise NameSyntaxError(message, subject=text, end=0, expected=("a model name such as 'Qwen2.5-7B-Instruct'",))
    if len(text) > LIMIT:
        message = f"name of {len(text)} characters"
        raise NameSyntaxError(message, subject=text, start=LIMIT, end=len(text), expected=(f"at most {LIMIT} characters",))
    for at, char in enumerate(text):
        if unicodedata.category(char) in ("Cc", "Cs"):
            message = f"control character {char!r}" if unicodedata.category(char) == "Cc" else f"lone surrogate {char!r}"
            raise NameSyntaxError(message, subject=text, start=at, expected=("printable characters",))


def _refuse_unknown(reader: Reader, start: int) -> None:
    at = next((i for i, kind in enumerate(reader.kinds) if kind == "unknown"), None)
    if at is None:
        return
    expected = ["a type", "a quantization", "a format"]
    if reader.size is None and reader.mixture is None:
        expected.insert(0, "a size")
    if reader.version is None:
        expected.insert(0, "a version")
    if reader.family is None:
        expected.insert(0, "a family")
    start, text = start + sum(map(len, reader.texts[:at])), reader.text(at)
    message = f"unknown word {text!r}"
    raise NameSyntaxError(message, subject=reader.source, start=start, end=start + len(text), expected=tuple(expected))


@lru_cache(maxsize=4096)
def size_of(label: str | None, total: int | None, active: int | None, experts: int | None) -> Size:
    """One record for each size: names share them."""
    return Size(label=label, total=total, active=active, experts=experts)


@lru_cache(maxsize=4096)
def _quantization(method: str | None, scheme: str | None, bits: float | None, group_size: int | None) -> Quantization:
    return Quantization(method=method, scheme=scheme, bits=bits, group_size=group_size)


def _tag(reader: Reader, start: int, end: int) -> None:
    """An Ollama tag is read like a name; a mode of serving is not, but may name a type."""
    text = reader.lower[start:end]
    if text not in reader.lexicon.serving and not text.isdecimal():
        reader.in_tag = True
        reader.meanings = {**reader.lexicon.tag_words, **reader.meanings}
        reader.read(start, end)
        return
    known = reader.lexicon.words.get(text)
    if known is not None and known.role == "type" and known.value not in reader.types:
        reader.types.append(str(known.value))
    if text.isdecimal():
        reader.bedrock_revision(text)
    reader.other("serving", start, end)


def _revision(reader: Reader, start: int, end: int) -> None:
    """Vertex AI's ``@20250514`` is a date and its ``@001`` a numbered model; other revisions say nothing of the model."""
    text = reader.lower[start:end]
    if not text.isdecimal():
        reader.read_packaging(text)
        return
    date = calendar(text) if len(text) == 8 else None  # noqa: PLR2004  YYYYMMDD
    if date is not None and reader.released is None:
        reader.released = release(*date, reader.source[start:end])
    elif len(text) == 3:  # noqa: PLR2004
        reader.keys.append(text)


def _record_of(reader: Reader, parts: Parts) -> ModelName:
    family, account, version, texts, owner = reader.family, reader.account, reader.version, reader.texts, parts.owner
    origins: tuple[tuple[str, Origin], ...] = ()
    if family is not None:
        name: str | None = family.name
        company: str | None = family.company
        series = name if version is None else f"{name}{version}"
        origins = _COMPANY
    else:
        name = _unknown_family(reader) if reader.lead >= 0 else None
        series = name if version is None or name is None else name + version
        company = reader.company_word
        if account is not None and account.company is not None:
            company = account.company
            origins = (("company", "owner"),)
    size = file_format = quantization = None
    if reader.size_at >= 0 or (reader.tier is not None and family is not None):
        size, origins = _size_of(reader, origins)
    if reader.method or reader.bits or reader.format or (account is not None and account.format is not None):
        file_format, quantization, origins = _package(reader, origins)
    start = parts.slash + 1  # without regions, the owner and its slash are before the words; with them, slash is -1
    segments = [_new_segment(Segment, ("owner", owner, 0, start - 1)), _new_segment(Segment, ("separator", "/", start - 1, start))] if start > 1 else []
    for kind, text in zip(reader.kinds, texts, strict=True):
        if text == "-":
            segments.append(_HYPHENS[start] if kind == "separator" else Segment(kind, text, start, start + 1))
            start += 1
        else:
            end = start + len(text)
            segments.append(_new_segment(Segment, (kind, text, start, end)))
            start = end
    fields = _UNSTATED.copy()
    fields["source"], fields["owner"], fields["name"] = reader.source, reader.origin_account if owner is None else owner, parts.name
    if parts.regions:
        fields["hub"], fields["revision"], fields["tag"], fields["file"] = parts.hub, parts.revision, parts.tag, parts.file
    fields["company"], fields["family"], fields["version"], fields["series"] = company, name, version, series
    if reader.types:
        fields["types"] = tuple(reader.types)
    fields["size"], fields["quantization"], fields["format"] = size, quantization, file_format
    fields["dtype"], fields["context_length"], fields["released"] = reader.dtype, reader.context, reader.released
    if reader.base is not None:
        fields["base"] = _base_of(reader)
    fields["canonical"], fields["segments"], fields["origins"] = _canonical(reader), tuple(segments), origins
    if reader.unknown:
        fields["unknown"] = tuple([texts[i] for i in reader.unknown])
    return _record(fields)


def _unknown_family(reader: Reader) -> str | None:
    """A family the catalog does not know: the words before the first that is recognised."""
    if not (reader.recognised or reader.released or reader.version or reader.context):
        return None
    first, end, kinds = reader.lead, reader.lead_end + 1, reader.kinds
    for i in range(first, end):
        if kinds[i] in ("unknown", "tier"):
            kinds[i] = "family"
        elif reader.words[i][0] == "other":  # not into tag or file
            end = i
            break
    reader.unknown = [i for i in reader.unknown if not first <= i < end]
    return "".join(reader.texts[first:end])


def _size_of(reader: Reader, origins: Origins) -> tuple[Size, Origins]:
    first, last = reader.size_at, reader.size_end
    if first < 0:
        return size_of(reader.tier, None, None, None), origins
    total, experts = reader.size, reader.experts
    if reader.mixture is not None:
        each, experts = reader.mixture
        if total is None:
            total = each * experts
            origins = (*origins, ("size.total", "estimate"))
    label = reader.texts[first] if first == last else "".join(reader.texts[first : last + 1])
    return size_of(label[reader.label_from :].replace("___", "."), total, reader.active, experts), origins


def _package(reader: Reader, origins: Origins) -> tuple[str | None, Quantization | None, Origins]:
    """Format and quantization, from the name first and the owner then."""
    method, bits, scheme, account = reader.method, reader.bits, reader.scheme, reader.account
    file_format = reader.format or reader.method_format
    if reader.format is None and account is not None and account.format in _RUNTIMES:
        file_format = None  # whatever the method, this account publishes for its own runtime
    if file_format is None:
        if method == "gguf" or (scheme is not None and method is None):
            file_format = "gguf"
        elif account is not None and account.format is not None:
            file_format = account.format
            origins = (*origins, ("format", "owner"))
    if method == "mxfp4" and scheme is None and file_format == "gguf":
        scheme = "MXFP4"  # one of llama.cpp's own types
    if method is None and file_format in ("mlx", "mlc", "openvino") and bits is not None:
        method = file_format
        if reader.format is None:
            origins = (*origins, ("quantization.method", "owner"))
    if scheme is None and bits is None and (method is None or method in ("gguf", "mlx", "mlc", "openvino")):
        return file_format, None, origins
    return file_format, _quantization(method, scheme, bits, reader.group), origins


def _base_of(reader: Reader) -> ModelName:
    """The base as a name of its own: its family, its version, and the size that follows directly."""
    end = reader.base_end
    after = reader.after(end)
    if after >= 0 and reader.words[after].role == "size" and after == reader.size_at == reader.size_end:
        end = after
    return _read_base("".join(reader.texts[reader.base_at : end + 1]))



def _canonical(reader: Reader) -> str:
    """Family, version, then the other words in alphabetical order: their order in the name says nothing."""
    keys, family, version, base = reader.keys, reader.family, reader.version, reader.base
    if base is not None:
        keys = [*keys, base.name.lower() + (reader.base_version or "").lower()]
    if len(keys) > 1:
        keys = sorted(set(keys))
    if version is not None:
        keys = [version.lower(), *keys] if family is None else [family.name.lower(), version.lower(), *keys]
    elif family is not None:
        keys = [family.name.lower(), *keys]
    text = "-".join(keys)
    released = reader.released
    if released is None:
        return text
    day = "" if released.day is None else f"-{released.day:02}"
    return f"{text}@{released.year or ''}-{released.month or 0:02}{day}"


_COMPANY: Origins = (("company", "catalog"),)


@lru_cache(maxsize=2048)
def _read_base(text: str) -> ModelName:
    return read(text)


def _record(fields: dict[str, Any]) -> ModelName:
    """A `ModelName` from valid fields, without validating them again (a third of the time of reading a name)."""
    name = _new(ModelName)
    _set_fields(name, fields)
    _set_fields_set(name, _FIELDS)
    _set_extra(name, None)
    _set_private(name, None)
    return name

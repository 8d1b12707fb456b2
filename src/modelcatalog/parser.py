"""Owns reading: a text in, a `ModelName` with what the text itself says out. Adds nothing that the text does not say.

The text is taken apart (reference.py), the name's words are read (reader.py), and the facts become a record here.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from modelcatalog.dates import calendar
from modelcatalog.errors import NameSyntaxError
from modelcatalog.lexicon import lexicon
from modelcatalog.reader import Reader, release
from modelcatalog.records import ModelName, Quantization, Segment, Size
from modelcatalog.reference import take_apart

if TYPE_CHECKING:
    from modelcatalog.records import Origin
    from modelcatalog.reference import Parts

__all__ = ["LIMIT", "changed", "read"]

LIMIT = 1024
"""Characters a name may have."""

_FIELDS = set(ModelName.model_fields)
_BLANK: dict[str, Any] = {name: field.get_default() for name, field in ModelName.model_fields.items()}
_new = ModelName.__new__
_set = object.__setattr__


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
    lower = _lower(text)
    parts = take_apart(text, lower, words)
    reader = Reader(text, lower, words)
    for kind, start, end in parts.regions:
        if kind == "name":
            reader.read(start, end)
        elif kind in ("owner", "company"):
            reader.account = words.accounts.get(lower[start:end])
            reader.dotted = kind == "company"
            reader.other(kind, start, end)
        elif kind == "tag":
            _tag(reader, start, end)
        elif kind == "file":
            reader.again(start, end)
        else:
            if kind == "revision":
                _revision(reader, start, end)
            reader.other(kind, start, end)  # type: ignore[arg-type]  # the rest are segment kinds
    if strict:
        _refuse_unknown(reader)
    return _record_of(reader, parts)


def changed(name: ModelName, **fields: Any) -> ModelName:  # noqa: ANN401  any field
    """The same name with other, valid, fields."""
    return _record({**name.__dict__, **fields})


def _check(text: str) -> None:
    if not text or text.isspace():
        raise NameSyntaxError("empty name", subject=text, end=0, expected=("a model name such as 'Qwen2.5-7B-Instruct'",))
    if len(text) > LIMIT:
        message = f"name of {len(text)} characters"
        raise NameSyntaxError(message, subject=text, start=LIMIT, end=len(text), expected=(f"at most {LIMIT} characters",))
    for at, char in enumerate(text):
        if unicodedata.category(char) in ("Cc", "Cs"):
            message = f"control character {char!r}" if unicodedata.category(char) == "Cc" else f"lone surrogate {char!r}"
            raise NameSyntaxError(message, subject=text, start=at, expected=("printable characters",))


def _refuse_unknown(reader: Reader) -> None:
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
    start, text = reader.starts[at], reader.text(at)
    raise NameSyntaxError(f"unknown word {text!r}", subject=reader.source, start=start, end=start + len(text), expected=tuple(expected))


@lru_cache(maxsize=4096)
def _size(label: str | None, total: int | None, active: int | None, experts: int | None) -> Size:
    return Size(label=label, total=total, active=active, experts=experts)


@lru_cache(maxsize=4096)
def _quantization(method: str | None, scheme: str | None, bits: float | None, group_size: int | None) -> Quantization:
    return Quantization(method=method, scheme=scheme, bits=bits, group_size=group_size)


def _lower(text: str) -> str:
    """Lower case, character by character where that would change the length."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _tag(reader: Reader, start: int, end: int) -> None:
    """An Ollama tag is read like a name; a mode of serving is not, but may name a type."""
    text = reader.lower[start:end]
    if text not in reader.lexicon.serving and not text.isdecimal():
        reader.in_tag = True
        reader.read(start, end)
        return
    known = reader.lexicon.words.get(text)
    if known is not None and known.role == "type" and known.value not in reader.types:
        reader.types.append(str(known.value))
    if text == "0":
        reader.unversion()
    reader.other("serving", start, end)


def _revision(reader: Reader, start: int, end: int) -> None:
    """Vertex AI's ``@20250514`` is a date and its ``@001`` a numbered model; other revisions say nothing of the model."""
    text = reader.lower[start:end]
    if not text.isdecimal():
        reader.packaging(text)
        return
    date = calendar(text) if len(text) == 8 else None  # noqa: PLR2004  YYYYMMDD
    if date is not None and reader.released is None:
        reader.released = release(*date, reader.source[start:end])
    elif len(text) == 3:  # noqa: PLR2004
        reader.keys.append(text)


def _record_of(reader: Reader, parts: Parts) -> ModelName:
    fields = _BLANK.copy()
    origins: list[tuple[str, Origin]] = []
    source, family, account = reader.source, reader.family, reader.account
    fields["source"] = source
    fields["hub"] = parts.hub
    fields["owner"] = parts.owner
    fields["name"] = parts.name
    fields["revision"] = parts.revision
    fields["tag"] = parts.tag
    fields["file"] = parts.file
    version = reader.version
    if family is not None:
        name: str | None = family.name
        fields["company"] = family.company
        origins.append(_COMPANY)
    else:
        name = _unknown_family(reader)
        if account is not None and account.company is not None:
            fields["company"] = account.company
            origins.append(("company", "owner"))
        elif reader.company_word is not None:
            fields["company"] = reader.company_word
    fields["family"] = name
    fields["version"] = version
    if name is not None:
        fields["series"] = name if version is None else name + version
    if reader.types:
        fields["types"] = tuple(reader.types)
    if reader.size_at >= 0 or (reader.tier is not None and family is not None):
        fields["size"] = _size_of(reader, origins)
    _package(reader, fields, origins)
    fields["dtype"] = reader.dtype
    fields["context_length"] = reader.context
    fields["released"] = reader.released
    if reader.base is not None:
        fields["base"] = _base_of(reader)
    fields["canonical"] = _canonical(reader, name)
    starts = reader.starts
    ends = [*starts[1:], len(source)]
    fields["segments"] = tuple(map(Segment._make, zip(reader.kinds, map(source.__getitem__, map(slice, starts, ends)), starts, ends, strict=True)))
    if reader.unknown:
        fields["unknown"] = tuple([reader.text(i) for i in reader.unknown])
    if origins:
        fields["origins"] = tuple(origins)
    return _record(fields)


def _unknown_family(reader: Reader) -> str | None:
    """A family the catalog does not know: the words before the first that is recognised."""
    if reader.lead < 0 or not (reader.recognised or reader.released or reader.version or reader.context):
        return None
    taken = range(reader.lead, reader.lead_end + 1)
    for i in taken:
        if reader.kinds[i] in ("unknown", "tier"):
            reader.kinds[i] = "family"
    reader.unknown = [i for i in reader.unknown if i not in taken]
    return reader.source[reader.starts[reader.lead] : reader.starts[reader.lead_end] + len(reader.words[reader.lead_end].text)]


def _size_of(reader: Reader, origins: list[tuple[str, Origin]]) -> Size:
    total, experts = reader.size, reader.experts
    if reader.mixture is not None:
        each, experts = reader.mixture
        if total is None:
            total = each * experts
            origins.append(("size.total", "estimate"))
    if reader.size_at < 0:
        return _size(reader.tier, None, None, None)
    start = reader.starts[reader.size_at]
    end = reader.starts[reader.size_end] + len(reader.words[reader.size_end].text)
    return _size(reader.source[start:end].replace("___", "."), total, reader.active, experts)


def _package(reader: Reader, fields: dict[str, Any], origins: list[tuple[str, Origin]]) -> None:
    """Quantization and format, from the name first and the owner then."""
    method, bits, account = reader.method, reader.bits, reader.account
    file_format = reader.format or reader.method_format
    if method == "gguf" or reader.scheme is not None and method is None:
        file_format = file_format or "gguf"
    if account is not None and account.repackager and file_format is None and account.format is not None:
        file_format = account.format
        origins.append(("format", "owner"))
    fields["format"] = file_format
    if method is None and file_format in ("mlx", "mlc", "openvino") and bits is not None:
        method = file_format
        if reader.format is None:
            origins.append(("quantization.method", "owner"))
    if method in ("gguf", "mlx", "mlc", "openvino") and reader.scheme is None and bits is None:
        return
    if method is not None or bits is not None or reader.scheme is not None:
        fields["quantization"] = _quantization(method, reader.scheme, bits, reader.group)


def _base_of(reader: Reader) -> ModelName:
    """The base as a name of its own: its family, its version, and the size that follows directly."""
    end = reader.base_end
    after = reader.after(end)
    if after >= 0 and reader.words[after].role == "size" and after == reader.size_at == reader.size_end:
        end = after
    start = reader.starts[reader.base_at]
    return _read_base(reader.source[start : reader.starts[end] + len(reader.words[end].text)])


def _canonical(reader: Reader, family: str | None) -> str:
    keys = reader.keys
    if reader.base is not None:
        keys = [*keys, reader.base.name.lower() + (reader.base_version or "").lower()]
    if reader.family is None and family is not None:
        parts = sorted(set(keys))
    else:
        parts = sorted(set(keys))
        if family is not None:
            parts.insert(0, family.lower())
    if reader.version is not None:
        parts.insert(1, reader.version.lower())
    text = "-".join(parts)
    released = reader.released
    if released is None:
        return text
    day = "" if released.day is None else f"-{released.day:02}"
    return f"{text}@{released.year or ''}-{released.month or 0:02}{day}"


_COMPANY: tuple[str, Origin] = ("company", "catalog")


@lru_cache(maxsize=2048)
def _read_base(text: str) -> ModelName:
    return read(text)


def _record(fields: dict[str, Any]) -> ModelName:
    """A `ModelName` from valid fields, without validating them again (a third of the time of reading a name)."""
    name = _new(ModelName)
    _set(name, "__dict__", fields)
    _set(name, "__pydantic_fields_set__", _FIELDS)
    _set(name, "__pydantic_extra__", None)
    _set(name, "__pydantic_private__", None)
    return name

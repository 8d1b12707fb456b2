"""Owns taking a reference apart: which stretch of the text is hub, owner, name, tag, revision, file. Reads no words.

The forms are the rules of grammar.references(); which steps of a plain name are routes, and what is a file, is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from modelcatalog.names import grammar
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.words import names_family

if TYPE_CHECKING:
    import re

    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.records import Hub, SegmentKind

    RegionKind = SegmentKind | Literal["name", "tag", "file"]

__all__ = ["Parts", "stem", "take_apart"]

_PLACES = ("models--", "~", ".", "/")
"""How paths and cache folders begin."""
_SHARD = "-00001-of-00001"
_BEHIND = ("tag", "revision", "tag_at", "file")
"""What may stand behind a name."""


class Parts:
    """A reference in pieces. ``regions`` cover the text from left to right: kind, start, end.

    The kinds ``name``, ``tag`` and ``file`` are still to be read, word by word; the others are segment kinds.
    """

    __slots__ = ("file", "hub", "name", "owner", "regions", "revision", "slash", "tag")

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.owner: str | None = None
        self.name: str | None = None
        self.revision: str | None = None
        self.tag: str | None = None
        self.file: str | None = None
        self.regions: list[tuple[RegionKind, int, int]] = []
        self.slash = -1
        """Where there are no regions, as in most texts: the place of the slash in ``owner/name``; -1: a bare name."""

    def put(self, kind: RegionKind, start: int, end: int) -> None:
        """Note one region; empty ones are left out."""
        if start < end:
            self.regions.append((kind, start, end))


def take_apart(source: str, lower: str, words: Dictionary) -> Parts:
    """The parts of a text; ``lower`` is the same in lower case."""
    parts = Parts()
    slash = lower.find("/")
    slashes = 0 if slash < 0 else lower.count("/")
    if slashes < 2 and ":" not in lower and "@" not in lower and "\\" not in lower and not lower.startswith(_PLACES):  # noqa: PLR2004  owner/name
        owner = lower[:slash] if slash > 0 else ""
        if "." not in owner and owner not in words.routes and slash + 1 < len(lower):
            if slash >= 0:
                parts.owner = source[:slash]
            if "." not in lower or not _dotted(lower, slash + 1, words):
                parts.name = source[slash + 1 :]
                parts.slash = slash
                return parts
            if slash >= 0:
                parts.regions = [("owner", 0, slash), ("separator", slash, slash + 1)]
            _name(parts, source, lower, words, slash + 1, len(lower))
            return parts
    found = grammar.reference(lower)
    if "scheme" in found.re.groupindex:
        _plain(parts, source, lower, words, found)
    else:
        _from_form(parts, source, found)
    return parts


def _dotted(lower: str, start: int, words: Dictionary) -> bool:
    """Whether a point may part a provider or a file's suffix from the name."""
    head = lower[start : lower.find(".", start)]  # there is one: the account before has none
    return head in words.accounts or head in words.regions or lower.endswith(words.files)


def _name(parts: Parts, source: str, lower: str, words: Dictionary, start: int, end: int) -> None:  # noqa: PLR0917  one text, twice
    """The name itself, with Bedrock's provider before it or a file's suffix behind it."""
    if "." in lower:
        whole = start
        start = _provider(parts, lower, words, start, end)
        if lower.endswith(words.files, start, end):
            parts.file = source[start:end]
            parts.name = stem(parts.file)
            parts.put("name", start, end)
            return
        parts.name = source[whole:end] or None
    else:
        parts.name = source[start:end] or None
    parts.put("name", start, end)


def _plain(parts: Parts, source: str, lower: str, words: Dictionary, found: re.Match[str]) -> None:
    """A name with what may stand around it."""
    part = found.groupdict()
    own = "_at" if part["name"] is None else ""
    at = found.start("routes" + own)
    if part["scheme"] is not None:
        parts.hub = current_dictionary().schemes[part["scheme"]]
        parts.put("hub", 0, at)
    for step in part["routes" + own].split("/")[:-1]:
        _route(parts, (step, at, at + len(step)))
        at += len(step) + 1
    owner, (start, end) = part["owner" + own], found.span("name" + own)
    if owner is not None and owner in words.routes and owner not in words.accounts:
        _route(parts, (owner, at, start - 1))
    elif owner is not None:
        parts.owner = source[at : start - 1]
        parts.put("owner", at, start - 1)
        parts.put("separator", start - 1, start)
    if grammar.form(found) == "file_in_repository":
        parts.name = source[start:end]
        parts.put("name", start, end)
    else:
        _name(parts, source, lower, words, start, end)
    at = end
    for start, end, name in sorted((*found.span(name), name) for name in _BEHIND if part.get(name) is not None):
        parts.put("separator", at, start)
        at = end
        if name == "revision":
            parts.revision = _decoded(source[start:end])
            parts.put("revision", start, end)
        elif name == "file":
            if source[start:end].strip("/"):
                parts.file = source[start:end]
            parts.put("separator" if parts.file is None else "file", start, end)
        else:
            parts.tag = source[start:end]
            parts.put("tag", start, end)
    parts.put("separator", at, len(source))


def _decoded(text: str) -> str:
    """A revision or a file as its hub has it: an address writes a slash in a branch's name as %2F."""
    if "%" not in text:
        return text
    decoded = unquote(text)
    return decoded if decoded.isprintable() else text


def _route(parts: Parts, span: tuple[str, int, int]) -> None:
    parts.put("route", span[1], span[2])
    parts.put("separator", span[2], span[2] + 1)


def _provider(parts: Parts, lower: str, words: Dictionary, start: int, end: int) -> int:
    """Bedrock's ``us.anthropic.`` before the name; gives where the name starts."""
    head, dot, rest = lower[start:end].partition(".")
    at = start
    if dot and head in words.regions and "." in rest:
        at += len(head) + 1
        head, dot, rest = rest.partition(".")
    account = words.accounts.get(head) if dot and rest[:1].isalpha() else None
    if account is None or account.company is None or f".{rest}" in words.files:
        return start
    if at > start:
        _route(parts, (lower[start : at - 1], start, at - 1))
    if head in words.families and not names_family(grammar.pieces(rest)[0]):
        return at  # deepseek.r1: the family itself
    parts.put("company", at, at + len(head))
    parts.put("separator", at + len(head), at + len(head) + 1)
    return at + len(head) + 1


def _from_form(parts: Parts, source: str, found: re.Match[str]) -> None:
    """A URL, a cache path or a local path: named parts, and what stands between them."""
    form = grammar.form(found)
    if form.endswith("_cache"):
        parts.hub = current_dictionary().schemes[form.removesuffix("_cache")]
    names = found.re.groupindex
    spans = sorted((*found.span(name), name) for name in names if found.start(name) < found.end(name))
    at = 0
    for start, end, name in spans:
        parts.put("separator" if at and start - at == 1 else "path", at, start)
        at = end
        text = source[start:end]
        if name == "host":
            parts.hub = current_dictionary().hosts[found.group(name)]
            parts.put("hub", start, end)
        elif name == "path":
            if not _path_name(parts, source, found):
                parts.put("path", start, end)
        elif name == "name":
            _form_name(parts, form, text, start, end)
        elif name in ("revision", "revision_at"):
            parts.revision = _decoded(text)
            parts.put("revision", start, end)
        elif name == "owner":
            parts.owner = text
            parts.put("owner", start, end)
        elif name == "tag":
            parts.tag = text
            parts.put("tag", start, end)
        else:
            parts.file = _decoded(text) if form == "hub_url" else text
            parts.put("file", start, end)
    parts.put("path", at, len(source))


def _form_name(parts: Parts, form: str, text: str, start: int, end: int) -> None:
    if form not in ("local_path", "other_url") or not text.lower().endswith(current_dictionary().files):
        parts.name = text.replace("___", ".") if form == "modelscope_cache" else text
        parts.put("name", start, end)
        return
    if parts.name is None:
        parts.name = stem(text)
        parts.put("name", start, end)
    else:
        parts.put("file", start, end)


def _path_name(parts: Parts, source: str, found: re.Match[str]) -> bool:
    """A file whose own name tells nothing is named by its folder."""
    form = grammar.form(found)
    start, end = found.span("path")
    name = source[found.start("name") : found.end("name")].lower()
    if form not in ("local_path", "other_url") or not name.endswith(current_dictionary().files):
        return False
    parts.file = source if form == "local_path" else source[found.start("name") : found.end("name")]
    folder = source[start:end].rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    if not name.startswith(current_dictionary().stems) or not folder.strip(".~") or form == "other_url":
        return False
    left = source.rindex(folder, start, end)
    parts.put("path", start, left)
    parts.name = folder
    parts.put("name", left, left + len(folder))
    parts.put("separator", left + len(folder), end)
    return True


def stem(text: str) -> str:
    """A weight file's name without its suffix and shard number.

    >>> stem("Qwen2.5-7B-Q4_K_M-00001-of-00002.gguf")
    'Qwen2.5-7B-Q4_K_M'
    """
    if not text.lower().endswith(current_dictionary().files):
        return text
    text = text.rpartition(".")[0]
    if text[-9:-5].lower() == "-of-" and len(text) > len(_SHARD):
        text = text[: -len(_SHARD)]
    return stem(text)

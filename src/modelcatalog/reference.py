"""Owns taking a reference apart: which stretch of the text is hub, owner, name, tag, revision, file. Reads no words.

The forms with a fixed shape (URLs, caches, paths) are rules of grammar.REFERENCES; a plain name is
``[scheme:][route/…][owner/]name[/file][:tag][@revision[/file]]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from modelcatalog import grammar, vocabulary
from modelcatalog.readings import names_family

if TYPE_CHECKING:
    import re

    from modelcatalog.lexicon import Lexicon
    from modelcatalog.records import Hub, SegmentKind

    RegionKind = SegmentKind | Literal["name", "tag", "file"]

__all__ = ["Parts", "stem", "take_apart"]

_FILES = (".gguf", ".safetensors", ".bin", ".pt", ".pth", ".onnx", ".llamafile", ".mlpackage", ".tflite", ".task", ".json")
"""Suffixes of weight files, and of the files beside them."""
_SUFFIX_WORDS = frozenset(suffix[1:] for suffix in _FILES)
_STEMS = ("model", "pytorch_model", "consolidated", "adapter_model", "ggml-model", "config", "tokenizer", "generation_config")
"""Beginnings of file names that tell nothing of the model: its folder does."""
_PLACES = ("models--", "~", ".", "/")
"""How paths and cache folders begin."""
_SHARD = "-00001-of-00001"


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


def take_apart(source: str, lower: str, lexicon: Lexicon) -> Parts:
    """The parts of a text; ``lower`` is the same in lower case."""
    parts = Parts()
    slash = lower.find("/")
    slashes = 0 if slash < 0 else lower.count("/")
    if slashes < 2 and ":" not in lower and "@" not in lower and "\\" not in lower and not lower.startswith(_PLACES):  # noqa: PLR2004  owner/name
        owner = lower[:slash] if slash > 0 else ""
        if "." not in owner and owner not in lexicon.routes and slash + 1 < len(lower):
            if slash >= 0:
                parts.owner = source[:slash]
            if "." not in lower or not _dotted(lower, slash + 1, lexicon):
                parts.name = source[slash + 1 :]
                parts.slash = slash
                return parts
            if slash >= 0:
                parts.regions = [("owner", 0, slash), ("separator", slash, slash + 1)]
            _name(parts, source, lower, lexicon, slash + 1, len(lower))
            return parts
    if slashes != 1 or lower[0] in "./~" or ":" in lower or "\\" in lower or "." in lower:
        found = grammar.reference(lower)
        if found is not None:
            _from_form(parts, source, found)
            return parts
    _plain(parts, source, lower, lexicon)
    return parts


def _dotted(lower: str, start: int, lexicon: Lexicon) -> bool:
    """Whether a point may part a provider or a file's suffix from the name."""
    head = lower[start : lower.find(".", start)]  # there is one: the account before has none
    return head in lexicon.accounts or head in lexicon.regions or lower.endswith(_FILES)


def _name(parts: Parts, source: str, lower: str, lexicon: Lexicon, start: int, end: int) -> None:  # noqa: PLR0917  one text, twice
    """The name itself, with Bedrock's provider before it or a file's suffix behind it."""
    if "." in lower:
        whole = start
        start = _provider(parts, lower, lexicon, start, end)
        if lower.endswith(_FILES, start, end):
            parts.file = source[start:end]
            parts.name = stem(parts.file)
            parts.put("name", start, end)
            return
        parts.name = source[whole:end] or None
    else:
        parts.name = source[start:end] or None
    parts.put("name", start, end)


def _plain(parts: Parts, source: str, lower: str, lexicon: Lexicon) -> None:
    start, end = 0, len(lower)
    scheme, colon, rest = lower.partition(":")
    hub = vocabulary.hubs().schemes.get(scheme) if colon else None
    if hub is not None and rest.strip("/"):
        parts.hub = hub
        start = end - len(rest.lstrip("/"))
        parts.put("hub", 0, start)
    revision, revision_end = _revision(lower, start, hub, lexicon) if "@" in lower else (-1, -1)
    if revision >= 0:
        end = revision
    slash = lower.rfind("/", start, end)
    tag = lower.rfind(":", start, end)
    if tag > slash and start < tag and tag + 1 < end:
        end_of_name = tag
    else:
        tag, end_of_name = -1, end
    if slash >= 0:
        _owned(parts, source, lower, lexicon, start, end_of_name)
    else:
        _name(parts, source, lower, lexicon, start, end_of_name)
    if tag >= 0:
        parts.put("separator", tag, tag + 1)
        parts.tag = source[tag + 1 : end]
        parts.put("tag", tag + 1, end)
    if revision >= 0:
        parts.put("separator", end, end + 1)
        parts.revision = _decoded(source[end + 1 : revision_end])
        parts.put("revision", end + 1, revision_end)
        _behind_revision(parts, source, revision_end)


def _revision(lower: str, start: int, hub: Hub | None, lexicon: Lexicon) -> tuple[int, int]:
    """The ``@`` before a revision, and where the revision ends; -1 and -1: none.

    Everything behind the ``@`` is the revision, up to a slash: there a file begins, as huggingface_hub has it. The slashes
    of ``refs/pr/3`` are its own. An ``@`` that begins a part is part of a route (``@cf/…``), and one in a file's name is its own.
    """
    at = lower.find("@", start + 1)
    while 0 < at < len(lower) - 1:
        before = lower[start:at].removeprefix("models/")
        slashes = before.count("/")
        if lower[at - 1] != "/":
            end = grammar.refs(lower, at + 1)
            if end < 0:
                slash = lower.find("/", at)
                end = len(lower) if slash < 0 else slash if slashes <= 1 and (hub or (slashes and before.partition("/")[0] not in lexicon.routes)) else -1
            if end > at + 1:
                return at, end
        at = lower.find("@", at + 1)
    return -1, -1


def _behind_revision(parts: Parts, source: str, start: int) -> None:
    """The file behind a revision, or a tag behind one whose slashes are its own."""
    rest = source[start + 1 :]
    if not rest.strip("/"):
        parts.put("separator", start, len(source))
        return
    parts.put("separator", start, start + 1)
    if source[start] == ":":
        parts.tag = rest
        parts.put("tag", start + 1, len(source))
    else:
        parts.file = rest
        parts.put("file", start + 1, len(source))


def _decoded(text: str) -> str:
    """A revision or a file as its hub has it: an address writes a slash in a branch's name as %2F."""
    if "%" not in text:
        return text
    decoded = unquote(text)
    return decoded if decoded.isprintable() else text


def _owned(parts: Parts, source: str, lower: str, lexicon: Lexicon, start: int, end: int) -> None:  # noqa: PLR0917  one text, twice
    """Routes, an owner, the name, and perhaps a file in it."""
    spans = []
    at = start
    for part in lower[start:end].split("/"):
        spans.append((part, at, at + len(part)))
        at += len(part) + 1
    while len(spans) > 1 and not spans[-1][0]:  # a folder's slash
        end = spans.pop()[1] - 1
    is_file = lower.endswith(_FILES, start, end)
    while len(spans) > 1 and _is_route(spans[0][0], len(spans), lexicon):
        _route(parts, spans.pop(0))
    while len(spans) > 2 and not is_file:  # noqa: PLR2004  owner and name
        _route(parts, spans.pop(0))
    if len(spans) > 1 and not (len(spans) == 2 and spans[0][0] in lexicon.routes and spans[0][0] not in lexicon.accounts):  # noqa: PLR2004
        _, left, right = spans.pop(0)
        parts.owner = source[left:right] or None
        parts.put("owner", left, right)
        parts.put("separator", right, right + 1)
    elif len(spans) > 1:
        _route(parts, spans.pop(0))
    _, left, right = spans[0]
    if len(spans) == 1:
        _name(parts, source, lower, lexicon, left, right)
    else:
        parts.name = source[left:right]
        parts.put("name", left, right)
        parts.put("separator", right, right + 1)
        parts.file = source[right + 1 : end]
        parts.put("file", right + 1, end)
    parts.put("separator", end, at - 1)


def _is_route(part: str, left: int, lexicon: Lexicon) -> bool:
    return not part or (part in lexicon.routes and (left > 2 or part not in lexicon.accounts))  # noqa: PLR2004


def _route(parts: Parts, span: tuple[str, int, int]) -> None:
    parts.put("route", span[1], span[2])
    parts.put("separator", span[2], span[2] + 1)


def _provider(parts: Parts, lower: str, lexicon: Lexicon, start: int, end: int) -> int:
    """Bedrock's ``us.anthropic.`` before the name; gives where the name starts."""
    head, dot, rest = lower[start:end].partition(".")
    at = start
    if dot and head in lexicon.regions and "." in rest:
        at += len(head) + 1
        head, dot, rest = rest.partition(".")
    account = lexicon.accounts.get(head) if dot and rest[:1].isalpha() else None
    if account is None or account.company is None or rest in _SUFFIX_WORDS:
        return start
    if at > start:
        _route(parts, (lower[start : at - 1], start, at - 1))
    if head in lexicon.families and not names_family(grammar.pieces(rest)[0]):
        return at  # deepseek.r1: the family itself
    parts.put("company", at, at + len(head))
    parts.put("separator", at + len(head), at + len(head) + 1)
    return at + len(head) + 1


def _from_form(parts: Parts, source: str, found: re.Match[str]) -> None:  # noqa: C901  a line for each part of a reference
    """A URL, a cache path or a local path: named parts, and what stands between them."""
    form = grammar.form(found)
    if form.startswith("huggingface"):
        parts.hub = "huggingface"
    elif form.startswith("modelscope"):
        parts.hub = "modelscope"
    names = found.re.groupindex
    spans = sorted((*found.span(name), name) for name in names if found.start(name) < found.end(name))
    at = 0
    for start, end, name in spans:
        parts.put("separator" if at and start - at == 1 else "path", at, start)
        at = end
        text = source[start:end]
        if name == "host":
            parts.hub = vocabulary.hubs().hosts[found.group(name)]
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
    if form not in ("local_path", "other_url") or not text.lower().endswith(_FILES):
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
    if form not in ("local_path", "other_url") or not name.endswith(_FILES):
        return False
    parts.file = source if form == "local_path" else source[found.start("name") : found.end("name")]
    folder = source[start:end].rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    if not name.startswith(_STEMS) or not folder.strip(".~") or form == "other_url":
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
    if not text.lower().endswith(_FILES):
        return text
    text = text.rpartition(".")[0]
    if text[-9:-5].lower() == "-of-" and len(text) > len(_SHARD):
        text = text[: -len(_SHARD)]
    return stem(text)

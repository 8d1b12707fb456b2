"""Owns taking a reference apart: which stretch of the text is hub, provider, owner, name, tag, revision, file. Reads no words.

The forms are the rules of grammar.references(); which steps of a plain name are routes, and what is a file, is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from modelcatalog.names import grammar
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.roles import FamilyWord
from modelcatalog.names.words import alone, names_family, readings

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
_PLAIN = ("name", "name_and_file", "name_and_refs", "file_in_repository")
"""The forms of plain names."""
_KINDS: dict[str, RegionKind] = {"serving": "serving", "company": "company", "route": "route", "catalog": "route"}
"""Parts of a form that are segments of a kind; what has no kind of its own is path."""
_SAID = ("provider", "server", "registry")
"""Parts of a form that lie within other parts."""
_DEEPEST = 6
"""References within references; a longer chain is read as a name."""
_NEAREST = 4
"""So many folders above that of a training run, less one, may have the name."""
_DIGEST = 32
"""Hexadecimal digits of the shortest digest."""
_COMMIT = 40
_VARIANTS = frozenset(("scheme", "bits", "plain_q", "dtype", "method", "named_scheme"))
"""Roles of a word behind an at sign that name a variant, and no revision."""


class Parts:
    """A reference in pieces. ``regions`` cover the text from left to right: kind, start, end.

    The kinds ``name``, ``tag`` and ``file`` are still to be read, word by word; the others are segment kinds.
    """

    __slots__ = ("file", "hub", "name", "owner", "provider", "regions", "revision", "slash", "tag")

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.provider: str | None = None
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
        if "." not in owner and owner not in words.routes and slash + 1 < len(lower) and not (slash > 0 and lower.startswith(words.checkpoints, slash + 1)):
            if slash >= 0:
                parts.owner = source[:slash]
            if ("." not in lower or not _dotted(lower, slash + 1, words)) and ("_" not in lower or _account_end(lower, slash + 1, len(lower), words) < 0):
                parts.name = source[slash + 1 :]
                parts.slash = slash
                return parts
            if slash >= 0:
                parts.regions = [("owner", 0, slash), ("separator", slash, slash + 1)]
            _name(parts, source, lower, words, slash + 1, len(lower))
            return parts
    _apart(parts, source, lower, words, 0, len(lower), 0)
    return parts


def _apart(parts: Parts, source: str, lower: str, words: Dictionary, start: int, end: int, depth: int) -> None:  # noqa: PLR0917  a stretch of one text
    """The parts of a stretch, by the first form that it has and that the words in it do not rule out."""
    text = lower[start:end]
    but: tuple[str, ...] = ()
    form, found = grammar.reference(text, but)
    while _ruled_out(form.name, found, words) or (depth >= _DEEPEST and form.name != "name"):
        but = (*but, form.name)
        form, found = grammar.reference(text, but)
    if form.hub is not None:
        parts.hub = form.hub
    if form.provider is not None:
        parts.provider = form.provider
    if form.name in _PLAIN:
        _plain(parts, source, lower, words, found, start, form.name)
    elif form.name == "display_name" and _in_one(found, words):
        _shown(parts, source, lower, words, found, start)
    else:
        _from_form(parts, source, lower, words, form, found, start, end, depth)


# --- what the words of a form must be ---------------------------------------------------------------


def _ruled_out(form: str, found: re.Match[str], words: Dictionary) -> bool:
    """Whether the words tell that the text is of another form."""
    if form == "provider_model":
        # mistral:7b is Ollama's; mistral:mistral-large is Mistral's.
        return found.group("provider") in words.families and not _begins_with_family(found.group("inner"))
    if form == "display_name":
        return _squeezed(found.group("company")) not in words.company_of
    if form == "checkpoint":
        return not _names_model(found.group("name"))
    return form in ("folder_in_repository", "view_of_repository") and not _is_repository(form, found, words)


def _is_repository(form: str, found: re.Match[str], words: Dictionary) -> bool:
    """Whether the first two steps of a path are a repository: the second names a model, or the first is an account and nothing behind does."""
    owner, name = found.group("owner"), found.group("name")
    if name in words.accounts or (owner in words.served and owner not in words.accounts):
        return False
    if form == "view_of_repository" or _names_model(name):
        return True
    return owner in words.accounts and not _names_model(found.group("file"))


def _squeezed(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _begins_with_family(text: str) -> bool:
    """Whether a name begins with a family, perhaps behind one word more: ``open-mixtral``."""
    pieces = [piece for piece in grammar.pieces(text) if piece[0].isalnum()]
    return any(names_family(piece) for piece in pieces[:2])


def _names_model(text: str) -> bool:
    """Whether a step of a path has a family or a size in it."""
    return any(word.role in ("family", "size", "mixture") for piece in grammar.pieces(text) for word in alone(readings()[piece]))


def _first_family(text: str) -> str | None:
    """The family that a name begins with."""
    value = alone(readings()[grammar.pieces(text)[0]])[0].value
    return value.name if isinstance(value, FamilyWord) else None


def _in_one(found: re.Match[str], words: Dictionary) -> bool:
    """``DeepSeek: R1``: the maker's word is the family too, and the name has no other."""
    return found.group("company") in words.families and not _begins_with_family(found.group("name"))


# --- forms with parts of their own --------------------------------------------------------------------


def _from_form(parts: Parts, source: str, lower: str, words: Dictionary, form: grammar.Told, found: re.Match[str], start: int, end: int, depth: int) -> None:  # noqa: C901, PLR0912, PLR0917  a line for each part of a reference
    """A form with parts of its own: named parts, and what stands between them."""
    at = start
    for left, right, called in sorted((*found.span(name), name) for name in found.re.groupindex if found.start(name) < found.end(name)):
        first, last, kind = left + start, right + start, called.partition("_")[0]  # a pattern has each name but once
        if kind in _SAID:
            _said(parts, lower[first:last], kind, words)
            continue
        parts.put("separator" if at > start and first - at == 1 else "path", at, first)
        at = last
        if kind in ("host", "hub"):
            _hub(parts, lower, words, kind, first, last)
        elif kind == "path":
            if not _path_name(parts, source, lower, words, form.name, found, start):
                parts.put("path", first, last)
        elif kind == "name":
            _form_name(parts, source, lower, words, form.name, first, last)
        elif kind == "routes":
            _steps(parts, lower, words, first, last)
        elif kind == "inner":
            _apart(parts, source, lower, words, first, last, depth + 1)
        elif kind in ("model", "variation"):
            _kaggle(parts, source, found, kind, first, last)
        elif kind == "owner":
            folder = lower[first:last] in words.folders and form.name == "folder_in_repository"  # outputs/…: one's own
            parts.owner = None if folder else source[first:last]
            parts.put("path" if folder else "owner", first, last)
        elif kind == "tag":
            _tag(parts, source, lower, words, first, last, form.name)
        elif kind == "revision":
            _revision(parts, source, lower, first, last)
        elif kind == "file":
            parts.file = _decoded(source[first:last]) if form.name.startswith(("hub", "purl", "view")) else source[first:last]
            parts.put("file", first, last)
        else:
            if kind == "catalog":
                parts.provider = words.provider_of.get(lower[first : last - 1], parts.provider)
            parts.put(_KINDS.get(kind, "path"), first, last)
    parts.put("path", at, end)
    if form.name == "purl":
        parts.hub = parts.hub or (None if "repository_url=" in found.group() else current_dictionary().schemes["hf"])
    elif form.name == "hub_url" and parts.owner is None and parts.hub != "ollama" and (parts.name or "").lower() in words.accounts:
        parts.name = None  # an account's own page
        parts.regions = [("owner" if kind == "name" else kind, left, right) for kind, left, right in parts.regions]


def _said(parts: Parts, text: str, kind: str, words: Dictionary) -> None:
    """A part within another part, which tells who serves, and from which hub."""
    if kind == "provider":
        parts.provider = words.provider_of.get(text, parts.provider)
        parts.hub = words.schemes.get(text, parts.hub)
        return
    parts.provider = words.provider_hosts.get(text, parts.provider)
    if kind == "server":
        parts.hub = next((hub for host, hub in words.hosts.items() if text.endswith(f".{host}")), parts.hub)


def _hub(parts: Parts, lower: str, words: Dictionary, kind: str, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
    """A hub's host, or its scheme; without slashes, a scheme may be a provider's word too (``huggingface:Qwen/Qwen3-8B``)."""
    text = lower[start:end]
    parts.hub = words.hosts[text] if kind == "host" else words.schemes[text]
    if kind == "hub" and not lower.startswith("://", end):
        parts.provider = words.provider_of.get(text, parts.provider)
    parts.put("hub", start, end)


def _form_name(parts: Parts, source: str, lower: str, words: Dictionary, form: str, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
    text = source[start:end]
    if form in ("local_path", "other_url") and lower.endswith(words.files, start, end):
        if parts.name is not None:
            parts.put("file", start, end)
            return
        _name(parts, source, lower, words, start, end)
        parts.file = source if form == "local_path" else text
        return
    if form == "local_path" and parts.name is not None:
        parts.put("path", start, end)
        return
    if form in ("local_path", "other_url") or (form == "mlflow" and "." in text):
        _name(parts, source, lower, words, start, end)
        return
    parts.name = text.replace("___", ".") if form == "modelscope_cache" else _decoded(text)
    parts.put("name", start, end)


def _path_name(parts: Parts, source: str, lower: str, words: Dictionary, form: str, found: re.Match[str], offset: int) -> bool:  # noqa: PLR0917  a stretch of one text
    """A file or a run's folder whose own name tells nothing is named by the folder above it."""
    if form not in ("local_path", "other_url"):
        return False
    first, last = found.start("name") + offset, found.end("name") + offset
    is_file = lower.endswith(words.files, first, last)
    run = lower.startswith(words.checkpoints, first) and lower[last - 1].isdigit()
    if form == "other_url" or first < offset or not (run or (is_file and lower.startswith(words.stems, first))):
        return False
    start, end = found.start("path") + offset, found.end("path") + offset
    if is_file:
        parts.file = source
    above = source[start:end].rstrip("/\\").replace("\\", "/").split("/")
    folder = next((one for one in above[:-_NEAREST:-1] if _names_model(one.lower())), "") if run else above[-1]
    if not folder.strip(".~"):
        return False
    left = source.rindex(folder, start, end)
    parts.put("path", start, left)
    parts.name = folder
    parts.put("name", left, left + len(folder))
    parts.put("separator", left + len(folder), end)
    return True


def _kaggle(parts: Parts, source: str, found: re.Match[str], kind: str, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
    """``gemma/transformers/2b-it`` is one name in two steps; ``gemma-2/transformers/gemma-2-2b-it`` has it in the last."""
    whole = _begins_with_family(found.group("variation"))
    if kind == "model":
        parts.name = None if whole else source[start:end]
        parts.put("route" if whole else "name", start, end)
    elif whole:
        parts.name = source[start:end]
        parts.put("name", start, end)
    else:
        parts.tag = source[start:end]
        parts.put("tag", start, end)


def _shown(parts: Parts, source: str, lower: str, words: Dictionary, found: re.Match[str], start: int) -> None:  # noqa: PLR0917  a stretch of one text
    """A name as people are shown it, all of which is the name."""
    end = found.end("name") + start
    _name(parts, source, lower, words, start, end)
    if found.start("serving") >= 0:
        parts.put("separator", end, found.start("serving") + start)
        parts.put("serving", found.start("serving") + start, found.end("serving") + start)
    parts.put("separator", max(end, found.end("serving") + start), found.end() + start)


# --- plain names --------------------------------------------------------------------------------------


def _dotted(lower: str, start: int, words: Dictionary) -> bool:
    """Whether a point may part a maker or a file's suffix from the name."""
    head = lower[start : lower.find(".", start)]  # there is one: the account before has none
    return head in words.accounts or head in words.regions or head in words.catalog_heads or lower.endswith(words.files)


def _account_end(lower: str, start: int, end: int, words: Dictionary) -> int:
    """Where the account ends that stands before a name with an underscore, as in ``TheBloke_Llama-2-7B-GPTQ``; -1: none does."""
    at = lower.find("_", start, end)
    head = lower[start:at]
    if at < 0 or head not in words.accounts or not lower[at + 1 : at + 2].isalpha():
        return -1
    if (head in words.families or not words.accounts[head].repackager) and not names_family(grammar.pieces(lower[at + 1 : end])[0]):
        return -1  # qwen_chat is no account's
    return at


def _name(parts: Parts, source: str, lower: str, words: Dictionary, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
    """The name itself, with a maker or an account before it, or a file's suffix or what a provider adds behind it."""
    whole, owned = start, parts.owner is not None  # what lies under an account is called by its whole name
    if "." in lower[start:end]:
        catalog = next((text for text in words.catalogs if lower.startswith(text, start, end)), None)
        if catalog is not None:
            parts.provider = words.catalogs[catalog]
            parts.put("route", start, start + len(catalog) - 1)
            parts.put("separator", start + len(catalog) - 1, start + len(catalog))
            start = whole = start + len(catalog)
        start = _maker(parts, lower, words, start, end)
    at = _account_end(lower, start, end, words) if "_" in lower[start:end] else -1
    if at >= 0:
        if not owned:
            parts.owner = source[start:at]
        parts.put("owner", start, at)
        parts.put("separator", at, at + 1)
        start = at + 1
    name = source[whole if owned else start : end]
    if lower.endswith(words.files, start, end):
        parts.file, parts.name = source[whole:end], stem(name)
        parts.put("name", start, end)
        return
    parts.name = name or None
    added = next((word for word in words.variants.get(parts.provider or "", ()) if lower.endswith(word, start + 1, end)), "")
    parts.put("name", start, end - len(added))
    if added:
        parts.put("separator", end - len(added), end - len(added) + 1)
        parts.put("serving", end - len(added) + 1, end)


def _plain(parts: Parts, source: str, lower: str, words: Dictionary, found: re.Match[str], offset: int, form: str) -> None:  # noqa: C901, PLR0917  a line for each part of a reference
    """A name with what may stand around it."""
    part = found.groupdict()
    own = "_at" if part["name"] is None else ""
    at = found.start("routes" + own) + offset
    if part["scheme"] is not None:
        parts.hub = words.schemes[part["scheme"]]
        if not found.group().startswith("://", len(part["scheme"])):
            parts.provider = words.provider_of.get(part["scheme"], parts.provider)
        parts.put("hub", offset, at)
    _steps(parts, lower, words, at, found.end("routes" + own) + offset)
    at = found.end("routes" + own) + offset
    owner = part["owner" + own]
    start, end = found.start("name" + own) + offset, found.end("name" + own) + offset
    if owner is not None and _is_route(parts, source, lower, words, owner, start, end):
        _steps(parts, lower, words, at, start)
    elif owner is not None:
        parts.owner = source[at : start - 1]
        parts.put("owner", at, start - 1)
        parts.put("separator", start - 1, start)
    if form == "file_in_repository":
        parts.name = source[start:end]
        parts.put("name", start, end)
    else:
        _name(parts, source, lower, words, start, end)
    at = end
    for left, right, kind in sorted((*found.span(kind), kind) for kind in _BEHIND if part.get(kind) is not None):
        start, end = left + offset, right + offset
        parts.put("separator", at, start)
        at = end
        if kind == "revision":
            _revision(parts, source, lower, start, end)
            family = _first_family(lower[start:end])
            if family is not None and family == _first_family(part["name" + own]):
                # gemma3@gemma-3-4b-it: the model is named behind the at sign, and before it the line
                parts.regions = [("route" if kind == "name" else kind, first, last) for kind, first, last in parts.regions[:-1]]
                parts.put("name", start, end)
        elif kind == "file":
            if source[start:end].strip("/"):
                parts.file = source[start:end]
            parts.put("separator" if parts.file is None else "file", start, end)
        else:
            _tag(parts, source, lower, words, start, end, form)
    parts.put("separator", at, offset + len(found.group()))


def _is_route(parts: Parts, source: str, lower: str, words: Dictionary, owner: str, start: int, end: int) -> bool:  # noqa: PLR0917  a stretch of one text
    """Whether the step before a name is none of its accounts."""
    if parts.provider is not None and (owner in words.paths or _maker_end(lower, words, start, end) > start):
        return True
    if owner not in words.routes:
        return False
    account = words.accounts.get(owner)
    if account is None:
        return True
    if owner in words.apis:
        return True
    if owner not in words.served or source[start - 1 - len(owner) : end] != lower[start - 1 - len(owner) : end]:
        return False  # an API's id is in lower case: Groq/Llama-3-Groq-8B lies on a hub
    # Groq serves llama-3.1-8b, which is none of its own.
    families = (word.value for piece in grammar.pieces(lower[start:end]) for word in alone(readings()[piece]) if word.role == "family")
    family = next(families, None)
    return isinstance(family, FamilyWord) and family.company != account.company


def _steps(parts: Parts, lower: str, words: Dictionary, start: int, end: int) -> None:
    """Steps of a path before owner and name: providers, and what only leads the way."""
    at = start
    while at < end:
        right = lower.find("/", at, end)
        step = lower[at:right]
        if step in words.provider_of and (step not in words.accounts or step in words.served or step in words.schemes):
            parts.provider = words.provider_of[step]
            parts.hub = words.schemes.get(parts.provider, parts.hub)
        elif step in words.accounts and right + 1 == end and at == start:
            parts.put("owner", at, right)  # mlx-community/Qwen/…: the account's format holds for what lies under it
            parts.put("separator", right, right + 1)
            at = right + 1
            continue
        parts.put("route", at, right)
        parts.put("separator", right, right + 1)
        at = right + 1


def _tag(parts: Parts, source: str, lower: str, words: Dictionary, start: int, end: int, form: str) -> None:  # noqa: PLR0917  a stretch of one text
    """What stands behind a colon: a variant, a provider, a digest, or for a hub's own URI a commit."""
    text = lower[start:end]
    if form == "hub_uri" and len(text) == _COMMIT and _is_hexadecimal(text):
        parts.revision = source[start:end]
        parts.put("revision", start, end)
        return
    parts.tag = source[start:end]
    provider = words.provider_of.get(text)
    if provider is not None:
        parts.provider = provider
    software = parts.regions[0][0] == "path" and "." in text and text.replace(".", "").isdecimal()  # an image's, not the model's
    parts.put("serving" if provider is not None or software or (len(text) >= _DIGEST and _is_hexadecimal(text)) else "tag", start, end)


def _is_hexadecimal(text: str) -> bool:
    return all(char in "0123456789abcdef" for char in text)


def _revision(parts: Parts, source: str, lower: str, start: int, end: int) -> None:
    """What stands behind an at sign: a revision, unless it is one word that says how the weights are packed."""
    pieces = grammar.pieces(lower[start:end])
    role = alone(readings()[pieces[0]])[0].role if len(pieces) == 1 else "other"
    branch = parts.owner is not None and (role not in ("scheme", "plain_q", "bits") or pieces[0].endswith("bpw"))
    if parts.hub is not None or role not in _VARIANTS or branch:
        parts.revision = _decoded(source[start:end])
    parts.put("revision", start, end)


def _decoded(text: str) -> str:
    """A revision or a file as its hub has it: an address writes a slash in a branch's name as %2F."""
    if "%" not in text:
        return text
    decoded = unquote(text)
    return decoded if decoded.isprintable() else text


def _maker_end(lower: str, words: Dictionary, start: int, end: int) -> int:
    """Where the name starts behind ``us.anthropic.``; ``start`` itself where no maker stands before a point."""
    head, dot, rest = lower[start:end].partition(".")
    at = start
    if dot and head in words.regions and "." in rest:
        at += len(head) + 1
        head, dot, rest = rest.partition(".")
    account = words.accounts.get(head) if dot and rest[:1].isalpha() else None
    if account is None or account.company is None or f".{rest}" in words.files:
        return start
    return at + len(head) + 1


def _maker(parts: Parts, lower: str, words: Dictionary, start: int, end: int) -> int:
    """Bedrock's ``us.anthropic.`` before the name; gives where the name starts."""
    after = _maker_end(lower, words, start, end)
    if after == start:
        return start
    at = lower.rfind(".", start, after - 1) + 1 or start
    at = max(at, start)
    head = lower[at : after - 1]
    providers = words.dotted.get(head, ())
    if parts.provider is None and providers and parts.owner is None:
        marked = at > start or len(providers) == 1 or (lower[end : end + 1] == ":" and lower[end + 1 : end + 2].isdecimal())
        parts.provider = providers[0] if marked else None
    if at > start:
        parts.put("route", start, at - 1)
        parts.put("separator", at - 1, at)
    if head in words.families and not names_family(grammar.pieces(lower[after:end])[0]):
        return at  # deepseek.r1: the family itself
    parts.put("company", at, after - 1)
    parts.put("separator", after - 1, after)
    return after


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

"""Owns taking a reference apart: which stretch of the text is hub, provider, owner, name, tag, revision, file. Reads no words.

The forms are the rules of grammar.references(); which steps of a plain name are routes, and what is a file, is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelcatalog.later import pattern
from modelcatalog.names import grammar
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.parts import Parts, begins_with_family, names_model, names_size
from modelcatalog.names.plain import account_end, behind_owner, decoded, dotted, read_name, read_plain, read_revision, read_steps, read_tag
from modelcatalog.names.roles import LETTERS

if TYPE_CHECKING:
    import re

    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.names.parts import RegionKind

__all__ = ["take_apart", "take_plain"]

_CONTROL: Final = pattern(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and lone surrogates, which no name has."""
_PLAIN = ("name", "name_and_file", "name_and_refs", "file_in_repository")
"""The forms of plain names."""
_KINDS: dict[str, RegionKind] = {"serving": "serving", "effort": "tag", "company": "company", "route": "route", "catalog": "route"}
"""Parts of a form that are segments of a kind; what has no kind of its own is path."""
_SAID = ("provider", "server", "registry")
"""Parts of a form that lie within other parts."""
_DEEPEST = 6
"""References within references; a longer chain is read as a name."""
_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_TIME = len("20250601120000")
_NEAREST = 4
"""So many folders above that of a training run, less one, may have the name."""


def take_plain(source: str, lower: str, words: Dictionary) -> Parts | None:
    """The parts of a text that is a bare name or ``owner/name``, as most are; ``lower`` is the same in lower case. None: it is neither."""
    # The signs of another form, the beginnings of paths and of cache folders, and what cannot be a name.
    if not lower or ":" in lower or "@" in lower or "%" in lower or "\\" in lower or (not lower.isprintable() and (lower.isspace() or _CONTROL.search(lower))):
        return None
    first = lower[0]
    sign = not first.isalnum() and (first < "0" or first in "~`")  # quotation marks, hyphens and points come before the digits
    if sign or (first == "m" and lower.startswith("model") and _is_folder(lower)) or (" " in lower and _is_said(lower, words)):
        return None
    owner, slash, name = lower.partition("/")
    start = 0
    if slash:
        if not owner or not name or "/" in name or "." in owner or " " in owner or owner in words.routes or name in words.leaves:
            return None
        if (_NINE >= ord(name[-1]) >= _ZERO and name.startswith(words.checkpoints)) or ("." in name and name.startswith(words.stems)):
            return None  # o/checkpoint-500, o/model.safetensors: where a run or a file lies
        start = len(owner) + 1
    parts = Parts()
    if start:
        parts.owner = source[: start - 1]
    if ("." in lower and dotted(lower, start, words)) or ("_" in lower and account_end(lower, start, len(lower), words) >= 0):
        if start:
            parts.regions = [("owner", 0, start - 1), ("separator", start - 1, start)]
        read_name(parts, source, lower, words, start, len(lower))
    else:
        parts.name = source[start:]
        parts.slash = start - 1
        if start:
            parts.account = words.accounts.get(owner)
    return parts


def _is_folder(lower: str) -> bool:
    """Whether a text is a folder of a cache, or a setting: models--…, model=…."""
    return lower.startswith("models--") or "=" in lower


def _is_said(lower: str, words: Dictionary) -> bool:
    """Whether a text with blanks is a command or a name as leaderboards show it, or nothing but blanks."""
    return lower[-1] == ")" or lower.isspace() or lower.startswith(words.commands)


def take_apart(source: str, lower: str, words: Dictionary) -> Parts:
    """The parts of any other text."""
    parts = Parts()
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
        read_plain(parts, source, lower, words, found, start, form.name)
    elif form.name == "display_name" and _in_one(found, words):
        _shown(parts, source, lower, words, found, start)
    else:
        _from_form(parts, source, lower, words, form, found, start, end, depth)


# --- what the words of a form must be ---------------------------------------------------------------


def _ruled_out(form: str, found: re.Match[str], words: Dictionary) -> bool:
    """Whether the words tell that the text is of another form."""
    if form == "provider_model":
        # mistral:7b is Ollama's; mistral:mistral-large is Mistral's.
        return found.group("provider") in words.families and not begins_with_family(found.group("inner"))
    if form == "display_name":
        return grammar.squeezed(found.group("company")) not in words.company_of
    if form in ("sagemaker_arn", "mlflow_artifact"):
        own = found.groupdict().get("name_at")
        return not (names_model(found.group("name")) if own is None else names_size(own))  # my-llama is one's own
    if form in ("kaggle", "kaggle_folder"):
        return found.group("variation").endswith(words.files)  # owner/name/onnx/model.onnx
    if form == "checkpoint":
        return not _is_own(found.group("routes").rstrip("/").split("/"), found.group("name"), found.group("file"), words)
    return form in ("folder_in_repository", "view_of_repository") and not _is_repository(form, found, words)


def _is_own(steps: list[str], name: str, file: str, words: Dictionary) -> bool:
    """Whether a step is a model in a folder of one's own, or stands alone; ``Qwen/Qwen3-8B/gguf`` is a repository and a folder in it."""
    first = steps[0]
    if name in words.accounts and not (first in words.folders and file.startswith(words.checkpoints)):
        return False
    if not names_model(name):
        return first in words.folders and file.startswith(words.checkpoints) and not any(names_model(step) for step in steps)
    if not first or first in words.routes or (file.startswith(words.checkpoints) and first not in words.accounts):
        return True
    return any(step in words.folders for step in steps)


def _is_repository(form: str, found: re.Match[str], words: Dictionary) -> bool:
    """Whether the first two steps of a path are a repository: the second names a model, or the first is an account and nothing behind does."""
    owner, name = found.group("owner"), found.group("name")
    if name in words.accounts or (owner in words.served and owner not in words.accounts):
        return False
    if form == "view_of_repository" or names_model(name):
        return True
    return owner in words.accounts and not names_model(found.group("file"))


def _in_one(found: re.Match[str], words: Dictionary) -> bool:
    """``DeepSeek: R1``: the maker's word is the family too, and the name has no other."""
    return found.group("company") in words.families and not begins_with_family(found.group("name"))


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
            _form_name(parts, source, lower, words, form.name, behind_owner(parts, source, lower, first, last), last)
        elif kind == "routes":
            read_steps(parts, lower, words, first, last)
        elif kind == "inner":
            _apart(parts, source, lower, words, behind_owner(parts, source, lower, first, last), last, depth + 1)
        elif kind in ("model", "variation"):
            _kaggle(parts, source, found, kind, first, last)
        elif kind == "owner":
            folder = lower[first:last] in words.folders and form.name == "folder_in_repository"  # outputs/…: one's own
            parts.owner = None if folder else source[first:last]
            parts.put("path" if folder else "owner", first, last)
        elif kind == "tag":
            read_tag(parts, source, lower, words, first, last, form.name)
        elif kind == "revision":
            read_revision(parts, source, lower, first, last)
        elif kind == "file":
            parts.file = decoded(source[first:last]) if form.name.startswith(("hub", "purl", "view")) else source[first:last]
            steps = lower[first:last].split("/") if form.name == "checkpoint" else []
            silent = any(_is_time(step) for step in steps) or (len(steps) == 1 and steps[0].startswith(words.checkpoints))
            parts.put("path" if silent else "file", first, last)  # the time of a run is no release
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
        read_name(parts, source, lower, words, start, end)
        parts.file = source if form == "local_path" else text
        return
    if form == "local_path" and parts.name is not None:
        parts.put("path", start, end)
        return
    if form in ("local_path", "other_url") or (form == "mlflow" and "." in text):
        read_name(parts, source, lower, words, start, end)
        return
    parts.name = text.replace("___", ".") if form == "modelscope_cache" else decoded(text)
    if form == "fine_tuned":
        base = lower.index(":", start + len("ft:"), end)
        parts.put("name", start, base)
        parts.put("separator", base, base + 1)
        parts.put("unknown", base + 1, end)
        return
    parts.put("name", start, end)


def _path_name(parts: Parts, source: str, lower: str, words: Dictionary, form: str, found: re.Match[str], offset: int) -> bool:  # noqa: PLR0917  a stretch of one text
    """A file or a run's folder whose own name tells nothing is named by the folder above it."""
    if form not in ("local_path", "other_url"):
        return False
    first, last = found.start("name") + offset, found.end("name") + offset
    is_file = lower.endswith(words.files, first, last)
    if form == "other_url" or first < offset or not (_is_saved(lower[first:last], words) or (is_file and lower.startswith(words.stems, first))):
        return False
    start, end = found.start("path") + offset, found.end("path") + offset
    above = source[start:end].rstrip("/\\").replace("\\", "/").split("/")
    near = [one for one in above[:-_NEAREST:-1] if not _is_saved(one.lower(), words)]
    own = [one for one in near if one.lower() not in words.folders]
    folder = next((one for one in own if names_model(one.lower())), "")
    if not folder and (near if is_file else near[:1] == own[:1] and lower.startswith(words.checkpoints, first)):
        folder = near[0]  # whatever it is called, it is what was trained
    if not folder.strip(".~"):
        return False
    if is_file:
        parts.file = source
    left = source.rindex(folder, start, end)
    parts.put("path", start, left)
    parts.name = folder
    parts.put("name", left, left + len(folder))
    parts.put("separator", left + len(folder), end)
    return True


def _is_saved(step: str, words: Dictionary) -> bool:
    """Whether a folder tells how, or how far, a model was saved."""
    return step in words.leaves or (step.startswith(words.checkpoints) and step[-1].isdigit()) or _is_time(step)


def _is_time(step: str) -> bool:
    """Whether a folder is called by a time: ``v0-20250601-120000``, ``train_2024-05-01-12-30-00``."""
    digits = step.lstrip(f"{LETTERS}_").replace("-", "").replace("_", "")
    return len(digits) >= _TIME and digits.isdecimal()


def _kaggle(parts: Parts, source: str, found: re.Match[str], kind: str, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
    """``gemma/transformers/2b-it`` is one name in two steps; ``gemma-2/transformers/gemma-2-2b-it`` has it in the last."""
    whole = begins_with_family(found.group("variation"))
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
    read_name(parts, source, lower, words, start, end)
    if found.start("serving") >= 0:
        parts.put("separator", end, found.start("serving") + start)
        parts.put("serving", found.start("serving") + start, found.end("serving") + start)
    parts.put("separator", max(end, found.end("serving") + start), found.end() + start)

"""Owns plain names: the routes, owner, tag, revision and file around a name that is not part of an address, and what is glued to the name itself.

Which steps are routes, who is a maker, and what is a file, is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from modelcatalog.names import grammar
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.parts import first_family, names_size, roles_in
from modelcatalog.names.roles import FamilyWord
from modelcatalog.names.words import alone, cut, names_family, readings

if TYPE_CHECKING:
    import re

    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.names.parts import Parts

__all__ = ["account_end", "behind_owner", "decoded", "dotted", "read_name", "read_plain", "read_revision", "read_steps", "read_tag", "stem"]

_SLASH = "%2f"
"""A slash between owner and name that a program has encoded."""
_SHARD = "-00001-of-00001"
_BEHIND = ("tag", "revision", "tag_at", "file")
"""What may stand behind a name."""
_DIGEST = 32
"""Hexadecimal digits of the shortest digest."""
_COMMIT = 40
_VARIANTS = frozenset(("scheme", "bits", "plain_q", "dtype", "method", "named_scheme"))
"""Roles of a word behind an at sign that name a variant, and no revision."""


def read_plain(parts: Parts, source: str, lower: str, words: Dictionary, found: re.Match[str], offset: int, form: str) -> None:  # noqa: PLR0917  a line for each part of a reference
    """A name with what may stand around it."""
    part = found.groupdict()
    own = "_at" if part["name"] is None else ""
    at = found.start("routes" + own) + offset
    if part["scheme"] is not None:
        parts.hub = words.schemes[part["scheme"]]
        if not found.group().startswith("://", len(part["scheme"])):
            parts.provider = words.provider_of.get(part["scheme"], parts.provider)
        parts.put("hub", offset, at)
    read_steps(parts, lower, words, at, found.end("routes" + own) + offset)
    at = found.end("routes" + own) + offset
    owner = part["owner" + own]
    start, end = found.start("name" + own) + offset, found.end("name" + own) + offset
    if owner is not None and (_SLASH in lower[start:end] or _is_route(parts, source, lower, words, owner, start, end)):
        read_steps(parts, lower, words, at, start)
    elif owner is not None:
        at = _behind_scheme(parts, words, owner, at)
        parts.owner = source[at : start - 1] or None
        parts.put("owner", at, start - 1)
        parts.put("separator", start - 1, start)
    if form == "file_in_repository":
        parts.name = source[start:end]
        parts.put("name", start, end)
    else:
        read_name(parts, source, lower, words, behind_owner(parts, source, lower, start, end), end)
    at = end
    for left, right, kind in sorted((*found.span(kind), kind) for kind in _BEHIND if part.get(kind) is not None):
        start, end = left + offset, right + offset
        parts.put("separator", at, start)
        at = end
        if kind == "revision":
            read_revision(parts, source, lower, start, end)
            _read_line(parts, source, lower, words, part["name" + own], start, end)
        elif kind == "file":
            if source[start:end].strip("/"):
                parts.file = source[start:end]
            parts.put("separator" if parts.file is None else "file", start, end)
        else:
            read_tag(parts, source, lower, words, start, end, form)
    parts.put("separator", at, offset + len(found.group()))


def _behind_scheme(parts: Parts, words: Dictionary, owner: str, at: int) -> int:
    """Where the owner begins behind a hub's scheme that a provider has before it: ``synthetic/hf:MiniMaxAI/MiniMax-M2``."""
    scheme, colon, _ = owner.partition(":")
    if not colon or scheme not in words.schemes:
        return at
    parts.put("route", at, at + len(scheme) + 1)
    return at + len(scheme) + 1


def _read_line(parts: Parts, source: str, lower: str, words: Dictionary, before: str, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
    """Where the model is named behind the at sign, and before it only its line, ``gemma3@gemma-3-4b-it``, or who has it: ``localai@phi-2``."""
    family, gallery = first_family(lower[start:end]), None
    if parts.owner is None and before not in words.families:
        gallery = words.provider_of.get(before)
    if gallery is None and (family is None or family != first_family(before)):
        return
    if gallery is not None:
        parts.provider, parts.name, parts.revision = gallery, source[start:end], None
    parts.regions = [("route" if kind == "name" else kind, first, last) for kind, first, last in parts.regions[:-1]]
    parts.put("name", start, end)


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
    families = (word.value for word in cut(lower[start:end], readings())[0] if word.role == "family")
    family = next(families, None)
    return isinstance(family, FamilyWord) and family.company != account.company


def read_steps(parts: Parts, lower: str, words: Dictionary, start: int, end: int) -> None:
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


def read_tag(parts: Parts, source: str, lower: str, words: Dictionary, start: int, end: int, form: str) -> None:  # noqa: PLR0917  a stretch of one text
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
    bare = text if parts.hub == "ollama" else text.removeprefix("v")
    software = parts.regions[0][0] == "path" and ("." in text or bare != text) and bare.replace(".", "").isdecimal()  # an image's, not the model's
    parts.put("serving" if provider is not None or software or (len(text) >= _DIGEST and _is_hexadecimal(text)) else "tag", start, end)


def _is_hexadecimal(text: str) -> bool:
    return all(char in "0123456789abcdef" for char in text)


def read_revision(parts: Parts, source: str, lower: str, start: int, end: int) -> None:
    """What stands behind an at sign: a revision, unless it is one word that says how the weights are packed, or who serves the model.

    A length of context may stand behind it in brackets.
    """
    bracket = lower.find("[", start, end)
    if bracket > start and lower[end - 1] == "]":
        read_revision(parts, source, lower, start, bracket)
        parts.put("tag", bracket, end)
        return
    served = current_dictionary().provider_of.get(lower[start:end]) if parts.hub is None else None
    if served is not None:
        parts.provider = served
        parts.put("serving", start, end)
        return
    said, texts = cut(lower[start:end], readings())
    role = said[0].role if len(said) == 1 else "other"
    branch = parts.owner is not None and (role not in ("scheme", "plain_q", "bits") or texts[0].endswith("bpw"))
    if parts.hub is not None or role not in _VARIANTS or branch:
        parts.revision = decoded(source[start:end])
    parts.put("revision", start, end)


def decoded(text: str) -> str:
    """A revision or a file as its hub has it: an address writes a slash in a branch's name as %2F."""
    if "%" not in text:
        return text
    decoded = unquote(text)
    return decoded if decoded.isprintable() else text


def read_name(parts: Parts, source: str, lower: str, words: Dictionary, start: int, end: int) -> None:  # noqa: PLR0917  a stretch of one text
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
    at = account_end(lower, start, end, words) if "_" in lower[start:end] else -1
    if at >= 0:
        if not owned:
            parts.owner = source[start:at]
        parts.put("owner", start, at)
        parts.put("separator", at, at + 1)
        start = at + 1
    name = source[whole if owned else start : end]
    if lower.endswith(words.files, start, end):
        if owned and _is_folder((parts.owner or "").lower(), words):
            parts.owner = None
            parts.regions = [("path" if kind == "owner" else kind, first, last) for kind, first, last in parts.regions]
        parts.file, parts.name = source[whole:end], stem(name)
        parts.put("name", start, end)
        return
    parts.name = name or None
    added = next((word for word in words.variants.get(parts.provider or "", ()) if lower.endswith(word, start + 1, end)), "")
    if added and _has_models_of(added[1:], lower[start:end]):
        added = ""
    parts.put("name", start, end - len(added))
    if added:
        parts.put("separator", end - len(added), end - len(added) + 1)
        parts.put("serving", end - len(added) + 1, end)


def _is_folder(owner: str, words: Dictionary) -> bool:
    """Whether what stands before a file is a folder and not an account, one that is called by the model or its layout: ``Qwen2.5-7B-Instruct-GGUF/…``."""
    if owner in words.accounts:
        return False
    return names_size(owner) or "scheme" in roles_in(owner)


def _has_models_of(added: str, name: str) -> bool:
    """Whether the family in a name has models that end in the word, as whisper-large-v3-turbo does: then no provider added it."""
    for piece in grammar.pieces(name):
        family = alone(readings()[piece])[0].value
        if isinstance(family, FamilyWord):
            return added in family.facts.own()
    return False


def behind_owner(parts: Parts, source: str, lower: str, start: int, end: int) -> int:
    """Where the name begins in one step that a program has encoded owner and name as: ``Qwen%2FQwen3-8B``."""
    slash = -1 if parts.owner is not None or "/" in source[start:end] else lower.find(_SLASH, start, end)
    if slash <= start:
        return start
    parts.owner = source[start:slash]
    parts.put("owner", start, slash)
    parts.put("path", slash, slash + len(_SLASH))
    return slash + len(_SLASH)


def account_end(lower: str, start: int, end: int, words: Dictionary) -> int:
    """Where the account ends that stands before a name with an underscore, as in ``TheBloke_Llama-2-7B-GPTQ``; -1: none does."""
    at = lower.find("_", start, end)
    head = lower[start:at]
    if at < 0 or (head not in words.accounts and head not in words.owners):
        return -1
    account, behind = words.accounts.get(head), grammar.pieces(lower[at + 1 : end])[0]
    if any(_begins(behind, option.rest[0]) and option.word.role == "family" for option in words.phrases.get(head, ())):
        return -1  # cerebras_gpt is no account's
    if account is not None and account.repackager and head not in words.families and behind[0].isalnum():
        return at
    if not behind[0].isalpha() or not names_family(behind):
        return -1  # nor is qwen_chat
    word = words.families.get(head)
    own, family = None if word is None else word.value, alone(readings()[behind])[0].value
    if isinstance(own, FamilyWord) and isinstance(family, FamilyWord) and family.company != own.company:
        return -1  # openbuddy_zephyr: what it was tuned from
    return at


def _begins(piece: str, word: str) -> bool:
    """Whether a piece is a word, perhaps with digits glued to it: ``xcomposer2d5``."""
    return piece.startswith(word) and not piece[len(word) : len(word) + 1].isalpha()


def dotted(lower: str, start: int, words: Dictionary) -> bool:
    """Whether a point may part a maker or a file's suffix from the name."""
    at = lower.find(".", start)  # there is one: the account before has none
    head = lower[start:at]
    if head in words.regions or head in words.catalog_heads or lower.endswith(words.files):
        return True
    return lower[at + 1 : at + 2].isalpha() and head in words.accounts  # behind a maker stands no number, as it does in most names: qwen2.5


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

"""Owns reading what `reference.take_apart` found, part by part from left to right: which parts hold words, and how each is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from modelcatalog.names import grammar
from modelcatalog.names.calendar import calendar
from modelcatalog.names.cases.packaging import OF_GGUF, PLAIN
from modelcatalog.names.context import CASES
from modelcatalog.names.dictionary import Account
from modelcatalog.names.reading import Reading, release, run
from modelcatalog.names.reference import take_apart, take_plain
from modelcatalog.names.refusing import LIMIT, check
from modelcatalog.names.roles import Day, Word
from modelcatalog.names.words import cut, fold, readings

if TYPE_CHECKING:
    from modelcatalog.names.parts import Parts
    from modelcatalog.names.reading import Tape
    from modelcatalog.names.roles import FamilyWord
    from modelcatalog.names.words import Readings
    from modelcatalog.records import SegmentKind

__all__ = ["read_text"]

# Compiled, what this module makes itself is found faster than what it imports.
_CASES: Final = CASES
_LIMIT: Final = LIMIT
_READINGS: Final = readings
_OTHER: Final = Word("other", "")
_OWNER_WORDS = 7
"""An account's name has no more words and separators."""
_QUANTIZED = frozenset(("bits", "dtype", "method", "mlc_scheme", "named_scheme", "plain_q", "scheme", "weight_activation"))
"""Roles that state by themselves how weights are kept."""
_AVERAGED = ("exl2", "exl3")
"""Methods whose width is an average, which their branches are called by."""
_WITHIN = ("imatrix", "vocab")
"""Parts that have no weights: a file of weights with such a word is the model."""
_FLAGS = ("true", "false")
"""How a branch says whether weights were reordered: ``gptq-4bit-32g-actorder_True``."""
_DATE, _MONTH = len("20250514"), len("2405")


def read_text(source: str) -> tuple[Reading, Parts]:
    """The stages of reading: the parts of a reference, then words cut, looked up, and decided by their neighbours."""
    known, lower = _READINGS(), source.lower()
    if len(lower) != len(source):
        lower = fold(source)
    dictionary = known.dictionary
    parts = take_plain(source, lower, dictionary) if len(source) <= _LIMIT else None
    if parts is None:
        check(source)
        parts = take_apart(source, lower, dictionary)
    if parts.regions:
        reading = Reading(source, lower, known, [], [])
        _read_regions(reading, parts)
        return reading, parts
    words, texts = _cut(parts.name or "", known, parts.account)
    reading = Reading(source, lower, known, words, texts)
    reading.account = parts.account
    run(reading, _behind_owner(reading, 0) if "_" in lower else 0, _CASES)
    if parts.account is not None:
        _of_account(reading)
    return reading, parts


def _read_regions(reading: Reading, parts: Parts) -> None:
    lower = reading.lower
    for kind, start, end in parts.regions:
        if kind == "name":
            _name(reading, start, end, of_file=parts.file is not None and lower.endswith(reading.dictionary.files, start, end))
        elif kind == "file":
            _again(reading, start, end)
        elif kind == "tag":
            _tag(reading, start, end)
        else:
            if kind in ("owner", "company"):
                _account(reading, lower[start:end])
                reading.dotted = kind == "company"
            elif kind == "revision":
                _revision(reading, start, end)
                continue
            elif kind == "unknown":
                reading.tape.unknown.append(len(reading.tape.words))
                reading.found.kept.append(lower[start:end])
            _other(reading, kind, start, end)
    if parts.file is not None:
        _part_of_file(reading, parts.file)
    _of_account(reading)


def _of_account(reading: Reading) -> None:
    """All models of some accounts are of one family, whatever they are called."""
    account, found = reading.account, reading.found
    if found.family is None and account is not None and account.family is not None:
        dictionary = reading.dictionary
        word = dictionary.homonyms.get(account.family, {}).get(account.company or "") or dictionary.families[account.family]
        found.family = cast("FamilyWord", word.value)


def _part_of_file(reading: Reading, file: str) -> None:
    """``adapter_model.safetensors`` is an adapter, whatever the folder above it is called."""
    stem = file.replace("\\", "/").rpartition("/")[2].partition(".")[0].lower()
    reading.found.part = reading.found.part or reading.dictionary.parts.get(stem)


def _account(reading: Reading, owner: str) -> None:
    """Whose the name is; an account within an account's folder keeps the format of what lies there."""
    outer, inner = reading.account, reading.dictionary.accounts.get(owner)
    if outer is not None and outer.format is not None and inner is not None and inner.format is None:
        inner = Account(inner.company, outer.method, outer.format)
    reading.account = inner


def _name(reading: Reading, start: int, end: int, *, of_file: bool) -> None:
    """A name, perhaps with a file's suffix, which says what the file is whatever words stand before it."""
    dictionary, lower, tape, found = reading.dictionary, reading.lower, reading.tape, reading.found
    point = lower.rfind(".", start, end)
    suffix = dictionary.suffixes.get(lower[point + 1 : end]) if point > start else None
    copy = lower.rfind(" (", start, point) if suffix is not None and lower[point - 1] == ")" else -1
    if suffix is None:
        _words(reading, reading.source[start:end], of_file=of_file)
        return
    if suffix not in PLAIN and suffix not in OF_GGUF:
        found.format = suffix  # a width of llama.cpp's is none of that format
    if copy > start and lower[copy + 2 : point - 1].isdecimal():  # what was fetched twice: …-Q4_K_M (2).gguf
        _words(reading, reading.source[start:copy], of_file=of_file)
        _other(reading, "separator", copy, point)
    else:
        _words(reading, reading.source[start:point], of_file=of_file)
    at = tape.put([_OTHER, _OTHER], [".", reading.source[point + 1 : end]])
    tape.kinds[at + 1] = "format"
    reading.recognised = True
    if suffix == "pytorch" and (found.format == "ggml" or any(word.role == "scheme" for word in tape.words)):
        suffix = "ggml"  # ggml-model-q4_0.bin
    found.format = suffix


def _words(reading: Reading, text: str, *, of_file: bool = False, again: bool = False) -> None:
    first = reading.tape.put(*_cut(text, reading.known, reading.account))
    if of_file:
        _part(reading, first)
    if again:
        _skip_said(reading.tape, first)
    run(reading, _behind_owner(reading, first) if "_" in text else first, _CASES)


def _cut(text: str, known: Readings, account: Account | None) -> tuple[list[Word], list[str]]:
    """The words of a stretch, those among them that tuners coined from a family in parts.

    In ``Command R+``, the sign behind a word, with nothing glued to its other side, is the tier of that name.
    """
    words, texts = cut(text, known)
    if words and words[0].role != "family" and (account is None or account.repackager):
        lower = text.lower()
        if lower != text:
            for coined in known.dictionary.coined:
                if coined in lower:
                    words, texts = _coined(words, texts, known)
                    break
    if "+" not in text:
        return words, texts
    plus = known.dictionary.words["plus"]
    spread: list[Word] = []
    written: list[str] = []
    for at, sign in enumerate(texts):
        if at and sign[0] == "+" and (sign[1:2].isspace() or len(texts) == at + 1):
            spread.append(plus)
            written.append("+")
            sign = sign[1:]  # noqa: PLW2901  what is left of the separator
            if not sign:
                continue
            spread.append(Word("separator", sign))
        else:
            spread.append(words[at])
        written.append(sign)
    return spread, written


def _coined(words: list[Word], texts: list[str], known: Readings) -> tuple[list[Word], list[str]]:
    """Where no family stands before, a capital parts a word that tuners coined from one: ``QwenTranslate``, ``MyGemmaNPC``, ``ReasonableLlama3``.

    Not under a known maker's account: what it calls its models is a name of its own (QCRI/LlamaLens).
    """
    for i, word in enumerate(words):
        if word.role == "family":
            break
        if word.role != "unknown" or texts[i].islower():
            continue
        parts = _at_capitals(texts[i], known)
        if len(parts) > 1 or (parts and texts[i][-1].isdigit()):
            some = [cut(part, known) for part in parts]
            spread = [one for more, _ in some for one in more]
            return [*words[:i], *spread, *words[i + 1 :]], [*texts[:i], *[one for _, more in some for one in more], *texts[i + 1 :]]
    return words, texts


def _at_capitals(text: str, known: Readings) -> tuple[str, ...]:
    """A word parted before and behind a family that it is coined from; whole, where the letters stand there by chance (``Qwenchy``)."""
    lower, count = fold(text), len(text)
    for word in known.dictionary.coined:
        at = lower.find(word)
        if at < 0:
            continue
        end = at + len(word)
        begins = at == 0 or (text[at].isupper() and (text[at - 1].islower() or text[at + 1].islower()))
        capital = end < count and text[end].isupper() and (text[end - 1].islower() or text[end + 1 : end + 2].islower())
        if begins and (end == count or capital or text[end].isdigit()):
            behind = end if capital else count
            return tuple([part for part in (text[:at], text[at:behind], text[behind:]) if part])
    return (text,)


def _behind_owner(reading: Reading, first: int) -> int:
    """Where the name begins: ``DavidAU__L3-…`` and ``google_-_gemma-…`` have the account before it that the model was taken from."""
    if "__" not in reading.lower and "_-_" not in reading.lower:
        return first
    tape = reading.tape
    at = next((i for i, text in enumerate(tape.texts[first:]) if text in ("__", "_-_")), 0)
    end = first + at
    if not 0 < at <= _OWNER_WORDS or any(word.role in ("size", "mixture") for word in tape.words[first:end]):
        return first
    if any(word.role == "family" for word in tape.words[first:end]) and not any(word.role == "family" for word in tape.words[end:]):
        return first  # distilbert-base-uncased__sst2__train-32-5
    for i in range(first, end):
        tape.words[i] = Word("other", tape.words[i].text)
        tape.kinds[i] = "owner"
    reading.found.account = "".join(tape.texts[first:end])
    return end


def _part(reading: Reading, first: int) -> None:
    """What the file is, where it is not the model: a word says so, which then is not a word of the model."""
    tape, parts = reading.tape, reading.dictionary.parts
    for i in range(first, len(tape.words)):
        part = parts.get(tape.texts[i].lower())
        if part is None or (part == "mtp" and i > first) or (part in _WITHIN and any(word.role == "scheme" for word in tape.words[first:])):
            continue  # what was quantized, with an importance matrix or not, is the model, and so is what has its further heads within
        reading.found.part = part
        tape.words[i] = Word("ignored", tape.words[i].text)


def _skip_said(tape: Tape, first: int) -> None:
    """Words that stand before too add nothing: the 17B-128E of a file is not a second size. They are kept as what they were."""
    said = {tape.texts[i].lower(): i for i in range(first - 1, -1, -1) if tape.words[i].role not in ("separator", "other")}
    for i in range(first, len(tape.words)):
        before = said.get(tape.texts[i].lower())
        if before is not None and tape.words[i].role != "separator":
            tape.words[i] = Word("separator", tape.words[i].text)
            tape.kinds[i], tape.decided[i] = tape.kinds[before], tape.decided[before]


def _other(reading: Reading, kind: SegmentKind, start: int, end: int) -> None:
    """A stretch that holds no words."""
    at = reading.tape.put([_OTHER], [reading.source[start:end]])
    reading.tape.kinds[at] = kind


def _again(reading: Reading, start: int, end: int) -> None:
    """A file's name, which repeats the repository's: only what is new in it counts."""
    found, tape = reading.found, reading.tape
    keys, kept, unknown = found.keys, found.kept, tape.unknown
    found.keys, found.kept, tape.unknown = [], [], []
    known = found.family is not None or reading.recognised or (bool(kept) and reading.lower.startswith(reading.dictionary.stems, start))
    _words(reading, reading.source[start:end], of_file=True, again=True)
    if found.format == "ggml" and reading.lower.endswith(".gguf", start, end):
        found.format, found.method = "gguf", "gguf" if found.method == "ggml" else found.method  # ggml-model-Q4_K_M.gguf
    if known:
        found.keys, found.kept, tape.unknown = keys, kept, unknown


def _tag(reading: Reading, start: int, end: int) -> None:
    """An Ollama tag is read like a name; a mode of serving is not, but may name a type."""
    text, dictionary = reading.lower[start:end], reading.dictionary
    revision, colon, third = text.partition(":")
    if colon and revision.isdecimal():
        _tag(reading, start, start + len(revision))
        _other(reading, "separator", start + len(revision), start + len(revision) + 1)
        _window(reading, third, start + len(revision) + 1, end)
        return
    averaged = _is_average(reading, text)  # …-exl2:6_5, a branch behind a colon
    if (averaged or text.endswith(_FLAGS)) and _packaging(reading, f"{text}bpw" if averaged else text):
        _other(reading, "quantization", start, end)
        return
    if (text not in dictionary.serving and not text.isdecimal()) or _is_tier(reading, text):
        reading.in_tag = True
        reading.meanings = {**dictionary.tag_words, **reading.meanings}
        _words(reading, reading.source[start:end])
        return
    known = dictionary.words.get(text)
    if known is not None and known.role == "type" and isinstance(known.value, str) and known.value not in reading.found.types:
        reading.found.types.append(known.value)
    if text.isdecimal():
        _bedrock_revision(reading, text)
    _other(reading, "serving", start, end)


def _is_average(reading: Reading, text: str) -> bool:
    """Whether a branch is called by the average width that its method has: bartowski's 4_25."""
    return reading.found.method in _AVERAGED and text.replace("_", "").replace(".", "").isdecimal()


def _is_tier(reading: Reading, text: str) -> bool:
    """Whether a word that says elsewhere how a model is served is a tier of this version: ``phi3:medium``."""
    found = reading.found
    if found.family is None or text not in reading.dictionary.tier_words:
        return False
    if found.version is None:
        return reading.tape.size < 0 and text in found.family.facts.own()  # Whisper (medium)
    return found.family.facts.has_tier(found.version.lower(), text)


def _window(reading: Reading, text: str, start: int, end: int) -> None:
    """Bedrock's third part: the context of a model, as one may buy it. The model is the same."""
    tokens = text.removesuffix("k")
    if tokens.isdecimal() and tokens != text:
        reading.found.context = int(tokens) * 1000
        _other(reading, "context", start, end)
    else:
        _other(reading, "serving", start, end)


def _bedrock_revision(reading: Reading, revision: str) -> None:
    """Bedrock's ``-v1:0`` says nothing of the model; in ``claude-v2:1`` and ``titan-embed-text-v2:0`` it is the version."""
    tape, found = reading.tape, reading.found
    i = len(tape.words) - 2
    if i < 0 or not (tape.words[i].role == "version" or (reading.dotted and tape.words[i].text == "1")):
        return
    if revision != "0" and tape.version == i:
        found.version = f"{found.version}.{revision}"
        return
    joined = f"{tape.words[i].text.removeprefix('v')}.{revision}"
    if revision != "0" and found.version is None and found.family is not None and joined in found.family.facts.own():
        found.version, tape.version = joined, i  # claude-instant-v1:2
        tape.kinds[i] = "version"
        return
    if tape.version == i and found.version != "1" and tape.words[i].text != "v1":
        return
    tape.kinds[i] = "serving"
    if i in tape.unknown:  # openai.gpt-oss-120b-1:0
        tape.unknown.remove(i)
        found.kept.remove(tape.words[i].text)
    if tape.version == i:
        found.version, tape.version = None, -1
    elif tape.words[i].text in found.keys:
        found.keys.remove(tape.words[i].text)


def _revision(reading: Reading, start: int, end: int) -> None:
    """Vertex AI's ``@20250514`` is a date; most revisions say nothing of the model."""
    text, found = reading.lower[start:end], reading.found
    whole, _, edition = text.partition("-")
    if edition.isdecimal() and whole.isdecimal():
        text = whole  # mistral-large@2411-001
    if not text.isdecimal():
        day = grammar.known_piece(text)
        if day is not None and day.role == "date" and isinstance(day.value, Day) and found.released is None:
            found.released = release(day.value.year, day.value.month, day.value.day, reading.source[start:end])
        else:
            _packaging(reading, f"{text}bpw" if _is_average(reading, text) else text)
        _other(reading, "revision", start, end)
        return
    date = calendar(text) if len(text) == _DATE else None
    if len(text) == _MONTH and found.family is not None and found.released is None and (month := calendar(f"20{text}01")) is not None:
        found.released = release(month[0], month[1], None, reading.source[start:end])  # codestral@2405
    if date is not None and found.released is None:
        found.released = release(*date, reading.source[start:end])
        _bedrock_revision(reading, "0")  # claude-3-5-sonnet-v2@20241022
    _other(reading, "revision", start, end)


def _packaging(reading: Reading, text: str) -> bool:
    """A branch that names a quantization: ``6.0bpw``, ``gptq-4bit-32g``; any other text says nothing."""
    words = [word for word in cut(text, reading.known)[0] if word.role != "separator" and word.text not in _FLAGS]
    if not words or not all(word.role in _QUANTIZED or word.role in ("group", "head_bits", "ignored") for word in words):
        return False
    reading.tape.prior = -1
    for word in words:
        if word.role == "dtype" and len(words) > 1:
            continue
        if word.role in _QUANTIZED:
            next(case for case in CASES[word.role] if case.take(reading, -1, word))
        elif word.role == "group" and isinstance(word.value, int):
            reading.found.group = reading.found.group or word.value
    return True

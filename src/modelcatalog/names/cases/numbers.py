"""Owns the cases of numbers: version, date, count of training, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from modelcatalog.names.calendar import calendar
from modelcatalog.names.reading import release
from modelcatalog.names.roles import Day, FamilyWord, Numbered, Word, point

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.names.reading import Reading

__all__ = [
    "base_decimal",
    "base_lettered",
    "base_marked",
    "base_second_part",
    "base_suffixed",
    "beside_family",
    "counts_training",
    "date",
    "decimal",
    "dethrone",
    "edition",
    "edition_of_size",
    "full_date",
    "has_two_digits",
    "has_two_digits_before_point",
    "hyperparameter",
    "is_decimal",
    "is_digit",
    "is_edition",
    "is_v1",
    "is_whole",
    "known_version",
    "line",
    "lined",
    "marked",
    "may_be_date",
    "may_be_window",
    "month_and_day",
    "of_another_family",
    "of_edit",
    "of_quantization",
    "of_service",
    "of_software",
    "of_tuning",
    "of_word",
    "one_version",
    "packaging_word",
    "second_part",
    "served_only",
    "set_version",
    "single_digit",
    "suffixed",
    "suffixed_part",
    "too_long",
    "training",
    "version_before_size",
    "window_in_full",
]

_VERSION_DIGITS = 2
_KILO, _SMALLEST_WINDOW, _SHORTEST_WINDOW, _WINDOW_DIGITS = 1024, 2048, 4, 7
_LARGEST = 100
"""No version is as large: wav2vec2-base-960h counts hours."""


def training(reading: Reading, i: int, afterwards: frozenset[str]) -> bool:
    """Whether the neighbours say that this number counts steps, tokens or the like."""
    tape, words = reading.tape, reading.tape.words
    before = tape.prior
    if before >= 0 and words[before].text in reading.dictionary.training_before and tape.kinds[before] not in ("family", "base"):
        return True
    after = tape.after(i)
    return after >= 0 and words[after].text in afterwards


def set_version(reading: Reading, i: int, text: str) -> bool:
    """Note a version; a line's letter before it is its own: the o of o3."""
    family, tape = reading.found.family, reading.tape
    if family is not None:
        word = tape.words[tape.family].text
        if word in family.lines:
            text = word + text
    reading.found.version, tape.version = text, i
    reading.open = False
    reading.recognised = True
    return True


def _set_base_version(reading: Reading, i: int, text: str) -> bool:
    reading.found.base_version = text
    reading.tape.base_end = i
    return True


def _beside_base(reading: Reading) -> bool:
    """Whether the word before ends the base, which has no version yet."""
    return reading.found.base_version is None and 0 <= reading.tape.base_end == reading.tape.prior


def lined(family: FamilyWord | None, letter: str, digits: str) -> str:
    """The version with its letter where the family's lines have one: V3, R1."""
    if family is None or letter not in family.lines:
        return digits
    if family.compact and len(digits) == _VERSION_DIGITS and digits.isdecimal() and letter + digits not in family.versions:
        digits = f"{digits[0]}.{digits[1]}"
    return family.lines[letter] + digits


def served_only(family: FamilyWord, version: str | None) -> bool:
    """Whether no weights of the family were ever published, or none of this version."""
    return family.closed or (version is not None and version.lower() in family.facts.served)


def dethrone(reading: Reading, end: int) -> None:
    """What was taken for the family, and all that was read with it up to ``end``, names the teacher."""
    found, tape = reading.found, reading.tape
    if found.family is not None:
        found.kept.append(found.family.name.lower() + (found.version or "").lower())
    for k in range(tape.family, end):
        if tape.kinds[k] in ("family", "version", "tier"):
            tape.kinds[k] = "unknown"
            tape.unknown.append(k)
    tape.unknown.sort()
    found.family = found.version = found.tier = None
    tape.family = tape.version = -1


# --- bare numbers: 2.5, 2507, 7 -------------------------------------------------------------------


def counts_training(reading: Reading, i: int, word: Word) -> bool:
    if not training(reading, i, reading.dictionary.training_after):
        return False
    reading.found.keys.append(word.text)
    return True


def is_whole(word: Word, _: Dictionary) -> bool:
    said: str = word.value
    return said.isdecimal()


def is_decimal(word: Word, _: Dictionary) -> bool:
    return not point(word.value).isdecimal()


def may_be_window(word: Word, _: Dictionary) -> bool:
    text: str = word.value
    return text.isdecimal() and len(text) <= _WINDOW_DIGITS and (len(text) >= _SHORTEST_WINDOW or _is_marked(word))


def _is_marked(word: Word) -> bool:
    """Whether the word itself says what it counts: ``ctx1024``."""
    return not word.text[0].isdecimal()


def window_in_full(reading: Reading, _: int, word: Word) -> bool:
    text: str = word.value
    found, numbers = reading.found, reading.dictionary.numbers
    if found.context is not None or found.family is None:
        return False
    before = reading.tape.prior
    if before >= 0 and reading.tape.kinds[before] == "unknown":
        return False  # fas-32768: tokens of a vocabulary, perhaps
    tokens = int(text)
    plain = tokens >= _SMALLEST_WINDOW and not tokens % _KILO and tokens // _KILO in numbers.binary and "embedding" not in found.types
    if not plain and not _is_marked(word):
        return False
    found.context = tokens
    return True


def may_be_date(word: Word, _: Dictionary) -> bool:
    text: str = word.value
    return len(text) in (4, 6, 8) and text.isdecimal()


def date(reading: Reading, i: int, word: Word) -> bool:
    text: str = word.value
    family = reading.found.family
    if reading.found.released is not None:
        return False
    if family is None and not reading.recognised and reading.tape.lead >= 0 and len(text) == 4 and text[0] != "0":  # noqa: PLR2004
        return False  # zork-2507-7b: a name that nobody knows may have such a number of its own
    found = calendar(text, family.dates if family is not None else None)
    if found is None:
        return False
    reading.found.released = release(*found, reading.tape.texts[i])
    return True


def has_two_digits(word: Word, _: Dictionary) -> bool:
    text: str = word.value
    return len(text) == 2 and text.isdecimal()  # noqa: PLR2004


def month_and_day(reading: Reading, i: int, word: Word) -> bool:
    text: str = word.value
    tape = reading.tape
    words, kinds = tape.words, tape.kinds
    if reading.found.version is None or reading.found.released is not None:
        return False
    if i + 2 >= len(words) or words[i + 1].text != "-":
        return False
    day = words[i + 2]
    if day.role != "number" or len(day.text) != 2 or not day.text.isdecimal():  # noqa: PLR2004
        return False
    own = frozenset[str]() if reading.found.family is None else reading.found.family.facts.own()
    month = next((digits for digits in (text + day.text, day.text + text) if digits in own), None)
    found = calendar(text + day.text, "MMDD") if month is None else calendar(month, "YYMM")  # Qwen3-4B-Instruct-07-25 is 2507
    if found is None:
        return False
    reading.found.released = release(*found, f"{text}-{day.text}")
    kinds[i + 1] = kinds[i + 2] = "released"
    words[i + 2] = words[i + 1]  # no number any more
    return True


def _begins_version(reading: Reading, i: int, family: FamilyWord) -> bool:
    """Whether a hyphen and the number behind it make a version of the family: ``airoboros-7b-3-1``, ``minicpm-o-4-5``."""
    tape = reading.tape
    if reading.found.version is not None or i + 2 >= len(tape.words) or tape.words[i + 1].text not in ("-", "_") or tape.words[i + 2].role != "number":
        return False
    joined, before = f"{tape.words[i].text}.{tape.words[i + 2].text}", tape.prior
    if joined in family.versions or joined in family.facts.own() or (before >= 0 and f"{tape.words[before].text}{joined}" in family.versions):
        return True
    return family.facts.has(f"-{joined.replace('.', '_')}-")  # ChemLLM_7B_Chat_1_5_DPO


def hyperparameter(reading: Reading, i: int, _: Word) -> bool:
    family, tape = reading.found.family, reading.tape
    if family is None or not tape.unknown:
        return False
    before = tape.prior
    if before < 0 or tape.kinds[before] != "unknown":
        return False
    letter = reading.tape.words[before].text
    return len(letter) == 1 and letter.isalpha() and letter != "v" and letter not in family.lines and not _begins_version(reading, i, family)


def base_decimal(reading: Reading, i: int, word: Word) -> bool:
    return reading.found.base is not None and _beside_base(reading) and _set_base_version(reading, i, point(word.value))


def base_second_part(reading: Reading, i: int, word: Word) -> bool:
    found, tape = reading.found, reading.tape
    base, version = found.base, found.base_version
    if base is None or version is None or tape.prior != tape.base_end or tape.words[i - 1].text not in ("-", "_", " "):
        return False
    joined = f"{version}.{word.value}"
    if joined.lower() not in base.versions:
        return False
    tape.kinds[i - 1] = "base"
    return _set_base_version(reading, i, joined)


def has_two_digits_before_point(word: Word, _: Dictionary) -> bool:
    return len(point(word.value).partition(".")[0]) > 1


def too_long(reading: Reading, _: int, word: Word) -> bool:
    text = point(word.value)
    away = reading.found.family is not None and reading.tape.prior != reading.tape.family
    return len(text.partition(".")[0]) > (1 if away and not text.isdecimal() else _VERSION_DIGITS)


def of_another_family(reading: Reading, _: int, word: Word) -> bool:
    family, tape = reading.found.family, reading.tape
    if family is None:
        return False
    before = tape.prior
    if before < 0 or before == tape.family or tape.kinds[before] not in ("family", "tier"):
        return False
    other = tape.words[before]
    if other.role == "tier":  # gpt-oss-20b-opus-4.6
        teacher = reading.dictionary.tier_families.get(other.text)
        return teacher is not None and teacher.name != family.name and other.text not in family.facts.own() and point(word.value) in teacher.versions
    return other.role == "family" and cast("FamilyWord", other.value).name != family.name


def of_software(reading: Reading, _: int, __: Word) -> bool:
    before = reading.tape.prior
    return before >= 0 and reading.tape.words[before].text in reading.dictionary.software


def of_edit(reading: Reading, _: int, __: Word) -> bool:
    family, before = reading.found.family, reading.tape.prior
    return family is not None and before >= 0 and _edited(reading, family, before)


def second_part(reading: Reading, i: int, word: Word) -> bool:
    version, tape = reading.found.version, reading.tape
    if version is None or tape.prior != tape.version:
        return False
    text: str = word.value
    if not version[-1].isdigit() or tape.words[i - 1].text not in ("-", "_", ".", " "):
        return False
    joined, family = f"{version}.{text}", reading.found.family
    known = family is not None and (joined.lower() in family.versions or joined.lower() in family.facts.own())
    if not known and ("." in version or len(text) > 1 or len(version.lstrip("".join(family.lines.values()) if family is not None else "")) > 1):
        return False
    reading.found.version = joined if family is None else family.unpadded(joined)
    reading.tape.version = i
    tape.kinds[i - 1] = "version"
    return True


def one_version(reading: Reading, _: int, __: Word) -> bool:
    return reading.found.version is not None


def beside_family(reading: Reading, i: int, word: Word) -> bool:
    family = reading.found.family
    if family is None or not reading.open or reading.tape.prior != reading.tape.family:
        return False
    text, head = _dotted(family, word.value, beside=True), reading.tape.words[reading.tape.family].text
    if head[-1].isdecimal() and f"{head[-1]}.{text}" in family.versions:
        text = f"{head[-1]}.{text}"  # sd3-5-large: the word for the family ends with the version's first part
    return set_version(reading, i, text)


def _dotted(family: FamilyWord, digits: str, *, beside: bool) -> str:
    """``gpt-35``, ``llama32``, ``claude-opus-45``: two digits beside family or tier that lack their point."""
    if len(digits) != _VERSION_DIGITS or digits in family.versions:
        return digits
    dotted = f"{digits[0]}.{digits[1]}"
    return dotted if family.compact or (beside and dotted in family.versions) else digits


def known_version(reading: Reading, i: int, word: Word) -> bool:
    digits: str = word.value
    family, tape = reading.found.family, reading.tape
    if family is None:
        return False
    if _begins_version(reading, i, family):
        return set_version(reading, i, digits)
    if reading.open:
        dotted = _dotted(family, digits, beside=tape.kinds[tape.prior] == "tier")
        return (dotted in family.versions or (dotted != digits and dotted in family.facts.own())) and set_version(reading, i, dotted)
    if digits not in family.versions or tape.kinds[tape.prior] == "unknown" or _never(reading, digits):
        return False
    return set_version(reading, i, digits)


def is_digit(word: Word, _: Dictionary) -> bool:
    text: str = word.value
    return len(text) < _VERSION_DIGITS and text.isdecimal()


def single_digit(reading: Reading, i: int, word: Word) -> bool:
    digits: str = word.value
    family, tape = reading.found.family, reading.tape
    if family is None or not reading.open:
        return False
    before = tape.prior
    return tape.kinds[before] != "unknown" and tape.words[before].key not in reading.dictionary.tuned and set_version(reading, i, digits)


def version_before_size(reading: Reading, i: int, word: Word) -> bool:
    digits: str = word.value
    tape = reading.tape
    if reading.found.family is not None or reading.recognised or not tape.prior == reading.tape.lead_end >= 0:
        return False
    after = tape.after(i)
    return after >= 0 and tape.words[after].role in ("size", "mixture", "type", "tier", "variant") and set_version(reading, i, digits)


def of_word(reading: Reading, i: int, word: Word) -> bool:
    tape = reading.tape
    if not tape.unknown:
        return False
    text, family, before = point(word.value), reading.found.family, tape.prior
    if family is None or before <= reading.tape.family:
        return False
    if tape.kinds[before] != "unknown":
        return False
    return _ends_word(reading, i, family, text) or (_alien(reading, family, before) and not _owns(family, text))


def _ends_word(reading: Reading, i: int, family: FamilyWord, text: str) -> bool:
    """Whether a hyphen before the number is the point of a word in the family's names, or of another's version: ``ovis-clip-qwen1-5``."""
    tape, before = reading.tape, i - 2
    if before < 0 or tape.words[i - 1].text not in ("-", "_") or not (text.isdecimal() and tape.words[before].text[-1].isdigit()):
        return False
    said = tape.words[before]
    joined = f"{said.text}.{text}"
    if said.role == "number":
        named = tape.words[tape.before(before)]
        if named.role != "family" or joined not in cast("FamilyWord", named.value).versions:
            return False
    elif joined not in family.facts.own():
        return False
    reading.found.kept.remove(said.key or said.text)
    tape.words[i] = Word("unknown", text, None, joined)
    return True


def _alien(reading: Reading, family: FamilyWord, i: int) -> bool:
    """Whether the word at ``i`` is one that no rule took and that no model of the family has in its name."""
    text = reading.tape.words[i].text
    return reading.tape.kinds[i] == "unknown" and len(text) > 1 and text[0].isalpha() and text not in family.facts.own()


def _edited(reading: Reading, family: FamilyWord, i: int) -> bool:
    """Whether the word at ``i`` says what was done to a finished model of the family, and is in none of its own names."""
    word = reading.tape.words[i]
    return word.role == "variant" and word.text in reading.dictionary.edits and word.text not in family.facts.own()


def _owns(family: FamilyWord, text: str) -> bool:
    """Whether the family has such a version, or one that begins with it: v1-3 is still to be joined."""
    if text in family.versions or f"v{text}" in family.versions:
        return True
    own, marked_so = family.facts.own(), f"v{text}"
    if marked_so in own or ("v" in own and text in own):
        return True
    whole, longer = text.isdecimal(), f"{marked_so}."
    return any((word[-1] == "." and marked_so.startswith(word)) or (whole and word.startswith(longer)) for word in family.facts.own_marked())


def decimal(reading: Reading, i: int, word: Word) -> bool:
    text = point(word.value)
    if not (reading.found.family is not None or reading.recognised or reading.tape.prior == reading.tape.lead_end >= 0):
        return False
    return set_version(reading, i, text)


# --- dates in full: 2024-08-06, 12-2024 -----------------------------------------------------------


def full_date(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.released is None:
        day: Day = word.value
        reading.found.released = release(day.year, day.month, day.day, reading.tape.texts[i])
    return True


# --- with their mark: v0.1 ------------------------------------------------------------------------


def packaging_word(reading: Reading, _: int, word: Word) -> bool:
    family = reading.found.family
    return family is not None and family.words.get(word.text) == ""


def base_marked(reading: Reading, i: int, word: Word) -> bool:
    said: Numbered = word.value
    base, family = reading.found.base, reading.found.family
    if base is None or not _beside_base(reading):
        return False
    text = said.digits + said.letter
    if reading.found.version is None and family is not None and _owns(family, text) and not _owns(base, text):
        return False  # openhermes:7b-mistral-v2.5
    return _set_base_version(reading, i, lined(base, "v", text))


def is_edition(word: Word, _: Dictionary) -> bool:
    said: Numbered = word.value
    return said.digits.isdecimal()


def of_quantization(reading: Reading, _: int, __: Word) -> bool:
    return reading.found.family is not None and reading.tape.kinds[reading.tape.prior] == "quantization"


def is_v1(word: Word, _: Dictionary) -> bool:
    said: Numbered = word.value
    return said.digits + said.letter in ("1", "1.0")


def of_service(reading: Reading, i: int, _: Word) -> bool:
    return reading.dotted and reading.tape.after(i) < 0


def of_tuning(reading: Reading, _: int, word: Word) -> bool:
    found, family, tape = reading.found, reading.found.family, reading.tape
    before = tape.prior
    if found.version is not None or family is None or before == reading.tape.family:
        return False
    said: Numbered = word.value
    text = said.digits + said.letter
    beside = before >= 0 and (_alien(reading, family, before) or tape.words[before].value in reading.dictionary.tuned or _edited(reading, family, before))
    if not beside and (family.derived or _owns(family, text) or not any(_alien(reading, family, k) for k in tape.unknown)):
        return False
    found.keys.append(f"v{text}")
    return True


def edition_of_size(reading: Reading, _: int, word: Word) -> bool:
    said: Numbered = word.value
    if reading.dotted and said.digits == "0":  # Bedrock's v0:2: what it begins stands behind the colon
        return False
    if not _never(reading, _pointed(reading.found.family, said).removesuffix(said.letter)):
        return False
    reading.found.keys.append(f"v{said.digits}{said.letter}")
    return True


def _never(reading: Reading, digits: str) -> bool:
    """Whether the size that stands before is one that the family's models of this version do not have."""
    found = reading.found
    family, size = found.family, found.size
    return family is not None and size is not None and found.version is None and not (reading.open or reading.in_tag) and family.facts.never(digits, size)


def marked(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.version is not None:
        return False
    said: Numbered = word.value
    family = reading.found.family
    text = _pointed(family, said)
    return set_version(reading, i, lined(family, "v", text) if reading.open else text)


def _pointed(family: FamilyWord | None, said: Numbered) -> str:
    """``mixtral-8x7b-instruct-v01`` lost its point, for no version begins with a 0, unless the family has just that one: ``command-r-v01``."""
    digits, text = said.digits, said.digits + said.letter
    if len(digits) == _VERSION_DIGITS and digits[0] == "0" and digits.isdecimal() and family is not None and not _owns(family, text):
        return f"0.{digits[1]}{said.letter}"
    return text


def edition(reading: Reading, _: int, word: Word) -> bool:
    said: Numbered = word.value
    reading.found.keys.append(f"v{said.digits}{said.letter}")
    return True


# --- with a letter: R1, 4o ------------------------------------------------------------------------


def base_lettered(reading: Reading, i: int, word: Word) -> bool:
    said: Numbered = word.value
    base = reading.found.base
    if base is None or said.letter not in base.lines or not _beside_base(reading):
        return False
    return _set_base_version(reading, i, lined(base, said.letter, said.digits))


def line(reading: Reading, i: int, word: Word) -> bool:
    said: Numbered = word.value
    family = reading.found.family
    if family is None or reading.found.version is not None or said.letter not in family.lines:
        return False
    return set_version(reading, i, lined(family, said.letter, said.digits))


def base_suffixed(reading: Reading, i: int, word: Word) -> bool:
    return reading.found.base is not None and _beside_base(reading) and _set_base_version(reading, i, _suffixed_text(reading, i, word))


def suffixed_part(reading: Reading, i: int, word: Word) -> bool:
    family, version = reading.found.family, reading.found.version
    if family is None or version is None or reading.tape.prior != reading.tape.version:
        return False
    text = f"{version}.{_suffixed_text(reading, i, word)}"
    return text.lower() in family.versions and _set_suffixed(reading, i, word, text)


def suffixed(reading: Reading, i: int, word: Word) -> bool:
    said: Numbered = word.value
    family = reading.found.family
    if family is None or reading.found.version is not None or not reading.open or float(said.digits) >= _LARGEST:
        return False
    text = _suffixed_text(reading, i, word)
    return (reading.tape.prior == reading.tape.family or text in family.versions) and _set_suffixed(reading, i, word, text)


def _suffixed_text(reading: Reading, i: int, word: Word) -> str:
    said: Numbered = word.value
    text = reading.tape.texts[i]
    if said.letter not in "pv" and reading.source.isupper():
        text = text.lower()  # GPT_4O_MINI has no small letters to tell it by
    return text if said.letter == "p" else point(text)


def _set_suffixed(reading: Reading, i: int, word: Word, text: str) -> bool:
    said: Numbered = word.value
    if said.letter == "v" and "vision" not in reading.found.types:
        reading.found.types.append("vision")
    return set_version(reading, i, text)

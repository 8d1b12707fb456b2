"""Owns the cases of sizes: parameters, active ones, experts; and what only looks like them: tokens, samples, contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from modelcatalog.names.cases.numbers import dethrone, served_only, training
from modelcatalog.names.words import alone, readings

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.names.reading import Reading
    from modelcatalog.names.roles import Parameters, Word

__all__ = [
    "active",
    "active_before_total",
    "bits_behind_method",
    "context",
    "dashed",
    "effective",
    "experts",
    "first_size",
    "is_billions",
    "is_one_million",
    "is_trillions",
    "is_two_parts",
    "lettered_version",
    "may_be_bits",
    "may_be_context",
    "may_be_fraction",
    "million_tokens",
    "million_tokens_of_type",
    "million_tokens_served",
    "mixture",
    "same_again",
    "samples_before_size",
    "second_size",
    "size_left",
    "size_of_student",
    "taught_by_closed",
    "thinking_budget",
    "tokens_of_family",
    "total_behind_parts",
    "training_count",
    "tuned_on",
    "version_and_size",
]

_BILLION, _MILLION = 10**9, 10**6
_SAMPLES = 20 * _MILLION
"""Up to here, a number of millions before a number of billions counts training samples."""
_WHOLE = 2
"""Digits before the point of a size."""
_TIMES = 12
"""No mixture has more parameters for each that works."""


def _sized(reading: Reading, key: str) -> bool:
    """What every size does to the words behind it."""
    if key:
        reading.found.keys.append(key)
    reading.recognised = True
    reading.open = False
    return True


# --- parameters: 7B -------------------------------------------------------------------------------


def training_count(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    if not training(reading, i, reading.dictionary.training_after_size):
        return False
    tape, before = reading.tape, reading.tape.prior
    if said.unit == "b" and before >= 0 and tape.words[before].text in reading.dictionary.counters:
        return False
    reading.found.keys.append(word.text)
    return True


def is_billions(word: Word, _: Dictionary) -> bool:
    said: Parameters = word.value
    return said.unit == "b"


def is_trillions(word: Word, _: Dictionary) -> bool:
    said: Parameters = word.value
    return said.unit == "t"


def may_be_bits(word: Word, dictionary: Dictionary) -> bool:
    said: Parameters = word.value
    return said.unit == "b" and not said.total % _BILLION and said.total // _BILLION in dictionary.numbers.widths


def bits_behind_method(reading: Reading, _: int, word: Word) -> bool:
    if reading.found.size is None:
        return False
    said: Parameters = word.value
    before = reading.tape.prior
    if before < 0 or reading.tape.words[before].role != "method":
        return False
    reading.found.bits = reading.found.bits or said.total // _BILLION
    return True


def may_be_fraction(word: Word, _: Dictionary) -> bool:
    return word.text[-1] in "bt" and word.text[:-1].isdecimal()


def dashed(reading: Reading, i: int, word: Word) -> bool:
    tape, n = reading.tape, i - 2
    if word.text[-1] == "t":
        return _trillions_dashed(reading, i, word)
    if n >= 0 and tape.words[n].role == "lettered":
        return _active_dashed(reading, i, word)
    if n >= 0 and (tape.words[n].role == "version" or "_" in tape.words[n].text):
        return _version_dashed(reading, i, word)
    if n < 0 or tape.words[n].role != "number":
        return False
    before, fraction = tape.words[n], word.text.removesuffix("b")
    if len(before.text) > _WHOLE or not before.text.isdecimal() or tape.words[i - 1].text not in ("-", "_"):
        return False
    said: Parameters = word.value
    if not _free(reading, said.unit) or (n and tape.words[n - 1].role != "separator"):
        return False  # slerp1-7b
    whole, count = before.text, round(float(f"{before.text}.{fraction}") * _BILLION)
    if not _parted(reading, n, count, said.total):
        return False
    _take_in(reading, n)
    _first_size(reading, i, count, f"{whole}.{fraction}b")
    reading.tape.size = n
    return True


def _trillions_dashed(reading: Reading, i: int, word: Word) -> bool:
    """``qwen3-8-2-4t-a95b``: behind a version, a number that says nothing by itself is the whole part of trillions."""
    tape, n = reading.tape, i - 2
    if n < 0 or reading.found.version is None or not _free(reading, "t") or tape.words[n].role != "number" or tape.kinds[n] != "unknown":
        return False
    whole = tape.words[n].text
    if tape.words[i - 1].text != "-" or len(whole) > 1 or len(word.text) > _WHOLE or not whole.isdecimal() or n not in tape.unknown:
        return False
    _take_in(reading, n)
    size = f"{whole}.{word.text}"
    _first_size(reading, i, round(float(size[:-1]) * 1000 * _BILLION), size)
    tape.size = n
    return True


def _version_dashed(reading: Reading, i: int, word: Word) -> bool:
    """``seallms-v3-1-5b``, ``internlm2_1_8b``: the last part of a version is a size's, where the family has that size and not the other."""
    tape, found, n = reading.tape, reading.found, i - 2
    text, sign = tape.words[n].text, tape.words[i - 1].text
    said: Parameters = word.value
    last = text.rpartition(sign)[2] if sign in ("-", "_") else text
    of_base = tape.base_end == n > tape.base
    family, version = (found.base, found.base_version) if of_base else (found.family, found.version if tape.version == n else None)
    if family is None or version is None or last == text or not last.isdecimal() or not _free(reading, said.unit):
        return False
    fraction, sizes = word.text.removesuffix("b"), family.facts.sizes()
    count = round(float(f"{last}.{fraction}") * _BILLION)
    own = frozenset[int]() if found.family is None else found.family.facts.sizes()
    whole = version.rpartition(".")[0]
    other = said.total in sizes and not (whole.lower() in family.versions and (sign == "_" or version.lower() not in family.versions))  # mobilevlm-v2-1-7b
    if (sign == "_" and (version.lower() in family.versions or family.facts.writes(text))) or count not in sizes | own or other:
        return False
    version = whole
    if of_base:
        found.base_version = version
    else:
        found.version = version
    tape.kinds[n + 1] = "size"
    _first_size(reading, i, count, f"{last}.{fraction}b")
    tape.size, tape.label_from = n, len(text) - len(last)
    return True


def _active_dashed(reading: Reading, i: int, word: Word) -> bool:
    """``qwen1-5-moe-a2-7b``: active parameters whose point became a dash."""
    tape, found, n = reading.tape, reading.found, i - 2
    before, fraction = tape.words[n].text, word.text.removesuffix("b")
    if before[0] != "a" or not before[1:].isdecimal() or tape.words[i - 1].text != "-" or found.active is not None:
        return False
    count = round(float(f"{before[1:]}.{fraction}") * _BILLION)
    if not ("moe" in found.types if found.size is None else count < found.size):
        return False
    _take_in(reading, n)
    found.active = count
    if tape.size < 0:
        tape.size = n
    tape.size_end = i
    return _with_active(reading, count, f"{before}.{fraction}b")


def _take_in(reading: Reading, n: int) -> None:
    """The word at ``n``, and the sign behind it, are a part of a size, whatever was made of the word before."""
    tape, said = reading.tape, reading.tape.words[n]
    tape.kinds[n] = tape.kinds[n + 1] = "size"
    if n in tape.unknown:
        tape.unknown.remove(n)
        reading.found.kept.remove(said.key or said.text)


def _parted(reading: Reading, n: int, count: int, fraction: int) -> bool:
    """Whether the number at ``n`` is the whole part of a size, and no version; one that it has become is taken back."""
    found, tape, family = reading.found, reading.tape, reading.found.family
    sizes: frozenset[int] = frozenset() if family is None else family.facts.sizes()
    if found.base is not None and n > tape.base_end:
        sizes |= found.base.facts.sizes()  # stablelm-2-zephyr-1-6b
    zero = tape.words[n].text == "0"
    if zero and fraction != count and _of_version(found.version or found.base_version, count, fraction, sizes):
        return False
    if tape.base_end == n > tape.base and found.base is not None:
        own = family is not None and count in family.facts.sizes() and fraction not in family.facts.sizes()  # canary-qwen-2-5b
        if ((found.base_version or "").lower() in found.base.versions and not own) or not (zero or count in sizes or count in found.base.facts.sizes()):
            return False
        found.base_version, tape.base_end = None, tape.base
        return True
    if tape.version != n:
        if tape.kinds[n] != "unknown":
            return False
        return zero or count in sizes or (found.version is not None and fraction not in sizes and count < 10 * _BILLION)
    version = (found.version or "").lower()
    if zero and version != "0" and not version.endswith(".0"):
        tape.version = tape.before(n)  # a version of which nobody writes the 0
        return True
    if (family is not None and version in family.versions and (fraction in sizes or count not in family.facts.sizes())) or not (zero or count in sizes):
        return False
    first, dot, _ = (found.version or "").rpartition(".")
    found.version, tape.version = (first, tape.before(n)) if dot else (None, -1)
    return True


def _of_version(version: str | None, count: int, fraction: int, sizes: frozenset[int]) -> bool:
    """Whether a 0 before a size is the version's: robobrain2-0-7b. No 0.24B has two digits where a number stands before it."""
    if version is None or count in sizes:
        return False
    return fraction in sizes or fraction >= 10 * _BILLION


def may_be_context(word: Word, dictionary: Dictionary) -> bool:
    said: Parameters = word.value
    return said.unit == "m" and not said.total % _MILLION and said.total // _MILLION in dictionary.numbers.million_contexts


def million_tokens_served(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    found, family = reading.found, reading.found.family
    bracketed = i > 0 and reading.tape.texts[i - 1].endswith("[")
    if family is None:
        found.context = said.total if bracketed else found.context
        return bracketed
    if not _free(reading, said.unit) or found.context is not None or said.total in family.facts.sizes():
        return False
    if not (bracketed or found.version is not None or found.tier is not None):
        return False
    found.context = said.total
    if not (bracketed or reading.in_tag or served_only(family, found.version)):
        found.keys.append(word.key or word.text)
    return True


def taught_by_closed(reading: Reading, i: int, word: Word) -> bool:
    found, family, tape, account = reading.found, reading.found.family, reading.tape, reading.account
    if family is None or not (family.closed or family.facts.served) or reading.in_tag or found.company == family.company:
        return False
    if account is not None and account.company == family.company:
        return False
    said: Parameters = word.value
    if not served_only(family, found.version) or said.total in family.facts.sizes() or not _free(reading, said.unit):
        return False
    lead, end = tape.family, tape.prior
    dethrone(reading, i)
    tape.lead, tape.lead_end = lead, end
    return _first_size(reading, i, said.total, word.key or word.text)


def lettered_version(reading: Reading, i: int, word: Word) -> bool:
    family, found = reading.found.family, reading.found
    if family is None or found.version is not None or word.text not in family.versions:
        return False
    found.version, reading.tape.version = word.text, i
    reading.open, reading.recognised = False, True
    return True


def tokens_of_family(reading: Reading, _: int, __: Word) -> bool:
    family = reading.found.family
    return family is not None and family.tokens


def is_one_million(word: Word, _: Dictionary) -> bool:
    said: Parameters = word.value
    return said.unit == "m" and said.total == _MILLION


def million_tokens_of_type(reading: Reading, _: int, word: Word) -> bool:
    said: Parameters = word.value
    found = reading.found
    if not found.types or found.size is not None:
        return False
    found.context = found.context or said.total
    return _sized(reading, word.key or word.text)


def is_two_parts(word: Word, _: Dictionary) -> bool:
    return "_" in word.text and "__" not in word.text


def version_and_size(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    head, _, tail = word.text.partition("_")
    found, family = reading.found, reading.found.family
    if family is None or not _free(reading, said.unit):
        return False
    version = head if head in family.versions else ".".join(head)  # llama_32_1b
    beside = found.version is None and reading.open and reading.tape.prior == reading.tape.family
    sizes, count = family.facts.sizes(), cast("Parameters", alone(readings()[tail])[0].value).total
    if beside and version in family.versions:
        found.version = version
    elif said.total not in sizes and count in sizes:  # gemmax2_28_9b
        if beside:
            found.version = head
        else:
            found.keys.append(head)
    else:
        return False
    reading.tape.label_from = len(head) + 1
    return _first_size(reading, i, count, tail)


def first_size(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    found, count = reading.found, said.total
    if found.size is not None or found.mixture is not None or found.active is not None:
        return False
    return _first_size(reading, i, count, "" if _told(reading, count) else word.key or word.text)


def _told(reading: Reading, count: int) -> bool:
    """Whether the tier before says as much: there is one Nemotron 3 Ultra."""
    found = reading.found
    if found.tier is None or found.family is None or found.version is None:
        return False
    return found.family.facts.told_by(found.version.lower(), found.tier.lower()) == count


def samples_before_size(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    return _outdone(reading, said.unit) and _first_size(reading, i, said.total, word.key or word.text)


def _outdone(reading: Reading, unit: str) -> bool:
    """Whether the size so far counts samples in millions, or tokens in trillions, now that billions come."""
    size = reading.found.size
    return unit == "b" and size is not None and reading.tape.words[reading.tape.size].text[-1] == ("m" if size <= _SAMPLES else "t")


def _free(reading: Reading, unit: str) -> bool:
    found = reading.found
    return (found.size is None and found.mixture is None and found.active is None) or _outdone(reading, unit)


def _first_size(reading: Reading, i: int, count: int, key: str) -> bool:
    if reading.found.size is not None:
        reading.tape.kinds[reading.tape.size] = "training"
    reading.found.size, reading.tape.size, reading.tape.size_end = count, i, i
    return _sized(reading, key)


def million_tokens(reading: Reading, _: int, word: Word) -> bool:
    said: Parameters = word.value
    reading.found.context = reading.found.context or said.total
    return _sized(reading, word.key or word.text)


def total_behind_parts(reading: Reading, _: int, word: Word) -> bool:
    said: Parameters = word.value
    if reading.found.size is not None:
        return False
    reading.found.size = said.total
    return _sized(reading, word.key or word.text)


def same_again(reading: Reading, _: int, word: Word) -> bool:
    said: Parameters = word.value
    return said.total == reading.found.size


def active_before_total(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    count, found, family = said.total, reading.found, reading.found.family
    if found.size is None or not found.size < count <= _TIMES * found.size or reading.tape.size_end != reading.tape.prior:
        return False
    if "moe" not in found.types and (family is None or not family.mixture):
        return False
    found.active, found.size, reading.tape.size_end = found.size, count, i
    return _sized(reading, word.key or word.text)


def size_of_student(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    found, tape = reading.found, reading.tape
    if found.base is None or not tape.size < tape.base or tape.prior != tape.base_end or tape.words[tape.before(tape.base)].value != "distill":
        return False
    found.size = found.mixture = found.active = found.experts = None
    return _first_size(reading, i, said.total, word.key or word.text)


def size_left(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    found, tape, before = reading.found, reading.tape, reading.tape.prior
    if found.size is None or said.total >= found.size or before < 0 or tape.words[before].text not in reading.dictionary.prunings:
        return False
    found.size, tape.size, tape.size_end = said.total, i, i
    return _sized(reading, word.key or word.text)


def second_size(reading: Reading, _: int, word: Word) -> bool:
    return _sized(reading, word.key or word.text)


# --- parts of a size: 8x7B, A3B, E4B, 16E ---------------------------------------------------------


def mixture(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.mixture is None:
        reading.found.mixture = word.value
        reading.tape.size = reading.tape.size_end = i
    return _sized(reading, word.key or word.text)


def active(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    if reading.found.active is None:
        reading.found.active = said.total
        if reading.tape.size < 0:
            reading.tape.size = i
        reading.tape.size_end = i
    return _with_active(reading, said.total, word.key or word.text)


def _with_active(reading: Reading, count: int, key: str) -> bool:
    found = reading.found
    if found.size is not None and found.family is not None and found.family.facts.active(found.size) == count:
        reading.recognised, reading.open = True, False  # the family has no other model of this size: qwen3.6-35b is this one
        return True
    return _sized(reading, key)


def effective(reading: Reading, i: int, word: Word) -> bool:
    said: Parameters = word.value
    if reading.found.size is not None:
        return False
    reading.found.active = said.total
    reading.tape.size = reading.tape.size_end = i
    return _sized(reading, word.key or word.text)


def experts(reading: Reading, i: int, word: Word) -> bool:
    count: int = word.value
    found, tape = reading.found, reading.tape
    before = tape.prior
    if before >= 0 and tape.words[before].role == "tier":
        before = tape.before(before)  # llama4:17b-scout-16e
    if found.size is None or found.family is None or before != reading.tape.size_end or count not in reading.dictionary.numbers.experts:
        return False
    found.experts = count
    found.active, found.size, reading.tape.size_end = found.size, None, i
    if found.tier is None or not found.family.facts.has(f"{tape.words[before].text}-{word.text}"):
        found.keys.append(word.key or word.text)  # the tier tells it: us.meta.llama4-scout-17b
    return True


# --- thousands: 128k ------------------------------------------------------------------------------


def tuned_on(reading: Reading, i: int, word: Word) -> bool:
    said: int = word.value
    tape, tuned = reading.tape, reading.dictionary.tuned
    before, after = tape.prior, tape.after(i)
    if before >= 0 and tape.words[before].key in tuned:
        return True
    if after < 0 or said in reading.dictionary.numbers.binary or tape.words[after].key not in tuned:
        return False
    family = reading.found.family
    return family is None or word.text not in family.facts.own()  # Yi-34B-200K-SFT


def thinking_budget(reading: Reading, _: int, word: Word) -> bool:
    family, found = reading.found.family, reading.found
    if family is None:
        return False
    if (found.version or "").lower() not in family.facts.budgets:
        before = reading.tape.prior
        if not served_only(family, found.version) or before < 0 or reading.tape.words[before].value not in ("thinking", "reasoning"):
            return False
    found.keys.append(word.text)
    return True


def context(reading: Reading, i: int, word: Word) -> bool:
    thousands: int = word.value
    found, numbers = reading.found, reading.dictionary.numbers
    if thousands not in numbers.contexts or found.context is not None or not (found.family is not None or reading.recognised):
        return False
    if training(reading, i, reading.dictionary.training_after):
        return False
    found.context = thousands * (1024 if thousands in numbers.binary else 1000)
    if not (i > 0 and reading.tape.texts[i - 1].endswith("[")):  # glm-4.7[200k]: how it is served
        found.keys.append(f"{thousands}k")
    return True

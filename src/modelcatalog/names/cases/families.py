"""Owns the cases of words: families and their bases, companies, types, tiers, and words that mean something else in a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from modelcatalog.names.cases.numbers import lined, set_version

if TYPE_CHECKING:
    from modelcatalog.names.reading import Reading
    from modelcatalog.names.roles import FamilyWord, Word

__all__ = [
    "account_in_name",
    "base",
    "company",
    "data_or_method",
    "family_again",
    "first_family",
    "line_of_family",
    "mark_next_to_family",
    "other_type",
    "packaging_in_family",
    "reseller",
    "served_for",
    "teacher",
    "tier",
    "tuned_from",
    "type_word",
    "uncertain_family",
    "uncertain_type",
    "variant",
]


# --- families -------------------------------------------------------------------------------------


def uncertain_type(reading: Reading, i: int, word: Word) -> bool:
    family = cast("FamilyWord", word.value)
    if family.bare:
        return False
    plain = reading.dictionary.plain.get(word.text)
    if plain is None or _trusted(reading, i, family):
        return False
    _note_type(reading, i, plain.text, cast("str", plain.value))
    return True


def uncertain_family(reading: Reading, i: int, word: Word) -> bool:
    family = cast("FamilyWord", word.value)
    return not family.bare and not _trusted(reading, i, family)


def _trusted(reading: Reading, i: int, family: FamilyWord) -> bool:
    """A common word means the family beside its company, or before one of its versions."""
    account, tape = reading.mode.account, reading.tape
    if reading.found.company == family.company or (account is not None and account.company == family.company):
        return True
    after, before = tape.after(i), tape.before(i)
    if after < 0 or before >= 0 and tape.words[before].role not in ("other", "reseller"):
        return False
    following = tape.words[after]
    return following.text in family.follows or (following.key or following.text).lstrip("v") in family.versions


def _meet(reading: Reading, family: FamilyWord) -> None:
    """From here on, some words mean what they mean in this family."""
    if family.words:
        reading.mode.meanings = {**reading.mode.meanings, **family.words}


def teacher(reading: Reading, _: int, word: Word) -> bool:
    if reading.at.size < 0 or reading.found.family is not None or reading.mode.in_tag:
        return False
    family = cast("FamilyWord", word.value)
    if not family.closed:
        return False
    _meet(reading, family)
    return True


def mark_next_to_family(reading: Reading, i: int, word: Word) -> bool:
    found = reading.found
    if found.family is not None or found.version is None:
        return False
    at, tape = reading.at, reading.tape
    after = tape.after(i)
    if after < 0 or not (tape.words[after].role == "version" or tape.words[after].text in cast("FamilyWord", word.value).versions):
        return False
    found.keys.append(f"v{found.version}")
    tape.kinds[at.version] = "unknown"
    found.version, at.version = None, -1
    return first_family(reading, i, word)


def first_family(reading: Reading, i: int, word: Word) -> bool:
    return reading.found.family is None and _set_family(reading, i, word)


def _set_family(reading: Reading, i: int, word: Word) -> bool:
    family = cast("FamilyWord", word.value)
    if family.words:
        _meet(reading, family)
    reading.found.family, reading.at.family, reading.mode.open = family, i, True
    if word.key is not None:
        reading.found.keys.append(word.key)
    return True


def _keep_key(reading: Reading, word: Word) -> bool:
    if word.key is not None:
        reading.found.keys.append(word.key)
    return True


def line_of_family(reading: Reading, i: int, word: Word) -> bool:
    now = reading.found.family
    if now is None or reading.found.version is not None or word.text[0] not in now.lines or not word.text[1:].isdecimal():
        return False
    _meet(reading, cast("FamilyWord", word.value))
    return set_version(reading, i, lined(now, word.text[0], word.text[1:]))


def family_again(reading: Reading, i: int, word: Word) -> bool:
    now = reading.found.family
    if now is None or cast("FamilyWord", word.value).name != now.name:
        return False
    _meet(reading, now)
    reading.mode.open = reading.found.version is None
    if word.text in now.lines:  # gpt-o3: the line's letter
        reading.at.family = i
    return _keep_key(reading, word)


def account_in_name(reading: Reading, i: int, word: Word) -> bool:
    now, at, tape = reading.found.family, reading.at, reading.tape
    if now is None or i != at.family + 2 or cast("FamilyWord", word.value).company != now.company:
        return False
    if tape.words[at.family].text not in reading.dictionary.accounts:
        return False
    tape.kinds[at.family] = "owner"
    return _set_family(reading, i, word)


def _at_home(reading: Reading, now: FamilyWord, family: FamilyWord) -> bool:
    """stabilityai/stablelm-2-zephyr is Stability's own, whatever it was tuned like."""
    account = reading.mode.account
    return account is not None and account.company == now.company and family.company != now.company


def data_or_method(reading: Reading, _: int, word: Word) -> bool:
    now, family = reading.found.family, cast("FamilyWord", word.value)
    if now is None:
        return False
    finished = not reading.mode.in_tag and (reading.at.size >= 0 or not reading.dictionary.finished.isdisjoint(reading.found.types))
    own = family.derived and not now.derived and _at_home(reading, now, family)
    if reading.found.base is None and not finished and not own:
        return False
    _meet(reading, family)
    reading.found.keys.append(word.text)
    return _keep_key(reading, word)


def tuned_from(reading: Reading, i: int, word: Word) -> bool:
    now, family = reading.found.family, cast("FamilyWord", word.value)
    if now is None or now.derived or not family.derived:
        return False
    found, at, kinds = reading.found, reading.at, reading.tape.kinds
    found.base, found.base_version = now, found.version
    at.base, at.base_end = at.family, max(at.family, at.version)
    for k in range(at.base, at.base_end + 1):
        if kinds[k] in ("family", "version"):
            kinds[k] = "base"
    found.version, at.version = None, -1
    return _set_family(reading, i, word)


def base(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.family is None:
        return False
    family = cast("FamilyWord", word.value)
    _meet(reading, family)
    reading.found.base, reading.at.base, reading.at.base_end = family, i, i
    return _keep_key(reading, word)


# --- who made it, who serves it -------------------------------------------------------------------


def company(reading: Reading, _: int, word: Word) -> bool:
    if reading.found.family is not None or reading.at.lead >= 0:
        return False
    reading.found.company = cast("str", word.value)
    reading.found.provider = reading.dictionary.resellers.get(word.text)
    return True


def reseller(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.family is not None or reading.at.lead >= 0 or reading.tape.after(i) < 0:
        return False
    reading.found.provider = reading.dictionary.resellers.get(word.text)
    return True


# --- types, tiers, variants -----------------------------------------------------------------------


def served_for(reading: Reading, i: int, word: Word) -> bool:
    if i != 0 or word.text not in reading.dictionary.resellers:
        return False
    after = reading.tape.after(i)
    return after >= 0 and reading.tape.words[after].role in ("family", "company")


def type_word(reading: Reading, i: int, word: Word) -> bool:
    return _note_type(reading, i, word.text, cast("str", word.value))


def _note_type(reading: Reading, i: int, text: str, value: str) -> bool:
    found = reading.found
    if value not in found.types:
        found.types.append(value)
    if found.tier is None and text in reading.dictionary.tier_words:
        found.tier = reading.tape.texts[i]
    found.keys.append(value)
    reading.mode.recognised = True
    return True


def tier(reading: Reading, i: int, word: Word) -> bool:
    found, at = reading.found, reading.at
    if found.tier is None:
        found.tier = reading.tape.texts[i]
    found.keys.append(word.text)
    if found.family is None and not reading.mode.recognised and at.lead >= 0:
        at.lead_end = i
    return True


def variant(reading: Reading, _: int, word: Word) -> bool:
    reading.found.keys.append(word.text)
    return True


# --- words that mean something else in a family, or in a tag --------------------------------------


def other_type(reading: Reading, i: int, word: Word) -> bool:
    instead = reading.mode.meanings.get(word.text)
    return bool(instead) and _note_type(reading, i, word.text, instead or "")


def packaging_in_family(reading: Reading, _: int, word: Word) -> bool:
    return reading.mode.meanings.get(word.text) == ""

"""Owns the cases of words: families and their bases, companies, types, tiers, and words that mean something else in a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from modelcatalog.names.cases.numbers import dethrone, lined, served_only, set_version
from modelcatalog.names.roles import Mixture, Parameters, Word, point, unknown

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.names.reading import Reading
    from modelcatalog.names.roles import BaseWord, FamilyWord

__all__ = [
    "account_in_name",
    "anothers_word",
    "base",
    "base_in_front",
    "base_word",
    "company",
    "data_or_method",
    "draft",
    "draft_of_next",
    "end_of_name",
    "family_again",
    "first_family",
    "is_closed",
    "is_common",
    "is_derived",
    "is_draft",
    "is_elsewhere_another",
    "is_encoder",
    "is_ending",
    "is_fast",
    "is_homonym",
    "is_in_front",
    "is_language",
    "is_latest",
    "is_letter_and_number",
    "is_letter_of_line",
    "is_open",
    "is_packed",
    "is_reseller",
    "is_tier_of_family",
    "is_type_too",
    "kind_before",
    "language",
    "language_model",
    "line_elsewhere",
    "line_of_family",
    "mark_next_to_family",
    "may_be_inside",
    "negated",
    "only_alias",
    "other_maker",
    "other_type",
    "packaging_in_family",
    "packed_so",
    "part_of_model",
    "reseller",
    "same_words_elsewhere",
    "served_faster",
    "served_for",
    "taught_by",
    "teacher",
    "tier",
    "tier_of_family",
    "tuned_from",
    "type_word",
    "uncertain_family",
    "uncertain_type",
    "variant",
]


_BILLION = 10**9
_COMPACT = 2
_SAYS_NOTHING = frozenset(("dtype", "method", "named_scheme", "other", "reseller", "type"))
"""Roles of words before a family that name no other model: SFT-OPT-6.7B, fp8-opt-125m."""
_OF_BASE = frozenset(("size", "mixture", "active"))
"""Roles of words behind a base that are its size: the 12B of MN-12B-Lyra."""
_ITS_OWN = frozenset(("family", "lettered", "suffixed"))
"""Roles of words behind a family that belong to it: the o3 of gpt-o3, the 4o of gpt-4o."""
_SIZED = frozenset(("embedding", "reranker"))
"""Types beside which base is a size: bge-reranker-base."""

# --- families -------------------------------------------------------------------------------------


def is_common(word: Word, dictionary: Dictionary) -> bool:
    family: FamilyWord = word.value
    return not family.bare and word.text not in dictionary.glued  # amberchat is nobody's word but Amber's


def is_type_too(word: Word, dictionary: Dictionary) -> bool:
    return is_common(word, dictionary) and word.text in dictionary.plain


def uncertain_type(reading: Reading, i: int, word: Word) -> bool:
    if _trusted(reading, i, word.value) or _denied(reading):
        return False
    plain = reading.dictionary.plain[word.text]
    return _note_type(reading, i, plain, plain.value)


def uncertain_family(reading: Reading, i: int, word: Word) -> bool:
    return not _trusted(reading, i, word.value)


def _trusted(reading: Reading, i: int, family: FamilyWord) -> bool:
    """A common word means the family beside its company, before one of its versions, or where nothing but an architecture is named."""
    account, tape = reading.account, reading.tape
    if reading.found.company == family.company or (account is not None and account.company == family.company):
        return True
    if reading.found.family is not None and reading.found.family.name == family.name:
        return True  # 通义万相 Wan2.2
    if "tiny" in reading.lower:  # asked first, since cutting a whole text for each of its words would cost the square of its length
        said = reading.lower.replace("/", "-").replace("_", "-").split("-")
        if "tiny" in said and not reading.dictionary.testing.isdisjoint(said):  # weights for tests, whose name says the architecture alone
            return True
    after, before = tape.after(i), tape.prior
    if after < 0 or (before >= 0 and not _says_nothing(reading, before)):
        return False
    following = tape.words[after]
    dashed = following.role == "number" and after + 2 < len(tape.words) and tape.words[after + 1].text in ("-", "_")
    behind = tape.words[after + 2] if dashed else following
    if behind.role == "size" and behind is not following and _times_billion(f"{following.text}.{behind.text[:-1]}") in family.facts.sizes():
        return True  # opt-6-7b
    if following.role == "size":
        count, sizes = cast("Parameters", following.value).total, family.facts.sizes()
        return count in sizes or (count % _BILLION == 0 and any(count == size // _BILLION * _BILLION for size in sizes))  # OPT-6B is short for 6.7B
    if dashed and behind.role == "number":
        joined = f"{following.text}.{behind.text}"
        if joined in family.versions or joined in family.follows:
            return True  # seed-2-0-code
    key = following.key or following.text
    return key in family.follows or following.text in family.follows or point(key).lstrip("v") in family.versions or point(following.text) in family.follows


def _says_nothing(reading: Reading, i: int) -> bool:
    """Whether a word before a family names no other model; a base, and its size, is what it was made from: MN-12B-Lyra."""
    role = reading.tape.words[i].role
    return role in _SAYS_NOTHING or reading.tape.kinds[i] == "base" or (role in _OF_BASE and reading.found.base is not None)


def _times_billion(number: str) -> int:
    return round(float(number) * _BILLION) if number.replace(".", "", 1).isdecimal() else 0


def is_homonym(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.homonyms


def other_maker(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.family is not None:
        return False
    makers, account = reading.dictionary.homonyms[word.text], reading.account
    maker = makers.get(reading.found.company or "") or makers.get((account.company if account is not None else None) or "")
    if maker is None and reading.found.base is not None:  # L3.3-Electra-R1-70b: behind a base, a tuner's
        maker = next((one for one in makers.values() if cast("FamilyWord", one.value).derived), None)
    if maker is None or maker.value is word.value:
        return False
    reading.tape.words[i] = maker
    return _set_family(reading, i, maker)


def is_letter_of_line(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return len(word.text) == 1 and word.text in family.lines


def line_elsewhere(reading: Reading, i: int, word: Word) -> bool:
    family: FamilyWord = word.value
    tape, now = reading.tape, reading.found.family
    if (now is not None and now.name == family.name) or reading.found.company == family.company:
        return False
    before, after, account = tape.prior, tape.after(i), reading.account
    if before < 0 or tape.words[before].role in ("other", "reseller") or tape.words[before].text in reading.dictionary.resellers:
        return False
    if account is not None and account.company == family.company:
        return False
    if now is None and tape.texts[0].lower() in reading.dictionary.deploying:
        return False  # azure/my-o3-mini
    if after == i + 1 and tape.words[after].role == "number":
        tape.words[after] = unknown(tape.words[after].text)  # of o1 too, which is one word
    return True


def is_encoder(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return family.facts.encoder


def part_of_model(reading: Reading, _: int, __: Word) -> bool:
    return reading.tape.size >= 0 and not reading.in_tag


def is_elsewhere_another(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return bool(family.facts.others)


def _is_under_owner(reading: Reading) -> bool:
    """Whether the text says whose the name is; a slash may also part the folders of a path, and who serves."""
    tape = reading.tape
    return "/" in reading.source and ("owner" in tape.kinds or all(word.role != "other" for word in tape.words))


def same_words_elsewhere(reading: Reading, i: int, word: Word) -> bool:
    account = reading.account
    if reading.found.family is not None or not _is_under_owner(reading):
        return False
    family: FamilyWord = word.value
    if account is not None and (account.repackager or account.company == family.company):
        return False
    other = reading.dictionary.families.get("".join(char if char.isalnum() else " " for char in word.text).split()[-1])
    if other is None or not isinstance(other.value, type(family)):
        return False
    tape = reading.tape
    tape.words[i] = Word("family", word.text, other.value, word.text)
    return _set_family(reading, i, tape.words[i])


def _meet(reading: Reading, family: FamilyWord) -> None:
    """From here on, some words mean what they mean in this family."""
    if family.words:
        reading.meanings = {**reading.meanings, **family.words}


def is_ending(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return family.facts.ends and word.text == family.name.lower()


def end_of_name(reading: Reading, i: int, word: Word) -> bool:
    said: FamilyWord = word.value
    tape, found = reading.tape, reading.found
    before, after = tape.prior, tape.after(i)
    if found.family is not None or found.company is not None or before < 0 or tape.kinds[before] != "unknown" or reading.in_tag:
        return False
    if after >= 0 and (tape.words[after].role in _ITS_OWN or _is_version(tape.words[after].text, said.versions)):
        return False
    return reading.account is None or reading.account.company != said.company


def _is_version(text: str, versions: frozenset[str]) -> bool:
    """Whether a family has such a version; a resource's name may leave out its point, as my-gpt-41-mini does."""
    return text in versions or (len(text) == _COMPACT and f"{text[0]}.{text[1]}" in versions)


def is_closed(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return family.closed


def is_open(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return not family.closed


def anothers_word(reading: Reading, i: int, word: Word) -> bool:
    account, tape = reading.account, reading.tape
    family: FamilyWord = word.value
    if account is None or account.repackager or account.company in (None, family.company) or reading.found.family is not None or reading.dotted:
        return False
    after = tape.after(i)
    return after < 0 or tape.words[after].role in ("unknown", "type", "other")


def teacher(reading: Reading, _: int, word: Word) -> bool:
    if reading.tape.size < 0 or reading.found.family is not None or reading.in_tag:
        return False
    _meet(reading, word.value)
    return True


def mark_next_to_family(reading: Reading, i: int, word: Word) -> bool:
    said: FamilyWord = word.value
    found = reading.found
    if found.family is not None or found.version is None:
        return False
    tape = reading.tape
    after = tape.after(i)
    named = after >= 0 and (tape.words[after].role == "version" or tape.words[after].text in said.versions)
    if not named and tape.lead < 0:
        return False
    found.keys.append(f"v{found.version}")
    tape.kinds[tape.version] = "unknown"
    found.version, tape.version = None, -1
    return first_family(reading, i, word)


def first_family(reading: Reading, i: int, word: Word) -> bool:
    return reading.found.family is None and _set_family(reading, i, word)


def _set_family(reading: Reading, i: int, word: Word) -> bool:
    family: FamilyWord = word.value
    if family.words:
        _meet(reading, family)
    reading.found.family, reading.tape.family, reading.open = family, i, True
    if word.key is not None:
        reading.found.keys.append(word.key)
        _imply(reading, reading.dictionary.glued.get(word.text))
    if family.facts.implies:
        for implied in family.facts.implies:
            _imply(reading, implied)
    return True


def _imply(reading: Reading, kind: str | None) -> None:
    """A type that the family's own name says."""
    if kind is not None and kind not in reading.found.types:
        reading.found.types.append(kind)


def kind_before(reading: Reading, i: int, word: Word) -> bool:
    tape, found, first = reading.tape, reading.found, reading.tape.family
    if found.version is not None or first < 0 or tape.texts[i - 1] != "-":
        return False
    provider = reading.dictionary.before.get("".join(tape.texts[first:i]).lower())
    if provider is None or found.size is not None:
        return False
    tape.kinds[first:i] = ["route" if kind != "separator" else kind for kind in tape.kinds[first:i]]
    found.provider, found.family = provider, None
    found.keys.clear()
    found.types.clear()
    return _set_family(reading, i, word)


def taught_by(reading: Reading, i: int, word: Word) -> bool:
    family: FamilyWord = word.value
    now, account, found = reading.found.family, reading.account, reading.found
    if now is None or family.name == now.name or reading.in_tag or found.company == now.company:
        return False
    if not served_only(now, found.version) or (account is not None and account.company == now.company):
        return False
    after = reading.tape.after(i)
    if after >= 0 and served_only(family, reading.tape.words[after].text):
        return False  # step-audio-2-distill-gpt-4o
    dethrone(reading, i)
    return _set_family(reading, i, word)


def may_be_inside(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return not (family.closed or family.derived)


def language_model(reading: Reading, i: int, word: Word) -> bool:
    if reading.tape.size < 0:
        return False
    family: FamilyWord = word.value
    now, found = reading.found.family, reading.found
    if found.base is not None or reading.in_tag:
        return False
    if now is None:
        return _encoded(reading) and _set_base(reading, i, word)
    if family.facts.sees or family.name == now.name or not (now.facts.sees or not reading.dictionary.media.isdisjoint(found.types)):
        return False
    return _set_base(reading, i, word)


def _keep_key(reading: Reading, word: Word) -> bool:
    if word.key is not None:
        reading.found.keys.append(word.key)
    return True


def is_letter_and_number(word: Word, _: Dictionary) -> bool:
    return word.text[1:].isdecimal()


def line_of_family(reading: Reading, i: int, word: Word) -> bool:
    now = reading.found.family
    if now is None or reading.found.version is not None or word.text[0] not in now.lines:
        return False
    _meet(reading, word.value)
    return set_version(reading, i, lined(now, word.text[0], word.text[1:]))


def family_again(reading: Reading, i: int, word: Word) -> bool:
    said: FamilyWord = word.value
    now = reading.found.family
    if now is None or said.name != now.name:
        return False
    _meet(reading, now)
    reading.open = reading.found.version is None
    if word.text in now.lines:  # gpt-o3: the line's letter
        reading.tape.family = i
    return _keep_key(reading, word)


def account_in_name(reading: Reading, i: int, word: Word) -> bool:
    said: FamilyWord = word.value
    now, tape = reading.found.family, reading.tape
    if now is None or said.company != now.company:
        return False
    brand = tape.words[tape.family].text
    if brand.isascii() and (i != tape.family + 2 or brand not in reading.dictionary.accounts):
        return False
    if tape.prior != tape.family:
        return False
    tape.kinds[tape.family] = "owner"
    return _set_family(reading, i, word)


def _at_home(reading: Reading, now: FamilyWord, family: FamilyWord, word: Word) -> bool:
    """stabilityai/stablelm-2-zephyr is Stability's own, whatever it was tuned like; without an account, where its maker has such a name."""
    account = reading.account
    if family.company == now.company:
        return False
    return word.text in now.facts.own() if account is None or account.repackager else account.company == now.company


def _encoded(reading: Reading) -> bool:
    """Whether a word before names an encoder."""
    words = reading.tape.words
    return any(words[k].role == "family" and cast("FamilyWord", words[k].value).facts.encoder for k in reading.tape.unknown)


def _made_so(reading: Reading, i: int, family: FamilyWord, word: Word) -> bool:
    """Whether the maker of a family writes a base before it: under its account, or in its names, as in Mistral-7B-OpenOrca."""
    now, account, at = reading.found.family, reading.account, reading.tape.family
    if now is not None and account is not None and account.company == family.company != now.company:
        return True
    text, version = "".join(reading.tape.texts[at:i]).lower(), (reading.found.version or "").lower()
    if "." in version and version not in text:
        for sign in "-_ ":  # llama-3-1-8b-ultramedical
            text = text.replace(version.replace(".", sign), version)
    return family.facts.behind(text, word.text)


def data_or_method(reading: Reading, i: int, word: Word) -> bool:
    family: FamilyWord = word.value
    now = reading.found.family
    account = reading.account
    at_maker = account is not None and account.company == family.company != family.name  # a company's own name says who, and not what
    may = family.derived and (family.bare or at_maker)
    if now is None or (may and not now.derived and reading.found.base is None and _made_so(reading, i, family, word)):
        return False
    finished = not (reading.in_tag or _ends_in(reading, i, family, word)) and (
        reading.tape.size >= 0 or not reading.dictionary.finished.isdisjoint(reading.found.types)
    )
    own = family.derived and not now.derived and _at_home(reading, now, family, word)
    if reading.found.base is None and (not (finished or own) or _is_student(reading, i, family)):
        return False
    _meet(reading, family)
    reading.found.keys.append(word.text)
    return _keep_key(reading, word)


def _ends_in(reading: Reading, i: int, family: FamilyWord, word: Word) -> bool:
    """Whether a tuner's model has what it began with at the end of its name: Wayfarer-Large-70B-Llama-3.3."""
    now, after = reading.found.family, reading.tape.after(i)
    if now is None or after < 0 or family.closed or family.derived or reading.found.base is not None:
        return False
    number = reading.tape.words[after]
    if number.role != "number" or not _is_version(point(number.text), family.versions) or served_only(family, point(number.text)):
        return False
    return now.derived or word.text in now.facts.own()


def _is_student(reading: Reading, i: int, family: FamilyWord) -> bool:
    """Whether a family behind a distillation is what was taught, for its size follows: gpt-oss-120b-distill-qwen3-4b."""
    tape = reading.tape
    before = tape.prior
    if before < 0 or tape.words[before].value != "distill" or family.closed or family.derived:
        return False
    return any(word.role == "size" for word in tape.words[i + 1 :])


def is_derived(word: Word, _: Dictionary) -> bool:
    family: FamilyWord = word.value
    return family.derived


def tuned_from(reading: Reading, i: int, word: Word) -> bool:
    now = reading.found.family
    if now is None or now.derived:
        return False
    found, tape, kinds = reading.found, reading.tape, reading.tape.kinds
    found.base, found.base_version = now, found.version
    tape.base, tape.base_end = tape.family, max(tape.family, tape.version)
    for k in range(tape.base, tape.base_end + 1):
        if kinds[k] in ("family", "version"):
            kinds[k] = "base"
    found.version, tape.version = None, -1
    return _set_family(reading, i, word)


def base(reading: Reading, i: int, word: Word) -> bool:
    return reading.found.family is not None and _set_base(reading, i, word)


def _set_base(reading: Reading, i: int, word: Word) -> bool:
    family: FamilyWord = word.value
    _meet(reading, family)
    reading.found.base, reading.tape.base, reading.tape.base_end = family, i, i
    return _keep_key(reading, word)


def base_word(reading: Reading, i: int, word: Word) -> bool:
    said: BaseWord = word.value
    found, tape = reading.found, reading.tape
    if found.base is not None or (found.family is not None and found.family.name == said.family.name):
        return False
    sizes = said.family.facts.sizes()
    if not any(_counted(other) in sizes for other in tape.words if other.role in ("size", "mixture")):
        return False
    found.base, found.base_version, reading.tape.base, reading.tape.base_end = said.family, said.version, i, i
    found.keys.append(word.key or word.text)
    return True


def is_in_front(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.in_front


def base_in_front(reading: Reading, i: int, word: Word) -> bool:
    tape, found = reading.tape, reading.found
    if found.family is not None or reading.recognised or tape.lead >= 0 or reading.in_tag:
        return False
    said = reading.dictionary.in_front[word.text]
    if not base_word(reading, i, said):
        return False
    tape.words[i] = said
    return True


def _counted(word: Word) -> int:
    """Parameters of a size, or of each of its experts."""
    said = word.value
    return said.total if isinstance(said, Parameters) else said.each if isinstance(said, Mixture) else 0


# --- who made it, who serves it -------------------------------------------------------------------


def company(reading: Reading, _: int, word: Word) -> bool:
    if reading.found.family is not None or reading.tape.lead >= 0:
        return False
    reading.found.company = word.value
    reading.found.provider = reading.dictionary.resellers.get(word.text)
    return True


def reseller(reading: Reading, i: int, word: Word) -> bool:
    if reading.found.family is not None or reading.tape.lead >= 0 or reading.tape.after(i) < 0:
        return False
    reading.found.provider = reading.dictionary.resellers.get(word.value)
    return True


# --- types, tiers, variants -----------------------------------------------------------------------


def is_reseller(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.resellers


def served_for(reading: Reading, i: int, _: Word) -> bool:
    if i != 0:
        return False
    after = reading.tape.after(i)
    return after >= 0 and reading.tape.words[after].role in ("family", "company")


def is_language(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.languages


def language(reading: Reading, i: int, word: Word) -> bool:
    if reading.meanings.get("pt") == "base":
        return False  # gemma-2-2b-it-de: Gemma's own word for its instructed models
    tape, languages = reading.tape, reading.dictionary.languages
    if not any(k >= 0 and tape.words[k].text in languages for k in (tape.prior, tape.after(i))):
        return False
    tape.words[i] = unknown(word.text)
    return True


def negated(reading: Reading, _: int, __: Word) -> bool:
    return bool(reading.tape.unknown) and _denied(reading)


def _denied(reading: Reading) -> bool:
    """Whether a word before says that the model is not of this type; a single letter may stand between: no-q-embed."""
    tape, negations = reading.tape, reading.dictionary.negations
    before = tape.prior
    if before >= 0 and len(tape.words[before].text) == 1:
        before = tape.before(before)
    return before >= 0 and tape.words[before].text in negations


def type_word(reading: Reading, i: int, word: Word) -> bool:
    return _note_type(reading, i, word, word.value)


def _note_type(reading: Reading, i: int, word: Word, value: str) -> bool:
    found, text = reading.found, word.text
    if value not in found.types:
        found.types.append(value)
    if found.tier is None and text in reading.dictionary.tier_words:
        found.tier = reading.tape.texts[i]
    if "base" in found.types and not _SIZED.isdisjoint(found.types):
        found.types.remove("base")
        found.tier = found.tier or "base"
    found.keys.append(word.key or value if word.role == "type" else value)
    reading.recognised = True
    return True


def tier(reading: Reading, i: int, word: Word) -> bool:
    found, tape, key = reading.found, reading.tape, word.key or word.text
    if found.tier is None:
        written = tape.texts[i]
        found.tier = written if written[0].isalnum() and written.isascii() else key  # Command R+, 프로
    found.keys.append(key)
    if found.family is None and not reading.recognised and tape.lead >= 0:
        tape.lead_end = i
    return True


def is_tier_of_family(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.tier_families


def tier_of_family(reading: Reading, i: int, word: Word) -> bool:
    family, tape = reading.dictionary.tier_families[word.text], reading.tape
    before, after = tape.prior, tape.after(i)
    if reading.found.family is not None or reading.in_tag or (after < 0 and tape.texts[i] != reading.source):
        return False
    if before >= 0 and tape.words[before].role not in ("other", "reseller", "company"):
        return False
    if after < 0 or tape.words[after].role != "number":
        # opus, opus[1m], opus1m, as Claude Code calls the newest of a tier
        if not (after < 0 or tape.texts[after - 1].endswith("[") or (after == i + 1 and tape.words[after].text == "1m")):
            return False
    else:
        version = point(tape.words[after].value)
        if not _is_version(version, family.versions) and version not in family.facts.own():
            return False
    _meet(reading, family)
    reading.found.family, reading.tape.family, reading.open = family, i, True
    return tier(reading, i, word)


def is_fast(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.served_faster


def served_faster(reading: Reading, i: int, word: Word) -> bool:
    family, tape = reading.found.family, reading.tape
    if family is None or (reading.found.version is None and reading.tape.size < 0):
        return False
    after = tape.after(i)
    own = family.facts.own() if reading.tape.size < 0 else family.facts.own_sized()
    return (after < 0 or tape.words[after].role in ("other", "suffix")) and word.text not in own


def is_latest(word: Word, _: Dictionary) -> bool:
    return word.text == "latest"


def only_alias(reading: Reading, i: int, word: Word) -> bool:
    family, tape = reading.found.family, reading.tape
    if family is None or tape.after(i) >= 0 or reading.found.version is None:
        return False  # without a version it is another model each time
    return family.facts.only("".join(tape.texts[reading.tape.family : i + 1]), word.text)


def is_packed(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.before_formats


def packed_so(reading: Reading, i: int, _: Word) -> bool:
    tape, behind = reading.tape, reading.tape.after(i)
    while behind >= 0 and tape.words[behind].text in reading.dictionary.before_formats:
        behind = tape.after(behind)
    return behind >= 0 and tape.words[behind].role == "format"


def is_draft(word: Word, dictionary: Dictionary) -> bool:
    return word.text in dictionary.drafts


def draft_of_next(reading: Reading, i: int, word: Word) -> bool:
    after = reading.tape.after(i)
    return after >= 0 and reading.tape.words[after].role == "family" and draft(reading, i, word)


def draft(reading: Reading, i: int, word: Word) -> bool:
    reading.found.part = reading.found.part or "draft"
    return variant(reading, i, word)


def variant(reading: Reading, _: int, word: Word) -> bool:
    reading.found.keys.append(word.key or word.text)
    return True


# --- words that mean something else in a family, or in a tag --------------------------------------


def other_type(reading: Reading, i: int, word: Word) -> bool:
    instead = reading.meanings.get(word.text)
    return bool(instead) and not _denied(reading) and _note_type(reading, i, word, instead or "")


def packaging_in_family(reading: Reading, _: int, word: Word) -> bool:
    return reading.meanings.get(word.text) == ""

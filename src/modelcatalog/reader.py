"""Owns the reading of a name's words: what each means beside its neighbours, one rule a method.

Knows nothing of hubs, paths and the catalog's sizes. `Reader.read` runs over the words of a stretch of text
from left to right; the facts it finds are its attributes, from which parser.py makes the record.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from modelcatalog import grammar
from modelcatalog.dates import calendar
from modelcatalog.lexicon import READINGS, Account, FamilyWord, Lexicon, Phrase, Word, point
from modelcatalog.records import Release

if TYPE_CHECKING:
    from modelcatalog.records import SegmentKind

__all__ = ["Reader"]

_CONTEXTS = frozenset((2, 4, 8, 16, 32, 40, 48, 64, 96, 100, 128, 160, 192, 200, 202, 250, 256, 262, 300, 320, 400, 500, 512, 524, 1000, 1024, 1048, 2000, 2048, 4000, 4096, 10000))
"""Thousands of tokens that are context lengths; other numbers with a k count steps or samples."""
_BINARY = frozenset((2, 4, 8, 16, 32, 64, 128, 256, 512))
"""Those that mean powers of two: 4k is 4,096 tokens."""
_OTHER = Word("other", "")
_READ = READINGS.__getitem__
_KIND, _SHOWN = itemgetter(Word._fields.index("kind")), itemgetter(Word._fields.index("shown"))
_OWNER_WORDS = 7
"""An account's name has no more words and separators."""
_EXPERTS = frozenset((8, 16, 32, 64, 128, 256, 512))
"""Numbers of experts; 12.8b-5e is five epochs."""
_SAMPLES = 20 * 10**6
"""Up to here, a number of millions before a number of billions counts training samples."""
_VERSION_DIGITS = 2


@lru_cache(maxsize=4096)
def release(year: int | None, month: int | None, day: int | None, text: str) -> Release:
    """One record for each date: names share them."""
    return Release(year=year, month=month, day=day, text=text)


def _alone(found: tuple[Word, ...] | Phrase) -> tuple[Word, ...]:
    return found.alone if isinstance(found, Phrase) else found


class Reader:
    """The state of one reading; the class attributes are its beginning."""

    dotted = False
    in_tag = False
    account: Account | None = None
    origin_account: str | None = None
    """The account that a repackager wrote before the name."""
    family: FamilyWord | None = None
    family_at = -1
    base: FamilyWord | None = None
    base_at = -1
    base_version: str | None = None
    base_end = -1
    version: str | None = None
    version_at = -1
    open = True
    company_word: str | None = None
    tier: str | None = None
    size: int | None = None
    size_at = -1
    size_end = -1
    label_from = 0
    """Characters of the size's word that are not the size."""
    mixture: tuple[int, int] | None = None
    active: int | None = None
    effective: int | None = None
    experts: int | None = None
    method: str | None = None
    scheme: str | None = None
    bits: float | None = None
    group: int | None = None
    format: str | None = None
    method_format: str | None = None
    dtype: Any = None
    context: int | None = None
    released: Release | None = None
    lead: int = -1
    lead_end: int = -1
    skip = -1
    recognised = False

    def __init__(self, source: str, lower: str, lexicon: Lexicon) -> None:
        self.source = source
        self.lower = lower
        self.lexicon = lexicon
        self.words: list[Word] = []
        self.kinds: list[SegmentKind] = []
        self.texts: list[str] = []
        self.types: list[str] = []
        self.keys: list[str] = []
        self.unknown: list[int] = []

    def packaging(self, text: str) -> None:
        """A branch that names a quantization: ``6.0bpw``, ``gptq-4bit-32g``; any other text says nothing."""
        words = [word for piece in grammar.pieces(text) for word in _alone(READINGS[piece]) if word.role != "separator"]
        if words and all(word.kind == "quantization" or word.role in ("group", "ignored") for word in words):
            for word in words:
                rule = _RULES.get(word.role)
                if rule is not None and word.role != "group":
                    rule(self, -1, word)
                elif word.role == "group":
                    self.group = self.group or word.value

    # --- the words of a name -----------------------------------------------------------------

    def read(self, start: int, end: int) -> None:
        """Cut a stretch into words and let each word's rule decide."""
        words, first = self.words, len(self.words)
        pieces = grammar.pieces(self.source[start:end])
        count = len(pieces)
        at = 0
        for found in map(_READ, pieces):
            if type(found) is tuple:
                words += found
                at += 1
            else:
                break
        while at < count:
            found = READINGS[pieces[at]]
            at += 1
            if type(found) is tuple:
                words += found
            elif at + 1 < count and pieces[at + 1].lower().startswith(found.seconds):  # type: ignore[union-attr]  # no tuple: a phrase
                at = self._phrase(found, pieces, at)  # type: ignore[arg-type]  # no tuple: a phrase
            else:
                words += found.alone  # type: ignore[union-attr]  # no tuple: a phrase
        added = words[first:] if first else words.copy()
        if "__" in pieces or "_-_" in pieces:
            added = self._without_owner(added, first)
        self.kinds += map(_KIND, added)
        self.texts += map(_SHOWN, added)
        rule_of = _RULES.get
        for i, word in enumerate(added, first):
            rule = rule_of(word[0])
            if rule is not None and i > self.skip:
                rule(self, i, word)

    def _without_owner(self, added: list[Word], first: int) -> list[Word]:
        """``DavidAU__L3-…`` and ``google_-_gemma-…`` begin with the account that the model was taken from."""
        at = next((i for i, word in enumerate(added) if word.text in ("__", "_-_")), 0)
        if not at or at > _OWNER_WORDS:
            return added
        added[:at] = [Word("other", word.text, None, None, "owner", word.shown) for word in added[:at]]
        self.words[first : first + at] = added[:at]
        self.origin_account = "".join(word.shown for word in added[:at])
        return added

    def other(self, kind: SegmentKind, start: int, end: int) -> None:
        """A stretch that holds no words."""
        self.words.append(_OTHER)
        self.kinds.append(kind)
        self.texts.append(self.source[start:end])

    def again(self, start: int, end: int) -> None:
        """A file's name, which repeats the repository's: only what is new in it counts."""
        keys, unknown, self.keys, self.unknown = self.keys, self.unknown, [], []
        known = self.family is not None or self.recognised
        self.read(start, end)
        if known:
            self.keys, self.unknown = keys, unknown

    def _phrase(self, phrase: Phrase, pieces: list[str], at: int) -> int:
        """Words that mean something together; gives the next piece to read."""
        lowered = [piece.lower() for piece in pieces]
        for parts, own, word in phrase.options:
            after = at + 2 * len(parts)
            last = parts[-1]
            if len(pieces) < after or not all(lowered[at + 2 * k + 1] == part for k, part in enumerate(parts[:-1])):
                continue
            found = lowered[after - 1]
            rest = found.removeprefix(last)
            if (found != last and (rest == found or not rest[0].isdigit())) or any(len(pieces[at + 2 * k]) > 1 for k in range(len(parts))):
                continue
            if word.role == "company" and last in self.lexicon.families and not self._family_next(lowered, after):
                continue
            if own <= len(parts):
                after, rest = at + 2 * own - 2, ""
            covered = "".join(pieces[at - 1 : after])
            text = covered[: len(covered) - len(rest)]
            self.words.append(word._replace(text=text.lower(), shown=text))
            if rest:
                self.words += _alone(READINGS[covered[len(text) :]])
            return after
        self.words += phrase.alone
        return at

    @staticmethod
    def _family_next(pieces: list[str], at: int) -> bool:
        if at + 1 >= len(pieces):
            return False
        found = READINGS[pieces[at + 1]]
        return _alone(found)[0].role == "family"

    def text(self, i: int) -> str:
        """A word as it was written."""
        return self.texts[i]

    def before(self, i: int) -> int:
        """The word before, separators left out; -1: none."""
        i -= 1
        while i >= 0 and self.words[i].role == "separator":
            i -= 1
        return i

    def after(self, i: int) -> int:
        """The word after, separators left out; -1: none."""
        i += 1
        while i < len(self.words) and self.words[i].role == "separator":
            i += 1
        return i if i < len(self.words) else -1

    def _no_fact(self, i: int, word: Word) -> None:
        """A word that no rule takes: kept, never guessed."""
        self.kinds[i] = "unknown"
        self.unknown.append(i)
        self.keys.append(word.key or word.text)
        if self.family is None and not self.recognised:
            if self.lead < 0:
                self.lead = i
            self.lead_end = i

    def _training(self, i: int, afterwards: frozenset[str]) -> bool:
        """Whether the neighbours say that this number counts steps, tokens or the like."""
        before, after = self.before(i), self.after(i)
        if before >= 0 and self.words[before].text in self.lexicon.training_before and self.kinds[before] not in ("family", "base"):
            return True
        return after >= 0 and self.words[after].text in afterwards

    def _on_family(self, i: int, word: Word) -> None:
        found: FamilyWord = word.value
        if not found.bare and not self._trusted(i, found):
            self._no_fact(i, word)
            return
        now = self.family
        if now is not None and self.version is None and word.text[0] in now.lines and word.text[1:].isdecimal():
            self._set_version(i, self._lined(now, word.text[0], word.text[1:]))  # Kimi K2, not the family K2
            return
        if word.key is not None:
            self.keys.append(word.key)
        if now is None:
            self.family, self.family_at, self.open = found, i, True
        elif found.name == now.name:
            self.open = self.version is None
        elif self.size_at >= 0 and not self.in_tag:  # what follows the size tells data or method: mpt-1b-redpajama
            self.keys.append(word.text)
        elif found.derived and not now.derived and self.base is None and not self._at_home(now, found):
            self.base, self.base_version, self.base_at = now, self.version, self.family_at
            self.base_end = max(self.family_at, self.version_at)
            for k in range(self.base_at, self.base_end + 1):
                if self.kinds[k] in ("family", "version"):
                    self.kinds[k] = "base"
            self.family, self.family_at, self.version, self.version_at, self.open = found, i, None, -1, True
        elif self.base is None:
            self.base, self.base_at, self.base_end = found, i, i
            self.kinds[i] = "base"
        else:
            self.keys.append(word.text)

    def _at_home(self, now: FamilyWord, found: FamilyWord) -> bool:
        """stabilityai/stablelm-2-zephyr is Stability's own, whatever it was tuned like."""
        return self.account is not None and self.account.company == now.company and found.company != now.company

    def _trusted(self, i: int, family: FamilyWord) -> bool:
        """A common word means the family beside its company, or before one of its versions."""
        if self.company_word == family.company or (self.account is not None and self.account.company == family.company):
            return True
        after = self.after(i)
        if after < 0 or self.before(i) >= 0 and self.words[self.before(i)].role not in ("other", "reseller"):
            return False
        following = self.words[after]
        return following.text in family.follows or (following.key or following.text).lstrip("v") in family.versions

    def _on_company(self, i: int, word: Word) -> None:
        if self.family is None and self.lead < 0:
            self.kinds[i] = "company"
            self.company_word = str(word.value)
        else:
            self._no_fact(i, word)

    def _on_reseller(self, i: int, word: Word) -> None:
        if self.family is None and self.lead < 0 and self.after(i) >= 0:
            self.kinds[i] = "route"
        else:
            self._no_fact(i, word)

    def _on_type(self, i: int, word: Word) -> None:
        value = str(word.value)
        if value not in self.types:
            self.types.append(value)
        if self.tier is None and word.text in self.lexicon.tier_words:
            self.tier = self.text(i)
        self.keys.append(value)
        self.recognised = True

    def _on_tier(self, i: int, word: Word) -> None:
        if self.tier is None:
            self.tier = self.text(i)
        self.keys.append(word.text)
        if self.family is None and not self.recognised and self.lead >= 0:
            self.lead_end = i

    def _on_variant(self, i: int, word: Word) -> None:
        self.keys.append(word.text)

    def _on_unknown(self, i: int, word: Word) -> None:
        meaning = None
        if self.family is not None and self.family.words:
            meaning = self.family.words.get(word.text)
        if meaning is None and self.base is not None:
            meaning = self.base.words.get(word.text)
        if meaning is not None:
            if meaning:
                self.kinds[i] = "type"
                self._on_type(i, Word("type", word.text, meaning, meaning))
            else:
                self.kinds[i] = "format"
            return
        if self.in_tag and word.text in self.lexicon.tag_words:
            self.kinds[i] = "type"
            self._on_type(i, Word("type", word.text, self.lexicon.tag_words[word.text]))
            return
        self._no_fact(i, word)

    # --- numbers: version, date or nothing ---------------------------------------------------

    def _on_number(self, i: int, word: Word) -> None:
        text = str(word.value)
        if self._training(i, self.lexicon.training_after):
            self.kinds[i] = "training"
            self.keys.append(word.text)
            return
        if text.isdecimal() and len(text) in (4, 6, 8) and self._date(i, text):
            return
        if len(text) == 2 and text.isdecimal() and self._month_and_day(i, text):  # noqa: PLR2004
            return
        if self._version_number(i, point(text)):
            return
        self._no_fact(i, word)

    def _date(self, i: int, text: str) -> bool:
        if self.family is None and not self.recognised and self.lead >= 0 and len(text) == 4 and text[0] != "0":  # noqa: PLR2004
            return False
        date = calendar(text, self.family.dates if self.family else None)
        if date is None or self.released is not None:
            return False
        self.released = release(*date, self.text(i))
        self.kinds[i] = "released"
        return True

    def _month_and_day(self, i: int, text: str) -> bool:
        """``preview-06-17``: a month and a day of two digits each."""
        words = self.words
        if self.version is None or self.released is not None or i + 2 >= len(words) or words[i + 1].text != "-":
            return False
        day = words[i + 2]
        if day.role != "number" or len(day.text) != 2 or not day.text.isdecimal() or text[0] not in "01":  # noqa: PLR2004
            return False
        date = calendar(text + day.text, "MMDD")
        if date is None:
            return False
        self.released = release(*date, f"{text}-{day.text}")
        self.kinds[i] = self.kinds[i + 1] = self.kinds[i + 2] = "released"
        self.skip = i + 2
        return True

    def _on_date(self, i: int, word: Word) -> None:
        if self.released is None:
            year, month, day = word.value
            self.released = release(year, month, day, self.text(i))

    def _version_number(self, i: int, text: str) -> bool:
        """A bare number as a version: beside the family, after a tier, or the second part of ``3-5``."""
        before = self.before(i)
        if before == self.base_end and self.base is not None and before >= 0 and self.base_version is None:
            return self._base_version(i, text)
        whole = text.isdecimal()
        if whole and len(text) > _VERSION_DIGITS:
            return False
        if self.version is not None:
            return whole and before == self.version_at and self._second_part(i, text)
        if self.family is not None and self.open:
            if whole and len(text) == 2 and self.family.compact and text not in self.family.versions:  # noqa: PLR2004
                text = f"{text[0]}.{text[1]}"
            return self._set_version(i, text)
        if whole:
            return (self.family is None and not self.recognised and before == self.lead_end >= 0 and self._then_size(i) and self._set_version(i, text)) or (
                self.family is not None and text in self.family.versions and self._set_version(i, text)
            )
        return (self.family is not None or self.recognised or before == self.lead_end >= 0) and self._set_version(i, text)

    def _then_size(self, i: int) -> bool:
        after = self.after(i)
        return after >= 0 and self.words[after].role in ("size", "mixture", "type", "tier")

    def _second_part(self, i: int, text: str) -> bool:
        """``claude-3-5``: a hyphen for the point, where the first part was a whole number."""
        version = self.version or ""
        if "." in version or not version[-1].isdigit() or self.words[i - 1].text not in ("-", "_", "."):
            return False
        joined = f"{version}.{text}"
        known = self.family is not None and joined.lower() in self.family.versions
        if (len(text) > 1 or len(version.lstrip("VRKMXZT")) > 1) and not known:
            return False
        self.version = joined
        self.version_at = i
        self.kinds[i - 1] = self.kinds[i] = "version"
        return True

    def _set_version(self, i: int, text: str) -> bool:
        if self.family is not None and self.words[self.family_at].text in self.family.lines:
            text = self.words[self.family_at].text + text  # the o of o3
        self.version, self.version_at = text, i
        self.kinds[i] = "version"
        self.open = False
        self.recognised = True
        return True

    def _base_version(self, i: int, text: str) -> bool:
        self.base_version = text
        self.base_end = i
        self.kinds[i] = "base"
        return True

    def bedrock_revision(self, revision: str) -> None:
        """Bedrock's ``-v1:0`` says nothing of the model; in ``claude-v2:1`` it is the version."""
        i = len(self.words) - 2
        if i < 0 or self.words[i].role != "version":
            return
        if revision != "0" and self.version_at == i:
            self.version = f"{self.version}.{revision}"
            return
        self.kinds[i] = "serving"
        if self.version_at == i:
            self.version, self.version_at = None, -1
        elif self.words[i].text in self.keys:
            self.keys.remove(self.words[i].text)

    def _on_version(self, i: int, word: Word) -> None:
        digits, tail = word.value
        text = digits + tail
        if self.family is not None and self.family.words.get(word.text) == "":
            self.kinds[i] = "serving"
            return
        if self.base is not None and self.before(i) == self.base_end and self.base_version is None:
            self._base_version(i, self._lined(self.base, "v", text))
        elif self.version is None and not (self.dotted and text == "1" and self.after(i) < 0):
            self._set_version(i, self._lined(self.family, "v", text) if self.open else text)
        elif self.dotted and text == "1" and self.after(i) < 0:
            self.kinds[i] = "serving"
        else:
            self.keys.append(f"v{text}")

    @staticmethod
    def _lined(family: FamilyWord | None, letter: str, digits: str) -> str:
        """The version with its letter where the family's lines have one: V3, R1."""
        if family is None or letter not in family.lines:
            return digits
        if family.compact and len(digits) == 2 and digits.isdecimal() and letter + digits not in family.versions:  # noqa: PLR2004
            digits = f"{digits[0]}.{digits[1]}"
        return letter.upper() + digits

    def _on_lettered(self, i: int, word: Word) -> None:
        letter, digits = word.value
        if self.base is not None and self.before(i) == self.base_end and self.base_version is None and letter in self.base.lines:
            self._base_version(i, self._lined(self.base, letter, digits))
        elif self.family is not None and self.version is None and letter in self.family.lines:
            self._set_version(i, self._lined(self.family, letter, digits))
        else:
            self._no_fact(i, word)

    def _on_suffixed(self, i: int, word: Word) -> None:
        _, letter = word.value
        before = self.before(i)
        text = point(self.text(i)) if letter != "p" else self.text(i)
        if before == self.base_end >= 0 and self.base_version is None:
            self._base_version(i, text)
        elif self.family is not None and self.version is None and self.open:
            self._set_version(i, text)
            if letter == "v" and "vision" not in self.types:
                self.types.append("vision")
        else:
            self._no_fact(i, word)

    # --- sizes -------------------------------------------------------------------------------

    def _on_size(self, i: int, word: Word) -> None:
        value, unit = word.value
        if self._training(i, self.lexicon.training_after_size):
            self.kinds[i] = "training"
            self.keys.append(word.text)
            return
        key = word.key or word.text
        if unit == "m" and value == 10**6 and self.types and self.size is None:
            self.kinds[i] = "context"
            self.context = self.context or value
        elif self.size is None and self.mixture is None and self.active is None:
            key = self._first_size(i, word, value)
        elif unit == "b" and self.size is not None and self.words[self.size_at].text[-1] == ("m" if self.size <= _SAMPLES else "t"):
            self.kinds[self.size_at] = "training"  # Infinity-Instruct-3M-0613-Mistral-7B: samples; open-llama-0.7T-7B: tokens
            key = self._first_size(i, word, value)
        elif unit == "m" and value in (10**6, 2 * 10**6, 4 * 10**6, 10**7):
            self.kinds[i] = "context"
            self.context = self.context or value
        elif self.size is None:
            self.size = value
        elif value == self.size:
            return
        elif self.size < value <= 12 * self.size and (self.size_end == self.before(i)) and self._is_mixture():
            self.active, self.size, self.size_end = self.size, value, i
        else:
            self.kinds[i] = "training"
        self.keys.append(key)
        self._sized()

    def _first_size(self, i: int, word: Word, value: int) -> str:
        """LLAMA-3_8B: after a family that has a version 3, the underscore is no point. Gives the size's key."""
        key = word.key or word.text
        head, joint, tail = word.text.partition("_")
        family = self.family
        if joint and family is not None and self.version is None and self.open and self.before(i) == self.family_at and head in family.versions:
            self.version = head
            self.label_from = len(head) + 1
            value = _alone(READINGS[tail])[0].value[0]
            key = tail
        self.size, self.size_at, self.size_end = value, i, i
        return key

    def _sized(self) -> None:
        self.recognised = True
        self.open = False

    def _is_mixture(self) -> bool:
        return "moe" in self.types or (self.family is not None and self.family.name.lower().endswith("moe"))

    def _on_mixture(self, i: int, word: Word) -> None:
        if self.mixture is None:
            self.mixture = word.value
            self.size_at, self.size_end = i, i
        self.keys.append(word.key or word.text)
        self._sized()

    def _on_active(self, i: int, word: Word) -> None:
        if self.active is None:
            self.active = word.value[0]
            if self.size_at < 0:
                self.size_at = i
            self.size_end = i
        self.keys.append(word.key or word.text)
        self._sized()

    def _on_effective(self, i: int, word: Word) -> None:
        if self.size is not None:
            self._no_fact(i, word)
            return
        self.effective = self.active = word.value[0]
        self.size_at = self.size_end = i
        self.keys.append(word.key or word.text)
        self._sized()

    def _on_experts(self, i: int, word: Word) -> None:
        if self.size is None or self.before(i) != self.size_end or self.family is None or word.value not in _EXPERTS:
            self._no_fact(i, word)
            return
        self.experts = word.value
        self.active, self.size, self.size_end = self.size, None, i
        self.keys.append(word.key or word.text)

    def _on_context(self, i: int, word: Word) -> None:
        thousands: int = word.value
        if thousands not in _CONTEXTS or self._training(i, self.lexicon.training_after) or self.context is not None or not (self.family or self.recognised):
            self._no_fact(i, word)
            return
        self.context = thousands * (1024 if thousands in _BINARY else 1000)
        self.keys.append(word.text)

    # --- packaging ---------------------------------------------------------------------------

    def _on_method(self, i: int, word: Word) -> None:
        method, bits, file_format = word.value
        if self.method in (None, "auto-round", "compressed-tensors"):
            self.method = method
            if self.bits is None:
                self.bits = bits
        self.method_format = self.method_format or file_format
        self.recognised = True

    def _on_scheme(self, i: int, word: Word) -> None:
        scheme, bits = word.value
        self.scheme, self.bits = scheme, bits
        self.method = self.method or "gguf"
        self.recognised = True

    def _on_named_scheme(self, i: int, word: Word) -> None:
        self.scheme, self.bits, method = word.value
        if self.method is None:
            self.method = method
            self.method_format = self.method_format or ("gguf" if method == "gguf" else "safetensors")

    def _on_plain_q(self, i: int, word: Word) -> None:
        if self.method in (None, "gguf") and self._packaging() in (None, "gguf"):
            if self.scheme is None:
                self.method, self.scheme, self.bits = "gguf", word.text.upper(), word.value
        elif self.bits is None:
            self.bits = word.value
        self.recognised = True

    def _packaging(self) -> str | None:
        return self.format or (self.account.format if self.account else None)

    def _on_mlc_scheme(self, i: int, word: Word) -> None:
        self.scheme, self.bits = word.value
        self.method = self.method or "mlc"
        self.method_format = self.method_format or "mlc"

    def _on_weight_activation(self, i: int, word: Word) -> None:
        self.scheme, self.bits, group = word.value
        self.group = self.group or group
        self.method = self.method or "compressed-tensors"
        self.method_format = self.method_format or "safetensors"
        self.recognised = True

    def _on_bits(self, i: int, word: Word) -> None:
        bits, group = word.value
        if self.bits is None or (self.method in ("awq", "auto-round") and self.scheme is None):
            self.bits = bits
        self.group = self.group or group
        self.recognised = True

    def _on_group(self, i: int, word: Word) -> None:
        value = word.value
        if value in (16, 32, 64, 128, 256, 512, 1024) and (self.method or self.bits):
            self.group = self.group or value
            self.kinds[i] = "quantization"
        else:
            self._no_fact(i, word)

    def _on_head_bits(self, i: int, word: Word) -> None:
        if self.method not in ("exl2", "exl3") and self.bits is None:
            self._no_fact(i, word)

    def _on_dtype(self, i: int, word: Word) -> None:
        self.dtype = self.dtype or word.value
        self.recognised = True

    def _on_format(self, i: int, word: Word) -> None:
        self.format = self.format or str(word.value)
        self.recognised = True


_RULES = {
    "family": Reader._on_family, "company": Reader._on_company, "reseller": Reader._on_reseller, "type": Reader._on_type,
    "tier": Reader._on_tier, "variant": Reader._on_variant, "unknown": Reader._on_unknown, "number": Reader._on_number, "date": Reader._on_date,
    "version": Reader._on_version, "lettered": Reader._on_lettered, "suffixed": Reader._on_suffixed, "size": Reader._on_size,
    "mixture": Reader._on_mixture, "active": Reader._on_active, "effective": Reader._on_effective, "experts": Reader._on_experts,
    "context": Reader._on_context, "method": Reader._on_method, "scheme": Reader._on_scheme, "named_scheme": Reader._on_named_scheme, "plain_q": Reader._on_plain_q,
    "mlc_scheme": Reader._on_mlc_scheme, "weight_activation": Reader._on_weight_activation, "bits": Reader._on_bits, "bpw": Reader._on_bits,
    "group": Reader._on_group, "head_bits": Reader._on_head_bits, "dtype": Reader._on_dtype, "format": Reader._on_format,
}  # fmt: skip
"""Role of a word -> the rule that reads it."""

"""Owns the rules for numbers: version, date, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.names.calendar import calendar
from modelcatalog.names.reading import State, release
from modelcatalog.names.words import point

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import FamilyWord, Word

__all__ = ["NumberRules"]

_VERSION_DIGITS = 2
_LARGEST = 100
"""No version is as large: wav2vec2-base-960h counts hours."""
_STAGES = frozenset(("fine-tuned", "sft", "dpo", "rl", "preference"))
"""Types behind which a number counts the runs of a tuning."""


class NumberRules(State):
    """Numbers beside their neighbours."""

    __slots__ = ()

    def _on_number(self, i: int, word: Word) -> None:
        text = str(word.value)
        if self.training(i, self.lexicon.training_after):
            self.kinds[i] = "training"
            self.keys.append(word.text)
            return
        if text.isdecimal() and len(text) in (4, 6, 8) and self._date(i, text):
            return
        if len(text) == 2 and text.isdecimal() and self._month_and_day(i, text):  # noqa: PLR2004
            return
        if not self._hyperparameter(i, text) and self._version_number(i, point(text)):
            return
        self.no_fact(i, word)

    def _hyperparameter(self, i: int, text: str) -> bool:
        """``ViT-H-14``, ``bert_uncased_L-2_H-128``: a number behind a letter that means nothing by itself."""
        before = self.before(i)
        if before < 0 or self.family is None or not text.isdecimal() or self.kinds[before] != "unknown":
            return False
        letter = self.words[before].text
        return len(letter) == 1 and letter.isalpha() and letter != "v" and letter not in self.family.lines

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
        words[i + 2] = words[i + 1]  # no number any more
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
        away = before != self.family_at and self.family is not None
        if len(text.partition(".")[0]) > (1 if away and not whole else _VERSION_DIGITS) or (away and self._of_another(before)):
            return False
        if self.version is not None:
            return whole and before == self.version_at and self._second_part(i, text)
        if self.family is not None and self.open:
            beside = before == self.family_at
            if whole:
                text = self._dotted(self.family, text, beside=beside)
            return (beside or not whole or self._numbers_a_model(before, text)) and self._set_version(i, text)
        if whole:
            return (self.family is None and not self.recognised and before == self.lead_end >= 0 and self._then_size(i) and self._set_version(i, text)) or (
                self.family is not None and text in self.family.versions and self.kinds[before] != "unknown" and self._set_version(i, text)
            )
        return (self.family is not None or self.recognised or before == self.lead_end >= 0) and self._set_version(i, text)

    def _of_another(self, before: int) -> bool:
        """``gpt-oss-20b-claude-4.6``: the version of a family that is only a word here."""
        if before < 0 or self.family is None or self.kinds[before] != "family":
            return False
        word = self.words[before]
        return word.role == "family" and word.value.name != self.family.name

    @staticmethod
    def _dotted(family: FamilyWord, digits: str, *, beside: bool) -> str:
        """``gpt-35``, ``llama32``: two digits that lack their point."""
        if len(digits) != _VERSION_DIGITS or digits in family.versions:
            return digits
        dotted = f"{digits[0]}.{digits[1]}"
        return dotted if family.compact or (beside and dotted in family.versions) else digits

    def _numbers_a_model(self, before: int, text: str) -> bool:
        """Whether a whole number away from the family may be its version: ``grok-code-fast-1``, and not ``bert_ft_qqp-60``."""
        if self.family is not None and text in self.family.versions:
            return True
        word = self.words[before]
        return len(text) < _VERSION_DIGITS and self.kinds[before] != "unknown" and word.key not in _STAGES

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
        """Bedrock's ``-v1:0`` says nothing of the model; in ``claude-v2:1`` and ``titan-embed-text-v2:0`` it is the version."""
        i = len(self.words) - 2
        if i < 0 or not (self.words[i].role == "version" or (self.dotted and self.words[i].text == "1")):
            return
        if revision != "0" and self.version_at == i:
            self.version = f"{self.version}.{revision}"
            return
        if self.version_at == i and self.version != "1" and self.words[i].text != "v1":
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
        elif digits.isdecimal() and self.kinds[self.before(i)] == "quantization" and self.family is not None:
            self.kinds[i] = "format"  # NVFP4-v2: of the quantization
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
        return family.lines[letter] + digits

    def _on_lettered(self, i: int, word: Word) -> None:
        letter, digits = word.value
        if self.base is not None and self.before(i) == self.base_end and self.base_version is None and letter in self.base.lines:
            self._base_version(i, self._lined(self.base, letter, digits))
        elif self.family is not None and self.version is None and letter in self.family.lines:
            self._set_version(i, self._lined(self.family, letter, digits))
        else:
            self.no_fact(i, word)

    def _on_suffixed(self, i: int, word: Word) -> None:
        digits, letter = float(word.value[0]), word.value[1]
        before = self.before(i)
        text = point(self.text(i)) if letter != "p" else self.text(i)
        family = self.family
        if before == self.version_at >= 0 and family is not None and f"{self.version}.{text}".lower() in family.versions:
            text = f"{self.version}.{text}"  # glm-4-5v
            self.version, self.open = None, True
        if before == self.base_end >= 0 and self.base_version is None:
            self._base_version(i, text)
        elif family is not None and self.version is None and self.open and digits < _LARGEST and (before == self.family_at or text in family.versions):
            self._set_version(i, text)
            if letter == "v" and "vision" not in self.types:
                self.types.append("vision")
        else:
            self.no_fact(i, word)

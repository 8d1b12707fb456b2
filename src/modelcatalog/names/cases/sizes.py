"""Owns the rules for sizes: parameters, active ones, experts; and what only looks like them: tokens, samples, contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.names.cases.families import WordRules
from modelcatalog.names.words import READINGS, alone

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Word

__all__ = ["SizeRules"]

_CONTEXTS = frozenset(
    (
        2, 4, 8, 16, 32, 40, 48, 64, 96, 100, 128, 160, 192, 200, 202, 250, 256, 262, 300, 320, 400, 500, 512, 524, 1000, 1024, 1048, 2000,
        2048, 4000, 4096, 10000,
    )
)  # fmt: skip
"""Thousands of tokens that are context lengths; other numbers with a k count steps or samples."""
_BINARY = frozenset((2, 4, 8, 16, 32, 64, 128, 256, 512))
"""Those that mean powers of two: 4k is 4,096 tokens."""
_COUNTERS = frozenset(("seed", "part", "run", "fold", "trial", "rank"))
"""Words before a number of training that never reaches billions: in Seed-7B, the number is a size."""
_TUNINGS = frozenset(("sft", "dpo", "rl", "preference", "fine-tuned"))
"""Types behind which a number with a k counts what the model was tuned on: mistral-7b-sft-200k."""
_EXPERTS = frozenset((8, 16, 32, 64, 128, 256, 512))
"""Numbers of experts; 12.8b-5e is five epochs."""
_WIDTHS = {n * 10**9: n for n in (2, 3, 4, 5, 6, 8)}
"""What is no size behind a method: bits."""
_SAMPLES = 20 * 10**6
"""Up to here, a number of millions before a number of billions counts training samples."""


class SizeRules(WordRules):
    """Sizes beside their neighbours."""

    __slots__ = ()

    def _on_size(self, i: int, word: Word) -> None:
        value, unit = word.value
        before = self.before(i)
        counts = unit == "b" and before >= 0 and self.words[before].text in _COUNTERS
        if not counts and self.training(i, self.lexicon.training_after_size):
            self.kinds[i] = "training"
            self.keys.append(word.text)
            return
        if (unit == "t" or self.size is not None) and self._no_size(i, word, before):
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

    def _no_size(self, i: int, word: Word, before: int) -> bool:
        """Bits, a version and tokens that look like a size."""
        value, unit = word.value
        family = self.family
        if unit == "b":
            if before < 0 or self.words[before].role != "method" or value not in _WIDTHS:
                return False
            self.kinds[i] = "quantization"  # GPTQ-4b-128g
            self.bits = self.bits or _WIDTHS[value]
            return True
        if unit != "t" or family is None:
            return False
        if self.version is None and word.text in family.versions:
            self.version, self.version_at, self.open, self.recognised = word.text, i, False, True
            self.kinds[i] = "version"  # abab6.5t
            return True
        if family.name.startswith("Tiny"):
            self.no_fact(i, word)  # TinyLlama-3T
            return True
        return False

    def _first_size(self, i: int, word: Word, value: int) -> str:
        """LLAMA-3_8B: after a family that has a version 3, the underscore is no point. Gives the size's key."""
        key = word.key or word.text
        head, joint, tail = word.text.partition("_")
        family = self.family
        if joint and family is not None and self.version is None and self.open and self.before(i) == self.family_at:
            version = head if head in family.versions else ".".join(head)  # llama_32_1b
            if version in family.versions:
                self.version = version
                self.label_from = len(head) + 1
                value = alone(READINGS[tail])[0].value[0]
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
            self.no_fact(i, word)
            return
        self.active = word.value[0]
        self.size_at = self.size_end = i
        self.keys.append(word.key or word.text)
        self._sized()

    def _on_experts(self, i: int, word: Word) -> None:
        before = self.before(i)
        if before >= 0 and self.words[before].role == "tier":
            before = self.before(before)  # llama4:17b-scout-16e
        if self.size is None or before != self.size_end or self.family is None or word.value not in _EXPERTS:
            self.no_fact(i, word)
            return
        self.experts = word.value
        self.active, self.size, self.size_end = self.size, None, i
        self.keys.append(word.key or word.text)

    def _on_context(self, i: int, word: Word) -> None:
        thousands: int = word.value
        before = self.before(i)
        after = self.after(i)
        tuned = (before >= 0 and self.words[before].key in _TUNINGS) or (after >= 0 and thousands not in _BINARY and self.words[after].key in _TUNINGS)
        counted = tuned or thousands not in _CONTEXTS or self.training(i, self.lexicon.training_after)
        if counted or self.context is not None or not (self.family or self.recognised):
            self.no_fact(i, word)
            return
        self.context = thousands * (1024 if thousands in _BINARY else 1000)
        self.keys.append(word.text)

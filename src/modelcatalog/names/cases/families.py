"""Owns the rules for words: families and their bases, companies, types, tiers, and what no rule takes."""

from __future__ import annotations

from modelcatalog.names.cases.numbers import NumberRules
from modelcatalog.names.dictionary import FamilyWord, Word, meaning

__all__ = ["WordRules"]

_INSTRUCTED = frozenset(("instruct", "chat"))
"""Types of a finished model: what stands behind them was done to it."""


class WordRules(NumberRules):
    """Words beside their neighbours."""

    __slots__ = ()

    def _on_family(self, i: int, word: Word) -> None:
        found: FamilyWord = word.value
        if not found.bare and not self._trusted(i, found):
            plain = self.lexicon.plain.get(word.text)
            if plain is None:
                self.no_fact(i, word)
            else:
                self.kinds[i] = "type"
                self._on_type(i, plain)
            return
        if found.words:
            self.meanings = {**self.meanings, **found.words}
        now = self.family
        if now is None:
            if found.closed and self.size_at >= 0 and not self.in_tag:
                self.no_fact(i, word)  # Qwythos-9B-Claude-Mythos: who taught it
                return
            if self.version is not None and self._version_next(i, found):
                self.keys.append(f"v{self.version}")  # fast-apply-v0.10-Llama3.2: its own version stands at the family
                self.kinds[self.version_at] = "unknown"
                self.version, self.version_at = None, -1
            self.family, self.family_at, self.open = found, i, True
        elif self.version is None and word.text[0] in now.lines and word.text[1:].isdecimal():
            self._set_version(i, self._lined(now, word.text[0], word.text[1:]))  # Kimi K2, not the family K2
            return
        else:
            self._second_family(i, word, now)
        if word.key is not None:
            self.keys.append(word.key)

    def _version_next(self, i: int, family: FamilyWord) -> bool:
        after = self.after(i)
        return after >= 0 and (self.words[after].role == "version" or self.words[after].text in family.versions)

    def _second_family(self, i: int, word: Word, now: FamilyWord) -> None:
        """The same again, the base of the one before, or its tuning."""
        found: FamilyWord = word.value
        finished = not self.in_tag and (self.size_at >= 0 or not _INSTRUCTED.isdisjoint(self.types))
        if found.name == now.name:
            self.open = self.version is None
            if word.text in now.lines:  # gpt-o3: the line's letter
                self.family_at = i
        elif self._is_origin(i, found, now):
            self.kinds[self.family_at] = "owner"  # bartowski/Qwen_QwQ-32B: the account that the model was taken from
            self.family, self.family_at, self.open = found, i, True
        elif self.base is not None or finished or (found.derived and not now.derived and self._at_home(now, found)):
            self.keys.append(word.text)  # behind the size stands the data or the method: mpt-1b-redpajama
        elif found.derived and not now.derived and not self._at_home(now, found):
            self.base, self.base_version, self.base_at = now, self.version, self.family_at
            self.base_end = max(self.family_at, self.version_at)
            for k in range(self.base_at, self.base_end + 1):
                if self.kinds[k] in ("family", "version"):
                    self.kinds[k] = "base"
            self.family, self.family_at, self.version, self.version_at, self.open = found, i, None, -1, True
        else:
            self.base, self.base_at, self.base_end = found, i, i
            self.kinds[i] = "base"

    def _is_origin(self, i: int, found: FamilyWord, now: FamilyWord) -> bool:
        """Whether the word before is the account that a repackager took the model from, of the same name as a family."""
        joined = i == self.family_at + 2 and self.words[i - 1].text == "_" and found.company == now.company
        return joined and self.account is not None and self.account.repackager

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
            self.no_fact(i, word)

    def _on_reseller(self, i: int, word: Word) -> None:
        if self.family is None and self.lead < 0 and self.after(i) >= 0:
            self.kinds[i] = "route"
        else:
            self.no_fact(i, word)

    def _on_type(self, i: int, word: Word) -> None:
        if i == 0 and word.text in self.lexicon.resellers and self._model_next(i):
            self.kinds[i] = "route"  # coding-glm-4.7: what a reseller serves it for
            return
        value = str(word.value)
        if value not in self.types:
            self.types.append(value)
        if self.tier is None and word.text in self.lexicon.tier_words:
            self.tier = self.text(i)
        self.keys.append(value)
        self.recognised = True

    def _model_next(self, i: int) -> bool:
        after = self.after(i)
        return after >= 0 and self.words[after].role in ("family", "company")

    def _on_tier(self, i: int, word: Word) -> None:
        if self.tier is None:
            self.tier = self.text(i)
        self.keys.append(word.text)
        if self.family is None and not self.recognised and self.lead >= 0:
            self.lead_end = i

    def _on_variant(self, i: int, word: Word) -> None:
        self.keys.append(word.text)

    def _on_unknown(self, i: int, word: Word) -> None:
        text = word[1]
        if text in self.meanings:
            instead = self.meanings[text]
        else:
            self.no_fact(i, word)
            return
        if instead:
            self.kinds[i] = "type"
            self._on_type(i, meaning("type", text, instead, instead))
        else:
            self.kinds[i] = "format"

"""Owns the run over a name's words: cut, look up, join phrases, and let each word's rule decide.

Knows nothing of hubs, paths and the catalog's sizes. The facts that the rules of reading/ find are the reader's
attributes, from which parser.py makes the record.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from modelcatalog import grammar
from modelcatalog.lexicon import READINGS, Phrase, Word, alone
from modelcatalog.reading.packaging import PackagingRules
from modelcatalog.reading.sizes import SizeRules
from modelcatalog.reading.words import WordRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.lexicon import Account
    from modelcatalog.records import SegmentKind

__all__ = ["Reader"]

_OTHER = Word("other", "")
_READ = READINGS.__getitem__
_KIND, _SHOWN = itemgetter(Word._fields.index("kind")), itemgetter(Word._fields.index("shown"))
_OWNER_WORDS = 7
"""An account's name has no more words and separators."""


class Reader(WordRules, SizeRules, PackagingRules):
    """Reads the words of a name from left to right."""

    def begin(self, owner: str, account: Account | None) -> None:
        """The beginning of most texts: an owner and a slash."""
        self.account = account
        self.words = [_OTHER, _OTHER]
        self.kinds = ["owner", "separator"]
        self.texts = [owner, "/"]

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
        if not at or at > _OWNER_WORDS or any(word.role in ("size", "mixture") for word in added[:at]):
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

    def read_packaging(self, text: str) -> None:
        """A branch that names a quantization: ``6.0bpw``, ``gptq-4bit-32g``; any other text says nothing."""
        words = [word for piece in grammar.pieces(text) for word in alone(READINGS[piece]) if word.role != "separator"]
        if words and all(word.kind == "quantization" or word.role in ("group", "ignored") for word in words):
            for word in words:
                rule = _RULES.get(word.role)
                if rule is not None and word.role not in ("group", "head_bits"):
                    rule(self, -1, word)
                elif word.role == "group":
                    self.group = self.group or word.value

    def _phrase(self, phrase: Phrase, pieces: list[str], at: int) -> int:
        """Words that mean something together; gives the next piece to read."""
        lowered = [piece.lower() for piece in pieces[at : at + 2 * len(phrase.options[0].rest) + 2]]  # not all: that would be quadratic
        for parts, own, word in phrase.options:
            after = at + 2 * len(parts)
            last = parts[-1]
            if len(pieces) < after or not all(lowered[2 * k + 1] == part for k, part in enumerate(parts[:-1])):
                continue
            found = lowered[after - at - 1]
            rest = found.removeprefix(last)
            if (found != last and (rest == found or not rest[0].isdigit())) or any(len(pieces[at + 2 * k]) > 1 for k in range(len(parts))):
                continue
            if word.role == "company" and last in self.lexicon.families and not self._family_next(lowered, after - at):
                continue
            if own <= len(parts):
                after, rest = at + 2 * own - 2, ""
            covered = "".join(pieces[at - 1 : after])
            text = covered[: len(covered) - len(rest)]
            self.words.append(word._replace(text=text.lower(), shown=text))
            if rest:
                self.words += alone(READINGS[covered[len(text) :]])
            return after
        self.words += phrase.alone
        return at

    @staticmethod
    def _family_next(pieces: list[str], at: int) -> bool:
        if at + 1 >= len(pieces):
            return False
        found = READINGS[pieces[at + 1]]
        return alone(found)[0].role == "family"


_RULES: dict[str, Callable[[Reader, int, Word], None]] = {
    "family": Reader._on_family, "company": Reader._on_company, "reseller": Reader._on_reseller, "type": Reader._on_type,
    "tier": Reader._on_tier, "variant": Reader._on_variant, "unknown": Reader._on_unknown, "number": Reader._on_number, "date": Reader._on_date,
    "version": Reader._on_version, "lettered": Reader._on_lettered, "suffixed": Reader._on_suffixed, "size": Reader._on_size,
    "mixture": Reader._on_mixture, "active": Reader._on_active, "effective": Reader._on_effective, "experts": Reader._on_experts,
    "context": Reader._on_context, "method": Reader._on_method, "scheme": Reader._on_scheme, "named_scheme": Reader._on_named_scheme, "plain_q": Reader._on_plain_q,
    "mlc_scheme": Reader._on_mlc_scheme, "weight_activation": Reader._on_weight_activation, "bits": Reader._on_bits, "bpw": Reader._on_bits,
    "group": Reader._on_group, "head_bits": Reader._on_head_bits, "dtype": Reader._on_dtype, "format": Reader._on_format,
}  # fmt: skip
"""Role of a word -> the rule that reads it."""

"""Owns the run over a name's words: cut, look up, join phrases, and let each word's rule decide.

Knows nothing of hubs, paths and the catalog's sizes. The facts that the rules of reading/ find are the reader's
attributes, from which parser.py makes the record.
"""

from __future__ import annotations

from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from modelcatalog.names import grammar
from modelcatalog.names.cases.packaging import PackagingRules
from modelcatalog.names.dictionary import Word, meaning
from modelcatalog.names.words import READINGS, Several, alone, fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.records import SegmentKind

__all__ = ["Reader"]

_OTHER = meaning("other", "")
_READ = READINGS.__getitem__
_KIND = itemgetter(Word._fields.index("kind"))
_OWNER_WORDS = 7
"""An account's name has no more words and separators."""


class Reader(PackagingRules):
    """Reads the words of a name from left to right."""

    __slots__ = ()

    def read(self, start: int, end: int) -> None:
        """Cut a stretch into words and let each word's rule decide."""
        texts = grammar.pieces(self.source[start:end])
        words = list(map(_READ, texts))
        kinds: list[Any] = list(map(_KIND, words))
        if "several" in kinds:
            words, texts = self._spread(words, texts, kinds)
            kinds = list(map(_KIND, words))
        if self.words:
            first = len(self.words)
            self.words += words
            self.kinds += kinds
            self.texts += texts
        else:
            first = 0
            self.words, self.kinds, self.texts = words, kinds, texts
        if "__" in self.lower or "_-_" in self.lower:
            self._without_owner(first)
        for i, word in enumerate(islice(self.words, first, None) if first else self.words, first):
            role = word[0]
            if role == "separator":
                continue
            if role == "unknown" and not self.meanings:
                self.no_fact(i, word)  # what `_on_unknown` comes to, for the commonest word
            else:
                rule = _RULES[role]
                if rule is not None:
                    rule(self, i, word)

    def _spread(self, found: list[Word], pieces: list[str], kinds: list[str]) -> tuple[list[Word], list[str]]:
        """The words and their texts, where some pieces are several words or begin a phrase."""
        words: list[Word] = []
        texts: list[str] = []
        at, here, last = 0, -1, len(pieces) - 1
        for _ in range(kinds.count("several")):
            here = kinds.index("several", here + 1)
            if here < at:
                continue  # taken by a phrase
            words += found[at:here]
            texts += pieces[at:here]
            at = here + 1
            piece = pieces[here]
            several: Several = found[here][2]
            taken = several.alone
            if at < last and pieces[at + 1].lower().startswith(several.seconds):
                taken, at = self._phrase(several, pieces, here)
                piece = "".join(pieces[here:at])
            words += taken
            if len(taken) == 1:
                texts.append(piece)
                continue
            start = 0
            for part in taken:
                end = start + len(part[1])
                texts.append(piece[start:end])
                start = end
        words += found[at:]
        texts += pieces[at:]
        return words, texts

    def _without_owner(self, first: int) -> None:
        """``DavidAU__L3-…`` and ``google_-_gemma-…`` begin with the account that the model was taken from."""
        at = next((i for i, text in enumerate(self.texts[first:]) if text in ("__", "_-_")), 0)
        end = first + at
        if not 0 < at <= _OWNER_WORDS or any(word.role in ("size", "mixture") for word in self.words[first:end]):
            return
        self.words[first:end] = [meaning("other", word.text) for word in self.words[first:end]]
        self.kinds[first:end] = ["owner"] * at
        self.origin_account = "".join(self.texts[first:end])

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
                rule = _RULES[word.role]
                if rule is not None and word.role not in ("group", "head_bits"):
                    rule(self, -1, word)
                elif word.role == "group":
                    self.group = self.group or word.value

    def _phrase(self, several: Several, pieces: list[str], first: int) -> tuple[tuple[Word, ...], int]:
        """Words that mean something together, and the next piece to read."""
        at = first + 1
        lowered = [piece.lower() for piece in pieces[at : at + 2 * len(several.options[0].rest) + 2]]  # not all: that would be quadratic
        for parts, own, word in several.options:
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
            covered = fold("".join(pieces[first:after]))
            text = covered[: len(covered) - len(rest)]
            taken = word._replace(text=text)
            return (taken, *alone(READINGS[covered[len(text) :]])) if rest else (taken,), after
        return several.alone, at

    @staticmethod
    def _family_next(pieces: list[str], at: int) -> bool:
        if at + 1 >= len(pieces):
            return False
        found = READINGS[pieces[at + 1]]
        return alone(found)[0].role == "family"


_RULES: dict[str, Callable[[Reader, int, Word], None] | None] = {
    "family": Reader._on_family, "company": Reader._on_company, "reseller": Reader._on_reseller, "type": Reader._on_type,
    "tier": Reader._on_tier, "variant": Reader._on_variant, "unknown": Reader._on_unknown, "number": Reader._on_number, "date": Reader._on_date,
    "version": Reader._on_version, "lettered": Reader._on_lettered, "suffixed": Reader._on_suffixed, "size": Reader._on_size,
    "mixture": Reader._on_mixture, "active": Reader._on_active, "effective": Reader._on_effective, "experts": Reader._on_experts,
    "context": Reader._on_context, "method": Reader._on_method, "scheme": Reader._on_scheme, "named_scheme": Reader._on_named_scheme, "plain_q": Reader._on_plain_q,
    "mlc_scheme": Reader._on_mlc_scheme, "weight_activation": Reader._on_weight_activation, "bits": Reader._on_bits, "bpw": Reader._on_bits,
    "group": Reader._on_group, "head_bits": Reader._on_head_bits, "dtype": Reader._on_dtype, "format": Reader._on_format,
    "separator": None, "other": None, "suffix": None, "ignored": None, "shard": None,
}  # fmt: skip
"""Role of a word -> the rule that reads it; None: it states nothing."""

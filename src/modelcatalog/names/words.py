"""Owns the words of a name: how a stretch of text becomes words, each with what it means by itself.

A piece is a word of the dictionary, a word that `grammar.WORDS` describes, or both glued together; a phrase is several
pieces. Knows nothing of neighbours. What the dictionary or a rule had to be asked about is remembered (`readings`, bounded), which is
why a name costs little more than cutting it up.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.names import grammar
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.grammar import AFTER_SIGN, pieces
from modelcatalog.names.native import mypyc_attr
from modelcatalog.names.roles import LETTERS, FamilyWord, Parameters, Word, unknown

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from modelcatalog.names.dictionary import Dictionary, Option
    from modelcatalog.names.grammar import WordRule

__all__ = ["Readings", "Several", "alone", "by_rules", "cut", "fold", "names_family", "narrowed", "readings"]

_REMEMBERED = 50_000
"""Words whose readings are kept: about 15 MB at most."""
_LONGEST = 80
"""Words longer than this mean nothing; they are not worth a look-up or a place in memory."""
_NAME = 4
"""A shorter word before a glued number is a layer or a dataset: dpn68b, cc12m."""
_WORD = 3
"""A shorter word of a family is not sought before a version's mark."""
_GLUED = 10**8
"""Smaller numbers glued to an unknown word count something else: PubChem10M, yolov5m."""
_BEFORE_SIZE, _SIZES = ("lettered", "number", "version"), ("size", "experts_of", "size_and_active")
"""Rules of what an underscore may part: a version, and a size."""
_MARKED = 3
"""A version or a width with its mark has no more characters before its hyphen."""
_DIGITS = "0123456789"
_DECIMAL = "0123456789."
_BOTH = 2
"""A version and a size have at least so many digits."""
_LETTER_AND_WORD = 3
"""Behind a number, a letter and a word have at least so many characters."""
_GLUED_ROLES = ("tier", "type", "variant")
"""Roles of words that may be glued behind a version."""
_NUMBERS: tuple[str, ...] = ("number",)
_LETTERED: tuple[str, ...] = ("suffixed", "size")
"""Rules of what may stand before a word that is glued to it, without a letter and with one."""
_EDITION = "版"
"""How Chinese words for an edition end."""
_SCHEME = 4
"""The q of a scheme is among its first characters: 55IQ2_XXS."""


@mypyc_attr(acyclic=True)
class Several:
    """What a piece states that is more than one word, or that may begin a phrase: the value of its word, whose role is ``several``."""

    __slots__ = ("alone", "heads", "options", "seconds", "single")

    def __init__(self, options: Iterable[Option], alone: tuple[Word, ...]) -> None:
        self.options = tuple(sorted(options, key=lambda option: -len(option.rest))) if options else ()
        self.seconds = tuple({option.rest[0] for option in self.options}) if options else ()
        """Beginnings of the word after the first: a quick look that rules out most names."""
        self.heads = "".join([second[0] + second[0].upper() for second in self.seconds])
        """What these begin with: a quicker look, before that one."""
        self.alone = alone
        """What it means where no phrase begins."""
        self.single = alone[0] if len(alone) == 1 else None
        """The same, where that is one word."""

    def may_begin(self, pieces: list[str], at: int) -> bool:
        """Whether the pieces from ``at`` on may be one of its phrases."""
        if at + 2 >= len(pieces):
            return False
        second = pieces[at + 2]
        return second != "" and second[0] in self.heads and second.lower().startswith(self.seconds)


def _several(piece: str, options: Iterable[Option], alone: tuple[Word, ...]) -> Word:
    word = Word("several", piece)
    word.value = Several(options, alone)
    return word


class Readings:
    """Piece -> its word, read when first asked for; of several words it is one whose value is a `Several`, see `alone`."""

    __slots__ = ("class_ends", "dictionary", "first", "fitted", "hyphen", "kept", "open", "phrases", "shortest_class", "signs", "underscore")

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.first = dict.fromkeys((*dictionary.words, *dictionary.phrases))
        """What is a word, or begins a phrase: a look into a dictionary, which lies closer together than a set, finds sooner that a word is none."""
        self.hyphen, self.underscore = Word("separator", "-"), Word("separator", "_")
        """What most words are parted by."""
        self.signs = {"-": self.hyphen, "_": self.underscore, ".": Word("separator", ".")}
        self.fitted = object()
        """A mark for words, see `reading.fitting`: when the readings are made anew, the cases may be others."""
        self.kept: dict[str, Word] = {}
        """Those that are remembered, but for the open ones."""
        self.open: dict[str, Word] = {}
        """Those that may be a part of a longer piece where a hyphen or an underscore stands behind them: the 4 of 4-bit."""
        self.phrases: dict[tuple[Word, str], Word] = {}
        """Words of phrases, as they were written."""
        self.shortest_class = min(map(len, dictionary.classes), default=_LONGEST)
        """Characters of the shortest class of models."""
        self.class_ends = frozenset(one[-self.shortest_class :] for one in dictionary.classes)
        """So many last characters of each of them: a quick look that rules out most words."""

    def __getitem__(self, piece: str) -> Word:
        return self.kept.get(piece) or self.open.get(piece) or self.new(piece)

    def between(self, texts: list[str], at: int) -> Word | None:
        """The word of what stands between two signs, where it is one piece for certain, and is not among the kept ones."""
        text = texts[at]
        if text.isalpha():
            lowered = text.lower()
            if lowered != "q":  # and `_means`, written out: compiled, a call for each such word costs a twentieth of reading a name
                if lowered in self.first or lowered[-self.shortest_class :] in self.class_ends or not lowered.isascii():
                    return self.new(text)
                # Made again each time, since that costs no more than finding it again among tens of thousands, and nothing has to be kept.
                return Word("unknown", lowered, None, lowered)
        if at + 2 < len(texts):
            behind = texts[at + 2]
            if behind and behind[0].isdigit():
                if texts[at + 1] == "_" or (len(text) > 1 and text.isdecimal()) or (1 < len(text) <= _MARKED and text[0] in "vVqQ"):  # 2_5, 2024-08, v0-1, q4-0
                    return None
            elif behind.lower() in AFTER_SIGN or not behind.isascii():
                return None
        return self.open.get(text) or (self.new(text) if text.isalnum() or _pointed(text) else None)

    def _means(self, lowered: str) -> bool:
        """Whether letters may mean something; most new words do not, since every rule of `grammar.WORDS` wants a digit."""
        return lowered in self.first or lowered[-self.shortest_class :] in self.class_ends or not lowered.isascii()

    def new(self, piece: str) -> Word:
        """The word of a piece that is not remembered."""
        if piece == "-":
            return self.hyphen
        lowered = fold(piece)
        if not piece[0].isalnum():
            return Word("separator", lowered)  # not kept, so that `cut` does not take what stands beside a sign for a word
        if piece.isalpha() and not self._means(lowered):
            return unknown(lowered)
        if len(piece) > _LONGEST:
            return unknown(lowered)
        if lowered == piece:
            found = _read(piece, self.dictionary, listed=piece in self.first)
        elif lowered.endswith(self.dictionary.classes):
            found = _read_class(piece, lowered, self)
        else:
            found = self[lowered]
        if len(self.kept) + len(self.open) >= _REMEMBERED:
            self.open.clear()
            self.kept.clear()
        opened = piece[-1].isdigit() or lowered == "q" or ("q" in lowered[:_SCHEME] and not piece.isalpha())
        (self.open if opened else self.kept)[piece] = found
        return found

    def phrase(self, word: Word, text: str) -> Word:
        """The word of a phrase as a name writes it."""
        found = self.phrases.get((word, text))
        if found is None:
            if len(self.phrases) >= _REMEMBERED:
                self.phrases.clear()
            found = self.phrases[word, text] = word.written(text)
        return found


def _pointed(text: str) -> bool:
    """Whether its one sign is a point between two digits, as in Qwen2.5 and 0.6B; what has more of them may begin with a date."""
    at = text.find(".")
    if at < 1 or not text.isascii() or not (text[at - 1].isdigit() and text[at + 1 : at + 2].isdigit()):
        return False
    return text[:at].isalnum() and text[at + 1 :].isalnum()


def fold(text: str) -> str:
    """Lower case; character by character where that would change the length."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
"""Full-width letters, digits and signs, as Chinese and Japanese keyboards type them -> plain ones."""
_WIDE_LETTERS = frozenset(map(chr, _WIDE))


def narrowed(text: str) -> str | None:
    """The text with plain letters for full-width ones, character by character; None where it has none.

    A text of Chinese words keeps its full-width signs, which are not a part of a name's spelling, unless letters or digits of it are full-width too.
    """
    plain = text.translate(_WIDE)
    return plain if plain != text and (plain.isascii() or any(char.isalnum() and char in _WIDE_LETTERS for char in text)) else None


@vocabulary.derived
def readings() -> Readings:
    """Every piece that was read with this vocabulary -> its word."""
    return Readings(current_dictionary())


def alone(found: Word) -> tuple[Word, ...]:
    """What a piece means where no phrase begins."""
    if found.role != "several":
        return (found,)
    several: Several = found.value
    return several.alone


def names_family(piece: str) -> bool:
    """Whether a piece of a name begins with a family."""
    return alone(readings()[piece])[0].role == "family"


# --- a stretch of text ----------------------------------------------------------------------------


def cut(text: str, known: Readings) -> tuple[list[Word], list[str]]:
    """The words of a stretch, separators among them, and their texts as they were written."""
    # Most texts are words between hyphens and underscores; cutting those by `grammar.PIECES` costs more than all the rest of reading them.
    if "_" in text:
        texts = text.replace("-", "\0-\0").replace("_", "\0_\0").split("\0")
        parts = texts[::2]
        words = [known.hyphen] * len(texts)
        words[1::2] = map(known.signs.__getitem__, texts[1::2])
    else:
        parts = text.split("-")
        texts = ["-"] * (2 * len(parts) - 1)
        texts[::2] = parts
        words = [known.hyphen] * len(texts)
    kept = known.kept
    several: list[int] = []
    at = -2
    for part in parts:
        at += 2  # counted here: what `zip` and `enumerate` make for each word costs a hundredth and more of reading a name
        word = kept.get(part) or known.between(texts, at)
        if word is None:
            # The sign before it may have more beside it, the word before may be a part of its piece, and the one before that looks at it.
            sure = max(at - 4, 0)
            return by_rules(text, known, words[:sure], texts[:sure])
        if word.role == "several":
            said: Several = word.value
            if said.single is not None and not said.may_begin(texts, at):
                word = said.single
            else:
                several.append(at)
        words[at] = word
    return _spread(words, texts, several, known) if several else (words, texts)


def by_rules(text: str, known: Readings, words: list[Word], texts: list[str]) -> tuple[list[Word], list[str]]:
    """The words of a stretch as `grammar.PIECES` cut it, of which the first ones are known."""
    start = len("".join(texts))
    found = pieces(_hyphened(text) if " " in text else text, start)  # what people are shown is read as it is spelt with hyphens
    words += [known.signs.get(piece) or known[piece] for piece in found]
    if " " in text:
        found = [text[at : at + len(piece)] for at, piece in zip(accumulate(map(len, found), initial=start), found, strict=False)]
    texts += found
    several = [at for at, word in enumerate(words) if word.role == "several"]
    return _spread(words, texts, several, known) if several else (words, texts)


def _hyphened(text: str) -> str:
    """A hyphen for each single space between letters and digits, but before Chinese words, which are cut otherwise: 72 亿."""
    last = len(text) - 1
    joints = [0 < at < last and text[at - 1].isalnum() and text[at + 1].isalnum() and text[at + 1].isascii() for at in range(len(text))]
    return "".join(["-" if char == " " and joint else char for char, joint in zip(text, joints, strict=True)])


def _spread(found: list[Word], pieces: list[str], several: list[int], known: Readings) -> tuple[list[Word], list[str]]:
    """The words of pieces, of which those at some places are several words or may begin a phrase."""
    words: list[Word] = []
    texts: list[str] = []
    at = 0
    for first in several:
        if first < at:
            continue  # within a phrase
        said: Several = found[first].value
        piece = pieces[first]
        words += found[at:first]
        texts += pieces[at:first]
        taken, at = said.alone, first + 1
        if said.may_begin(pieces, first):
            taken, at = _phrase(said, pieces, first, words, known)
            piece = "".join(pieces[first:at])
        words += taken
        if len(taken) == 1:
            texts.append(piece)
            continue
        start = 0
        for part in taken:
            end = start + len(part.text)
            texts.append(piece[start:end])
            start = end
    words += found[at:]
    texts += pieces[at:]
    return words, texts


def _for_tests(pieces: list[str], known: Readings) -> bool:
    return not known.dictionary.testing.isdisjoint([piece.lower() for piece in pieces])


def _phrase(several: Several, pieces: list[str], first: int, words: list[Word], known: Readings) -> tuple[tuple[Word, ...], int]:
    """Words that mean something together, and the next piece to read; ``words`` stand before."""
    at, families, second = first + 1, known.dictionary.families, pieces[first + 2].lower()
    for option in several.options:
        parts = option.rest
        if not second.startswith(parts[0]):
            continue
        own, word = option.own, option.word
        count, last = len(parts), parts[-1]
        after = at + 2 * count
        if len(pieces) < after:
            continue
        found = pieces[after - 1].lower()
        if found != last and not (found.startswith(last) and (found[len(last)] == "_" if last[-1].isdigit() else found[len(last)].isdigit())):
            continue
        if word.role == "base_word" and found != last:
            continue  # ms3-24b is none of ms3.2
        if len(pieces[at]) > 1 or (count > 1 and not _stand(parts, pieces, at)):
            continue
        if word.role == "family" and several.alone[0].role == "variant" and last in families and any(w.role == "family" for w in words):
            continue  # Skywork-o1-Open-Llama: behind another family, an open Llama
        if word.role == "family" and several.alone[0].role == "tier" and last in families and _for_tests(pieces, known):
            continue  # tiny-llama-test: a small Llama
        if word.role == "company" and last in families and not (after + 1 < len(pieces) and names_family(pieces[after + 1].lower())):
            continue
        rest = found[len(last) :]
        if own <= count:
            after, rest = at + 2 * own - 2, ""
        covered = fold("".join(pieces[first:after]))
        if "_" in covered or " " in covered:
            covered = covered.replace("_", "-").replace(" ", "-")
        taken = known.phrase(word, covered[: len(covered) - len(rest)])
        return (taken, *_behind(rest, known)) if rest else (taken,), after
    return several.alone, at


def _behind(rest: str, known: Readings) -> tuple[Word, ...]:
    """What is glued to the last word of a phrase: the 2_7b of ``show_o2_7b``, the _7b of ``sql_r1_7b``."""
    if "_" not in rest:
        return alone(known[rest])
    joined = rest[0] == "_"
    return (known.underscore, *alone(known[rest[1:]])) if joined else _tail(rest, known.dictionary)


def _stand(parts: tuple[str, ...], pieces: list[str], at: int) -> bool:
    """Whether all words of a phrase but its last stand there, with single separators before each."""
    for part in parts[:-1]:
        if pieces[at + 1].lower() != part or len(pieces[at + 2]) > 1:
            return False
        at += 2
    return True


# --- one piece ------------------------------------------------------------------------------------


def _read(piece: str, words: Dictionary, *, listed: bool) -> Word:
    """The word of a piece; ``listed``: the dictionary has it, or phrases that begin with it."""
    itself = _alone(piece, words, listed=listed)
    options = words.phrases.get(piece, ()) if listed else ()
    return _several(piece, options, itself) if options or len(itself) > 1 else itself[0]


def _alone(piece: str, words: Dictionary, *, listed: bool = True) -> tuple[Word, ...]:
    known = words.words.get(piece) if listed else None
    if known is not None and not (known.role == "family" and len(piece) == 1):
        return (known,)
    if piece.endswith(words.classes):
        return _of_class(piece, words)
    cut_so = None if piece.isalnum() else grammar.known_piece(piece)  # as most pieces are: the others are known by what parts them
    if cut_so is not None:
        return (cut_so,)
    ruled = grammar.word(piece)
    if ruled is not None and ruled[0].name not in ("lettered", "release_candidate"):
        return _meaning(piece, ruled, words)
    glued = _glued(piece, words)
    if glued is not None:
        return glued
    return (Word("unknown", piece, None, piece.replace("_", "-")),) if ruled is None else _meaning(piece, ruled, words)


def _read_class(piece: str, lowered: str, known: Readings) -> Word:
    """The same by its capitals, where its architecture is none that the vocabulary has: the family of DeepseekV3ForCausalLM is its first word."""
    words, found = known.dictionary, known[lowered]
    if alone(found)[0].role == "family":
        return found
    head = len(lowered) - len(next(one for one in words.classes if lowered.endswith(one)))
    for end in range(head - 1, 1, -1):
        parts = piece[end].isdigit() or (piece[end].isupper() and not (piece[end - 1].isupper() and piece[end + 1].isupper()))  # but not in STEPHENKINGMODEL
        first = words.words.get(lowered[:end]) if parts else None
        if first is not None and isinstance(first.value, FamilyWord):
            return _several(lowered, (), (Word("family", first.text, first.value.alone(), first.key), Word("ignored", lowered[end:])))
    return found


def _of_class(piece: str, words: Dictionary) -> tuple[Word, ...]:
    """``llamaforcausallm``: an architecture, and the class of models that transformers has of it; its number is not the model's (Qwen2 runs Qwen2.5)."""
    head = piece[: -len(next(one for one in words.classes if piece.endswith(one)))]
    first = _alone(head, words)[0] if head else unknown(piece)
    family = first.value
    if not isinstance(family, FamilyWord):
        return (unknown(piece),)
    return Word("family", first.text, family.alone(), first.key), Word("ignored", piece.removeprefix(first.text))


def _meaning(piece: str, ruled: tuple[WordRule, re.Match[str]], words: Dictionary) -> tuple[Word, ...]:
    """What a rule says of a word; a width that is none of a quantization may be a dtype: ``16-bit``."""
    rule, found = ruled
    meant = rule.means(piece, found)
    wide = words.words.get(piece.replace("-", "")) if rule.name == "bits" and meant[0].role == "unknown" else None
    return meant if wide is None else (wide.written(piece),)


def _glued(piece: str, words: Dictionary) -> tuple[Word, ...] | None:
    """A known word with digits, and perhaps more words, glued to it: ``qwen2.5``, ``llama3chat``, ``r7b``."""
    if not piece.isascii():
        head = next((name for name in words.ideographic if piece.startswith(name) and _ends_there(piece, name)), None)
        if head is None:
            return _before_ideographs(piece, words)
        rest = piece[len(head) :]
        return (words.words[head].written(head), *(_glued(rest, words) or _tail(rest, words) if rest else ()))
    head, joint, rest = piece.partition("_")
    based = words.words.get(piece.replace("_", ".")) if joint else None
    if based is not None and based.role == "base_word":
        return (based.written(piece),)
    whole = words.words.get(head) if joint else None
    if whole is not None and whole.role in ("family", "method", "base_word"):  # t5_3b, exl2_5.0bpw, l3_8b: a word with a digit in its name
        return (whole, Word("separator", "_"), *_tail(rest, words))
    first, second = (grammar.word(head), grammar.word(rest)) if joint else (None, None)
    if first is not None and second is not None and first[0].name in _BEFORE_SIZE and second[0].name in _SIZES:  # z1_9b, v1.15_4x8b
        return (*_meaning(head, first, words), Word("separator", "_"), *_meaning(rest, second, words))
    if second is not None and second[0].name in _SIZES and head[0].isalpha() and (head.rstrip(_DECIMAL) not in words.words):
        return (*_alone(head, words), Word("separator", "_"), *_meaning(rest, second, words))  # or1_7b
    rest = piece.lstrip(LETTERS)
    head = piece.removesuffix(rest)
    if not head:
        return (_numbered_family(piece, words) if piece[-1].isdigit() or joint else None) or _number_and_word(piece, words)
    if not rest[:1].isdigit():
        return None
    known = words.words.get(head)
    if known is None and (lined := _lined(head, rest, words)) is not None:
        return lined
    if known is None and piece[-1].isalpha():
        tiered = _tiered(head, rest, words) or (_version_and_word(piece, ("lettered", "version"), words) if len(head) == 1 else None)
        if tiered is not None:
            return tiered
    if known is None and len(head) >= _NAME and head not in words.training_before:
        return _marked_version(head, rest, words) or _two_families(head, rest, words) or _named_size(head, rest, words)
    if known is None or known.role not in ("family", "type", "tier", "variant"):
        return None
    if len(head) == 1 and not (known.role == "family" and (rest.isdecimal() if len(rest) == 1 else _is_tiered(rest, words))):
        return None
    tail = (_version_and_size(known.value, rest, words) if isinstance(known.value, FamilyWord) else None) or _tail(rest, words)
    if tail and tail[-1].role == "unknown" and known.role != "family":
        return None
    return (known.written(head), *tail)


def _ends_there(piece: str, name: str) -> bool:
    """Whether a name in other letters is a word there: Chinese parts none, the others write no letter of theirs behind it."""
    behind = piece[len(name) : len(name) + 1]
    return behind.isascii() or not behind.isalpha() or "\u4e00" <= name[-1] <= "\u9fff"


def _is_tiered(rest: str, words: Dictionary) -> bool:
    """Whether a tier or its like is glued to one digit: the 3mini of o3mini."""
    word = words.words.get(rest[1:]) if rest[1].isalpha() else None
    return word is not None and word.role in ("tier", "variant")


def _before_ideographs(piece: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``Qwen2.5数学``, ``3嵌入``: Chinese words glued behind others, where all of them are known."""
    at = next(i for i, char in enumerate(piece) if not char.isascii())
    behind = _glued(piece[at:], words) if at and any(piece.startswith(name, at) for name in words.ideographic) else None
    if behind is None and at and piece.endswith(_EDITION) and (not piece[at - 1].isdigit() or piece[0].isalpha() or "." in piece[:at]):
        behind = (unknown(piece[at:]),)  # V3.1终结版
    elif behind is None or any(word.role == "unknown" for word in behind):
        return None
    before = _alone(piece[:at], words)
    return None if any(word.role == "unknown" for word in before) else (*before, *behind)


def _tiered(head: str, rest: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``t5xxl``, ``t5base``: a family whose word ends in a digit, and a tier or a type."""
    tier = rest.lstrip(_DIGITS)
    second = words.words.get(tier) if tier.isalpha() else None
    if second is None or second.role not in ("tier", "type"):
        return None
    first = words.words.get(head + rest.removesuffix(tier))
    return None if first is None or first.role != "family" else (first, second)


def _numbered_family(piece: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``360zhinao2_7b``: a family that begins with digits, and what is glued behind it."""
    name = piece.partition("_")[0].rstrip(_DECIMAL)
    known = words.words.get(name) if name[-1:].isalpha() and name != piece else None
    return (known, *_tail(piece[len(name) :], words)) if known is not None and known.role == "family" else None


def _lined(head: str, rest: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``DeepSeekR1``, ``KimiK2``: a family, and a version with the letter of one of its lines."""
    name, letter = head[:-1], head[-1]
    known = words.words.get(name) if len(name) > 1 else None
    family = None if known is None else known.value
    return _versioned(name, letter + rest, ("lettered", "version"), words) if isinstance(family, FamilyWord) and letter in family.lines else None


def _marked_version(head: str, rest: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``OpenHermesV2``: a version with its mark glued to a family."""
    name = head.removesuffix("v")
    return _versioned(name, f"v{rest}", ("version",), words) if name != head and len(name) >= _WORD else None


def _versioned(name: str, version: str, rules: tuple[str, ...], words: Dictionary) -> tuple[Word, ...] | None:
    """A family and what is glued to it, where that is a version by one of these rules."""
    known = words.words.get(name)
    if known is None or known.role != "family":
        return None
    ruled = grammar.word(version)
    found = _version_and_word(version, rules, words) if ruled is None else _meaning(version, ruled, words) if ruled[0].name in rules else None
    return None if found is None else (known.written(name), *found)


def _version_and_word(piece: str, rules: tuple[str, ...], words: Dictionary) -> tuple[Word, ...] | None:
    """``k2thinking``, ``v3.2exp``: a version, and a known word behind it."""
    bare = piece.rstrip(LETTERS)
    word = words.words.get(piece[len(bare) :]) if len(piece) > len(bare) + _BOTH else None
    ruled = grammar.word(bare) if word is not None and word.role in _GLUED_ROLES else None
    return None if word is None or ruled is None or ruled[0].name not in rules else (*_meaning(bare, ruled, words), word)


def _two_families(head: str, rest: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``llavaqwen2.5``: a family, and the one that it is built on, with its version; ``mistrallarge3``: a family, a tier and its version."""
    for end in range(_NAME, len(head) - _NAME + 1):
        first, second = words.words.get(head[:end]), words.words.get(head[end:])
        if first is not None and second is not None and first.role == "family" and second.role in ("family", "tier"):
            return (first.written(head[:end]), second.written(head[end:]), *_tail(rest, words))
    return None


def _named_size(head: str, rest: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``Tahetorn9B``, ``MFANN3bv1.1``: a size glued to a name that the vocabulary does not know, and perhaps a version to it."""
    rest, mark, digits = rest.partition("v")
    ruled = grammar.word(rest) if rest else None
    version = grammar.word(mark + digits) if mark else None
    if mark and (version is None or version[0].name != "version"):
        return None
    if ruled is None or ruled[0].name != "size":
        return None
    size = _meaning(rest, ruled, words)
    said = size[0].value
    if not isinstance(said, Parameters) or said.unit not in ("b", "m") or said.total < _GLUED:
        return None
    return (unknown(head), *size, *(() if version is None else _meaning(mark + digits, version, words)))


def _version_and_size(family: FamilyWord, rest: str, words: Dictionary) -> tuple[Word, ...] | None:
    """``gemma227b``, ``llama38binstruct``, ``qwen2.57b``: where the family has no such size, a version and a size without a sign between."""
    digits = rest[: len(rest) - len(rest.lstrip(_DECIMAL))]
    unit, behind = rest[len(digits) : len(digits) + 1], rest[len(digits) + 1 :]
    more: tuple[Word, ...] = ()
    if behind:
        word, ruled = words.words.get(behind), grammar.word(behind)
        if word is not None and word.role in ("type", "tier"):
            more = (word,)
        elif ruled is not None and ruled[0].name == "active_size":
            more = _meaning(behind, ruled, words)
    if len(digits) < _BOTH or unit not in ("b", "m") or (behind and not more):
        return None
    sizes, scale = family.facts.sizes(), 10**9 if unit == "b" else 10**6
    if digits.count(".") < _BOTH and round(float(digits) * scale) in sizes:
        return None
    for end in range(1, len(digits)):
        version, size = digits[:end], digits[end:]
        known = version in family.versions or ".".join(version) in family.versions
        if known and (size[0] not in "0." or size[:2] == "0.") and size.count(".") < _BOTH and round(float(size) * scale) in sizes:
            parts = [(text, found) for text in (version, f"{size}{unit}") if (found := grammar.word(text)) is not None]
            return (*(one for text, found in parts for one in _meaning(text, found, words)), *more)
    return None


def _number_and_word(piece: str, words: Dictionary, *, glued: bool = False) -> tuple[Word, ...] | None:
    """``3vl``, ``2.5coder``: a number with a known word behind it; ``glued`` to a family, ``4fast``, and perhaps a letter between: ``4omini``, ``7bchat``."""
    at = next((i for i, char in enumerate(piece) if not (char.isdigit() or char in "._" or (char == "p" and _is_point(piece, i)))), 0)
    if not at:
        return None
    behind, kinds = words.words.get(piece[at:]), _NUMBERS
    if behind is None and glued and piece[-1] == "b" and (sized := _word_and_size(piece, at, words)) is not None:
        return sized
    if behind is None and glued and len(piece) > at + _LETTER_AND_WORD:
        at += 1
        behind, kinds = words.words.get(piece[at:]), _LETTERED
    if behind is None or not (behind.role in ("type", "tier") or (glued and behind.role == "variant")):
        return None
    ruled = grammar.word(piece[:at])
    if ruled is None or ruled[0].name not in kinds:
        return None
    return (*_meaning(piece[:at], ruled, words), behind)


def _word_and_size(piece: str, at: int, words: Dictionary) -> tuple[Word, ...] | None:
    """``3vl8b``: a version, a word and a size."""
    size = piece[at:].lstrip(LETTERS)
    word = words.words.get(piece[at : len(piece) - len(size)])
    ruled, number = grammar.word(size), grammar.word(piece[:at])
    if word is None or word.role not in _GLUED_ROLES or ruled is None or number is None or ruled[0].name not in _SIZES or number[0].name != "number":
        return None
    return (*_meaning(piece[:at], number, words), word, *_meaning(size, ruled, words))


def _is_point(piece: str, i: int) -> bool:
    """Whether a letter stands between digits: 2p5."""
    return i > 0 and piece[i - 1].isdigit() and piece[i + 1 : i + 2].isdigit()


def _tail(rest: str, words: Dictionary) -> tuple[Word, ...]:
    """What is glued behind a family: ``2.5``, ``410m``, ``3_8b``, ``2vl``."""
    if not rest[0].isdigit():
        known = words.words.get(rest)
        ruled = grammar.word(rest) if known is None else None
        return (known or unknown(rest),) if ruled is None else _meaning(rest, ruled, words)
    first, joint, second = rest.partition("_")
    if joint and second[-1:].isalpha():
        return (*_tail(first, words), Word("separator", "_"), *_tail(second, words))
    ruled = grammar.word(rest)
    if ruled is not None:
        return _meaning(rest, ruled, words)
    return _number_and_word(rest, words, glued=True) or (unknown(rest),)

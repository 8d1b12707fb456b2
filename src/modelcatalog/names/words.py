"""Owns what a piece of a name means by itself: words of the lexicon, words that `grammar.WORDS` describes, both glued together.

Knows nothing of neighbours: what only the context decides is in reading/. Every piece is read once and remembered
(`READINGS`, bounded), which is why a name costs little more than cutting it up.
"""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from modelcatalog.names import grammar
from modelcatalog.names.calendar import calendar
from modelcatalog.names.dictionary import Word, lexicon, meaning

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable

    from modelcatalog.names.dictionary import Lexicon, Option

__all__ = ["READINGS", "Several", "alone", "fold", "names_family", "point", "reset"]

_REMEMBERED = 50_000
"""Words whose readings are kept: about 15 MB at most."""
_ISO = len("2024-08-06")
_LONGEST = 80
"""Words longer than this mean nothing; they are not worth a look-up or a place in memory."""
_UNIT = {"b": 10**9, "bn": 10**9, "m": 10**6, "mil": 10**6, "t": 10**12}
_LARGEST = 20 * 10**12
"""No model has more parameters; a larger number is a hash."""
_NAME = 4
"""A shorter word before a glued number is a layer or a dataset: dpn68b, cc12m."""
_GLUED = 10**8
"""Smaller numbers glued to an unknown word count something else: PubChem10M, yolov5m."""
_LARGEST_B = 2 * 10**12
"""Nor does a name count them in billions beyond this: it says 2.4T, and Qwen3006B has lost a point."""


class Several:
    """A piece that is more than one word, or that may begin a phrase."""

    __slots__ = ("alone", "options", "seconds")

    def __init__(self, options: Iterable[Option], alone: tuple[Word, ...]) -> None:
        self.options = tuple(sorted(options, key=lambda option: -len(option.rest)))
        self.seconds = tuple({option.rest[0] for option in self.options})
        """Beginnings of the word after the first: a quick look that rules out most names."""
        self.alone = alone
        """What it means where no phrase begins."""


def reset() -> None:
    """Forget every reading: the vocabulary changed."""
    lexicon.cache_clear()
    READINGS.clear()


class _Readings(dict[str, Word]):
    """Piece -> its word, read when first asked for; one of several words has the role ``several``, see `alone`."""

    def __missing__(self, piece: str) -> Word:
        lowered, words = fold(piece), lexicon()
        if len(piece) > _LONGEST:
            return meaning("unknown" if piece[0].isalnum() else "separator", lowered, None, lowered)
        if piece.isalpha() and piece.isascii() and lowered not in words.words and lowered not in words.phrases:
            # Most new words are unknown ones, and every rule of `grammar.WORDS` wants a digit.
            found = meaning("unknown", lowered, None, lowered)
        else:
            found = _read(piece, words) if lowered == piece else self[lowered]
        if len(self) >= _REMEMBERED:
            self.clear()
        self[piece] = found
        return found


def fold(text: str) -> str:
    """Lower case; character by character where that would change the length."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


READINGS = _Readings()


def alone(found: Word) -> tuple[Word, ...]:
    """What a piece means where no phrase begins."""
    return found.value.alone if found.role == "several" else (found,)


def names_family(piece: str) -> bool:
    """Whether a piece of a name begins with a family."""
    return alone(READINGS[piece])[0].role == "family"


def _read(piece: str, words: Lexicon) -> Word:
    if not piece[0].isalnum():
        return meaning("separator", piece)
    itself = _alone(piece, words)
    options = words.phrases.get(piece, ())
    if options or len(itself) > 1:
        return meaning("several", piece, Several(options, itself))
    return itself[0]


def _alone(piece: str, words: Lexicon) -> tuple[Word, ...]:
    known = words.words.get(piece)
    if known is not None and not (known.role == "family" and len(piece) == 1):
        return (known,)
    if len(piece) == _ISO:
        digits = piece.replace(".", "").replace("_", "")
        if digits.isascii() and digits.isdecimal() and calendar(digits) is not None:
            return _dated(piece) or ()
    ruled = grammar.word(piece)
    if ruled is not None and ruled[0] not in ("lettered", "release_candidate"):
        return _RULED[ruled[0]](piece, ruled[1])
    glued = _glued(piece, words)
    if glued is not None:
        return glued
    if ruled is not None:
        return _RULED[ruled[0]](piece, ruled[1])
    return ("-" in piece or "." in piece or "_" in piece) and _dated(piece) or (meaning("unknown", piece, None, piece),)


def _dated(piece: str) -> tuple[Word, ...] | None:
    """A date or a shard, which contain separators."""
    if "-of-" in piece:
        return (meaning("shard", piece),)
    digits = [part for part in piece.replace("_", "-").replace(".", "-").split("-") if part]
    if not all(part.isascii() and part.isdecimal() for part in digits):
        return None
    if len(digits) == 3:  # noqa: PLR2004  year, month, day
        return (meaning("date", piece, (int(digits[0]), int(digits[1]), int(digits[2]))),)
    month, year = sorted(digits, key=len)
    return (meaning("date", piece, (int(year), int(month), None)),)


def _glued(piece: str, words: Lexicon) -> tuple[Word, ...] | None:
    """A known word with digits, and perhaps more words, glued to it: ``qwen2.5``, ``llama3chat``, ``r7b``."""
    if not piece.isascii():
        head = next((name for name in words.ideographic if piece.startswith(name)), None)
        if head is None:
            return None
        rest = piece[len(head) :]
        return (words.words[head]._replace(text=head), *(_glued(rest, words) or _tail(rest, words) if rest else ()))
    head, joint, rest = piece.partition("_")
    whole = words.words.get(head) if joint else None
    if whole is not None and whole.role in ("family", "method"):  # t5_3b, exl2_5.0bpw: a word with a digit in its name
        return (whole, meaning("separator", "_"), *_tail(rest, words))
    rest = piece.lstrip(ascii_lowercase)
    head = piece.removesuffix(rest)
    if not head:
        return _number_and_word(piece, words)
    if not rest[:1].isdigit():
        return None
    known = words.words.get(head)
    if known is None and len(head) >= _NAME and head not in words.training_before:
        return _named_size(head, rest)
    if known is None or known.role not in ("family", "type", "tier", "variant"):
        return None
    if len(head) == 1 and (known.role != "family" or not rest.isdecimal() or len(rest) > 1):
        return None
    tail = _tail(rest, words)
    if tail and tail[-1].role == "unknown" and known.role != "family":
        return None
    return (known._replace(text=head), *tail)


def _named_size(head: str, rest: str) -> tuple[Word, ...] | None:
    """``Tahetorn9B``, ``MFANN3bv1.1``: a size glued to a name that the vocabulary does not know, and perhaps a version to it."""
    rest, mark, digits = rest.partition("v")
    ruled = grammar.word(rest) if rest else None
    version = grammar.word(mark + digits) if mark else None
    if mark and (version is None or version[0] != "version"):
        return None
    if ruled is None or ruled[0] != "size" or ruled[1]["size_unit"] not in ("b", "m"):
        return None
    size = _RULED["size"](rest, ruled[1])
    if size[0].role != "size" or size[0].value[0] < _GLUED:
        return None
    more = () if version is None else _RULED["version"](mark + digits, version[1])
    return (meaning("unknown", head, None, head), *size, *more)


def _number_and_word(piece: str, words: Lexicon) -> tuple[Word, ...] | None:
    """``3vl``, ``2.5coder``: a number with a known word behind it."""
    at = next((i for i, char in enumerate(piece) if not (char.isdigit() or char in "._")), 0)
    behind = words.words.get(piece[at:])
    if not at or behind is None or behind.role not in ("type", "tier"):
        return None
    ruled = grammar.word(piece[:at])
    if ruled is None or ruled[0] != "number":
        return None
    return (*_RULED["number"](piece[:at], ruled[1]), behind)


def _tail(rest: str, words: Lexicon) -> tuple[Word, ...]:
    """What is glued behind a family: ``2.5``, ``410m``, ``3_8b``, ``2vl``."""
    if not rest[0].isdigit():
        known = words.words.get(rest)
        ruled = grammar.word(rest) if known is None else None
        return (known if known is not None else meaning("unknown", rest, None, rest),) if ruled is None else _RULED[ruled[0]](rest, ruled[1])
    first, joint, second = rest.partition("_")
    if joint and second[-1:].isalpha():
        return (*_tail(first, words), meaning("separator", "_"), *_tail(second, words))
    ruled = grammar.word(rest)
    if ruled is not None:
        return _RULED[ruled[0]](rest, ruled[1])
    return _number_and_word(rest, words) or (meaning("unknown", rest, None, rest),)


def point(digits: str) -> str:
    """Every spelling of a decimal point as a point: ``2_5``, ``3p1``, ``1___5``."""
    return digits.replace("___", ".").replace("_", ".").replace("p", ".")


def _params(number: str, unit: str) -> int:
    return round(float(point(number)) * _UNIT[unit])


def _scheme(text: str) -> str:
    """``q4-k-m`` and ``q4km`` as llama.cpp writes it: ``Q4_K_M``."""
    bare = "".join(char for char in text.upper() if char.isalnum())
    at = 3 if bare[:2] in ("IQ", "TQ") else 2
    head, rest = bare[:at], bare[at:]
    if rest[:1] == "K" and at == 2 and rest != "K":  # noqa: PLR2004
        return f"{head}_K_{rest[1:]}"
    if rest.isdecimal():
        return "_".join((head, *rest)) if len(rest) == 1 else text.upper()
    return f"{head}_{rest}" if "R" not in rest else text.upper().replace("-", "_")


def _size_word(role: str, piece: str, value: int, *more: object) -> tuple[Word, ...]:
    if not 0 < value <= _LARGEST or 0 in more:
        return (meaning("unknown", piece, None, piece),)
    return (meaning(role, piece, (value, *more), point(piece)),)


def _on_size(piece: str, found: re.Match[str]) -> tuple[Word, ...]:
    number, unit = found["size_n"], found["size_unit"]
    if (unit == "t" and "." not in point(number) and len(number) > 1) or len(number) > 6:  # noqa: PLR2004
        return (meaning("unknown", piece, None, piece),)
    if unit == "b" and len(number) == 2 and number[0] == "0" and number[1] != "0":  # noqa: PLR2004  qwen3-06b
        return (meaning("size", piece, (_params(f"0.{number[1]}", unit), unit), f"0.{number[1]}b"),)
    value = _params(number, unit)
    if value < 10**6 or (unit in ("b", "bn") and value > _LARGEST_B):
        return (meaning("unknown", piece, None, piece),)
    return _size_word("size", piece, value, unit)


def _on_bits(piece: str, found: re.Match[str]) -> tuple[Word, ...]:
    bits = float(point(found["bits_n"]))
    if not 0 < bits <= 8:  # noqa: PLR2004  wider is a dtype
        known = lexicon().words.get(piece.replace("-", ""))
        return (known._replace(text=piece),) if known is not None else (meaning("unknown", piece, None, piece),)
    group = found["bits_group"]
    return (meaning("bits", piece, (_whole(bits), group and int(group))),)


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _on_scheme(piece: str, found: re.Match[str]) -> tuple[Word, ...]:
    scheme = _scheme(found["scheme_text"])
    return (meaning("scheme", piece, (scheme, next(int(char) for char in scheme if char.isdigit()))),)


def _on_version(piece: str, found: re.Match[str]) -> tuple[Word, ...]:
    digits, tail = found["version_n"], found["version_tail"]
    head, joint, unit = digits.rpartition("_")
    if tail == "b" and joint:  # v2_7b: version 2 with 7B parameters
        mark = piece[: piece.index(digits)]
        size = grammar.word(f"{unit}b")
        if size is not None:
            return (meaning("version", mark + head, (point(head), "")), meaning("separator", "_"), *_RULED["size"](f"{unit}b", size[1]))
    return (meaning("version", piece, (point(digits), tail)),)


_RULED: dict[str, Callable[[str, re.Match[str]], tuple[Word, ...]]] = {
    "scheme": _on_scheme,
    "plain_q": lambda p, m: (meaning("plain_q", p, int(m["plain_q_bits"])),),
    "mlc_scheme": lambda p, m: (meaning("mlc_scheme", p, (p, int(m["mlc_bits"]) or 16)),),
    "weight_activation": lambda p, m: (
        (meaning("weight_activation", p, (p.upper(), int(m["w_bits"]), m["w_group"] and int(m["w_group"]))),)
        if 0 < int(m["w_bits"]) <= 16  # noqa: PLR2004
        else (meaning("unknown", p, None, p),)
    ),
    "int_bits": lambda p, m: (meaning("bits", p, (int(m["int_n"]), None)),),
    "mlx_bits": lambda p, m: (meaning("bits", p, (int(m["mlx_n"]), None)),),
    "mixed_bits": lambda p, _: (meaning("ignored", p),),
    "bits": _on_bits,
    "bits_per_weight": lambda p, m: (meaning("bpw", p, (_whole(float(point(grammar.extract(m, "bpw_n", "bpw_m") or "0"))) or None, None)),),
    "head_bits": lambda p, _: (meaning("head_bits", p, None, p),),
    "group_size": lambda p, m: (meaning("group", p, int(grammar.extract(m, "group_n", "group_m") or 0), p),),
    "experts_of": lambda p, m: _size_word("mixture", p, _params(m["mix_n"], m["mix_unit"]), int(m["mix_experts"])),
    "size_times": lambda p, m: _size_word("mixture", p, _params(m["times_n"], m["times_unit"]), int(m["times_experts"])),
    "split_size": lambda p, m: _size_word("size", p, _params(f"{m['split_n']}.{m['split_tenth']}", "b"), "b"),
    "size": _on_size,
    "lettered_size": lambda p, m: (meaning("size", p, (_params(m["rsize_n"], "b"), "b"), p),),
    "active_size": lambda p, m: _size_word("active", p, _params(m["active_n"], m["active_unit"])),
    "effective_size": lambda p, m: _size_word("effective", p, _params(m["effective_n"], "b")),
    "experts": lambda p, m: (meaning("experts" if int(m["experts_n"]) else "unknown", p, int(m["experts_n"]), p),),
    "context": lambda p, m: (meaning("context", p, int(m["context_n"]), p),),
    "version": _on_version,
    "number": lambda p, m: (meaning("number", p, m["number_n"], point(p)),),
    "lettered": lambda p, m: (meaning("lettered", p, (m["lettered_l"], point(m["lettered_n"])), point(p)),),
    "suffixed": lambda p, m: (meaning("suffixed", p, (point(m["suffixed_n"]), m["suffixed_l"]), p),),
    "release_candidate": lambda p, _: (meaning("unknown", p, None, p),),
}
"""Rule of `grammar.WORDS` -> the words it gives; a test checks that both have the same names."""

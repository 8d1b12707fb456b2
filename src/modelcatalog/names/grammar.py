"""Owns the rules by which names are read, and nothing else: three ordered tables, first match wins.

`REFERENCES` take a text apart into hub, owner, name, revision, tag and file; `PIECES` cut a name into
words and separators; `WORDS` say what a single word is. References and words match lower-case text. The same objects give
the regular expressions that run and the EBNF and diagrams of docs/grammar.md. What the vocabulary
lists (families, types, methods) is looked up before `WORDS`; what the neighbours decide is in context.py. Beside its pattern, a rule has what it means.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.names.calendar import calendar
from modelcatalog.names.notation import Ahead, Alt, Behind, Cap, Chars, Fold, Lit, Named, Node, Not, Opt, Rep, Rule, Words, heads, node, required
from modelcatalog.names.roles import LETTERS, Day, Mixture, Numbered, Parameters, Scheme, Share, Width, Word, point, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.names.roles import Role
    from modelcatalog.records import Hub

__all__ = ["AFTER_SIGN", "PIECES", "WORDS", "Form", "PieceRule", "Told", "WordRule", "known_piece", "pieces", "reference", "references", "squeezed", "word"]


def _opt(*parts: Node | str) -> Opt:
    return Opt(node(parts))


def _alt(*options: Node | str) -> Alt:
    return Alt(tuple(node(option) for option in options))


def _unnamed(rule: Rule) -> str:
    """A rule's regular expression without the names of its parts, to stand beside others."""
    return re.sub(r"\(\?P<\w+>", "(?:", rule.regex())


def _seq(*parts: Node | str) -> Node:
    return node(parts)


def _any(*words: str) -> Words:
    return Words(words)


_DIGIT = Chars("0-9", "digit")
_LETTER = Chars("A-Za-z", "letter")
_ALNUM = Chars(r"^\W_", "letter or digit")
_1_TO_8 = Chars("1-8", "digit 1 to 8")
_2_TO_8 = Chars("2-8", "digit 2 to 8")
_WIDTH = Chars("234568", "digit 2 to 6 or 8")
_NUMBER = Named("number of digits", Rep(_DIGIT))
_POINT = Named("point", _alt(Chars("._p", "sign of a point"), "___"))
"""A decimal point as hubs and APIs spell it: 2.5, 2_5, v3p1."""
_DECIMAL = Named("decimal", _seq(_NUMBER, _opt(_POINT, _NUMBER)))
_DOTTED = Named("dotted", _seq(_NUMBER, Rep(_seq(_POINT, _NUMBER), 0)))
_END = Not(_ALNUM)
_DASH = Chars("-_. ", "joint")
_YEAR = Named("year", _seq("20", _DIGIT, _DIGIT))
_MONTH = Named("month", _alt(_seq("0", Chars("1-9", "digit 1 to 9")), _seq("1", Chars("0-2", "digit 0 to 2"))))
_DAY = Named("day", _alt(_seq("0", Chars("1-9", "digit 1 to 9")), _seq(Chars("12", "digit 1 or 2"), _DIGIT), _seq("3", Chars("01", "digit 0 or 1"))))

# --- words: what one word is, when the vocabulary does not know it -------------------------------

_K_QUANT = _seq("q", _opt("_"), _1_TO_8, _opt(_DASH), "k", _opt(_opt(_DASH), _any("xxl", "xl", "xs", "s", "m", "l", "p")))
_LEGACY_QUANT = _alt(_seq("q", _1_TO_8, "_", Chars("01", "digit 0 or 1"), _alt("_l", Rep(_seq("_", _DIGIT), 0, 2))), _any("q4_2", "q4_3"))
_HYPHENED_QUANT = Named("llama scheme with a hyphen", _seq("q", Chars("458", "digit 4 or 5 or 8"), "-", Chars("01", "digit 0 or 1")))
_I_QUANT = _seq(
    "iq", _1_TO_8, _opt(_DASH),
    _any("nl_xl", "xxs", "xs", "s", "m", "l", "nl", "k", "ks", "kt", "kss", "kl", "bn", "xl"), _opt("_r", _DIGIT),
)  # fmt: skip
_TERNARY_QUANT = _seq("tq", Chars("12", "digit 1 or 2"), "_0")
_SCHEME = Named("llama scheme", _alt(_K_QUANT, _LEGACY_QUANT, _I_QUANT, _TERNARY_QUANT))
_BITS_UNIT = Named("unit of bits", _any("bits", "bit"))

_UNIT = {"b": 10**9, "bn": 10**9, "m": 10**6, "mil": 10**6, "t": 10**12}
_LARGEST = 20 * 10**12
"""No model has more parameters; a larger number is a hash."""
_LARGEST_B = 2 * 10**12
"""Nor does a name count them in billions beyond this: it says 2.4T, and Qwen3006B has lost a point."""
_WIDEST = 8
"""Bits of a quantized weight; what is wider is a dtype."""


def _group(digits: str | None) -> int | None:
    """Weights that share a scale; none do in a group of 0."""
    return int(digits) or None if digits else None


def _count(number: str, unit: str) -> int:
    return round(float(point(number)) * _UNIT[unit])


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def squeezed(text: str) -> str:
    """A text without its signs and blanks.

    >>> squeezed("gpt-4o mini")
    'gpt4omini'
    """
    return "".join(char for char in text if char.isalnum())


def _scheme(text: str) -> Scheme:
    """``q4-k-m`` and ``q4km`` as llama.cpp writes it: ``Q4_K_M``."""
    bare = squeezed(text.upper())
    at = 3 if bare[:2] in ("IQ", "TQ") else 2
    head, rest = bare[:at], bare[at:]
    if rest[:1] == "K" and at == 2 and rest != "K":  # noqa: PLR2004
        name = f"{head}_K_{rest[1:]}"
    elif rest.isdecimal():
        name = "_".join((head, *rest)) if len(rest) == 1 else text.upper()
    else:
        name = text.upper().replace("-", "_") if "R" in rest or rest[:1].isdigit() else f"{head}_{rest.replace('NLXL', 'NL_XL')}"
    return Scheme(name, next(int(char) for char in name if char.isdigit()))


def _weight_activation(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    bits = int(found["bits"])
    known = 0 < bits <= 2 * _WIDEST
    return (Word("weight_activation", text, Scheme(text.upper(), bits, None, _group(found["group"]))) if known else unknown(text),)


def _bits(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    bits = float(point(found["bits"]))
    return (Word("bits", text, Width(_whole(bits), _group(found["group"]))) if 0 < bits <= _WIDEST else unknown(text),)


def _mlc(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    """Without bits there is no quantization: q0f16 is the type of plain weights."""
    bits, dtype = int(found["bits"]), vocabulary.dtypes().get(found["dtype"])
    return (Word("dtype", text, dtype) if not bits and dtype is not None else Word("mlc_scheme", text, Scheme(text, bits or 2 * _WIDEST)),)


def _whole_bits(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    return (Word("bits", text, Width(int(found["bits"]), None)),)


def _bits_per_weight(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    """More bits than a plain weight has are digits that lost their point: 45bpw."""
    digits = found["bits"] or found["behind"]
    bits = float(point(digits))
    if bits > 2 * _WIDEST and digits.isdecimal():
        bits = float(f"{digits[0]}.{digits[1:]}")
    return (Word("bits", text, Width(_whole(bits) or None, None)),)


def _share(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    scheme = found["scheme"]
    return (Word("mixed_scheme", text, Share(int(found["percent"]), _scheme(scheme))) if scheme is not None else Word("ignored", text),)


def _parameters(role: Role, text: str, count: int, unit: str) -> tuple[Word, ...]:
    return (Word(role, text, Parameters(count, unit), point(text)) if 0 < count <= _LARGEST else unknown(text),)


def _mixture(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    each, experts = _count(found["n"], found["unit"]), int(found["experts"])
    return (Word("mixture", text, Mixture(each, experts), point(text)) if 0 < each <= _LARGEST and experts else unknown(text),)


def _size(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    number, unit = found["n"], found["unit"]
    if (unit == "t" and "." not in point(number) and len(number) > 1) or len(number) > 6:  # noqa: PLR2004
        return (unknown(text),)
    if unit == "b" and len(number) == 2 and number[0] == "0" and number[1] != "0":  # noqa: PLR2004  qwen3-06b
        return (Word("size", text, Parameters(_count(f"0.{number[1]}", unit), unit), f"0.{number[1]}b"),)
    count = _count(number, unit)
    if count < 10**6 or (unit in ("b", "bn") and count > _LARGEST_B):
        return (unknown(text),)
    return _parameters("size", text, count, unit)


def _size_and_active(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    """30BA3B is 30B-A3B."""
    active = found["active"]
    return (*_parameters("size", text[: -len(active)], _count(found["n"], "b"), "b"), *_parameters("active", active, _count(active[1:-1], "b"), "b"))


def _parameters_in_chinese(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    """720亿 is 72 billion, whose words for it are everybody's."""
    billions = float(point(found["n"])) * (1000 if found["unit"] == "万亿" else 0.1)
    count = round(billions * 10**9)
    return (Word("size", text, Parameters(count, "b"), f"{billions:g}b") if 0 < count <= _LARGEST else unknown(text),)


def _billions(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    """7 billion is 7b."""
    number = point(found["n"])
    return (Word("size", text, Parameters(_count(number, "b"), "b"), f"{number}b"),)


def _version(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    digits, tail = found["n"].replace("d", "."), found["tail"]
    head, joint, unit = digits.rpartition("_")
    if tail == "b" and joint:  # v2_7b: version 2 with 7B parameters
        size = word(f"{unit}b")
        if size is not None:
            mark = text[: text.index(digits)]
            return (Word("version", mark + head, Numbered(point(head), "")), Word("separator", "_"), *size[0].means(f"{unit}b", size[1]))
    return (Word("version", text, Numbered(point(digits), tail)),)


def _hyphened(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    digits = found["n"].replace("-", ".")
    return (Word("version", text, Numbered(digits, ""), f"v{digits}"),)


class WordRule(Rule):
    """A rule for one word: what it matches, and beside it what that says."""

    __slots__ = ("means", "role")

    def __init__(  # noqa: PLR0917  a row of a table
        self, name: str, what: Node, example: str, about: str, worked: str = "", role: Role = "unknown",
        means: Callable[[str, re.Match[str]], tuple[Word, ...]] = lambda text, _: (unknown(text),),
    ) -> None:  # fmt: skip
        super().__init__(name, what, example, about, worked)
        self.role = role
        """The role of the word; what its neighbours make of it is in `context.CASES`."""
        self.means = means
        """The word itself, or unknown where no model has such a number; a version may have a size glued to it."""


WORDS: tuple[WordRule, ...] = (
    WordRule(
        "scheme", _SCHEME, "Q4_K_M", "A llama.cpp quantization: K-quant, I-quant, legacy or ternary.", "Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        "scheme", lambda text, _: (Word("scheme", text, _scheme(text)),),
    ),
    WordRule(
        "scheme_with_hyphen", _HYPHENED_QUANT, "q4-0", "A legacy quantization whose underscore became a hyphen.", "gemma-3-12b-it-q4-0",
        "scheme", lambda text, _: (Word("scheme", text, _scheme(text)),),
    ),
    WordRule(
        "share_of_scheme", _seq(Cap("percent", _seq(_DIGIT, _DIGIT)), _alt(Cap("scheme", _SCHEME), _any("f16", "bf16", "f32"))), "55IQ2_XXS",
        "So many of a hundred weights in one layout.", "Zork-7B-70IQ2_XXS-30Q8_0.gguf", "mixed_scheme", _share,
    ),
    WordRule(
        "plain_q", _seq("q", Cap("bits", _2_TO_8)), "Q8", "A GGUF width without its variant.", "Llama-3.2-1B-Instruct-Q8.gguf",
        "plain_q", lambda text, found: (Word("plain_q", text, int(found["bits"])),),
    ),
    WordRule(
        "mlc_scheme", _seq("q", Cap("bits", Chars("0-8", "digit 0 to 8")), Cap("dtype", _any("f16", "f32", "bf16")), _opt("_", _DIGIT)), "q4f16_1",
        "MLC: bits of the weights, type of the activations, layout.", "Llama-3.2-1B-Instruct-q4f16_1-MLC", "mlc_scheme", _mlc,
    ),
    WordRule(
        "weight_activation", _seq("w", Cap("bits", _NUMBER), "a", _opt("fp"), _NUMBER, _opt(_any("kv", "c"), _NUMBER), _opt("g", Cap("group", _NUMBER)), _opt("fp")), "W4A16",
        "Bits of weights and activations.", "Meta-Llama-3.1-8B-Instruct-W4A16", "weight_activation", _weight_activation,
    ),
    WordRule(
        "int_bits", _seq(_any("int", "i", "uint", "wint", "w"), Cap("bits", _WIDTH)), "INT8", "Integer weights.", "Qwen2.5-7B-Instruct-GPTQ-Int8",
        "bits", _whole_bits,
    ),
    WordRule(
        "bits_and_group", _seq("w", Cap("bits", _WIDTH), "g", Cap("group", _NUMBER)), "w4g128", "Bits of the weights, and how many share a scale.", "Qwen3-8B-AWQ-w4g128",
        "bits", _bits,
    ),
    WordRule(
        "mlx_bits", _seq(_any("oq", "dwq"), Cap("bits", _2_TO_8), _opt("e")), "oQ4", "MLX dialects: a method glued to its width.", "mlx-community/Qwen3-8B-oQ4",
        "bits", _whole_bits,
    ),
    WordRule(
        "mixed_bits", _seq(_any("int", "fp", "bf"), _alt("16", _WIDTH), "mix"), "Int8Mix", "The width of some layers beside the main one.", "Qwen3-235B-A22B-Int4-Int8Mix",
        "ignored", lambda text, _: (Word("ignored", text),),
    ),
    WordRule(
        "bits", _seq(Cap("bits", _DECIMAL), _opt(_DASH), _BITS_UNIT, _opt("gs", Cap("group", _NUMBER))), "4bit", "Bits a weight; 16 and 32 are dtypes, no quantization.", "mlx-community/Qwen3-8B-4bit",
        "bits", _bits,
    ),
    WordRule(
        "bits_per_weight", _alt(_seq(Cap("bits", _DECIMAL), "bpw"), _seq("bpw", Cap("behind", _DECIMAL))), "4.0bpw", "Average bits a weight (EXL2, EXL3).", "Llama-3-8B-Instruct-exl2-4.0bpw",
        "bits", _bits_per_weight,
    ),
    WordRule(
        "head_bits", _seq("h", _opt("b"), Chars("3-8", "digit 3 to 8")), "h6", "Bits of the output layer (EXL2, EXL3).", "Llama-3-8B-Instruct-exl2-6.0bpw-h6",
        "head_bits", lambda text, _: (Word("head_bits", text, None, text),),
    ),
    WordRule(
        "group_size", _alt(_seq(Cap("group", _NUMBER), "g"), _seq(_any("gs", "g"), Cap("behind", _NUMBER))), "128g", "Weights that share a scale.", "Mistral-7B-Instruct-v0.2-GPTQ-4bit-128g",
        "group", lambda text, found: (Word("group", text, int(found["group"] or found["behind"]), text),),
    ),
    WordRule(
        "experts_of", _seq(Cap("experts", _NUMBER), "x", Cap("n", _DECIMAL), Cap("unit", _any("b", "m"))), "8x7B", "So many experts of this size.", "Mixtral-8x7B-Instruct-v0.1",
        "mixture", _mixture,
    ),
    WordRule(
        "size_times", _seq(Cap("n", _DECIMAL), Cap("unit", _any("b", "m")), "x", Cap("experts", _NUMBER)), "34Bx2", "The same, the other way round.", "Yi-34Bx2-MoE-60B",
        "mixture", _mixture,
    ),
    WordRule(
        "split_size", _seq(Cap("n", _DIGIT), "b", Cap("tenth", _DIGIT)), "7b1", "The unit as the point: 7.1B.", "bloomz-7b1",
        "size", lambda text, found: _parameters("size", text, _count(f"{found['n']}.{found['tenth']}", "b"), "b"),
    ),
    WordRule("size", _seq(Cap("n", _DECIMAL), Cap("unit", _any("bn", "b", "m", "t", "mil"))), "7B", "Parameters.", "Qwen2.5-7B", "size", _size),
    WordRule(
        "lettered_size", _seq("r", Cap("n", _seq(_NUMBER, _opt(".", _NUMBER))), "b"), "r7b", "A size glued to a line's letter (Command R7B).", "c4ai-command-r7b-12-2024",
        "size", lambda text, found: (Word("size", text, Parameters(_count(found["n"], "b"), "b"), text),),
    ),
    WordRule(
        "size_and_active", _seq(Cap("n", _DECIMAL), "b", Cap("active", _seq("a", _DECIMAL, "b"))), "30BA3B", "A size, and the parameters used for one token glued to it.", "Qwen3-30BA3B",
        "size", _size_and_active,
    ),
    WordRule(
        "active_size", _seq("a", Cap("n", _DECIMAL), Cap("unit", _any("b", "m"))), "A3B", "Parameters used for one token.", "Qwen3-30B-A3B",
        "active", lambda text, found: _parameters("active", text, _count(found["n"], found["unit"]), found["unit"]),
    ),
    WordRule(
        "effective_size", _seq("e", Cap("n", _DECIMAL), "b"), "E4B", "Effective parameters (Gemma 3n).", "gemma-3n-E4B-it",
        "effective", lambda text, found: _parameters("effective", text, _count(found["n"], "b"), "b"),
    ),
    WordRule(
        "experts", _seq(Cap("n", _NUMBER), "e"), "16E", "Number of experts, after a size.", "Llama-4-Scout-17B-16E",
        "experts", lambda text, found: (Word("experts", text, int(found["n"]), text) if int(found["n"]) else unknown(text),),
    ),
    WordRule(
        "context", _seq(_opt(_any("contextlength", "ctx")), Cap("n", _NUMBER), "k"), "128K", "Thousands of tokens; the neighbours tell steps from context.", "Phi-3-mini-128k-instruct",
        "context", lambda text, found: (Word("context", text, int(found["n"]), f"{found['n']}k"),),
    ),
    WordRule(
        "window", _seq(_any("ctx", "ctxlen", "ekv"), Cap("n", _NUMBER)), "ctx4096", "Tokens of a context.", "RWKV-6-World-3B-v2.1-ctx4096",
        "number", lambda text, found: (Word("number", text, found["n"], found["n"]),),
    ),
    WordRule(
        "size_in_chinese", _seq(Cap("n", _DECIMAL), _opt(" "), Cap("unit", _any("万亿", "亿")), _opt("参数")), "720亿", "Parameters as Chinese counts them: in hundreds of millions.", "通义千问-720亿",
        "size", _parameters_in_chinese,
    ),
    WordRule(
        "size_in_words", _seq(Cap("n", _DECIMAL), _opt(Chars("-_ ", "joint of a count")), "billion"), "7 billion", "Parameters as they are spoken.", "Llama 3 70 billion",
        "size", _billions,
    ),
    WordRule(
        "bits_in_chinese", _seq(Cap("bits", _WIDTH), _any("比特", "位"), _opt("量化")), "4比特", "Bits a weight, in Chinese.", "Qwen3-8B-4比特量化",
        "bits", _whole_bits,
    ),
    WordRule(
        "parallel", _seq(_any("tp", "pp"), Rep(_DIGIT, 1, 2)), "tp2", "Over how many devices an engine was built.", "llama-3.1-8b-instruct-fp8-tp2-pp1",
        "ignored", lambda text, _: (Word("ignored", text),),
    ),
    WordRule(
        "part_of_file", _seq("part", _NUMBER, "of", _NUMBER), "part1of2", "A file that was cut for its length.", "Meta-Llama-3-70B-Instruct.i1-Q6_K.gguf.part1of2",
        "shard", lambda text, _: (Word("shard", text),),
    ),
    WordRule("version", _seq("v", _opt("er"), _opt("."), Cap("n", _alt(_seq(_DIGIT, "d", _DIGIT), _DOTTED)), Cap("tail", _opt(_LETTER))), "v0.1", "A version with its mark.", "Mistral-7B-v0.1", "version", _version),
    WordRule(
        "version_with_hyphens", _seq("v", Cap("n", _seq(Rep(_DIGIT, 1, 2), Rep(_seq("-", Rep(_DIGIT, 1, 2)), 1, 2)))), "v0-1", "A version whose points became hyphens.", "mistral-7b-v0-1",
        "version", _hyphened,
    ),
    WordRule(
        "number", _DOTTED, "2.5", "A bare number: version, date or nothing, as the neighbours tell.", "Llama-3.1-8B",
        "number", lambda text, _: (Word("number", text, text, point(text)),),
    ),
    WordRule(
        "number_with_d", _seq(Cap("whole", _DIGIT), "d", Cap("tenth", _DIGIT)), "2d5", "A number whose point is a d.", "internlm-xcomposer2d5-7b",
        "number", lambda text, found: (Word("number", text, f"{found['whole']}.{found['tenth']}", f"{found['whole']}.{found['tenth']}"),),
    ),
    WordRule(
        "lettered", _seq(Cap("letter", _LETTER), Cap("n", _DECIMAL)), "R1", "A version of a line: DeepSeek R1, Kimi K2.", "DeepSeek-R1",
        "lettered", lambda text, found: (Word("lettered", text, Numbered(point(found["n"]), found["letter"]), found["letter"] + point(found["n"])),),
    ),
    WordRule("dimensions", _seq(Chars("234", "digit 2 to 4"), "d"), "3d", "What it makes, and no version.", "Hunyuan3D-2.1"),
    WordRule(
        "suffixed", _seq(Cap("n", _DECIMAL), Cap("letter", _LETTER)), "4o", "A version with a letter: GPT-4o, Gemma 3n.", "gpt-4o-mini",
        "suffixed", lambda text, found: (Word("suffixed", text, Numbered(point(found["n"]), found["letter"]), text),),
    ),
    WordRule("release_candidate", _seq(_any("rc", "r", "rev"), _NUMBER), "rc1", "A candidate's number.", "Orca-2-13b-rc1"),
)  # fmt: skip


# --- pieces: how a name is cut --------------------------------------------------------------------


def _day(way: int, *parts: Node | str) -> Node:
    """A date written one way: year, month and day keep their names, numbered since a pattern may have each but once."""
    return _seq(*(Cap(f"{part.name.partition(' ')[0]}_{way}", part) if isinstance(part, Named) else part for part in parts))


_LATE_YEAR = Named("year from 2010 on", _seq("20", Chars("12", "digit 1 or 2"), _DIGIT))
_DATE = _alt(
    _day(1, _YEAR, "-", _MONTH, "-", _DAY),
    _day(2, _YEAR, "_", _MONTH, "_", _DAY),
    _day(3, _YEAR, ".", _MONTH, ".", _DAY),
    _day(4, _MONTH, "-", _YEAR),
    _day(5, _LATE_YEAR, "-", _MONTH),
    _day(6, _MONTH, Chars("_ ", "underscore or space"), _LATE_YEAR),
)


class PieceRule(Rule):
    """A rule by which a name is cut; some pieces are known for what they are by having been cut so."""

    __slots__ = ("means",)

    def __init__(  # noqa: PLR0917  a row of a table
        self, name: str, what: Node, example: str, about: str, worked: str = "", means: Callable[[str, re.Match[str]], Word | None] = lambda _, __: None,
    ) -> None:  # fmt: skip
        super().__init__(name, what, example, about, worked)
        self.means = means
        """The word, or None where the piece must be looked up."""


def _date(text: str, found: re.Match[str]) -> Word | None:
    parts = {name.partition("_")[0]: int(digits) for name, digits in found.groupdict().items() if digits is not None}
    day = Day(parts["year"], parts["month"], parts.get("day"))
    if "-" not in text and day.day is not None and calendar(f"{day.year}{day.month:02}{day.day:02}") is None:
        return None  # 2040.01.01 is but a number
    return Word("date", text, day)


PIECES: tuple[PieceRule, ...] = (
    PieceRule(
        "separator", Rep(Chars(r"\W_", "other character")), "-",
        "What stands between words: it begins with neither letter nor digit, so its place in the table is free; first is fastest.", "Qwen3-8B",
        lambda text, _: Word("separator", text),
    ),
    PieceRule(
        "letters", _seq(Rep(_LETTER, 2), _END), "Instruct",
        "Letters alone, as most words are: no rule below begins with two letters and no digit, so its place is free too.", "Qwen3-8B-Instruct",
    ),
    PieceRule("date", _seq(Ahead(Chars("0-2", "digit 0 to 2")), _DATE, _END), "2024-08-06", "A full date, or month and year either way round.", "gpt-4o-2024-08-06", _date),
    PieceRule("share_piece", _seq(_DIGIT, _DIGIT, Fold(_SCHEME), _END), "55IQ2_XXS", "So does a share of weights in one.", "Zork-7B-70IQ2_XXS-30Q8_0.gguf"),
    PieceRule("scheme_piece", _seq(Ahead(_any("i", "q", "t", "I", "Q", "T")), Fold(_SCHEME), _END), "Q4_K_M", "A GGUF scheme keeps its underscores.", "Llama-3.2-3B-Instruct-IQ4_XS.gguf"),
    PieceRule(
        "scheme_with_hyphen", _seq(Fold(_HYPHENED_QUANT), _END, Not(_seq(Chars("._", "point or underscore"), _DIGIT))), "q4-0", "And the hyphen that stands for one.", "gemma-3-12b-it-q4-0",
    ),
    PieceRule(
        "shard", _seq(Rep(_DIGIT, 5, 5), Fold(Lit("-of-")), Rep(_DIGIT, 5, 5), _END), "00001-of-00003", "One file of a split checkpoint.",
        "Qwen2.5-72B-Instruct-Q4_K_M-00001-of-00012.gguf", lambda text, _: Word("shard", text),
    ),
    PieceRule(
        "version_with_underscores", _seq(Fold(Lit("v")), _DIGIT, Rep(_seq("_", _DIGIT), 2, 3), _END), "v0_4_1",
        "So does a marked version of three or four parts.", "Zork-v0_4_1-7B",
    ),
    PieceRule(
        "version_with_hyphens", _seq(Fold(Lit("v")), Rep(_DIGIT, 1, 2), Rep(_seq("-", Rep(_DIGIT, 1, 2)), 1, 2), _END, Not(_seq(Chars("._", "point or underscore"), _DIGIT))), "v0-1",
        "And so does one whose points became hyphens.", "mistral-7b-v0-1",
    ),
    PieceRule("bits_with_underscore", _seq(_DIGIT, "_", Rep(_DIGIT, 1, 2), Fold(Lit("bpw")), _END), "4_25bpw", "So do bits a weight the underscore that is their point.", "Mixtral-8x7B-exl2-4_25bpw"),
    PieceRule(
        "count", _seq(_NUMBER, _opt(".", _NUMBER), _alt(_seq(Chars("-_ ", "joint of a count"), Fold(Lit("billion")), _END), _seq(" ", _any("万亿", "亿"), _opt("参数")))), "72 亿",
        "A number keeps the space or the hyphen before the word that it counts in.", "通义千问-72 亿",
    ),
    PieceRule("bit_width", _seq(_alt("16", _WIDTH), "-", Fold(_BITS_UNIT), _END), "4-bit", "A width keeps its hyphen.", "Qwen2.5-7B-Instruct-4-bit"),
    PieceRule(
        "word",
        _seq(
            Rep(_ALNUM),
            Rep(
                _seq(
                    Behind(_DIGIT),
                    _alt(
                        _seq(".", Rep(_DIGIT)),
                        _seq(Behind(_seq("_", _DIGIT), there=False), Behind(_seq(_DIGIT, _DIGIT, _DIGIT), there=False), Behind(_seq(".", _DIGIT), there=False), _alt("___", "_"), _DIGIT, Not(_alt(_DIGIT, _seq(".", _DIGIT)))),
                    ),
                    Rep(_ALNUM, 0),
                ),
                0,
            ),
        ),
        "qwen2.5", "Letters and digits, with points between digits; an underscore between digits is a point, unless the digits behind it have one.", "internlm2_5-7b-chat",
    ),
)  # fmt: skip

# --- references: how a text is taken apart --------------------------------------------------------


class Form(Rule):
    """A form of reference. Its parts are named for what they are; what is called ``inner`` is a reference of its own."""

    __slots__ = ("hub", "needs", "provider")

    def __init__(self, name: str, what: Node, example: str, about: str, *, needs: str = "", hub: Hub | None = None, provider: str | None = None) -> None:
        super().__init__(name, what, example, about)
        self.needs = needs
        """A text that every reference of this form has: a quick look that rules the form out."""
        self.hub = hub
        """The hub that the form itself tells."""
        self.provider = provider
        """The provider that it tells."""


_CHAR = Chars(r"^\n", "character")
_PART = Named("part", Rep(Chars(r"^/\\:@?# ", "part character")))
_STEP_CHAR = Chars("^/", "step character")
_STEP = Named("step", Rep(_STEP_CHAR))
_STEPS = Rep(_seq(_STEP, "/"), 0)
_PLAIN_STEP = Named("plain step", Rep(Chars("^/@:", "plain step character")))
_ADDRESS = Named("address", Rep(Chars("^/?#", "address character")))
_SLASH = Chars(r"/\\", "slash")
_FOLDER_CHAR = Chars(r"^/\\", "folder character")
_FOLDER = Named("folder", Rep(_FOLDER_CHAR))
_REST = Rep(_CHAR, 0)
_REVISION_CHAR = Chars(r"^/\\?# ", "revision character")
_REFS = Named("refs", _seq("refs/", _alt(_seq("pr/", _NUMBER), _seq("convert/", Rep(Chars(r"A-Za-z0-9_.\-", "name character"))))))
"""The revisions whose slashes are their own: pull requests and conversions. Any other writes them as %2F."""
_REVISION = Named("revision", _alt(_seq(_REFS, Not(_REVISION_CHAR)), Rep(_REVISION_CHAR)))
_FILE = Named("file", Rep(Chars("^?#", "path character")))
_QUERY = Named("query", _opt(_any("?", "#"), _REST))
_SCHEME_OF_ADDRESS = Named("scheme of an address", _seq(Rep(_LETTER), Rep(Chars("a-z0-9+", "scheme character"), 0), "://"))
_USER = Named("user", _opt(Rep(Chars("^/@", "user character")), "@"))
_HEX = Chars("0-9a-f", "hexadecimal digit")
_DIGEST = Named("digest", Rep(_HEX, 12))
_BEHIND_PATH = Cap("path", Rep(_CHAR, 0, lazy=True))


@vocabulary.derived
def references() -> tuple[Form, ...]:
    """The forms of a reference, in order; the last one takes every text."""
    hubs, providers = vocabulary.hubs(), vocabulary.providers()
    address = _seq(_any("https", "http", "git+https", "ssh"), "://", _USER)
    view = _seq("/", _any("tree", "blob", "resolve", "raw", "blame", "commit", "commits", "edit", "file/view"), "/", Cap("revision", _REVISION), _opt("/", Cap("file", _FILE)))
    tail = _opt("/", _any("summary", "files", "tree", "discussions", "tags", "feedback", "quickstart", "settings", "blobs", "commits", "repo", "revisions"), _opt("/", Rep(Chars("^?#", "path character"), 0)))
    scheme = _seq(Cap("scheme", Named("hub scheme", Words(tuple(hubs.schemes)))), ":", Rep(Lit("/"), 0), Ahead(Chars("^/", "step character")))
    repositories = tuple(scheme for scheme, hub in hubs.schemes.items() if hub != "ollama")
    host = Cap("host", Named("host of a hub", Words(tuple(hubs.hosts))))
    makers = {account.lower() for company in vocabulary.companies() for account in (*company.accounts.huggingface, *company.accounts.modelscope, *company.accounts.api)}
    served = tuple(word for entry in providers.provider for word in entry.words)
    route = Named("route", Words((*providers.routes, *(word for word in served if word not in makers))))
    no_route = Not(_seq(route, "/"))
    runs = Named("folder of a run", Words(hubs.checkpoints))
    timed = Named("folder of a time", _seq(Rep(Chars("a-z_", "letter or underscore")), Rep(Chars(r"0-9_\-", "digit or joint"), 15)))
    saved = Named("folder of what was saved", _alt(_seq(runs, _NUMBER), Words(hubs.leaves), timed))
    stem = Named("file that tells nothing", _seq(Words(hubs.stems), Rep(Chars("^/@:", "plain step character"), 0, lazy=True), Words(hubs.files)))
    name = Cap("name", Rep(_STEP_CHAR, lazy=True))
    path = _seq(Cap("routes", Rep(_seq(Rep(_STEP_CHAR, 0), "/"), 0, lazy=True)), _opt(Cap("owner", _STEP), "/"), name)
    tag = _opt(":", Cap("tag", _alt(_seq(_NUMBER, ":", Rep(Chars("^/:@", "window character"))), Rep(Chars("^/:", "tag character"), lazy=True))))
    at = _seq(Behind(Lit("/"), there=False), "@")
    verb = _opt(":", Named("verb", Words(providers.verbs)))
    asked = _opt("/", _any("invoke", "converse", "invoke-with-response-stream", "converse-stream", "chat", "v1", "completions", "responses", "predictions", "embeddings"), _opt("/", Rep(Chars("^?#", "path character"), 0)))
    inner = Cap("inner", Rep(Chars("^?#", "path character"), lazy=True))
    version = _opt(_any("/versions/", "/version/", "/labels/", ":", "@"), Cap("revision", _PART))
    two, four = Rep(_DIGIT, 2, 2), Rep(_DIGIT, 4, 4)
    stamp = Named(
        "time in a name",
        _alt(_seq("-", Rep(_DIGIT, 8, 8), "-", Rep(_DIGIT, 6, 6)), _seq("-", four, Rep(_seq("-", two), 5, 5), "-", Rep(_DIGIT, 3, 3)), _seq("-", Rep(_DIGIT, 6, 6), "-", four)),
    )
    page = Named("page of a hub", Words(hubs.pages))
    option = Named("option that a model follows", Words(hubs.options))
    programs: dict[str, list[str]] = {}
    for command in hubs.commands:
        program, _, subcommand = command.partition(" ")
        programs.setdefault(program, []).append(subcommand)
    typed = _alt(*(_seq(Cap(f"provider_{at}", Lit(program)), _opt(" ", Words(tuple(after))) if after == [""] else _seq(" ", Words(tuple(after)))) for at, (program, after) in enumerate(programs.items())))
    quote = _opt(Chars("\"'", "quotation mark"))
    asked_for = _seq(quote, Cap("inner", Rep(Chars("^ \"'", "character of an argument"))), quote)
    return (
        # what people type
        Form(
            "command",
            _seq(
                Cap(
                    "path",
                    _alt(
                        _seq(Named("command that a model follows", typed), " ", _opt(option, Chars(" =", "space or equals sign"))),
                        _seq(Rep(_CHAR, 0, lazy=True), " ", option, Chars(" =", "space or equals sign")),
                        _seq(option, " "),
                        _seq(_opt(Rep(Chars("^ ", "letter of a program")), " "), _any("-m ", "-hf ", "-hfr ")),
                    ),
                ),
                asked_for, _opt(" ", _REST),
            ),
            "vllm serve Qwen/Qwen3-8B --max-model-len 8192", "A command with the model that it is to run, or an option of one.", needs=" ",
        ),
        Form("option", _seq(Cap("path", _seq(option, "=")), asked_for), "--model=Qwen/Qwen3-8B", "An option with its model, and nothing else.", needs="--"),
        Form(
            "setting",
            _seq(
                Cap(
                    "path",
                    _seq(
                        quote, _opt("base", Chars("-_", "joint of a key")), "model", _opt(Chars("-_", "joint of a key"), _any("id", "name", "path", "name_or_path")), quote,
                        _opt(" "), _any(": ", "=", "= "),
                    ),
                ),
                asked_for, _opt(","),
            ),
            "model: Qwen/Qwen3-8B", "A setting of a program or of a training.", needs="model",
        ),
        Form(
            "quoted", _seq(Chars("\"'`", "quotation mark or backtick"), Cap("inner", Rep(Chars("^\"'`", "any other character"))), Chars("\"'`", "quotation mark or backtick")),
            '"Qwen/Qwen3-8B"', "A name between quotation marks.",
        ),
        # who serves
        Form(
            "vertex_path",
            _seq(
                Cap("path", _seq(_opt(address, _STEP, "/", _STEP, "/"), _opt("projects/", _STEP, "/locations/", _STEP, "/"), "publishers/", _opt("hf-"))),
                Cap("owner", _PLAIN_STEP), Cap("route", _any("/models/", "/model-garden/")), inner, verb, _QUERY,
            ),
            "projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4@20250514", "A model of Vertex AI.",
            needs="publishers/", provider="vertex",
        ),
        Form(
            "bedrock_url", _seq(Cap("path", _seq(address, "bedrock-runtime", Chars(".-", "point or hyphen"), _STEP, "/model/")), inner, _opt("%3a", Cap("tag", _NUMBER)), asked, _QUERY),
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke", "An endpoint of Bedrock.",
            needs="bedrock-runtime", provider="bedrock",
        ),
        Form(
            "bedrock_arn",
            _seq(
                Cap("path", _seq("arn:", Rep(Chars("a-z-", "letter or hyphen")), ":bedrock:", Rep(Chars("^:/", "character of a field"), 0), ":", Rep(Chars("^:/", "character of a field"), 0), ":")),
                _alt(
                    _seq(Cap("route", _any("foundation-model", "inference-profile", "custom-model", "default-prompt-router")), "/", inner, _opt("/", Cap("path_at", _REST))),
                    Cap("path_alone", _seq(Not(_any("foundation-model/", "inference-profile/", "custom-model/", "default-prompt-router/")), Rep(_CHAR))),
                ),
            ),
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0",
            "An Amazon resource name; profiles of one's own and imported models name no model.", needs=":bedrock:", provider="bedrock",
        ),
        Form(
            "sagemaker_arn",
            _seq(
                Cap("path", _seq("arn:", Rep(Chars("a-z-", "letter or hyphen")), ":sagemaker:", Rep(Chars("^:/", "character of a field"), 0), ":", Rep(Chars("^:/", "character of a field"), 0), ":")),
                _alt(
                    _seq(Cap("route", _seq("hub-content/", _PLAIN_STEP, "/", _any("model", "modelreference"), "/")), Cap("name", _PLAIN_STEP), _opt("/", Cap("path_version", _REST))),
                    _seq(
                        Cap("route_at", _seq(_any("endpoint", "endpoint-config", "model", "model-package", "model-package-group", "inference-component"), "/")),
                        Cap("name_at", Rep(Chars("^/@:", "plain step character"), lazy=True)), _opt(Cap("path_at", stamp)), _opt("/", Cap("path_count", _NUMBER)),
                    ),
                ),
            ),
            "arn:aws:sagemaker:us-east-1:123456789012:endpoint/jumpstart-dft-hf-llm-mistral-7b-instruct-20240815-185614",
            "A model of SageMaker's hub, or an endpoint whose own name tells one.", needs=":sagemaker:", provider="sagemaker",
        ),
        Form(
            "sagemaker_endpoint", _seq(Cap("route", _any("sagemaker/", "sagemaker_chat/")), Cap("name", Rep(Chars("^/@:", "plain step character"), lazy=True)), Cap("path", stamp)),
            "sagemaker_chat/hf-llm-mistral-small-24b-instruct-2501-2025-04-07-10-48-04-846", "An endpoint that was called by the model and the time.",
            needs="sagemaker", provider="sagemaker",
        ),
        Form("resource_name", Cap("path", _seq("arn:", _REST)), "arn:aws:s3:::bucket/llama", "Other resources of Amazon name no model.", needs="arn:"),
        Form(
            "vertex_resource", Cap("path", _seq("projects/", _STEP, "/locations/", _STEP, "/", _any("endpoints", "models", "tunedmodels"), "/", _NUMBER, Rep(Chars("^/", "step character"), 0))),
            "projects/p/locations/us-central1/endpoints/1234567890", "An endpoint or a model of one's own is a number, and names none.", needs="/locations/", provider="vertex",
        ),
        Form(
            "azure_model",
            _seq(
                _alt(
                    _seq(Cap("path", _seq("azureml://", _STEPS, "models/")), Cap("name", _PART)),
                    _seq(Cap("path_url", _seq(address, "ai.azure.com/", _STEPS, "models/")), Cap("name_url", _PART)),
                    _seq(Cap("path_short", Lit("azureml:")), Not(Lit("/")), Cap("name_short", _PART)),
                ),
                version, _REST,
            ),
            "azureml://registries/azureml-meta/models/Llama-3.3-70B-Instruct/versions/9", "A model of a registry or a workspace of Azure.",
            needs="azure", provider="azure",
        ),
        Form(
            "azure_deployment", _seq(Cap("path", _seq(_opt("/"), "subscriptions/", _STEPS, "deployments/")), inner, Rep(Lit("/"), 0)),
            "/subscriptions/0/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a/deployments/gpt-4.1-mini", "A deployment, by its resource id.",
            needs="/deployments/", provider="azure",
        ),
        Form(
            "mlflow_artifact",
            _seq(
                _alt(
                    Cap("path", _seq("runs:/", Rep(_HEX, 16), "/", Rep(_seq(_STEP, "/"), 0))),
                    Cap("path_at", _seq("mlflow-artifacts:", Rep(Lit("/")), Rep(_seq(_STEP, "/"), 0), "artifacts/", Rep(_seq(_STEP, "/"), 0))),
                ),
                Cap("name", _PLAIN_STEP), Rep(Lit("/"), 0),
            ),
            "runs:/8a7b6c5d4e3f2a1b8a7b6c5d4e3f2a1b/qwen2.5-7b-instruct", "What a run of MLflow has kept, where its last step names a model.", needs="s:/",
        ),
        Form(
            "mlflow",
            _alt(
                _seq(Cap("path", _any("runs:/", "models:/m-")), Cap("path_at", _seq(Rep(_HEX, 16), _opt("/", _REST)))),
                Cap("path_artifacts", _seq("mlflow-artifacts:/", _REST)),
                _seq(
                    Cap("route", Lit("models:/")), Cap("catalog", _opt(Rep(Chars("a-z0-9_", "word character")), ".", Rep(Chars("a-z0-9_", "word character")), ".", Ahead(_LETTER))),
                    Cap("name", Rep(Chars("^/@", "model character"))), _opt(Chars("/@", "slash or at sign"), Cap("revision", Rep(_CHAR))),
                ),
            ),
            "models:/Qwen2.5-7B-Instruct/3", "A model of MLflow's registry, in Unity Catalog with a catalog and a schema before it; other artifacts and logged models name none.",
            needs="s:/",
        ),
        Form(
            "provider_url",
            _seq(
                Cap("path", _seq(address, _opt(Rep(Chars("^/?#:@", "character of a server")), Chars(".-", "point or hyphen")), Cap("server", Named("host of a provider", Words(tuple(h for entry in providers.provider for h in entry.hosts)))), "/", _opt(Rep(_seq(_ADDRESS, "/"), 0), _any("models", "model", "deployments", "run"), "/"))),
                inner, verb, asked, Rep(Lit("/"), 0), _QUERY,
            ),
            "https://openrouter.ai/qwen/qwen3-8b:free", "A page or an endpoint of a provider.", needs="://",
        ),
        # package URLs, and what MLflow, Kaggle and registries of images write
        Form(
            "purl",
            _seq(
                Cap("path", _seq("pkg:", Rep(Lit("/"), 0), "huggingface/")), _opt(Cap("owner", _PART), "/"), Cap("name", _PART), _opt("@", Cap("revision", Rep(Chars("^?#", "path character")))),
                _opt("?", Rep(Chars("^#", "query character"), 0, lazy=True), _opt("repository_url=", _opt(_any("https", "http"), _any("://", "%3a%2f%2f", ":%2f%2f")), host, Rep(Chars("^#", "query character"), 0))),
                _opt("#", Cap("file", _REST)),
            ),
            "pkg:huggingface/Qwen/Qwen2.5-7B-Instruct@a09a354", "A package URL of type huggingface; repository_url names another hub.", needs="pkg:",
        ),
        Form(
            "purl_of_registry", _seq(Cap("path", _seq("pkg:", _any("mlflow", "oci", "docker"), "/", Rep(_seq(_PART, "/"), 0))), Cap("name", _PART), _opt("@", Cap("revision", Rep(Chars("^?#", "path character")))), _QUERY),
            "pkg:mlflow/Phi-3.5-mini-instruct@6?repository_url=https://westus2.api.azureml.ms", "A package URL of another registry of models.", needs="pkg:",
        ),
        Form("purl_of_package", Cap("path", _seq("pkg:", _STEP, "/", _REST)), "pkg:pypi/transformers@5.23.0", "Any other package URL names no model.", needs="pkg:"),
        Form(
            "kaggle",
            _seq(
                Cap("path", _opt(_alt(_seq(_opt(address), _opt("www."), "kaggle.com/models/"), "kaggle://"))), Cap("owner", _PLAIN_STEP), "/", Cap("model", _PLAIN_STEP),
                "/", Cap("framework", Named("framework of Kaggle", Words(hubs.frameworks))), "/", Cap("variation", _PLAIN_STEP), _opt("/", Cap("revision", _NUMBER)),
            ),
            "google/gemma-2/transformers/gemma-2-2b-it/2", "A handle of Kaggle: owner, model, framework, variation, and perhaps a version.", needs="/",
        ),
        Form(
            "kaggle_folder",
            _seq(
                Cap("path", _seq(_alt("/kaggle/input/", _seq(_opt(Rep(_CHAR, 0, lazy=True), "/"), "kagglehub/")), _opt("models/"), _opt(_PLAIN_STEP, "/"))), Cap("model", _PLAIN_STEP),
                "/", Cap("framework", Named("framework of Kaggle", Words(hubs.frameworks))), "/", Cap("variation", _PLAIN_STEP), _opt("/", Cap("revision", _NUMBER), _opt("/", Cap("file", _REST))),
            ),
            "/kaggle/input/llama-3.1/transformers/8b-instruct/2", "A model in a notebook's input, or in the cache of kagglehub.", needs="kaggle",
        ),
        Form(
            "image",
            _seq(
                Cap(
                    "path",
                    _alt(
                        _seq(_any("docker", "oci"), "://", _opt(Cap("registry", _seq(Rep(Chars("^/:.", "character of a host")), Chars(".:", "point or colon"), Rep(Chars("^/", "step character")))), "/")),
                        _seq(_opt(address), Cap("registry_at", Named("registry", Words(hubs.registries))), "/"),
                    ),
                ),
                Cap("route", _opt(_any("nim/", "library/", "r/", "models/"))), inner,
            ),
            "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.4", "An image, or an artifact of a registry.", needs="/",
        ),
        # hubs
        Form(
            "hub_uri_of_no_model", _seq(Cap("hub", Named("repository scheme", Words(repositories))), Cap("path", _seq(":", Rep(Lit("/"), 0), _any("datasets", "spaces", "kernels", "buckets"), "/", _REST))),
            "hf://datasets/HuggingFaceH4/ultrachat_200k", "A dataset, a space, a kernel or a bucket is not a model.", needs=":",
        ),
        Form(
            "hub_uri",
            _seq(
                Cap("hub", Named("repository scheme", Words(repositories))), ":", Rep(Lit("/"), 0), _opt("models/"), Cap("owner", _PLAIN_STEP), "/", Cap("name", _PLAIN_STEP),
                _opt("@", Cap("revision", _alt(_seq(_REFS, Not(Chars("^/:", "tag character")) ), Rep(Chars("^/:", "tag character"))))), _opt(":", Not(Lit("/")), Cap("tag", Rep(Chars("^/", "step character")))),
                _opt("/", Cap("file", _seq(Chars("^/", "step character"), Rep(_CHAR, 0, lazy=True)))), Rep(Lit("/"), 0), _opt(":/", _REST),
            ),
            "hf://Qwen/Qwen2.5-7B-Instruct@main/config.json", "A URI as huggingface_hub reads it, with a file behind the repository; a mount ends in a path.", needs="/",
        ),
        Form(
            "registry_manifest", _seq(_opt(address), host, Cap("path", _seq("/v2/", _opt("library/"))), _opt(Cap("owner", _PART), "/"), Cap("name", _PART), "/manifests/", Cap("tag", _PART), _QUERY),
            "https://registry.ollama.ai/v2/library/qwen3/manifests/8b", "A model as Ollama asks a registry for it.", needs="/manifests/",
        ),
        Form(
            "hub_api",
            _seq(
                _opt(address), host, Cap("path", _any("/api/models/", "/api/v1/models/", "/openapi/v1/models/", "/api/resolve-cache/models/")), Cap("owner", _PART), "/", Cap("name", _PART),
                _alt(
                    _seq("/", _any("revision", "tree", "resolve", "paths-info", "treesize"), "/", Cap("revision", _REVISION), _opt("/", Cap("file", _FILE)), _QUERY),
                    _seq("/repo", _opt("/files"), _any("?"), Rep(Chars("^#", "query character"), 0, lazy=True), _opt("revision=", Cap("revision_at", Rep(Chars("^&#", "value character")))), _opt(Rep(Chars("^#", "query character"), 0, lazy=True), "filepath=", Cap("file_at", Rep(Chars("^&#", "value character")))), _REST),
                    _seq("/", Cap("revision_plain", Rep(_HEX, 40, 40)), _opt("/", Cap("file_plain", _FILE)), _QUERY),
                    _seq(_opt("/", Rep(Chars("^?#", "path character"), 0)), _QUERY),
                ),
            ),
            "https://huggingface.co/api/models/Qwen/Qwen3-8B/revision/main", "What a client asks a hub.", needs="api/",
        ),
        Form(
            "hub_page", _seq(_opt(address), host, Cap("path", _alt(_seq("/", page, _alt(_seq("/", _REST), _QUERY)), _seq("/models", Rep(Lit("/"), 0), _QUERY), _seq(Rep(Lit("/"), 0), _QUERY)))),
            "https://huggingface.co/collections/Qwen/qwen3-67dd247413f0e2e4f653967f", "A page of a hub that shows no model.", needs=".",
        ),
        Form(
            "hub_url",
            _seq(
                _alt(_seq(_opt(address), host, "/", _opt("models/")), _seq("git@", Cap("host_at", Named("host of a hub", Words(tuple(hubs.hosts)))), ":")),
                _opt(_alt("library", Cap("owner", _PART)), "/"), Cap("name", Rep(Chars(r"^/\\:@?# ", "part character"), lazy=True)), _opt(".git"), _opt(":", Cap("tag", _PART)), _opt("@", Cap("revision_at", _REVISION), _opt("/", Cap("file_at", _FILE))),
                _opt(_alt(
                    _seq("/files?version=", Cap("revision_shown", Rep(Chars("^&#", "value character")))),
                    _seq("/file/view/", Cap("revision_named", _PART), "?filename=", Cap("file_named", Rep(Chars("^&#", "value character")))),
                    view,
                    tail,
                )), Rep(Lit("/"), 0), _alt(_QUERY, _seq("&", _REST)),
            ),
            "https://huggingface.co/Qwen/Qwen2.5-7B-Instruct/tree/main",
            "A page of a hub; the scheme may be missing.", needs=".",
        ),
        # stores on a disk
        Form(
            "huggingface_cache",
            _seq(
                _BEHIND_PATH, "models--", _opt(Cap("owner", Rep(_FOLDER_CHAR, lazy=True)), "--"), Cap("name", _FOLDER),
                _opt(_alt(
                    _seq(_SLASH, "snapshots", _SLASH, Cap("revision", _FOLDER), _opt(_SLASH, Cap("file", Rep(_CHAR)))),
                    _seq(_SLASH, "refs", _SLASH, Cap("revision_at", _FOLDER)),
                    _seq(_SLASH, _any("blobs", "refs", "snapshots"), _opt(_SLASH, _REST)),
                )), Rep(_SLASH, 0),
            ),
            "~/.cache/huggingface/hub/models--Qwen--Qwen2.5-7B/snapshots/abc123/config.json",
            "A folder of the Hugging Face cache, which llama.cpp shares.", needs="models--", hub="huggingface",
        ),
        Form(
            "huggingface_cache_of_no_model", Cap("path", _seq(_opt(Rep(_CHAR, 0, lazy=True), _SLASH), _any("datasets--", "spaces--", "kernels--"), _FOLDER, "--", _REST)),
            "~/.cache/huggingface/hub/datasets--openai--gsm8k", "A dataset in the cache is not a model.", needs="s--", hub="huggingface",
        ),
        Form(
            "modelscope_cache_of_no_model", Cap("path", _seq(Rep(_CHAR, 0, lazy=True), _alt(_SLASH, "."), "modelscope", _SLASH, _opt("hub", _SLASH), "datasets", _SLASH, _REST)),
            "~/.cache/modelscope/hub/datasets/AI-ModelScope/alpaca", "Nor is one in ModelScope's.", needs="modelscope", hub="modelscope",
        ),
        Form(
            "modelscope_cache",
            _seq(
                Cap("path", _seq(Rep(_CHAR, 0, lazy=True), _alt(_SLASH, "."), "modelscope", _SLASH, _opt("hub", _SLASH), _opt("models", _SLASH), _opt("._____temp", _SLASH))),
                Cap("owner", Rep(_FOLDER_CHAR, lazy=True)), _alt("--", _SLASH), Cap("name", _FOLDER),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", _FOLDER)), _opt(_SLASH, Cap("file", Rep(_CHAR))), Rep(_SLASH, 0),
            ),
            "~/.cache/modelscope/hub/models/Qwen/Qwen2___5-7B",
            "A folder of the ModelScope cache, old layout or new; three underscores stand for a point.", needs="modelscope", hub="modelscope",
        ),
        Form(
            "ollama_manifest",
            _seq(Cap("path", _seq(Rep(_CHAR, 0, lazy=True), "manifests", _SLASH)), host, _SLASH, _opt(_alt(_seq("library", _SLASH), _seq(Cap("owner", _FOLDER), _SLASH))), Cap("name", _FOLDER), _SLASH, Cap("tag", _FOLDER), _opt(_SLASH, Cap("path_at", _REST))),
            "~/.ollama/models/manifests/registry.ollama.ai/library/qwen3/8b", "A model in Ollama's store.", needs="manifests",
        ),
        Form("ollama_blob", Cap("path", _seq(Rep(_CHAR, 0, lazy=True), ".ollama", _SLASH, _REST, "blobs", _SLASH, "sha256-", _DIGEST, _REST)), "~/.ollama/models/blobs/sha256-" + "0" * 64, "A file of Ollama's store is named by its digest.", needs="sha256-", hub="ollama"),
        Form("blob", _seq(Cap("path", Rep(_seq(Rep(_FOLDER_CHAR, 0), _SLASH), 0)), Cap("digest", _seq("sha256", Chars("-:", "hyphen or colon"), _DIGEST))), "/models/blobs/sha256-" + "0" * 64, "A digest names no model.", needs="sha256"),
        Form(
            "lmstudio", _seq(Cap("path", _seq(Rep(_CHAR, 0, lazy=True), _any(".lmstudio", "lm-studio"), _SLASH, "models", _SLASH)), Cap("owner", _FOLDER), _SLASH, Cap("name", _FOLDER), _opt(_SLASH, Cap("file", Rep(_CHAR))), Rep(_SLASH, 0)),
            "~/.lmstudio/models/lmstudio-community/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", "A folder or a file of LM Studio: publisher, repository, file.", needs="models",
        ),
        Form(
            "llama_cpp_manifest",
            _seq(
                Cap("path", _seq(_opt(Rep(_CHAR, 0, lazy=True), _SLASH), "manifest=")), Cap("owner", Rep(Chars(r"^=/\\", "manifest character"))), "=", Cap("name", Rep(Chars(r"^=/\\", "manifest character"))),
                "=", Cap("tag", Rep(Chars(r"^=/\\", "manifest character"), lazy=True)), ".json",
            ),
            "~/.cache/llama.cpp/manifest=ggml-org=gemma-3-4b-it-GGUF=latest.json", "What llama.cpp kept of a repository beside its files.", needs="manifest=", hub="huggingface",
        ),
        Form(
            "llama_cpp_cache",
            _seq(
                Cap("path", _seq(Rep(_CHAR, 0, lazy=True), "llama.cpp", _SLASH)),
                Cap("owner", Rep(Chars(r"^_/\\", "owner character"))), "_", Cap("name", _seq(Rep(_FOLDER_CHAR, lazy=True), "gguf")), "_", Cap("file", _FOLDER),
            ),
            "~/.cache/llama.cpp/ggml-org_gemma-3-4b-it-GGUF_gemma-3-4b-it-Q4_K_M.gguf", "The older cache of llama.cpp: owner, repository and file in one name.", needs="llama.cpp", hub="huggingface",
        ),
        Form(
            "wandb_artifact", _seq(Cap("path", _seq(_any("wandb-artifact", "wandb"), "://", _opt("/"), Rep(_seq(_PLAIN_STEP, "/"), 0))), Cap("name", _PLAIN_STEP), ":", Cap("revision", _PART)),
            "wandb-artifact://acme/project/qwen2.5-7b-instruct:v3", "An artifact of Weights & Biases, whose versions are not the model's.", needs="wandb",
        ),
        Form(
            "wandb_page", _seq(Cap("path", _seq(address, _opt("www."), "wandb.ai/", _STEP, "/", _STEP, "/artifacts/", _STEP, "/")), Cap("name", _ADDRESS), _opt("/", Cap("revision", _ADDRESS), _opt("/", Cap("path_at", _REST))), _QUERY),
            "https://wandb.ai/acme/project/artifacts/model/qwen2.5-7b-instruct/v3", "The page of such an artifact.", needs="wandb.ai/",
        ),
        Form(
            "other_url",
            _seq(_SCHEME_OF_ADDRESS, Cap("path", _seq(_STEP, "/", Rep(_seq(_ADDRESS, "/"), 0, lazy=True))), _opt(Cap("name", _ADDRESS), Rep(Lit("/"), 0)), _QUERY),
            "https://example.org/files/Qwen2.5-7B-Q4_K_M.gguf",
            "A page of somebody else, or an object of a store: only its last part is read.", needs="://",
        ),
        Form(
            "local_path",
            _seq(
                Cap(
                    "path",
                    _seq(
                        _alt(_seq(_LETTER, ":", _SLASH), _seq("~", Rep(_FOLDER_CHAR, 0), _SLASH), _seq(Rep(Lit("."), 1, 2), _SLASH), _seq("file://", _SLASH), _SLASH, _seq(_FOLDER, "\\")),
                        Rep(_seq(Rep(_FOLDER_CHAR, 0), _SLASH), 0, lazy=True),
                    ),
                ),
                _opt(Cap("name", _FOLDER), Rep(_SLASH, 0)),
            ),
            "./models/SmolLM2-135M-Instruct.Q4_1.gguf",
            "A file or folder on disk, POSIX or Windows.",
        ),
        # what people are shown
        Form(
            "display_name", _seq(Cap("company", Rep(Chars("^/@:", "plain step character"))), ": ", Cap("name", Rep(Chars("^/@:", "plain step character"), lazy=True)), _opt(" (", Cap("serving", Named("word of serving", Words(providers.serving))), ")")),
            "Google: Gemma 3 27B (free)", "A name as people are shown it, behind its maker's.", needs=": ",
        ),
        Form(
            "shown_effort", _seq(Cap("inner", Rep(Chars("^():", "character but brackets and a colon"))), " (", Cap("effort", Named("word of effort", Words(providers.efforts))), ")"),
            "GPT-5 (high)", "A name as leaderboards show it, with how hard it was asked to think.", needs=" (",
        ),
        Form(
            "provider_model", _seq(Cap("route", _seq(_opt("@"), _opt("gateway/"), Cap("provider", Named("provider", Words(served))))), ":", Rep(Lit("/"), 0), inner),
            "bedrock_converse:anthropic.claude-3-5-sonnet-20240620-v1:0", "A provider before a colon; where its word is a family too, a family must follow.", needs=":",
        ),
        Form(
            "ollama_of_hub", _seq(Cap("route", _any("ollama/", "ollama_chat/", "ollama://", "ollama:", "docker_model_runner/")), Cap("inner", _seq(Named("host of a hub", Words(tuple(hubs.hosts))), "/", _REST))),
            "ollama/hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M", "A repository of a hub, which Ollama fetches.", needs=".", provider="ollama",
        ),
        Form(
            "inner_arn", _seq(Cap("route", Rep(_seq(_PLAIN_STEP, "/"))), Cap("inner", _seq("arn:", _REST))),
            "bedrock/converse/arn:aws:bedrock:us-east-1:123:inference-profile/us.amazon.nova-pro-v1:0", "A route before a resource name.", needs="arn:",
        ),
        Form(
            "fireworks_deployment", _seq(inner, Cap("path", _seq("#accounts/", _STEP, "/deployments/", _STEP))),
            "accounts/fireworks/models/llama-v3p1-8b-instruct#accounts/acme/deployments/12ab", "A model with the deployment that serves it.", needs="#accounts/",
        ),
        Form(
            "fine_tuned",
            _seq(
                Cap("routes", Rep(_seq(_PLAIN_STEP, "/"), 0)),
                Cap("name", _seq("ft:", Rep(Chars("^/@:", "plain step character")), ":", Rep(Chars("^/", "step character")))),
            ),
            "ft:gpt-4o-mini-2024-07-18:acme:support:Bx12Cd34", "A fine-tuned model of an API: its base, and whose and which it is.", needs="ft:",
        ),
        # plain names
        Form(
            "view_of_repository", _seq(no_route, Cap("owner", _PLAIN_STEP), "/", Cap("name", _PLAIN_STEP), view, _QUERY),
            "Qwen/Qwen3-8B/resolve/main/config.json", "The page of a file without its host.", needs="/",
        ),
        Form(
            "checkpoint",
            _seq(Cap("routes", Rep(_seq(_STEP, "/"), 0, lazy=True)), Cap("name", _PLAIN_STEP), "/", Cap("file", _alt(_seq(saved, _opt("/", _REST)), stem))),
            "outputs/qwen2.5-7b-lora/checkpoint-500", "A folder of a training run, or of what was saved, or a file that tells nothing: its parent has the name.", needs="/",
        ),
        Form(
            "file_in_repository",
            _seq(_opt(scheme), Cap("routes", Rep(_seq(_opt(route), "/"), 0)), no_route, Cap("owner", _PLAIN_STEP), "/", Cap("name", _PLAIN_STEP), "/",
                 Cap("file", _seq(Rep(_CHAR, lazy=True), Named("suffix of a file", Words(hubs.files)))), tag, _opt(at, Cap("revision", _alt(_REFS, _STEP)))),
            "Qwen/Qwen2.5-7B-Instruct-GGUF/qwen2.5-7b-instruct-q4_k_m.gguf",
            "A file, with the repository that it lies in before it.", needs="/",
        ),
        Form(
            "folder_in_repository", _seq(no_route, Cap("owner", _PLAIN_STEP), "/", Cap("name", _PLAIN_STEP), "/", Cap("file", _seq(_PLAIN_STEP, Rep(_seq("/", _PLAIN_STEP), 0))), Rep(Lit("/"), 0)),
            "unsloth/Qwen3-235B-A22B-GGUF/UD-Q4_K_XL", "A folder, where the first step is a known account or the second names a model.", needs="/",
        ),
        Form(
            "name_and_refs",
            _seq(_opt(scheme), path, tag, at, Cap("revision", _REFS), _opt(_alt(_seq("/", Cap("file", _REST)), _seq(":", Cap("tag_at", Rep(_CHAR)))))),
            "Qwen/Qwen2.5-7B-Instruct@refs/pr/3",
            "A pull request or a conversion, whose slashes are the revision's own.", needs="@refs/",
        ),
        Form(
            "name_and_file",
            _seq(
                _alt(
                    _seq(scheme, Cap("routes", _opt("models/")), _opt(Cap("owner", _STEP), "/"), name),
                    _seq(Cap("routes_at", _opt("models/")), no_route, Cap("owner_at", _STEP), "/", Cap("name_at", Rep(_STEP_CHAR, lazy=True))),
                ),
                tag, at, Cap("revision", _STEP), "/", Cap("file", _REST),
            ),
            "Qwen/Qwen2.5-7B-Instruct@main/config.json",
            "A file behind a revision, as huggingface_hub writes it.", needs="@",
        ),
        Form(
            "name",
            _seq(_opt(scheme), path, Rep(Lit("/"), 0), tag, _opt(at, Cap("revision", _STEP))),
            "openrouter/qwen/qwen3-8b:free",
            "Everything else: routes, an owner, the name, a tag and a revision, of which only the name must be there.",
        ),
    )  # fmt: skip


class Told:
    """What a form tells by itself."""

    __slots__ = ("hub", "name", "provider")

    def __init__(self, name: str, hub: Hub | None, provider: str | None) -> None:
        self.name = name
        self.hub = hub
        self.provider = provider


_LOOKS = 64
"""Looking for more texts than these takes longer than trying the form."""
_SIGN = 3
"""A form whose quick look is no longer than this would be tried on every other text."""


@vocabulary.kept("references")
def _reference_texts() -> tuple[tuple[str, tuple[str, ...], str, str, Hub | None, str | None], ...]:
    return tuple((form.needs, _one_of(form), form.regex(), form.name, form.hub, form.provider) for form in references())


def _one_of(form: Form) -> tuple[str, ...]:
    """Texts of which every reference of a form has one, where its quick look alone says little."""
    texts = required(form.what) if len(form.needs) <= _SIGN else ()
    return tuple(sorted(texts)) if 0 < len(texts) <= _LOOKS and min(map(len, texts)) > 1 else ()


@vocabulary.derived
def _reference_patterns() -> tuple[tuple[str, tuple[str, ...], str, Told], ...]:
    return tuple((needs, one_of, text, Told(name, hub, provider)) for needs, one_of, text, name, hub, provider in _reference_texts())


@vocabulary.derived
def _compiled() -> dict[str, Callable[[str], re.Match[str] | None]]:
    """Form -> its pattern, made when a text first looks like it: most never are."""
    return {}


def reference(text: str, but: tuple[str, ...] = ()) -> tuple[Told, re.Match[str]]:
    """The first form of reference that the whole lower-case ``text`` has, and the match; ``but`` names forms that it is not."""
    compiled = _compiled()
    for needs, one_of, pattern, told in _reference_patterns():
        if needs not in text or (one_of and not any(one in text for one in one_of)):
            continue
        fullmatch = compiled.get(told.name)
        if fullmatch is None:
            fullmatch = compiled[told.name] = re.compile(pattern, re.ASCII).fullmatch
        found = fullmatch(text)
        if found is not None and told.name not in but:
            return told, found
    raise AssertionError(text)  # the last form takes every text




_SHORTEST_DATE = len("08-2024")


@cache
def _known_pieces() -> tuple[tuple[PieceRule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rule.regex())) for rule in PIECES if rule.name in ("date", "shard"))


COMMON = ("size", "number")
"""Rules of most words that have one. No rule before them takes any of their words, so they may be tried first: the pattern of all takes a while to make."""


@cache
def _word_pattern(*names: str) -> re.Pattern[str]:
    """Some of the rules, or any; which one, the empty group behind it tells: before it, it would hide how the rule begins, and each would be tried."""
    return re.compile("|".join(f"{_unnamed(rule)}(?P<{rule.name}>)" for rule in WORDS if not names or rule.name in names))


@cache
def _heads() -> frozenset[str]:
    """The letters that words of the rules begin with, where these are several; the others begin with any letter."""
    found = frozenset(head for rule in WORDS for head, _ in heads(rule.what) if len(head) > 1)
    if any("?" in head for head in found):
        raise AssertionError(found)  # such a rule takes words that begin with any letters
    return found


@cache
def _word_rule(name: str) -> tuple[WordRule, re.Pattern[str]]:
    """A rule and its own pattern, whose parts have their names; most are never needed."""
    return next((rule, re.compile(rule.regex())) for rule in WORDS if rule.name == name)


@cache
def _pieces(ascii_only: bool) -> Callable[[str, int], list[str]]:  # noqa: FBT001  a key
    rules = "|".join(f"(?:{_unnamed(rule)})" for rule in PIECES)
    if ascii_only:  # letters and digits by a table of their own are found in half the time
        rules = rules.replace(r"[^\W_]", "[A-Za-z0-9]").replace(r"[\W_]", "[^A-Za-z0-9]")
    return re.compile(rules).findall


def pieces(text: str, start: int = 0) -> list[str]:
    """A text cut by `PIECES`, or what of it stands from a place on, its case kept; joined, they are the text again."""
    return _pieces(text.isascii())(text, start)  # made when first asked for: most names are cut without it


AFTER_SIGN = frozenset((
    "bit", "bits", "of", "k", "kxxl", "kxl", "kxs", "ks", "km", "kl", "kss", "kt", "xxl", "xxs", "xl", "xs", "s", "m", "l", "nl", "bn", "billion",
    *(f"r{digit}" for digit in range(10)),
))  # fmt: skip
"""What goes on behind a hyphen or an underscore within a piece, but for digits: a piece that holds such a sign has a digit before it, or a q."""


def known_piece(text: str) -> Word | None:
    """The word that a lower-case piece is for having been cut as it was: a date, a shard, a separator."""
    if text.isalnum():
        return None  # as most pieces are: the others are known by what parts them
    if not text[0].isalnum():
        return Word("separator", text)
    if len(text) < _SHORTEST_DATE or not text[0].isdecimal():
        return None
    found = ((rule, pattern.fullmatch(text)) for rule, pattern in _known_pieces())
    return next((rule.means(text, match) for rule, match in found if match is not None), None)


def word(text: str) -> tuple[WordRule, re.Match[str]] | None:
    """The first rule of `WORDS` that the whole lower-case word obeys, and its match."""
    if text.isalpha():
        return None  # every rule wants a digit
    head = text[: len(text) - len(text.lstrip(LETTERS))]
    if len(head) > 1 and head not in _heads():
        return None  # as most words that begin with letters do: qwen2.5
    found = (None if head else _word_pattern(*COMMON).fullmatch(text)) or _word_pattern().fullmatch(text)
    if found is None or found.lastgroup is None:
        return None
    rule, pattern = _word_rule(found.lastgroup)
    match = pattern.fullmatch(text)
    return None if match is None else (rule, match)

"""Owns the rules by which names are read, and nothing else: three ordered tables, first match wins.

`REFERENCES` take a text apart into hub, owner, name, revision, tag and file; `PIECES` cut a name into
words and separators; `WORDS` say what a single word is. References and words match lower-case text. The same objects give
the regular expressions that run and the EBNF and diagrams of docs/grammar.md. What the vocabulary
lists (families, types, methods) is looked up before `WORDS`; what only the neighbours decide is in reading/.
"""

from __future__ import annotations

import re
from functools import cache

from modelcatalog import vocabulary
from modelcatalog.names.notation import Ahead, Alt, Behind, Cap, Chars, Fold, Lit, Named, Node, Not, Opt, Rep, Rule, Words, node

__all__ = ["PIECES", "WORDS", "extract", "form", "pieces", "reference", "references", "word"]


def _opt(*parts: Node | str) -> Opt:
    return Opt(node(parts))


def _alt(*options: Node | str) -> Alt:
    return Alt(tuple(node(option) for option in options))


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

_K_QUANT = _seq("q", _opt("_"), _1_TO_8, _opt(_DASH), "k", _opt(_opt(_DASH), _any("xxl", "xl", "xs", "s", "m", "l")))
_LEGACY_QUANT = _seq("q", _2_TO_8, "_", Chars("01", "digit 0 or 1"), Rep(_seq("_", _DIGIT), 0, 2))
_I_QUANT = _seq(
    "iq", _1_TO_8, _opt(_DASH),
    _any("xxs", "xs", "s", "m", "l", "nl", "k", "ks", "kt", "kss", "kl", "bn", "xl"), _opt("_r", _DIGIT),
)  # fmt: skip
_TERNARY_QUANT = _seq("tq", Chars("12", "digit 1 or 2"), "_0")
_SCHEME = Named("llama scheme", _alt(_K_QUANT, _LEGACY_QUANT, _I_QUANT, _TERNARY_QUANT))
_BITS_UNIT = Named("unit of bits", _any("bits", "bit"))

WORDS: tuple[Rule, ...] = (
    Rule("scheme", Cap("scheme_text", _SCHEME), "Q4_K_M", "A llama.cpp quantization: K-quant, I-quant, legacy or ternary."),
    Rule("plain_q", _seq("q", Cap("plain_q_bits", _2_TO_8)), "Q8", "A GGUF width without its variant."),
    Rule(
        "mlc_scheme",
        _seq("q", Cap("mlc_bits", Chars("0-8", "digit 0 to 8")), _any("f16", "f32", "bf16"), _opt("_", _DIGIT)),
        "q4f16_1",
        "MLC: bits of the weights, type of the activations, layout.",
    ),
    Rule(
        "weight_activation",
        _seq("w", Cap("w_bits", _NUMBER), "a", _NUMBER, _opt(_any("kv", "c"), _NUMBER), _opt("g", Cap("w_group", _NUMBER)), _opt("fp")),
        "W4A16",
        "Bits of weights and activations.",
    ),
    Rule("int_bits", _seq(_any("int", "i", "uint", "wint", "w"), Cap("int_n", _WIDTH)), "INT8", "Integer weights."),
    Rule("mlx_bits", _seq(_any("oq", "dwq"), Cap("mlx_n", _2_TO_8), _opt("e")), "oQ4", "MLX dialects: a method glued to its width."),
    Rule("mixed_bits", _seq(_any("int", "fp", "bf"), _alt("16", _WIDTH), "mix"), "Int8Mix", "The width of some layers beside the main one."),
    Rule("bits", _seq(Cap("bits_n", _DECIMAL), _opt(_DASH), _BITS_UNIT, _opt("gs", Cap("bits_group", _NUMBER))), "4bit", "Bits a weight; 16 and 32 are dtypes, no quantization."),
    Rule(
        "bits_per_weight",
        _alt(_seq(Cap("bpw_n", _DECIMAL), "bpw"), _seq("bpw", Cap("bpw_m", _DECIMAL))),
        "4.0bpw",
        "Average bits a weight (EXL2, EXL3).",
    ),
    Rule("head_bits", _seq("h", _opt("b"), Chars("3-8", "digit 3 to 8")), "h6", "Bits of the output layer (EXL2, EXL3)."),
    Rule(
        "group_size",
        _alt(_seq(Cap("group_n", _NUMBER), "g"), _seq(_any("gs", "g"), Cap("group_m", _NUMBER))),
        "128g",
        "Weights that share a scale.",
    ),
    Rule(
        "experts_of",
        _seq(Cap("mix_experts", _NUMBER), "x", Cap("mix_n", _DECIMAL), Cap("mix_unit", _any("b", "m"))),
        "8x7B",
        "So many experts of this size.",
    ),
    Rule(
        "size_times",
        _seq(Cap("times_n", _DECIMAL), Cap("times_unit", _any("b", "m")), "x", Cap("times_experts", _NUMBER)),
        "34Bx2",
        "The same, the other way round.",
    ),
    Rule("split_size", _seq(Cap("split_n", _DIGIT), "b", Cap("split_tenth", _DIGIT)), "7b1", "The unit as the point: 7.1B."),
    Rule("size", _seq(Cap("size_n", _DECIMAL), Cap("size_unit", _any("bn", "b", "m", "t", "mil"))), "7B", "Parameters."),
    Rule("lettered_size", _seq("r", Cap("rsize_n", _DECIMAL), "b"), "r7b", "A size glued to a line's letter (Command R7B)."),
    Rule("active_size", _seq("a", Cap("active_n", _DECIMAL), Cap("active_unit", _any("b", "m"))), "A3B", "Parameters used for one token."),
    Rule("effective_size", _seq("e", Cap("effective_n", _DECIMAL), "b"), "E4B", "Effective parameters (Gemma 3n)."),
    Rule("experts", _seq(Cap("experts_n", _NUMBER), "e"), "16E", "Number of experts, after a size."),
    Rule("context", _seq(Cap("context_n", _NUMBER), "k"), "128K", "Thousands of tokens; the neighbours tell steps from context."),
    Rule("version", _seq("v", _opt("er"), _opt("."), Cap("version_n", _DOTTED), Cap("version_tail", _opt(_LETTER))), "v0.1", "A version with its mark."),
    Rule("number", Cap("number_n", _DOTTED), "2.5", "A bare number: version, date or nothing, as the neighbours tell."),
    Rule("lettered", _seq(Cap("lettered_l", _LETTER), Cap("lettered_n", _DECIMAL)), "R1", "A version of a line: DeepSeek R1, Kimi K2."),
    Rule("suffixed", _seq(Cap("suffixed_n", _DECIMAL), Cap("suffixed_l", _LETTER)), "4o", "A version with a letter: GPT-4o, Gemma 3n."),
    Rule("release_candidate", _seq(_any("rc", "r", "rev"), _NUMBER), "rc1", "A candidate's number."),
)

# --- pieces: how a name is cut --------------------------------------------------------------------

_DATE = _alt(
    _seq(_YEAR, "-", _MONTH, "-", _DAY),
    _seq(_YEAR, "_", _MONTH, "_", _DAY),
    _seq(_YEAR, ".", _MONTH, ".", _DAY),
    _seq(_MONTH, "-", _YEAR),
    _seq("20", Chars("12", "digit 1 or 2"), _DIGIT, "-", _MONTH),
)
PIECES: tuple[Rule, ...] = (
    Rule("separator", Rep(Chars(r"\W_", "other character")), "-", "What stands between words: it begins with neither letter nor digit, so its place in the table is free; first is fastest."),
    Rule("letters", _seq(Rep(_LETTER, 2), _END), "Instruct", "Letters alone, as most words are: no rule below begins with two letters and no digit, so its place is free too."),
    Rule("date", _seq(Ahead(Chars("0-2", "digit 0 to 2")), _DATE, _END), "2024-08-06", "A full date, or month and year either way round."),
    Rule("scheme_piece", _seq(Ahead(_any("i", "q", "t", "I", "Q", "T")), Fold(_SCHEME), _END), "Q4_K_M", "A GGUF scheme keeps its underscores."),
    Rule(
        "shard",
        _seq(Rep(_DIGIT, 5, 5), Fold(Lit("-of-")), Rep(_DIGIT, 5, 5), _END),
        "00001-of-00003",
        "One file of a split checkpoint.",
    ),
    Rule("bit_width", _seq(_alt("16", _WIDTH), "-", Fold(_BITS_UNIT), _END), "4-bit", "A width keeps its hyphen."),
    Rule(
        "word",
        _seq(
            Rep(_ALNUM),
            Rep(
                _seq(
                    Behind(_DIGIT),
                    _alt(
                        _seq(".", Rep(_DIGIT)),
                        _seq(Behind(_seq("_", _DIGIT), there=False), Behind(_seq(_DIGIT, _DIGIT, _DIGIT), there=False), Behind(_seq(".", _DIGIT), there=False), _alt("___", "_"), _DIGIT, Not(_DIGIT)),
                    ),
                    Rep(_ALNUM, 0),
                ),
                0,
            ),
        ),
        "qwen2.5",
        "Letters and digits, with points between digits; an underscore between digits is a point.",
    ),
)

# --- references: how a text is taken apart --------------------------------------------------------

_CHAR = Chars(r"^\n", "character")
_PART = Named("part", Rep(Chars(r"^/\\:@?# ", "part character")))
_STEP_CHAR = Chars("^/", "step character")
_STEP = Named("step", Rep(_STEP_CHAR))
_PLAIN_STEP = Named("plain step", Rep(Chars("^/@", "plain step character")))
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
FILES = (".gguf", ".safetensors", ".bin", ".pt", ".pth", ".onnx", ".llamafile", ".mlpackage", ".tflite", ".task", ".json")
"""Suffixes of weight files, and of the files beside them."""
_QUERY = Named("query", _opt(_any("?", "#"), _REST))


@cache
def references() -> tuple[Rule, ...]:
    """The forms of a reference, in order; the last one takes every text."""
    hubs = vocabulary.hubs()
    address = _seq(_any("https", "http"), "://")
    view = _seq("/", _any("tree", "blob", "resolve", "raw", "blame", "commit", "commits", "file/view"), "/", Cap("revision", _REVISION), _opt("/", Cap("file", _FILE)))
    tail = _seq(_opt("/", _any("summary", "files", "tree", "discussions", "tags", "feedback", "quickstart")), Rep(Lit("/"), 0), _QUERY)
    scheme = _seq(Cap("scheme", Named("hub scheme", Words(tuple(hubs.schemes)))), ":", Rep(Lit("/"), 0), Ahead(Chars("^/", "step character")))
    route = Named("route", Words(tuple(hubs.routes)))
    no_route = Not(_seq(route, "/"))
    name = Cap("name", Rep(_STEP_CHAR, lazy=True))
    path = _seq(Cap("routes", Rep(_seq(Rep(_STEP_CHAR, 0), "/"), 0, lazy=True)), _opt(Cap("owner", _STEP), "/"), name)
    tag = _opt(":", Cap("tag", Rep(Chars("^/:", "tag character"), lazy=True)))
    at = _seq(Behind(Lit("/"), there=False), "@")
    return (
        Rule(
            "hub_url",
            _seq(
                _opt(address), Cap("host", Named("host of a hub", Words(tuple(hubs.hosts)))), "/", _opt(_any("models", "library"), "/"),
                _opt(Cap("owner", _PART), "/"), Cap("name", _PART), _opt(":", Cap("tag", _PART)), _opt("@", Cap("revision_at", _REVISION), _opt("/", Cap("file_at", _FILE))),
                _opt(view), tail,
            ),
            "https://huggingface.co/Qwen/Qwen2.5-7B-Instruct/tree/main",
            "A page of a hub; the scheme may be missing.",
        ),
        Rule(
            "huggingface_cache",
            _seq(
                Cap("path", Rep(_CHAR, 0, lazy=True)), "models--", _opt(Cap("owner", Rep(_FOLDER_CHAR, lazy=True)), "--"), Cap("name", _FOLDER),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", _FOLDER), _opt(_SLASH, Cap("file", Rep(_CHAR)))), Rep(_SLASH, 0),
            ),
            "~/.cache/huggingface/hub/models--Qwen--Qwen2.5-7B/snapshots/abc123/config.json",
            "A folder of the Hugging Face cache.",
        ),
        Rule(
            "modelscope_cache",
            _seq(
                Cap("path", _seq(Rep(_CHAR, 0, lazy=True), _alt(_SLASH, "."), "modelscope", _SLASH, _opt("hub", _SLASH), _opt("models", _SLASH))),
                Cap("owner", Rep(_FOLDER_CHAR, lazy=True)), _alt("--", _SLASH), Cap("name", _FOLDER),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", _FOLDER)), _opt(_SLASH, Cap("file", Rep(_CHAR))), Rep(_SLASH, 0),
            ),
            "~/.cache/modelscope/hub/models/Qwen/Qwen2___5-7B",
            "A folder of the ModelScope cache, old layout or new; three underscores stand for a point.",
        ),
        Rule(
            "other_url",
            _seq(address, Cap("path", _seq(_STEP, "/", Rep(_seq(_ADDRESS, "/"), 0, lazy=True))), _opt(Cap("name", _ADDRESS), Rep(Lit("/"), 0)), _QUERY),
            "https://example.org/files/Qwen2.5-7B-Q4_K_M.gguf",
            "A page of somebody else: only its last part is read.",
        ),
        Rule(
            "local_path",
            _seq(
                Cap(
                    "path",
                    _seq(
                        _alt(_seq(_LETTER, ":", _SLASH), _seq("~", Rep(_FOLDER_CHAR, 0), _SLASH), _seq(Rep(Lit("."), 1, 2), _SLASH), _SLASH, _seq(_FOLDER, "\\")),
                        Rep(_seq(Rep(_FOLDER_CHAR, 0), _SLASH), 0, lazy=True),
                    ),
                ),
                _opt(Cap("name", _FOLDER), Rep(_SLASH, 0)),
            ),
            "./models/SmolLM2-135M-Instruct.Q4_1.gguf",
            "A file or folder on disk, POSIX or Windows.",
        ),
        Rule(
            "file_in_repository",
            _seq(_opt(scheme), Cap("routes", Rep(_seq(_opt(route), "/"), 0)), no_route, Cap("owner", _PLAIN_STEP), "/", Cap("name", _PLAIN_STEP), "/",
                 Cap("file", _seq(Rep(_CHAR, lazy=True), Named("suffix of a file", Words(FILES)))), tag, _opt(at, Cap("revision", _alt(_REFS, _STEP)))),
            "Qwen/Qwen2.5-7B-Instruct-GGUF/qwen2.5-7b-instruct-q4_k_m.gguf",
            "A file, with the repository that it lies in before it.",
        ),
        Rule(
            "name_and_refs",
            _seq(_opt(scheme), path, tag, at, Cap("revision", _REFS), _opt(_alt(_seq("/", Cap("file", _REST)), _seq(":", Cap("tag_at", Rep(_CHAR)))))),
            "Qwen/Qwen2.5-7B-Instruct@refs/pr/3",
            "A pull request or a conversion, whose slashes are the revision's own.",
        ),
        Rule(
            "name_and_file",
            _seq(
                _alt(
                    _seq(scheme, Cap("routes", _opt("models/")), _opt(Cap("owner", _STEP), "/"), name),
                    _seq(Cap("routes_at", _opt("models/")), no_route, Cap("owner_at", _STEP), "/", Cap("name_at", Rep(_STEP_CHAR, lazy=True))),
                ),
                tag, at, Cap("revision", _STEP), "/", Cap("file", _REST),
            ),
            "Qwen/Qwen2.5-7B-Instruct@main/config.json",
            "A file behind a revision, as huggingface_hub writes it.",
        ),
        Rule(
            "name",
            _seq(_opt(scheme), path, Rep(Lit("/"), 0), tag, _opt(at, Cap("revision", _STEP))),
            "openrouter/qwen/qwen3-8b:free",
            "Everything else: routes, an owner, the name, a tag and a revision, of which only the name must be there.",
        ),
    )  # fmt: skip


def _group(rules: tuple[Rule, ...]) -> str:
    return "|".join(f"(?P<{rule.name}>{rule.regex()})" for rule in rules)


@cache
def _reference_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((rule.name, re.compile(rule.regex(), re.ASCII)) for rule in references())


def reference(text: str) -> re.Match[str]:
    """The first form of reference that the whole lower-case ``text`` has, which holds one printable character at least."""
    return next(found for _, pattern in _reference_patterns() if (found := pattern.fullmatch(text)) is not None)


def form(found: re.Match[str]) -> str:
    """The name of the rule that `reference` matched."""
    return next(name for name, pattern in _reference_patterns() if pattern is found.re)


@cache
def _piece_pattern() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{rule.regex()})" for rule in PIECES))


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(_group(WORDS).replace("(?P<n>", "(?:"))


def pieces(text: str) -> list[str]:
    """A text cut by `PIECES`, its case kept; joined, they are the text again."""
    return _piece_pattern().findall(text)


def word(text: str) -> tuple[str, re.Match[str]] | None:
    """The first rule of `WORDS` that the whole word obeys, and its match."""
    found = _word_pattern().fullmatch(text)
    return None if found is None or found.lastgroup is None else (found.lastgroup, found)


def extract(found: re.Match[str], *names: str) -> str | None:
    """The first of the named parts that the match has."""
    return next((value for name in names if (value := found[name]) is not None), None)

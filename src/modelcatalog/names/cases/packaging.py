"""Owns the cases of packaging: quantization, format, dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Dictionary
    from modelcatalog.names.reading import Reading
    from modelcatalog.names.roles import Method, Scheme, Share, Width, Word
    from modelcatalog.records import Dtype

__all__ = [
    "activations",
    "bits",
    "dtype",
    "format_word",
    "gguf_width",
    "group",
    "head_bits",
    "is_quarter",
    "is_short",
    "method",
    "mixed_scheme",
    "mlc_scheme",
    "named_scheme",
    "onnx_scheme",
    "other_width",
    "quarter",
    "scheme",
    "serving",
    "short_format",
    "taken",
]

_SHORT = 2
"""So short a word is a format only behind a width."""
_QUARTERS = 4
"""A year has no more."""
_LOOSE = ("auto-round", "compressed-tensors")
"""Methods that say how the weights were made or kept: one beside them says what they are."""
PLAIN = (None, "safetensors", "pytorch")
"""Formats that any method may have its weights in."""
OF_GGUF = ("gguf", "ggml", "llamafile")
_HEADED = ("exl2", "exl3")
"""Methods that keep the output layer in bits of its own."""


def taken(_: Reading, __: int, ___: Word) -> bool:
    """A word that says what it is, and nothing of the model."""
    return True


def serving(reading: Reading, _: int, word: Word) -> bool:
    """A word behind a name that says how it is served, and perhaps by whom."""
    if isinstance(word.value, str):
        reading.found.provider = word.value
    return True


def method(reading: Reading, _: int, word: Word) -> bool:
    said: Method = word.value
    found = reading.found
    if found.method is None or found.method in _LOOSE:
        found.method = said.name
        if found.bits is None:
            found.bits = said.bits
    found.method_format = found.method_format or said.format
    reading.recognised = True
    return True


# --- layouts: Q4_K_M, NF4, W4A16 ------------------------------------------------------------------


def scheme(reading: Reading, _: int, word: Word) -> bool:
    said: Scheme = word.value
    found = reading.found
    found.scheme, found.bits = said.name, said.bits
    found.method = found.method or "gguf"
    reading.recognised = True
    return True


def mixed_scheme(reading: Reading, _: int, word: Word) -> bool:
    said: Share = word.value
    found = reading.found
    if said.percent > found.share:
        found.scheme, found.bits, found.share = said.scheme.name, said.scheme.bits, said.percent
        found.method = found.method or "gguf"
    reading.recognised = True
    return True


def named_scheme(reading: Reading, _: int, word: Word) -> bool:
    said: Scheme = word.value
    found = reading.found
    found.scheme, found.bits = said.name, said.bits
    if found.method is None:
        found.method = said.method
        found.method_format = found.method_format or said.format
    return True


def _packaging(reading: Reading) -> str | None:
    """The file format that a word or the owner tells."""
    account = reading.account
    return reading.found.format or (None if account is None else account.format)


def is_quarter(word: Word, _: Dictionary) -> bool:
    width: int = word.value
    return width <= _QUARTERS


def quarter(reading: Reading, i: int, _: Word) -> bool:
    tape = reading.tape
    beside = (tape.prior, tape.after(i))
    return "gguf" not in reading.lower and any(k >= 0 and tape.words[k].role == "number" and _is_year(tape.words[k].text) for k in beside)


def _is_year(text: str) -> bool:
    return len(text) == len("2025") and text.isdecimal() and text[:3] in ("201", "202", "203")


def gguf_width(reading: Reading, _: int, word: Word) -> bool:
    found = reading.found
    if found.method not in (None, "gguf") or _packaging(reading) not in (None, "gguf"):
        return False
    if found.scheme is None:
        found.method, found.scheme, found.bits = "gguf", word.text.upper(), word.value
    reading.recognised = True
    return True


def other_width(reading: Reading, _: int, word: Word) -> bool:
    if reading.found.bits is None:
        reading.found.bits = word.value
    reading.recognised = True
    return True


def onnx_scheme(reading: Reading, _: int, word: Word) -> bool:
    said: Scheme = word.value
    found = reading.found
    if _packaging(reading) != "onnx":
        return False
    found.scheme, found.bits = said.name, said.bits
    found.method_format = found.method_format or "onnx"
    return True


def mlc_scheme(reading: Reading, _: int, word: Word) -> bool:
    said: Scheme = word.value
    found = reading.found
    found.scheme, found.bits = said.name, said.bits
    found.method = found.method or "mlc"
    found.method_format = found.method_format or "mlc"
    return True


def activations(reading: Reading, _: int, word: Word) -> bool:
    said: Scheme = word.value
    found = reading.found
    found.scheme, found.bits = said.name, said.bits
    found.group = found.group or said.group
    if _packaging(reading) in PLAIN:
        if "C" not in said.name and "AFP" not in said.name:  # W4A8C8 is Paddle's, W4AFP8 SGLang's, whose methods have no name
            found.method = found.method or "compressed-tensors"
        found.method_format = found.method_format or "safetensors"
    reading.recognised = True
    return True


# --- widths and groups: 4bit, 128g ----------------------------------------------------------------


def bits(reading: Reading, _: int, word: Word) -> bool:
    said: Width = word.value
    found = reading.found
    if found.bits is None or (found.method in ("awq", "auto-round") and found.scheme is None):
        found.bits = said.bits
    found.group = found.group or said.group
    reading.recognised = True
    return True


def group(reading: Reading, _: int, word: Word) -> bool:
    said: int = word.value
    found = reading.found
    if said not in reading.dictionary.numbers.groups or not (found.method or found.bits):
        return False
    found.group = found.group or said
    return True


def head_bits(reading: Reading, _: int, __: Word) -> bool:
    return reading.found.method in _HEADED or reading.found.bits is not None


# --- formats and dtypes ---------------------------------------------------------------------------


def dtype(reading: Reading, _: int, word: Word) -> bool:
    said: Dtype = word.value
    reading.found.dtype = reading.found.dtype or said
    reading.recognised = True
    return True


def is_short(word: Word, _: Dictionary) -> bool:
    return len(word.text) == _SHORT


def short_format(reading: Reading, _: int, word: Word) -> bool:
    tape, before = reading.tape, reading.tape.prior
    if _packaging(reading) == word.value:
        return False
    return before < 0 or tape.kinds[before] not in ("quantization", "dtype")


def format_word(reading: Reading, _: int, word: Word) -> bool:
    value: str = word.value
    found = reading.found
    found.format = found.format or value
    if found.scheme is not None and value not in PLAIN and value not in OF_GGUF:
        if found.method == "gguf" and "_" not in found.scheme:  # q4-mlx: a width of that format
            found.method = found.scheme = None
        elif found.method == "compressed-tensors" and found.method_format == "safetensors":  # w4a16-onnx
            found.method = found.method_format = None
    reading.recognised = True
    return True

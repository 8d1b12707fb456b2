"""Owns the rules for packaging: quantization, format, dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.names.cases.sizes import SizeRules

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Word

__all__ = ["PackagingRules"]
_SHORT = 2
"""So short a word is a format only behind a width."""


class PackagingRules(SizeRules):
    """Quantizations, formats and dtypes beside their neighbours."""

    __slots__ = ()

    def _on_method(self, i: int, word: Word) -> None:
        method, bits, file_format = word.value
        if self.method in (None, "auto-round", "compressed-tensors"):
            self.method = method
            if self.bits is None:
                self.bits = bits
        self.method_format = self.method_format or file_format
        self.recognised = True

    def _on_scheme(self, i: int, word: Word) -> None:
        scheme, bits = word.value
        self.scheme, self.bits = scheme, bits
        self.method = self.method or "gguf"
        self.recognised = True

    def _on_named_scheme(self, i: int, word: Word) -> None:
        self.scheme, self.bits, method = word.value
        if self.method is None:
            self.method = method
            self.method_format = self.method_format or ("gguf" if method == "gguf" else "safetensors")

    def _on_plain_q(self, i: int, word: Word) -> None:
        if self.method in (None, "gguf") and self._packaging() in (None, "gguf"):
            if self.scheme is None:
                self.method, self.scheme, self.bits = "gguf", word.text.upper(), word.value
        elif self.bits is None:
            self.bits = word.value
        self.recognised = True

    def _packaging(self) -> str | None:
        return self.format or (self.account.format if self.account else None)

    def _on_mlc_scheme(self, i: int, word: Word) -> None:
        self.scheme, self.bits = word.value
        if self._packaging() == "onnx":
            self.method_format = self.method_format or "onnx"  # which has a q4f16 of its own
            return
        self.method = self.method or "mlc"
        self.method_format = self.method_format or "mlc"

    def _on_weight_activation(self, i: int, word: Word) -> None:
        self.scheme, self.bits, group = word.value
        self.group = self.group or group
        if "C" not in self.scheme:  # W4A8C8 is Paddle's, whose method has no name
            self.method = self.method or "compressed-tensors"
        self.method_format = self.method_format or "safetensors"
        self.recognised = True

    def _on_bits(self, i: int, word: Word) -> None:
        bits, group = word.value
        if self.bits is None or (self.method in ("awq", "auto-round") and self.scheme is None):
            self.bits = bits
        self.group = self.group or group
        self.recognised = True

    def _on_group(self, i: int, word: Word) -> None:
        value = word.value
        if value in (16, 32, 64, 128, 256, 512, 1024) and (self.method or self.bits):
            self.group = self.group or value
            self.kinds[i] = "quantization"
        else:
            self.no_fact(i, word)

    def _on_head_bits(self, i: int, word: Word) -> None:
        if self.method not in ("exl2", "exl3") and self.bits is None:
            self.no_fact(i, word)

    def _on_dtype(self, i: int, word: Word) -> None:
        self.dtype = self.dtype or word.value
        self.recognised = True

    def _on_format(self, i: int, word: Word) -> None:
        before = self.before(i)
        if len(word.text) == _SHORT and (before < 0 or self.kinds[before] not in ("quantization", "dtype")) and self._packaging() != word.value:
            self.no_fact(i, word)  # int4-ov is OpenVINO, llava-onevision-7b-ov is not
            return
        self.format = self.format or str(word.value)
        self.recognised = True

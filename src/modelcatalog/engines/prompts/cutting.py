"""Owns that a tokenizer cuts texts as ``tokenizer.json`` says: classes of transformers put rules of their own in place of the file's. Loads no model.

Since its fifth release transformers builds a tokenizer of the class that ``tokenizer_config.json`` names, with that class's rules, and
takes only the vocabulary from the file. The file is what the model was trained with: where a class names another way of cutting, spaces
are lost (DeepSeek as a LlamaTokenizer) or words are cut otherwise, and nothing says so.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_stated", "read"]

_FILE = "tokenizer.json"
_PIECES = ("normalizer", "pre_tokenizer", "decoder")
_PROBES = (
    "I, 12345 + 6: don't? a b c", "f(n):\n    if_n<2:\n\t\treturn  # 100%", "eBay: NaOH, pH 7.5!!\r\n\r\n你好，世界。", "l'été à São… \U0001f600 IT'S x_1+y^2",
)  # fmt: skip
"""What classes cut differently: spaces, digits, lines, capitals, other scripts. No special token, and no blank in front, which the rules put there."""
_OPTIONS = ("add_prefix_space", "do_lower_case", "fix_mistral_regex", "strip_accents", "tokenize_chinese_chars")
"""Settings of ``tokenizer_config.json`` that are meant to change the file's rules."""
_SPECIAL_FILES = ("special_tokens_map.json", "tokenizer_config.json")
_FURTHER = ("additional_special_tokens", "extra_special_tokens")
_SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")
_LONGEST_HEAD = 1 << 22


def read(folder: str | Path, **given: Any) -> Any:
    """The tokenizer of a folder, which cuts texts as its file says.

    Args:
        folder: Where it lies.
        given: More for ``AutoTokenizer.from_pretrained``.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    place = Path(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **given)
    except (ImportError, KeyError, TypeError) as error:  # some releases then look for the file of another program, and want its package
        if plain := _written_out(place):
            return as_stated(AutoTokenizer.from_pretrained(folder, local_files_only=True, **plain, **given), place)
        # The class cannot be built of what the file holds.
        if isinstance(error, ImportError) or not (place / _FILE).is_file():
            raise
        return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    return as_stated(tokenizer, place)


def _written_out(folder: Path) -> dict[str, Any]:
    """The further special tokens as texts, where a file has them as objects: transformers 5 reads such as objects alone beside ``added_tokens_decoder``."""
    for file, name in product(_SPECIAL_FILES, _FURTHER):
        try:
            stated = json.loads((folder / file).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        tokens = stated.get(name) if isinstance(stated, dict) else None
        named = tokens if isinstance(tokens, dict) else dict(enumerate(tokens)) if isinstance(tokens, list) else {}
        texts = {key: text for key, one in named.items() if isinstance(text := one.get("content") if isinstance(one, dict) else one, str)}
        if texts and texts != named and len(texts) == len(named):
            return {name: texts if isinstance(tokens, dict) else [*texts.values()]}
    return {}


def as_stated(tokenizer: Any, folder: Path) -> Any:
    """A tokenizer, or in its place the one that ``tokenizer.json`` describes, where its class cuts texts in another way."""
    from transformers import PreTrainedTokenizerFast

    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or type(tokenizer) is PreTrainedTokenizerFast or (head := _head(folder / _FILE)) is None or _alike(head, backend):
        return tokenizer
    from tokenizers import Tokenizer

    stated = Tokenizer.from_file(str(folder / _FILE))
    wanted = _cut(stated, _PROBES)
    made = _cut(backend, _PROBES)
    if made == wanted or wanted is None or (_meant(folder) and made is not None and not _loses(backend, stated)):
        return tokenizer
    own = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    if _cut(own.backend_tokenizer, _PROBES) != wanted:
        return tokenizer
    for name in _SPECIAL:
        text = getattr(tokenizer, name, None)
        if getattr(own, name, None) is None and text is not None and text in own.get_vocab():
            setattr(own, name, text)
    return own


def _head(file: Path) -> dict[str, Any] | None:
    """What a file says before its vocabulary, which is most of it; None where that stands first."""
    try:
        with file.open(encoding="utf-8") as stream:
            text = stream.read(_LONGEST_HEAD)
    except (OSError, UnicodeDecodeError):
        return None
    before, found, _ = text.partition('"model":')
    try:
        head = json.loads(f"{before.rstrip().removesuffix(',')}}}") if found else None
    except ValueError:
        return None
    return head if isinstance(head, dict) and "pre_tokenizer" in head else None


def _alike(head: dict[str, Any], backend: Any) -> bool:
    """Whether a tokenizer has the very rules of the file."""
    for name in _PIECES:
        piece = getattr(backend, name)
        has = None if piece is None else json.loads(piece.__getstate__())
        if _plain(has) != _plain(head.get(name)):
            return False
    return True


def _plain(piece: Any) -> Any:
    """A rule without what changes no token."""
    if isinstance(piece, list):
        return [_plain(one) for one in piece]
    if not isinstance(piece, dict):
        return piece
    return {key: _plain(value) for key, value in piece.items() if key != "trim_offsets"}


def _cut(backend: Any, texts: Iterable[str]) -> list[list[int]] | None:
    """The tokens of texts; None where the rules have no token for some character, and none that stands for it."""
    try:
        return [backend.encode(text, add_special_tokens=False).ids for text in texts]
    except Exception:  # noqa: BLE001  tokenizers raises nothing narrower
        return None


def _loses(backend: Any, stated: Any) -> bool:
    """Whether a tokenizer loses of a text what the file's rules keep."""
    return any(_again(stated, text) == text != _again(backend, text) for text in _PROBES)


def _again(backend: Any, text: str) -> str:
    return str(backend.decode(backend.encode(text, add_special_tokens=False).ids, skip_special_tokens=False)).removeprefix(" ")


def _meant(folder: Path) -> bool:
    """Whether the settings beside the file are to change its rules."""
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(settings, dict) and any(settings.get(option) is not None for option in _OPTIONS)

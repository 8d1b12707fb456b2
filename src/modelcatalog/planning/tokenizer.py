"""Owns what a checkpoint's tokenizer takes: which packages read its files, and whether only code from the repository does.

Knows no hub. Tried on transformers 5.23: a SentencePiece model needs sentencepiece and protobuf, and without them the
error asks for tiktoken; where no file is there that the class reads, an empty tokenizer comes out, without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import CheckpointNotFound, NeedsRemoteCode, Unsupported
from modelcatalog.planning import installed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from modelcatalog.planning.facts import Facts

__all__ = ["check", "packages"]

_SENTENCEPIECE = ("sentencepiece", "protobuf")
_WHOLE = ("tokenizer.json",)
_PIECES = (".model", ".spm")
_GENERIC = frozenset({"PreTrainedTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend", "PythonBackend", "SentencePieceBackend"})
_WITHOUT_FILES = ("ByT5", "Canine", "Perceiver")
"""Tokenizers of bytes or characters, which need no file."""
_FILES = ("vocab", "merges", "spiece", "sentencepiece", "tekken", "bpe", "source", "target", "dict", "encoder.json", "special_tokens")
_NO_FILES = ("tokenizer_config.json", "special_tokens_map.json")


def packages(files: Collection[str], *, first: Mapping[str, bytes] | None = None) -> tuple[str, ...]:
    """The packages that reading the tokenizer takes beside transformers, by the files that there are.

    Args:
        files: The names of the files beside the weights.
        first: The first bytes of files that were looked into.

    >>> packages(["tokenizer.model", "config.json"]), packages(["tokenizer.json", "tokenizer.model"]), packages(["tekken.json"])
    (('sentencepiece', 'protobuf'), (), ('mistral-common',))
    """
    if any(name in files for name in _WHOLE) or {"vocab.json", "merges.txt"} <= set(files) or "vocab.txt" in files:
        return ()
    pieces = [name for name in files if name.endswith(_PIECES)]
    if "tiktoken.model" in pieces or any(name.endswith(".tiktoken") for name in files):
        return ("tiktoken",)
    if pieces:
        # Llama 3's own tokenizer.model is a list of words in base64, and no SentencePiece model.
        listed = all(_is_list((first or {}).get(name, b"")) for name in pieces)
        return ("tiktoken",) if listed else _SENTENCEPIECE
    return ("mistral-common",) if "tekken.json" in files else ()


def _is_list(first: bytes) -> bool:
    line = first.partition(b"\n")[0]
    word, _, number = line.partition(b" ")
    return bool(word) and number.strip().isdigit() and all(byte < 128 for byte in line)  # noqa: PLR2004  ASCII


def check(facts: Facts, config: Mapping[str, object], files: Collection[str], *, trusted: bool, subject: str) -> None:
    """Refuse a tokenizer that transformers cannot make of these files.

    Args:
        facts: What ``config.json`` says.
        config: ``tokenizer_config.json``; empty where it is not there or was not read.
        files: The names of the files beside the weights.
        trusted: Whether code from the repository may run.
        subject: The name, for messages.

    Raises:
        NeedsRemoteCode: if only code from the repository reads it.
        CheckpointNotFound: if there is no tokenizer at all.
        Unsupported: if nothing that is installed reads its files.
    """
    own = config.get("auto_map")
    code = isinstance(own, list | tuple) or (isinstance(own, dict) and own.get("AutoTokenizer") is not None)
    kind = config.get("tokenizer_class")
    kind = kind if isinstance(kind, str) else ""
    readable = any(name in files for name in (*_WHOLE, "vocab.json", "vocab.txt", "tekken.json")) or any(name.endswith(_PIECES) for name in files)
    if code and not trusted and (not readable or not _local(kind, facts)):
        message = f"the tokenizer of {subject} runs only with Python code from its repository"
        raise NeedsRemoteCode(message, subject=subject, hint="read that code, then pass trust_remote_code=True")
    if code or readable or facts.auto_classes or kind.startswith(_WITHOUT_FILES) or (facts.model_type or "").startswith(("byt5", "canine")):
        return
    tiktoken = next((name for name in files if name.endswith(".tiktoken")), None)
    if tiktoken is not None:
        message = f"transformers does not read {tiktoken}: {subject} was made for code of its own, which its tokenizer_config.json does not name"
        raise Unsupported(message, subject=subject, hint="look for a version of it with a tokenizer.json")
    others = [name for name in files if name not in _NO_FILES and (name.startswith(_FILES) or name.startswith("tokenizer"))]
    if not others:
        message = f"{subject} has no tokenizer: there is no tokenizer.json, no tokenizer.model and no vocabulary beside the weights"
        raise CheckpointNotFound(message, subject=subject, hint="fetch the whole checkpoint, or copy the tokenizer's files of its base model there")


def _local(kind: str, facts: Facts) -> bool:
    """Whether transformers has a tokenizer of its own for this, which it takes instead of the repository's code."""
    types = installed.tokenizers()
    if types is None or (facts.model_type or "") in types:
        return True
    return kind in _GENERIC or installed.names_tokenizer(kind.removesuffix("Fast"))

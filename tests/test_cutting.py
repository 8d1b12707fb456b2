"""Tests of tokenizers whose class would cut texts otherwise than their own file says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
import zoo
from modelcatalog.engines.prompts import cutting
from modelcatalog.engines.transformers import gguf_words, seam

if TYPE_CHECKING:
    from pathlib import Path

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

TEXT = "we need to add 12345 and 6, hello World's  x"


@pytest.fixture(scope="module")
def bytes_and_digits() -> Any:
    """A tokenizer of bytes, as DeepSeek's and Llama 3's are, that cuts numbers after three digits."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    digits = pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated")
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator([TEXT] * 9, trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"]))
    return made


@pytest.mark.parametrize("file", ["special_tokens_map.json", "tokenizer_config.json"])
def test_further_special_tokens_as_objects(file: str, tmp_path: Path) -> None:
    """As transformers wrote them before its fifth release, where nothing else says which tokens are special; a broken one is told by its files."""
    words = zoo.tokenizer()
    folder = zoo.write("llama", tmp_path / "x", few=True)
    stated = json.loads((folder / file).read_text(encoding="utf-8")) if (folder / file).is_file() else {}
    token = {"content": "<|im_start|>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    for further in ({"additional_special_tokens": [token]}, {"extra_special_tokens": {"image_token": token}}):
        (folder / file).write_text(json.dumps(stated | further), encoding="utf-8")
        made = cutting.read(folder)
        assert "<|im_start|>" in made.all_special_tokens
        assert made("<|im_start|>hi")["input_ids"] == words("<|im_start|>hi")["input_ids"]
    (folder / file).write_text(json.dumps(stated | {"additional_special_tokens": [7]}), encoding="utf-8")
    with pytest.raises((mc.Unsupported, mc.MissingPackage)) as caught:  # some releases then want another program's package
        mc.load(folder, engine="transformers", device="cpu")
    if isinstance(caught.value, mc.Unsupported):
        assert "the tokenizer of" in caught.value.message
        assert "special_tokens_map.json" in (caught.value.hint or "")


def place(folder: Path, made: Any, kind: str, **more: object) -> Path:
    """A folder with this tokenizer, said to be of a class."""
    (folder / "config.json").write_text('{"model_type": "llama"}')
    made.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": kind, "bos_token": "<s>", "eos_token": "</s>", "chat_template": "{{ messages }}"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | more))
    return folder


@pytest.mark.parametrize("kind", ["LlamaTokenizerFast", "LlamaTokenizer", "Qwen2Tokenizer", "CohereTokenizerFast", "T5TokenizerFast"])
def test_the_file_counts(kind: str, bytes_and_digits: Any, tmp_path: Path) -> None:
    """The file's rules hold, whatever the class would do: lose the spaces, cut numbers otherwise, or not be built at all."""
    read = cutting.read(place(tmp_path, bytes_and_digits, kind))
    assert read(TEXT, add_special_tokens=False)["input_ids"] == bytes_and_digits.encode(TEXT).ids
    assert read.decode(bytes_and_digits.encode(TEXT).ids, clean_up_tokenization_spaces=False) == TEXT
    assert (read.bos_token, read.eos_token, read.chat_template) == ("<s>", "</s>", "{{ messages }}")


def test_a_class_that_agrees_is_kept(tmp_path: Path) -> None:
    """A tokenizer that cuts as its file says stays as transformers made it."""
    made = transformers.GPT2Tokenizer(vocab={"<|endoftext|>": 0, "a": 1, "b": 2}, merges=[])
    made.save_pretrained(tmp_path)
    assert type(cutting.read(tmp_path)) is type(transformers.AutoTokenizer.from_pretrained(tmp_path))


def test_settings_that_change_the_rules(bytes_and_digits: Any, tmp_path: Path) -> None:
    """A setting that is meant to change how texts are cut is followed."""
    folder = place(tmp_path, bytes_and_digits, "Qwen2Tokenizer", add_prefix_space=False)
    kept, theirs = cutting.read(folder), transformers.AutoTokenizer.from_pretrained(folder)
    assert type(kept) is type(theirs)
    assert kept(TEXT)["input_ids"] == theirs(TEXT)["input_ids"]


def test_no_head(tmp_path: Path, bytes_and_digits: Any) -> None:
    """A file that does not begin with its rules tells nothing, and a broken one is transformers' own error."""
    folder = place(tmp_path, bytes_and_digits, "PreTrainedTokenizerFast")
    file = folder / "tokenizer.json"
    stated = json.loads(file.read_text())
    file.write_text(json.dumps({"model": stated.pop("model"), **stated}))
    assert cutting.read(folder)(TEXT, add_special_tokens=False)["input_ids"] == bytes_and_digits.encode(TEXT).ids
    file.write_text("{")
    with pytest.raises(Exception, match=r"(?i)EOF|line 1|JSON"):
        cutting.read(folder)


def test_of_a_gguf_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way of cutting that a GGUF file names and transformers lacks is that way where it is simple, and is said where it is not."""
    words = zoo.tokenizer()

    def pieces(text: str) -> list[str]:
        return [piece for piece, _ in words.backend_tokenizer.pre_tokenizer.pre_tokenize_str(text)]

    header = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm"}
    assert gguf_words.cut(words, header) is None
    assert pieces("in  2024") == ["in", "ĠĠ", "2", "0", "2", "4"]
    monkeypatch.setattr(seam, "ways_of_cutting", lambda: frozenset({"llama-bpe"}))
    for known in ("llama-bpe", "gpt-2", "default"):
        assert gguf_words.cut(words, {**header, "tokenizer.ggml.pre": known}) is None
    said = gguf_words.cut(words, {**header, "tokenizer.ggml.pre": "deepseek-llm"})
    assert said is not None
    assert "in the way 'deepseek-llm', which transformers does not know" in said
    assert gguf_words.cut(words, {**header, "tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "deepseek-llm"}) is None
    monkeypatch.setattr(seam, "ways_of_cutting", lambda: None)
    assert gguf_words.cut(words, {**header, "tokenizer.ggml.pre": "deepseek-llm"}) is None

"""Owns checkpoints that say what a test wants: real tokenizers, and a GPT-2 whose next token is decided by the position alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHATML", "PLAIN", "metaspace", "scripted", "tokenizer"]

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PLAIN = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"


def tokenizer(specials: tuple[str, ...] = ("<|endoftext|>", "<|im_start|>", "<|im_end|>"), eos: str = "<|im_end|>", template: Any = CHATML) -> Any:
    """One token a byte, and the special tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner: Any = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in specials])
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=eos)
    made.chat_template = template
    return made


def metaspace(template: str | None = None) -> Any:
    """Words that begin with a mark for the space before them, as SentencePiece writes them."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "▁The", "▁capital", "▁is", "▁Paris", "▁and", ".", "▁", "s"]
    inner: Any = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))  # noqa: S106  no password
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    inner.add_special_tokens([AddedToken("</s>", special=True, normalized=False)])
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="</s>", unk_token="<unk>")  # noqa: S106  no password
    made.chat_template = template
    return made


def scripted(folder: Path, words: Any, reply: str | list[int], start: int | str = "hi", *, end: str | None = None, positions: int = 192) -> Path:
    """Write a checkpoint that says ``reply`` and then full stops.

    Args:
        folder: Where.
        words: Its tokenizer.
        reply: What it says: a text, or tokens.
        start: How many tokens the prompt has, or the user's words that make it.
        end: The token that ``generation_config.json`` names as the end; None: the tokenizer's.
        positions: How many tokens it reads.
    """
    import torch
    from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

    ids = words(reply, add_special_tokens=False)["input_ids"] if isinstance(reply, str) else reply
    if isinstance(start, str):
        asked = words.apply_chat_template([{"role": "user", "content": start}], add_generation_prompt=True, return_dict=True)
        start = len(asked["input_ids"])
    config = GPT2Config(
        vocab_size=len(words), n_positions=positions, n_embd=positions, n_layer=1, n_head=2, tie_word_embeddings=False, bos_token_id=None, eos_token_id=None
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            weights.fill_(1.0 if "ln_" in name and name.endswith("weight") else 0.0)
        model.transformer.wpe.weight.copy_(torch.eye(positions) * 10)
        for at in range(positions):
            place = at - start + 1
            model.lm_head.weight[ids[place] if 0 <= place < len(ids) else words.convert_tokens_to_ids("."), at] = 10
    model.generation_config = GenerationConfig(eos_token_id=words.convert_tokens_to_ids(end or words.eos_token))
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder

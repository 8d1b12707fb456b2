"""Owns checkpoints that say what a test wants: real tokenizers, and a GPT-2 whose next token is decided by the position alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHATML", "PLAIN", "gguf_file", "metaspace", "scripted", "tokenizer"]

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
        vocab_size=len(words), n_positions=positions, n_embd=positions, n_inner=8, n_layer=1, n_head=2, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=None,
    )  # fmt: skip
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


BYTES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]


def gguf_file(
    folder: Path, chain: dict[str, str], words: list[str], template: str | None = None, *, special: tuple[str, ...] = (), eot: str = "",
    sampling: dict[str, float] | None = None,
) -> Path:  # fmt: skip
    """Write a GGUF file with a SentencePiece vocabulary, in which each token has one successor; after all others comes a full stop.

    Args:
        folder: Where.
        chain: Token -> the next one.
        words: The vocabulary behind the bytes; a full stop among them.
        template: The chat template.
        special: Words that are control tokens.
        eot: The token that the file names as the end of a turn, beside ``</s>``.
        sampling: How the file says to choose tokens.
    """
    import gguf
    import numpy as np

    width, tokens = 320, [*BYTES, *words]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tiny-F32.gguf"
    writer: Any = gguf.GGUFWriter(str(file), "llama")
    writer.add_block_count(1)
    writer.add_context_length(256)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(32)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 2)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(BYTES) + [-float(len(word) == 1) - 1 for word in words])
    writer.add_token_types([2, 3, 3, *[6] * 256, *(3 if word in special else 1 for word in words)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)  # noqa: FBT003  gguf's
    if template is not None:
        writer.add_chat_template(template)
    for name, value in (sampling or {}).items():
        (writer.add_int32 if isinstance(value, int) else writer.add_float32)(f"general.sampling.{name}", value)
    if eot:
        writer.add_eot_token_id(tokens.index(eot))
    nexts = np.zeros((len(tokens), width), np.float32)
    for at, token in enumerate(tokens):
        nexts[tokens.index(chain.get(token, ".")), at] = 1
    writer.add_tensor("token_embd.weight", np.eye(len(tokens), width, dtype=np.float32))
    writer.add_tensor("output.weight", nexts)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))
    square, wide = (width, width), (32, width)
    shapes = {"attn_q": square, "attn_k": square, "attn_v": square, "attn_output": square, "ffn_gate": wide, "ffn_up": wide, "ffn_down": (width, 32)}
    for name, shape in shapes.items():
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file

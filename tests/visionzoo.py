"""Owns tiny random checkpoints of models with vision: the model, its tokenizer and its processor. Knows no test.

As `zoo` does it: real classes of the installed transformers, with small sizes.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import zoo
from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["KINDS", "answered", "bare", "clip", "picture", "projector", "template", "write"]

TEXT: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "max_position_embeddings": 8192,
}  # fmt: skip
_EYE: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 14, "image_size": 56}
_QWEN = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


class Kind(NamedTuple):
    """A family."""

    specials: tuple[str, ...]
    marks: dict[str, str]
    """What its template writes for an image, or for a recording."""
    make: Callable[[Any, Callable[[str], int]], tuple[Any, Any]]
    """A configuration and a processor, of a tokenizer."""
    named: dict[str, str] | None = None
    """Special tokens that its processor asks the tokenizer for."""


def template(marks: dict[str, str]) -> str:
    """A chat template that writes these for parts of contents."""
    part = "{% if 'text' in p %}{{ p['text'] }}{% endif %}" + "".join(f"{{% if p['type'] == '{kind}' %}}{mark}{{% endif %}}" for kind, mark in marks.items())
    said = "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for p in m['content'] %}" + part + "{% endfor %}{% endif %}"
    turn = "{{ '<|im_start|>' + m['role'] + '\n' }}" + said + "{{ '<|im_end|>\n' }}"
    return "{% for m in messages %}" + turn + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"


def _qwen(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Qwen2_5_VLConfig, Qwen2VLImageProcessor

    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}
    text = {**TEXT, "vocab_size": len(words), "rope_parameters": rope}
    eye = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 64, "patch_size": 14, "fullatt_block_indexes": [1]}
    places = {"image_token_id": ids("<|image_pad|>"), "video_token_id": ids("<|video_pad|>")}
    places |= {"vision_start_token_id": ids("<|vision_start|>"), "vision_end_token_id": ids("<|vision_end|>")}
    return Qwen2_5_VLConfig(text_config=text, vision_config=eye, **places), Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=28 * 28 * 8)


def _hybrid(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Qwen2VLImageProcessor, Qwen3_5Config

    rope = {"rope_type": "default", "mrope_section": [1, 1, 0], "mrope_interleaved": True, "rope_theta": 1e4, "partial_rotary_factor": 0.25}
    small = {name: zoo.SMALL[name] for name in ("linear_key_head_dim", "linear_num_value_heads", "linear_num_key_heads")}
    text = {**TEXT, **small, "linear_value_head_dim": 16, "vocab_size": len(words), "layer_types": ["linear_attention", "full_attention"]}
    eye = {"depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 64, "patch_size": 14, "num_position_embeddings": 64}
    places = {"image_token_id": ids("<|image_pad|>"), "video_token_id": ids("<|video_pad|>")}
    places |= {"vision_start_token_id": ids("<|vision_start|>"), "vision_end_token_id": ids("<|vision_end|>")}
    config = Qwen3_5Config(text_config={**text, "rope_parameters": rope}, vision_config=eye, **places)
    return config, Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=28 * 28 * 8)


def _gemma(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Gemma3Config, Gemma3ImageProcessor, Gemma3Processor

    text = {**TEXT, "vocab_size": len(words), "sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"]}
    named = {"image_token_index": ids("<image_soft_token>"), "boi_token_index": ids("<start_of_image>"), "eoi_token_index": ids("<end_of_image>")}
    config = Gemma3Config(text_config=text, vision_config=_EYE, mm_tokens_per_image=4, **named)
    return config, Gemma3Processor(Gemma3ImageProcessor(size={"height": 56, "width": 56}), words, image_seq_length=4)


def _llava(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import CLIPImageProcessor, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaProcessor

    eye = CLIPVisionConfig(**_EYE, projection_dim=32)
    config = LlavaConfig(vision_config=eye, text_config=LlamaConfig(**TEXT, vocab_size=len(words)), image_token_index=ids("<image>"))
    seeing = CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    named = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return config, LlavaProcessor(seeing, words, image_token="<image>", **named)  # noqa: S106  no password


def _idefics(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Idefics3Config, Idefics3ImageProcessor, Idefics3Processor, LlamaConfig

    text = LlamaConfig(**TEXT, vocab_size=len(words))
    config = Idefics3Config(vision_config=_EYE, text_config=text, scale_factor=2, image_token_id=ids("<image>"))
    seeing = Idefics3ImageProcessor(size={"longest_edge": 112}, max_image_size={"longest_edge": 56})
    return config, Idefics3Processor(seeing, words, image_seq_len=4)


def _mistral(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Mistral3Config, MistralConfig, PixtralImageProcessor, PixtralVisionConfig

    eye = PixtralVisionConfig(**{**_EYE, "head_dim": 16})
    text = MistralConfig(**TEXT, vocab_size=len(words))
    config = Mistral3Config(vision_config=eye, text_config=text, image_token_index=ids("[IMG]"), spatial_merge_size=2)
    seeing = PixtralImageProcessor(size={"longest_edge": 56}, patch_size=14)
    if find_spec("torchvision") is None:
        return config, seeing  # which is enough to learn what is missing
    from transformers import PixtralProcessor

    return config, PixtralProcessor(seeing, words, patch_size=14, spatial_merge_size=2)


def _mllama(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import MllamaConfig, MllamaImageProcessor, MllamaProcessor

    words.bos_token = "<|endoftext|>"  # noqa: S105  no password
    words.chat_template = "{{ bos_token }}" + words.chat_template
    eye = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_global_layers": 1, "attention_heads": 2, "vision_output_dim": 64}
    shapes = {"image_size": 56, "patch_size": 14, "max_num_tiles": 2, "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]], "intermediate_layers_indices": [0]}
    text = {**TEXT, "vocab_size": len(words), "cross_attention_layers": [1], "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    config = MllamaConfig(vision_config={**eye, **shapes}, text_config=text, image_token_index=ids("<|image|>"))
    return config, MllamaProcessor(MllamaImageProcessor(size={"height": 56, "width": 56}, max_image_tiles=2), words)


def _blip(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Blip2Config, Blip2Processor, BlipImageProcessor

    eye = {**_EYE, "num_hidden_layers": 2}
    middle = {"hidden_size": 32, "encoder_hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 30}
    text = {**TEXT, "model_type": "llama", "vocab_size": len(words)}
    config = Blip2Config(vision_config=eye, qformer_config=middle, text_config=text, num_query_tokens=4, image_token_index=ids("<image>"))
    return config, Blip2Processor(BlipImageProcessor(size={"height": 56, "width": 56}), words, num_query_tokens=4)


_GEMMA = ("<start_of_image>", "<end_of_image>", "<image_soft_token>")
_EYES: dict[str, tuple[tuple[str, ...], str, Callable[[Any, Callable[[str], int]], tuple[Any, Any]]]] = {
    "qwen2_5_vl": (_QWEN, "<|vision_start|><|image_pad|><|vision_end|>", _qwen),
    "qwen3_5": (_QWEN, "<|vision_start|><|image_pad|><|vision_end|>", _hybrid),
    "gemma3": (_GEMMA, "<start_of_image>", _gemma),
    "llava": (("<image>",), "<image>", _llava),
    "idefics3": (("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"), "<image>", _idefics),
    "blip-2": (("<image>",), "<image>", _blip),
    "mllama": (("<|image|>",), "<|image|>", _mllama),
    "mistral3": (("[IMG]", "[IMG_BREAK]", "[IMG_END]"), "[IMG]", _mistral),
}
KINDS: dict[str, Kind] = {name: Kind(specials, {"image": mark}, make) for name, (specials, mark, make) in _EYES.items()}
KINDS["gemma3"] = KINDS["gemma3"]._replace(named=dict(zip(("boi_token", "eoi_token", "image_token"), _GEMMA, strict=True)))


def write(kind: str, folder: Path, *, kinds: dict[str, Kind] = KINDS) -> Path:
    """A checkpoint of random weights, with its tokenizer and its processor."""
    import torch
    from tokenizers import AddedToken
    from transformers import AutoModelForImageTextToText, AutoModelForMultimodalLM, PreTrainedTokenizerFast

    family = kinds[kind]
    words = zoo.tokenizer()
    words.add_tokens([AddedToken(word, special=True, normalized=False) for word in family.specials])
    if family.named is not None:
        words = PreTrainedTokenizerFast(tokenizer_object=words.backend_tokenizer, eos_token="<|im_end|>", extra_special_tokens=family.named)  # noqa: S106  no password
    words.chat_template = template(family.marks)
    words.pad_token = "<|endoftext|>"  # noqa: S105  no password
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config, processor = family.make(words, words.convert_tokens_to_ids)
        torch.manual_seed(0)
        auto: Any = AutoModelForImageTextToText if "image" in family.marks else AutoModelForMultimodalLM
        model = auto.from_config(config, dtype=torch.float32)
        zoo._spread(model)
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def clip(file: Path, kind: str, sense: str, *, sizes: dict[str, int], shapes: dict[str, tuple[int, ...]], spread: Callable[[str], float]) -> Path:
    """A projector of random weights, as llama.cpp reads it.

    Args:
        file: Where to.
        kind: What llama.cpp calls its form.
        sense: ``vision`` or ``audio``.
        sizes: Its keys.
        shapes: Its weights.
        spread: The standard deviation of one.
    """
    import numpy as np
    from gguf import GGUFWriter

    numbers = np.random.default_rng(0)
    writer = GGUFWriter(file, "clip")
    writer.add_string("general.type", "mmproj")
    writer.add_string("clip.projector_type", kind)
    for name in (f"has_{sense}_encoder", "use_gelu"):
        writer.add_bool(f"clip.{name}", val=True)
    for name, size in sizes.items():
        writer.add_uint32(f"clip.{sense}.{name}", size)
    writer.add_float32(f"clip.{sense}.attention.layer_norm_epsilon", 1e-5)
    for name in ("mean", "std") if sense == "vision" else ():
        writer.add_array(f"clip.vision.image_{name}", [0.5, 0.5, 0.5])
    for name, shape in shapes.items():
        writer.add_tensor(name, (numbers.standard_normal(shape) * spread(name)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@cache
def bare(folder: Path, auto: str) -> tuple[Any, Any]:
    """The model and the processor, by transformers alone; ``auto`` is the class that finds the model's."""
    import transformers

    processor = seam.processor(str(folder), transformers.AutoConfig.from_pretrained(folder))
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    return getattr(transformers, auto).from_pretrained(folder).eval(), processor


def answered(folder: Path, auto: str, messages: list[dict[str, Any]], count: int) -> str:
    """What transformers alone answers, in so many tokens at most."""
    model, processor = bare(folder, auto)
    # 5.3 takes no content that is a text here.
    messages = [{**one, "content": [{"type": "text", "text": one["content"]}]} if isinstance(one["content"], str) else one for one in messages]
    given = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt")
    ends = [processor.tokenizer.eos_token_id]
    made = model.generate(**given, do_sample=False, max_new_tokens=count, eos_token_id=ends, pad_token_id=ends[0])
    return str(processor.tokenizer.decode(made[0, given["input_ids"].shape[1] :], skip_special_tokens=True))


def projector(file: Path, hidden: int) -> Path:
    """A projector of random weights for llama.cpp, as LLaVA has them: a small CLIP, and two layers up to the model's width."""
    sizes = {"image_size": 56, "patch_size": 14, "embedding_length": 32, "feed_forward_length": 48, "block_count": 2, "attention.head_count": 2}
    block = {**dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_out"), (32, 32)), "ln1": (32,), "ln2": (32,), "ffn_up": (48, 32), "ffn_down": (32, 48)}
    blocks = {f"v.blk.{number}.{name}": shape for number in range(2) for name, shape in block.items()}
    pairs = {"v.pre_ln": (32,), "v.post_ln": (32,), **blocks, "mm.0": (hidden, 32), "mm.2": (hidden, hidden)}
    shapes = {"v.class_embd": (32,), "v.patch_embd.weight": (32, 3, 14, 14), "v.position_embd.weight": (17, 32)}
    shapes |= {f"{name}.{part}": shape if part == "weight" else shape[:1] for name, shape in pairs.items() for part in ("weight", "bias")}
    return clip(file, "mlp", "vision", sizes={**sizes, "projection_dim": hidden}, shapes=shapes, spread=lambda _: 0.1)


def picture(seed: int = 0, size: tuple[int, int] = (70, 50)) -> Any:
    """A picture of stripes, another one for each seed."""
    from PIL import Image

    image = Image.new("RGB", size)
    image.putdata([((x * (3 + seed)) % 256, (y * (5 + seed * 7)) % 256, (x * y + 40 * seed) % 256) for y in range(size[1]) for x in range(size[0])])
    return image

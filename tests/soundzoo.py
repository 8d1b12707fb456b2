"""Owns tiny random checkpoints of models that hear: the model, its tokenizer and its processor, and recordings. Knows no test.

As `zoo` and `visionzoo` do it: real classes of the installed transformers, with small sizes.
"""

from __future__ import annotations

import io
import math
import wave
from functools import partial
from typing import TYPE_CHECKING, Any

import visionzoo
from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["KINDS", "RATE", "SECONDS", "projector", "recording", "wav", "write"]

RATE = 16_000
SECONDS = 2
"""Of a window; Whisper's own are 30."""
_EAR: dict[str, Any] = {"encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 48, "d_model": 32}
_QWEN = ("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
_GEMMA = ("<|audio|>", "<|audio>", "<audio|>", "<|image|>", "<|image>", "<image|>")
_GEMMA_NAMES = ("audio_token", "boa_token", "eoa_token", "image_token", "boi_token", "eoi_token")


def _mel(bins: int) -> Any:
    """Whisper's, with shorter windows."""
    from transformers import WhisperFeatureExtractor

    return WhisperFeatureExtractor(feature_size=bins, chunk_length=SECONDS, n_fft=400, hop_length=160)


def _qwen(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Qwen2AudioConfig, Qwen2AudioProcessor

    ear = {**_EAR, "model_type": "qwen2_audio_encoder", "num_mel_bins": 16, "max_source_positions": SECONDS * 50}
    text = {**visionzoo.TEXT, "model_type": "qwen2", "vocab_size": len(words)}
    # Its own template counts the recordings.
    return Qwen2AudioConfig(audio_config=ear, text_config=text, audio_token_index=ids("<|AUDIO|>")), Qwen2AudioProcessor(_mel(16), words)


def _glm(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import GlmAsrConfig, GlmAsrProcessor

    ear = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "num_mel_bins": 16, "max_position_embeddings": 100}
    text = {**visionzoo.TEXT, "model_type": "llama", "vocab_size": len(words), "eos_token_id": ids("<|im_end|>")}
    config = GlmAsrConfig(audio_config=ear, text_config=text, audio_token_id=ids("<|pad|>"))
    return config, GlmAsrProcessor(_mel(16), words, audio_token="<|pad|>", chat_template=words.chat_template)  # noqa: S106  no password


def _gemma(words: Any, ids: Callable[[str], int]) -> tuple[Any, Any]:
    from transformers import Gemma4AudioFeatureExtractor, Gemma4Config, Gemma4ImageProcessorPil, Gemma4Processor

    layers = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 64, "global_head_dim": 32, "vocab_size_per_layer_input": len(words)}
    text = {**visionzoo.TEXT, **layers, "vocab_size": len(words), "hidden_size_per_layer_input": 16}
    eye = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
    ear = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "output_proj_dims": 32, "subsampling_conv_channels": [16, 8]}
    named = {name.replace("_token", "_token_id"): ids(word) for name, word in zip(_GEMMA_NAMES, _GEMMA, strict=True)}
    named["eoa_token_index"] = named.pop("eoa_token_id")
    config = Gemma4Config(text_config=text, vision_config={**eye, "patch_size": 4, "position_embedding_size": 64}, audio_config=ear, **named)
    kind = seam.blind_to_videos(Gemma4Processor)
    parts = Gemma4AudioFeatureExtractor(feature_size=16), Gemma4ImageProcessorPil(patch_size=4, max_soft_tokens=70), words
    made = kind(*parts, chat_template=words.chat_template)
    return config, made


KINDS: dict[str, visionzoo.Kind] = {
    "qwen2_audio": visionzoo.Kind(_QWEN, {"audio": "<|audio_bos|><|AUDIO|><|audio_eos|>"}, _qwen),
    "glmasr": visionzoo.Kind(("<|pad|>",), {"audio": "<|pad|>"}, _glm),
    "gemma4": visionzoo.Kind(_GEMMA, {"audio": "<|audio|>", "image": "<|image|>"}, _gemma, dict(zip(_GEMMA_NAMES, _GEMMA, strict=True))),
}

write = partial(visionzoo.write, kinds=KINDS)
"""A checkpoint of random weights, with its tokenizer and its processor: `visionzoo.write`."""


def recording(seed: int = 0, seconds: float = 0.5, rate: int = RATE) -> Any:
    """A tone that rises, another one for each seed, as whole numbers of 16 bits."""
    import numpy as np

    at = np.arange(int(seconds * rate)) / rate
    return (np.sin(2 * math.pi * (220 + 90 * seed) * at * (1 + at)) * 12_000).astype(np.int16)


def wav(samples: Any = None, rate: int = RATE, channels: int = 1) -> bytes:
    """A recording as the bytes of a file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((recording() if samples is None else samples).astype("<i2").tobytes())
    return out.getvalue()


def projector(file: Path, hidden: int) -> Path:
    """A projector of random weights for llama.cpp, as Qwen2-Audio has them: a small Whisper encoder, and one layer up to the model's width."""
    sizes = {"embedding_length": 32, "feed_forward_length": 48, "block_count": 2, "attention.head_count": 2, "num_mel_bins": 16, "projection_dim": hidden}
    block = {**dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_out"), (32, 32)), "ln1": (32,), "ln2": (32,), "ffn_up": (48, 32), "ffn_down": (32, 48)}
    blocks = {f"a.blk.{number}.{name}": shape for number in range(2) for name, shape in block.items()}
    pairs = {"a.post_ln": (32,), **blocks, "a.conv1d.1": (32, 16, 3), "a.conv1d.2": (32, 32, 3), "mm.a.fc": (hidden, 32)}
    shapes: dict[str, tuple[int, ...]] = {"a.position_embd.weight": (1500, 32)}
    for name, shape in pairs.items():
        shapes[f"{name}.weight"] = shape
        if not name.endswith("attn_k"):  # which Whisper has without
            shapes[f"{name}.bias"] = (shape[0], 1) if "conv" in name else shape[:1]
    # As loud as the words of a real model, which would else end its turn at once.
    return visionzoo.clip(file, "qwen2a", "audio", sizes=sizes, shapes=shapes, spread=lambda name: 0.03 if name.startswith("mm") else 0.1)

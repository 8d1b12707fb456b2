"""Owns the calls into llama.cpp's library: load, tokenize, compute, choose, keep and cut the KV cache. Knows no chat.

The C functions are used and not llama-cpp-python's ``Llama``: that one compiles the checkpoint's template in this process,
and keeps one prefix where conversations alternate.
"""

from __future__ import annotations

import ctypes
import re
import warnings
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.errors import EngineError, IntegrityError, ModelCatalogError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelcatalog.engines.guide import Guide
    from modelcatalog.engines.sampling import Settings

__all__ = ["Chooser", "Native", "Shape", "library", "quiet"]

_LAST_LINES = 20
_ERROR = 4
_OWN = re.compile(r"^(?:.*\berror loading model: )?")
_LOST = re.compile(r"missing tensor '([^']+)'|tensor '([^']+)' not found")
_RANDOM = 0xFFFFFFFF
"""llama.cpp's seed that means none."""
_loaded: list[Any] = []
_said: deque[str] = deque(maxlen=_LAST_LINES)


def library() -> Any:
    """The bindings, with the library's log kept off the screen; its last errors go into ours."""
    if not _loaded:
        from llama_cpp import llama_cpp as lib

        @lib.llama_log_callback  # type: ignore[untyped-decorator]
        def log(level: int, text: bytes, _: object) -> None:
            if level == _ERROR:
                _said.append(text.decode("utf-8", "replace").strip())

        lib.llama_log_set(log, ctypes.c_void_p(0))
        lib.llama_backend_init()
        # The library keeps only the address of the callback.
        _loaded.extend((lib, log))
    return _loaded[0]


def quiet() -> Any:
    """What keeps the library's log off the screen, for its other parts."""
    library()
    return _loaded[1]


class Shape(NamedTuple):
    """How a model is loaded."""

    context: int
    """Tokens of the context."""
    threads: int
    batch: int = 512
    gpu_layers: int = 0
    gpu: int | None = None
    """The one GPU to use; None spreads over all."""
    projector: str | None = None
    """The GGUF file of a projector, for images and sound."""
    adapter: str | None = None
    """The GGUF file of an adapter to put onto the model."""


class Native:
    """A model and one context of it.

    Args:
        path: The GGUF file; of several parts, the first.
        shape: How to load it.

    Raises:
        EngineError: the library refused the file, or memory ran out.
        Unsupported: the adapter does not fit the model.
    """

    def __init__(self, path: str, shape: Shape) -> None:
        lib = self._lib = library()
        _said.clear()
        self._model = self._context = None
        self.shape = shape
        how = lib.llama_model_default_params()
        how.n_gpu_layers = shape.gpu_layers
        # Without its repacked weights: the AMX kernels for them end the process on a virtual CPU that announces AMX in vain.
        how.use_extra_bufts = False
        if shape.gpu is not None:
            how.main_gpu, how.split_mode = shape.gpu, lib.LLAMA_SPLIT_MODE_NONE
        self._model = lib.llama_model_load_from_file(path.encode(), how)
        if not self._model:
            raise _unread(path)
        with_ = lib.llama_context_default_params()
        with_.n_ctx, with_.n_batch, with_.n_ubatch, with_.n_seq_max = shape.context, shape.batch, min(shape.batch, 512), 1
        with_.n_threads = with_.n_threads_batch = shape.threads
        self._context = lib.llama_init_from_model(self._model, with_)
        if not self._context:
            error = self._failed(f"cannot make a context of {shape.context:,} tokens")
            self.close()
            raise error
        if shape.adapter is not None:
            self._put_on(shape.adapter)
        self._vocabulary = lib.llama_model_get_vocab(self._model)
        self._memory = lib.llama_get_memory(self._context)
        spelled = lib.llama_vocab_type(self._vocabulary) == lib.LLAMA_VOCAB_TYPE_SPM
        self._hides_space = spelled and self._stated("tokenizer.ggml.add_space_prefix") != "false"

    def _put_on(self, path: str) -> None:
        """Have the context compute an adapter beside the weights; the library frees it with the model."""
        lib = self._lib
        adapter = lib.llama_adapter_lora_init(self._model, path.encode())
        if not adapter:
            said = _said[-1] if _said else ""
            self.close()
            message = f"llama.cpp cannot put the adapter onto this model{f': {said}' if said else ''}"
            raise Unsupported(message, subject=path, hint="put it onto a GGUF file of the model that it was trained on")
        lib.llama_set_adapters_lora(self._context, (lib.llama_adapter_lora_p_ctypes * 1)(adapter), 1, (ctypes.c_float * 1)(1.0))

    @property
    def model(self) -> Any:
        """The library's model."""
        return self._model

    @property
    def pointer(self) -> Any:
        """The library's context."""
        return self._context

    @property
    def context(self) -> int:
        """Tokens that the context holds, of those that were asked for: the library rounds them up."""
        return min(self.shape.context, int(self._lib.llama_n_ctx(self._context)))

    @property
    def batch(self) -> int:
        """Tokens that may be computed at once: no more than were asked for as the context, and with more the library ends the process."""
        return int(self._lib.llama_n_batch(self._context))

    def close(self) -> None:
        """Free the context and the model."""
        context, self._context = self._context, None
        model, self._model = self._model, None
        if context:
            self._lib.llama_free(context)
        if model:
            self._lib.llama_model_free(model)

    # Text and tokens ---------------------------------------------------------------------------

    def encode(self, text: str, add_special: bool) -> list[int]:  # noqa: FBT001  the shape of Tokens
        """The tokens of a text; special tokens that are written out in it are read as such, as transformers does."""
        data = text.encode()
        size = len(data) + 8
        for _ in range(2):
            tokens = (self._lib.llama_token * size)()
            count = self._lib.llama_tokenize(self._vocabulary, data, len(data), tokens, size, add_special, True)  # noqa: FBT003  C
            if count >= 0:
                return list(tokens[:count])
            size = -count
        error = self._failed("cannot tokenize the prompt")
        raise error

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, without special ones; without the space that SentencePiece puts before a text, as transformers has it."""
        text = b"".join(map(self._piece, ids)).decode("utf-8", "replace")
        return text.removeprefix(" ") if self._hides_space else text

    def token(self, text: str) -> int | None:
        """The one token that this text is."""
        ids = self.encode(text, False)  # noqa: FBT003  no special tokens
        return ids[0] if len(ids) == 1 else None

    def added(self, token: int) -> str | None:
        """The text of a control token, or of one that was added by users."""
        kinds = self._lib.LLAMA_TOKEN_ATTR_CONTROL | self._lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        if not self._lib.llama_vocab_get_attr(self._vocabulary, token) & kinds:
            return None
        return (self._lib.llama_vocab_get_text(self._vocabulary, token) or b"").decode("utf-8", "replace")

    def _piece(self, token: int) -> bytes:
        size = 64
        for _ in range(2):
            piece = ctypes.create_string_buffer(size)
            count = int(self._lib.llama_token_to_piece(self._vocabulary, token, piece, size, 0, False))  # noqa: FBT003  C
            if count >= 0:
                return piece.raw[:count]
            size = -count
        return b""

    def specials(self) -> dict[str, str]:
        """The special tokens that templates know by name."""
        lib, vocabulary = self._lib, self._vocabulary
        ids = {"bos_token": lib.llama_vocab_bos(vocabulary), "eos_token": lib.llama_vocab_eos(vocabulary), "pad_token": lib.llama_vocab_pad(vocabulary)}
        return {name: (lib.llama_vocab_get_text(vocabulary, token) or b"").decode("utf-8", "replace") for name, token in ids.items() if token >= 0}

    def guided(self) -> Any:
        """The vocabulary as llguidance reads it."""
        from llguidance.llamacpp import lltokenizer_from_vocab  # only replies with a constraint need it

        with warnings.catch_warnings():
            # It calls a function by its former name, once a token of the vocabulary.
            warnings.simplefilter("ignore", DeprecationWarning)
            return lltokenizer_from_vocab(self._vocabulary)

    def ends(self) -> frozenset[int]:
        """The tokens that end a reply."""
        count = self._lib.llama_vocab_n_tokens(self._vocabulary)
        return frozenset(token for token in range(count) if self._lib.llama_vocab_is_eog(self._vocabulary, token))

    # Computing ---------------------------------------------------------------------------------

    def read(self, ids: Sequence[int]) -> Iterator[int]:
        """Compute tokens after those in the cache; yields how many each step took."""
        most = self.batch
        for start in range(0, len(ids), most):
            piece = ids[start : start + most]
            tokens = (self._lib.llama_token * len(piece))(*piece)
            code = self._lib.llama_decode(self._context, self._lib.llama_batch_get_one(tokens, len(piece)))
            if code:
                error = self._failed(f"failed to compute, with code {code}")
                raise error
            yield len(piece)

    def cut(self, length: int) -> bool:
        """Keep the first tokens of the cache; False, and nothing kept, where the model's cache cannot be cut."""
        if length and self._lib.llama_memory_seq_rm(self._memory, 0, length, -1):
            return True
        self._lib.llama_memory_clear(self._memory, True)  # noqa: FBT003  C
        return not length

    def save(self) -> bytes:
        """The cache as bytes."""
        size = self._lib.llama_state_seq_get_size(self._context, 0)
        data = (ctypes.c_uint8 * size)()
        # A slice of the array would be a list of its numbers, and a cache has millions.
        return ctypes.string_at(data, self._lib.llama_state_seq_get_data(self._context, data, size, 0)) if size else b""

    def restore(self, state: bytes) -> bool:
        """Put a saved cache in place of this one; False, and an empty cache, if that fails."""
        self._lib.llama_memory_clear(self._memory, True)  # noqa: FBT003  C
        data = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(self._lib.llama_state_seq_set_data(self._context, data, len(state), 0))

    def chooser(self, how: Settings, seed: int | None, prompt: Sequence[int]) -> Chooser:
        """What chooses the tokens of one reply."""
        return Chooser(self._lib, self._context, how, seed, prompt)

    def _stated(self, key: str) -> str:
        """A value of the file's metadata as text; empty where there is none."""
        text = ctypes.create_string_buffer(64)
        count = self._lib.llama_model_meta_val_str(self._model, key.encode(), text, len(text))
        return text.value.decode("utf-8", "replace") if count >= 0 else ""

    def _failed(self, what: str) -> EngineError:
        said = _said[-1] if _said else ""
        return EngineError(f"llama.cpp {what}" + (f": {said}" if said else ""), subject="llama.cpp")


def _unread(path: str) -> ModelCatalogError:
    """Why the library refused a file: its first line says what is wrong, the others that something was."""
    said = _OWN.sub("", _said[0]) if _said else ""
    name = Path(path).name
    if (lost := _LOST.search(said)) is not None:
        message = f"{name} lacks a tensor that llama.cpp looks for: {lost[1] or lost[2]}"
        return IntegrityError(message, subject=name, hint="fetch it again, or another file of the same model; a conversion may have gone wrong")
    hint = "a newer llama-cpp-python may read it; else fetch it again, or take another file of the same model"
    return EngineError(f"llama.cpp cannot load {name}" + (f": {said}" if said else ""), subject=name, hint=hint)


class Chooser:
    """llama.cpp's samplers in the order of transformers' warpers."""

    def __init__(self, lib: Any, context: Any, how: Settings, seed: int | None, prompt: Sequence[int]) -> None:
        self._lib, self._context = lib, context
        chain = self._chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        greedy = not how.sample or how.temperature == 0
        parts = []
        if how.repetition_penalty != 1:
            words = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(lib.llama_get_model(context)))
            parts.append(lib.llama_sampler_init_penalties(words, lib.llama_n_ctx(context), how.repetition_penalty, 0.0, 0.0))
        if greedy:
            parts.append(lib.llama_sampler_init_greedy())
        else:
            parts.append(lib.llama_sampler_init_temp(how.temperature))
            parts += [lib.llama_sampler_init_top_k(how.top_k)] if how.top_k > 0 else []
            parts += [lib.llama_sampler_init_top_p(how.top_p, 1)] if how.top_p < 1 else []
            parts += [lib.llama_sampler_init_min_p(how.min_p, 1)] if how.min_p else []
            parts.append(lib.llama_sampler_init_dist(_RANDOM if seed is None else seed % _RANDOM))
        for part in parts:
            lib.llama_sampler_chain_add(chain, part)
        if how.repetition_penalty != 1:
            for token in prompt:
                if token >= 0:  # what stands for an image or a recording is none
                    lib.llama_sampler_accept(chain, token)

    def pick(self, guide: Guide | None = None) -> int:
        """The next token, by the scores of the last one computed; with a guide, of those that it allows."""
        if guide is not None:
            self._forbid(guide)
        token = self._sample()
        if guide is not None:
            guide.take(token)
        return token

    def _forbid(self, guide: Guide) -> None:
        """Make what the guide does not allow impossible, in llama.cpp's own scores."""
        import numpy as np

        count = int(self._lib.llama_vocab_n_tokens(self._lib.llama_model_get_vocab(self._lib.llama_get_model(self._context))))
        allowed = guide.allowed(count)
        if allowed is not None:
            np.ctypeslib.as_array(self._lib.llama_get_logits_ith(self._context, -1), (count,))[~allowed] = -np.inf

    def _sample(self) -> int:
        return int(self._lib.llama_sampler_sample(self._chain, self._context, -1))

    def close(self) -> None:
        """Free the samplers."""
        chain, self._chain = self._chain, None
        if chain:
            self._lib.llama_sampler_free(chain)

"""Owns images and sound for llama.cpp: the projector file beside a model, and a prompt with them as what the library computes. Knows no template."""

from __future__ import annotations

import ctypes
import secrets
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Image, taking
from modelcatalog.engines.llama_cpp.native import quiet
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.engines import Message
    from modelcatalog.engines.llama_cpp.native import Native
    from modelcatalog.engines.media import Medium

__all__ = ["Sensed", "Senses"]

_PLACE = -1
"""What stands among the tokens for one that is of an image or a recording."""


class Sensed:
    """A prompt with images or recordings, cut into texts and these; `close` frees it.

    Args:
        lib: The bindings.
        chunks: The library's own list of them.
    """

    def __init__(self, lib: Any, chunks: Any) -> None:
        self._lib, self.chunks = lib, chunks
        self.tokens = [_PLACE] * int(lib.mtmd_helper_get_n_tokens(chunks))
        """One for each token that the prompt takes."""

    def close(self) -> None:
        """Free it."""
        chunks, self.chunks = self.chunks, None
        if chunks:
            self._lib.mtmd_input_chunks_free(chunks)


class Senses:
    """A projector, which makes of images and recordings what the model reads.

    Args:
        file: The GGUF file of the projector (``mmproj``).
        native: The model that it belongs to.
        subject: The model's name, for messages.

    Raises:
        Unsupported: the installed llama-cpp-python came without its library for them, or the file belongs to another model.
    """

    def __init__(self, file: str, native: Native, subject: str) -> None:
        try:
            from llama_cpp import mtmd_cpp as lib
        except (ImportError, OSError, RuntimeError) as error:
            message = f"the installed llama-cpp-python was compiled without images and sound (libmtmd): {error}"
            raise Unsupported(message, subject=subject, hint="install it anew without -DLLAVA_BUILD=OFF, or leave images= and audio= out") from error
        self._lib, self._native, self._subject = lib, native, subject
        # Drawn for each load: what a user types is never taken for an image.
        self._mark = f"<__medium_{secrets.token_hex(8)}__>"
        for setter in ("mtmd_log_set", "mtmd_helper_log_set"):
            if hasattr(lib, setter):
                getattr(lib, setter)(quiet(), ctypes.c_void_p(0))
        how = lib.mtmd_context_params_default()
        how.use_gpu, how.print_timings, how.warmup, how.n_threads = native.shape.gpu_layers > 0, False, False, native.shape.threads
        how.media_marker = self._mark.encode()
        self._context = lib.mtmd_init_from_file(file.encode(), native.model, how)
        if not self._context or not (lib.mtmd_support_vision(self._context) or self._hears()):
            self.close()
            message = f"{file} cannot be used with {subject}: it is not a projector, or that of another model"
            raise Unsupported(message, subject=file, hint="take the mmproj file from the model's own repository")

    def written(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Messages with a mark where an image or a recording is, for a template that takes texts."""

        def text(message: Message) -> str:
            return "".join(part if isinstance(part, str) else self._mark for part in message.parts or ())

        return tuple(one if one.parts is None else one.model_copy(update={"parts": None, "content": text(one)}) for one in messages)

    def _hears(self) -> bool:
        hears = getattr(self._lib, "mtmd_support_audio", None)
        return hears is not None and bool(hears(self._context))

    def _check(self, shown: Sequence[Medium]) -> None:
        """Refuse what this projector does not take."""
        for one in shown:
            takes = self._lib.mtmd_support_vision(self._context) if isinstance(one, Image) else self._hears()
            if not takes:
                raise taking.refusal(type(one), "its projector", self._subject)
        taking.refuse_detail(shown, self._subject)

    def read(self, text: str, shown: Sequence[Medium]) -> Sensed:
        """A rendered prompt, and its images and recordings.

        Raises:
            Unsupported: one cannot be read, or the template left out or repeated one.
        """
        lib = self._lib
        self._check(shown)
        if text.count(self._mark) != len(shown):
            message = f"the template of {self._subject} has {text.count(self._mark)} places for {len(shown)} images and recordings"
            raise Unsupported(message, subject=self._subject, hint="give fewer, or pass chat_template= with one that repeats every content once")
        bitmaps, chunks = [], lib.mtmd_input_chunks_init()
        try:
            bitmaps = [self._image(one) if isinstance(one, Image) else self._sound(one) for one in shown]
            data = text.encode()
            given = lib.mtmd_input_text(text=data, text_len=len(data), add_special=False, parse_special=True)
            code = lib.mtmd_tokenize(self._context, chunks, ctypes.byref(given), (lib.mtmd_bitmap_p_ctypes * len(bitmaps))(*bitmaps), len(bitmaps))
        except BaseException:
            lib.mtmd_input_chunks_free(chunks)
            raise
        finally:
            for bitmap in bitmaps:
                lib.mtmd_bitmap_free(bitmap)
        sensed = Sensed(lib, chunks)
        if code:
            sensed.close()
            message = f"llama.cpp cannot read the images or recordings here, {len(shown)} in all, with code {code}"
            raise Unsupported(message, subject=self._subject, hint="give fewer or others")
        return sensed

    def compute(self, sensed: Sensed) -> None:
        """Have the model read a prompt, from an empty cache on.

        Raises:
            EngineError: it failed.
        """
        after = self._lib.llama_cpp.llama_pos(0)
        code = self._lib.mtmd_helper_eval_chunks(
            self._context, self._native.pointer, sensed.chunks, 0, 0, self._native.batch, True, ctypes.byref(after)  # noqa: FBT003  C
        )  # fmt: skip
        if code:
            message = f"llama.cpp failed to read the images or recordings, with code {code}"
            raise EngineError(message, subject=self._subject, hint="take a longer context_length=, or a smaller image, or a shorter recording")

    def close(self) -> None:
        """Free the projector."""
        context, self._context = self._context, None
        if context:
            self._lib.mtmd_free(context)

    def _image(self, image: Any) -> Any:
        pixels = image.opened()
        data = pixels.tobytes()
        return self._lib.mtmd_bitmap_init(pixels.width, pixels.height, (ctypes.c_uint8 * len(data)).from_buffer_copy(data))

    def _sound(self, sound: Any) -> Any:
        """The library reads WAV, MP3 and FLAC itself, and makes of them as many samples a second as the model hears."""
        data = sound.data
        made = self._lib.mtmd_helper_bitmap_init_from_buf(self._context, (ctypes.c_uint8 * len(data)).from_buffer_copy(data), len(data), False)  # noqa: FBT003  C
        if not made:
            message = f"llama.cpp cannot read a recording of {len(data):,} bytes in the format {sound.format}"
            raise Unsupported(message, subject=sound.format, hint="save it anew as WAV")
        return made

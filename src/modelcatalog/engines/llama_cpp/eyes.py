"""Owns images for llama.cpp: the projector file beside a model, and a prompt with images as what the library computes. Knows no template."""

from __future__ import annotations

import ctypes
import secrets
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.llama_cpp.native import quiet
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.engines import Image, Message
    from modelcatalog.engines.llama_cpp.native import Native

__all__ = ["Eyes", "Seen"]

_PLACE = -1
"""What stands among the tokens for one that is of an image."""


class Seen:
    """A prompt with images, cut into texts and images; `close` frees it.

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


class Eyes:
    """A projector, which makes of images what the model reads.

    Args:
        file: The GGUF file of the projector (``mmproj``).
        native: The model that it belongs to.
        subject: The model's name, for messages.

    Raises:
        Unsupported: the installed llama-cpp-python came without its library for images, or the file belongs to another model.
    """

    def __init__(self, file: str, native: Native, subject: str) -> None:
        try:
            from llama_cpp import mtmd_cpp as lib
        except (ImportError, OSError, RuntimeError) as error:
            message = f"the installed llama-cpp-python was compiled without images (libmtmd): {error}"
            raise Unsupported(message, subject=subject, hint="install it anew without -DLLAVA_BUILD=OFF, or leave images= out") from error
        self._lib, self._native, self._subject = lib, native, subject
        # Drawn for each load: what a user types is never taken for an image.
        self._mark = f"<__image_{secrets.token_hex(8)}__>"
        for setter in ("mtmd_log_set", "mtmd_helper_log_set"):
            if hasattr(lib, setter):
                getattr(lib, setter)(quiet(), ctypes.c_void_p(0))
        how = lib.mtmd_context_params_default()
        how.use_gpu, how.print_timings, how.warmup, how.n_threads = native.shape.gpu_layers > 0, False, False, native.shape.threads
        how.media_marker = self._mark.encode()
        self._context = lib.mtmd_init_from_file(file.encode(), native.model, how)
        if not self._context or not lib.mtmd_support_vision(self._context):
            self.close()
            message = f"{file} cannot be used with {subject}: it is not a projector of images, or that of another model"
            raise Unsupported(message, subject=file, hint="take the mmproj file from the model's own repository")

    def written(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Messages with a mark where an image is, for a template that takes texts."""

        def text(message: Message) -> str:
            return "".join(part if isinstance(part, str) else self._mark for part in message.parts or ())

        return tuple(one if one.parts is None else one.model_copy(update={"parts": None, "content": text(one)}) for one in messages)

    def read(self, text: str, shown: Sequence[Image]) -> Seen:
        """A rendered prompt and its images.

        Raises:
            Unsupported: an image cannot be read, or the template left out or repeated one.
        """
        lib = self._lib
        for image in shown:
            if image.detail not in {None, "auto"}:
                message = f"detail={image.detail!r} is for servers: {self._subject} has one way of looking at images"
                raise Unsupported(message, subject="detail", hint="leave it out, or make the image smaller")
        if text.count(self._mark) != len(shown):
            message = f"the template of {self._subject} has {text.count(self._mark)} places for {len(shown)} images"
            raise Unsupported(message, subject=self._subject, hint="give fewer images, or pass chat_template= with one that repeats every content once")
        bitmaps, chunks = [], lib.mtmd_input_chunks_init()
        try:
            bitmaps = [self._bitmap(image) for image in shown]
            data = text.encode()
            given = lib.mtmd_input_text(text=data, text_len=len(data), add_special=False, parse_special=True)
            code = lib.mtmd_tokenize(self._context, chunks, ctypes.byref(given), (lib.mtmd_bitmap_p_ctypes * len(bitmaps))(*bitmaps), len(bitmaps))
        except BaseException:
            lib.mtmd_input_chunks_free(chunks)
            raise
        finally:
            for bitmap in bitmaps:
                lib.mtmd_bitmap_free(bitmap)
        seen = Seen(lib, chunks)
        if code:
            seen.close()
            message = f"llama.cpp cannot read {len(shown)} image{'s' if len(shown) > 1 else ''} here, with code {code}"
            raise Unsupported(message, subject=self._subject, hint="give fewer or other images")
        return seen

    def compute(self, seen: Seen) -> None:
        """Have the model read a prompt, from an empty cache on.

        Raises:
            EngineError: it failed.
        """
        after = self._lib.llama_cpp.llama_pos(0)
        code = self._lib.mtmd_helper_eval_chunks(
            self._context, self._native.pointer, seen.chunks, 0, 0, self._native.shape.batch, True, ctypes.byref(after)  # noqa: FBT003  C
        )  # fmt: skip
        if code:
            message = f"llama.cpp failed to read the images, with code {code}"
            raise EngineError(message, subject=self._subject, hint="take a longer context_length=, or a smaller image")

    def close(self) -> None:
        """Free the projector."""
        context, self._context = self._context, None
        if context:
            self._lib.mtmd_free(context)

    def _bitmap(self, image: Image) -> Any:
        pixels = image.opened()
        data = pixels.tobytes()
        return self._lib.mtmd_bitmap_init(pixels.width, pixels.height, (ctypes.c_uint8 * len(data)).from_buffer_copy(data))

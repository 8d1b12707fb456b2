"""Owns keeping the screen clean while a library works: its warnings, notices and bars. Hides no exception."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["quiet"]

_LOCK = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers and its helpers for a while; errors still raise, and the settings come back.

    The notices are about choices that the plan has made and shows (data type, dequantization, padding),
    or about the libraries' own future.
    """
    transformers_logging, gguf_loader = seam.bars()
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loggers = [logging.getLogger(name) for name in ("transformers", "accelerate", "huggingface_hub", "torch")]
        levels = [logger.level for logger in loggers]
        bars = transformers_logging.is_progress_bar_enabled()
        tqdm = getattr(gguf_loader, "tqdm", None)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        transformers_logging.disable_progress_bar()
        if gguf_loader is not None:
            gguf_loader.tqdm = _plain
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
            if bars:
                transformers_logging.enable_progress_bar()
            if gguf_loader is not None:
                gguf_loader.tqdm = tqdm


def _plain(iterable: Any, **_: object) -> Any:
    return iterable

"""Owns reading a GGUF file's header once while transformers loads it. Knows nothing of what is in it.

transformers asks the package ``gguf`` for the same two things again and again: the parsed header (once each for the
configuration, the tokenizer's configuration and the weights), and the table of tensor names (once for each module of
the model). Both are functions of their arguments alone, so their results are remembered for the length of one load.
The reader also slices a memory map of numpy's, which makes an object of a slow class for each of a vocabulary's
hundred thousand entries; here it slices a plain array over the same bytes.

Where a version of transformers or of ``gguf`` does these things in another way, nothing is remembered and nothing breaks.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["parsed_once"]


@contextmanager
def parsed_once() -> Iterator[None]:
    """For a while, parse each GGUF file and make each table of tensor names only once."""
    if find_spec("gguf") is None:
        yield
        return
    import gguf

    package: Any = gguf
    kept = {name: getattr(package, name) for name in ("GGUFReader", "get_tensor_name_map") if hasattr(package, name)}
    if "GGUFReader" in kept:
        package.GGUFReader = _remembered(_plain(kept["GGUFReader"]))
    if "get_tensor_name_map" in kept:
        package.get_tensor_name_map = _remembered(kept["get_tensor_name_map"])
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(package, name, value)


def _plain(reader: Any) -> Any:
    """The reader, with a plain array where it would keep a memory map."""
    import numpy as np

    class Reader(reader):  # type: ignore[misc]  # the package is not typed
        @property
        def data(self) -> Any:
            return self._bytes

        @data.setter
        def data(self, mapped: Any) -> None:
            self._bytes = np.asarray(mapped)

    return Reader


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    results: dict[tuple[object, ...], Any] = {}

    def call(*args: Any, **options: Any) -> Any:
        key = (*args, *sorted(options.items()))
        if key not in results:
            results[key] = function(*args, **options)
        return results[key]

    return call

"""Owns the fast step of decoding one reply on a GPU: one token through the model as one CUDA graph. Knows no text.

In eager PyTorch a token of a small model costs hundreds of kernel launches, and at batch 1 the launches cost more than
the kernels. A CUDA graph launches them all at once, but it repeats exactly what it recorded: the same kernels on the
same addresses. So the step works on buffers of its own, of a fixed length: transformers' `StaticCache`, whose length is
a tensor, and one place each for the token and its scores. What a conversation has computed is copied in before its first
step and what the steps added is copied back by `StaticDecoder.settle`; everything else goes on with the cache it had.

Whatever does not fit (see `reason_against`), a capture that fails, and a graph whose first scores are not those of the
model itself leave the ordinary path, for good; `StaticDecoder.path` says which one runs.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.transformers import seam

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["StaticDecoder", "reason_against"]

_STEP = 1024
"""Tokens by which the buffers are made longer: each new length is captured anew."""
_WASTE = 4
"""How many times longer than needed the buffers may stay: masked places are read with every token all the same."""
_NEAR = 0.1
"""How far the graph's first scores may be from the model's own, as a part of their spread; rounding makes a hundredth."""


def reason_against(model: Any) -> str | None:
    """Why a model cannot be stepped on static buffers, wherever it is; None where it can.

    Args:
        model: A causal language model of transformers.
    """
    kind = type(model)
    places = getattr(model, "hf_device_map", None) or {"": str(model.device)}
    quantizer = getattr(model, "hf_quantizer", None)
    if not kind.__module__.startswith("transformers.") or not seam.captures(model):
        return f"{kind.__name__} takes decisions while it runs"
    if model.config.is_encoder_decoder or seam.own_state(model):
        return f"{kind.__name__} keeps a state beside its cache"
    if (turns := seam.turning(model)) is not None and turns.grows:
        return f"{kind.__name__} turns positions by the length of the text"
    if len({str(place) for place in places.values()}) > 1:
        return "the model is spread over several devices"
    if quantizer is not None and not getattr(quantizer, "is_compileable", False):
        return "its quantized weights run in kernels that cannot be captured"
    return "transformers has no static cache for all its layers" if seam.static_cache(model.config, 1) is None else None


def _cuda_graph(run: Callable[[], Any], device: Any) -> Callable[[], Any]:
    """Record what ``run`` does on a GPU; the result repeats it and gives the tensor that ``run`` gave."""
    import torch

    with torch.cuda.device(device):
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            # Libraries choose kernels and allocate workspaces at their first call, which cannot be recorded.
            for _ in range(2):
                run()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile; only this one's mistakes are to count.
        with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
            scores = run()

    def replay() -> Any:
        graph.replay()
        return scores

    return replay


class StaticDecoder:
    """Makes the scores of the next token, for one conversation at a time. Not for several threads at once.

    Args:
        model: The model.
        capture: Makes a repeatable step of a function without arguments; by default a CUDA graph, on a GPU only.
    """

    def __init__(self, model: Any, *, capture: Callable[[Callable[[], Any], Any], Callable[[], Any]] | None = None) -> None:
        self._model = model
        self._forward: seam.Forward | None = seam.Forward(model)
        self._capture = capture or _cuda_graph
        self._why = reason_against(model)
        if self._why is None and capture is None and model.device.type != "cuda":
            self._why = "the model is not on a CUDA GPU"
        self._static: Any = None
        self._ids: Any = None
        self._replay: Callable[[], Any] | None = None
        self._checked = False
        self._cache: Any = None
        self._length = 0

    @property
    def path(self) -> str:
        """Which path runs: ``cuda graph``, or ``ordinary`` with the reason."""
        return "cuda graph" if self._why is None else f"ordinary: {self._why}"

    def step(self, cache: Any, token: int, *, room: int) -> Any:
        """Compute one token more.

        Args:
            cache: The conversation's `DynamicCache` of one row, without padding; it is not touched until `settle`.
            token: The last token of the conversation, which the cache does not hold yet.
            room: Tokens that the conversation is going to have, to choose the buffers' length by.

        Returns:
            The scores of the next token, of shape (1, vocabulary), valid until the next call; None where the ordinary
            path is to be taken, after `settle`.
        """
        import torch

        if self._why is not None:
            return None
        with torch.inference_mode():
            if cache is not self._cache or self._length >= self._capacity:
                self.settle()
                if not self._begin(cache, room):
                    return None
            self._ids.fill_(token)
            scores = self._replay()  # type: ignore[misc]  # there is one when `_begin` was right
            self._length += 1
            return scores if self._checked else self._check(scores)

    def settle(self) -> None:
        """Give the conversation's cache what the steps added; a must before anything else uses that cache."""
        import torch

        if self._cache is None:
            return
        cache, self._cache = self._cache, None
        start = int(cache.get_seq_length())
        if start == self._length:
            return
        with torch.inference_mode():
            for layer, static in zip(cache.layers, self._static.layers, strict=True):
                # A copy: the buffers are the next conversation's.
                keys, values = (part[:, :, start : self._length].clone() for part in (static.keys, static.values))
                layer.update(keys, values)

    def close(self) -> None:
        """Give back what the steps added, and let go of the model, the buffers and the graph."""
        self.settle()
        self._give_up("the model was closed")
        self._model = self._forward = None

    # The buffers -----------------------------------------------------------------------------

    @property
    def _capacity(self) -> int:
        return int(self._static.layers[0].max_cache_len) if self._static is not None else 0

    def _begin(self, cache: Any, room: int) -> bool:
        """Copy a conversation into the buffers, which are made or made anew where their length is wrong."""
        length = int(cache.get_seq_length())
        if length == 0 or any(layer.is_sliding or layer.keys.shape[0] != 1 for layer in cache.layers):
            return False
        need = max(room, length + 1)
        if not need <= self._capacity <= max(_WASTE * need, _WASTE * _STEP):
            try:
                self._make(cache, -(-need // _STEP) * _STEP)
            except Exception as error:  # noqa: BLE001  whatever a driver or a kernel raises: there is another way
                said = (str(error).strip() or type(error).__name__).partition("\n")[0]
                self._give_up(f"its step could not be captured ({said})")
                return False
        for layer, filled in zip(self._static.layers, cache.layers, strict=True):
            layer.keys[:, :, :length].copy_(filled.keys)
            layer.values[:, :, :length].copy_(filled.values)
            layer.cumulative_length.fill_(length)
        self._cache, self._length = cache, length
        return True

    def _make(self, cache: Any, capacity: int) -> None:
        import torch

        model, forward = self._model, self._forward
        self._replay = self._static = None  # the old ones first: there may not be room for both
        static: Any = seam.static_cache(model.config, capacity)
        for layer, filled in zip(static.layers, cache.layers, strict=True):
            layer.lazy_initialization(filled.keys, filled.values)
        ids = torch.zeros((1, 1), dtype=torch.long, device=model.device)

        def run() -> Any:
            return forward(ids, static)  # type: ignore[misc]  # there is one until the model is closed

        with _attention_that_masks(model), seam.decodes(model)():
            replay = self._capture(run, model.device)
        self._static, self._ids, self._replay, self._checked = static, ids, replay, False

    def _check(self, scores: Any) -> Any:
        """Once for each capture: the model's own scores for the same token, and whether the graph's are like them."""
        import torch

        own = self._forward(self._ids, self._cache)  # type: ignore[misc]  # as in `_make`
        spread = own.float() - own.float().mean()
        apart = torch.linalg.vector_norm(scores.float() - own.float()) / torch.linalg.vector_norm(spread)
        self._checked = bool(apart < _NEAR)
        if not self._checked:
            self._give_up(f"its captured step gave other scores ({float(apart):.2g} apart)")
        return own

    def _give_up(self, why: str) -> None:
        self._why = why
        self._cache = self._static = self._replay = self._ids = None


@contextmanager
def _attention_that_masks(model: Any) -> Iterator[None]:
    """For a while, an attention that takes a mask over the whole buffer: packages of flash attention take a length."""
    name = seam.attention_of(model)
    if name in {"sdpa", "eager"}:
        yield
        return
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(name)

"""Owns the loop that makes tokens with a transformers model: rows that share a KV cache. Knows no text and no thread.

It is `generate` without what a conversation does not need: no streamer, no copies of the prompt, no stopping criteria.
A model that wants more than tokens, positions and a cache is left to `generate` itself (see `reason_against`).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.sampling import NoChoiceError, Sampler, Settings, Trace
from modelcatalog.engines.transformers import kvcache, seam
from modelcatalog.engines.transformers.quiet import quiet

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from modelcatalog.engines.transformers.graphs import StaticDecoder
    from modelcatalog.engines.transformers.seam import Forward

__all__ = ["Row", "Rows", "reason_against"]

_CHUNK = 4096
_CPU_CHUNK = 1024
"""Tokens of prompt that are read at a time: bounds the memory of a long one, and the time until it can be stopped. All parts but
the first are slower, since their attention needs a mask."""

_SHARED = 8
"""Tokens that prompts read together must begin with alike to have them read once: it costs a pass more."""

_KNOWN = {
    "bos_token_id", "cache_implementation", "do_sample", "eos_token_id", "max_length", "max_new_tokens", "max_time", "min_p",
    "output_attentions", "output_hidden_states", "output_logits", "output_scores", "num_return_sequences",
    "pad_token_id", "repetition_penalty", "return_dict_in_generate", "stop_strings",
    "temperature", "top_k", "top_p", "transformers_version", "use_cache",
}  # fmt: skip
"""What a ``generation_config.json`` may ask for here; the rest is left to `generate`."""


def reason_against(model: Any, forgets: str | None) -> str | None:  # noqa: PLR0911  a ladder of reasons
    """Why this loop cannot run a model as `generate` would; None where it can.

    Args:
        model: A model of transformers.
        forgets: Why its cache cannot be kept, if it cannot: `kvcache.reason_against` says so.
    """
    kind, config, forward = type(model).__name__, model.config, seam.Forward(model)
    if not type(model).__module__.startswith("transformers."):
        return f"{kind} is code from the checkpoint's repository"
    if config.is_encoder_decoder:
        return f"{kind} has an encoder"
    if config.get_text_config() is not config:
        return f"{kind} is a language model inside a larger one"
    if seam.own_way_of_preparing(model):
        return f"{kind} prepares its inputs in a way of its own"
    if forward.cache_word is None or not (forward.masked and forward.placed and forward.last_only):
        return f"the forward pass of {kind} takes no cache, mask, positions or choice of scores by name"
    if more := seam.asked_of_generate(model) - _KNOWN:
        return f"generation_config.json asks for {', '.join(sorted(more))}"
    return forgets


class Row:
    """One reply in the making.

    Args:
        ids: The prompt's tokens; what is made is added to them.
        limit: Most tokens to make.
        seed: For sampling.
    """

    def __init__(self, ids: Sequence[int], limit: int, seed: int | None = None) -> None:
        self.ids = list(ids)
        self.inputs: dict[str, Any] = {}
        """What the model reads beside the tokens: pixels, and where they stand."""
        self.prompt = len(self.ids)
        self.limit = limit
        self.trace = Trace(ids, seed)

    @property
    def made(self) -> int:
        """How many tokens were made."""
        return len(self.ids) - self.prompt

    @property
    def room(self) -> int:
        """How many tokens the cache may come to hold of it."""
        return self.prompt + self.limit


class Rows:
    """Replies that are made together, a token of each at a time.

    Args:
        forward: The forward pass of a model that nothing is said against.
        how: How tokens are chosen.
        lock: Held for each forward pass: some models keep state in it.
        cache: What was computed before for the first tokens of the one row that will be added.
    """

    def __init__(self, forward: Forward, how: Settings, lock: threading.Lock, cache: Any = None) -> None:
        self.rows: list[Row] = []
        self.cache = cache
        self._forward = forward
        self._around = seam.decodes(forward.model)
        self._sampler = Sampler(how)
        self._lock = lock
        self._mask: Any = None

    @property
    def width(self) -> int:
        """Places of the cache that each row takes, padding included."""
        return int(self.cache.get_seq_length()) if self.cache is not None else 0

    def read(self, row: Row) -> Iterator[None]:
        """Read the prompt of the only row, and make its first token; returns between parts of a long prompt."""
        if self.cache is None:
            self.cache = kvcache.new(self._forward.model.config)
        start, chunk = self.width, _CPU_CHUNK if self._forward.model.device.type == "cpu" else _CHUNK
        if (turns := self._forward.turning) is not None:
            chunk = row.prompt if row.prompt > turns.limit else chunk  # parts would each have the angles of their own length
            if turns.grows:
                with self._lock:
                    seam.unturn(self._forward.model)
        kvcache.expect(self.cache, row.prompt)
        while True:
            part = row.ids[start : start + chunk]
            with quiet():
                scores = self._pass([part], self.cache)
            start += len(part)
            if start == row.prompt:
                break
            yield
        self.rows = [row]
        self._choose(scores, self.rows)

    def add(self, rows: Sequence[Row]) -> None:
        """Read what these rows hold, all at once, and make a token of each beside those that are here."""
        import torch

        if self.rows and not kvcache.joinable(self.cache):
            message = "rows can be added to layers of full attention only"
            raise ValueError(message)
        longest = max(len(row.ids) for row in rows)
        missing = [longest - len(row.ids) for row in rows]
        mask = torch.ones((len(rows), longest), dtype=torch.long, device=self._forward.model.device)
        for at, empty in enumerate(missing):
            mask[at, :empty] = 0
        cache = kvcache.new(self._forward.model.config)
        with quiet():
            if (same := _common([row.ids for row in rows])) >= _SHARED and kvcache.joinable(cache):
                scores = self._read_shared(rows, same, missing, cache)
            else:
                scores = self._pass([[0] * empty + row.ids for empty, row in zip(missing, rows, strict=True)], cache, mask)
        if self.rows:
            with torch.inference_mode():
                kvcache.joined(self.cache, cache)
            self._mask = _stacked(self._mask, mask)
        else:
            self.cache, self._mask = cache, mask
        self.rows += rows
        self._choose(scores, rows)

    def _read_shared(self, rows: Sequence[Row], same: int, missing: Sequence[int], cache: Any) -> Any:
        """Read the beginning that all rows have in common once, and the rest of each; the padding ends up on the left."""
        import torch

        self._pass([rows[0].ids[:same]], cache)
        with torch.inference_mode():
            kvcache.repeat(cache, len(rows))
        # What was read lies before the padding for now, for it is there already.
        rest = [[0] * empty + row.ids[same:] for empty, row in zip(missing, rows, strict=True)]
        mask = torch.ones((len(rows), same + len(rest[0])), dtype=torch.long, device=self._forward.model.device)
        for at, empty in enumerate(missing):
            mask[at, same : same + empty] = 0
        scores = self._pass(rest, cache, mask)
        with torch.inference_mode():
            kvcache.swap(cache, same, missing)
        return scores

    def step(self, fast: StaticDecoder | None = None) -> None:
        """Make a token of each row; with ``fast``, of a row alone in one graph where that goes, to be settled afterwards."""
        if fast is not None and self._mask is None and len(self.rows) == 1:
            with self._lock:
                scores = fast.step(self.cache, self.rows[0].ids[-1], room=self.rows[0].room)
                if scores is None:
                    fast.settle()
            if scores is not None:
                self._choose(scores, self.rows)
                return
        last = [[row.ids[-1]] for row in self.rows]
        if self._mask is not None:
            import torch

            self._mask = torch.cat([self._mask, self._mask.new_ones((len(last), 1))], dim=-1)
        self._choose(self._pass(last, self.cache, self._mask), self.rows)

    def drop(self, gone: Sequence[Row]) -> None:
        """Forget rows, and the padding that only they needed."""
        import torch

        left = [at for at, row in enumerate(self.rows) if row not in gone]
        self.rows = [self.rows[at] for at in left]
        if not left:
            self.cache = self._mask = None
            return
        with torch.inference_mode():
            kvcache.select(self.cache, torch.tensor(left, device=self._forward.model.device))
            self._mask = self._mask[left]
            empty = self.width - max(len(row.ids) - 1 for row in self.rows)
            if empty and kvcache.joinable(self.cache):
                kvcache.trim(self.cache, empty)
                self._mask = self._mask[:, empty:]

    def _pass(self, ids: list[list[int]], cache: Any, mask: Any = None) -> Any:
        import torch

        places = None if mask is None else (mask.cumsum(-1) - 1).clamp(min=0)[:, -len(ids[0]) :]
        around = self._around() if len(ids[0]) == 1 else nullcontext()
        with self._lock, torch.inference_mode(), around:
            return self._forward(torch.tensor(ids, device=self._forward.model.device), cache, mask, places)

    def _choose(self, scores: Any, rows: Sequence[Row]) -> None:
        import torch

        try:
            with torch.inference_mode():
                tokens = self._sampler.pick(scores, [row.trace for row in rows])
        except NoChoiceError:
            self.cache = None  # what is not a number in it would spoil the next reply too
            raise
        for row, token in zip(rows, tokens, strict=True):
            row.ids.append(token)


def _common(lists: Sequence[list[int]]) -> int:
    """How many tokens several prompts begin with alike; each keeps one at least of its own. None for a prompt alone."""
    if len(lists) < 2:  # noqa: PLR2004
        return 0
    shortest, longest = min(lists), max(lists)  # in the order of tokens: what these two share, all do
    most = min(map(len, lists)) - 1
    return next((at for at in range(most) if shortest[at] != longest[at]), most)


def _stacked(one: Any, other: Any) -> Any:
    """Two masks as one; the narrower is padded on the left."""
    import torch
    from torch.nn.functional import pad

    width = max(one.shape[1], other.shape[1])
    return torch.cat([pad(part, (width - part.shape[1], 0)) for part in (one, other)])

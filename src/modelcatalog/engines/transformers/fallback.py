"""Owns generating with transformers' own `generate`, in a thread, token by token: for models that our loop does not drive."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from modelcatalog.engines.transformers.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from modelcatalog.engines.sampling import Settings
    from modelcatalog.engines.transformers.loop import Row

__all__ = ["tokens"]


def tokens(model: Any, row: Row, how: Settings, ends: Sequence[int], cache: Any = None) -> Generator[int]:
    """The tokens of a reply as they come; closing the iterator ends the generation one token later.

    A thread of its own lets Ctrl-C reach a caller who waits.

    Args:
        model: Any model with `generate`.
        row: The prompt; it is left as it is.
        how: How tokens are chosen.
        ends: Tokens that end the reply.
        cache: What was computed for the beginning of the prompt.
    """
    made: queue.Queue[int | BaseException | None] = queue.Queue()
    stop = threading.Event()
    given = _words(how) | {"max_new_tokens": row.limit}
    if ends:
        given |= {"eos_token_id": list(ends), "pad_token_id": ends[0]}
    if cache is not None:
        given["past_key_values"] = cache
    work = (model, list(row.ids), given)
    worker = threading.Thread(target=_generate, args=(*work, row.trace.seed, (made, stop)), name="modelcatalog-generate")
    worker.daemon = True
    worker.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        worker.join()


def _words(how: Settings) -> dict[str, Any]:
    """Our settings in the words of `generate`, with nothing left for it to warn about."""
    given = {"repetition_penalty": how.repetition_penalty}
    if how.sample and how.temperature > 0:
        return given | {"do_sample": True, "temperature": how.temperature, "top_k": how.top_k, "top_p": how.top_p, "min_p": how.min_p}
    # Greedy decoding ignores what a checkpoint says of sampling, and says so each time.
    return given | {"do_sample": False, "temperature": 1.0, "top_k": 50, "top_p": 1.0, "min_p": None}


def _generate(
    model: Any,
    ids: list[int],
    given: dict[str, Any],
    seed: int | None,
    ways: tuple[queue.Queue[int | BaseException | None], threading.Event],
) -> None:
    import torch  # noqa: PLC0415

    made, stop = ways

    def stopped(input_ids: Any, _scores: Any, **_: object) -> Any:
        return torch.full((input_ids.shape[0],), stop.is_set(), dtype=torch.bool, device=input_ids.device)

    try:
        prompt = torch.tensor([ids], device=model.device)
        with quiet(), torch.inference_mode(), torch.random.fork_rng(enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                streamer=_Streamer(made),
                stopping_criteria=[stopped],
                **given,
            )
    except BaseException as error:  # noqa: BLE001  raised again in the thread that asked
        made.put(error)
    else:
        made.put(None)


class _Streamer:
    """Hands tokens on as `generate` makes them; the first call brings the prompt."""

    def __init__(self, made: queue.Queue[int | BaseException | None]) -> None:
        self._made = made
        self._prompt = True

    def put(self, value: Any) -> None:
        if self._prompt:
            self._prompt = False
            return
        for token in value.reshape(-1).tolist():
            self._made.put(int(token))

    def end(self) -> None:
        """Nothing: the thread reports its own end."""

"""Owns asking many prompts, together or some at a time, with the replies in their order. Knows streams and events."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from modelcatalog.chat.reply import Draft, Reply
from modelcatalog.engines import Finished
from modelcatalog.errors import ModelCatalogError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from modelcatalog.chat.calls import Offer
    from modelcatalog.chat.reply import Stream
    from modelcatalog.engines import Event

__all__ = ["in_order", "replies"]

_Prompt = TypeVar("_Prompt")


def replies(ask: Callable[[_Prompt], Stream], prompts: Iterable[_Prompt], parallel: int, cancel: threading.Event) -> Iterator[Reply]:
    """A reply for each prompt; one that fails keeps its place, with its error.

    Args:
        ask: Begins a reply.
        prompts: Taken as they are needed: no more than ``parallel`` are ahead of the replies that were handed out.
        parallel: How many are asked at a time. One means that all happens in the caller's thread.
        cancel: Ends all; no further prompt is taken.
    """
    if parallel == 1:
        for prompt in prompts:
            if cancel.is_set():
                return
            yield _reply(ask, prompt, set())
        return
    running: set[Stream] = set()
    waiting: deque[Future[Reply]] = deque()
    pool = ThreadPoolExecutor(parallel, "modelcatalog-batch")
    try:
        for prompt in prompts:
            if cancel.is_set():
                break
            waiting.append(pool.submit(_reply, ask, prompt, running))
            if len(waiting) == parallel:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for stream in tuple(running):
            stream.cancel()


def in_order(events: Iterable[tuple[int, Event | ModelCatalogError]], asked: Mapping[int, Offer], plain: Offer) -> Iterator[Reply]:
    """The replies that an engine makes together, each as soon as those before it are complete.

    Args:
        events: What the engine says of each.
        asked: What each must be, by its place.
        plain: What the others must be.
    """
    drafts: dict[int, Draft] = {}
    done: dict[int, Reply] = {}
    turn = 0
    for index, event in events:
        draft = drafts.setdefault(index, Draft(asked.get(index, plain)))
        if isinstance(event, ModelCatalogError):
            done[index] = draft.reply(event)
        else:
            draft.push(event)
            if not isinstance(event, Finished):
                continue
            done[index] = _checked(draft)
        del drafts[index]
        while turn in done:
            yield done.pop(turn)
            turn += 1


def _checked(draft: Draft) -> Reply:
    try:
        draft.check()
    except ModelCatalogError as error:
        return draft.reply(error)
    return draft.reply()


def _reply(ask: Callable[[_Prompt], Stream], prompt: _Prompt, running: set[Stream]) -> Reply:
    stream: Stream | None = None
    try:
        stream = ask(prompt)
        running.add(stream)
        try:
            return stream.reply
        finally:
            running.discard(stream)
    except ModelCatalogError as error:
        return stream.reply if stream is not None else Reply(finish_reason="error", error=error)

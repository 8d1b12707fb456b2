"""Owns what a Modelfile puts where the caller says nothing: how to generate, and what stands before a conversation. Knows no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.stores.modelfile import Modelfile

__all__ = ["generation", "opened", "opening"]

_SAMPLING = ("temperature", "top_k", "top_p", "min_p", "seed")


def generation(said: Modelfile | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a reply: what the caller gives, and where that is nothing what the Modelfile says.

    A caller's ``do_sample=False``, or a temperature of 0, leaves nothing of how the Modelfile samples.
    """
    asked = {key: value for key, value in given.items() if value is not None}
    if said is None or not said.generation:
        return asked
    more = {key: value for key, value in said.generation.items() if key not in asked}
    greedy = asked.get("do_sample") is False or asked.get("temperature") == 0
    contradicts = asked.get("do_sample") is True and more.get("temperature") == 0
    more = {key: value for key, value in more.items() if not (greedy and key in _SAMPLING) and not (contradicts and key == "temperature")}
    return {**more, **asked}


def opening(said: Modelfile | None) -> tuple[Message, ...]:
    """What stands before a conversation: the system prompt, and turns that show how to answer."""
    if said is None:
        return ()
    turns = tuple(Message(role=role, content=content) for role, content in said.messages)  # type: ignore[arg-type]  # checked when they were read
    system = () if said.system is None or (turns and turns[0].role == "system") else (Message(role="system", content=said.system),)
    return (*system, *turns)


def opened(said: Modelfile | None, messages: Sequence[Message]) -> tuple[Message, ...]:
    """Messages with what stands before them; those that begin with a system prompt have their own in place of the Modelfile's."""
    before = opening(said)
    if before and messages and messages[0].role == "system":
        return (messages[0], *(one for one in before if one.role != "system"), *messages[1:])
    return (*before, *messages)

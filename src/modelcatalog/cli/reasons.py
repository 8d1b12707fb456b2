"""Owns why each word of a name is what it is: the case that decided it, in the reader's language. Knows no case."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import names
from modelcatalog.show.labels import CHINESE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.show.labels import Labels

__all__ = ["Reason", "told"]


class Reason(NamedTuple):
    """One word of a name."""

    text: str
    label: str
    """What it is."""
    case: str
    why: str


def told(source: str, say: Labels) -> Iterator[Reason]:
    """The words of a name that a case decided, from left to right.

    >>> from modelcatalog.show.labels import ENGLISH
    >>> [reason.case for reason in told("llama-161M-100B", ENGLISH)]
    ['first_family', 'first_size', 'second_size']
    """
    for segment, case in names.decided(source):
        if case is not None:
            yield Reason(segment.text, say.kinds.get(segment.kind, "") or segment.kind, case.name, case.zh if say is CHINESE else case.about)

"""Owns what a reference is in pieces, and what the words of a piece tell: whether it names a family, or a model at all. Knows no form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from modelcatalog.names import grammar
from modelcatalog.names.native import mypyc_attr
from modelcatalog.names.roles import FamilyWord
from modelcatalog.names.words import alone, cut, names_family, readings

if TYPE_CHECKING:
    from modelcatalog.names.dictionary import Account
    from modelcatalog.names.roles import Role
    from modelcatalog.records import Hub, SegmentKind

    RegionKind = SegmentKind | Literal["name", "tag", "file"]

__all__ = ["Parts", "begins_with_family", "first_family", "names_model", "names_size", "roles_in"]


@mypyc_attr(acyclic=True, free_list_len=1)
class Parts:
    """A reference in pieces. ``regions`` cover the text from left to right: kind, start, end.

    The kinds ``name``, ``tag`` and ``file`` are still to be read, word by word; the others are segment kinds.
    """

    __slots__ = ("account", "file", "hub", "name", "owner", "provider", "regions", "revision", "slash", "tag")

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.provider: str | None = None
        self.owner: str | None = None
        self.name: str | None = None
        self.revision: str | None = None
        self.tag: str | None = None
        self.file: str | None = None
        self.regions: list[tuple[RegionKind, int, int]] = []
        self.slash = -1
        """Where there are no regions, as in most texts: the place of the slash in ``owner/name``; -1: a bare name."""
        self.account: Account | None = None
        """There, the owner, where it is known."""

    def put(self, kind: RegionKind, start: int, end: int) -> None:
        """Note one region; empty ones are left out."""
        if start < end:
            self.regions.append((kind, start, end))


def begins_with_family(text: str) -> bool:
    """Whether a name begins with a family, perhaps behind one word more: ``open-mixtral``."""
    pieces = [piece for piece in grammar.pieces(text) if piece[0].isalnum()]
    return any(names_family(piece) for piece in pieces[:2])


def roles_in(text: str) -> set[Role]:
    """What its words are, each by itself."""
    return {word.role for word in cut(text, readings())[0]}


def names_model(text: str) -> bool:
    """Whether a step of a path has a family or a size in it."""
    return not roles_in(text).isdisjoint(("family", "size", "mixture"))


def names_size(text: str) -> bool:
    """Whether it has a family and a size in it."""
    roles = roles_in(text)
    return "family" in roles and not roles.isdisjoint(("size", "mixture"))


def first_family(text: str) -> str | None:
    """The family that a name begins with."""
    value = alone(readings()[grammar.pieces(text)[0]])[0].value
    return value.name if isinstance(value, FamilyWord) else None

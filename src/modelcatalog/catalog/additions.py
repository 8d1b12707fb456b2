"""Owns whether a user's own files stand apart from the package's data, so that its tables need not be made anew for them. Makes no table.

Most files bring a company of their own, whose words are in no name that the package lists: then no such name is read otherwise than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelcatalog import columns, keeping, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.entries import CompanyFile

__all__ = ["apart", "shipped"]

_JOINTS = b"-_./ "
"""What may stand between the words of a name, and is left out where they are looked for."""
_SHORT = 3
"""Bytes; a shorter word would be found inside of others."""


@vocabulary.derived
def apart() -> tuple[CompanyFile, ...]:
    """The user's files where they are of new companies, with words of their own; empty: there are none, or they touch what is there."""
    files = vocabulary.users()
    sources = vocabulary.shipped() if files else None
    if sources is None:
        return ()
    merged = {file.name: file for file in vocabulary.companies()}
    if any(merged.get(file.name) != file or any(family.tiers for family in file.family) for file in files):
        return ()
    listed = keeping.texts("listing", "index", sources=sources)
    return () if listed is None or _stands_in(listed, files) else files


def shipped(name: str) -> Any:
    """A table of the package's own data, of plain values; None where it is not kept."""
    sources = vocabulary.shipped()
    packed = None if sources is None else keeping.read(name, sources)
    return None if packed is None else columns.unpack(packed, ())


def _stands_in(listed: bytes, files: tuple[CompanyFile, ...]) -> bool:
    """Whether a word of the files stands in a name that the package lists, or may."""
    text = listed.lower().translate(None, _JOINTS)
    return any(len(word) < _SHORT or word in text for file in files for word in map(str.encode, _words(file)))


def _words(file: CompanyFile) -> Iterator[str]:
    """All that reading takes from a file, without what stands between words."""
    said = [file.name, *file.aliases, *file.accounts.huggingface, *file.accounts.modelscope, *file.accounts.api, *([file.zh] if file.zh else [])]
    for family in file.family:
        said += [family.name, *family.aliases, *family.spellings, *(text for text, _ in family.served), *([family.zh] if family.zh else [])]
    for text in said:
        yield "".join(char for char in text.lower() if char.isalnum())

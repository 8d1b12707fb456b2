"""Tests of patterns.py: one line of a data file that stands for many names."""

from __future__ import annotations

import pytest

from modelcatalog import vocabulary
from modelcatalog.patterns import expand, fold


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("phi-4", ("phi-4",)),
        ("Qwen3-{8B,14B}", ("Qwen3-8B", "Qwen3-14B")),
        ("gemma-2-9b[-it]", ("gemma-2-9b", "gemma-2-9b-it")),
        ("Yi-6B[-Chat|-200K]", ("Yi-6B", "Yi-6B-Chat", "Yi-6B-200K")),
        ("Yi-6B[-Chat[-4bits|-8bits]]", ("Yi-6B", "Yi-6B-Chat", "Yi-6B-Chat-4bits", "Yi-6B-Chat-8bits")),
        ("{a[-x],b}-1", ("a-1", "a-x-1", "b-1")),
        ("{a,b}{c,d}", ("ac", "ad", "bc", "bd")),
        ("{a,[b|c]}", ("a", "", "b", "c")),
        ("[a,b|c]", ("", "a,b", "c")),
        ("", ("",)),
    ],
)
def test_expansion(pattern: str, names: tuple[str, ...]) -> None:
    """Braces choose one, brackets choose one or none, and both nest; the order is the written one."""
    assert expand(pattern) == names


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a{b", "'a{b': '{' at 1 is not closed; every bracket needs its partner"),
        ("a[b{c]}", "'a[b{c]}': '[' at 1 is not closed; every bracket needs its partner"),
        ("a}b", "'a}b': '}' at 1 closes nothing; every bracket needs its partner"),
        ("ab]", "'ab]': ']' at 2 closes nothing; every bracket needs its partner"),
        (
            "{0,1,2,3,4,5,6,7,8,9}" * 4,
            f"{'{0,1,2,3,4,5,6,7,8,9}' * 4!r} stands for more than 5000 names; split the line",
        ),
    ],
)
def test_slips_of_the_pen(pattern: str, message: str) -> None:
    """A wrong pattern is shown, with the place and the cure."""
    with pytest.raises(ValueError, match=r"names; split|needs its partner") as caught:
        expand(pattern)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "names",
    [
        ("Qwen2.5-7B", "Qwen2.5-72B", "Qwen2.5-7B-Instruct", "Qwen2.5-72B-Instruct"), ("a", "b"), ("a-1", "b-1", "a"), ("phi-4",), (),
        ("a--b", "a-", "-x", "a"), ("a-b-c", "a-b-d-e", "a-x-c", "a-x-d-e"), tuple(f"m-{a}-{b}" for a in range(90) for b in range(90)),
    ],
)  # fmt: skip
def test_folding(names: tuple[str, ...]) -> None:
    """Folded names are these again and no other, in fewer lines."""
    patterns = fold(names)
    assert sorted(name for pattern in patterns for name in expand(pattern)) == sorted(names)
    assert len(patterns) <= len(names)


def test_folding_the_catalog() -> None:
    """Every series of the catalog comes back from its folded names."""
    for file in vocabulary.companies():
        for family in file.family:
            for line in family.series:
                names = {name for pattern in line.models for name in expand(pattern)}
                assert {name for pattern in fold(names) for name in expand(pattern)} == names

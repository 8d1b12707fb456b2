"""Tests of patterns.py: one line of a data file that stands for many names."""

from __future__ import annotations

import pytest

from modelcatalog.patterns import expand


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

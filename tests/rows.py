"""Owns tests of many rows: one item of pytest for a group of them, since an item alone costs more than reading a name. Each row that fails is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["rows"]


def rows(table: Iterable[tuple[str, str, tuple[Any, ...]]]) -> Callable[[Callable[..., None]], Callable[[str], None]]:
    """Like ``pytest.mark.parametrize`` with a group's name for each row, its own, and the arguments: all rows of a group are run, and those that fail told.

    It is for tests without fixtures.
    """
    groups: dict[str, list[tuple[str, tuple[Any, ...]]]] = {}
    for group, name, arguments in table:
        groups.setdefault(group, []).append((name, arguments))

    def decorated(test: Callable[..., None]) -> Callable[[str], None]:
        @pytest.mark.parametrize("group", groups)
        def every_row(group: str) -> None:
            wrong = []
            for name, arguments in groups[group]:
                try:
                    test(*arguments)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  whatever a row comes to
                    wrong.append(f"{name}: {type(error).__name__}: {error}")
            if wrong:
                pytest.fail(f"{len(wrong)} of {len(groups[group])} rows fail:\n" + "\n".join(wrong), pytrace=False)

        every_row.__name__, every_row.__qualname__, every_row.__doc__ = test.__name__, test.__qualname__, test.__doc__
        every_row.__module__ = test.__module__
        return every_row

    return decorated

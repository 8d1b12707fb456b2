"""Owns the form of the user's copy of what others keep well, and reading and writing it. Knows no network.

`modelcatalog update` writes it. It is read whole or not at all: nothing is taken of what does not validate, or was written by a newer version.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, suppress
from datetime import date, datetime
from threading import get_ident
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from modelcatalog.errors import CatalogDataError
from modelcatalog.known import is_day
from modelcatalog.records import Modality
from modelcatalog.userfolder import FILE, VARIABLE, Found

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "FORMAT",
    "Account",
    "HubListings",
    "ModelTold",
    "ModelsTold",
    "Repository",
    "UserData",
    "add",
    "check_writable",
    "join",
    "read",
    "write",
]

FORMAT: Literal[1] = 1
"""Of the file; it counts up when a reader of before would misread what is written."""
_MOST = 128_000_000
"""Bytes; ten times what every account of the catalog comes to."""
_ABANDONED = 3600
"""Seconds after which a draft is nobody's."""
_HELD, _TICK = 10.0, 0.02
"""Seconds for which another update is waited for at most, and between two looks."""
_TOKENS = 10**9
"""More tokens than any model takes."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _of_calendar(text: str) -> str:
    if not is_day(text):
        message = f"{text!r} is not a day, a month or a year"
        raise ValueError(message)
    return text


Tokens = Annotated[int, Field(gt=0, le=_TOKENS, strict=True)]
Day = Annotated[str, AfterValidator(_of_calendar)]
Yes = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


Id = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9@][A-Za-z0-9_.+~:@/ -]*$")]
RepositoryId = Annotated[str, Field(max_length=224, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.+-]+$")]


class ModelTold(_Form):
    """What models.dev says of one model where one provider serves it, without what it costs."""

    provider: Id
    id: Id
    context_length: Tokens | None = None
    max_output_tokens: Tokens | None = None
    input: tuple[Modality, ...] = ()
    output: tuple[Modality, ...] = ()
    tools: Yes | None = None
    structured_output: Yes | None = None
    reasoning: Yes | None = None
    open_weights: Yes | None = None
    released: Day | None = None
    knowledge_cutoff: Day | None = None


class ModelsTold(_Form):
    """What models.dev said on one day."""

    address: Text
    day: date
    etag: Text = ""
    modified: Text = ""
    models: tuple[ModelTold, ...] = ()


class Repository(_Form):
    """One repository, as its hub lists it."""

    id: RepositoryId
    created: date | None = None
    gated: bool | None = None
    licence: Text | None = None
    base_models: Annotated[tuple[Text, ...], Field(max_length=20)] = ()


class Account(_Form):
    """All repositories of one account, as its hub listed them at one time."""

    at: datetime
    etag: Text = ""
    repositories: tuple[Repository, ...] = ()


class HubListings(_Form):
    """Accounts of one hub."""

    address: Text
    accounts: dict[Annotated[str, Field(max_length=96, pattern=r"^[A-Za-z0-9_.-]+$")], Account] = Field(default_factory=dict)
    left: tuple[Text, ...] = ()
    """Those that the last run did not come to."""


def _known(given: object) -> object:
    if isinstance(given, int) and given > FORMAT:
        message = "written by a newer version"
        raise ValueError(message)
    return given


class UserData(_Form):
    """The whole file."""

    format: Annotated[Literal[1], BeforeValidator(_known)] = FORMAT
    models: ModelsTold | None = None
    hubs: dict[str, HubListings] = Field(default_factory=dict)


def read(place: Path) -> UserData:
    """What a file says.

    Raises:
        CatalogDataError: it cannot be read, does not validate, or was written by a newer version.
    """
    hint = f"modelcatalog update writes it anew; {VARIABLE}=off does without it"
    try:
        with place.open("rb") as file:
            text = file.read(_MOST + 1)
        if len(text) > _MOST:
            message = f"{place}: more than {_MOST:,} bytes"
            raise CatalogDataError(message, subject=str(place), hint=hint)
        return UserData.model_validate(_json(text))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        newer = problem["loc"] == ("format",) and isinstance(problem["input"], int)
        said = "it was written by a newer version of modelcatalog" if newer else f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        message = f"{place}: {said}"
        raise CatalogDataError(message, subject=str(place), hint=f"upgrade modelcatalog, or {hint}" if newer else hint) from error
    except (OSError, ValueError, RecursionError) as error:
        message = f"{place}: {getattr(error, 'strerror', None) or error}"
        raise CatalogDataError(message, subject=str(place), hint=hint) from error


def _json(text: bytes) -> Any:
    given = json.loads(text.decode())
    # What a newer version says besides is not looked at: its format is the first thing to say.
    return {"format": given["format"]} if isinstance(given, dict) and isinstance(given.get("format"), int) and given["format"] > FORMAT else given


def join(before: UserData | None, now: UserData) -> UserData:
    """What was fetched now, and of what was there before all that it does not replace."""
    if before is None:
        return now
    hubs = dict(before.hubs)
    for name, listings in now.hubs.items():
        old = hubs.get(name)
        kept = old.accounts if old is not None and old.address == listings.address else {}
        hubs[name] = listings.model_copy(update={"accounts": {**kept, **listings.accounts}})
    return UserData(models=now.models or before.models, hubs=hubs)


def add(now: UserData, home: Path) -> Found:
    """Write what was fetched now beside what is there by now: another update may have written meanwhile.

    Raises:
        CatalogDataError: the folder cannot be written.
    """
    with _alone(home):
        try:
            before = read(home / FILE) if (home / FILE).exists() else None
        except CatalogDataError:  # not good, so it is replaced
            before = None
        return write(join(before, now), home)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One at a time, for as long as reading and writing take; whoever was killed in between holds up nobody."""
    place = home / ".updates.lock"
    for _ in range(round(_HELD / _TICK)):
        try:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except (FileExistsError, PermissionError):  # Windows says the latter of a lock that is going away
            time.sleep(_TICK)
        except OSError as error:
            raise _unwritable(home, error) from error
    try:
        yield
    finally:
        with suppress(OSError):
            place.unlink()


def check_writable(home: Path) -> None:
    """Make the folder, and see that it can be written, before anything is fetched for it.

    Raises:
        CatalogDataError: it cannot.
    """
    probe = home / f".{FILE}.{os.getpid()}.{get_ident()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for draft in home.glob(".updates.*"):  # of a program that was killed while it wrote
            with suppress(FileNotFoundError):  # another program's own, which is whole by now
                if draft.stat().st_mtime < time.time() - _ABANDONED:
                    draft.unlink()
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(home, error) from error


def write(data: UserData, home: Path) -> Found:
    """Write the file, whole or not at all, whoever else writes.

    Raises:
        CatalogDataError: the folder cannot be written.
    """
    place, draft = home / FILE, home / f".{FILE}.{os.getpid()}.{get_ident()}"
    try:
        draft.write_text(_text(data), encoding="utf-8")
        draft.replace(place)
        seen = place.stat()
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(home, error) from error
    return Found(place, seen.st_size, seen.st_mtime_ns)


def _text(data: UserData) -> str:
    return json.dumps({"format": FORMAT, **data.model_dump(mode="json", exclude_defaults=True)}, ensure_ascii=False, separators=(",", ":"))


def _unwritable(home: Path, error: OSError) -> CatalogDataError:
    message = f"{home} cannot be written: {error.strerror or error}"
    return CatalogDataError(message, subject=str(home), hint=f"name another folder in {VARIABLE}")

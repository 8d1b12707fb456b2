"""Owns rendering chat templates, in a process that may be ended: a template is a program from a repository.

Run by `templates` as a script, one job a line. Imports jinja2 and the standard library only, and sees no
environment. The sandbox and what templates may call are those of transformers.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from functools import lru_cache
from typing import Any

__all__ = ["main"]

_MEMORY = 1 << 30
_SYNTAX = frozenset({"TemplateSyntaxError", "TemplateAssertionError"})
"""What jinja2 says of a template that it cannot read."""


class _TemplateRefusedError(Exception):
    """The template itself refused the messages."""


class _WrongTemplateError(Exception):
    """The template cannot be used, whatever the messages are."""


def _elsewhere(name: str) -> None:
    message = f"it takes a part of itself from another file, {name[:80]}, and a template stands alone"
    raise _WrongTemplateError(message)


def _refuse(message: object) -> None:
    raise _TemplateRefusedError(str(message))


def _tojson(value: Any, *, indent: Any = None, separators: Any = None, sort_keys: bool = False, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, sort_keys=sort_keys)


def _now(text: str) -> str:
    return datetime.now().astimezone().strftime(text)


@lru_cache(maxsize=8)
def _compiled(template: str) -> Any:
    from jinja2 import FunctionLoader, ext  # after the memory limit
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(ext.Extension):
        """``{% generation %}`` marks the assistant's words for training; here its body stands for itself."""

        tags = {"generation"}  # noqa: RUF012  as jinja2 has it

        def parse(self, parser: Any) -> Any:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    loader: Any = FunctionLoader(_elsewhere)
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, ext.loopcontrols], loader=loader)
    environment.filters["tojson"] = _tojson
    environment.globals |= {"raise_exception": _refuse, "strftime_now": _now}
    return environment.from_string(template)


def _names(template: str) -> list[str]:
    """The names that a template reads and does not set itself."""
    from jinja2 import meta  # after the memory limit

    return sorted(meta.find_undeclared_variables(_compiled(template).environment.parse(template)))


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    try:
        if "values" not in job:
            return {"names": _names(job["template"])}
        return {"text": _compiled(job["template"]).render(**job["values"])}
    except (_TemplateRefusedError, _WrongTemplateError) as error:
        return {"refused" if isinstance(error, _TemplateRefusedError) else "wrong": str(error)}
    except (MemoryError, RecursionError, OverflowError) as error:
        return {"unsafe": f"{type(error).__name__}: {error}"}
    except Exception as error:  # noqa: BLE001  whatever a template does is an answer
        kind, line = type(error).__name__, getattr(error, "lineno", 0)
        said = f"{error} (line {line})" if kind in _SYNTAX else f"{kind}: {error}"
        return {"wrong" if kind in _SYNTAX else "unsafe" if kind == "SecurityError" else "refused": said}


def main() -> None:
    """Answer jobs until the input ends."""
    try:
        import resource  # not on every system

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        out.write(json.dumps(_answer(json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()

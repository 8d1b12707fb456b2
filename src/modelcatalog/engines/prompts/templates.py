"""Owns chat templates as an engine sees them: messages in, text out, with a limit on time and memory. Knows no model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog.errors import UnsafeRepository, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SECONDS", "Renderer"]

SECONDS = 5.0
"""Templates render in a millisecond; one that takes this long does not mean to end."""

_LONE = re.compile("[\ud800-\udfff]")
_KEPT = ("PATH", "SYSTEMROOT", "TZ", "LANG", "LC_ALL")


class Renderer:
    """Renders chat templates in a process of its own; may be used from several threads.

    Args:
        subject: The model, for messages.
    """

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    def render(self, template: str, messages: Sequence[Mapping[str, object]], **values: object) -> str:
        """The prompt that a template makes of messages.

        Raises:
            Unsupported: the template refuses these messages, or is wrong.
            UnsafeRepository: it does not end, takes a gigabyte, or reaches for what it may not.
        """
        names = {"tools": None, "documents": None, "add_generation_prompt": True}
        text = str(self._answer({"template": template, "values": {"messages": list(messages), **names, **values}}, "text"))
        if _LONE.search(text):
            message = f"the chat template of {self._subject} writes half a character (a lone surrogate), which no tokenizer reads"
            raise Unsupported(message, subject=self._subject, hint="pass chat_template= with another one")
        return text

    def names(self, template: str) -> frozenset[str]:
        """The names that a template reads and does not set itself; errors as in `render`."""
        return frozenset(self._answer({"template": template}, "names"))

    def _answer(self, job: Mapping[str, object], wanted: str) -> Any:
        with self._lock:
            answer = self._ask(json.dumps(job))
        if wanted in answer:
            return answer[wanted]
        if "unsafe" in answer:
            message = f"the chat template of {self._subject} does what it may not: {answer['unsafe'][:200]}"
            raise UnsafeRepository(message, subject=self._subject, hint=_WAY_OUT)
        if "wrong" in answer:
            message = f"the chat template of {self._subject} cannot be used: {' '.join(answer['wrong'].split())[:300]}"
            raise Unsupported(message, subject=self._subject, hint="pass chat_template= with another one, such as that of its base model")
        said = answer["refused"].splitlines()[0] if answer["refused"] else "without a word"
        message = f"the chat template refused these messages: {said}"
        raise Unsupported(message, subject=self._subject, hint="change the messages, or pass chat_template=")

    def close(self) -> None:
        """End the process; the next rendering begins another."""
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def _ask(self, job: str) -> dict[str, Any]:
        process = self._process if self._process is not None and self._process.poll() is None else self._start()
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(SECONDS, kill)
        timer.daemon = True
        timer.start()
        line = ""
        try:
            if process.stdin is not None and process.stdout is not None:
                process.stdin.write(job + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if line.endswith("\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.close()
        return {"unsafe": f"it did not end within {SECONDS:g} s" if late.is_set() else "it ended the process"}

    def _start(self) -> subprocess.Popen[str]:
        self.close()
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        script = Path(__file__).with_name("template_process.py")
        # In a package in a zip file it is no file that Python could be given.
        run = [str(script)] if script.is_file() else ["-c", files(__package__).joinpath(script.name).read_text(encoding="utf-8")]
        process = subprocess.Popen(  # noqa: S603  our own script, no shell
            [sys.executable, "-P", *run],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            # No tokens, no settings: a template that got out of its sandbox would find none.
            env={key: os.environ[key] for key in _KEPT if key in os.environ} | {"PYTHONPATH": path},
        )
        self._process, self._end = process, weakref.finalize(self, _stop, process)
        return process


_WAY_OUT = "pass chat_template= with one that you trust"


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()

"""The wheel: with compiled modules where there is a compiler, of pure Python where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from hatch_build import BUILT, MODULES, ROOT, compiled
from modelcatalog import shipped, vocabulary
from modelcatalog.catalog import tables  # noqa: F401  all tables there are
from modelcatalog.planning import forms  # noqa: F401  all data files of planning

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("mypyc") is None or find_spec("editables") is None, reason="building wants mypy and hatchling installed"),
]

_READ = (
    "import modelcatalog; from modelcatalog.names import context; "
    "print(modelcatalog.parse('Qwen2.5-7B-Instruct-AWQ').quantization.method, context.__file__.rpartition('.')[2])"
)


def _wheel(folder: Path, **environment: str) -> tuple[Path, str]:
    command = [sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl")), done.stdout + done.stderr


def _installed(wheel: Path, folder: Path) -> str:
    """What a program says that runs from the unpacked wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, "-P", "-c", _READ], cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_wheel_has_the_compiled_modules(tmp_path: Path) -> None:
    """Its name says for which Python and machine it is, and its compiled modules are what runs."""
    wheel, _ = _wheel(tmp_path, MODELCATALOG_COMPILE="1")
    assert not wheel.name.endswith("-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for module in MODULES:
        assert f"modelcatalog/{module}.py" in names
        assert any(name.startswith(f"modelcatalog/{module}.") and name.endswith((".so", ".pyd")) for name in names), module
    assert not any(name.endswith((".c", ".o", ".h")) for name in names)
    assert _installed(wheel, tmp_path / "site") in ("awq so", "awq pyd")


def test_a_wheel_without_a_compiler_is_pure_python_and_says_so(tmp_path: Path) -> None:
    """An installation does not fail because something is slower, and what a compiler has made before stays."""
    made = compiled(BUILT)
    wheel, said = _wheel(tmp_path, MODELCATALOG_COMPILE="1", CC="false")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "stays pure Python" in said
    assert "no C compiler: false does not run" in said
    assert compiled(BUILT) == made
    assert _installed(wheel, tmp_path / "site") == "awq py"


def test_a_wheel_of_pure_python_can_be_asked_for(tmp_path: Path) -> None:
    """For packagers, and for who edits the sources; the tables are in it too, so that nothing is made or written where it runs."""
    wheel, said = _wheel(tmp_path, MODELCATALOG_COMPILE="0")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "stays pure Python" not in said
    assert "has no tables" not in said
    site = tmp_path / "site"
    assert _installed(wheel, site) == "awq py"
    kept = {file.stem.removesuffix("_at_once") for file in (site / "modelcatalog" / "tables").iterdir()}  # what many words need, apart
    assert kept == {*vocabulary.KEPT, *(file.stem for file in shipped.FILES)}
    before = {file: file.stat().st_mtime_ns for file in site.rglob("*") if "__pycache__" not in file.parts}
    first = "import modelcatalog, sys; print(modelcatalog.resolve('qwen2.5-7b'), *sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(tmp_path / "nowhere"), "XDG_CACHE_HOME": "/dev/null"}
    done = subprocess.run([sys.executable, "-P", "-c", first], cwd=site, env=environment, capture_output=True, text=True, check=True)
    name, *loaded = done.stdout.split()
    assert (name, "modelcatalog.datafiles" in loaded, "tomllib" in loaded) == ("Qwen/Qwen2.5-7B", False, False)
    assert {file: file.stat().st_mtime_ns for file in site.rglob("*") if "__pycache__" not in file.parts} == before
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = archive.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    assert "modelcatalog/py.typed" in names
    fields = about.partition("\n\n")[0].splitlines()
    for field in ("Author: The modelcatalog authors", "License-Expression: Apache-2.0", "License-File: LICENSE", "License-File: NOTICE"):
        assert field in fields
    assert any(field.startswith("Project-URL: Homepage, https://") for field in fields)
    command = [sys.executable, "-P", str(ROOT / "tests" / "consumer" / "program.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "coder, instruct Qwen 3000000000 4 Qwen/Qwen2.5-Coder-3B-Instruct-AWQ Alibaba 10 gpt-4o True\n", done.stderr

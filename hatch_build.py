"""Owns what is made when the package is built: the tables that are derived from its data, and, with mypyc, the modules that read names.

The tables go into wheels; in a checkout the first process that needs one keeps it (src/modelcatalog/keeping.py).

The sources stay what runs where there is no C compiler: a build that fails leaves a package of pure Python, which gives the
same records more slowly. ``MODELCATALOG_COMPILE=0`` asks for that. ``python hatch_build.py`` compiles in place, for
`make compiled`; Python then takes the compiled modules before the sources, until ``python hatch_build.py --clean``.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCE = ROOT / "src"
BUILT = ROOT / "build" / "compiled"
TRIAL = ROOT / "build" / "trial"
TABLES = ROOT / "build" / "tables"
MODULES = (
    "names/roles", "names/dictionary", "names/words", "names/parts", "names/plain", "names/reference", "names/reading",
    "names/cases/numbers", "names/cases/families", "names/cases/sizes", "names/cases/packaging", "names/context", "names/regions", "names/record",
    "catalog/sizes",
)  # fmt: skip
"""What a name passes on its way to a record. Not among them: records.py, whose classes pydantic makes, and the modules of public
functions, since a compiled function has no docstring."""
MEASURE = "-fprofile-generate"
WITHIN = ("-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt")
"""Calls between the compiled modules go straight to the function: no other library may put its own in place of it."""
TRAINING = """
import modelcatalog

for repository in map(str, modelcatalog.catalog.checkpoints()):
    for name in (repository, repository.rpartition("/")[2] + "-Q4_K_M.gguf"):
        record = modelcatalog.parse(name)
        record.segments, record.canonical
"""
"""What is read for the compiler to count which way the code goes: the catalog's own repositories, and a file of each."""


class CompileHook(BuildHookInterface[Any]):
    """Puts tables into a wheel, and the compiled modules beside their sources: into a wheel, or into the checkout for an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling's build hooks."""
        if version != "editable":
            self._tables(build_data)
        if os.environ.get("MODELCATALOG_COMPILE", "1") == "0":
            return
        # Another process, since mypyc ends its own when something is wrong.
        done = subprocess.run([sys.executable, __file__, *([] if version == "editable" else ["--apart"])], capture_output=True, text=True, check=False)
        if done.returncode:
            why = "".join((done.stderr or done.stdout).strip().splitlines()[-1:])[:120]
            self.app.display_warning(f"modelcatalog stays pure Python, which reads names at about half the speed: {why}")
            return
        if version != "editable":
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["force_include"].update({str(file): file.relative_to(BUILT).as_posix() for file in compiled(BUILT)})

    def _tables(self, build_data: dict[str, Any]) -> None:
        environment = _environment(SOURCE)  # for another process, since this one may have imported another version
        stamp, state = TABLES / "made-of", _tables_state()
        if not stamp.is_file() or stamp.read_text(encoding="ascii") != state:
            shutil.rmtree(TABLES, ignore_errors=True)
            if self._made(environment):
                stamp.write_text(state, encoding="ascii")
        build_data["force_include"].update({str(file): f"modelcatalog/tables/{file.name}" for file in sorted(TABLES.glob("*.json"))})

    def _made(self, environment: dict[str, str]) -> bool:
        """Whether all tables were made."""
        complete = True
        for module in ("modelcatalog.catalog.tables", "modelcatalog.planning.forms"):
            command = [sys.executable, "-m", module, str(TABLES)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                why = "".join(done.stderr.strip().splitlines()[-1:])[:120]
                self.app.display_warning(f"modelcatalog has no tables of {module}, so that each process makes them when it needs one: {why}")
                complete = False
        return complete


def _environment(folder: Path) -> dict[str, str]:
    """That of a process with the package in a folder, and with its own data alone."""
    return {key: value for key, value in os.environ.items() if key != "MODELCATALOG_DATA"} | {"PYTHONPATH": str(folder)}


def compiled(folder: Path) -> list[Path]:
    """The compiled modules in a folder of the package."""
    return sorted(file for pattern in ("modelcatalog__mypyc.*", "modelcatalog/**/*.*") for file in folder.glob(pattern) if file.suffix in (".so", ".pyd"))


def build() -> None:
    """Compile into `BUILT`."""
    from mypyc.build import mypycify  # only where something is compiled
    from setuptools import Distribution

    os.chdir(ROOT)
    flags = ["--config-file=pyproject.toml", "--follow-imports=silent", "--ignore-missing-imports"]
    paths = [str(SOURCE / "modelcatalog" / f"{module}.py") for module in MODULES]
    extensions = mypycify([*flags, *paths], opt_level=_level(), debug_level="0", group_name="modelcatalog", target_dir=str(BUILT / "c"))
    # Half of the compiler's time goes into warnings, here about C that nobody wrote.
    own = [[*extension.extra_compile_args, *(("-Wno-all",) if sys.platform != "win32" else ())] for extension in extensions]

    def compile_into(folder: Path, *more: str) -> None:
        for extension, its in zip(extensions, own, strict=True):
            extension.extra_compile_args = [*its, *more]
            extension.extra_link_args = [flag for flag in more if flag == MEASURE]
        command: Any = Distribution({"name": "modelcatalog", "ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib, command.build_temp, command.parallel, command.force = str(folder), str(BUILT / "o"), os.cpu_count(), True
        command.ensure_finalized()
        command.run()

    if not _profiles():
        compile_into(BUILT)
        return
    shutil.rmtree(BUILT / "o", ignore_errors=True)  # with the counts of another time
    shutil.rmtree(TRIAL, ignore_errors=True)
    shutil.copytree(SOURCE, TRIAL, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    compile_into(TRIAL, *WITHIN, MEASURE)
    subprocess.run([sys.executable, "-c", TRAINING], env=_environment(TRIAL), check=True)  # where they cannot read those, nobody should have them
    shutil.rmtree(TRIAL)
    compile_into(BUILT, *WITHIN, "-fprofile-use", "-Wno-missing-profile")  # what only loads a module counts nothing


def _profiles() -> bool:
    """Whether the compiler is asked to count first, and then to lay the code out by what it counted, which takes as long again.

    A name passes so much code that much of the time goes into fetching it: where paths that are seldom taken stand apart, a name is read
    in nine tenths of the time. This is for GCC on Linux, which compiles the wheels; others write their counts in other ways.
    """
    if sys.platform != "linux" or "MODELCATALOG_OPTIMIZE" in os.environ:
        return False
    version = subprocess.run([*_compiler(), "--version"], capture_output=True, text=True, check=False).stdout
    return "Free Software Foundation" in version


def _level() -> str:
    """How far the compiler is to optimize, by its own rules alone.

    ``MODELCATALOG_OPTIMIZE=0`` is for tests of what the modules do, which takes a third of the time to compile; 2 for modules of another
    machine, which cannot run here to be counted.
    """
    return os.environ.get("MODELCATALOG_OPTIMIZE", "2")


def _compiler() -> list[str]:
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


def _check_compiler() -> None:
    """Fail before anything is removed, or analysed, which takes longest, where nothing could compile it."""
    if sys.platform == "win32":
        return  # setuptools looks for it in the registry
    compiler = _compiler()
    if shutil.which(compiler[0]) is None or subprocess.run([compiler[0], "--version"], capture_output=True, check=False).returncode:
        sys.exit(f"no C compiler: {compiler[0]} does not run")


def _state() -> str:
    """A word for what the compiled modules are made of: every source, since types come from all, this file, and who compiles."""
    made_of = hashlib.sha256("\n".join((sys.version, version_of("mypy"), os.environ.get("CC", ""), os.environ.get("CFLAGS", ""), _level())).encode())
    for file in (Path(__file__), ROOT / "pyproject.toml", *sorted((SOURCE / "modelcatalog").rglob("*.py"))):
        made_of.update(file.name.encode() + file.read_bytes())
    return made_of.hexdigest()


def _tables_state() -> str:
    """A word for what the tables are made of: code and data, and the pydantic that both went through."""
    made_of = hashlib.sha256(f"{sys.version}\n{version_of('pydantic')}".encode())
    for file in sorted((SOURCE / "modelcatalog").rglob("*")):
        if file.suffix in (".py", ".toml"):
            made_of.update(str(file.relative_to(SOURCE)).encode() + file.read_bytes())
    return made_of.hexdigest()


def main(arguments: list[str]) -> None:
    """Compile: in place, ``--apart`` only into `BUILT`; or remove what was compiled, ``--clean``.

    What `BUILT` holds already of the same sources is not made again.
    """
    apart, stamp = "--apart" in arguments, BUILT / "made-of"
    for old in () if apart else compiled(SOURCE):
        old.unlink()
    if "--clean" not in arguments:
        _check_compiler()  # who has none leaves alone what another has made
    if "--clean" in arguments or not compiled(BUILT) or not stamp.is_file() or stamp.read_text(encoding="ascii") != _state():
        stamp.unlink(missing_ok=True)
        for old in compiled(BUILT):
            old.unlink()
    if "--clean" in arguments:
        return
    if not stamp.is_file():
        build()
        stamp.write_text(_state(), encoding="ascii")
    if not apart:
        for file in compiled(BUILT):
            shutil.copy(file, SOURCE / file.relative_to(BUILT))  # of now: newer than its source


if __name__ == "__main__":
    main(sys.argv[1:])

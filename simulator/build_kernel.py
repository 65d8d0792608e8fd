"""Compiles the kernel when the simulator is installed, and says so where it cannot: then its file runs as plain Python.

A build hook of hatchling, by the system's C compiler or, where there is none, by the one in the distribution `ziglang`,
which is fetched only then. The variable AFTERSALE_KERNEL may say `plain`, not to compile, or `compiled`, to fail rather
than to leave it plain; wheels that are published are made with the latter.
"""

from __future__ import annotations

import os
import platform
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "aftersale_simulator.kernel.kernel"
FLAGS = ("-O3", "-ffp-contract=off", "-fwrapv")
"""Integers overflow as in two's complement, and floats are those of Python, to the last bit: nothing fast, no fused
operations, and no instructions that only this machine has."""
ZIG = {"linux": ("x86_64", "aarch64"), "darwin": ("x86_64", "arm64"), "win32": ("AMD64", "ARM64")}
"""Where `ziglang` has wheels: elsewhere asking for it would stop the installation."""
LOAD = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location(*sys.argv[1:])
spec.loader.exec_module(module_from_spec(spec))
"""


def headers() -> list[str]:
    """Return the folders of Python's C headers; a distribution's bare Python may have none there."""
    return list(dict.fromkeys(sysconfig.get_path(name) for name in ("include", "platinclude")))


def includes() -> list[str]:
    """Return the options that tell a compiler of Python's headers."""
    return [f"-I{folder}" for folder in headers()]


def system_compiler() -> list[str] | None:
    """Return the command of a C compiler of this machine that can read Python's headers, None where it has none."""
    named = os.environ.get("CC")
    usual = [] if os.name == "nt" else ["cc", "gcc", "clang"]
    for command in [shlex.split(named)] if named else [[name] for name in usual]:
        if shutil.which(command[0]):
            trial = [*command, "-fsyntax-only", "-x", "c", *includes(), "-"]
            if not subprocess.run(trial, input=b"#include <Python.h>", capture_output=True, check=False).returncode:
                return command
    return None


def obstacle() -> str | None:
    """Return why there is nothing to try, None where there is."""
    if os.environ.get("AFTERSALE_KERNEL") == "plain":
        return "AFTERSALE_KERNEL says plain"
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} gains nothing by it"
    if not any(Path(folder, "Python.h").is_file() for folder in headers()):
        return f"Python.h is not in {headers()[0]}; it comes with python3-dev or python3-devel"
    return None


def linking() -> list[str]:
    """Return the options that make an extension module of this system."""
    if sys.platform == "darwin":
        return ["-bundle", "-undefined", "dynamic_lookup", *shlex.split(os.environ.get("ARCHFLAGS", ""))]
    if os.name == "nt":
        major, minor = sys.version_info[:2]
        return ["-shared", "-DMS_WIN64", f"-L{Path(sys.base_prefix, 'libs')}", f"-lpython{major}{minor}"]
    return ["-shared", "-fPIC", "-lm"]


def run(*command: str | Path, **options: Any) -> None:
    """Run a command; where it fails, the error is what it said last."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, **options)
    if done.returncode:
        raise OSError("; ".join((done.stderr or done.stdout).strip().splitlines()[-3:]))


def compile_kernel(source: Path, target: Path) -> None:
    """Compile a file to an extension module that can be loaded, or raise an OSError that says what went wrong."""
    compiler = system_compiler() or [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline", "-s"]
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        c_file, made = Path(work, "kernel.c"), Path(work, target.name)
        written = source.relative_to(source.parents[2])
        cython = ["-m", "cython", "-3", "--module-name", MODULE, "-o", c_file, written]
        run(sys.executable, *cython, cwd=source.parents[2])
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": work, "ZIG_LOCAL_CACHE_DIR": work}
        run(*compiler, *FLAGS, *includes(), c_file, "-o", made, *linking(), env=environment)
        run(sys.executable, "-c", LOAD, MODULE, made)
        made.replace(target)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process compiles here, where the system can tell: several may install one source at once."""
    with Path(folder, "lock").open("w") as lock:
        with suppress(ImportError):
            from fcntl import LOCK_EX, flock

            flock(lock, LOCK_EX)
        yield


class KernelBuild(BuildHookInterface[Any]):
    """The build hook that hatchling finds in this file."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beside what pyproject.toml requires."""
        if obstacle() or system_compiler() or platform.machine() not in ZIG.get(sys.platform, ()):
            return []
        return ["ziglang>=0.13"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leave the compiled kernel beside the source, which an editable installation runs, and put it into a wheel.

        pip builds twice, and tox once for each environment: what was compiled is kept for the next time.
        """
        place = runpy.run_path(str(Path(self.root, "src/aftersale_simulator/kernel/extension.py")))
        target = place["folder"]() / f"kernel{sysconfig.get_config_var('EXT_SUFFIX')}"
        why = obstacle() or self._compile(place["SOURCE"], target, place["COMPILED"])
        if why is None:
            build_data["artifacts"].append(f"/{target.relative_to(self.root).as_posix()}")
            build_data.update(pure_python=False, infer_tag=True)
            self.app.display_info(f"The simulator's kernel is compiled: {target.name}")
        elif os.environ.get("AFTERSALE_KERNEL") == "compiled":
            self.app.abort(f"The simulator's kernel cannot be compiled: {why}")
        else:
            self.app.display_warning(
                f"The simulator's kernel is not compiled, and runs slower with the same results: {why}"
            )

    @staticmethod
    def _compile(source: Path, target: Path, compiled: Path) -> str | None:
        """Make the file where it is missing or older than this one, and return why that failed."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with alone(compiled):
                if not target.exists() or target.stat().st_mtime < Path(__file__).stat().st_mtime:
                    compile_kernel(source, target)
        except OSError as error:
            return str(error)
        for earlier in compiled.glob(f"*/{target.name}"):
            if earlier != target:
                with suppress(OSError):  # some system does not remove what runs
                    earlier.unlink()
        return None

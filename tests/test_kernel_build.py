"""What the simulator's build leaves: a compiled kernel where that can be, plain Python elsewhere, and nothing stale.

A copy of its folder has a kernel of a few lines, which compiles in seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import attrs
import pytest

pytest.importorskip("hatchling", reason="hatchling builds the simulator: python -m pip install hatchling")
pytest.importorskip("Cython", reason="Cython compiles its kernel: python -m pip install cython")

SIMULATOR = Path(__file__).resolve().parent.parent / "simulator"
PACKAGE = "src/aftersale_simulator"
ENDING = str(sysconfig.get_config_var("EXT_SUFFIX"))
NO_COMPILER = {"CC": "aftersale-has-no-such-compiler"}
pytestmark = pytest.mark.skipif(
    not Path(sysconfig.get_path("include"), "Python.h").is_file()
    or (os.name != "nt" and not any(map(shutil.which, ("cc", "gcc", "clang")))),
    reason="no C compiler, or no headers of Python",
)
KERNEL = """# cython: wraparound=False
import cython

@cython.cfunc
def double(number: cython.longlong) -> cython.longlong:
    return 2 * number

def quadruple(number):
    return double(double(number))
"""
BUILD = "import sys; from hatchling import build; print(getattr(build, sys.argv[1])(sys.argv[2]))"
BOTH = """
from aftersale_simulator.kernel import kernel_is_compiled, load_kernel
kernels = load_kernel(), load_kernel(plain=True)
print(kernel_is_compiled(), *(hasattr(kernel, "double") for kernel in kernels))
print(*(kernel.quadruple(2**60 + 1) for kernel in kernels))
"""


@attrs.frozen
class Built:
    """What a build made, and what it said."""

    file: Path
    said: str

    @property
    def names(self) -> list[str]:
        """The files in it that belong to the kernel, without their folder."""
        if self.file.suffix == ".whl":
            with zipfile.ZipFile(self.file) as wheel:
                names = wheel.namelist()
        else:
            with tarfile.open(self.file) as archive:
                names = archive.getnames()
        return sorted(name.partition("/kernel/")[2] for name in names if "/kernel/" in name)


class Checkout:
    """The simulator's folder as a clone would have it, with another kernel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / PACKAGE
        for name in ("pyproject.toml", "build_kernel.py", "README.md"):
            folder.mkdir(exist_ok=True)
            shutil.copy(SIMULATOR / name, folder)
        kernel = SIMULATOR / PACKAGE / "kernel"
        shutil.copytree(kernel, self.package / "kernel", ignore=shutil.ignore_patterns("compiled", "__pycache__"))
        (self.package / "__init__.py").touch()
        self.write(KERNEL)

    def write(self, kernel: str) -> None:
        """Change the kernel."""
        (self.package / "kernel/kernel.py").write_text(kernel, encoding="utf-8")

    def build(self, what: str = "build_wheel", succeeds: bool = True, **environment: str) -> Built:
        """Build as an installer does, in an environment that has what the build requires."""
        target = self.folder.parent / "dist"
        target.mkdir(exist_ok=True)
        command = [sys.executable, "-c", BUILD, what, str(target)]
        env = {**os.environ, "AFTERSALE_KERNEL": "", **environment}
        run = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert (run.returncode == 0) == succeeds, run.stderr
        return Built(target / run.stdout.split()[-1] if succeeds else target, run.stdout + run.stderr)

    def run(self, program: str) -> list[str]:
        """Run a program on the checkout as an editable installation does."""
        env = {**os.environ, "PYTHONPATH": str(self.package.parent)}
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout.splitlines()

    def compiled(self) -> dict[str, bytes]:
        """Return what is compiled in the checkout, by the path of each."""
        place = self.package / "kernel/compiled"
        return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.glob("*/*")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, Built]:
    """Return a checkout of which a wheel was built; do not change it."""
    checkout = Checkout(tmp_path_factory.mktemp("built") / "simulator")
    return checkout, checkout.build()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "simulator")


def test_a_wheel_has_the_kernel_compiled_for_its_python_and_the_file_it_was_made_from(
    built: tuple[Checkout, Built],
) -> None:
    checkout, wheel = built
    ((compiled, _),) = checkout.compiled().items()
    assert compiled.endswith(f"/kernel{ENDING}")
    assert wheel.names == sorted(
        ["__init__.py", f"compiled/{compiled}", "extension.py", "kernel.py", "kernel.pyi", "plain.py", "shadow.py"]
    )
    assert f"-cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-" in wheel.file.name
    assert f"The simulator's kernel is compiled: kernel{ENDING}" in wheel.said


def test_a_source_archive_has_what_compiles_the_kernel_and_nothing_compiled(built: tuple[Checkout, Built]) -> None:
    checkout, _ = built
    archive = checkout.build("build_sdist")
    assert archive.names == ["__init__.py", "extension.py", "kernel.py", "kernel.pyi", "plain.py", "shadow.py"]
    with tarfile.open(archive.file) as files:
        assert f"{files.getnames()[0].partition('/')[0]}/build_kernel.py" in files.getnames()


def test_what_was_compiled_is_kept_for_the_next_build(built: tuple[Checkout, Built]) -> None:
    checkout, wheel = built
    again = checkout.build(**NO_COMPILER)
    assert again.names == wheel.names
    assert len(checkout.compiled()) == 1


def test_both_kernels_run_in_one_process(built: tuple[Checkout, Built]) -> None:
    checkout, _ = built
    assert checkout.run(BOTH) == ["True False True", f"{2**62 + 4} {2**62 + 4}"]


def test_a_kernel_that_changed_is_not_run_as_it_was_compiled_before(checkout: Checkout) -> None:
    checkout.build()
    before = set(checkout.compiled())
    checkout.write(KERNEL.replace("2 * number", "3 * number"))
    assert checkout.run(BOTH) == ["False True True", f"{9 * (2**60 + 1)} {9 * (2**60 + 1)}"]
    checkout.build()
    assert checkout.run(BOTH)[0] == "True False True"
    assert len(checkout.compiled()) == 1
    assert not before & set(checkout.compiled())


PLAIN = ["__init__.py", "extension.py", "kernel.py", "kernel.pyi", "plain.py", "shadow.py"]


@pytest.mark.parametrize(
    ("environment", "kernel", "why"),
    [
        (NO_COMPILER, KERNEL, "ziglang"),
        ({}, f"{KERNEL}\n@cython.cfunc\ndef wrong(", "kernel.py"),
        ({"AFTERSALE_KERNEL": "plain"}, KERNEL, "AFTERSALE_KERNEL says plain"),
    ],
    ids=["no compiler", "a mistake in the kernel", "not wanted"],
)
def test_where_it_is_not_compiled_the_build_succeeds_and_says_so(
    checkout: Checkout, environment: dict[str, str], kernel: str, why: str
) -> None:
    checkout.write(kernel)
    wheel = checkout.build(**environment)
    assert wheel.names == PLAIN
    assert wheel.file.name.endswith("-py3-none-any.whl")
    (told,) = (line for line in wheel.said.splitlines() if "The simulator's kernel is not compiled" in line)
    assert why in told
    assert checkout.compiled() == {}


def test_a_build_that_must_compile_fails_where_it_cannot(checkout: Checkout) -> None:
    failed = checkout.build(succeeds=False, **NO_COMPILER, AFTERSALE_KERNEL="compiled")
    assert "The simulator's kernel cannot be compiled: " in failed.said


def test_a_build_without_headers_fetches_no_compiler(checkout: Checkout) -> None:
    asked = checkout.run(
        "import os, sys; sys.path.insert(0, os.curdir)\n"
        f"import runpy; hook = runpy.run_path({str(checkout.folder / 'build_kernel.py')!r})\n"
        "held = hook['obstacle'].__globals__\n"
        "held['system_compiler'] = lambda: None\n"
        "ask = lambda: print(hook['KernelBuild'].dependencies(None), str(hook['obstacle']())[:11])\n"
        "ask()\n"
        "held['headers'] = lambda: ['nowhere']\n"
        "ask()\n"
    )
    assert asked == ["['ziglang>=0.13'] None", "[] Python.h is"]

"""The kernel as plain Python: it needs nothing that is not there, and can be had beside the compiled one."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType

import pytest

from aftersale_simulator.kernel import kernel_is_compiled, load_kernel, shadow
from aftersale_simulator.kernel.extension import SOURCE

compiled = pytest.mark.skipif(not kernel_is_compiled(), reason="the kernel is not compiled here")

WITHOUT_CYTHON = """
import sys
for name in ("cython", "Cython"):
    sys.modules[name] = None
from aftersale_simulator.kernel import load_kernel
kernel = load_kernel(plain=True)
print(kernel.cython.__name__, kernel.Tables.__init__.__code__.co_filename)
print(*(name for name in ("numpy", "polars", "simpy", "scipy") if name in sys.modules))
"""


def own_classes(module: ModuleType) -> set[str]:
    kinds = ((name, value) for name, value in vars(module).items() if isinstance(value, type))
    return {name for name, value in kinds if value.__module__ == module.__name__}


def test_the_shadow_has_every_word_of_cython_that_the_kernel_uses_and_no_other() -> None:
    used = set(re.findall(r"(?<!from )\bcython\.(\w+)", SOURCE.read_text(encoding="utf-8")))
    helpers = {"annotations", "Any", "Callable", "TypeVar"}
    assert {name for name in vars(shadow) if not name.startswith("_")} - helpers == used


def test_the_plain_kernel_loads_without_cython_and_brings_nothing_heavy() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_CYTHON], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n") == [f"{shadow.__name__} {SOURCE}", "", ""]


def test_the_plain_kernel_is_python_whether_or_not_another_is_compiled() -> None:
    plain = load_kernel(plain=True)
    assert inspect.isfunction(plain.Kernel.run)
    assert plain.Kernel.run.__code__.co_filename == str(SOURCE)
    assert plain.cython.compiled is False


def test_what_is_told_of_the_kernel_is_what_is_loaded() -> None:
    file = load_kernel().__file__ or ""
    assert file.endswith(tuple(EXTENSION_SUFFIXES)) == kernel_is_compiled()
    assert file.endswith(".py") != kernel_is_compiled()


@compiled
def test_a_process_has_both_kernels_with_the_same_names() -> None:
    fast, plain = load_kernel(), load_kernel(plain=True)
    assert fast is not plain
    assert not inspect.isfunction(fast.Kernel.run)
    assert own_classes(fast) == own_classes(plain) >= {"Kernel", "Tables"}
    assert fast.Kernel is not plain.Kernel
    assert fast.Kernel is load_kernel().Kernel


@compiled
def test_columns_of_both_kernels_hold_the_same() -> None:
    numbers = [0, -1, 2**62, -(2**63)]
    columns = [module.Longs() for module in (load_kernel(), load_kernel(plain=True))]
    for column in columns:
        column.extend(numbers)
    assert [[column[place] for place in range(len(column))] for column in columns] == [numbers] * 2

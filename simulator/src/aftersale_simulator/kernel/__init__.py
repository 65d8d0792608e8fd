"""Kernel: how does one replication go, run on tables instead of objects?

Compiled where that can be done, or else as plain Python; `build_kernel.py` beside the simulator's pyproject.toml does
that when it is installed. `aftersale_simulator.plan` makes the tables: only it and the runs may import it.
"""

from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from types import ModuleType

from aftersale_simulator.kernel import extension

__path__.insert(0, str(extension.folder()))
_KERNEL = f"{__name__}.kernel"


def kernel_is_compiled() -> bool:
    """Tell whether the kernel that is loaded here is compiled; it is not loaded for that."""
    found = find_spec(_KERNEL)
    return found is not None and str(found.origin).endswith(tuple(EXTENSION_SUFFIXES))


def load_kernel(*, plain: bool = False) -> ModuleType:
    """Return the kernel's module: the compiled one where there is one, unless it should be plain Python.

    A process may have both, and equal tables give equal results in both; the tables of one are of no use to the other.
    """
    return import_module(f"{__name__}.plain" if plain and kernel_is_compiled() else _KERNEL)

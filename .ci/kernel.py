"""Compile the simulator's kernel for the Python of this environment, unless that was done from its source as it is now.

Environments of one checkout share what is compiled, and tox does not install again what is installed when a file of it
changes. Where a compiler and Python's headers are, that the kernel cannot be compiled is an error; elsewhere it runs as
plain Python. With uv on the path (tox-uv brings it).
"""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from aftersale_simulator.kernel import kernel_is_compiled

SIMULATOR = Path(__file__).resolve().parent.parent / "simulator"


def needed() -> bool:
    """Tell whether this machine can compile it without fetching a compiler."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return headers.is_file() and any(map(shutil.which, ("cc", "gcc", "clang")))


def main() -> None:
    """Install the simulator once more, which compiles it."""
    if not kernel_is_compiled():
        command = ["uv", "pip", "install", "--quiet", "--no-deps", "--reinstall-package=aftersale-simulator"]
        environment = {**os.environ, **({"AFTERSALE_KERNEL": "compiled"} if needed() else {})}
        subprocess.run([*command, "--editable", SIMULATOR], env=environment, check=True)


if __name__ == "__main__":
    main()

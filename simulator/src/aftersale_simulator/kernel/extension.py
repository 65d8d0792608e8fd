"""Extension: where the compiled kernel lies, by the source that it was made from.

A kernel that was compiled from another source than the one beside it is never found, so nobody runs yesterday's.
`build_kernel.py`, which puts it there when the simulator is installed, asks this file: it needs Python's library alone.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

SOURCE = Path(__file__).with_name("kernel.py")
COMPILED = SOURCE.parent / "compiled"
"""Everything that was compiled, also by other Pythons and from other sources; git and source archives leave it out."""


def folder() -> Path:
    """Return the folder for what is compiled from the kernel's source as it is now; it may be missing.

    In it lies one file for each Python (the import system knows its own by the name's ending).
    """
    return COMPILED / sha256(SOURCE.read_bytes()).hexdigest()[:16]

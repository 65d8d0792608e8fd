"""Plain: the kernel as plain Python, also where a compiled one would be loaded in its place.

It has what `aftersale_simulator.kernel.kernel` has, from the same file, as classes of its own: do not mix the two.
"""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

from aftersale_simulator.kernel.extension import SOURCE

if TYPE_CHECKING:
    from aftersale_simulator.kernel.kernel import *  # noqa: F403

exec(SourceFileLoader(__name__, str(SOURCE)).get_code(__name__) or "", globals())

"""Shadow: what the words of `cython` mean to Python, which is next to nothing; the compiler reads them, not this.

Cython brings the same under that name, but in 12 MB that nobody needs to run a kernel, and it takes fifty times
as long to load.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

compiled = False
bint = bool
double = float
longlong = int
ulonglong = int
Py_ssize_t = int


def _as_it_is(decorated: _T) -> _T:
    return decorated


cclass = cfunc = inline = _as_it_is


def exceptval(value: object = None, *, check: bool) -> Callable[[_T], _T]:
    """Return a decorator; exceptions of Python need no value that stands for them."""
    return _as_it_is


def declare(kind: Callable[..., _T], value: object = None, **_options: object) -> Any:
    """Return the value of a variable of a kind, as it is given; an attribute has None until it is set."""
    return value


def cast(kind: Callable[[Any], Any], value: Any) -> Any:
    """Return a value as one of a kind, itself where it is one."""
    return value if isinstance(kind, type) and isinstance(value, kind) else kind(value)

"""After-sales cases of marketplace sellers, under dated and sourced rules.

Plugins import from `aftersale.plugin`, their tests from `aftersale.testing`. `hookimpl` and `AFTERSALE_API` are here
too, for older plugins. The hooks are described in `aftersale.hookspecs`.
"""

from aftersale.hookspecs import AFTERSALE_API, hookimpl, hookspec

__version__: str
__all__ = ["AFTERSALE_API", "__version__", "hookimpl", "hookspec"]


def __getattr__(name: str) -> str:
    """Return `__version__`, looked up only when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("aftersale")

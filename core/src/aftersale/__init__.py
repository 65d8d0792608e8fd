"""After-sales cases of marketplace sellers, under dated and sourced rules.

A plugin needs two names from here: `hookimpl`, which marks its functions as implementations of hooks, and
`AFTERSALE_API`, the number of the hook interface that this release speaks. The hooks themselves stand in
`aftersale.hookspecs`; everything else is imported from its own module.
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

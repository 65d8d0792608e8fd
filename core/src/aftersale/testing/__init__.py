"""What tests build on: a reference plugin, and ready-made orders, facts and plugins.

`load_plugins(names=(), extra={"reference": aftersale.testing.reference})` loads the reference plugin alone.
"""

from aftersale.testing.factories import fact, order, orders, plugin, stores

__all__ = ["fact", "order", "orders", "plugin", "stores"]

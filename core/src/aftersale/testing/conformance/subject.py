"""The subject: a plugin under examination, loaded alone and beside all others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import Distribution, entry_points
from types import ModuleType
from typing import TYPE_CHECKING

from aftersale.base.errors import PluginError
from aftersale.hookspecs import PROJECT
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.policy import Policy
from aftersale.testing.conformance.samples import Sample, samples
from aftersale.testing.conformance.witness import Witness

if TYPE_CHECKING:
    from aftersale.testing.conformance.findings import Finding


MOST = 3000
"""About how many samples are enough for a plugin that owns no marketplace."""


class Subject:
    """A plugin with what it has to be judged by, and what was found already.

    `name` is that of its entry point. `module` is for a plugin that is not installed; `beside` are the others that it
    is loaded with, every installed one where None; `distribution` is the one that it was installed from, found by the
    entry point where None.
    """

    def __init__(
        self,
        name: str,
        module: ModuleType | None = None,
        beside: Mapping[str, ModuleType] | None = None,
        distribution: Distribution | None = None,
    ) -> None:
        """Name the plugin; nothing is loaded yet."""
        self.name = name
        self._beside = None if beside is None else dict(beside)
        self.findings: dict[str, Finding] = {}
        self.witness: Witness | None = None
        self._given = {} if module is None else {name: module}
        point = next((each for each in entry_points(group=PROJECT) if each.name == name), None)
        self.distribution = distribution or (point.dist if point is not None and module is None else None)
        self.package = point.value if point is not None and module is None else getattr(module, "__name__", name)

    def load(self, together: bool = False) -> Plugins:
        """Load the plugin anew, alone or beside all others; raises PluginError."""
        if together:
            names = None if self._beside is None else () if self._given else (self.name,)
            return load_plugins(names, {**(self._beside or {}), **self._given})
        return load_plugins(() if self._given else (self.name,), self._given)

    @cached_property
    def alone(self) -> Plugins | PluginError:
        """The plugin by itself, or why it cannot be loaded so."""
        return self._loaded(False)

    @cached_property
    def together(self) -> Plugins | PluginError:
        """The plugin beside every other one that is installed, or why they cannot be loaded."""
        return self._loaded(True)

    def _loaded(self, together: bool) -> Plugins | PluginError:
        try:
            return self.load(together)
        except PluginError as error:
            return error

    @cached_property
    def leans(self) -> bool:
        """Whether it lives on other plugins' marketplaces: a seller's house plugin, or one that only adds commands."""
        return isinstance(self.alone, PluginError) or not self.alone.marketplaces

    @property
    def plugins(self) -> Plugins:
        """The plugins that its cases go through: itself alone, or with the others that it leans on."""
        found = self.together if self.leans else self.alone
        assert isinstance(found, Plugins)
        return found

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Return the marketplaces on which it is examined: its own, or all where it has none."""
        return tuple(self.plugins.marketplaces)

    @cached_property
    def policies(self) -> dict[str, Policy]:
        """The policies of these marketplaces, with the decisions of the plugin."""
        return self.plugins.policies(self.places)

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """The cases that it is examined by, from its own declarations; on many foreign marketplaces, some of each."""
        found = tuple(sample for policy in self.policies.values() for sample in samples(policy))
        return found[:: max(1, len(found) // MOST)] if self.leans else found

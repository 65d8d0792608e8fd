"""Subject: a plugin under examination, loaded alone and beside all others."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import Distribution, entry_points
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING

from aftersale.base.errors import PluginError
from aftersale.base.watch import PRINT, Limits, Watch, declared_limits
from aftersale.hookspecs import PROJECT
from aftersale.plugins.plugins import Plugins, load_plugins
from aftersale.policies.policy import Policy
from aftersale.testing.conformance.samples import Sample, samples
from aftersale.testing.conformance.witness import Witness

if TYPE_CHECKING:
    from aftersale.testing.conformance.findings import Finding


ENOUGH = 3000
"""About how many samples are enough for a plugin that owns no marketplace."""


class Subject:
    """A plugin with the samples that it is judged by, and the findings so far.

    `name` is that of its entry point. `module` is for a plugin that is not installed. `beside` are the plugins that it
    is loaded with, every installed one where None. `distribution` is the one that installed it, looked up by the entry
    point where None. `outcomes` are those of its samples, once they are known. `limits` say how long its hooks may
    take; `hung` is the check in which one of them did not return.
    """

    def __init__(
        self,
        name: str,
        module: ModuleType | None = None,
        beside: Mapping[str, ModuleType] | None = None,
        distribution: Distribution | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Name the plugin; nothing is loaded yet."""
        self.name = name
        self._beside = None if beside is None else dict(beside)
        self.findings: dict[str, Finding] = {}
        self.witness: Witness | None = None
        self.outcomes: list[tuple[object, ...]] | None = None
        self.limits = limits if limits is not None else declared_limits()
        self.hung = ""
        self.watch = Watch(perf_counter, self.limits, self._tell)
        self._extra = {} if module is None else {name: module}
        point = next((point for point in entry_points(group=PROJECT) if point.name == name), None)
        self.distribution = distribution or (point.dist if point is not None and module is None else None)
        self.package = point.value if point is not None and module is None else getattr(module, "__name__", name)

    def _tell(self, line: str) -> None:
        """Write a line about a plugin to stderr, unless a check is there to tell it."""
        if line not in self.watch.noted(PRINT):
            sys.stderr.write(f"{line}\n")

    def load(self, together: bool = False) -> Plugins:
        """Load the plugin anew, alone or beside all others; raises PluginError."""
        if together:
            names = None if self._beside is None else () if self._extra else (self.name,)
            plugins = load_plugins(names, {**(self._beside or {}), **self._extra}, watch=self.watch, set_aside=True)
            if broken := plugins.quarantine.refusal([self.name]):
                raise broken
            return plugins
        return load_plugins(() if self._extra else (self.name,), self._extra, watch=self.watch)

    @cached_property
    def alone(self) -> Plugins | PluginError:
        """The plugin by itself, or why it cannot be loaded so."""
        return self._load_or_error(False)

    @cached_property
    def together(self) -> Plugins | PluginError:
        """The plugin beside every other installed plugin, or why they cannot be loaded."""
        return self._load_or_error(True)

    def _load_or_error(self, together: bool) -> Plugins | PluginError:
        try:
            return self.load(together)
        except PluginError as error:
            return error

    @cached_property
    def leans(self) -> bool:
        """Whether it needs other plugins' marketplaces: a seller's house plugin, or one that only adds commands."""
        return isinstance(self.alone, PluginError) or not self.alone.marketplaces

    @property
    def plugins(self) -> Plugins:
        """The plugins that its cases go through: itself alone, or with the plugins that it needs."""
        plugins = self.together if self.leans else self.alone
        assert isinstance(plugins, Plugins)
        return plugins

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
        """Its sample cases, from its own declarations; where it needs other plugins' marketplaces, some of each."""
        everything = tuple(sample for policy in self.policies.values() for sample in samples(policy))
        return everything[:: max(1, len(everything) // ENOUGH)] if self.leans else everything

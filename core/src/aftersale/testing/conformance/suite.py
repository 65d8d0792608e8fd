"""The suite as a test class: one test for each check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import ClassVar

from aftersale.testing.conformance.checks import CHECKS, examined
from aftersale.testing.conformance.findings import Check
from aftersale.testing.conformance.subject import Subject


class MarketplaceConformance:
    """Every check on one plugin; a class `TestX` below it that sets `plugin` is a whole test file.

    `plugin` is the name of the entry point. `module` is for a plugin that is not installed; `beside` are the others
    that it has to get along with, every installed one where None.
    """

    plugin: ClassVar[str]
    module: ClassVar[ModuleType | None] = None
    beside: ClassVar[Mapping[str, ModuleType] | None] = None
    _subject: ClassVar[Subject | None] = None

    @classmethod
    def subject(cls) -> Subject:
        """Return the plugin under examination, the same one for all tests of the class."""
        if cls.__dict__.get("_subject") is None:
            cls._subject = Subject(cls.plugin, cls.module, cls.beside)
        assert cls._subject is not None
        return cls._subject


def _test(check: Check) -> Callable[[MarketplaceConformance], None]:
    needed = [other for other in CHECKS if other.name in check.needs]

    def test(self: MarketplaceConformance) -> None:
        subject = self.subject()
        if stopped := next((other for other in needed if not examined(other, subject).passed), None):
            import pytest

            pytest.skip(f"says nothing while '{stopped.name}' fails")
        found = examined(check, subject)
        assert found.passed, str(found)

    test.__doc__ = f"{check.demand[0].upper()}{check.demand[1:]}."
    return test


for _check in CHECKS:
    setattr(MarketplaceConformance, f"test_{_check.name}", _test(_check))

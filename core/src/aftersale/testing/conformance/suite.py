"""Suite: a test class with one test for each check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import ClassVar

from aftersale.testing.conformance.checks import CHECKS, examine
from aftersale.testing.conformance.findings import Check
from aftersale.testing.conformance.subject import Subject


class MarketplaceConformance:
    """Every check on one plugin; a class `TestX` below it that sets `plugin` is a whole test file.

    `plugin` is the name of the entry point. `module` is for a plugin that is not installed. `beside` are the plugins
    that it is loaded with, every installed one where None.
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
    needed = [need for need in CHECKS if need.name in check.needs]

    def test(self: MarketplaceConformance) -> None:
        subject = self.subject()
        if failed := next((need for need in needed if not examine(need, subject).passed), None):
            import pytest

            pytest.skip(f"says nothing while '{failed.name}' fails")
        finding = examine(check, subject)
        if finding.not_made:
            import pytest

            pytest.skip(finding.not_made)
        assert finding.passed, str(finding)

    test.__doc__ = f"{check.demand[0].upper()}{check.demand[1:]}."
    return test


for _check in CHECKS:
    setattr(MarketplaceConformance, f"test_{_check.name}", _test(_check))

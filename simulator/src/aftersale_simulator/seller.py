"""The seller of a scenario: whose handbook stands beside the marketplaces' rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aftersale.handbook import Handbook, default_handbook, load_handbook
from aftersale_simulator.scenario import Scenario

if TYPE_CHECKING:
    from aftersale.plugins import Plugins


def seller_handbook(scenario: Scenario, plugins: Plugins) -> Handbook:
    """Return the scenario's own handbook over the default one; raises DocumentError when its file is unusable."""
    if not scenario.handbook:
        return default_handbook()
    return load_handbook(Path(scenario.handbook), plugins.workflow, plugins.metrics)

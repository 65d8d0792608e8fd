"""The seller of a scenario: whose handbook stands beside the marketplaces' rules."""

from __future__ import annotations

from pathlib import Path

from aftersale.handbook import Handbook, default_handbook, load_handbook
from aftersale.workflow import Workflow
from aftersale_simulator.scenario import Scenario


def seller_handbook(scenario: Scenario, workflow: Workflow | None = None) -> Handbook:
    """Return the scenario's own handbook over the default one; raises DocumentError when its file is unusable."""
    return load_handbook(Path(scenario.handbook), workflow) if scenario.handbook else default_handbook()

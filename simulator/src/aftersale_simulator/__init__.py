"""A simulated world and desk around the engine of aftersale, with the commands that run them."""

import click

from aftersale import hookimpl

AFTERSALE_API = 1


@hookimpl
def aftersale_commands() -> list[click.Command]:
    """Add the simulator's commands to the program."""
    from aftersale_simulator.calibratecommand import calibrate
    from aftersale_simulator.commands import parameters, simulate, whatif
    from aftersale_simulator.scenariocommand import scenario
    from aftersale_simulator.staffcommand import staff

    return [calibrate, parameters, scenario, simulate, staff, whatif]

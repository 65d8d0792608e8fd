"""A simulated world and desk around the engine of aftersale, with the commands that run them."""

import click

from aftersale import hookimpl

AFTERSALE_API = 1


@hookimpl
def aftersale_commands() -> list[click.Command]:
    """Add the simulator's commands to the program."""
    from aftersale_simulator.cli.calibrate import calibrate
    from aftersale_simulator.cli.parameters import parameters
    from aftersale_simulator.cli.scenario import scenario
    from aftersale_simulator.cli.simulate import simulate
    from aftersale_simulator.cli.staff import staff
    from aftersale_simulator.cli.whatif import whatif

    return [calibrate, parameters, scenario, simulate, staff, whatif]

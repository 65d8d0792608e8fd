"""The program: its own commands and those of plugins, and errors without a traceback.

Only this module reads the environment.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from aftersale.base.errors import AftersaleError, did_you_mean
from aftersale.base.files import LIMIT, MEGABYTE, limited
from aftersale.base.visible import visible
from aftersale.hookspecs import ALLOW_LIST

if TYPE_CHECKING:
    from aftersale.base.watch import Limits
    from aftersale.plugins.plugins import Plugins


TRACE = "AFTERSALE_TRACE"
"""The environment variable that shows every call of a hook, and the tracebacks of what plugins raise."""
HOOK_SECONDS = "AFTERSALE_HOOK_SECONDS"
"""The environment variable that says how many seconds a call of a hook may last before it is ended."""
ELSEWHERE = {"simulate": "aftersale-simulator", "whatif": "aftersale-simulator"}
"""Commands that users may look for here, and the distribution that adds them."""

_FULL = (ENOSPC, EDQUOT, EFBIG)  # a full disk, a quota, a file's largest size
_DIGITS = 9  # a limit of more digits is a slip


class Refused(click.ClickException):
    """An error of the project, shown without traceback; the program ends with 2."""

    exit_code = 2

    def __init__(self, error: AftersaleError, cells: bool) -> None:
        """Keep the text of the error and its notes; without `cells`, say how to see those that the text leaves out."""
        hints = [text("commands.cells")] if error.leaves_out and not cells else []
        super().__init__("\n".join([error.text(cells), *map(visible, getattr(error, "__notes__", ())), *hints]))


class Interrupted(click.ClickException):
    """Ctrl-C: one line, and the exit code that shells expect."""

    exit_code = 130

    def __init__(self) -> None:
        """Take the message."""
        super().__init__(text("commands.interrupted"))

    def show(self, file: Any = None) -> None:
        """Write the line to stderr."""
        click.echo(self.message, err=True)


class DiskFull(click.ClickException):
    """The system has no room for what is written, to a file or to where the output goes; the program ends with 2."""

    exit_code = 2

    def __init__(self, error: OSError) -> None:
        """Take the message, with the file where there is one."""
        where = text("commands.output") if error.filename is None else error.filename
        super().__init__(visible(text("commands.full", where=where, reason=error.strerror)))


class Program(click.Group):
    """The commands of the program and those that plugins add; an error of the project ends it with a message."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; what plugins print is kept out of its output."""
        from aftersale.plugins.prints import prints_heard

        with prints_heard():
            return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line; `--help` loads the plugins' commands meanwhile."""
        with _clean_errors(cells=False):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        from aftersale.plugins.watchdog import guarded

        with _clean_errors(show_cells(ctx)), limited(_most_bytes(ctx)), guarded(hook_limits(ctx).hang):
            answer = super().invoke(ctx)
            _tell_failures(ctx)
            return answer

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands; those of broken plugins are not among them."""
        return sorted({*self.commands, *loaded(ctx).commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the program or of a plugin, or None."""
        return self.commands.get(cmd_name) or loaded(ctx).commands().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; where nobody brings it, a broken plugin may."""
        name = args[0]
        if name != "plugins":
            loaded(ctx)
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            if broken := loaded(ctx).quarantine.refusal():
                raise broken
            raise click.UsageError(_missing_message(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add to the help that plugins are broken: their commands are missing from it."""
        if loaded(ctx).quarantine.broken:
            formatter.write_paragraph()
            formatter.write_text(text("plugins.broken"))


def _tell_failures(ctx: click.Context) -> None:
    """Write to stderr on which cases plugins failed; the answer was made without them."""
    plugins = ctx.find_root().obj
    if plugins is not None:
        for line in plugins.watch.told():
            click.echo(text("plugins.failed", line=line), err=True)


@contextmanager
def _clean_errors(cells: bool) -> Iterator[None]:
    try:
        yield
    except AftersaleError as error:
        if tracing() and error.__cause__ is not None:
            click.echo("".join(traceback.format_exception(error.__cause__)), err=True)
        raise Refused(error, cells) from error
    except KeyboardInterrupt as error:
        raise Interrupted from error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        raise DiskFull(error) from error


def _drop_output() -> None:
    """Let the rest of an output that cannot be written go nowhere: it would fail again when the program ends."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):  # an output that is no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _missing_message(name: str, commands: Iterable[str]) -> str:
    allow_list = allowed()
    if name in ELSEWHERE and allow_list is not None:
        return text("commands.left_out", command=name, variable=ALLOW_LIST, names=", ".join(allow_list) or "none")
    if name in ELSEWHERE:
        return text("commands.elsewhere", command=name, distribution=ELSEWHERE[name])
    unknown = text("commands.unknown", command=name)
    return f"{unknown}; {did_you_mean(name, commands)}".removesuffix("; ")


def allowed() -> list[str] | None:
    """Return the names in AFTERSALE_PLUGINS, an empty list when it is empty, None when it is not set."""
    value = os.environ.get(ALLOW_LIST)
    return None if value is None else [name.strip() for name in value.split(",") if name.strip()]


def tracing() -> bool:
    """Return whether the user wants to see every call of a hook, and the tracebacks of what plugins raise."""
    return os.environ.get(TRACE, "0") not in ("", "0")


def hook_limits(ctx: click.Context) -> Limits:
    """Return how long plugins may take, with the seconds that AFTERSALE_HOOK_SECONDS lets a call of a hook last."""
    from aftersale.base.watch import declared_limits

    value = os.environ.get(HOOK_SECONDS, "").strip()
    if not value:
        return declared_limits()
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < inf:
        raise click.UsageError(text("commands.no_seconds", variable=HOOK_SECONDS, value=value), ctx)
    return evolve(declared_limits(), hang=seconds)


def show_cells(ctx: click.Context) -> bool:
    """Return whether the user asks for cells of data that could not be read, which texts leave out otherwise."""
    return bool(ctx.find_root().params.get("show_cells"))


def _most_bytes(ctx: click.Context) -> int | None:
    """Return the bytes that AFTERSALE_MOST_MB lets a file have, None when it is not set."""
    value = os.environ.get(LIMIT, "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS and int(value)):
        raise click.UsageError(text("commands.no_limit", variable=LIMIT, value=value), ctx)
    return int(value) * MEGABYTE


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Search for no garbage in this block: all that is loaded in it stays, and a search takes a tenth of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load(ctx: click.Context) -> Plugins:
    from aftersale.base.watch import Watch
    from aftersale.plugins.plugins import load_plugins
    from aftersale.plugins.watchdog import guarded

    limits = hook_limits(ctx)
    watch = Watch(perf_counter, limits, trace=tracing())
    with guarded(limits.hang):
        return load_plugins(allowed(), trace=tracing(), watch=watch, set_aside=True)


def loaded(ctx: click.Context) -> Plugins:
    """Return the plugins, loaded once for a run of the program; the broken ones are told, and set aside."""
    root = ctx.find_root()
    if root.obj is None:
        with _garbage_kept():
            root.obj = _load(ctx)
        for line in root.obj.quarantine.lines():
            click.echo(visible(line), err=True)
    ctx.obj = root.obj
    plugins: Plugins = root.obj
    return plugins


def text(key: str, **values: object) -> str:
    """Return a message of the catalogue, which is read on first use."""
    from aftersale.base.translations import core_text

    return core_text(key, **values)

"""Errors: everything that this package refuses, with where, what and what to do next.

    AftersaleError
     ├ DocumentError        a document or a report (TOML, CSV, JSON) cannot be used
     ├ PluginError          the installation's plugins cannot be used together
     ├ HookHangs            a hook of a plugin does not return
     ├ ClockError           an instant, a zone or a calendar is not valid
     ├ MoneyError           an amount or a currency is not valid
     ├ UnknownMarketplace   no installed plugin owns a marketplace of that name
     ├ FactRefused          a case cannot take a fact in the state it is in
     ├ OtherOrder           a fact names a case that is about another order
     ├ UnknownCase          a journal has no case and no order of that name
     └ JournalError         a journal cannot be read or written

Every error keeps the objects it is about; its text is made when it is shown, so that the error survives pickling. What
comes from data is made visible in it, so that its line breaks are its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from attrs import frozen

from aftersale.base.visible import visible


@frozen
class Problem:
    """One thing that is wrong: in which file or plugin, at which path or line, what, and what to do.

    `path` reads like `team.shenzhen.shifts[0].days` or `line 12`, and is empty for the whole. `hint` may be
    empty. `cell` is the cell at fault where it is one of a file of data, as text shows it: it may hold what is
    nobody's business, so that only who asks for it gets it. `line` is where the path begins in a TOML file, 0 where
    that is unknown or there is none. `row` is the name of the row that the path lies in, if it has one.
    """

    where: str
    path: str
    what: str
    hint: str
    cell: str = ""
    line: int = 0
    row: str = ""

    @property
    def place(self) -> str:
        """Where it is, with the line if there is one: `shop.toml:17`."""
        return f"{self.where}:{self.line}" if self.line else self.where

    def __str__(self) -> str:
        """Return the text without the cell."""
        return self.text()

    def text(self, cells: bool = False) -> str:
        """Return `where:line: path: what (hint)` without what is empty; with `cells` the cell before the hint."""
        text = ": ".join(part for part in (self.place, self.path, self.what) if part)
        cell = f"the cell: {self.cell}" if cells and self.cell else ""
        more = "; ".join(part for part in (cell, self.hint) if part)
        return visible(f"{text} ({more})" if more else text)


class AftersaleError(Exception):
    """Anything that this package refuses; catch it to catch them all."""

    leaves_out: bool = False
    """Whether its text leaves out cells of data."""

    def text(self, cells: bool = False) -> str:
        """Return the text, with the cells of data that it is about only with `cells`."""
        return str(self)


class _ProblemTexts:
    """What the errors have in common that are about one problem or several."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        """Return every problem on a line of its own."""
        return self.text()

    def text(self, cells: bool = False) -> str:
        """Return every problem on a line of its own, with the cells of data only with `cells`."""
        if len(self.problems) == 1:
            return self.problems[0].text(cells)
        headline = visible(f"{self._headline()}, {len(self.problems)} problems:")
        return "\n  ".join([headline, *(problem.text(cells) for problem in self.problems)])

    def _headline(self) -> str:
        raise NotImplementedError


class DocumentError(_ProblemTexts, AftersaleError):
    """A document cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        """Keep the name of the document and its problems."""
        super().__init__(source, problems)
        self.source = source
        self.problems = problems
        self.leaves_out = any(problem.cell for problem in problems)

    def _headline(self) -> str:
        return f"{self.source} cannot be used"


class PluginError(_ProblemTexts, AftersaleError):
    """The plugins of this installation cannot be used together; `problems` says why, for each of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems."""
        super().__init__(problems)
        self.problems = problems

    def _headline(self) -> str:
        return "the installed plugins cannot be used together"


class HookHangs(AftersaleError):
    """A hook of a plugin, or its import, did not return in time and was ended."""

    def __init__(self, hook: str, plugin: str, about: str, place: str, seconds: float) -> None:
        """Keep the hook, the plugin, on what it was called, the line where it was, and how long it was waited for."""
        super().__init__(hook, plugin, about, place, seconds)
        self.hook = hook
        self.plugin = plugin
        self.about = about
        self.place = place
        self.seconds = seconds

    def __str__(self) -> str:
        """Return which hook hangs where, and how to wait longer."""
        on = f" on {self.about}" if self.about else ""
        what = f"{self.hook} of {self.plugin}{on} did not return within {self.seconds:g} s: it was at {self.place}"
        hint = "correct it, wait longer with AFTERSALE_HOOK_SECONDS, or leave the plugin out of AFTERSALE_PLUGINS"
        return visible(f"{what} ({hint})")


class ClockError(AftersaleError):
    """An instant, a zone or a calendar is not valid."""

    def __init__(self, what: str, hint: str) -> None:
        """Keep what is wrong and what to do about it."""
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Return `what (hint)`."""
        return visible(f"{self.what} ({self.hint})" if self.hint else self.what)


class MoneyError(AftersaleError):
    """An amount or a currency is not valid, or currencies are mixed."""

    def __init__(self, what: str, hint: str) -> None:
        """Keep what is wrong and what to do about it."""
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        """Return `what (hint)`."""
        return visible(f"{self.what} ({self.hint})" if self.hint else self.what)


class UnknownMarketplace(AftersaleError):
    """No installed plugin owns a marketplace of that name."""

    def __init__(self, marketplace: str, known: tuple[str, ...], cell: bool = False) -> None:
        """Keep the unknown name, whether it is a cell of data, and the names that exist."""
        super().__init__(marketplace, known, cell)
        self.marketplace = marketplace
        self.known = known
        self.leaves_out = cell

    def __str__(self) -> str:
        """Return the name unless it is a cell, the one that may be meant, and all that are known."""
        return self.text()

    def text(self, cells: bool = False) -> str:
        """Return the name, left out where it is a cell that is not asked for, and all that are known."""
        named = cells or not self.leaves_out
        what = f"unknown marketplace '{self.marketplace}'" if named else "unknown marketplace"
        if not self.known:
            return visible(f"{what} (no installed plugin brings any; install the one that brings it)")
        close = did_you_mean(self.marketplace, self.known)
        hint = f"{close} " if close else ""
        return visible(f"{what} ({hint}known: {', '.join(self.known)}; or install the plugin that brings it)")


class FactRefused(AftersaleError):
    """A case cannot take a fact in the state it is in; `allowed` are the facts it could take."""

    def __init__(
        self, case: str, kind: str, state: str, fact: str, allowed: tuple[str, ...], cell: bool = False
    ) -> None:
        """Keep the case with its kind and state (empty before it opens), the fact, and what is allowed.

        The kind of a fact that no workflow has is no more than a `cell` of data.
        """
        super().__init__(case, kind, state, fact, allowed, cell)
        self.leaves_out = cell
        self.case = case
        self.kind = kind
        self.state = state
        self.fact = fact
        self.allowed = allowed

    def __str__(self) -> str:
        """Return which case refuses which fact, and the facts that it would take."""
        return self.text()

    def text(self, cells: bool = False) -> str:
        """Return which case refuses which fact, left out where it is a cell that is not asked for."""
        fact = f"the fact '{self.fact}'" if cells or not self.leaves_out else "a fact of an unknown kind"
        state = f" in state '{self.state}'" if self.state else ""
        hint = f"allowed: {', '.join(self.allowed)}" if self.allowed else "no fact is allowed there any more"
        return visible(f"case {self.case} ({self.kind}){state} cannot take {fact} ({hint})")


class OtherOrder(AftersaleError):
    """A fact names a case that is about another order."""

    def __init__(self, fact: str, order: str, case: str, other: str, cell: bool = False) -> None:
        """Keep the fact with its order, and the case with its own.

        The kind of a fact that no workflow has is no more than a `cell` of data.
        """
        super().__init__(fact, order, case, other, cell)
        self.leaves_out = cell
        self.fact = fact
        self.order = order
        self.case = case
        self.other = other

    def __str__(self) -> str:
        """Return the two orders, and what to do."""
        return self.text()

    def text(self, cells: bool = False) -> str:
        """Return the two orders; the fact is left out where it is a cell that is not asked for."""
        fact = f"the fact '{self.fact}'" if cells or not self.leaves_out else "a fact of an unknown kind"
        what = f"{fact} is about order {self.order}, but case {self.case} is about order {self.other}"
        return visible(f"{what} (name the case of that order, or give the new case a name of its own)")


class UnknownCase(AftersaleError):
    """A journal has no case of that name, and none about an order of that name."""

    def __init__(self, name: str, hint: str, is_order: bool = False) -> None:
        """Keep the name, whether there is an order of that name, and what may be meant or done."""
        super().__init__(name, hint, is_order)
        self.name = name
        self.hint = hint
        self.is_order = is_order

    def __str__(self) -> str:
        """Return what is unknown, and what to do."""
        hint = self.hint or "'aftersale tasks JOURNAL' lists open cases"
        what = f"order '{self.name}' has no case" if self.is_order else f"no case and no order is named '{self.name}'"
        return visible(f"{what} ({hint})")


class JournalError(_ProblemTexts, AftersaleError):
    """A journal cannot be read or written; `problems` names files and lines."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        """Keep the name of the journal and its problems."""
        super().__init__(source, problems)
        self.source = source
        self.problems = problems
        self.leaves_out = any(problem.cell for problem in problems)

    def _headline(self) -> str:
        return f"the journal {self.source} cannot be used"


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return `did you mean 'x'?` with the closest of the words, or an empty text when none is close."""
    matches = get_close_matches(word, list(words), n=1)
    return f"did you mean '{matches[0]}'?" if matches else ""

"""Quarantine: which plugins are broken and set aside, what needs them, and how to go on without them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.abc import InspectLoader
from importlib.util import find_spec

from attrs import frozen

from aftersale.base.errors import PluginError, Problem
from aftersale.base.translations import core_text as text
from aftersale.hookspecs import ALLOW_LIST
from aftersale.plugins.admission import Candidate, installed
from aftersale.plugins.contributions import MARKETPLACES, RULES, WORLD, check_together, contributed
from aftersale.policies.decisions import DECIDING


def separate(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Return the plugins that can be used together, and the broken ones; also those that cannot be without these."""
    sound = list(candidates)
    broken: list[Candidate] = []
    while unusable := [candidate for candidate in sound if candidate.problems]:
        if broken:  # only without the first of them: what is wrong with these is not of their making
            hint = f"correct {' and '.join(candidate.name for candidate in broken)} first"
            for candidate in unusable:
                what = "cannot be used without what a broken plugin would bring"
                candidate.problems[:] = [Problem(str(candidate), "", what, hint)]
        broken += unusable
        sound = [candidate for candidate in sound if not candidate.problems]
        check_together(sound)
    return sound, sorted(broken, key=lambda candidate: (candidate.name, candidate.distribution))


@frozen(eq=False)
class Quarantine:
    """The plugins that are set aside; `sound` are the names of those that are not."""

    broken: tuple[Candidate, ...] = ()
    sound: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield for each plugin that it is left out, and how to leave it out without a word."""
        for candidate in self.broken:
            count = len(candidate.problems)
            yield text("plugins.set_aside", plugin=candidate, count=count, way=way_out(self.sound))

    def stopping(self, marketplace: str, exists: bool) -> PluginError | None:
        """Return why nothing can be said of a marketplace, if a broken plugin has a say there; else None.

        `exists` says whether a sound plugin owns it: where none does, any that cannot name its marketplaces may.
        """
        stopping = [candidate for candidate in self.broken if _has_say(candidate, marketplace, exists)]
        return refusal(stopping, self.sound) if stopping else None

    def refusal(self, names: Collection[str] | None = None) -> PluginError | None:
        """Return the problems of the broken plugins, or of those with these names; None where there are none."""
        broken = [candidate for candidate in self.broken if names is None or candidate.name in names]
        return refusal(broken, self.sound) if broken else None


def refusal(candidates: Iterable[Candidate], sound: Iterable[str]) -> PluginError:
    """Return the problems of plugins as an error that says how to go on without them."""
    problems = dict.fromkeys(problem for candidate in candidates for problem in candidate.problems)
    error = PluginError(tuple(problems))
    error.add_note(text("plugins.way_out", way=way_out(sound)))
    return error


def way_out(sound: Iterable[str]) -> str:
    """Return the setting that loads these plugins and no others; what is not installed needs no setting."""
    return f"{ALLOW_LIST}={','.join(sorted(set(sound) & installed()))}"


def _has_say(candidate: Candidate, marketplace: str, exists: bool) -> bool:
    names = {place.name for _, place in contributed([candidate], MARKETPLACES)}
    if marketplace in names or any(rule.marketplace == marketplace for _, rule in contributed([candidate], RULES)):
        return True
    worlds = (world for _, world in contributed([candidate], WORLD))
    if any(marketplace in row.marketplaces for world in worlds for row in (*world.parameter, *world.contact)):
        return True
    hooks = _hooks(candidate)
    if MARKETPLACES in hooks or not hooks:
        return not exists and not names
    return bool({RULES, *DECIDING} & hooks)  # a house plugin: it has a say on every marketplace


def _hooks(candidate: Candidate) -> set[str]:
    """Return the hooks of a plugin; of one that cannot be imported, those that its file names."""
    if candidate.module is not None:
        return set(candidate.implementations)
    module = getattr(candidate.point, "module", "")  # of an entry point of `importlib.metadata`, or of its backport
    if not module:
        return set()
    try:
        spec = find_spec(module)
        loader = spec.loader if spec is not None else None
        source = (loader.get_source(module) if isinstance(loader, InspectLoader) else "") or ""
    except (ImportError, ValueError):
        return set()
    return {hook for hook in (MARKETPLACES, RULES, *DECIDING) if hook in source}

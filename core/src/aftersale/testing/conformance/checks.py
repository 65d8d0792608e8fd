"""Checks: what each demands of a plugin, and how it finds offences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Any

from aftersale.advice.advice import advice, classified, priority
from aftersale.base.errors import AftersaleError, HookHangs, PluginError
from aftersale.base.money import decimals
from aftersale.base.watch import PRINT, Watch, explained
from aftersale.clocks import Instant
from aftersale.hookspecs import PROJECT
from aftersale.orders import Order
from aftersale.plugins.prints import prints_heard
from aftersale.plugins.watchdog import guarded
from aftersale.policies.policy import Policy, Terms
from aftersale.policies.sales import Sale
from aftersale.policies.worlds import Closure, Parameter, Preset
from aftersale.rules import Rule, declared_sources, names_page, silent_clauses
from aftersale.testing.conformance.findings import Check, Finding, NotMade
from aftersale.testing.conformance.rehearsals import simulates
from aftersale.testing.conformance.samples import Answer, Sample, boundaries, play
from aftersale.testing.conformance.subject import Subject
from aftersale.testing.conformance.witness import Witness

WATCH_EVERY = 4
"""Every so many samples one is played under a profiler, which is slow."""


def findings(subject: Subject) -> Iterator[Finding]:
    """Yield the finding of each check, in their order, as soon as it is made."""
    failed: set[str] = set()
    for check in CHECKS:
        stopper = next((name for name in check.needs if name in failed), "")
        finding = Finding(check, stopped_by=stopper) if stopper else examine(check, subject)
        if finding.problems or finding.stopped_by:
            failed.add(check.name)
        yield finding


def examine(check: Check, subject: Subject) -> Finding:
    """Return the finding of a check on a subject, made once; none is made after one in which a hook hung."""
    finding = subject.findings.get(check.name)
    if finding is None:
        with guarded(subject.limits.hang), prints_heard():
            made = Finding(check, stopped_by=subject.hung) if subject.hung else _run(check, subject)
        finding = subject.findings[check.name] = made
    return finding


def _run(check: Check, subject: Subject) -> Finding:
    """Look for offences; an exception on the way is an offence too."""
    problems: list[str] = []
    more = 0
    try:
        for problem in check.find(subject):
            if len(problems) < check.shown:
                problems.append(problem)
            else:
                more += 1
    except NotMade as reason:
        return Finding(check, not_made=str(reason))
    except HookHangs as error:
        subject.hung = check.name
        problems.append(str(error))
    except Exception as error:
        problems.append(explained(error))
    return Finding(check, (*problems, *([f"and {more} more"] if more else [])))


# --- the plugin as it is installed ---


def _loads(subject: Subject) -> Iterator[str]:
    plugins = subject.together if subject.leans else subject.alone
    if isinstance(plugins, PluginError):
        yield from map(str, plugins.problems)


def _names_agree(subject: Subject) -> Iterator[str]:
    """Compare the names of entry point, package and distribution, and check the distribution's metadata."""
    name, distribution = subject.name, subject.distribution
    if distribution is None:
        return
    if not name.isidentifier() or name != name.lower():
        yield f"the entry point '{name}' is no word in lower case with underscores"
    if subject.package != f"{PROJECT}_{name}":
        yield f"the entry point '{name}' leads to '{subject.package}', not to '{PROJECT}_{name}'"
    expected = f"{PROJECT}-{name.replace('_', '-')}"
    if distribution.name.lower().replace("_", "-") != expected:
        yield f"its distribution is '{distribution.name}', not '{expected}'"
    metadata = distribution.metadata.json
    for key, name in (("summary", "description"), ("description", "readme")):
        if not str(metadata.get(key) or "").strip():
            yield f"its metadata has no {name}: add it to [project] in pyproject.toml"
    needs = [need.replace(" ", "") for need in distribution.requires or []]
    requirements = [need for need in needs if need.startswith(PROJECT) and need[len(PROJECT) :][:1] in "<>=~!(["]
    if not any("<" in need or "~=" in need for need in requirements):
        yield f"it does not say below which release of {PROJECT} it works: require '{PROJECT}>=0.1,<0.2'"


def _is_typed(subject: Subject) -> Iterator[str]:
    if subject.distribution is not None and not (files(subject.package) / "py.typed").is_file():
        yield f"the package {subject.package} has no py.typed: add an empty file of that name"


def _has_sources(subject: Subject) -> Iterator[str]:
    plugins, name = subject.plugins, subject.name
    for marketplace in plugins.marketplaces.values():
        if plugins.owner(marketplace.name) == name and not (marketplace.source.strip() and marketplace.grade):
            yield f"marketplace {marketplace.name} has no source or no grade"
    for rule in plugins.stated(name):
        if not rule.source.strip() or not rule.grade:
            yield f"{rule} has no source or no grade"
    for metric in plugins.metrics_of(name):
        if not plugins.metrics[metric].zh.strip() or not plugins.metrics[metric].en.strip():
            yield f"metric {metric} does not say what it is in English and Chinese"
    for world in plugins.worlds_of(name):
        for parameter in world.parameter:
            if not parameter.source.strip() or not parameter.grade:
                yield f"parameter {parameter.name} has no source or no grade"


def _sources_speak(subject: Subject) -> Iterator[str]:
    """Find rows that are graded as if read whose sources are about other marketplaces, or about none that is known."""
    places = subject.plugins.marketplaces.values()
    declared = declared_sources((place.name, place.sources) for place in places)
    for row, source, grade, marketplaces in _graded(subject):
        if grade in ("assumed", "unknown") and (page := names_page(source, declared)):
            hint = f"say what was done with it: source = '{grade}; copied from {page}'"
            yield f"{row} is graded {grade}, but its source begins with '{page}' as if that was read for it: {hint}"
        for clause, speaks_for in silent_clauses(source, grade, marketplaces, declared):
            silent = ", ".join(sorted(set(marketplaces) - speaks_for))
            if speaks_for:
                known = ", ".join(sorted(speaks_for))
                hint = f"name what was read for {silent}, or grade it assumed: source = 'assumed; copied from {clause}'"
                yield f"{row} is graded {grade}, but '{clause}' speaks for {known}, not for {silent}: {hint}"
            else:
                hint = "add the word with which it begins to [sources] in profile.toml"
                yield f"{row} is graded {grade}, but nothing says for which marketplaces '{clause}' speaks: {hint}"


def _graded(subject: Subject) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield every row that has a grade: its name, its source, its grade, and the marketplaces where it holds."""
    plugins = subject.plugins
    for place in plugins.marketplaces.values():
        if plugins.owner(place.name) == subject.name:
            yield f"marketplace {place.name}", place.source, place.grade, (place.name,)
    for rule in plugins.stated(subject.name):
        yield str(rule), rule.source, rule.grade, (rule.marketplace,)
    for world in plugins.worlds_of(subject.name):
        rows: tuple[Parameter | Sale | Preset | Closure, ...]
        rows = (*world.parameter, *world.sale, *world.preset, *world.closure)
        for row in rows:
            yield f"{type(row).__name__.lower()} {row.name}", row.source, row.grade, tuple(row.marketplaces)
        for sale in world.sale:
            for dated in sale.dated:
                name = f"sale {sale.name_in(dated.start.year)}"
                yield name, dated.source, dated.grade, tuple(sale.marketplaces)


def _is_complete(subject: Subject) -> Iterator[str]:
    yield from map(str, subject.plugins.gaps_of(subject.name))


# --- its cases ---


def _outcomes(subject: Subject) -> list[tuple[object, ...]]:
    """Return the outcome of each sample in their order; worked out once, for all checks that compare with it."""
    if subject.outcomes is None:
        subject.outcomes = [_outcome(subject.policies[sample.marketplace], sample) for sample in subject.samples]
    return subject.outcomes


def _outcome(policy: Policy, sample: Sample) -> tuple[object, ...]:
    """Return everything that a live desk would learn of a sample: its cases, its refusals, and the advice on them."""
    answer = play(sample, policy)
    return answer.cases, answer.refused, *_recommendations(answer, policy)


def _recommendations(answer: Answer, policy: Policy) -> Iterator[object]:
    for case in answer.cases:
        yield advice(case, answer.dossier, policy)
        yield classified(case, answer.dossier, policy)
        yield priority(case, answer.dossier, policy)


def _is_total(subject: Subject) -> Iterator[str]:
    """Play all samples; yield every exception and every answer that makes no sense, once for each cause."""
    watch = subject.watch.another()
    policies = subject.plugins.policies(subject.places, watch=watch)
    observers = subject.plugins.observers(watch)
    for sample in subject.samples:
        policy = policies[sample.marketplace]
        try:
            list(_recommendations(play(sample, policy, observers), policy))
        except HookHangs:
            raise
        except Exception as error:
            yield f"{sample}: {explained(error)}"
    yield from watch.told()


class _Doubt(Watch):
    """Calls every hook twice, and keeps the hooks that answered differently the second time."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__(tell=tell)
        self.fickle: dict[str, str] = {}

    def call(self, hook: str, plugin: str, about: str, ask: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        first, second = (super(_Doubt, self).call(hook, plugin, about, ask, arguments) for _ in range(2))
        if first != second:
            self.fickle.setdefault(hook, f"{hook} on {about}: answers {first!r}, and asked again {second!r}")
        return second


def _is_pure(subject: Subject) -> Iterator[str]:
    doubt = _Doubt(lambda line: None)
    policies = subject.plugins.policies(subject.places, watch=doubt)
    for sample in subject.samples:
        _outcome(policies[sample.marketplace], sample)
    yield from doubt.fickle.values()
    if not subject.leans:
        reloaded = subject.load()
        for what, first, second in (
            ("rules", subject.plugins.stated(subject.name), reloaded.stated(subject.name)),
            ("marketplaces", subject.plugins.marketplaces, reloaded.marketplaces),
            ("metrics", subject.plugins.metrics, reloaded.metrics),
            ("worlds", subject.plugins.worlds, reloaded.worlds),
            ("kinds of case", list(subject.plugins.workflow.kinds.values()), list(reloaded.workflow.kinds.values())),
        ):
            if first != second:
                yield f"loaded twice, it contributes other {what}"


def _is_order_independent(subject: Subject) -> Iterator[str]:
    forward = _outcomes(subject)
    backward = [_outcome(subject.policies[sample.marketplace], sample) for sample in reversed(subject.samples)]
    for sample, first, second in zip(subject.samples, forward, reversed(backward), strict=True):
        if first != second:
            yield f"{sample}: its answer depends on which cases came before"


def _monotone(subject: Subject) -> Iterator[str]:
    for policy in subject.policies.values():
        orders = {sample.order.channel: sample.order for sample in subject.samples if _on_marketplace(sample, policy)}
        instants = boundaries(policy)
        for name, fact in _starts(policy):
            for order in orders.values():
                yield from _reversed_deadlines(policy, name, fact, order, instants)


def _on_marketplace(sample: Sample, policy: Policy) -> bool:
    return sample.marketplace == policy.marketplace.name


def _starts(policy: Policy) -> list[tuple[str, str]]:
    """Return the deadlines that rules set, each with a fact that starts it."""
    history = (*policy.rules.history(policy.marketplace.name), *policy.handbook.history())
    return sorted({(rule.name, fact) for rule in history if rule.kind == "deadline" for fact in rule.starts})


def _reversed_deadlines(
    policy: Policy, name: str, fact: str, order: Order, instants: Sequence[Instant]
) -> Iterator[str]:
    """Yield where a deadline ends before it begins, or before an earlier one under the same terms."""
    ends: list[tuple[Terms, Instant, tuple[Instant, Instant]]] = []
    for at in instants:
        terms = policy.at(at)
        deadline = terms.measured(name, fact, at, order)
        if deadline is not None:
            if min(deadline.due, deadline.expires_at) < at:
                yield f"{policy.marketplace.name} {name} of an order by {order.channel}: begun at {at}, over before it"
            ends.append((terms, at, (deadline.due, deadline.expires_at)))
    for (before, first, early), (after, second, late) in pairwise(ends):
        if before is after and (late[0] < early[0] or late[1] < early[1]):
            yield f"{policy.marketplace.name} {name}: begun at {second}, it ends before the one begun at {first}"


def _money_fits(subject: Subject) -> Iterator[str]:
    """Find amounts with more decimals than their currency, and marketplaces whose currency does not exist."""
    for rule in subject.plugins.stated(subject.name):
        if rule.money is not None and rule.currency and _digits(rule) > decimals(rule.currency):
            yield f"{rule}: {rule.currency} has {decimals(rule.currency)} decimals"
    for place in subject.places:
        marketplace = subject.plugins.marketplaces[place]
        if subject.plugins.owner(place) == subject.name:
            try:
                decimals(marketplace.currency)
            except AftersaleError:
                yield f"marketplace {place} sells in {marketplace.currency}, which is no currency"


def _digits(rule: Rule) -> int:
    assert rule.money is not None
    exponent = rule.money.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


# --- what its hooks must not touch ---


def _witness(subject: Subject) -> Witness:
    if subject.witness is None:
        subject.witness = _watch_hooks(subject)
    return subject.witness


def _watch_hooks(subject: Subject) -> Witness:
    witness = Witness(subject.plugins.implementations(subject.name))
    with witness.watching():
        if not subject.leans:
            subject.load()
        for sample in subject.samples[::WATCH_EVERY]:
            _outcome(subject.policies[sample.marketplace], sample)
    return witness


def _reads_no_clock(subject: Subject) -> Iterator[str]:
    for hook, where in _witness(subject).clock.items():
        yield f"{hook}: {where}: time is an argument"


def _draws_nothing(subject: Subject) -> Iterator[str]:
    for hook, where in _witness(subject).chance.items():
        yield f"{hook}: {where}: no seed decides it"


def _prints_nothing(subject: Subject) -> Iterator[str]:
    subject.load(subject.leans)
    _outcomes(subject)
    yield from subject.watch.noted(PRINT)


# --- beside other plugins ---


def _lives_with_others(subject: Subject) -> Iterator[str]:
    # Before the others are loaded: they might change what this one does.
    outcomes = [] if subject.leans else _outcomes(subject)
    together = subject.together
    if isinstance(together, PluginError):
        yield from map(str, together.problems)
        return
    if subject.leans:
        return
    policies = {
        place: policy
        for place, policy in together.policies(subject.places).items()
        if not _has_house_say(place, subject.policies[place], policy)
    }
    for sample, before in zip(subject.samples, outcomes, strict=True):
        policy = policies.get(sample.marketplace)
        if policy is not None and _outcome(policy, sample) != before:
            yield f"{sample}: it goes otherwise when other plugins are installed"


def _has_house_say(place: str, alone: Policy, shared: Policy) -> bool:
    """Whether a house plugin has a say on a marketplace where all plugins are loaded: that is what it is for."""
    return shared.decisions.by_house() or alone.rules.history(place) != shared.rules.history(place)


CHECKS: tuple[Check, ...] = (
    Check("loads", "it can be loaded: every mistake of its module and its data is told", _loads, (), 10_000),
    Check("names_agree", "entry point, package, distribution and metadata agree", _names_agree, ()),
    Check("is_typed", "its package says that it has types", _is_typed),
    Check("has_sources", "every marketplace, rule, metric and parameter has a source and a grade", _has_sources),
    Check("sources_speak", "no row that is graded as if read names a source about another marketplace", _sources_speak),
    Check("is_complete", "each of its tasks has a deadline, each case an end, each metric a case", _is_complete),
    Check("is_total", "every case of every kind, opened at any instant, goes its way without a mistake", _is_total),
    Check("is_pure", "the same arguments give the same answer", _is_pure, ("loads", "is_total")),
    Check(
        "is_order_independent",
        "an answer does not depend on the cases that came before",
        _is_order_independent,
        ("loads", "is_total", "is_pure"),
    ),
    Check("deadlines_are_monotone", "no deadline ends before it begins, or before an earlier one", _monotone),
    Check("money_fits", "amounts fit their currency", _money_fits),
    Check("reads_no_clock", "its hooks ask no clock: time is an argument", _reads_no_clock),
    Check("draws_nothing", "its hooks draw no number that a seed does not decide", _draws_nothing),
    Check("prints_nothing", "its hooks print nothing: reports are somebody else's", _prints_nothing),
    Check(
        "lives_with_others",
        "it works the same beside every other plugin that is installed",
        _lives_with_others,
        ("loads", "is_total", "is_pure"),
    ),
    Check("simulates", "a short period runs in the simulator on every marketplace", simulates, ("loads", "is_total")),
)
"""All checks, in the order in which they are made."""

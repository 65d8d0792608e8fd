"""The checks: what each asks of a plugin, and what it finds."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.resources import files
from itertools import pairwise
from typing import Any

from aftersale.advice.advice import advice, classified, priority
from aftersale.base.errors import AftersaleError, PluginError
from aftersale.base.money import decimals
from aftersale.base.watch import Watch, explained
from aftersale.clocks import Instant
from aftersale.hookspecs import PROJECT
from aftersale.orders import Order
from aftersale.policies.policy import Policy, Terms
from aftersale.rules import Rule
from aftersale.testing.conformance.findings import Check, Finding
from aftersale.testing.conformance.samples import Answer, Sample, boundaries, played
from aftersale.testing.conformance.subject import Subject
from aftersale.testing.conformance.witness import Witness

WATCHED = 4
"""Of so many samples one is played under a profiler, which is slow."""


def findings(subject: Subject) -> Iterator[Finding]:
    """Yield what each check comes to, in their order, as it becomes known."""
    failed: set[str] = set()
    for check in CHECKS:
        stopper = next((name for name in check.needs if name in failed), "")
        found = Finding(check, stopped_by=stopper) if stopper else examined(check, subject)
        if not found.passed:
            failed.add(check.name)
        yield found


def examined(check: Check, subject: Subject) -> Finding:
    """Return what one check comes to on a subject, which is looked at once."""
    found = subject.findings.get(check.name)
    if found is None:
        found = subject.findings[check.name] = _examined(check, subject)
    return found


def _examined(check: Check, subject: Subject) -> Finding:
    """Look for offences; an exception on the way is one, too."""
    found: list[str] = []
    more = 0
    try:
        for problem in check.find(subject):
            if len(found) < check.shown:
                found.append(problem)
            else:
                more += 1
    except Exception as error:
        found.append(explained(error))
    return Finding(check, (*found, *([f"and {more} more"] if more else [])))


# --- what can be said of a plugin as it is installed ---


def _loads(subject: Subject) -> Iterator[str]:
    found = subject.together if subject.leans else subject.alone
    if isinstance(found, PluginError):
        yield from map(str, found.problems)


def _names_agree(subject: Subject) -> Iterator[str]:
    """Compare entry point, package and distribution, and look at what the distribution says of itself."""
    name, distribution = subject.name, subject.distribution
    if distribution is None:
        return
    if not name.isidentifier() or name != name.lower():
        yield f"the entry point '{name}' is no word in lower case with underscores"
    if subject.package != f"{PROJECT}_{name}":
        yield f"the entry point '{name}' leads to '{subject.package}', not to '{PROJECT}_{name}'"
    wanted = f"{PROJECT}-{name.replace('_', '-')}"
    if distribution.name.lower().replace("_", "-") != wanted:
        yield f"its distribution is '{distribution.name}', not '{wanted}'"
    told = distribution.metadata.json
    for key, name in (("summary", "description"), ("description", "readme")):
        if not str(told.get(key) or "").strip():
            yield f"its metadata has no {name}: add it to [project] in pyproject.toml"
    needs = [need.replace(" ", "") for need in distribution.requires or []]
    ours = [need for need in needs if need.startswith(PROJECT) and need[len(PROJECT) :][:1] in "<>=~!(["]
    if not any("<" in need or "~=" in need for need in ours):
        yield f"it does not say below which release of {PROJECT} it works: require '{PROJECT}>=0.1,<0.2'"


def _is_typed(subject: Subject) -> Iterator[str]:
    if subject.distribution is not None and not (files(subject.package) / "py.typed").is_file():
        yield f"the package {subject.package} has no py.typed: add an empty file of that name"


def _has_sources(subject: Subject) -> Iterator[str]:
    plugins, name = subject.plugins, subject.name
    for place in plugins.marketplaces.values():
        if plugins.owner(place.name) == name and not (place.source.strip() and place.grade):
            yield f"marketplace {place.name} has no source or no grade"
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


# --- what can be said of its cases ---


def _everything(policy: Policy, sample: Sample) -> tuple[object, ...]:
    """Return all that a live desk would learn of a sample: how its cases went, and what is advised on them."""
    answer = played(sample, policy)
    return answer.cases, answer.refused, *_advised(answer, policy)


def _advised(answer: Answer, policy: Policy) -> Iterator[object]:
    for case in answer.cases:
        yield advice(case, answer.dossier, policy)
        yield classified(case, answer.dossier, policy)
        yield priority(case, answer.dossier, policy)


def _is_total(subject: Subject) -> Iterator[str]:
    """Play all samples, and tell every exception and every answer that makes no sense, once for each cause."""
    watch = Watch()
    policies = subject.plugins.policies(subject.places, watch=watch)
    told = subject.plugins.observers(watch)
    for sample in subject.samples:
        policy = policies[sample.marketplace]
        try:
            list(_advised(played(sample, policy, told), policy))
        except Exception as error:
            yield f"{sample}: {explained(error)}"
    yield from watch.told()


class _Doubt(Watch):
    """Asks everything twice, and keeps which hooks answered differently the second time."""

    def __init__(self) -> None:
        super().__init__()
        self.fickle: dict[str, str] = {}

    def call(self, hook: str, plugin: str, about: str, ask: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        first, second = ask(**arguments), ask(**arguments)
        if first != second:
            self.fickle.setdefault(hook, f"{hook} on {about}: answers {first!r}, and asked again {second!r}")
        return second


def _is_pure(subject: Subject) -> Iterator[str]:
    doubt = _Doubt()
    policies = subject.plugins.policies(subject.places, watch=doubt)
    for sample in subject.samples:
        _everything(policies[sample.marketplace], sample)
    yield from doubt.fickle.values()
    if not subject.leans:
        again = subject.load()
        for what, one, other in (
            ("rules", subject.plugins.stated(subject.name), again.stated(subject.name)),
            ("marketplaces", subject.plugins.marketplaces, again.marketplaces),
            ("metrics", subject.plugins.metrics, again.metrics),
            ("worlds", subject.plugins.worlds, again.worlds),
            ("kinds of case", list(subject.plugins.workflow.kinds.values()), list(again.workflow.kinds.values())),
        ):
            if one != other:
                yield f"loaded twice, it contributes other {what}"


def _is_order_independent(subject: Subject) -> Iterator[str]:
    forth = [_everything(subject.policies[sample.marketplace], sample) for sample in subject.samples]
    back = [_everything(subject.policies[sample.marketplace], sample) for sample in reversed(subject.samples)]
    for sample, one, other in zip(subject.samples, forth, reversed(back), strict=True):
        if one != other:
            yield f"{sample}: its answer depends on which cases came before"


def _monotone(subject: Subject) -> Iterator[str]:
    for policy in subject.policies.values():
        orders = {sample.order.channel: sample.order for sample in subject.samples if _of(sample, policy)}
        instants = boundaries(policy)
        for name, fact in _started(policy):
            for order in orders.values():
                yield from _backwards(policy, name, fact, order, instants)


def _of(sample: Sample, policy: Policy) -> bool:
    return sample.marketplace == policy.marketplace.name


def _started(policy: Policy) -> list[tuple[str, str]]:
    """Return the deadlines that rules set, each with a fact that starts it."""
    history = (*policy.rules.history(policy.marketplace.name), *policy.handbook.history())
    return sorted({(rule.name, fact) for rule in history if rule.kind == "deadline" for fact in rule.starts})


def _backwards(policy: Policy, name: str, fact: str, order: Order, instants: Sequence[Instant]) -> Iterator[str]:
    """Yield where a deadline ends before it begins, or before one that began earlier under the same terms."""
    ends: list[tuple[Terms, Instant, tuple[Instant, Instant]]] = []
    for at in instants:
        terms = policy.at(at)
        found = terms.measured(name, fact, at, order)
        if found is not None:
            if min(found.due, found.expires_at) < at:
                yield f"{policy.marketplace.name} {name} of an order by {order.channel}: begun at {at}, over before it"
            ends.append((terms, at, (found.due, found.expires_at)))
    for (before, first, early), (after, then, late) in pairwise(ends):
        if before is after and (late[0] < early[0] or late[1] < early[1]):
            yield f"{policy.marketplace.name} {name}: begun at {then}, it ends before the one begun at {first}"


def _money_fits(subject: Subject) -> Iterator[str]:
    """Find amounts that their currency does not have, and refunds in anything but minor units of the order's."""
    for rule in subject.plugins.stated(subject.name):
        if rule.money is not None and rule.currency and _digits(rule) > decimals(rule.currency):
            yield f"{rule}: {rule.currency} has {decimals(rule.currency)} decimals"
    for place in subject.places:
        known = subject.plugins.marketplaces[place]
        if subject.plugins.owner(place) == subject.name:
            try:
                decimals(known.currency)
            except AftersaleError:
                yield f"marketplace {place} sells in {known.currency}, which is no currency"


def _digits(rule: Rule) -> int:
    assert rule.money is not None
    exponent = rule.money.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


# --- what its hooks must not touch ---


def _witness(subject: Subject) -> Witness:
    if subject.witness is None:
        subject.witness = _watched(subject)
    return subject.witness


def _watched(subject: Subject) -> Witness:
    found = Witness(subject.plugins.implementations(subject.name))
    with found.watching():
        if not subject.leans:
            subject.load()
        for sample in subject.samples[::WATCHED]:
            _everything(subject.policies[sample.marketplace], sample)
    return found


def _reads_no_clock(subject: Subject) -> Iterator[str]:
    for hook, where in _witness(subject).clock.items():
        yield f"{hook}: {where}: time is an argument"


def _draws_nothing(subject: Subject) -> Iterator[str]:
    for hook, where in _witness(subject).chance.items():
        yield f"{hook}: {where}: no seed decides it"


def _prints_nothing(subject: Subject) -> Iterator[str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        subject.load(subject.leans)
        for sample in subject.samples:
            _everything(subject.policies[sample.marketplace], sample)
    for stream, name in ((out, "stdout"), (err, "stderr")):
        if text := stream.getvalue():
            yield f"writes to {name}: {text.splitlines()[0][:80]!r}"


# --- what can be said of it among others ---


def _lives_with_others(subject: Subject) -> Iterator[str]:
    # Before the others are loaded: they might change what this one does.
    alone = [_everything(subject.policies[sample.marketplace], sample) for sample in _own_samples(subject)]
    together = subject.together
    if isinstance(together, PluginError):
        yield from map(str, together.problems)
        return
    if subject.leans:
        return
    policies = together.policies(subject.places)
    for sample, before in zip(subject.samples, alone, strict=True):
        own, other = subject.policies[sample.marketplace], policies[sample.marketplace]
        place = sample.marketplace
        if other.decisions.by_house() or own.rules.history(place) != other.rules.history(place):
            continue  # a house plugin has a say there: that is what it is for
        if _everything(other, sample) != before:
            yield f"{sample}: it goes otherwise when other plugins are installed"


def _own_samples(subject: Subject) -> tuple[Sample, ...]:
    return () if subject.leans else subject.samples


CHECKS: tuple[Check, ...] = (
    Check("loads", "it can be loaded: every mistake of its module and its data is told", _loads, (), 10_000),
    Check("names_agree", "entry point, package, distribution and metadata agree", _names_agree, ()),
    Check("is_typed", "its package says that it has types", _is_typed),
    Check("has_sources", "every marketplace, rule, metric and parameter has a source and a grade", _has_sources),
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
)
"""All checks, in the order in which they are made."""

"""Hooks: what a plugin can contribute, decide and observe.

A plugin is a module that an entry point of the group `aftersale` names. It states `AFTERSALE_API = 1` and implements
some of the functions below. It marks each with `@hookimpl`; each takes the arguments that it needs:

    [project.entry-points.aftersale]
    corner_shop = "aftersale_corner_shop"

Only `aftersale.plugins.plugins` calls them. An argument may be added to a hook at any time. A hook whose meaning
changes gets a new name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    import click

    from aftersale.cases.facts import Fact
    from aftersale.cases.model import Case, Deadline
    from aftersale.cases.workflow import CaseKind
    from aftersale.clocks import Instant
    from aftersale.orders import Order
    from aftersale.policies.cost_kinds import CostKind
    from aftersale.policies.deadline_functions import DeadlineFunction
    from aftersale.policies.marketplaces import Marketplace
    from aftersale.policies.metric_kinds import MetricKind
    from aftersale.policies.worlds import WorldDefaults
    from aftersale.reports.health.formats import HealthFormat
    from aftersale.reports.orders.formats import OrderFormat
    from aftersale.reports.service_logs.formats import ReturnFormat
    from aftersale.rules import Rule

PROJECT = "aftersale"
"""The name of the project for pluggy, and the group of the entry points."""
ALLOW_LIST = "AFTERSALE_PLUGINS"
"""The environment variable that names the plugins to load; the program reads it, the loader does not."""
AFTERSALE_API = 1
"""The number of this set of hooks; a plugin states the number that it was written for."""

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


# ----------------------------------------------------------------------------------------------------
# Contribute: called once at the start; the answers of all plugins are joined, clashes are errors
# ----------------------------------------------------------------------------------------------------


@hookspec
def aftersale_marketplaces() -> list[Marketplace]:
    """Name the marketplaces that this plugin owns.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The marketplaces. Each belongs to one plugin alone: two plugins with a marketplace of the same name are refused.
        A plugin that owns none leaves the hook out; None is refused.

    Raises:
        DocumentError: The profile cannot be read; its problems are reported as the plugin's.

    Example:
        from aftersale.plugin import hookimpl, load_marketplaces

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_rules() -> list[Rule]:
    """State the dated rules of marketplaces, and the metrics by which they judge a seller.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The rules, for marketplaces of this plugin or of another installed plugin. Rows of one name must neither
        overlap nor leave a hole, even when several plugins state them. A plugin without rules leaves the hook out;
        None is refused.

    Raises:
        DocumentError: The rules cannot be read; their problems are reported as the plugin's.

    Example:
        from aftersale.plugin import hookimpl, load_marketplaces, load_rules

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

        @hookimpl
        def aftersale_rules():
            return load_rules("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_deadlines() -> list[DeadlineFunction]:
    """Name functions that say when a deadline ends where no clock does, for rows of rules to ask for: `due = "NAME"`.

    A function takes those of `start`, `amount`, `order` and `calendar` that it names, and returns the instant at which
    the deadline ends. It is pure; no answer lies before the start, and a later start never ends earlier.

    Called:
        Once, by `load_plugins`, before any case. The functions are called when a deadline begins.

    Returns:
        The functions. No two plugins have one of the same name. A plugin whose deadlines clocks can count leaves the
        hook out; None is refused.

    Raises:
        DocumentError: What a function rests on cannot be read; the problems are reported as the plugin's.

    Example:
        from datetime import timedelta

        from aftersale.plugin import DeadlineFunction, hookimpl, local_date, start_of_day

        AFTERSALE_API = 1

        def payout(start, calendar):
            day = local_date(start, calendar.zone)
            sunday = day + timedelta(6 - day.weekday())
            return start_of_day(sunday + timedelta(1), calendar.zone)

        @hookimpl
        def aftersale_deadlines():
            return [DeadlineFunction("payout", payout, "the end of the week that is paid out", "结算周结束")]

    Since:
        0.1
    """


@hookspec
def aftersale_workflow() -> list[CaseKind]:
    """Add kinds of case, each from the fact that opens it to its last state.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The kinds. Neither the shipped workflow nor another plugin has their names or their opening facts. Rules of the
        same name set the deadlines that their states open. A plugin without kinds of its own leaves the hook out;
        None is refused.

    Raises:
        DocumentError: The kinds cannot be read; their problems are reported as the plugin's.

    Example:
        from aftersale.plugin import CaseKind, Move, State, hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_workflow():
            states = (State("open", task="answer_ticket", opens=("first_response",)), State("solved", final=True))
            moves = (Move("ticket_opened", "open"), Move("ticket_solved", "solved", after=("open",)))
            return [CaseKind("ticket", states, moves)]

    Since:
        0.1
    """


@hookspec
def aftersale_metrics() -> list[MetricKind]:
    """Add metrics by which a marketplace judges its sellers, each with what it counts.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The metrics. Neither a shipped metric nor another plugin has their names. Rows `[[metric]]` of that name among
        the rules state the period and the limit. A plugin without metrics of its own leaves the hook out; None is
        refused.

    Raises:
        DocumentError: The metrics cannot be read; their problems are reported as the plugin's.

    Example:
        from aftersale.plugin import MetricKind, hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_metrics():
            meaning = {"en": "returns that were decided late", "zh": "迟处理的退货占比"}
            return [MetricKind("late_return_rate", "deadlines", deadline="return_decision", **meaning)]

    Since:
        0.1
    """


@hookspec
def aftersale_costs() -> list[CostKind]:
    """Add lines of costs: what the facts of its own kinds of case cost, or bring back, and to which group that belongs.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The lines. Neither core nor another plugin has their names, and none of their facts is booked on another line.
        A plugin whose own kinds of case move no money leaves the hook out; None is refused.

    Raises:
        DocumentError: The lines cannot be read; their problems are reported as the plugin's.

    Example:
        from decimal import Decimal

        from aftersale.plugin import CostKind, Estimate, hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_costs():
            meaning = {"en": "the fee for an appeal", "zh": "申诉费"}
            fee = {"money": Decimal("5.00"), "currency": "EUR", "low": Decimal(0), "high": Decimal(50)}
            estimate = Estimate(**fee, source="assumed", grade="assumed")
            return [CostKind("appeal_fee", "fees", "cost", fact="appeal_submitted", estimate=estimate, **meaning)]

    Since:
        0.1
    """


@hookspec
def aftersale_world() -> list[WorldDefaults]:
    """Declare for simulations what buyers on its marketplaces do: rates and delays, each with its source.

    Called:
        Once, by `load_plugins`, before any case. Whoever simulates asks for it; a live desk does not.

    Returns:
        The worlds, one for each document. Their marketplaces belong to installed plugins. Only one plugin declares a
        parameter of a marketplace. A plugin that knows nothing of its buyers leaves the hook out; None is refused.

    Raises:
        DocumentError: The world cannot be read; its problems are reported as the plugin's.

    Example:
        from aftersale.plugin import Parameter, WorldDefaults, hookimpl, load_marketplaces

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

        @hookimpl
        def aftersale_world():
            ours = {"marketplaces": ("REF",), "source": "our own orders of 2025", "grade": "B"}
            return [WorldDefaults((Parameter("return_rate", 0.12, 0.0, 1.0, "share of orders", **ours),))]

    Since:
        0.1
    """


@hookspec
def aftersale_order_formats() -> list[OrderFormat]:
    """Describe the order files that marketplaces provide.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The formats. Plugins with a format of the same name must agree on it. A plugin without order files leaves the
        hook out; None is refused.

    Raises:
        DocumentError: The formats cannot be read; their problems are reported as the plugin's.

    Example:
        from aftersale.plugin import hookimpl, load_formats

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_order_formats():
            return load_formats("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_return_reports() -> list[ReturnFormat]:
    """Describe the reports in which marketplaces list what was sent back.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The formats. Plugins with a format of the same name must agree on it. A plugin without such reports leaves the
        hook out; None is refused.

    Raises:
        DocumentError: The formats cannot be read; their problems are reported as the plugin's.

    Example:
        from aftersale.plugin import hookimpl, load_return_formats

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_return_reports():
            return load_return_formats("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_health_reports() -> list[HealthFormat]:
    """Describe the reports in which marketplaces themselves state the health of an account.

    Called:
        Once, by `load_plugins`, before any case.

    Returns:
        The formats. Plugins with a format of the same name must agree on all of it. A plugin without such reports
        leaves the hook out; None is refused.

    Raises:
        DocumentError: The formats cannot be read; their problems are reported as the plugin's.

    Example:
        from aftersale.plugin import hookimpl, load_health_formats

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_health_reports():
            return load_health_formats("aftersale.testing.reference")

    Since:
        0.1
    """


@hookspec
def aftersale_commands() -> list[click.Command]:
    """Add commands to the program `aftersale`.

    Called:
        Once, by `load_plugins`. Import what a command needs inside it, so that the others start fast. A
        command that asks for `@click.pass_obj` is given the loaded `aftersale.plugins.plugins.Plugins`.

    Returns:
        The commands, each with a name that neither the program nor another plugin uses. A plugin without
        commands leaves the hook out; None is refused.

    Raises:
        Nothing: An exception is reported as a problem of the plugin.

    Example:
        import click

        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1

        @click.command()
        @click.pass_obj
        def stores(plugins):
            "List the marketplaces."
            click.echo(" ".join(plugins.marketplaces))

        @hookimpl
        def aftersale_commands():
            return [stores]

    Since:
        0.1
    """


# ----------------------------------------------------------------------------------------------------
# Decide: called during a case, pure functions; the marketplace's owner first, then plugins that own none
# ----------------------------------------------------------------------------------------------------


@hookspec(firstresult=True)
def aftersale_decide_return(order: Order, requested_at: Instant, in_policy: bool, proposed: str) -> str | None:
    """Decide a return at the moment when the buyer asks for it.

    Called:
        By the engine, for every `return_requested` that the marketplace does not handle itself: of the plugin that owns
        the marketplace, then of every plugin that owns none (a seller's house plugin), by name.

    Args:
        order: The order that the buyer wants to return; its `buyer` is a pseudonym, empty where nobody is known.
        requested_at: When the buyer asked.
        in_policy: Whether `requested_at` is inside the marketplace's return window.
        proposed: The decision so far: that of the dated rules, or of the owner; one of the answers below.

    Returns:
        "return_authorised" or "return_declined" decides it at once; "returnless" refunds it at once, and the goods stay
        with the buyer, as the rule `returnless` does, but outside the return window too; "manual" leaves it to a
        person, whatever the rules say. None leaves it as proposed. Any other answer fails the case. Two house plugins
        that disagree fail it too.

    Raises:
        Nothing: An exception is a mistake of the plugin. The return goes to a person, and hook, plugin and case are
        reported.

    Example:
        from aftersale.plugin import hookimpl, load_marketplaces

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_marketplaces():
            return load_marketplaces("aftersale.testing.reference")

        @hookimpl
        def aftersale_decide_return(order, in_policy):
            return "manual" if in_policy and order.price > 100_00 else None

    Since:
        0.1
    """


@hookspec(firstresult=True)
def aftersale_decide_refund(case: Case, order: Order, opened: Fact, proposed: int) -> int | None:
    """Decide how much a buyer gets back.

    Called:
        When the desk looks at a case whose next step is a refund. Of the plugin that owns the marketplace, then of
        every plugin that owns none, by name.

    Args:
        case: The case in its present state.
        order: The order that it is about.
        opened: The fact that opened the case; its `detail` is the reason code, or the type of a claim.
        proposed: The price less the restocking fee that rules allow, in minor units of the order's currency.

    Returns:
        The amount in minor units, from 0 to the order's price. None leaves it as proposed.
        Any other answer fails the case.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on without it, and hook, plugin and case are
        reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_decide_refund(order, proposed):
            return order.price if order.price < 10_00 else None

    Since:
        0.1
    """


@hookspec(firstresult=True)
def aftersale_decide_evidence(case: Case, order: Order, opened: Fact, proposed: tuple[str, ...]) -> list[str] | None:
    """Decide which evidence a claim asks for.

    Called:
        When the desk looks at a claim. Of the plugin that owns the marketplace, then of
        every plugin that owns none, by name.

    Args:
        case: The case in its present state.
        order: The order that it is about.
        opened: The fact that opened the case; its `detail` is the reason code, or the type of a claim.
        proposed: What marketplace and handbook ask for.

    Returns:
        The kinds of evidence, as the rule `evidence` names them. None leaves it as proposed.
        Any other answer fails the case.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on without it, and hook, plugin and case are
        reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_decide_evidence(order, proposed):
            return [*proposed, "serial_number"] if order.category == "electronics" else None

    Since:
        0.1
    """


@hookspec(firstresult=True)
def aftersale_decide_claim(
    case: Case, order: Order, opened: Fact, missing: tuple[str, ...], proposed: str
) -> str | None:
    """Decide whether to defend a claim or to end it.

    Called:
        When the desk looks at a claim that waits for the seller. Of the plugin that owns the marketplace, then of
        every plugin that owns none, by name.

    Args:
        case: The case in its present state.
        order: The order that it is about.
        opened: The fact that opened the case; its `detail` is the reason code, or the type of a claim.
        missing: The evidence that is asked for and missing.
        proposed: What the rule `contest_claim` says, empty where there is none.

    Returns:
        A word or two for the people at the desk, such as `fight` or `refund`. None leaves it as proposed.
        Any other answer fails the case.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on without it, and hook, plugin and case are
        reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_decide_claim(order, missing):
            return "refund" if missing and order.price < 20_00 else None

    Since:
        0.1
    """


@hookspec(firstresult=True)
def aftersale_classify(case: Case, order: Order, opened: Fact, proposed: str) -> str | None:
    """Decide the seller's own class of a case.

    Called:
        When the desk lists its tasks. Of the plugin that owns the marketplace, then of
        every plugin that owns none, by name.

    Args:
        case: The case in its present state.
        order: The order that it is about.
        opened: The fact that opened the case; its `detail` is the reason code, or the type of a claim.
        proposed: What the handbook's row `classification` says, else the kind of case.

    Returns:
        The class in a word or two. None leaves it as proposed.
        Any other answer fails the case.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on without it, and hook, plugin and case are
        reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_classify(case, order):
            return "spare part" if order.category == "parts" else None

    Since:
        0.1
    """


@hookspec(firstresult=True)
def aftersale_prioritise(case: Case, order: Order, opened: Fact, proposed: int) -> int | None:
    """Decide how urgent a case is among all others.

    Called:
        When the desk lists its tasks. Of the plugin that owns the marketplace, then of
        every plugin that owns none, by name.

    Args:
        case: The case in its present state.
        order: The order that it is about.
        opened: The fact that opened the case; its `detail` is the reason code, or the type of a claim.
        proposed: What the handbook's row `priority` says, 0 where there is none.

    Returns:
        A whole number, higher before lower. None leaves it as proposed.
        Any other answer fails the case.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on without it, and hook, plugin and case are
        reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1

        @hookimpl
        def aftersale_prioritise(case, proposed):
            return proposed + 1 if case.kind == "claim" else None

    Since:
        0.1
    """


# ----------------------------------------------------------------------------------------------------
# Observe: called after the event; returns nothing and changes nothing
# ----------------------------------------------------------------------------------------------------


@hookspec
def aftersale_fact_recorded(case: Case, fact: Fact) -> None:
    """Observe a fact that the engine has applied to a case.

    Called:
        By the docket, after every fact on every marketplace, in the order of `known_at`.

    Args:
        case: The case after the fact.
        fact: The fact.

    Returns:
        None. Any other answer fails the case: an observer changes nothing.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on, and hook, plugin and case are reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1
        granted = []

        @hookimpl
        def aftersale_fact_recorded(case, fact):
            if fact.kind == "claim_granted":
                granted.append(case.order)

    Since:
        0.1
    """


@hookspec
def aftersale_deadline_missed(case: Case, deadline: Deadline) -> None:
    """Observe a deadline that ended before anyone acted.

    Called:
        By the docket, when time passes the end at which the marketplace acts, or a handbook's own where it is silent.

    Args:
        case: The case at that instant.
        deadline: The deadline, with when it was due and who set it.

    Returns:
        None. Any other answer fails the case: an observer changes nothing.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on, and hook, plugin and case are reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1
        noted = []

        @hookimpl
        def aftersale_deadline_missed(case, deadline):
            noted.append((case.id, deadline.name))

    Since:
        0.1
    """


@hookspec
def aftersale_case_closed(case: Case, fact: Fact) -> None:
    """Observe a case that has come to an end.

    Called:
        By the docket, when a fact or the end of a deadline leads a case from an open state into a final one.

    Args:
        case: The case at that instant.
        fact: The fact that ended it.

    Returns:
        None. Any other answer fails the case: an observer changes nothing.

    Raises:
        Nothing: An exception is a mistake of the plugin. The case goes on, and hook, plugin and case are reported.

    Example:
        from aftersale.plugin import hookimpl

        AFTERSALE_API = 1
        noted = []

        @hookimpl
        def aftersale_case_closed(case, fact):
            noted.append((case.id, fact.kind))

    Since:
        0.1
    """

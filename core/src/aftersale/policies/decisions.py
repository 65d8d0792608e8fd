"""Decisions: what plugins may decide about a case, in which order they are asked, and which of them decided.

The marketplace's owner is asked first. Then come the seller's house plugins, those that own no marketplace, by name:
each sees the decision so far as `proposed`, and overrules it by answering. Two of them that disagree are both left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from aftersale.base.errors import HookHangs
from aftersale.base.watch import Failure, Watch

if TYPE_CHECKING:
    from aftersale.cases.facts import Fact
    from aftersale.cases.model import Case
    from aftersale.clocks import Instant
    from aftersale.orders import Order

RETURN, REFUND, EVIDENCE, CLAIM, CLASS, PRIORITY = (
    "aftersale_decide_return",
    "aftersale_decide_refund",
    "aftersale_decide_evidence",
    "aftersale_decide_claim",
    "aftersale_classify",
    "aftersale_prioritise",
)
DECIDING = (RETURN, REFUND, EVIDENCE, CLAIM, CLASS, PRIORITY)
"""The hooks by which plugins decide about cases."""
FAILED = "failed: "
"""The prefix of the record of a return that a plugin failed to decide."""
MANUAL, RETURNLESS = "manual", "returnless"
RETURNS = ("return_authorised", "return_declined", RETURNLESS, MANUAL)
"""What may be decided about a return, beside None; RETURNLESS refunds it, and the goods stay with the buyer."""
Decision = tuple[Any, str]
"""What was decided, and who decided it: a plugin, a rule, or nobody."""


class Decider(NamedTuple):
    """A plugin that has a say: its name, how messages name it, whether it owns the marketplace, and how to ask it."""

    name: str
    told: str
    owner: bool
    ask: Callable[..., Any]


NO_DECIDERS: Mapping[str, Sequence[Decider]] = MappingProxyType({})


class Decisions:
    """The decisions on the cases of one marketplace: what is proposed holds unless a plugin answers otherwise.

    A plugin that raises, or gives an answer that is not valid, fails that case alone: the watch keeps hook, plugin and
    case, and the case goes on without that answer; a return goes to a person.
    """

    def __init__(self, plugins: Mapping[str, Sequence[Decider]] = NO_DECIDERS, watch: Watch | None = None) -> None:
        """Take the plugins to ask by hook, the owner first; without any, everything is decided as proposed."""
        self._plugins = {hook: tuple(deciders) for hook, deciders in plugins.items() if deciders}
        self.watch = watch if watch is not None else Watch()

    def names(self) -> dict[str, list[str]]:
        """Return the names of the plugins that are asked, by hook, the owner first."""
        return {hook: [plugin.name for plugin in deciders] for hook, deciders in self._plugins.items()}

    def by_house(self) -> bool:
        """Whether plugins that do not own the marketplace have a say."""
        return any(not plugin.owner for deciders in self._plugins.values() for plugin in deciders)

    def on_return(
        self, case: str, order: Order, requested_at: Instant, in_policy: bool, proposed: str, by: str
    ) -> tuple[str, str]:
        """Decide a return when it is asked for: one of RETURNS; MANUAL where a plugin fails."""
        if RETURN not in self._plugins:
            return proposed, by
        arguments = {"order": order, "requested_at": requested_at, "in_policy": in_policy}
        decision, by, failure = self._decide(RETURN, case, arguments, proposed, by, _check_return)
        return (decision, by) if failure is None else (MANUAL, FAILED + failure.cause)

    def on_refund(self, case: Case, order: Order, opened: Fact, proposed: int, by: str) -> tuple[int, str]:
        """Decide how much a buyer gets back, in minor units of the order's currency."""
        amount, by = self._about(REFUND, case, order, opened, proposed, by, lambda answer: _check_amount(answer, order))
        return int(amount), by

    def on_evidence(
        self, case: Case, order: Order, opened: Fact, proposed: tuple[str, ...], by: str
    ) -> tuple[tuple[str, ...], str]:
        """Decide which evidence a claim asks for."""
        words, by = self._about(EVIDENCE, case, order, opened, proposed, by, _check_words)
        return tuple(words), by

    def on_claim(
        self, case: Case, order: Order, opened: Fact, missing: tuple[str, ...], proposed: str, by: str
    ) -> tuple[str, str]:
        """Decide what to do about a claim, in a word or two."""
        word, by = self._about(CLAIM, case, order, opened, proposed, by, _check_word, missing=missing)
        return str(word), by

    def on_class(self, case: Case, order: Order, opened: Fact, proposed: str, by: str) -> tuple[str, str]:
        """Decide the seller's own class of a case."""
        word, by = self._about(CLASS, case, order, opened, proposed, by, _check_word)
        return str(word), by

    def on_priority(self, case: Case, order: Order, opened: Fact, proposed: int, by: str) -> tuple[int, str]:
        """Decide how urgent a case is, higher before lower."""
        number, by = self._about(PRIORITY, case, order, opened, proposed, by, _check_number)
        return int(number), by

    def _about(
        self,
        hook: str,
        case: Case,
        order: Order,
        opened: Fact,
        proposed: Any,
        by: str,
        check: Callable[[Any], str],
        **more: Any,
    ) -> Decision:
        if hook not in self._plugins:
            return proposed, by
        arguments = {"case": case, "order": order, "opened": opened, **more}
        return self._decide(hook, case.id, arguments, proposed, by, check)[:2]

    def _decide(
        self, hook: str, case: str, arguments: dict[str, Any], proposed: Any, by: str, check: Callable[[Any], str]
    ) -> tuple[Any, str, Failure | None]:
        """Return the decision, who made it, and the last failure on the way; plugins that failed are left out."""
        decided: Decision = (proposed, by)
        before, house, failure = decided, None, None
        for plugin in self._plugins[hook]:
            answer, problem = self._answer(hook, plugin, case, {**arguments, "proposed": decided[0]}, check)
            failure = problem or failure
            if answer is None:
                continue
            if plugin.owner:
                decided = before = answer, f"plugin: {plugin.name}"
            elif house is None:
                house, over = plugin, decided[1] if answer != decided[0] else ""
                decided = answer, f"plugin: {plugin.name}" + (f", over {over}" if over else "")
            elif answer != decided[0]:
                what = f"answered {answer!r}, and {house.told} {decided[0]!r} (keep one of the two)"
                return *before, self.watch.failed(hook, plugin.told, case, what)
        return *decided, failure

    def _answer(
        self, hook: str, plugin: Decider, case: str, arguments: dict[str, Any], check: Callable[[Any], str]
    ) -> tuple[Any, Failure | None]:
        try:
            answer = self.watch.call(hook, plugin.told, f"case {case}", plugin.ask, arguments)
        except HookHangs:
            raise
        except (Exception, SystemExit) as error:
            return None, self.watch.raised(hook, plugin.told, case, error)
        hint = "" if answer is None else check(answer)
        if hint:
            return None, self.watch.failed(hook, plugin.told, case, f"answered {answer!r} ({hint})")
        return answer, None


def _check_return(answer: Any) -> str:
    valid = isinstance(answer, str) and answer in RETURNS
    return "" if valid else f"return one of {', '.join(map(repr, RETURNS))}, or None"


def _check_amount(answer: Any, order: Order) -> str:
    whole = isinstance(answer, int) and not isinstance(answer, bool)
    if whole and 0 <= answer <= order.price:
        return ""
    return f"return minor units of {order.currency}, from 0 to the order's {order.price}, or None"


def _check_words(answer: Any) -> str:
    valid = isinstance(answer, list | tuple) and all(isinstance(word, str) and word for word in answer)
    return "" if valid else "return a list of words, or None"


def _check_word(answer: Any) -> str:
    return "" if isinstance(answer, str) and answer.strip() else "return a word, or None"


def _check_number(answer: Any) -> str:
    whole = isinstance(answer, int) and not isinstance(answer, bool)
    return "" if whole else "return a whole number, or None"

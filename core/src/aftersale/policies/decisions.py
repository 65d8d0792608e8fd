"""Decisions: what plugins may decide about a case, who is asked in which order, and who decided.

The marketplace's owner is asked first. Then come the seller's house plugins, those that own no marketplace, by name:
each sees what stands so far as `proposed`, and overrules it by answering. Two of them that disagree are both left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from aftersale.base.watch import Failure, Watch, explained

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
"""What the record of a return begins with that a plugin failed to decide."""
RETURNS = ("return_authorised", "return_declined", "manual")
"""What may be decided about a return, beside None."""
MANUAL = "manual"
Decided = tuple[Any, str]
"""What was decided, and who decided it: a plugin, a rule, or nobody."""


class Asked(NamedTuple):
    """A plugin that has a say: its name, how messages name it, whether it owns the marketplace, and how to ask it."""

    name: str
    told: str
    owner: bool
    ask: Callable[..., Any]


NOBODY: Mapping[str, Sequence[Asked]] = MappingProxyType({})


class Decisions:
    """The decisions on the cases of one marketplace: what is proposed stands unless a plugin answers otherwise.

    A plugin that raises, or answers what makes no sense, fails that case alone: the watch keeps hook, plugin and case,
    and the case goes on without that answer, a return before a person.
    """

    def __init__(self, asked: Mapping[str, Sequence[Asked]] = NOBODY, watch: Watch | None = None) -> None:
        """Take who is asked by hook, the owner first; without any, everything stands as proposed."""
        self._asked = {hook: tuple(plugins) for hook, plugins in asked.items() if plugins}
        self.watch = watch if watch is not None else Watch()

    def by_house(self) -> bool:
        """Whether plugins that do not own the marketplace have a say."""
        return any(not each.owner for plugins in self._asked.values() for each in plugins)

    def on_return(
        self, case: str, order: Order, requested_at: Instant, in_policy: bool, proposed: str, by: str
    ) -> tuple[str, str]:
        """Decide a return when it is asked for: one of RETURNS; MANUAL where a plugin fails."""
        if RETURN not in self._asked:
            return proposed, by
        arguments = {"order": order, "requested_at": requested_at, "in_policy": in_policy}
        decision, by, failure = self._decide(RETURN, case, arguments, proposed, by, _return_flaw)
        return (decision, by) if failure is None else (MANUAL, FAILED + failure.cause)

    def on_refund(self, case: Case, order: Order, opened: Fact, proposed: int, by: str) -> tuple[int, str]:
        """Decide how much a buyer gets back, in minor units of the order's currency."""
        amount, by = self._about(REFUND, case, order, opened, proposed, by, lambda each: _amount_flaw(each, order))
        return int(amount), by

    def on_evidence(
        self, case: Case, order: Order, opened: Fact, proposed: tuple[str, ...], by: str
    ) -> tuple[tuple[str, ...], str]:
        """Decide which evidence a claim asks for."""
        words, by = self._about(EVIDENCE, case, order, opened, proposed, by, _words_flaw)
        return tuple(words), by

    def on_claim(
        self, case: Case, order: Order, opened: Fact, missing: tuple[str, ...], proposed: str, by: str
    ) -> tuple[str, str]:
        """Decide what to do about a claim, in a word or two."""
        word, by = self._about(CLAIM, case, order, opened, proposed, by, _word_flaw, missing=missing)
        return str(word), by

    def on_class(self, case: Case, order: Order, opened: Fact, proposed: str, by: str) -> tuple[str, str]:
        """Decide the seller's own class of a case."""
        word, by = self._about(CLASS, case, order, opened, proposed, by, _word_flaw)
        return str(word), by

    def on_priority(self, case: Case, order: Order, opened: Fact, proposed: int, by: str) -> tuple[int, str]:
        """Decide how urgent a case is, higher before lower."""
        number, by = self._about(PRIORITY, case, order, opened, proposed, by, _number_flaw)
        return int(number), by

    def _about(
        self,
        hook: str,
        case: Case,
        order: Order,
        opened: Fact,
        proposed: Any,
        by: str,
        flaw: Callable[[Any], str],
        **more: Any,
    ) -> Decided:
        if hook not in self._asked:
            return proposed, by
        arguments = {"case": case, "order": order, "opened": opened, **more}
        return self._decide(hook, case.id, arguments, proposed, by, flaw)[:2]

    def _decide(
        self, hook: str, case: str, arguments: dict[str, Any], proposed: Any, by: str, flaw: Callable[[Any], str]
    ) -> tuple[Any, str, Failure | None]:
        """Return what stands in the end, who decided it, and the last failure on the way; what failed is left out."""
        standing: Decided = (proposed, by)
        before, house, failure = standing, None, None
        for asked in self._asked[hook]:
            answer, found = self._answer(hook, asked, case, {**arguments, "proposed": standing[0]}, flaw)
            failure = found or failure
            if answer is None:
                continue
            if asked.owner:
                standing = before = answer, f"plugin: {asked.name}"
            elif house is None:
                house, over = asked, standing[1] if answer != standing[0] else ""
                standing = answer, f"plugin: {asked.name}" + (f", over {over}" if over else "")
            elif answer != standing[0]:
                what = f"answered {answer!r}, and {house.told} {standing[0]!r} (keep one of the two)"
                return *before, self.watch.failed(hook, asked.told, case, what)
        return *standing, failure

    def _answer(
        self, hook: str, asked: Asked, case: str, arguments: dict[str, Any], flaw: Callable[[Any], str]
    ) -> tuple[Any, Failure | None]:
        try:
            answer = self.watch.call(hook, asked.told, f"case {case}", asked.ask, arguments)
        except Exception as error:
            return None, self.watch.failed(hook, asked.told, case, explained(error))
        wrong = "" if answer is None else flaw(answer)
        if wrong:
            return None, self.watch.failed(hook, asked.told, case, f"answered {answer!r} ({wrong})")
        return answer, None


def _return_flaw(answer: Any) -> str:
    known = isinstance(answer, str) and answer in RETURNS
    return "" if known else f"return one of {', '.join(map(repr, RETURNS))}, or None"


def _amount_flaw(answer: Any, order: Order) -> str:
    whole = isinstance(answer, int) and not isinstance(answer, bool)
    if whole and 0 <= answer <= order.price:
        return ""
    return f"return minor units of {order.currency}, from 0 to the order's {order.price}, or None"


def _words_flaw(answer: Any) -> str:
    listed = isinstance(answer, list | tuple) and all(isinstance(word, str) and word for word in answer)
    return "" if listed else "return a list of words, or None"


def _word_flaw(answer: Any) -> str:
    return "" if isinstance(answer, str) and answer.strip() else "return a word, or None"


def _number_flaw(answer: Any) -> str:
    whole = isinstance(answer, int) and not isinstance(answer, bool)
    return "" if whole else "return a whole number, or None"

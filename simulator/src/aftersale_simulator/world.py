"""The world of one marketplace: its numbers, and what happens there beside the steps that buyers take everywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from aftersale.documents import Word
from aftersale.workflow import Workflow
from aftersale.worlds import Contact, Reaction, WorldDefaults
from aftersale_simulator.parameters import load_parameters

DECISION = "decide_return"
"""The task that becomes one of two facts, by chance."""
DONE_BY = {"reply": "seller_reply", "refund": "refunded", "submit_evidence": "evidence_submitted"}
DONE_BY |= {"appeal": "appeal_submitted", "send_label": "label_sent", "answer_chargeback": "chargeback_answered"}
DONE_BY |= {"review_feedback": "feedback_accepted"}
"""The fact that a finished task becomes, where no plugin says it."""


class World:
    """The parameters of one marketplace: the declared defaults, its plugin's over them, the scenario's over both.

    `contacts` and `reactions`, by (kind, state), are those that its plugin adds, `absent` the facts that never happen
    there, `answers` the facts that finished tasks become.
    """

    def __init__(
        self, overrides: Mapping[str, float] | None = None, place: str = "", plugged: Iterable[WorldDefaults] = ()
    ) -> None:
        """Take the scenario's overrides, as checked there, and what plugins say of the marketplace `place`."""
        self._values = {parameter.name: float(parameter.default) for parameter in load_parameters()}
        self.contacts: list[Contact] = []
        self.reactions: defaultdict[tuple[str, str], list[Reaction]] = defaultdict(list)
        self.answers = dict(DONE_BY)
        absent: set[str] = set()
        for world in plugged:
            own = (parameter for parameter in world.parameter if place in parameter.marketplaces)
            self._values.update((parameter.name, float(parameter.default)) for parameter in own)
            self.contacts += (contact for contact in world.contact if place in contact.marketplaces)
            for reaction in world.reaction:
                if place in reaction.marketplaces:
                    self.reactions[reaction.kind, reaction.state].append(reaction)
            absent.update(fact for row in world.absent if place in row.marketplaces for fact in row.facts)
            self.answers.update((answer.task, answer.fact) for answer in world.answer)
        self.absent = frozenset(absent)
        self._values.update((Word(name), float(value)) for name, value in (overrides or {}).items())

    def __getitem__(self, name: str) -> float:
        """Return the value of a declared parameter."""
        return self._values[Word(name)]

    def get(self, name: str, otherwise: str) -> float:
        """Return a parameter, or another where the first is not declared: a rate by category, say."""
        return self._values.get(Word(name), self._values[Word(otherwise)])


def unanswered(place: str, plugged: Iterable[WorldDefaults], workflow: Workflow) -> list[tuple[str, str]]:
    """Return the (kind, task) pairs that contacts lead to on a marketplace, and that nobody says the end of."""
    world = World(None, place, plugged)
    kinds = {workflow.opened_by(contact.fact) for contact in world.contacts}
    ends = {*world.answers, DECISION}
    found = ((kind, task) for kind, _, task in workflow.tasks() if kind in kinds and task not in ends)
    return list(dict.fromkeys(found))

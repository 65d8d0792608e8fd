import pytest

from aftersale.base.errors import FactRefused
from aftersale.cases.model import Case
from aftersale.cases.workflow import default_workflow
from aftersale.clocks import HOUR
from aftersale.engine.engine import apply
from aftersale.engine.guards import GUARDS
from aftersale.plugins.plugins import load_plugins
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

TERMS = load_plugins((), {"reference": reference}).policy("REF").at(MONDAY)
SHIPPED = default_workflow()
WAYS = [
    pytest.param(kind, start, move, id=f"{kind.name}-{start}-{move.fact}-{move.to}")
    for kind in SHIPPED.kinds.values()
    for move in kind.move
    for start in move.after or ("",)
]


def standing(kind, state):
    """A case of that kind in that state, None for one that is not open yet."""
    return Case("C-1", kind, "REF", "O-1", state, MONDAY, MONDAY) if state else None


@pytest.mark.parametrize(("kind", "start", "move"), WAYS)
def test_every_move_of_every_kind_is_taken_when_its_guard_holds(monkeypatch, kind, start, move):
    for name in GUARDS:
        monkeypatch.setitem(GUARDS, name, lambda now, holds=name == move.guard: (holds, ""))
    outcome = apply(standing(kind.name, start), fact(move.fact, MONDAY + HOUR), order(), TERMS)
    state = SHIPPED.state(kind.name, move.to)
    assert (outcome.case.kind, outcome.case.state, outcome.before) == (kind.name, move.to, start)
    if start != move.to:
        assert {deadline.name for deadline in outcome.opened} <= set(state.opens)
        assert (outcome.case.task is None) or outcome.case.task.kind == state.task
        was = SHIPPED.state(kind.name, start).defect if start else None
        assert outcome.defect == bool(state.defect) - bool(was)


@pytest.mark.parametrize("kind", SHIPPED.kinds.values(), ids=lambda kind: kind.name)
def test_every_other_fact_is_refused_with_case_state_fact_and_what_is_allowed(kind):
    facts = {move.fact for each in SHIPPED.kinds.values() for move in each.move}
    for state in kind.state:
        allowed = set(SHIPPED.allowed(kind.name, state.name))
        for name in facts - allowed:
            with pytest.raises(FactRefused) as caught:
                apply(standing(kind.name, state.name), fact(name, MONDAY + HOUR), order(), TERMS)
            error = caught.value
            assert (error.case, error.kind, error.state, error.fact) == ("C-1", kind.name, state.name, name)
            assert error.allowed == tuple(sorted(allowed))


def test_every_guard_that_a_workflow_may_name_is_answered():
    named = {move.guard for kind in SHIPPED.kinds.values() for move in kind.move} - {None}
    named |= {state.unless for kind in SHIPPED.kinds.values() for state in kind.state} - {None}
    assert named == set(GUARDS)

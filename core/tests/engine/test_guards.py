import pytest

from aftersale.cases.model import Case
from aftersale.clocks import DAY, HOUR
from aftersale.engine.engine import apply
from aftersale.engine.guards import BESIDE, GUARDS, OF_EXEMPT, OF_INSTANTS, OF_WINDOWS, Situation
from aftersale.plugins.plugins import load_plugins
from aftersale.policies.decisions import RETURN, Decider, Decisions
from aftersale.policies.handbook import Handbook, default_handbook
from aftersale.policies.policy import Policy
from aftersale.rules import RuleSet, parse_rules
from aftersale.testing import fact, order, reference
from aftersale.testing.factories import MONDAY

PLUGINS = load_plugins((), {"reference": reference})
PLACE = PLUGINS.marketplaces["REF"]
RULES = [rule for rule in reference.aftersale_rules() if rule.marketplace == "REF"]


def rows(*told, place="REF"):
    made = [{"marketplaces": [place], "source": "made up", "grade": "assumed", **row} for row in told]
    return parse_rules({"rule": made}, "rules.toml")


def terms(*told, own=(), decisions=None):
    """What binds on MONDAY: the reference rules, with rows of the marketplace's and of the seller's added."""
    names = {row["name"] for row in told}
    rules = RuleSet([*(rule for rule in RULES if rule.name not in names), *rows(*told)])
    book = default_handbook().overlaid(Handbook(rows(*own, place="*"), "own"))
    return Policy(PLACE, rules, book, decisions=decisions).at(MONDAY)


def case(kind, state, name="X-1", missed=()):
    return Case(name, kind, "REF", "O-1", state, MONDAY, MONDAY, missed=missed)


def holds(guard, kind="return", now="return_requested", *others, sold=None, bound=None, **changes):
    situation = Situation(
        kind,
        fact(now, MONDAY + 5 * DAY, **changes),
        order() if sold is None else sold,
        bound or terms(),
        {each.id: each for each in others},
    )
    return GUARDS[guard](situation)


FBA = {"name": "handled_by_marketplace", "value": True, "when": {"channel": "FBA", "situation": "return"}}
REST = {"name": "handled_by_marketplace", "value": False}


@pytest.mark.parametrize(
    ("channel", "kind", "expected"),
    [("FBA", "return", True), ("MFN", "return", False), ("FBA", "message", False)],
)
def test_the_marketplace_handles_what_its_rules_say_and_nothing_else(channel, kind, expected):
    found, told = holds("with_marketplace", kind, sold=order(channel=channel), bound=terms(FBA, REST))
    assert found is expected
    assert told.startswith("rule: REF handled_by_marketplace") is expected
    assert holds("with_marketplace", kind, sold=order(channel=channel)) == (False, "")


@pytest.mark.parametrize(("price", "expected"), [(1000, True), (1001, False)])
def test_an_order_up_to_the_seller_s_price_is_refunded_without_a_return(price, expected):
    own = {"name": "returnless", "value": True, "when": {"price_up_to": "10", "currency": "EUR"}}
    assert holds("refunded_without_return", sold=order(price=price), bound=terms(own=[own]))[0] is expected
    assert holds("refunded_without_return", sold=order(price=price)) == (False, "")


def test_a_return_out_of_the_policy_is_not_refunded_without_return():
    own = {"name": "returnless", "value": True}
    long_ago = order(purchased_at=MONDAY - 90 * DAY)
    assert holds("refunded_without_return", sold=long_ago, bound=terms(own=[own])) == (False, "")


OVERRULED = "plugin: house, over rule: * returnless True …–…"


@pytest.mark.parametrize(
    ("answer", "decided"),
    [
        (None, [True, False, False, "rule: * returnless True …–…"]),
        ("returnless", [True, False, False, "plugin: house"]),
        ("return_authorised", [False, True, False, OVERRULED]),
        ("return_declined", [False, False, True, OVERRULED]),
        ("manual", [False, False, False, OVERRULED]),
    ],
)
def test_a_plugin_is_told_what_the_rule_on_returns_without_goods_says_and_may_overrule_it(answer, decided):
    asked = []
    house = Decider("house", "plugin 'house'", False, lambda proposed, **_: asked.append(proposed) or answer)
    bound = terms(own=[{"name": "returnless", "value": True}], decisions=Decisions({RETURN: [house]}))
    guards = ("refunded_without_return", "authorised_at_once", "declined_at_once")
    answers = [holds(guard, bound=bound) for guard in guards]
    decider = answers[0][1] or answers[1][1]
    assert [*(yes for yes, _ in answers), decider] == decided
    assert set(asked) == {"returnless"}


def test_a_return_is_judged_by_the_day_of_the_wish_not_of_the_answer():
    sold = order(delivered_at=MONDAY - 26 * DAY)
    asked = case("return", "requested", "C-1")
    assert holds("in_policy", "return", "return_declined", asked, sold=sold)[0]
    assert not holds("in_policy", "return", "return_declined", sold=sold)[0]


@pytest.mark.parametrize(("word", "expected"), [("automatic", True), ("seller_choice", False)])
def test_no_label_is_due_where_the_marketplace_sends_one(word, expected):
    assert holds("label_not_due", bound=terms({"name": "prepaid_label", "word": word}))[0] is expected


@pytest.mark.parametrize(
    ("word", "own", "expected"),
    [
        ("not_prepaid", "automatic", "rule: * prepaid_label"),
        ("seller_choice", "automatic", "rule: * prepaid_label"),
        (None, "automatic", "rule: * prepaid_label"),
        ("seller_choice", "not_prepaid", ""),
        ("not_prepaid", None, ""),
    ],
)
def test_the_seller_may_let_a_prepaid_label_go_out_by_itself(word, own, expected):
    told = [] if word is None else [{"name": "prepaid_label", "word": word}]
    mine = [] if own is None else [{"name": "prepaid_label", "word": own, "when": {"category": "general"}}]
    found, by = holds("label_not_due", bound=terms(*told, own=mine))
    assert (found, by.startswith(expected)) == (bool(expected), True)
    assert not holds("label_not_due", sold=order(category="glass"), bound=terms(*told, own=mine))[0]


def test_a_label_is_due_where_nobody_says_that_one_is_sent():
    assert holds("label_not_due") == (False, "")


@pytest.mark.parametrize(("stars", "expected"), [(1.0, True), (2.0, True), (3.0, False), (None, True)])
def test_a_rating_is_negative_by_its_stars_and_when_it_comes_without(stars, expected):
    assert holds("negative_rating", "feedback", "feedback_left", value=stars)[0] is expected


@pytest.mark.parametrize(("delivered", "expected"), [(5 * DAY, True), (5 * DAY + 1, False), (None, False)])
def test_a_parcel_is_delivered_once_the_carrier_says_so(delivered, expected):
    sold = order(delivered_at=None if delivered is None else MONDAY + delivered)
    assert holds("delivered", "not_received", "not_received_reported", sold=sold)[0] is expected
    assert holds("sent_already", "cancellation", "cancellation_requested", sold=sold)[0] is expected


@pytest.mark.parametrize(("left", "expected"), [(5 * DAY, True), (5 * DAY + 1, False), (None, False)])
def test_an_order_cannot_be_cancelled_any_more_once_it_has_left(left, expected):
    sold = order(delivered_at=MONDAY + 9 * DAY, shipped_at=None if left is None else MONDAY + left)
    assert holds("sent_already", "cancellation", "cancellation_requested", sold=sold)[0] is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [("requested", False), ("sent_untracked", True), ("on_its_way", True), ("delivered", True), ("lost", False)],
)
def test_a_replacement_on_its_way_makes_up_for_the_loss(state, expected):
    found = holds("replacement_under_way", "refund", "refund_requested", case("replacement", state, "P-1"))
    assert found == ((True, "replacement: P-1") if expected else (False, ""))


@pytest.mark.parametrize(("number", "expected"), [("", True), ("1Z999", False)])
def test_a_parcel_without_a_number_is_untracked(number, expected):
    assert holds("untracked", "replacement", "replacement_sent", detail=number)[0] is expected


@pytest.mark.parametrize(("reason", "expected"), [("fraud", True), ("service", False)])
def test_a_chargeback_for_fraud_is_the_marketplace_s(reason, expected):
    bound = terms(
        {"name": "chargeback_bearer", "word": "seller"},
        {"name": "chargeback_bearer", "word": "marketplace", "when": {"reason": "fraud"}},
    )
    assert holds("borne_by_marketplace", "chargeback", "chargeback_filed", bound=bound, detail=reason)[0] is expected
    assert holds("borne_by_marketplace", "chargeback", "chargeback_filed", detail=reason) == (False, "")


@pytest.mark.parametrize(
    ("other", "excluded"),
    [
        (case("claim", "filed"), True),
        (case("chargeback", "won"), True),
        (case("return", "declined"), True),
        (case("return", "refunded"), False),
        (case("return", "refunded_by_marketplace"), True),
        (case("message", "answered"), False),
    ],
)
def test_nothing_is_made_good_for_an_order_that_is_disputed_otherwise(other, excluded):
    bound = terms({"name": "safe_t_after_marketplace_refund", "value": False})
    assert holds("no_safe_t", "safe_t", "return_loss_found", other, bound=bound)[0] is excluded


def test_a_refund_by_the_marketplace_excludes_nothing_where_no_rule_says_so():
    other = case("return", "refunded_by_marketplace")
    assert holds("no_safe_t", "safe_t", "return_loss_found", other) == (False, "")
    allowed = terms({"name": "safe_t_after_marketplace_refund", "value": True})
    assert holds("no_safe_t", "safe_t", "return_loss_found", other, bound=allowed) == (False, "")


def test_a_programme_that_a_rule_closes_makes_nothing_good():
    closed = terms({"name": "safe_t", "value": False, "when": {"channel": "FBA"}}, {"name": "safe_t", "value": True})
    assert holds("no_safe_t", "safe_t", "return_loss_found", sold=order(channel="FBA"), bound=closed)[0]
    assert not holds("no_safe_t", "safe_t", "return_loss_found", bound=closed)[0]


@pytest.mark.parametrize(("missed", "expected"), [(("first_reply", "silence"), True), (("first_reply",), False)])
def test_a_claim_is_unheard_when_silence_stands_behind_it(missed, expected):
    contact = case("message", "awaiting_reply", "M-1", missed)
    assert holds("unheard", "claim", "claim_filed", contact, about="M-1")[0] is expected
    assert holds("unheard", "claim", "claim_filed", contact) == (False, "")


WAIT = {"name": "silence", "clock": "wall_hours", "starts": ["buyer_message", "not_received_reported"]}


@pytest.mark.parametrize(
    ("kind", "claim", "expected"),
    [("message", "", True), ("message", "not_received", False), ("refund", "", False), ("refund", "damaged", False)],
)
def test_silence_may_ask_what_the_contact_was_and_what_the_claim_is_about(kind, claim, expected):
    bound = terms(
        {**WAIT, "amount": 48, "on_expiry": "grant_on_claim"},
        {**WAIT, "amount": 48, "on_expiry": "late", "when": {"claim": "not_received"}},
        {**WAIT, "amount": 12, "on_expiry": "late", "when": {"situation": "refund"}},
    )
    contact = case(kind, "requested", "M-1", ("silence",))
    assert holds("unheard", "claim", "claim_filed", contact, bound=bound, about="M-1", detail=claim)[0] is expected


@pytest.mark.parametrize(("fact_kind", "hours"), [("buyer_message", 48), ("not_received_reported", 12)])
@pytest.mark.parametrize("clock", ["wall_hours", "business_days"])
def test_a_deadline_may_ask_for_the_kind_of_case_with_plain_hours_and_without(fact_kind, hours, clock):
    narrowed = {"amount": 12, "on_expiry": "late", "when": {"situation": "not_received"}}
    other = {"amount": 2, "on_expiry": "late", "when": {"situation": "refund"}, "clock": clock}
    bound = terms({**WAIT, "amount": 48, "on_expiry": "late"}, {**WAIT, **narrowed}, {**WAIT, **other})
    opened = apply(None, fact(fact_kind, MONDAY + 5 * DAY), order(), bound).case.deadlines
    (silence,) = (deadline for deadline in opened if deadline.name == "silence")
    assert silence.expires_at - silence.started_at == hours * HOUR


@pytest.mark.parametrize(
    ("state", "claim", "expected"),
    [
        ("came_back", "not_received", "verified_without_defect"),
        ("never_sent", "not_received", "verified"),
        ("came_back", "damaged", None),
        ("not_delivered", "not_received", None),
    ],
)
def test_tracking_decides_a_claim_where_a_rule_says_so(state, claim, expected):
    shown = {"name": "automatic_verification"}
    bound = terms(
        {**shown, "word": "granted_without_defect", "when": {"situation": "came_back", "claim": "not_received"}},
        {**shown, "word": "granted", "when": {"situation": "never_sent", "claim": "not_received"}},
    )
    missing = case("not_received", state, "N-1")
    for guard in ("verified", "verified_without_defect"):
        found, told = holds(guard, "claim", "claim_filed", missing, bound=bound, detail=claim)
        assert (found, told.startswith("rule: REF automatic_verification")) == (guard == expected,) * 2
        assert holds(guard, "claim", "claim_filed", missing, detail=claim) == (False, "")


def test_a_return_in_the_policy_is_authorised_by_the_seller_s_own_rule_for_a_category():
    never = {"name": "auto_authorise", "value": False}
    own = {"name": "auto_authorise", "value": True, "when": {"category": "books"}}
    for category, expected in (("books", True), ("general", False)):
        bound = terms(never, own=[own])
        assert holds("authorised_at_once", sold=order(category=category), bound=bound)[0] is expected
    assert holds("declined_at_once", bound=terms(never)) == (False, "")


def test_what_happens_before_delivery_is_measured_from_the_promise():
    sold = order(delivered_at=None, promised_at=MONDAY - 31 * DAY)
    assert not holds("in_policy", sold=sold)[0]
    assert holds("in_policy", sold=order(delivered_at=None, promised_at=None)) == (True, "")
    assert holds("in_policy", sold=order(delivered_at=None, promised_at=MONDAY - 20 * DAY + HOUR))[0]


class OwnCaseOnly(dict):
    """The cases of an order for a guard that may look at the fact's own case and at none beside it."""

    def get(self, name, default=None):
        assert name == "C-1", f"looked at {name}"
        return super().get(name, default)

    def values(self):
        raise AssertionError("looked at all cases")

    __iter__ = items = values


@pytest.mark.parametrize("name", sorted(GUARDS.keys() - BESIDE.keys()))
def test_a_guard_that_is_not_said_to_look_beside_its_case_does_not(name):
    about = OwnCaseOnly({"C-1": case("return", "requested", "C-1")})
    told = fact("return_requested", MONDAY, about="C-2", detail="CR-DEFECTIVE", value=2)
    GUARDS[name](Situation("return", told, order(channel="FBA"), terms(FBA, REST), about))


class Watched:
    """An order that keeps what is asked of it."""

    def __init__(self, sold):
        self.sold, self.asked = sold, set()

    def __getattr__(self, name):
        self.asked.add(name)
        return getattr(self.sold, name)


@pytest.mark.parametrize("guard", sorted(GUARDS))
def test_what_guards_ask_of_instants_and_of_exemption_is_told(guard):
    sold = Watched(order(delivered_at=MONDAY, shipped_at=MONDAY))
    bound = terms(
        {"name": "auto_authorise", "value": True},
        {"name": "returnless", "value": False},
        {"name": "handled_by_marketplace", "value": False},
        {"name": "safe_t", "value": True},
        {"name": "prepaid_label", "word": "seller_choice"},
    )
    holds(guard, sold=sold, bound=bound)
    assert bool(sold.asked & {"delivered_at", "shipped_at", "promised_at"}) is (guard in OF_WINDOWS | OF_INSTANTS)
    assert ("exempt" in sold.asked) is (guard in OF_EXEMPT)

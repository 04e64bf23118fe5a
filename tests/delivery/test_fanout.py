"""One lead, several deliveries: a welcome, and a note to the sales person's phone; each with its own state."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ingest.errors import StoreError
from ingest.inbox import reads
from ingest.inbox.tables import events
from tests.delivery.house import House
from tests.inbox.helpers import rows, wait_until

SALES = "+919999900000"
MAPPING = """
channel: form
request:
  campaignName: welcome
  destination: "{{{{ lead.phone | phone }}}}"
  userName: "{{{{ lead.name }}}}"
routes:
  - {{name: welcome, continue: true}}
  - name: sales
    when: lead.quiet is not present
    request:
      campaignName: sales_note
      destination: "+919999900000"
      userName: Sales
      templateParams: ["{{{{ lead.{param} }}}}"]
    policy: {policy}
policy:
  consent: lead.optin | default('yes') | yes
  cap: 1/week
"""
NOTE = MAPPING.format(param="name | default('somebody')", policy="null")


def states(house: House, lead: str) -> list[tuple[str, str | None]]:
    """The lead's deliveries in the order of their routes: status and reason."""
    return [(one["status"], one["reason"]) for one in house.inbox.outcome_of(lead)]


def until(house: House, lead: str, *wanted: tuple[str, str | None]) -> None:
    """Wait until the lead's deliveries stand so."""
    try:
        wait_until(lambda: states(house, lead) == list(wanted), str(wanted))
    except AssertionError as error:
        raise AssertionError(f"{error}; they are {states(house, lead)}") from error


def campaigns(house: House) -> list[str]:
    """What was sent, in order."""
    return [body["campaignName"] for body in house.sent()]


SENT, NO_CONSENT, MISSING = ("sent", None), ("skipped", "no_consent"), ("held", "missing_value")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [SENT, SENT]),
        ({"name": ""}, [MISSING, SENT]),
        ({"optin": "no"}, [NO_CONSENT, SENT]),
        ({"phone": "123"}, [("held", "phone_invalid"), SENT]),
        ({"quiet": "1"}, [SENT]),
    ],
)
def test_each_delivery_has_a_state_of_its_own(
    house: House, fields: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    """A welcome that is held, or not wanted, keeps nobody from telling the sales person."""
    house.write("website", NOTE)
    house.work()
    until(house, house.lead(**fields), *expected)


def test_a_note_that_is_held_does_not_hold_the_welcome(house: House) -> None:
    """And the reverse: the note waits for its mend, and goes out alone."""
    house.write("website", MAPPING.format(param="city", policy="null"))
    house.work()
    lead = house.lead()
    until(house, lead, SENT, MISSING)
    house.write("website", NOTE)
    until(house, lead, SENT, SENT)
    assert campaigns(house) == ["welcome", "sales_note"]


def test_a_routes_policy_is_its_own(house: House) -> None:
    """Three leads of a day: each a note to the same sales person, whom neither cap nor consent of the lead is about."""
    house.write("website", NOTE)
    house.work()
    leads = [house.lead(phone=f"98765 4321{number}") for number in range(3)]
    for lead in leads:
        until(house, lead, SENT, SENT)
    again = house.lead(name="Again")
    until(house, again, ("skipped", "cap_reached"), SENT)


def test_without_a_policy_of_its_own_a_route_has_the_mappings(house: House) -> None:
    """The cap counts the sales person too."""
    house.write("website", MAPPING.format(param="name", policy="{consent: null}"))
    house.work()
    until(house, house.lead(optin="no"), NO_CONSENT, SENT)
    until(house, house.lead(optin="no", name="B"), NO_CONSENT, ("skipped", "cap_reached"))


def test_who_opted_out_gets_no_welcome_and_the_sales_person_the_note(house: House) -> None:
    """An opt-out is a person's, and not a lead's."""
    house.inbox.opt_out("+919876543210")
    house.write("website", NOTE)
    house.work()
    until(house, house.lead(), ("skipped", "opted_out"), SENT)


def test_replaying_one_sends_that_one(house: House) -> None:
    """The other stays as it is."""
    house.write("website", NOTE)
    house.work()
    lead = house.lead()
    until(house, lead, SENT, SENT)
    note = house.inbox.outcome_of(lead)[1]["id"]
    house.write("website", NOTE + "  # and no route is added to what was sent\n")
    house.inbox.replay([note], again=True)
    wait_until(lambda: len(house.sent()) == 3, "the note again")
    until(house, lead, SENT, SENT)
    assert campaigns(house) == ["welcome", "sales_note", "sales_note"]


RENAMED = NOTE.replace("name: sales", "name: note").replace("name: welcome", "name: hello")
BEFORE = NOTE.replace(
    "routes:\n", "routes:\n  - {name: zero, continue: true, policy: null, request: {campaignName: zero}}\n"
)
TURNED = (
    NOTE.replace("  - {name: welcome, continue: true}\n", "")
    .replace("    policy: null\n", "    policy: null\n    continue: true\n  - {name: welcome}\n")
    .replace("lead.quiet is not present", "true")
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (RENAMED, ["sales_note", "welcome"]),
        (TURNED, ["sales_note", "welcome"]),
        (BEFORE, ["sales_note", "welcome", "zero"]),  # its first message was not tried yet
    ],
)
def test_a_mapping_that_changes_while_a_delivery_waits_doubles_nothing(
    house: House, changed: str, expected: list[str]
) -> None:
    """Routes that are renamed, put into another order, or added: the note that was sent is not sent again."""
    house.write("website", NOTE)
    house.work()
    lead = house.lead(name="")
    until(house, lead, MISSING, SENT)
    house.write("website", changed.replace("{{ lead.name }}", "{{ lead.name | default('friend') }}"))
    until(house, lead, *[SENT] * len(expected))
    assert sorted(campaigns(house)) == expected


def test_unnamed_routes_are_known_by_their_campaign(house: House) -> None:
    """One that is put before them makes no second note."""
    unnamed = NOTE.replace("name: welcome, ", "").replace("- name: sales\n    when", "- when")
    house.write("website", unnamed)
    house.work()
    lead = house.lead(name="")
    until(house, lead, MISSING, SENT)
    more = "routes:\n  - {when: 'false', continue: true, request: {campaignName: zero}}\n"
    house.write("website", unnamed.replace("routes:\n", more).replace("lead.name }}", "lead.name | default('you') }}"))
    until(house, lead, SENT, SENT)
    assert sorted(campaigns(house)) == ["sales_note", "welcome"]


def test_a_when_that_fails_holds_what_comes_after_it(house: House) -> None:
    """The welcome goes out; which other routes hold is told, and they are sent, when it is mended."""
    third = "  - {name: third, request: {campaignName: third}, policy: null}\npolicy:"
    broken = NOTE.replace("lead.quiet is not present", "lead.age > 3\n    continue: true").replace(
        "policy:\n  c", third + "\n  c"
    )
    house.write("website", broken)
    house.work()
    lead = house.lead(age=5)
    until(house, lead, SENT, ("held", "expression_failed"))
    house.write("website", broken.replace("lead.age >", "lead.age | number >"))
    until(house, lead, SENT, SENT, SENT)
    assert campaigns(house)[0] == "welcome"
    assert sorted(campaigns(house)) == ["sales_note", "third", "welcome"]


def test_a_lead_is_its_person_whatever_its_first_route_is_for(house: House) -> None:
    """Lists, searches and `forget` know the lead by its own number, also where the note comes first."""
    house.write("website", TURNED)
    house.work()
    leads = [house.lead(), house.lead(name="", phone="98765 43211")]
    for lead, welcome in zip(leads, (SENT, MISSING), strict=True):
        until(house, lead, SENT, welcome)
    people = {row.id: (row.name, row.phone) for row in rows(house.inbox, events)}
    assert [people[lead] for lead in leads] == [("Asha Rao", "+919876543210"), (None, "98765 43211")]


def test_metas_test_lead_gives_a_skip_for_each(house: House) -> None:
    """Nobody of ours is told of a lead that is none; and Meta is asked for it once."""
    house.write("fb", NOTE.replace("form", "facebook", 1))
    known = house.box.add_lead({"full_name": "<test lead: dummy data for full_name>", "phone": "98765 43210"})
    house.work()
    until(house, house.facebook(known), ("skipped", "test_lead"), ("skipped", "test_lead"))
    assert house.sent() == []


def test_a_store_that_fails_while_it_is_asked_for_the_others_only_delays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery is taken up again when the store is back."""
    house.write("website", NOTE)
    house.work()
    lead = house.lead(name="")
    until(house, lead, MISSING, SENT)
    real, away = house.inbox.routes_beside, threading.Event()

    def once(delivery: Any) -> Any:
        if not away.is_set():
            away.set()
            raise StoreError("away")
        return real(delivery)

    monkeypatch.setattr(house.inbox, "routes_beside", once)
    house.write("website", RENAMED.replace("lead.name }}", "lead.name | default('you') }}"))
    until(house, lead, SENT, SENT)
    assert away.is_set()


def test_leads_and_explain_tell_of_each(house: House) -> None:
    """Each with its route, status and reason."""
    house.write("website", NOTE)
    house.work()
    lead = house.lead(name="")
    until(house, lead, MISSING, SENT)
    with house.inbox.reading() as connection:
        [listed] = reads.list_leads(connection, reads.Filter())
        told = reads.lead_story(connection, lead)["deliveries"]
    assert [(one["campaign"], one["status"]) for one in listed["deliveries"]] == [
        (None, "held"),
        ("sales_note", "sent"),
    ]
    assert [(one["route"], one["reason"]) for one in told] == [("welcome", "missing_value"), ("sales", None)]

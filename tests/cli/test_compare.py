"""`ingest replay --dry-run --mappings DIR`: what changed mappings would have made of leads that were treated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.cli import cli
from ingest.inbox.tables import attempts, deliveries, events
from ingest.sandbox import Sandbox
from tests.delivery.house import FORM, TWO_ROUTES, House
from tests.inbox.helpers import event, post, rows, wait_until
from tests.stores import new_sqlite

SAME = FORM.format(account="default", campaign="welcome")
NAMED = SAME + """  templateParams: ["{{ lead.name }}"]\n"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A store, and a worker that sends to a sandbox by the mapping `website`."""
    store = new_sqlite(tmp_path / "ingest.db")
    monkeypatch.setenv("DATABASE_URL", store)
    with Sandbox() as box:
        house = House(store, tmp_path / "mappings", box, monkeypatch)
        yield house
        house.close()


def treated(house: House, *leads: str) -> None:
    """Let a worker do all there is to do with leads."""
    house.work()
    for lead in leads:
        wait_until(lambda lead=lead: house.outcome(lead)["status"] in {"sent", "held", "skipped"}, lead)
    house.stop()


def compared(text: str | None, *arguments: str, endpoint: str = "website") -> Result:
    """What the command says about this mapping in a folder of its own."""
    folder = Path("draft")
    folder.mkdir(exist_ok=True)
    if text is not None:
        (folder / f"{endpoint}.yaml").write_text(text)
    return CliRunner().invoke(cli, ["replay", "--dry-run", "--mappings", str(folder), *arguments])


def totals(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)["total"]
    return {key: value for key, value in found.items() if value}


def test_a_mapping_that_gives_the_same_is_told_so(house: House) -> None:
    """Nothing is different, nothing is sent or changed."""
    treated(house, house.lead(), house.lead(name=None))
    before = [rows(house.inbox, table) for table in (events, deliveries, attempts)]
    told = compared(SAME)
    assert told.exit_code == 0
    assert "website: 2 same\n" in told.output and "in total: 2 same\n" in told.output
    assert [rows(house.inbox, table) for table in (events, deliveries, attempts)] == before
    assert len(house.sent()) == 2


def test_what_differs_is_shown_part_by_part(house: House) -> None:
    """Without the person's name, phone and mail, but where --show asks for them."""
    lead = house.lead(email="asha@acme.in")
    treated(house, lead)
    changed = SAME.replace("| default('Lead') }}", "| upper }}").replace(
        "campaignName: welcome", "campaignName: diwali"
    )
    changed += '  attributes: {to: "{{ lead.phone | phone }} {{ lead.email }} {{ lead.name }}"}\n'
    told = compared(changed)
    assert told.exit_code == 0
    assert f"{lead} website: different" in told.output
    assert "- campaignName: welcome\n  + campaignName: diwali" in told.output
    assert "+ attributes.to: +9198••••••10 a•••@••• A••• R•••" in told.output
    for gone in ("Asha", "ASHA", "Rao", "43210", "acme"):
        assert gone not in told.output
    shown = compared(None, "--show").output
    assert "- userName: Asha Rao\n  + userName: ASHA RAO" in shown
    assert "asha@acme.in" in shown


def test_what_differs_only_in_what_is_masked_is_told_apart(house: House) -> None:
    treated(house, house.lead())
    told = compared(SAME.replace("lead.name |", "lead.name | first_name |"))
    assert "- userName: A••• (8 characters)\n  + userName: A••• (4 characters)" in told.output


def test_what_would_be_held_is_a_problem(house: House) -> None:
    """Exit 1, with the reason, the place and how many."""
    treated(house, house.lead(), house.lead(name=None), house.lead(name=None))
    told = compared(NAMED)
    assert told.exit_code == 1
    assert "website: 0 same, 1 different, 2 newly held (missing_value 2)" in told.output
    assert "draft/website.yaml:" in told.output
    assert totals(compared(None, "--json")) == {"different": 1, "newly_held": {"missing_value": 2}}


def test_what_would_be_sent_now_is_told(house: House) -> None:
    """What was held and would no longer be; it is not sent by this."""
    treated(house, house.lead(phone="12345"), house.lead(phone=None))
    told = compared(SAME.replace("lead.phone | phone", "lead.phone | default('9876543210') | phone"))
    assert told.exit_code == 0
    assert "website: 1 same, 1 newly sent" in told.output
    assert house.sent() == []


def test_what_would_not_be_sent_any_more_is_told(house: House) -> None:
    """Skipped for want of consent, or a route that is gone."""
    house.write("website", SAME + TWO_ROUTES)
    lead = house.lead()
    house.work()
    wait_until(lambda: house.both_sent(lead), "both sent")
    house.stop()
    told = compared(SAME + "routes: [{name: first}]\n", "--json")
    assert totals(told) == {"same": 1, "no_longer_sent": 1}
    told = compared(SAME + TWO_ROUTES + "policy: {consent: lead.optin | yes}\n", "--json")
    assert totals(told) == {"newly_skipped": {"no_consent": 2}}
    more = "  - {name: third, request: {campaignName: more}}\n"
    told = compared(SAME + TWO_ROUTES.replace("follow_up}}", "follow_up}, continue: true}") + more, "--json")
    assert totals(told) == {"same": 2, "newly_sent": 1}


def test_another_account_is_different(house: House) -> None:
    treated(house, house.lead())
    told = compared(FORM.format(account="acme", campaign="welcome"))
    assert "- account: default\n  + account: acme" in told.output


def test_what_can_not_be_compared_is_counted_with_the_reason(house: House) -> None:
    """Erased, not fetched, not translated yet, no mapping in the folder, or a broken one."""
    house.write("other", SAME)
    erased, other = house.lead(phone="98765 43211"), house.lead(endpoint="other")
    treated(house, erased, other)
    CliRunner().invoke(cli, ["forget", "9876543211"])
    house.facebook("111222333")
    house.lead()
    (house.mappings.parent / "draft").mkdir()
    (house.mappings.parent / "draft" / "fb.yaml").write_text(SAME.replace("channel: form", "channel: facebook"))
    told = compared(SAME, "--json")
    assert told.exit_code == 0
    assert totals(told) == {
        "not_comparable": {"erased": 1, "no mapping": 1, "not fetched yet": 1, "not translated yet": 1}
    }
    broken = compared("channel: form\nrequest: {x: y}\n", endpoint="other")
    assert broken.exit_code == 1
    assert "draft/other.yaml:2:" in broken.stderr
    assert "mapping broken 1" in broken.stdout


def test_leads_are_chosen_as_for_a_replay(house: House) -> None:
    """By id, or by filters; whatever state they are in."""
    house.write("other", SAME)
    first, second = house.lead(), house.lead(phone="12345")
    treated(house, first, second, house.lead(endpoint="other"))
    for arguments, count in (
        ((first,), 1),
        ((first, second), 2),
        (("--endpoint", "website"), 2),
        (("--status", "held"), 1),
        (("--reason", "phone_invalid"), 1),
        (("--since", "7d"), 3),
        (("--until", "7d"), 0),
        ((), 3),
    ):
        told = compared(SAME, *arguments, "--json")
        assert sum(totals(told).get("not_comparable", {}).values()) + totals(told).get("same", 0) == count


def test_so_many_leads_are_shown(house: House) -> None:
    """All are counted, over pages too."""
    leads = [house.lead() for _ in range(25)]
    treated(house, *leads)
    changed = SAME.replace("welcome", "diwali")
    assert compared(changed).output.count("website: different") == 20
    assert "… and 5 more" in compared(changed).output
    assert compared(changed, "--limit", "0").output.count("website: different") == 0
    assert len(json.loads(compared(changed, "--limit", "30", "--json").stdout)["leads"]) == 25
    assert totals(compared(changed, "--json")) == {"different": 25}


def test_many_leads_are_read_page_by_page(house: House) -> None:
    post(house.inbox, *(event() for _ in range(450)))
    assert totals(compared(SAME, "--json")) == {"not_comparable": {"not translated yet": 450}}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--mappings", "mappings"),
        ("--mappings", "mappings", "--dry-run", "--again"),
        ("--mappings", "nowhere", "--dry-run"),
        ("--dry-run", "--reason", "no_route", "--show"),
        ("--dry-run", "--reason", "no_route", "--limit", "3"),
    ],
)
def test_it_never_sends(house: House, arguments: tuple[str, ...]) -> None:
    """`--mappings` without `--dry-run` is wrong usage, and so are its own options without it."""
    treated(house, house.lead())
    told = CliRunner().invoke(cli, ["replay", *arguments])
    assert told.exit_code == 2
    assert len(house.sent()) == 1

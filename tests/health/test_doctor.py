from __future__ import annotations

import time
from datetime import timedelta

import pytest

from ingest.errors import StoreError
from ingest.health.records import Health
from ingest.inbox.brakes import Pause
from ingest.models import Reason, utcnow
from ingest.sandbox import connections
from ingest.sandbox.state import State
from tests.health.clinic import FACEBOOK, FORM, PAGE, Clinic
from tests.inbox.helpers import set_all

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HIDDEN = {"error": {"message": "Unsupported get request", "code": 100, "error_subcode": 33}}


def test_all_is_well_where_all_is_connected(clinic: Clinic) -> None:
    """A token, an app, a page, a form and an account that work give no warning, and each is told."""
    clinic.leads(HOUR)
    checks = clinic.examine()
    assert {one.code: one.message for one in checks if one.verdict is not Health.OK} == {}
    told = {one.code for one in checks}
    assert {"mappings", "version", "token", "app", "page", "form", "leads", "account", "campaign", "queue"} <= told
    (form,) = [one for one in checks if one.code == "form"]
    assert "`Diwali` (active): last lead" in form.message


def test_a_token_that_is_not_set_is_a_fault_that_names_its_variable(clinic: Clinic) -> None:
    """Without its token nothing is asked, and the mend says what to set."""
    clinic.monkeypatch.delenv("FACEBOOK_ACCESS_TOKEN")
    found = clinic.found()
    assert found["token_unset"].subject == "FACEBOOK_ACCESS_TOKEN"
    assert "ingest facebook connect" in found["token_unset"].mend


@pytest.mark.parametrize(
    ("facts", "code", "verdict"),
    [
        ({"is_valid": False}, "token_invalid", "fault"),
        ({"expires_at": int(time.time()) - 60}, "token_invalid", "fault"),
        ({"expires_at": int(time.time()) + 6 * 86_400}, "token_expires", "warning"),
        ({"data_access_expires_at": int(time.time()) + 6 * 86_400}, "data_access_ends", "warning"),
        ({"scopes": ["pages_show_list"]}, "scope_missing", "fault"),
        ({"scopes": ["leads_retrieval", "pages_show_list", "pages_read_engagement"]}, "scope_missing", "warning"),
    ],
)
def test_what_is_wrong_with_a_token_is_told(clinic: Clinic, facts: dict[str, object], code: str, verdict: str) -> None:
    """An end that is near, or past, and missing permissions are told, with the variable to set."""
    clinic.box.token("user-token", **facts)
    found = clinic.found()
    assert found[code].verdict == verdict
    assert "FACEBOOK_ACCESS_TOKEN" in found[code].mend


def test_a_token_that_ends_in_eight_days_is_well(clinic: Clinic) -> None:
    """Nobody is told of an end that is more than seven days away."""
    clinic.box.token("user-token", expires_at=int(time.time()) + 8 * 86_400)
    assert clinic.found() == {}


def test_a_token_that_meta_does_not_know_is_a_fault(clinic: Clinic) -> None:
    """A token that was taken back is told as such, and is in no message."""
    clinic.box.state.tokens = frozenset()
    found = clinic.found()
    assert list(found) == ["token_invalid"]
    assert "user-token" not in str(clinic.examine())


def test_a_secret_of_another_app_is_told_apart_from_a_bad_token(clinic: Clinic) -> None:
    """A proof that Meta does not take is the secret's fault, not the token's."""
    clinic.monkeypatch.setenv("FACEBOOK_APP_SECRET", "some-other-secret")
    assert list(clinic.found()) == ["secret_wrong"]


@pytest.mark.parametrize(
    ("subscribed", "code"),
    [
        ({}, "app_unsubscribed"),
        (connections.webhook("https://leads.example/in/fb", ["feed"]), "app_unsubscribed"),
        ({**connections.webhook("https://leads.example/in/fb", ["leadgen"]), "active": False}, "app_inactive"),
        (connections.webhook("https://leads.example/in/other", ["leadgen"]), "callback_foreign"),
        (connections.webhook("https://old.example/in/fb", ["leadgen"]), "callback_elsewhere"),
    ],
)
def test_an_app_that_tells_us_nothing_is_found(clinic: Clinic, subscribed: dict[str, object], code: str) -> None:
    """Without its webhook, or with one that goes elsewhere, leads do not come: the mend connects it."""
    clinic.box.state.leads.subscribe("1", subscribed)
    found = clinic.found()
    assert list(found) == [code]
    assert "ingest facebook connect" in found[code].mend


def test_a_page_that_is_no_longer_subscribed_is_a_fault(clinic: Clinic) -> None:
    """A page that brought leads and is subscribed no more loses them: told with its name."""
    clinic.leads(HOUR)
    clinic.box.unsubscribe(PAGE)
    found = clinic.found()
    assert found["page_unsubscribed"].subject == f"page {PAGE}"
    assert "`Acme`" in found["page_unsubscribed"].message


def test_a_page_of_which_no_lead_is_wanted_is_only_a_warning(clinic: Clinic) -> None:
    """An agency's token is for pages of which it wants nothing; they are no faults."""
    clinic.write("fb", f"{FACEBOOK}match: {{pages: ['{PAGE}']}}\n")
    clinic.box.state.leads.name("1", "88", "Other", "Other page")
    found = clinic.found()
    assert {code: one.verdict for code, one in found.items()} == {"page_unused": "warning"}


def test_a_page_that_its_token_does_not_see_is_a_fault(clinic: Clinic) -> None:
    """A page that a mapping names and the token is not for is told, with where to give it."""
    clinic.write("fb", f"{FACEBOOK}match: {{pages: ['99']}}\n")
    assert "Business settings" in clinic.found()["page_hidden"].mend


def test_leads_that_are_hidden_name_the_lead_access_manager(clinic: Clinic) -> None:
    """Meta says that a lead is gone where it hides it; for a form's list that can only be access."""
    clinic.box.fail(where="graph", lead=f"{FORM}/leads", status=400, body=HIDDEN)
    found = clinic.found()
    assert list(found) == ["leads_hidden"]
    assert "Lead Access Manager" in found["leads_hidden"].mend


def test_a_form_that_is_claimed_and_that_no_page_has_is_told(clinic: Clinic) -> None:
    """A wrong id under `match.forms` would be noticed by nobody."""
    clinic.write("fb", f"{FACEBOOK}match: {{forms: ['12345']}}\n")
    assert clinic.found()["form_unknown"].subject == "form 12345"


def test_tokens_by_page_are_each_looked_at(clinic: Clinic) -> None:
    """Each page's own token is asked about its page; the token for all need not be set."""
    auth = f"auth: {{access_token: {{'{PAGE}': ACME_TOKEN, '99': OTHER_TOKEN}}}}\n"
    clinic.write("fb", FACEBOOK + auth)
    clinic.monkeypatch.delenv("FACEBOOK_ACCESS_TOKEN")
    clinic.monkeypatch.setenv("ACME_TOKEN", f"sandbox-page-{PAGE}")
    found = clinic.found()
    assert {code: one.subject for code, one in found.items()} == {"token_unset": "OTHER_TOKEN"}


def test_a_network_that_is_away_is_told_in_words(clinic: Clinic) -> None:
    """Nobody sees a stack trace because a cable is out, and no secret either."""
    clinic.monkeypatch.setenv("FACEBOOK_GRAPH_URL", "http://127.0.0.1:9/v26.0")
    clinic.monkeypatch.setenv("AISENSY_URL", "http://127.0.0.1:9/api")
    checks = [one for one in clinic.examine() if one.verdict is Health.FAULT]
    assert {one.area for one in checks} == {"facebook", "aisensy"}
    assert all("refused the connection" in one.message or "connection" in one.message.lower() for one in checks)


def test_accounts_and_campaigns_are_told(clinic: Clinic) -> None:
    """A missing key, an unknown campaign and a wrong count of parameters are faults, each with its mend."""
    clinic.write("site", FACEBOOK.replace("facebook", "form").replace("welcome_lead", "gone") + "account: default\n")
    clinic.write("acme", FACEBOOK.replace("facebook", "form") + "account: acme\n")
    clinic.box.campaigns({"welcome_lead": {"params": 2}})
    found = clinic.found()
    assert found["campaign_unknown"].subject == "default/gone"
    assert found["params_mismatch"].message == "It takes 2 templateParams, and gets 0."
    assert found["key_unset"].mend.startswith("Set AISENSY_API_KEY__ACME")


def test_what_is_paused_is_told_with_its_reason(clinic: Clinic) -> None:
    """By AiSensy's answer it is a fault, by a person's wish only a warning."""
    clinic.inbox.pause(Pause("default", Reason.ACCOUNT_PAUSED, "No credits"))
    found = clinic.found()
    assert found["account_paused"].message == "It is paused: No credits"
    assert "ingest resume default" in found["account_paused"].mend
    clinic.inbox.pause(Pause("default", Reason.ACCOUNT_PAUSED, "Holidays", by_hand=True))
    assert {code: one.verdict for code, one in clinic.found().items()} == {"paused_by_hand": "warning"}


@pytest.mark.parametrize("data", [None, [], "x", {"scopes": "all"}, {"is_valid": False, "expires_at": "soon"}])
def test_answers_that_are_not_as_documented_are_told_in_words(clinic: Clinic, data: object) -> None:
    """Whatever Meta answers, it is a line and no stack trace."""
    clinic.box.fail(where="graph", lead="debug_token", status=200, body={"data": data})
    assert len(set(clinic.found()) & {"not_asked", "token_invalid"}) == 1


def test_a_mapping_with_faults_is_told(clinic: Clinic) -> None:
    """Leads of a broken mapping are held or refused, so the doctor names it."""
    clinic.write("site", "channel: form\n")
    assert clinic.found()["mapping_broken"].subject == "site"


def test_a_store_that_is_away_is_a_fault_and_all_else_is_looked_at(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Meta and AiSensy tell does not need the store."""

    def away() -> None:
        raise StoreError("The disk is full")

    monkeypatch.setattr(clinic.inbox, "ping", away)
    assert clinic.found()["store_away"].message == "The disk is full."
    assert any(one.code == "token" for one in clinic.examine())


def test_what_waits_though_it_is_due_is_a_warning(clinic: Clinic) -> None:
    """Where no worker runs somebody should know."""
    clinic.leads(HOUR)
    set_all(clinic.inbox, status="pending", due_at=utcnow() - HOUR)
    assert "ingest worker" in clinic.found()["queue_late"].mend


def test_the_sandbox_begins_with_nothing_subscribed() -> None:
    """Connecting has something to do there."""
    assert State().leads.subscribed("1") == []

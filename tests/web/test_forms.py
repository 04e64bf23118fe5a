from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.house import FORM, House, stored

OURS = "https://acme.example"
MAPPING = f"""
form:
  origins: [{OURS}, 'http://localhost:5500']
  thanks: {OURS}/thank-you
{FORM}"""
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Origin": OURS}
LEAD = {"name": "Asha Rao", "phone": "098765 43210"}


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"website": MAPPING, "open": FORM})


def post(client: FlaskClient, path: str = "/in/website", data: dict[str, Any] | None = None, **headers: str) -> Any:
    return client.post(path, data=LEAD | (data or {}), headers=headers)


class TestOrigins:
    """Who may post a form, and who may read the answer."""

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": OURS},
            {"Origin": "HTTPS://ACME.example:443"},
            {"Origin": "http://localhost:5500"},
            {"Referer": f"{OURS}/contact?x=1"},
            {"Origin": "http://localhost"},  # our own host
        ],
    )
    def test_allowed_pages_and_servers_may_post(self, client: FlaskClient, headers: dict[str, str]) -> None:
        """A server tells no origin at all."""
        assert post(client, **headers).status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "null"},
            {"Origin": "https://evil.example"},
            {"Origin": "http://acme.example"},
            {"Origin": "https://acme.example:8443"},
            {"Origin": "https://acme.example.evil.example"},
            {"Origin": "https://www.acme.example"},
            {"Origin": "https://acme.example@evil.example"},
            {"Origin": "https://["},
            {"Origin": "https://acme.example:x"},
            {"Referer": "https://evil.example/https://acme.example"},
            {"Origin": "null", "Referer": OURS},
        ],
    )
    def test_a_foreign_page_may_not(self, client: FlaskClient, headers: dict[str, str]) -> None:
        """Nor one that hides where it is."""
        answer = post(client, **headers)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "foreign_origin")
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert stored(client.application) == []

    def test_scripts_of_allowed_pages_may_read_answers_and_refusals(self, client: FlaskClient) -> None:
        """CORS for exactly that origin, and caches told so."""
        for data in ({}, {"name": "", "phone": ""}):
            answer = post(client, data=data, Origin=OURS)
            assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (OURS, "Origin")

    def test_without_origins_any_page_may_post_and_read(self, client: FlaskClient) -> None:
        """A newcomer's form works from anywhere."""
        answer = post(client, "/in/open", Origin="null")
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")

    def test_a_preflight_is_answered_for_allowed_pages_only(self, client: FlaskClient) -> None:
        """What scripts ask before they post JSON."""
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        answer = client.options("/in/website", headers={"Origin": OURS, **asked})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, OURS)
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
        refused = client.options("/in/website", headers={"Origin": "https://evil.example", **asked})
        assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (403, False)


class TestThanks:
    """Where a visitor's browser goes after the post."""

    @pytest.mark.parametrize("control", ["_next", "redirect"])
    def test_next_is_followed_to_allowed_origins(self, client: FlaskClient, control: str) -> None:
        """303, so that a reload posts nothing."""
        answer = post(client, data={control: f"{OURS}/danke?x=ä"}, **BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{OURS}/danke?x=%C3%A4")

    @pytest.mark.parametrize(
        "target",
        [
            "https://evil.example/",
            "//evil.example/",
            "/path",
            "javascript:alert(1)",
            "https://acme.example@evil.example/",
            "https://acme.example\\@evil.example/",
            "https://acme.example.evil.example/",
            "https://acme.example\r\nX: y",
            "http://acme.example/",
            "\ud800",
            "",
        ],
    )
    def test_next_leads_nowhere_else(self, client: FlaskClient, target: str) -> None:
        """We are no open redirect; the mapping's page comes instead."""
        answer = client.post("/in/website", json=LEAD | {"_next": target}, headers=BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{OURS}/thank-you")

    def test_without_a_page_of_theirs_comes_ours(self, client: FlaskClient) -> None:
        """And `_next` counts for nothing where no origins are listed."""
        answer = post(client, "/in/open", data={"_next": f"{OURS}/x"}, Accept="text/html")
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        assert "Thank you" in answer.get_data(as_text=True)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Accept": "application/json"},
            {"Accept": "*/*"},
            {"Accept": "text/html, application/json"},
            {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"},
            {},
        ],
    )
    def test_scripts_get_json(self, client: FlaskClient, headers: dict[str, str]) -> None:
        """Whatever `_next` says: a script can't be sent anywhere."""
        answer = post(client, data={"_next": f"{OURS}/x"}, **headers)
        assert (answer.status_code, answer.get_json()["status"]) == (200, "accepted")

    def test_a_robot_is_thanked_like_a_person(self, client: FlaskClient) -> None:
        """It shall not learn that it was seen."""
        answer = post(client, data={"_gotcha": "x"}, **BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{OURS}/thank-you")


FIELDS = f"""
form:
  fields:
    full_name: {{label: Your name, required: true, max: 10}}
    phone: {{label: WhatsApp number, type: phone, required: true}}
    email: {{type: email}}
    city: {{label: City, type: choice, choices: [Pune, Delhi]}}
{FORM}"""
GOOD = {"Full Name": "Asha Rao", "phone": "098765 43210", "email": "asha@example.com", "city": "Pune"}


class TestFields:
    """`form.fields`, checked before anything is stored."""

    @pytest.fixture
    def client(self, house: House) -> FlaskClient:
        return house.client({"website": FIELDS})

    @pytest.mark.parametrize(
        "changed", [{}, {"email": ""}, {"city": ["Pune", "Delhi"]}, {"other": "x"}, {"phone": "+1 415 555 2671"}]
    )
    def test_a_good_form_is_stored(self, client: FlaskClient, changed: dict[str, Any]) -> None:
        """Fields are known by their normalised names; others may come along."""
        assert client.post("/in/website", json=GOOD | changed).status_code == 200

    @pytest.mark.parametrize(
        ("changed", "faults"),
        [
            ({"Full Name": " "}, {"full_name": "Your name is missing."}),
            ({"Full Name": "x" * 11}, {"full_name": "Your name is longer than 10 characters."}),
            ({"phone": "no"}, {"phone": "WhatsApp number is no phone number."}),
            ({"phone": "9876543210, 9876543211"}, {"phone": "WhatsApp number holds more than one phone number."}),
            ({"email": "asha@"}, {"email": "Email is no e-mail address."}),
            ({"city": "Paris"}, {"city": "City is none of: Pune, Delhi."}),
            ({"city": ["Pune", "Paris"]}, {"city": "City is none of: Pune, Delhi."}),
            (
                {"Full Name": None, "phone": None},
                {"full_name": "Your name is missing.", "phone": "WhatsApp number is missing."},
            ),
        ],
    )
    def test_every_fault_is_told_in_words(
        self, client: FlaskClient, changed: dict[str, Any], faults: dict[str, str]
    ) -> None:
        """All at once, each with its field, for the script that shows them beside the inputs."""
        answer = client.post("/in/website", json=GOOD | changed)
        error = answer.get_json()["error"]
        assert (answer.status_code, error["code"], error["fields"]) == (400, "invalid_fields", faults)
        assert stored(client.application) == []

    def test_a_browser_gets_the_faults_as_a_page(self, client: FlaskClient) -> None:
        """A person reads them, so no JSON."""
        answer = client.post("/in/website", data={"phone": "<b>x</b>"}, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (400, "text/html")
        page = answer.get_data(as_text=True)
        assert "Your name is missing." in page
        assert "<b>" not in page

    def test_a_robot_is_not_told_what_it_did_wrong(self, client: FlaskClient) -> None:
        """Its post is accepted and held."""
        assert client.post("/in/website", json={"_gotcha": "x"}).status_code == 200
        assert stored(client.application)[0]["reason"] == "suspected_spam"

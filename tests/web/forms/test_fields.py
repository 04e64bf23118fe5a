from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.house import FORM, House, stored

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


KINDS = f"""
form:
  fields:
    budget: {{type: number, min: 1000, max: 200000}}
    day: {{type: date}}
    site: {{type: url}}
    agreed: {{label: I agree, type: checkbox, required: true}}
    size: {{type: choice, choices: [S, M], multiple: true}}
    phone: {{type: phone, country: AE, wrong: "Please give your number in the Emirates."}}
    mobile: {{type: phone}}
    notes: {{type: textarea, max: 5}}
    area: {{type: choice, choices: ["Navi  Mumbai "]}}
    whole: {{label: Whole, type: checkbox, value: "0"}}
{FORM}"""


class TestKinds:
    """Each type of a field has a check of its own."""

    @pytest.fixture
    def client(self, house: House) -> FlaskClient:
        return house.client({"website": KINDS})

    @pytest.mark.parametrize(
        ("name", "good", "bad", "fault"),
        [
            ("budget", ["₹ 1,00,000", "1000", 1500.5], ["many", "1000 rupees or so"], "Budget is no number."),
            ("budget", ["1000"], ["999"], "Budget is less than 1000."),
            ("budget", ["2 lakh"], ["3 lakh"], "Budget is more than 200000."),
            ("day", ["2026-11-25", "25/11/2026", "25 Nov 2026"], ["someday", "2026-13-45"], "Day is no date."),
            ("site", ["https://acme.example/x", "www.acme.in"], ["my site", "javascript:x"], "Site is no web address."),
            ("agreed", ["yes", "on", True], [False, "off", "", None], "“I agree” is not ticked."),
            ("size", ["S", ["S", "M"]], ["L", ["S", "L"]], "Size is none of: S, M."),
            ("phone", ["050 123 4567"], ["098765 43210"], "Please give your number in the Emirates."),
            (
                "mobile",
                [["9876543210", "+91 98765 43210"]],
                [["9876543210", "9123456789"], "9876543210, 9123456789"],
                "Mobile holds more than one phone number.",
            ),
            ("area", ["Navi Mumbai", "Navi  Mumbai "], ["Mumbai"], "Area is none of: Navi Mumbai."),
            ("whole", ["0", "false", "", None], [], ""),
            ("notes", ["ab\r\ncd", "12345"], ["ab\r\ncde"], "Notes is longer than 5 characters."),
        ],
    )
    def test_what_is_taken_and_what_is_told(
        self, client: FlaskClient, name: str, good: list[Any], bad: list[Any], fault: str
    ) -> None:
        """As the mapping's filters read numbers, dates and phones, and browsers count; `wrong` is the site's words."""
        for value in good:
            assert client.post("/in/website", json={"agreed": "yes", name: value}).status_code == 200, value
        for value in bad:
            answer = client.post("/in/website", json={"other": "x", "agreed": "yes", name: value})
            assert answer.get_json()["error"]["fields"] == {name: fault}, value

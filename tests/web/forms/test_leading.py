from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.web.house import FORM, House
from tests.web.test_origins import BROWSER, LEAD, MAPPING, OURS, post


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"website": MAPPING, "open": FORM})


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


class TestError:
    """Where a visitor's browser goes when its post was not taken."""

    @pytest.fixture
    def client(self, house: House) -> FlaskClient:
        fields = "fields: {phone: {type: phone, required: true}, name: {required: true}}"
        return house.client({"website": MAPPING.replace("form:", f"form:\n  {fields}", 1)})

    def test_a_page_of_the_sites_own_is_told_what_was_wrong(self, client: FlaskClient) -> None:
        """The code and the names of the fields, and nothing that was typed."""
        answer = post(client, data={"phone": "98765", "name": "", "_error": f"{OURS}/oops?a=1"}, **BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            f"{OURS}/oops?a=1&error=invalid_fields&fields=phone%2Cname",
        )

    @pytest.mark.parametrize("target", ["https://evil.example/", "/oops", "javascript:alert(1)"])
    def test_it_leads_nowhere_else(self, client: FlaskClient, target: str) -> None:
        """Our own page comes instead."""
        answer = post(client, data={"phone": "98765", "_error": target}, **BROWSER)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)

    def test_a_script_gets_json_all_the_same(self, client: FlaskClient) -> None:
        """It can't be led anywhere."""
        answer = post(client, data={"phone": "98765", "_error": f"{OURS}/oops"}, Accept="application/json")
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "invalid_fields")


def test_a_script_is_told_where_a_browser_would_be_led(client: FlaskClient) -> None:
    """`next`: so that it can go there itself."""
    assert post(client, Accept="application/json").get_json()["next"] == f"{OURS}/thank-you"
    assert "next" not in post(client, "/in/open", Accept="application/json").get_json()

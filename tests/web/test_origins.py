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


@pytest.mark.parametrize(
    ("site", "told"),
    [("उदाहरण.भारत", "xn--p1b6ci4b4b3a.xn--h2brj9c"), ("Bücher.example", "xn--bcher-kva.example")],
)
def test_a_site_may_have_a_name_in_any_script(house: House, site: str, told: str) -> None:
    """Browsers tell it in ASCII, and headers take nothing else."""
    block = f"form: {{origins: ['https://{site}'], thanks: 'https://{site}/x', fields: {{name: {{required: true}}}}}}"
    client = house.client({"website": f"{block}\n{FORM}"})
    answer = post(client, Origin=f"https://{told}")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, f"https://{told}")
    led = post(client, data={"_next": f"https://{told}/y"}, **{**BROWSER, "Origin": f"https://{told}"})
    assert (led.status_code, led.headers["Location"]) == (303, f"https://{told}/y")
    policy = client.get("/form/website").headers["Content-Security-Policy"]
    assert f"form-action 'self' https://{told};" in policy
    assert policy.endswith(f"frame-ancestors 'self' https://{told}")
    assert client.get("/").status_code == 200

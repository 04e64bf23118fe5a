from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.web.forms.test_pages import BROWSER, Page
from tests.web.house import FORM, ZAPIER, House, stored

FIELDS = "form: {fields: {full_name: {}, phone: {type: phone, required: true}}, min_seconds: 2}\n"


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"acme/website": f"{FIELDS}{FORM}", "zapier": ZAPIER, "broken": "channel: form\nform: 1\n"})


def test_the_page_posts_what_the_mapping_wants(client: FlaskClient) -> None:
    """Filled in, it is a lead; a number with the country that was chosen."""
    page = Page(client.get("/form/acme/website").get_data(as_text=True))
    filled = {"full_name": "Asha", "phone": "50 123 4567", "_country_phone": "AE"}
    answer = client.post("/in/acme/website", data={**page.inputs, **filled, "_started": ""}, headers=BROWSER)
    assert answer.status_code == 200
    assert stored(client.application)[0]["reason"] is None


def test_who_posts_it_in_no_time_is_a_robot(client: FlaskClient) -> None:
    """The page tells when it was drawn."""
    page = Page(client.get("/form/acme/website").get_data(as_text=True))
    client.post("/in/acme/website", data={**page.inputs, "phone": "98765 43210"}, headers=BROWSER)
    assert stored(client.application)[0]["reason"] == "suspected_spam"


def test_its_address_fills_in_fields_and_tells_where_the_visitor_came_from(client: FlaskClient) -> None:
    """Advertisements' parameters go with the lead; others are nobody's business."""
    query = "fullName=Asha&utm_source=fb&gclid=1&_next=https://acme.example/&session=secret&_started=1.x&_gotcha=1"
    page = Page(client.get(f"/form/acme/website?{query}").get_data(as_text=True))
    wanted = {"full_name": "Asha", "utm_source": "fb", "gclid": "1", "_next": "https://acme.example/", "_gotcha": ""}
    assert {name: page.inputs[name] for name in wanted} == wanted
    assert "session" not in page.inputs
    assert page.inputs["_started"] != "1.x"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("zapier", 404, "no_form"), ("nothing", 404, "no_such_endpoint"), ("broken", 503, "mapping_broken")],
)
def test_others_have_none(client: FlaskClient, name: str, status: int, code: str) -> None:
    """And say so."""
    answer = client.get(f"/form/{name}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("name", ["website", "acme/website"])
def test_it_may_stand_in_a_folder_of_another_site(house: House, name: str) -> None:
    """Under the folder that INGEST_PUBLIC_URL has, the page finds its style and its endpoint."""
    client = house.client({name: FORM}, public_url="https://acme.example/leads")
    for answer in (client.get(f"/form/{name}"), client.post(f"/in/{name}", headers={"Accept": "text/html"})):
        page = answer.get_data(as_text=True)
        address = f"https://acme.example/leads{answer.request.path}"
        (style,) = re.findall(r'rel="stylesheet" href="([^"]*)"', page)
        (action,) = re.findall(r'action="([^"]*)"', page)
        assert urljoin(address, style) == "https://acme.example/leads/static/web/site.css"
        assert urljoin(address, action) == f"https://acme.example/leads/in/{name}"

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import settings
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks

from ingest.web.openapi.document import document
from ingest.web.openapi.operations import TEMPLATES
from tests.inbox.helpers import wait_until
from tests.web.everything import MAPPINGS, Sender, endpoints, everything, tried
from tests.web.house import FORM, SECRET, ZAPIER, House, house_in, stored

FOR_PEOPLE = ("/", "/static/", "/console")
"""What people look at: programs have no use for it."""

TOKENS = [{"bearer": []}, {"api_key": []}, {"basic": []}]


@pytest.fixture
def client(house: House) -> FlaskClient:
    return everything(house).test_client()


def told(client: FlaskClient) -> Any:
    return client.get("/openapi.json").get_json()


def test_it_is_openapi_3_1(client: FlaskClient) -> None:
    """Every tool that reads OpenAPI reads it, whatever the mappings say."""
    validate(told(client), cls=OpenAPIV31SpecValidator)
    assert told(client)["openapi"].startswith("3.1.")


def test_it_tells_the_endpoints_of_the_mappings_and_no_others(client: FlaskClient) -> None:
    """An endpoint's name is quoted, as it is in an address."""
    paths = {path for path in told(client)["paths"] if path.startswith("/in/")}
    assert paths == {f"/in/{name.replace(' ', '%20')}" for name in MAPPINGS}


def test_an_endpoint_comes_and_goes_with_its_mapping(house: House) -> None:
    """Within a second; one whose mapping breaks stays, as it takes leads still."""
    client = house.client({"website": FORM, "zapier": ZAPIER})
    house.write("acme/shop", FORM)
    assert wait_until(lambda: "/in/acme/shop" in told(client)["paths"], "the new endpoint")
    house.write("zapier", "channel: zapier\nauth: {tokn: X}\n")
    (house.folder / "mappings" / "website.yaml").unlink()
    assert wait_until(lambda: "/in/website" not in told(client)["paths"], "its end")
    assert {"/in/zapier", "/in/acme/shop"} <= set(told(client)["paths"])


def test_every_route_for_programs_is_told(client: FlaskClient) -> None:
    """A new route is one more line in the tables of operations."""
    routes = {rule.rule.replace("<path:name>", "{}") for rule in client.application.url_map.iter_rules()}
    assert {route for route in routes if route != "/" and not route.startswith(FOR_PEOPLE[1:])} == set(TEMPLATES)


def test_a_form_tells_its_fields(client: FlaskClient) -> None:
    """As the mapping names them, in each of the three ways in which a form may be posted."""
    content = told(client)["paths"]["/in/acme/strict%20form"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/x-www-form-urlencoded", "multipart/form-data", "application/json"}
    for kind in content.values():
        assert kind["schema"]["required"] == ["full_name", "phone"]
        fields = kind["schema"]["properties"]
        assert fields["full_name"] == {"type": "string", "title": "Your name", "minLength": 2, "maxLength": 80}
        assert fields["email"] == {"type": "string", "format": "email"}
        assert fields["city"] == {"type": "string", "enum": ["Pune", "Delhi"]}
        assert "array" in {one["type"] for one in fields["interests"]["anyOf"]}
        assert "maxLength" not in fields["budget"]


def test_only_who_takes_arrays_tells_of_them(client: FlaskClient) -> None:
    """Those of zapier and json take one lead or many, vendors post what they post."""
    bodies = {
        path: operations["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path, operations in told(client)["paths"].items()
        if "/in/" in path
    }
    many = {path for path, schema in bodies.items() if {"array"} & {one["type"] for one in schema.get("anyOf", [])}}
    assert many == {"/in/zapier", "/in/json", "/in/acme/signed", "/in/acme/closed"}


@pytest.mark.parametrize(
    ("path", "security", "refusals"),
    [
        ("/in/form", [], set()),
        ("/in/acme/strict%20form", [], {"403"}),
        ("/in/zapier", TOKENS, {"401"}),
        ("/in/acme/closed", TOKENS, {"401"}),
        ("/in/acme/signed", [{"x-signature": []} | one for one in TOKENS], {"401", "403"}),
        ("/in/facebook", [{"x-hub-signature-256": []}], {"403"}),
        ("/in/shopify", [{"x-shopify-hmac-sha256": []}], {"403"}),
        ("/in/webflow", [{"x-webflow-signature": []}], {"403"}),
        ("/in/acme/webflow", [*TOKENS, {"token_in_address": []}], {"401"}),
        ("/in/elementor", [*TOKENS, {"token_in_address": []}], {"401"}),
        ("/in/acme/elementor", [], set()),
        ("/in/google_ads", [], {"401"}),
    ],
)
def test_it_tells_how_senders_prove_themselves(
    client: FlaskClient, path: str, security: list[Any], refusals: set[str]
) -> None:
    """By token, by signature, or both, and how they are refused who do not."""
    post = told(client)["paths"][path]["post"]
    assert post["security"] == security
    assert {"401", "403"} & set(post["responses"]) == refusals


def test_who_may_be_told_to_come_later_is_told_so(client: FlaskClient) -> None:
    """429 stands where a mapping has a rate, and where senders come again when too much waits."""
    paths = told(client)["paths"]
    often = {path for path, operations in paths.items() if "429" in operations.get("post", {}).get("responses", {})}
    rated, patient = {"/in/acme/seldom", "/in/acme/strict%20form"}, {"/in/json", "/in/zapier", "/in/acme/closed"}
    assert often == rated | patient | {"/in/acme/signed"}
    assert paths["/in/acme/seldom"]["post"]["responses"]["429"] == {"$ref": "#/components/responses/refused_429"}
    assert "Retry-After" in told(client)["components"]["responses"]["refused_429"]["headers"]


def test_a_form_has_its_page(client: FlaskClient) -> None:
    """Other channels have none."""
    pages = {path for path in told(client)["paths"] if path.startswith("/form/")}
    assert pages == {"/form/form", "/form/acme/strict%20form", "/form/acme/seldom"}


def test_a_signed_time_is_a_header_that_must_come(client: FlaskClient) -> None:
    """Its name is the mapping's, or the vendor's."""
    for path, name in (("/in/acme/signed", "X-Timestamp"), ("/in/webflow", "x-webflow-timestamp")):
        headers = [one for one in told(client)["paths"][path]["post"]["parameters"] if one.get("in") == "header"]
        assert [(one["name"], one["required"]) for one in headers] == [(name, True)]


def test_it_holds_no_secret_and_no_name_of_one(client: FlaskClient) -> None:
    """It is for everybody."""
    text = client.get("/openapi.json").get_data(as_text=True)
    assert SECRET not in text
    assert not {name for name in ("A_SECRET", "FACEBOOK_", "INGEST_", "OPTOUT_TOKEN") if name in text}


def test_who_has_it_is_told_that_it_is_the_same(client: FlaskClient) -> None:
    """304 for its ETag; another one once the document is another."""
    first = client.get("/openapi.json")
    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    other = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"], "Host": "b.example"})
    assert other.status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_can_only_be_read(client: FlaskClient, method: str) -> None:
    answer = client.open("/openapi.json", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_its_server_is_the_public_address_else_the_one_that_was_asked(house: House) -> None:
    """Whatever stands in the Host header, it is an address."""
    client = house.client({"website": FORM})
    assert told(client)["servers"] == [{"url": "http://localhost"}]
    odd = client.get("/openapi.json", headers={"Host": 'a"<b>@c'}).get_json()["servers"]
    assert odd == [{"url": "/"}]
    public = house.client({}, public_url="https://leads.acme.example/")
    assert told(public)["servers"] == [{"url": "https://leads.acme.example"}]


schema = schemathesis.openapi.from_dict(tried())
load_all_checks()
_LOOSE = CHECKS.get_by_names(["negative_data_rejection", "positive_data_acceptance"])
"""Not checked: what the schemas call wrong is taken where it can be understood (a number for a text, any `_next`), and
no schema says all that is refused (a form without anything filled in, a phone that is none, what is not a vendor's)."""
_PROVED = CHECKS.get_by_names(["ignored_auth", "missing_required_header"])
"""Not checked where the sender proves every post, whatever stands in it."""


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    """Everything, and who posts there; in the end, all that it was told to be accepted is in the store."""
    with house_in(tmp_path_factory.mktemp("openapi")) as house:
        sender = Sender(everything(house))
        yield sender
        ids = {row["id"] for row in stored(sender.app)}
        assert sender.ids <= ids
        assert len(ids) == len(sender.ids) + sender.thanked


def test_what_is_tried_below_is_what_is_told(sender: Sender) -> None:
    """The document is of these mappings."""
    known = json.loads(json.dumps(document(endpoints())))
    assert told(sender.app.test_client()) == {**known, "servers": [{"url": "http://localhost"}]}


@pytest.mark.hypothesis
@schema.parametrize()
@settings(max_examples=settings().max_examples // 6)
def test_what_is_told_of_every_operation_is_true(case: Case, sender: Sender) -> None:
    """Whatever is posted, proved or not, by programs or browsers, is answered as it is written.

    With a status, headers, a type and a body that are told, and never with a fault of ours.
    """
    kind = zlib.crc32(repr((case.query, case.headers, case.body)).encode("utf-8", "replace")) % 4
    sender.proves = kind > 0
    headers = {"Accept": "text/html"} if kind == 1 else None
    without = [*_LOOSE, *(_PROVED if sender.proves else [])]
    case.call_and_validate(app=sender, headers=headers, excluded_checks=without)

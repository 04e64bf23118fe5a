from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingest.errors import StoreError
from tests.web.house import BEARER, FACEBOOK, FORM, SECRET, ZAPIER, House, house_in, signed, site_of, stored


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"facebook": FACEBOOK, "website": FORM, "acme/zapier": ZAPIER, "_base": FORM})


def test_an_accepted_lead_is_on_disk_before_it_is_acknowledged(client: FlaskClient) -> None:
    """Exactly 200, with the id under which every command knows it."""
    answer = client.post("/in/acme/zapier", json={"name": "Asha"}, headers=BEARER)
    (row,) = stored(client.application)
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "accepted", "leads": [{"id": row["id"], "status": "accepted"}]}
    assert (row["endpoint"], row["channel"], row["status"]) == ("acme/zapier", "zapier", "pending")


@pytest.mark.parametrize(
    "name", ["nowhere", "_base", "website/x", "acme", "WEBSITE", "website.yaml", "../website", "a//b"]
)
def test_an_unknown_endpoint_is_404(client: FlaskClient, name: str) -> None:
    """In words that a sender can pass on."""
    answer = client.post(f"/in/{name}", json={"a": 1}, headers=BEARER)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "no_such_endpoint")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/in/website", "POST, OPTIONS"),
        ("HEAD", "/in/website", "POST, OPTIONS"),
        ("GET", "/in/acme/zapier", "POST"),
        ("OPTIONS", "/in/acme/zapier", "POST"),
        ("OPTIONS", "/in/facebook", "GET, POST"),
        ("PUT", "/in/facebook", "GET, POST"),
        ("DELETE", "/in/website", "POST, OPTIONS"),
    ],
)
def test_another_method_is_405_and_told_which_is_right(client: FlaskClient, method: str, path: str, allow: str) -> None:
    """`Allow` names the methods of the endpoint's channel."""
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


def test_the_router_speaks_json_too(client: FlaskClient) -> None:
    """Whatever is asked of us."""
    assert client.get("/nowhere").get_json()["error"]["code"] == "not_found"
    answer = client.delete("/healthz")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_a_compressed_body_is_415(client: FlaskClient) -> None:
    """It could grow to anything."""
    answer = client.post("/in/website", data=b"x", headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (415, "content_encoding")
    answer = client.post("/in/website", json={"a": 1}, headers={"Content-Encoding": "Identity"})
    assert answer.status_code == 200


def test_a_store_that_fails_is_503_and_come_back(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acknowledged that is not on disk."""

    def fail(*_: Any) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(site_of(client.application).inbox, "write", fail)
    answer = client.post("/in/acme/zapier", json={"name": "Asha"}, headers=BEARER | {"Idempotency-Key": "k"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "store_unreachable")
    assert int(answer.headers["Retry-After"]) > 0
    assert b"disk" not in answer.data


def test_an_accident_is_500_in_json_and_logged_without_data(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the kind and the place, and not the message, which may quote a person."""

    def fail(*_: Any) -> None:
        raise ValueError("+919876543210")

    monkeypatch.setattr(site_of(client.application).inbox, "accept", fail)
    with capture_logs() as logs:
        answer = client.post("/in/website", json={"name": "Asha"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal_error")
    (failed,) = (entry for entry in logs if entry["event"] == "request_failed")
    assert (failed["error"], failed["place"].startswith("entrance.py:")) == ("ValueError", True)
    assert "9876543210" not in str(logs) + answer.get_data(as_text=True)


def test_every_refusal_leaves_one_line_and_a_count_without_personal_data(client: FlaskClient) -> None:
    """Endpoint, code, status and size are enough to find the sender."""
    with capture_logs() as logs:
        client.post("/in/acme/zapier", json={"phone": "+919876543210"})
        client.post("/in/website", data=b'{"name": "Asha Rao"', content_type="application/json")
    assert logs == [
        {"event": "lead_refused", "log_level": "warning", "endpoint": "acme/zapier", "code": "missing_token",
         "status": 401, "bytes": 26},
        {"event": "lead_refused", "log_level": "warning", "endpoint": "website", "code": "invalid_json",
         "status": 400, "bytes": 19},
    ]  # fmt: skip
    assert site_of(client.application).refusals.by_code() == {"missing_token": 1, "invalid_json": 1}


def test_every_accepted_post_leaves_one_line(client: FlaskClient) -> None:
    """How many, and how many of them are known already."""
    with capture_logs() as logs:
        client.post("/in/acme/zapier", json=[{"a": 1}, {"a": 1}, {"a": 2}], headers=BEARER)
    assert logs == [
        {"event": "lead_accepted", "log_level": "info", "endpoint": "acme/zapier", "count": 3, "duplicates": 1}
    ]


def test_a_hash_expires_and_a_given_id_never_does(house: House) -> None:
    """`duplicate_events` bounds how long equal content is one lead."""
    client = house.client({"zapier": f"duplicate_events: 1s\n{ZAPIER}"})
    inbox = site_of(client.application).inbox
    client.post("/in/zapier", json={"a": 1}, headers=BEARER)
    client.post("/in/zapier", json={"a": 1}, headers=BEARER | {"Idempotency-Key": "k" * 5000})
    from sqlalchemy import text

    with inbox.reading() as connection:
        rows = connection.execute(text("SELECT source, external_id, expires_at FROM identities")).all()
    assert {(row.source, row.external_id[:5], row.expires_at is None) for row in rows} == {
        ("zapier:ZAPIER_TOKEN", "hash:", False),
        ("zapier:ZAPIER_TOKEN", "hash:", True),
    }


def test_the_same_content_at_two_endpoints_is_two_leads(house: House) -> None:
    """A hash is of the endpoint too."""
    client = house.client({"a": ZAPIER, "b": ZAPIER})
    for path in ("/in/a", "/in/b"):
        assert client.post(path, json={"x": 1}, headers=BEARER).get_json()["leads"][0]["status"] == "accepted"


def test_forwarding_headers_count_from_trusted_proxies_only(house: House) -> None:
    """Else anyone could choose his address and our host."""
    headers = {"X-Forwarded-Host": "acme.example", "X-Forwarded-Proto": "https", "Origin": "https://acme.example"}
    mapping = f"form: {{origins: [https://other.example]}}\n{FORM}"
    assert house.client({"website": mapping}).post("/in/website", json={"a": 1}, headers=headers).status_code == 403
    trusting = house.client({"website": mapping}, trusted_proxies=1)
    assert trusting.post("/in/website", json={"a": 1}, headers=headers).status_code == 200


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with house_in(folder) as house:
        fields = "{name: {required: true, max: 5}, phone: {type: phone}, mail: {type: email}}"
        yield house.client(
            {
                "facebook": FACEBOOK,
                "website": FORM,
                "strict": f"form: {{origins: ['https://a.example'], fields: {fields}}}\n{FORM}",
                "zapier": f'event_id: "{{{{ payload.id }}}}"\n{ZAPIER}',
            },
            trusted_proxies=1,
        )


TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=40)
KNOWN_PATHS = (
    "/in/facebook /in/website /in/strict /in/zapier /form/strict /embed/strict.js /sample/zapier /optout / /in/"
)
PATHS = st.sampled_from([*KNOWN_PATHS.split(), "/readyz", "/openapi.json"]) | st.text(max_size=20).map(
    lambda text: f"/{text.lstrip('/')}"
)  # Werkzeug's client takes what follows // for a host
KINDS = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; charset=utf-16",
        "text/xml",
    ]
)
NAMES = st.sampled_from(
    "Accept Authorization Content-Encoding Content-Length Cookie Forwarded Host Idempotency-Key Origin Referer "
    "Transfer-Encoding X-Api-Key X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Hub-Signature-256".split()
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["entry", "changes", "field", "value", "data", "id", "_next", "phone"]), inner
        )
    ),
    max_leaves=15,
)
BODIES = st.binary(max_size=200) | JSON_VALUES.map(lambda value: json.dumps(value).encode())


REQUESTS = st.fixed_dictionaries(
    {
        "path": PATHS,
        "method": st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "PUT"]),
        "content_type": KINDS | TEXT,
        "data": BODIES,
        "headers": st.dictionaries(NAMES, TEXT, max_size=4),
        "environ_overrides": st.fixed_dictionaries({"QUERY_STRING": TEXT}, optional={"PATH_INFO": TEXT}),
    }
)


@given(REQUESTS, st.booleans())
def test_nothing_that_a_sender_can_send_is_a_500(everything: FlaskClient, sent: dict[str, Any], right: bool) -> None:
    """Random paths, headers, queries and bodies, signed or not, are stored or refused."""
    if right:
        sent["headers"] |= BEARER | signed(sent["data"])
    answer = everything.open(**sent)
    assert answer.status_code < 500, (answer.status_code, answer.data)


VALID = st.sampled_from(
    [
        {"object": "page", "entry": [{"id": "0", "changes": [{"field": "leadgen", "value": {"leadgen_id": "1"}}]}]},
        {"name": "Asha", "phone": "098765 43210", "_next": "https://a.example/x"},
        {"data": [{"name": "Asha"}]},
    ]
)


@given(VALID, st.lists(st.tuples(st.integers(0, 8), JSON_VALUES), max_size=3), st.sampled_from(["text/html", "*/*"]))
def test_a_good_payload_with_strange_parts_is_no_accident(
    everything: FlaskClient, payload: Any, changes: list[tuple[int, Any]], accept: str
) -> None:
    """Each part of it may be replaced by anything."""
    changed = json.loads(json.dumps(payload))
    for place, value in changes:
        replace(changed, place, value)
    body = json.dumps(changed).encode()
    for path in ("/in/facebook", "/in/website", "/in/strict", "/in/zapier"):
        headers = {"Content-Type": "application/json", "Accept": accept, **BEARER, **signed(body)}
        answer = everything.post(path, data=body, headers=headers)
        assert answer.status_code in {200, 303, 400}, answer.data


def replace(node: Any, place: int, value: Any) -> None:
    """Put the value at the n-th place of a document."""
    places: list[tuple[Any, Any]] = []
    nodes = [node]
    while nodes:
        one = nodes.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else []
        places += [(one, key) for key in keys]
        nodes += [one[key] for key in keys]
    if places:
        holder, key = places[place % len(places)]
        holder[key] = value


def test_the_secret_of_one_endpoint_is_no_use_at_another(house: House) -> None:
    """A client of an agency can't post to another's mapping."""
    other = ZAPIER.replace("ZAPIER_TOKEN", "OTHER_TOKEN")
    client = house.client({"a": ZAPIER, "b": other}, secrets={"ZAPIER_TOKEN": SECRET, "OTHER_TOKEN": "another"})
    assert client.post("/in/b", json={"a": 1}, headers=BEARER).status_code == 401


def test_a_forms_entry_is_the_same_after_its_file_was_renamed(house: House) -> None:
    """The same key with the same content is a duplicate under the new name; another entry of that number is a lead."""
    client = house.client({"site": FORM, "shop": FORM, "other": FORM})
    key = {"Idempotency-Key": "order-77", "Accept": "application/json"}
    first = client.post("/in/site", data={"name": "Asha", "phone": "9876543210"}, headers=key).get_json()["leads"][0]
    again = client.post("/in/shop", data={"name": "Asha", "phone": "9876543210"}, headers=key).get_json()["leads"][0]
    other = client.post("/in/other", data={"name": "Ben", "phone": "9876543211"}, headers=key).get_json()["leads"][0]
    assert (again["status"], again["id"]) == ("duplicate", first["id"])
    assert other["status"] == "accepted"

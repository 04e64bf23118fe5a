from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ingest.channels import CHANNELS
from ingest.channels.payload import loads
from ingest.mapping.render import translate
from ingest.models import Meta
from tests.web.house import BEARER, ELEMENTOR, FACEBOOK, FORM, GOOGLE_ADS, REQUEST, SECRET, ZAPIER, House, site_of

SHIPPED = Path(__file__).parents[2] / "mappings"
SECRETS = dict.fromkeys("ZAPIER_TOKEN ELEMENTOR_TOKEN JSON_TOKEN WEBFLOW_TOKEN GOOGLE_ADS_KEY HMAC".split(), SECRET)
TESTED = f"""{ZAPIER}
tests:
  - {{name: held, payload: {{name: Nobody}}, expect_hold: missing_value}}
  - {{name: a lead, lead: {{name: Asha Rao, phone: "98765 43210"}}, expect: {{userName: Asha Rao}}}}
  - {{name: another, payload: {{name: Ben, phone: "98765 43211"}}, expect: {{userName: Ben}}}}
"""
WEBFLOW = f"channel: webflow\nauth: {{token: WEBFLOW_TOKEN}}{REQUEST}"


def open_one(house: House, mapping: str) -> FlaskClient:
    return house.client({"here": mapping}, secrets=SECRETS)


def posted(client: FlaskClient, path: str = "/in/here") -> list[dict[str, Any]]:
    """What comes of posting the sample of an endpoint: the requests that its mapping makes of it."""
    asked = client.get(path.replace("/in/", "/sample/"), headers=BEARER)
    assert asked.status_code == 200, asked.get_data(as_text=True)
    answer = client.post(path, data=asked.data, headers={**BEARER, "Content-Type": "application/json"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    mapping = site_of(client.application).catalog.current().mappings[path.removeprefix("/in/")]
    assert mapping.intake
    assert mapping.translation
    lead = CHANNELS[mapping.intake.channel].lead(loads(asked.data))
    made = translate(mapping.translation, lead, Meta(mapping.intake.channel, mapping.endpoint))
    return [one.request or {"problem": str(one.problem)} for one in made]


def test_the_sample_is_what_the_first_test_posts_that_expects_a_message(house: House) -> None:
    """Zapier shows its fields, with values that the mapping's author chose."""
    answer = open_one(house, TESTED).get("/sample/here", headers=BEARER)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == {"name": "Asha Rao", "phone": "98765 43210"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "payload",
    [
        '[{name: Asha, phone: "98765 43210"}, {name: Ben, phone: "98765 43211"}]',
        '{data: [{name: Asha, phone: "98765 43210"}]}',
        '"name=Asha&phone=98765 43210"',
        '''"{\\"name\\": \\"Asha\\", \\"phone\\": \\"98765 43210\\"}"''',
    ],
)
def test_the_sample_is_one_object_however_a_test_posts_it(house: House, payload: str) -> None:
    """Of an array the first lead; of a body its fields."""
    test = f"tests:\n  - {{payload: {payload}, expect: {{userName: Asha}}}}\n"
    answer = open_one(house, f"{ZAPIER}\n{test}").get("/sample/here", headers=BEARER)
    assert answer.get_json() == {"name": "Asha", "phone": "98765 43210"}


@pytest.mark.parametrize("name", ["zapier", "json", "elementor"])
def test_the_samples_of_the_shipped_mappings_are_accepted_and_translated(house: House, name: str) -> None:
    """What is shown for mapping a Zap's fields is what works."""
    client = house.client({name: (SHIPPED / f"{name}.yaml").read_text()}, secrets=SECRETS)
    (request,) = posted(client, f"/in/{name}")
    assert request["destination"] == "+919876543210"


@pytest.mark.parametrize("mapping", [ZAPIER, ELEMENTOR, WEBFLOW], ids=["zapier", "elementor", "webflow"])
def test_without_tests_the_sample_is_made_up_of_what_the_mapping_reads(house: House, mapping: str) -> None:
    """Values of the kind that its fields are; in the shape in which its senders post."""
    (request,) = posted(open_one(house, mapping))
    assert request == {"campaignName": "welcome", "destination": "+919876543210", "userName": "Asha Rao"}


RICH = """
channel: json
auth: {token: JSON_TOKEN}
event_id: "{{ payload.deal.id }}"
tables: {regions: {Nashik: West}}
let: {whole: "{{ [lead.first_name, lead.last_name] | words }}"}
request:
  campaignName: welcome
  destination: "{{ lead.contact | phone(lead.country) }}"
  userName: "{{ whole }}"
  tags: ["{{ lead.e_mail | email }}", "{{ lead.town | lookup(regions) }}", "{{ payload.deal['Stage'] }}"]
  templateParams: ["{{ lead.budget | number }}", "{{ lead.visit | date }}", "{{ lead.city }}"]
routes:
  - when: lead.plan in ['gold', 'silver'] and lead.form == 'f1' and not lead.unsubscribed
policy: {consent: lead.agreed_to_it | yes}
"""


def test_what_is_made_up_passes_conditions_tables_and_filters(house: House) -> None:
    """A sample that the mapping would hold or skip shows nobody that the Zap works."""
    client = open_one(house, RICH)
    (request,) = posted(client)
    assert request["templateParams"] == ["2500", "23 Nov 2026", "Pune"]
    assert request["tags"] == ["asha@example.com", "West", "Example"]
    shown = client.get("/sample/here", headers=BEARER).get_json()
    assert (shown["plan"], shown["country"], shown["deal"]) == ("gold", "IN", {"id": "1042", "Stage": "Example"})
    assert "unsubscribed" not in shown


def test_a_mapping_that_reads_nothing_or_is_broken_has_the_usual_fields(house: House) -> None:
    """Name, phone, mail, city."""
    fixed = f"{ZAPIER.partition('request:')[0]}request: {{campaignName: a, destination: '+919876543210', userName: b}}"
    client = house.client({"fixed": fixed, "broken": f"{ZAPIER}\nroutes: 7\n"}, secrets=SECRETS)
    assert client.get("/sample/fixed", headers=BEARER).get_json()["full_name"] == "Asha Rao"
    assert client.get("/sample/broken", headers=BEARER).get_json()["phone"] == "+919876543210"


@pytest.mark.parametrize(
    "headers",
    [
        BEARER,
        {"X-Api-Key": SECRET},
        {"Authorization": f"Basic {base64.b64encode(f'zap:{SECRET}'.encode()).decode()}"},
    ],
    ids=["bearer", "key", "basic"],
)
def test_the_token_counts_as_it_does_for_a_post(house: House, headers: dict[str, str]) -> None:
    """Zapier asks with what it posts with."""
    assert open_one(house, TESTED).get("/sample/here", headers=headers).status_code == 200


@pytest.mark.parametrize("mapping", [ELEMENTOR, WEBFLOW], ids=["elementor", "webflow"])
def test_the_token_may_stand_in_the_address_where_the_channel_takes_it_there(house: House, mapping: str) -> None:
    """And nowhere else."""
    client = open_one(house, mapping)
    assert client.get("/sample/here", query_string={"token": SECRET}).status_code == 200
    assert client.get("/sample/here", query_string={"token": "wrong"}).status_code == 401
    client = open_one(house, TESTED)
    assert client.get("/sample/here", query_string={"token": SECRET}).status_code == 401


@pytest.mark.parametrize(
    ("mapping", "headers", "code"),
    [
        (TESTED, {}, "missing_token"),
        (TESTED, {"X-Api-Key": "wrong"}, "wrong_token"),
        (TESTED.replace("ZAPIER_TOKEN", "UNSET_TOKEN"), BEARER, "no_token_configured"),
        (f"channel: zapier{REQUEST}", BEARER, "no_token_configured"),
        (ELEMENTOR.replace("ELEMENTOR_TOKEN", "UNSET_TOKEN"), BEARER, "no_token_configured"),
    ],
)
def test_who_may_not_post_gets_no_sample(house: House, mapping: str, headers: dict[str, str], code: str) -> None:
    """A test's data are for those who know the token; a browser is told so in JSON too."""
    answer = open_one(house, mapping).get("/sample/here", headers={**headers, "Accept": "text/html"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, code)
    assert "WWW-Authenticate" in answer.headers
    assert b"Asha" not in answer.data


HMAC = "hmac: {secret: HMAC, header: X-Sign}"


@pytest.mark.parametrize(
    "mapping",
    [
        FACEBOOK,
        GOOGLE_ADS,
        f"channel: google_ads{REQUEST}",
        f"channel: typeform\nauth: {{secret: HMAC}}{REQUEST}",
        f"channel: json\nauth: {{{HMAC}}}{REQUEST}",
        f"channel: json\nauth: {{token: JSON_TOKEN, {HMAC}}}{REQUEST}",
        f"channel: elementor{REQUEST}",
    ],
    ids=["facebook", "google_ads", "google_ads_open", "typeform", "signed", "signed_too", "open"],
)
def test_a_channel_that_can_ask_for_none_says_so(house: House, mapping: str) -> None:
    """Nobody can prove himself without a post, or nothing may be shown to all."""
    answer = open_one(house, mapping).get("/sample/here", headers=BEARER, query_string={"token": SECRET})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "no_sample")
    assert answer.get_json()["error"]["message"].endswith(".")


FIELDS = """
form:
  fields:
    full_name: {label: Your name, required: true, max: 4}
    phone: {type: phone, required: true}
    mobile: {type: phone, max: 10}
    mail: {type: email, min: 3}
    short_mail: {type: email, max: 8}
    city: {type: choice, choices: [Delhi, Pune]}
    about: {type: textarea, min: 200}
    age: {type: number, min: 30, max: 99}
    budget: {type: number, max: 9}
    abroad: {type: phone, country: US, max: 10}
    day: {type: date}
    site: {type: url}
    agreed: {type: checkbox}
    utm_source: {type: hidden, value: website}
"""


def test_a_forms_sample_has_its_declared_fields_and_passes_their_checks(house: House) -> None:
    """Nobody need know a secret for what the form shows to all; and nothing of a test stands in it."""
    test = 'tests:\n  - {lead: {name: Secret, phone: "98765 43219"}, expect: {userName: Secret}}\n'
    client = open_one(house, f"channel: form{FIELDS}{REQUEST}{test}")
    shown = client.get("/sample/here")
    sample = shown.get_json()
    assert (len(sample), sample["city"], sample["phone"]) == (14, "Delhi", "+919876543210")
    assert (sample["utm_source"], sample["mobile"], sample["budget"]) == ("website", "8123456789", "9")
    assert "Secret" not in shown.get_data(as_text=True)
    assert client.post("/in/here", json=sample).status_code == 200
    assert client.post("/in/here", data=sample, headers={"Accept": "application/json"}).status_code == 200


def test_the_sample_of_a_form_without_declared_fields_is_what_its_page_asks_for(house: House) -> None:
    """Our own page asks for name and phone then."""
    assert open_one(house, FORM).get("/sample/here").get_json() == {"full_name": "Asha Rao", "phone": "+919876543210"}


def test_a_sample_is_asked_for_like_a_page_and_of_an_endpoint_that_is_there(house: House) -> None:
    """Other methods are 405, other names 404, a mapping whose intake never was good 503."""
    client = house.client({"here": TESTED, "broken": f"auth: 7\n{ZAPIER}"}, secrets=SECRETS)
    assert client.head("/sample/here", headers=BEARER).status_code == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = client.open("/sample/here", method=method, headers=BEARER)
        assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)
    assert client.get("/sample/nowhere", headers=BEARER).get_json()["error"]["code"] == "no_such_endpoint"
    broken = client.get("/sample/broken", headers=BEARER)
    assert (broken.status_code, broken.get_json()["error"]["code"]) == (503, "mapping_broken")
    assert int(broken.headers["Retry-After"]) > 0

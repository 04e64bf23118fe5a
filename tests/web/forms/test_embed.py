from __future__ import annotations

import gzip
import json
import re
from typing import Any

import phonenumbers
import pytest
from flask.testing import FlaskClient

from ingest.web.forms import stamp
from ingest.web.forms.hosted import CAMPAIGN
from tests.web.house import FORM, ZAPIER, House, site_of

TEN = f"""
form:
  origins: [https://acme.example]
  fields:
    full_name: {{label: Your name, required: true, max: 80}}
    phone: {{label: WhatsApp number, type: phone, required: true}}
    email: {{label: E-mail, type: email}}
    company: {{label: Company, max: 80}}
    city: {{label: City, type: choice, choices: [Pune, Delhi, Mumbai]}}
    pincode: {{label: PIN code}}
    budget: {{label: Budget, type: number}}
    visit: {{label: When shall we come?, type: date}}
    message: {{label: Message, type: textarea, max: 1000}}
    optin: {{label: I agree to be messaged on WhatsApp, type: checkbox, required: true}}
  texts: {{title: Talk to us, consent: You can stop our messages at any time., privacy_url: /privacy}}
{FORM}"""
TRICKY = f"""
form:
  texts: {{thanks: "</script><!-- \\u2028 'x'", title: "<b>नमस्ते & `${{x}}`</b>"}}
{FORM}"""
BIGGEST = 8192  # bytes


def config(client: FlaskClient, name: str) -> dict[str, Any]:
    """What the script is called with."""
    text = client.get(f"/embed/{name}.js").get_data(as_text=True)
    found: dict[str, Any] = json.loads(text[text.index('({"name"') + 1 : -3])
    return found


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client(
        {"ten": TEN, "open": FORM, "acme/tricky": TRICKY, "zapier": ZAPIER, "broken": "channel: form\n x"}
    )


def test_it_is_small(client: FlaskClient) -> None:
    """Less than 8 kB with ten fields, and half of that as browsers ask for it."""
    answer = client.get("/embed/ten.js")
    assert len(answer.data) < BIGGEST
    packed = client.get("/embed/ten.js", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < BIGGEST / 2
    assert b"_started" in gzip.decompress(packed.data)


def test_any_site_may_load_and_keep_it(client: FlaskClient) -> None:
    """For five minutes; then it is asked for anew, and seldom sent."""
    answer = client.get("/embed/ten.js", headers={"Origin": "https://acme.example"})
    told = {name: answer.headers[name] for name in ("Cache-Control", "Access-Control-Allow-Origin")}
    assert told == {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "application/javascript"
    again = client.get("/embed/ten.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/embed/open.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(("name", "status"), [("zapier", 404), ("nothing", 404), ("broken", 503)])
def test_there_is_none_without_a_form(client: FlaskClient, name: str, status: int) -> None:
    """As with the form's own page."""
    assert client.get(f"/embed/{name}.js").status_code == status


def test_a_mapping_s_texts_can_break_nothing(client: FlaskClient) -> None:
    """Neither the script, nor a page that it may be copied into, nor the form's HTML."""
    answer = client.get("/embed/acme/tricky.js")
    text = answer.data.decode()
    assert not re.search(r"</|<!|\u2028", text)
    told = config(client, "acme/tricky")
    assert told["thanks"][1] == "</script><!-- \u2028 'x'"
    assert "aria-label='&lt;b&gt;नमस्ते &amp; `${x}`&lt;/b&gt;'" in told["form"]
    assert told["action"] == "../../in/acme/tricky"


@pytest.mark.parametrize("name", ["a(b)+c@d!", "acme/we b ü'"])
def test_it_knows_its_forms_address_as_browsers_write_it(house: House, name: str) -> None:
    """A form of the site's own is taken up by that; the page of the endpoint posts there too."""
    client = house.client({name: FORM})
    action = name.replace(" ", "%20").replace("ü", "%C3%BC")
    assert config(client, name)["action"] == f"{'../' * (name.count('/') + 1)}in/{action}"


def test_it_tells_when_it_was_made(client: FlaskClient) -> None:
    """So that robots who fill in at once are known by it."""
    key = site_of(client.application).inbox.hash_key()
    age = stamp.age({"_started": config(client, "ten")["started"]}, key)
    assert age is not None
    assert age < 60


def test_it_knows_every_country_s_calling_code(client: FlaskClient) -> None:
    """As few bytes as there can be, put together as the script does."""
    code, known = 0, {}
    for more, region in re.findall(r"(\d*)(..)", config(client, "ten")["countries"]):
        code += int(more or 1)
        known[region] = code
    assert known == {one: phonenumbers.country_code_for_region(one) for one in phonenumbers.SUPPORTED_REGIONS}


def test_it_keeps_what_the_hosted_page_keeps(client: FlaskClient) -> None:
    """Every parameter of a campaign, by one expression, and none of the site's own."""
    text = client.get("/embed/open.js").get_data(as_text=True)
    [campaign] = re.findall(r"/([^/]+)/\.test\(key\)", text)
    assert [name for name in CAMPAIGN if not re.search(campaign, name)] == []
    assert not re.search(campaign, "id page q email token session_id braids utm")


def test_it_draws_a_captcha_whose_public_key_is_told(house: House) -> None:
    """By the vendor's own script, as our page does; without the key there is none."""
    captcha = "captcha: {{vendor: hcaptcha, secret: HCAPTCHA_SECRET{}}}"
    mapping = f"form:\n  {captcha}\n{FORM}"
    client = house.client({"with": mapping.format(", site_key: k1"), "without": mapping.format("")})
    told = config(client, "with")
    assert told["captcha"] == "https://js.hcaptcha.com/1/api.js"
    assert "<div class=h-captcha data-sitekey='k1'></div>" in told["form"]
    told = config(client, "without")
    assert "captcha" not in told
    assert "h-captcha" not in told["form"]

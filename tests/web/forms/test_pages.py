from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.house import FORM, House, stored

BROWSER = {"Accept": "text/html"}
OURS = "https://acme.example"
BLOCK = """
form:
  origins: [https://acme.example]
  language: hi-IN
  texts: {title: Book a visit, thanks: We write to you soon., error_title: Nearly there, consent: You agree.}
  theme: {accent: "#7a1fa2", scheme: dark, logo: "https://cdn.example/logo.svg"}
  fields:
    full_name: {label: Your name, required: true}
    phone: {label: WhatsApp number, type: phone, required: true, help: We never call., link: /privacy}
    city: {type: choice, choices: [Pune, Delhi]}
    notes: {type: textarea}
"""
WEBSITE = f"{BLOCK}{FORM}"


class Page(HTMLParser):
    """What a page's form would post, what is said of each field, and which ids there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inputs: dict[str, str] = {}
        self.described: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._inside: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "input" and given.get("type") not in {"checkbox"}:
            self.inputs[name] = given.get("value") or ""
        if tag in {"input", "select", "textarea"} and "aria-describedby" in given:
            self.described[name] = given["aria-describedby"] or ""
        if tag not in {"input", "meta", "link", "img", "br"}:
            self._inside.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            continue

    def handle_data(self, data: str) -> None:
        for tag, given in self._inside:
            if given.get("id"):
                self.texts[given["id"] or ""] = self.texts.get(given["id"] or "", "") + data
            if tag == "textarea":
                name = given.get("name") or ""
                self.inputs[name] = self.inputs.get(name, "") + data


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client({"website": WEBSITE, "plain": FORM})


def post(client: FlaskClient, data: dict[str, Any], path: str = "/in/website") -> Any:
    return client.post(path, data=data, headers=BROWSER)


class TestRefused:
    """The form once more."""

    def test_it_keeps_what_was_typed_and_says_what_is_wrong_beside_the_field(self, client: FlaskClient) -> None:
        """Told to screen readers too; what the page does not draw is carried along."""
        typed = {"full_name": "<b>Asha</b>", "phone": "12", "city": "Pune", "utm_source": 'f"b', "_subject": "Hi"}
        answer = post(client, typed)
        page = Page(answer.get_data(as_text=True))
        assert answer.status_code == 400
        wanted = typed | {"_gotcha": ""}
        wanted.pop("city")
        assert {name: page.inputs[name] for name in wanted} == wanted
        assert "<option selected>Pune</option>" in answer.get_data(as_text=True)
        faults = {one: page.texts[one] for one in page.described["phone"].split()}
        assert faults == {
            "field-phone-help": "We never call.",
            "field-phone-fault": "WhatsApp number is no phone number.",
        }
        assert "<b>" not in answer.get_data(as_text=True)
        assert stored(client.application) == []

    def test_correcting_it_is_all_that_there_is_to_do(self, client: FlaskClient) -> None:
        """What the page would post then is the whole lead, and led on as it was meant to be."""
        typed = {"full_name": "Asha", "phone": "12", "notes": "a\nb", "utm_source": "fb", "_next": f"{OURS}/danke"}
        again = Page(post(client, typed).get_data(as_text=True)).inputs | {"phone": "98765 43210"}
        answer = post(client, again)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{OURS}/danke")
        (row,) = stored(client.application)
        for text in ("Asha", "98765 43210", "a\\nb", "fb"):
            assert text.encode() in row["body"].replace(b"\\r", b"")

    def test_a_choice_that_need_not_be_made_can_be_taken_back(self, client: FlaskClient) -> None:
        """What was chosen stays chosen, and is not the only choice."""
        page = post(client, {"city": "Pune"}).get_data(as_text=True)
        assert '<option value="">' in page
        assert "<option selected>Pune</option>" in page

    @pytest.mark.parametrize(
        ("data", "code", "told"),
        [({"full_name": " "}, 400, "The form is empty"), ({"full_name": "x" * 70_000}, 413, "larger than 64 kB")],
    )
    def test_other_refusals_keep_it_too(self, client: FlaskClient, data: Any, code: int, told: str) -> None:
        """With a sentence instead of faults."""
        answer = post(client, data)
        assert answer.status_code == code
        assert told in answer.get_data(as_text=True)
        assert 'name="full_name"' in answer.get_data(as_text=True)

    def test_a_form_that_declares_nothing_keeps_all_its_fields(self, house: House) -> None:
        """Hidden, where no one can draw them."""
        client = house.client({"website": f"form: {{rate: 1/hour}}\n{FORM}"})
        post(client, {"a": "1"})
        answer = post(client, {"a": "2", "Phone": "98765"})
        page = Page(answer.get_data(as_text=True))
        assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
        assert (page.inputs["a"], page.inputs["phone"]) == ("2", "98765")

    def test_a_foreign_page_is_shown_no_form(self, client: FlaskClient) -> None:
        """It may not post, so it gets nothing to post with."""
        answer = client.post("/in/website", data={"a": "b"}, headers=BROWSER | {"Origin": "https://evil.example"})
        assert (answer.status_code, "<form" in answer.get_data(as_text=True)) == (403, False)


class TestLooks:
    """Texts, theme and language, as the mapping has them."""

    def test_the_mappings_texts_are_on_the_pages(self, client: FlaskClient) -> None:
        """And ours where it has none."""
        form = client.get("/form/website").get_data(as_text=True)
        thanks = post(client, {"full_name": "Asha", "phone": "98765 43210"}).get_data(as_text=True)
        assert all(text in form for text in ("Book a visit", "You agree.", 'lang="hi-IN"', "भारत (+91)"))
        assert all(text in thanks for text in ("We write to you soon.", "Thank you", 'lang="hi-IN"'))
        assert "Nearly there" in post(client, {"phone": "1"}).get_data(as_text=True)

    def test_the_theme_comes_with_a_nonce(self, client: FlaskClient) -> None:
        """The policy allows this one style and no other, and the logo's host."""
        answer = client.get("/form/website")
        nonce = re.search(r'<style nonce="([\w-]+)">', answer.get_data(as_text=True))
        policy = answer.headers["Content-Security-Policy"]
        assert nonce is not None
        assert f"style-src 'self' 'nonce-{nonce[1]}';" in policy
        assert "img-src 'self' data: https://cdn.example" in policy
        assert "script-src" not in policy
        assert "color-scheme: dark" in answer.get_data(as_text=True)

    def test_pages_stand_in_frames_of_the_forms_own_sites_only(self, client: FlaskClient) -> None:
        """Of any site where the mapping lists none."""
        assert f"frame-ancestors 'self' {OURS}" in client.get("/form/website").headers["Content-Security-Policy"]
        assert "frame-ancestors *" in client.get("/form/plain").headers["Content-Security-Policy"]

    def test_a_captcha_with_a_site_key_is_drawn(self, house: House) -> None:
        """And its vendor may run its script there."""
        block = "form: {captcha: {vendor: turnstile, secret: S, site_key: 0x4A}}"
        answer = house.client({"website": f"{block}\n{FORM}"}).get("/form/website")
        assert '<div class="cf-turnstile" data-sitekey="0x4A">' in answer.get_data(as_text=True)
        assert "script-src https://challenges.cloudflare.com" in answer.headers["Content-Security-Policy"]


class TestOwn:
    """Templates of the user's own, beside the mapping."""

    MAPPING = f"form: {{pages: {{form: _form.html, thanks: _thanks.html, error: _error.html}}}}\n{FORM}"

    def test_they_take_the_place_of_ours(self, house: House) -> None:
        """With what was typed escaped, and scripts by a nonce."""
        client = house.client({"acme/website": self.MAPPING})
        for name, text in {
            "form": "{% extends 'web/form.html' %}{% block title %}Mine{% endblock %}",
            "thanks": "<h1>Thanks {{ lead.name }}</h1><script nonce='{{ nonce }}'>1</script>",
            "error": "<p>{{ message }} {{ inputs | length }}</p>",
        }.items():
            (house.folder / "mappings" / "acme" / f"_{name}.html").write_text(text)
        assert "<title>Mine</title>" in client.get("/form/acme/website").get_data(as_text=True)
        answer = post(client, {"name": "<i>Asha</i>"}, "/in/acme/website")
        page = answer.get_data(as_text=True)
        nonce = re.search(r"nonce='([\w-]+)'", page)
        assert "<h1>Thanks &lt;i&gt;Asha&lt;/i&gt;</h1>" in page
        assert nonce is not None
        assert f"'nonce-{nonce[1]}'" in answer.headers["Content-Security-Policy"]
        assert "The form is empty" in post(client, {"name": ""}, "/in/acme/website").get_data(as_text=True)

    def test_a_field_is_written_out_whatever_it_is_called(self, house: House) -> None:
        """Several answers are joined as in messages; Python's own names never stand in the way."""
        client = house.client({"website": self.MAPPING})
        page = "<p>{{ lead.items }}; {{ lead.wants }}; {{ lead.nothing }}</p>"
        (house.folder / "mappings" / "_thanks.html").write_text(page)
        answer = post(client, {"items": "3 < 4", "wants": ["solar", "battery"]})
        assert answer.get_data(as_text=True) == "<p>3 &lt; 4; solar, battery; </p>"

    def test_one_of_a_base_stands_beside_the_base(self, house: House) -> None:
        """Clients in folders of their own share it, as they share the base."""
        house.write("_base", self.MAPPING)
        client = house.client({"acme/website": "extends: ../_base.yaml"})
        (house.folder / "mappings" / "_thanks.html").write_text("<h1>Shared</h1>")
        answer = post(client, {"name": "Asha"}, "/in/acme/website")
        assert answer.get_data(as_text=True) == "<h1>Shared</h1>"

    @pytest.mark.parametrize(
        "text", [None, "{% if %}", "{{ 1 / 0 }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}"]
    )
    def test_where_one_fails_visitors_see_ours(self, house: House, text: str | None) -> None:
        """A missing or broken template loses no lead and shows no error; nor does one get at the program."""
        client = house.client({"website": self.MAPPING})
        if text is not None:
            (house.folder / "mappings" / "_thanks.html").write_text(text)
        answer = post(client, {"name": "Asha"})
        assert (answer.status_code, "Thank you" in answer.get_data(as_text=True)) == (200, True)
        assert len(stored(client.application)) == 1

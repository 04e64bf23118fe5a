"""Forms as visitors have them: a real browser, and pages of another origin."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.forms import Forms, fill
from tests.e2e.site import Window, window

FETCH = """async ([url, name]) => {
  const body = new URLSearchParams({full_name: name, phone: '98765 43210'});
  try {
    const answer = await fetch(url, {method: 'POST', body, headers: {Accept: 'application/json'}});
    return await answer.json();
  } catch (error) { return String(error); }
}"""


def test_a_plain_form_ends_on_our_thanks(forms: Forms, visitor: Window) -> None:
    """Nothing but HTML on the site."""
    visitor.page.goto(forms.site.page(forms.form("open", "Plain Form")))
    visitor.page.get_by_role("button").click()
    expect(visitor.page.get_by_role("heading")).to_have_text("Thank you")
    assert forms.received("Plain Form")["destination"] == "+919876543210"
    visitor.is_fit_for_all()


@pytest.mark.parametrize(
    ("name", "next_", "ends"),
    [
        ("Without Next", "", "/thank-you"),
        ("Next Ours", "{url}/danke?x=1", "/danke?x=1"),
        ("Next Foreign", "{foreign}/evil", "/thank-you"),
    ],
)
def test_a_visitor_is_led_on_within_the_site(forms: Forms, visitor: Window, name: str, next_: str, ends: str) -> None:
    """`_next` where it is the site's, else `form.thanks`; a stranger's address is not followed."""
    target = next_.format(url=forms.site.url, foreign=forms.site.foreign)
    hidden = f'<input type="hidden" name="_next" value="{target}">' if target else ""
    visitor.page.goto(forms.site.page(forms.form("thanked", name, hidden)))
    visitor.page.get_by_role("button").click()
    visitor.page.wait_for_url(forms.site.url + ends)
    forms.received(name)


def test_a_script_of_the_site_reads_the_answer(forms: Forms, visitor: Window) -> None:
    """CORS as browsers enforce it."""
    visitor.page.goto(forms.site.page("<h1>Contact</h1>"))
    answer = visitor.page.evaluate(FETCH, [f"{forms.url}/in/thanked", "A Script"])
    assert (answer["status"], answer["next"]) == ("accepted", f"{forms.site.url}/thank-you")
    forms.received("A Script")


def test_a_stranger_s_page_posts_nothing(forms: Forms, visitor: Window) -> None:
    """Its form ends on a page that says so, and its script can't even read why."""
    before = forms.stored()
    page = visitor.page
    forms.site.page(forms.form("thanked", "Foreign"), "/foreign")
    page.goto(f"{forms.site.foreign}/foreign")
    assert "Failed to fetch" in page.evaluate(FETCH, [f"{forms.url}/in/thanked", "Foreign"])
    with page.expect_navigation() as navigation:
        page.get_by_role("button").click()
    assert navigation.value.status == 403
    expect(page.get_by_text("may not be posted from that page")).to_be_visible()
    assert forms.stored() == before
    visitor.expect("blocked by CORS policy", "Failed to load resource", "status of 403")
    visitor.is_fit_for_all()


def test_what_was_typed_is_kept_without_javascript(forms: Forms, browser: Browser) -> None:
    """The faults stand beside their fields, and the corrected form goes out whole, ids of advertisements included."""
    with window(browser, java_script_enabled=False) as visitor:
        page = visitor.page
        page.goto(f"{forms.url}/form/acme/website?utm_campaign=diwali")
        fill(page, "No Script", "12").click()
        expect(page.get_by_role("heading")).to_have_text("Please look at this again")
        phone = page.get_by_label("WhatsApp number", exact=True)
        expect(phone).to_have_attribute("aria-invalid", "true")
        expect(phone).to_have_accessible_description("We write, and never call. WhatsApp number is no phone number.")
        expect(page.get_by_label("Your name")).to_have_value("No Script")
        expect(page.get_by_label("City")).to_have_value("Pune")
        expect(page.get_by_label("Solar", exact=True)).to_be_checked()
        expect(page.get_by_label("Battery")).not_to_be_checked()
        phone.fill("98765 43210")
        page.get_by_role("button").click()
        expect(page.get_by_role("heading")).to_have_text("Thank you")
        visitor.expect("status of 400")
    body = forms.received("No Script")
    assert (body["tags"], body["attributes"]) == (["website", "Solar"], {"city": "Pune", "campaign": "diwali"})


@pytest.mark.parametrize("framed", [False, True])
def test_our_page_stands_alone_or_in_a_frame(forms: Forms, visitor: Window, framed: bool) -> None:
    """With the country that the visitor chose."""
    address = f"{forms.url}/form/acme/website"
    page = visitor.page
    page.goto(forms.site.page(f'<iframe src="{address}" title="Form"></iframe>', "/framed") if framed else address)
    inside = page.frame_locator("iframe") if framed else page
    inside.get_by_label("Country of WhatsApp number").select_option("DE")
    fill(inside, f"Framed {framed}", "0151 23456789").click()
    expect(inside.get_by_role("heading")).to_have_text("Thank you")
    assert forms.received(f"Framed {framed}")["destination"] == "+4915123456789"


def test_our_pages_are_fit_for_everybody(forms: Forms, visitor: Window) -> None:
    """The form, and the form with faults; the thanks are looked at above."""
    page = visitor.page
    page.goto(f"{forms.url}/form/acme/website")
    visitor.is_fit_for_all()
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.is_fit_for_all()
    visitor.expect("status of 400")

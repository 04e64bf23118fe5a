"""The embed script on pages of another origin, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.forms import Forms, fill
from tests.e2e.site import Window

KEEP = "<script>addEventListener('ingest:sent', (event) => { (window.sent ||= []).push(event.detail); });</script>"


def test_a_form_of_the_site_is_taken_up(forms: Forms, visitor: Window) -> None:
    """It is sent without leaving the page, with what led the visitor here, and the site hears of the lead."""
    page = visitor.page
    tricky = '<input type="hidden" name="action" value="x"><input type="file" name="plan">'
    own = forms.form("open", "Taken Up", tricky).replace("<button", '<button name="interests" value="Solar"')
    address = forms.site.page(own + forms.embed("open") + KEEP) + "?gclid=C1&utm_campaign=diwali"
    page.goto(f"{address}#top")
    page.set_input_files("input[type=file]", {"name": "roof.png", "mimeType": "image/png", "buffer": b"x" * 99})
    page.get_by_role("button", name="Send").click()
    thanks = page.get_by_role("status")
    expect(thanks).to_contain_text("Thank you")
    expect(thanks).to_be_focused()
    assert page.url == f"{address}#top"
    [sent] = page.evaluate("window.sent")
    [lead] = sent["leads"]
    assert (sent["endpoint"], lead["status"]) == ("open", "accepted")
    body = forms.received("Taken Up")
    assert body["tags"] == ["website", "Solar"]
    assert body["attributes"] == {"campaign": "diwali", "click": "C1", "landing": address}


def test_what_led_the_visitor_here_is_known_on_later_pages(forms: Forms, visitor: Window) -> None:
    """The tag in the head of every page is enough; and a field of that name in the form is the site's."""
    page, tag = visitor.page, forms.embed("open")
    forms.site.page("<h1>Ads</h1>", "/from")
    landing = forms.site.page(f'{tag}<a href="/second">On</a>', "/landing") + "?utm_campaign=first&gclid=G"
    own = forms.form("open", "Second Page", '<input type="hidden" name="gclid" value="mine">')
    forms.site.page(own + forms.embed("open"), "/second")
    forms.site.page(f'<a href="{landing}">Ad</a>', "/from")
    page.goto(forms.site.url + "/from")
    page.get_by_role("link").click()
    page.get_by_role("link").click()
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert forms.received("Second Page")["attributes"] == {
        "campaign": "first",
        "click": "mine",
        "landing": landing,
        "referrer": forms.site.url + "/from",
    }


@pytest.mark.parametrize("place", ["tag", "element"])
def test_the_declared_form_is_drawn(forms: Forms, visitor: Window, place: str) -> None:
    """Where the tag stands, or in the element that asks for it; usable by keyboard and screen reader in any light."""
    page, tag = visitor.page, forms.embed("acme/website")
    text = (
        f"<h1>Contact</h1><p>Before</p>{tag}" if place == "tag" else f"{tag}<div data-ingest='acme/website'>Wait</div>"
    )
    page.goto(forms.site.page(text) + "?utm_campaign=drawn")
    form = page.get_by_role("form", name="Talk to us about solar")
    expect(form).to_be_visible()
    assert (
        form.evaluate("form => (form.parentElement.dataset.ingest || form.previousElementSibling.tagName)")
        in {
            "tag": ("SCRIPT",),
            "element": ("acme/website",),
        }[place]
    )
    country = page.get_by_label("Country of WhatsApp number")
    expect(country.locator("option:checked")).to_have_text("India (+91)")
    assert country.locator("option").count() > 240
    assert not page.locator("[name=_gotcha]").evaluate("one => one.getBoundingClientRect().right > 0")
    if place == "tag":
        visitor.is_fit_for_all()
    country.select_option(label="Germany (+49)")
    fill(page, f"Drawn {place}", "0151 23456789").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("We will write to you on WhatsApp.")
    if place == "tag":
        visitor.is_fit_for_all()
    body = forms.received(f"Drawn {place}")
    assert (body["destination"], body["tags"]) == ("+4915123456789", ["website", "Solar"])
    assert (body["attributes"]["campaign"], body["attributes"]["city"]) == ("drawn", "Pune")


def test_faults_stand_beside_the_fields(forms: Forms, visitor: Window) -> None:
    """The first has the focus, each is told to screen readers, and the corrected form goes out."""
    page = visitor.page
    page.goto(forms.site.page(f"<h1>Contact</h1>{forms.embed('acme/website')}"))
    page.locator("form.ingest-form").evaluate("form => form.noValidate = true")
    button = fill(page, "", "12")
    for _ in range(2):
        button.click()
        expect(page.get_by_role("alert")).to_have_text("Please look at this again")
        expect(page.get_by_label("Your name")).to_be_focused()
    expect(page.get_by_label("Your name")).to_have_accessible_description("Your name is missing.")
    phone = page.get_by_label("WhatsApp number", exact=True)
    expect(phone).to_have_accessible_description("WhatsApp number is no phone number. We write, and never call.")
    visitor.is_fit_for_all()
    visitor.expect("status of 400", "status of 400")
    fill(page, "Corrected").click()
    expect(page.get_by_role("status")).to_be_visible()
    forms.received("Corrected")


def test_faults_of_a_site_s_own_form_too(forms: Forms, visitor: Window) -> None:
    """Its fields are found in their own spelling; what has no field is told above."""
    page = visitor.page
    own = forms.form("acme/website", "").replace("98765 43210", "12").replace("Full Name", "fullName")
    page.goto(forms.site.page(own + forms.embed("acme/website")))
    page.get_by_role("button").click()
    expect(page.get_by_label("Name")).to_have_accessible_description("Your name is missing.")
    expect(page.get_by_label("Phone")).to_have_accessible_description("WhatsApp number is no phone number.")
    expect(page.get_by_role("alert")).to_contain_text("I agree to be messaged on WhatsApp")
    visitor.expect("status of 400")


def test_a_visitor_is_led_to_the_site_s_thanks(forms: Forms, visitor: Window) -> None:
    """After the site has heard of the lead; whoever goes back can send once more."""
    page = visitor.page
    count = "<script>addEventListener('ingest:sent', () => { sessionStorage.conversions = 1; });</script>"
    page.goto(forms.site.page(forms.form("thanked", "Led On") + forms.embed("thanked") + count))
    page.get_by_role("button").click()
    page.wait_for_url(f"{forms.site.url}/thank-you")
    assert page.evaluate("sessionStorage.conversions") == "1"
    forms.received("Led On")


def test_a_form_is_sent_once_however_often_its_button_is_pressed(forms: Forms, visitor: Window) -> None:
    """Also where scripts may write no HTML."""
    page = visitor.page
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    policy = "require-trusted-types-for 'script'"
    page.goto(forms.site.page(forms.form("open", "Pressed Often") + forms.embed("open"), policy=policy))
    page.evaluate("() => { const b = document.querySelector('button'); b.click(); b.click(); b.form.requestSubmit(); }")
    expect(page.get_by_role("status")).to_be_visible()
    assert len(posts) == 1
    forms.received("Pressed Often")


def test_a_policy_that_forbids_scripts_to_post_does_not_lose_the_lead(forms: Forms, visitor: Window) -> None:
    """The browser posts the form, with all that the script knows."""
    page = visitor.page
    policy = f"default-src 'none'; script-src {forms.url}; connect-src 'none'; form-action {forms.url}; img-src data:"
    page.goto(forms.site.page(forms.form("open", "Fallen Back") + forms.embed("open"), policy=policy) + "?gclid=F")
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text("Thank you")
    assert forms.received("Fallen Back")["attributes"]["click"] == "F"
    visitor.expect("connect-src 'none'", "Refused to connect")


def test_it_works_under_a_strict_policy(forms: Forms, visitor: Window) -> None:
    """These four lines are all that a site has to allow; even the look needs no other."""
    page, ours = visitor.page, forms.url
    policy = f"script-src {ours}; connect-src {ours}; form-action {ours}; style-src 'self'; img-src data:"
    page.goto(forms.site.page(f"<h1>Contact</h1>{forms.embed('acme/website')}", policy=f"default-src 'none'; {policy}"))
    button = fill(page, "Strict Policy")
    assert button.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(11, 107, 79)"
    button.click()
    expect(page.get_by_role("status")).to_be_visible()
    forms.received("Strict Policy")


def test_on_a_stranger_s_page_it_sends_nothing(forms: Forms, visitor: Window) -> None:
    """The visitor sees our page, which says why."""
    before, page = forms.stored(), visitor.page
    forms.site.page(f"<h1>Contact</h1>{forms.embed('acme/website')}", "/foreign")
    page.goto(f"{forms.site.foreign}/foreign")
    fill(page, "Foreign").click()
    expect(page.get_by_text("may not be posted from that page")).to_be_visible()
    assert forms.stored() == before
    visitor.expect("blocked by CORS policy", "Failed to load resource", "status of 403")

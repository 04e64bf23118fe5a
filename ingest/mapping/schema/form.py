"""`form`: what a website's form may do, what is checked of it, and how its pages look."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.schema import readers
from ingest.mapping.schema.faults import Fault, fault
from ingest.mapping.schema.fields import Flag, Number, Read, Strict, Text, about, one_of

FIELD_TYPES = ("text", "phone", "email", "number", "choice", "checkbox", "textarea", "date", "url", "hidden")


class Captcha(Strict):
    """`form.captcha`."""

    vendor = Text(
        required=True, validate=one_of("turnstile", "hcaptcha", "recaptcha"), metadata=about("Whose captcha it is.")
    )
    secret = Read(
        readers.variable, required=True, metadata=about("The variable with the vendor's secret.", "TURNSTILE_SECRET")
    )
    site_key = Text(metadata=about("The vendor's public key of the site: with it our own pages draw it.", "0x4AAAAAAA"))
    when_down = Text(
        validate=one_of("accept", "hold", "refuse"),
        metadata=about("What becomes of leads while the vendor can't be asked.", default="accept"),
    )
    min_score = Number(
        validate=ma.validate.Range(0, 1),
        metadata=about("recaptcha v3: a lower score is spam.", 0.7, default=0.5),
    )


class FormField(Strict):
    """One of `form.fields`."""

    label = Text(metadata=about("What stands beside the field, and how faults call it.", "Your name"))
    type = Text(validate=one_of(*FIELD_TYPES), metadata=about("What is filled in, and checked.", "phone"))
    required = Flag(metadata=about("`true`: it must be filled in.", True))
    min = f.Integer(
        strict=True,
        validate=ma.validate.Range(0),
        metadata=about("The fewest characters that are taken; of a number, the smallest.", 2),
    )
    max = f.Integer(
        strict=True,
        validate=ma.validate.Range(1),
        metadata=about("The most characters that are taken; of a number, the largest.", 80),
    )
    choices = f.List(Text(), validate=ma.validate.Length(1), metadata=about("What may be chosen.", ["Pune", "Delhi"]))
    multiple = Flag(metadata=about("`true`: several of the choices may be ticked.", True))
    value = Text(metadata=about("What stands in the field at first; of a checkbox, what it sends.", "Pune"))
    placeholder = Text(metadata=about("What stands in the empty field.", "98765 43210"))
    help = Text(metadata=about("A line of help below the field.", "We write on WhatsApp, and never call"))
    link = Read(
        readers.thanks, metadata=about("An address that the help leads to.", "https://acme.example/privacy", "/privacy")
    )
    country = Read(
        readers.country, metadata=about("Of a phone: the country that is chosen at first, two letters.", "IN")
    )
    wrong = Text(metadata=about("What is said when it is filled in wrongly.", "Please give your WhatsApp number."))

    def across(self) -> dict[str, Any]:
        """A choice has `choices`."""
        return {
            "if": {"required": ["type"], "properties": {"type": {"const": "choice"}}},
            "then": {"required": ["choices"]},
        }

    @ma.validates_schema
    def _choices(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("type") == "choice" and "choices" not in data:
            raise fault("missing_key", "A choice needs `choices`.", "choices: [Pune, Delhi]")

    @ma.validates_schema(skip_on_field_errors=True)
    def _bounds(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("min", 0) > data.get("max", data.get("min", 0)):
            message = "Nothing can be so: it is less than `min`."
            raise ma.ValidationError({"max": [Fault("bad_value", message, f"max: {data['min']}")]})


class Texts(Strict):
    """`form.texts`."""

    title = Text(metadata=about("The heading above the form.", "Talk to us"))
    intro = Text(metadata=about("What stands below the heading.", "We answer on WhatsApp within an hour."))
    button = Text(metadata=about("What stands on the button.", "Send"))
    consent = Text(metadata=about("What stands above the button.", "By sending you agree to hear from us on WhatsApp."))
    privacy = Text(metadata=about("What the link to `privacy_url` says.", "Privacy"))
    privacy_url = Read(
        readers.thanks, metadata=about("Where your privacy notice stands.", "https://acme.example/privacy", "/privacy")
    )
    thanks_title = Text(metadata=about("The heading of the page after a post.", "Thank you"))
    thanks = Text(metadata=about("What the page after a post says.", "We will write to you on WhatsApp."))
    error_title = Text(metadata=about("The heading above a form that was not taken.", "Please look at this again"))


class Theme(Strict):
    """`form.theme`."""

    accent = Read(readers.colour, metadata=about("The colour of the button and of links.", "#0b6b4f"))
    scheme = Text(
        validate=one_of("auto", "light", "dark"),
        metadata=about("Whether pages are light, dark, or as the visitor's device is.", default="auto"),
    )
    logo = Read(readers.web_address, metadata=about("A picture above the heading.", "https://acme.example/logo.svg"))


class Pages(Strict):
    """`form.pages`."""

    form = Read(readers.page_file, metadata=about("The template of `/form/…`, beside this file.", "_form.html"))
    thanks = Read(readers.page_file, metadata=about("The template of the page after a post.", "_thanks.html"))
    error = Read(
        readers.page_file, metadata=about("The template of the page of a post that was not taken.", "_error.html")
    )


class Form(Strict):
    """`form`: what a website's form may do."""

    origins = f.List(
        Read(readers.origin),
        metadata=about(
            "The sites whose pages may post, be returned to by `_next`, and read the answers.", ["https://acme.example"]
        ),
    )
    thanks = Read(
        readers.thanks,
        metadata=about(
            "Where browsers are led afterwards: an address, or a path.", "https://acme.example/thank-you", "/thank-you"
        ),
    )
    rate = Read(
        readers.rate,
        metadata=about("How much one address may post, for each web process.", "10/minute", "100/day"),
    )
    phone_rate = Read(
        readers.rate,
        metadata=about("How often one phone number may be posted, for each web process.", "3/hour"),
    )
    min_seconds = Number(
        validate=ma.validate.Range(0, 3600),
        metadata=about("Who fills our own forms in faster is a robot, and held as spam.", 2),
    )
    captcha = f.Nested(Captcha, metadata=about("A captcha that the form has; who does not solve it is held as spam."))
    rules = f.Dict(
        Read(readers.field_name),
        f.Nested(FormField),
        data_key="fields",
        metadata=about(
            "What is checked before a lead is taken, by the field's name; and what our own form asks for.",
            {"full_name": {"label": "Your name", "required": True, "max": 80}, "phone": {"type": "phone"}},
        ),
    )
    texts = f.Nested(Texts, metadata=about("What our own pages say.", {"title": "Talk to us"}))
    theme = f.Nested(Theme, metadata=about("How our own pages look.", {"accent": "#0b6b4f"}))
    pages = f.Nested(Pages, metadata=about("Templates of your own for these pages.", {"thanks": "_thanks.html"}))
    language = Read(readers.language, metadata=about("The language of these pages.", "en", "hi-IN"))

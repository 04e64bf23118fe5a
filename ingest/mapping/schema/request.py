from __future__ import annotations

from collections.abc import Callable, Sized

from marshmallow import fields as f

from ingest.mapping.schema.faults import fault
from ingest.mapping.schema.fields import Strict, Template, Text, about


def at_most(count: int, what: str) -> Callable[[Sized], None]:
    """What refuses more than so many, so that no mapping makes work without end."""

    def check(value: Sized) -> None:
        if len(value) > count:
            raise fault("bad_value", f"More than {count:,} {what}.")

    return check


class Media(Strict):
    """`request.media`: AiSensy asks for both."""

    url = Template(
        required=True, metadata=about("The file's public address, with https.", "https://acme.example/offer.png")
    )
    filename = Template(required=True, metadata=about("The name that the person sees.", "offer.png"))


class RequestSchema(Strict):
    """AiSensy's body, each value a text with expressions. What must be there is asked of each route, after merging."""

    campaignName = Template(  # noqa: N815 - AiSensy's name, as those below
        allow_none=True,
        metadata=about(
            "Required. The campaign, which must be Live in AiSensy.",
            "welcome_lead",
            "{{ lead.campaign | default('welcome_lead') }}",
        ),
    )
    destination = Template(
        allow_none=True,
        metadata=about(
            "Required. The person's number with its country: use the filter `phone`.",
            "{{ lead.phone | phone }}",
            "{{ lead.phone | phone(lead.country | default('IN')) }}",
        ),
    )
    userName = Template(  # noqa: N815
        allow_none=True, metadata=about("Required. The person's name.", "{{ lead.name | default('friend') | title }}")
    )
    source = Template(allow_none=True, metadata=about("Where the lead comes from.", "Website"))
    media = f.Nested(
        Media,
        allow_none=True,
        metadata=about(
            "The picture, video or document of the campaign's template: `url` and `filename`, both of them."
        ),
    )
    templateParams = f.List(  # noqa: N815
        Template(),
        allow_none=True,
        validate=at_most(100, "templateParams"),
        metadata=about(
            "As many as the campaign's template asks for. Each must be there, so give it a `default`.",
            ["{{ lead.name | default('there') | first_name }}"],
        ),
    )
    tags = f.List(
        Template(),
        allow_none=True,
        validate=at_most(1000, "tags"),
        metadata=about(
            "Tags, which must exist in AiSensy. An absent one is left out, a list gives a tag each.",
            ["website", "{{ lead.interest }}"],
        ),
    )
    attributes = f.Dict(
        Text(),
        Template(allow_none=True),
        allow_none=True,
        validate=at_most(1000, "attributes"),
        metadata=about(
            "Attributes, which must exist in AiSensy. An absent one is left out.", {"city": "{{ lead.city | title }}"}
        ),
    )

"""How senders prove themselves, as a mapping says it: names of variables, never values."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields as f

from ingest.mapping.schema import readers
from ingest.mapping.schema.faults import Fault
from ingest.mapping.schema.fields import Either, Read, Strict, Text, about, one_of


def _names(description: str, *examples: Any, by_page: bool = False, required: bool = False) -> Either:
    """A variable's name, or a list of them while a secret is being rotated; for `access_token` also page → name."""
    return Either(
        Read(readers.variable),
        listed=f.List(Read(readers.variable), validate=ma.validate.Length(1)),
        keyed=f.Dict(Text(), Read(readers.variable)) if by_page else None,
        required=required,
        metadata=about(description, *examples),
    )


class Hmac(Strict):
    """`auth.hmac`: how a sender signs what it posts."""

    secret = _names(
        "The variable with the secret that the sender signs with.",
        "ACME_SECRET",
        ["ACME_SECRET", "ACME_SECRET_OLD"],
        required=True,
    )
    header = Read(
        readers.header, required=True, metadata=about("The header that the signature comes in.", "X-Signature")
    )
    algorithm = Text(
        validate=one_of("sha256", "sha512"), metadata=about("The hash of the HMAC.", "sha512", default="sha256")
    )
    encoding = Text(
        validate=one_of("hex", "base64"), metadata=about("How the signature is written.", "base64", default="hex")
    )
    prefix = Text(metadata=about("What stands before the signature in its header.", "sha256="))
    timestamp_header = Read(
        readers.header,
        metadata=about(
            "The header with the time of the post, in seconds or milliseconds since 1970, where that is signed too.",
            "X-Timestamp",
        ),
    )
    tolerance = Read(
        readers.duration,
        metadata=about("How far that time may be from ours, so that no post can be sent again.", "1m", default="5m"),
    )
    signed = Read(
        readers.signed,
        metadata=about(
            "What is signed; by default the body, or `{timestamp}.{body}` with a `timestamp_header`.",
            "{timestamp}:{body}",
            "v0:{timestamp}:{body}",
        ),
    )

    def across(self) -> dict[str, Any]:
        """A time that is signed comes in a header, and one that comes in a header is signed."""
        timed = {"properties": {"signed": {"pattern": r"\{timestamp\}"}}}
        timeless = {"properties": {"signed": {"not": {"pattern": r"\{timestamp\}"}}}}
        return {
            "dependencies": {"tolerance": ["timestamp_header"]},
            "if": {"required": ["timestamp_header"]},
            "then": timed,
            "else": timeless,
        }

    @ma.validates_schema(skip_on_field_errors=True)
    def _timed(self, data: dict[str, Any], **_: Any) -> None:
        signed = data.get("signed", "")
        if "timestamp_header" in data:
            if signed and "{timestamp}" not in signed:
                message = "The time must be signed too, or anybody can change it."
                raise ma.ValidationError({"signed": [Fault("bad_value", message, 'write "{timestamp}.{body}"')]})
            return
        if "tolerance" in data or "{timestamp}" in signed:
            key = "tolerance" if "tolerance" in data else "signed"
            message = f"`{key}` needs a `timestamp_header`: where the sender writes the time."
            wrong = Fault("missing_key", message, "timestamp_header: X-Timestamp")
            raise ma.ValidationError({key: [wrong]})


class Auth(Strict):
    """`auth`: names of environment variables."""

    app_secret = _names(
        "The variable with the app's secret, by which Facebook signs what it posts.",
        "FACEBOOK_APP_SECRET",
        ["FACEBOOK_APP_SECRET", "FACEBOOK_APP_SECRET_OLD"],
    )
    verify_token = _names(
        "The variable with the token that you enter in Facebook beside the webhook's address.", "FACEBOOK_VERIFY_TOKEN"
    )
    access_token = _names(
        "The variable with the token by which leads are fetched; or a map from page id to variable.",
        "FACEBOOK_ACCESS_TOKEN",
        {"104857600000001": "PAGE_ONE_TOKEN", "104857600000002": "PAGE_TWO_TOKEN"},
        by_page=True,
    )
    token = _names(
        "The variable with the token that senders show: as bearer, `X-Api-Key`, or basic auth's password; "
        "elementor and webflow also as `?token=` in the address.",
        "ZAPIER_TOKEN",
        ["ZAPIER_TOKEN", "ZAPIER_TOKEN_OLD"],
    )
    google_key = _names(
        "The variable with the key that you enter in Google Ads beside the webhook's address.",
        "GOOGLE_ADS_KEY",
        ["GOOGLE_ADS_KEY", "GOOGLE_ADS_KEY_OLD"],
    )
    secret = _names(
        "The variable with the secret by which the vendor signs what it posts.",
        "SHOPIFY_SECRET",
        ["SHOPIFY_SECRET", "SHOPIFY_SECRET_OLD"],
    )
    hmac = f.Nested(
        Hmac,
        metadata=about(
            "How the sender signs what it posts, with a secret that both know.",
            {"secret": "ACME_SECRET", "header": "X-Signature", "prefix": "sha256="},
        ),
    )

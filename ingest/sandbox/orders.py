"""The bodies of the control API."""

from __future__ import annotations

import time
from typing import Any

import marshmallow as ma

from ingest.sandbox import meta
from ingest.sandbox.records import KINDS
from ingest.sandbox.webhooks import ODDITIES

MAX_WAIT = 60.0  # seconds

_Text = ma.fields.String
_web_address = ma.validate.Regexp(r"https?://\S+\Z", error="Not a web address (http or https).")


def _whole(low: int, high: int | None = None, **options: Any) -> ma.fields.Integer:
    return ma.fields.Integer(strict=True, validate=ma.validate.Range(low, high), **options)


class _Campaign(ma.Schema):
    params = _whole(0, 100, allow_none=True)
    media = _Text(allow_none=True)
    live = ma.fields.Boolean()


class Campaigns(ma.Schema):
    """`POST /control/campaigns`."""

    campaigns = ma.fields.Dict(keys=_Text(), values=ma.fields.Nested(_Campaign), required=True, allow_none=True)


class Keys(ma.Schema):
    """`POST /control/keys`."""

    keys = ma.fields.Dict(keys=_Text(validate=ma.validate.Length(1)), values=_Text(), required=True)


class Tags(ma.Schema):
    """`POST /control/tags`."""

    tags = ma.fields.List(_Text(), allow_none=True)
    attributes = ma.fields.List(_Text(), allow_none=True)


class Query(ma.Schema):
    """The query of `GET /control/requests`."""

    where = _Text(load_default="aisensy", validate=ma.validate.OneOf(KINDS))
    taken = ma.fields.Boolean(load_default=None)
    since = ma.fields.Integer(load_default=0)
    count = ma.fields.Integer(load_default=0)
    wait = ma.fields.Float(load_default=0.0, validate=ma.validate.Range(0, MAX_WAIT))


class Graph(ma.Schema):
    """`POST /control/graph`."""

    app_secret = _Text(allow_none=True)
    tokens = ma.fields.List(_Text(), allow_none=True)
    gone = ma.fields.List(_Text())


class Token(ma.Schema):
    """`POST /control/graph/token`."""

    token = _Text(required=True, validate=ma.validate.Length(1))
    expires_at = _whole(0)  # Unix time; 0 is never
    expires_in = ma.fields.Float()  # seconds; 0 is now
    scopes = ma.fields.List(_Text())
    is_valid = ma.fields.Boolean()
    data_access_expires_at = _whole(0)
    app_id = _Text()
    type = _Text()
    profile_id = _Text()

    @ma.post_load
    def end(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """`expires_in` as a time."""
        if "expires_in" in data:
            data["expires_at"] = int(time.time() + data.pop("expires_in"))
        return data


class Page(ma.Schema):
    """`POST /control/graph/page`."""

    page_id = _Text(required=True)
    denied = _whole(1, load_default=None, allow_none=True)
    lead_access = ma.fields.Boolean(load_default=True)
    subscribed = ma.fields.Boolean(load_default=None)


class _Shares(ma.Schema):
    call_count = _whole(0)
    total_cputime = _whole(0)
    total_time = _whole(0)


class _Business(_Shares):
    estimated_time_to_regain_access = _whole(0)


class Usage(ma.Schema):
    """`POST /control/graph/usage`."""

    app = ma.fields.Nested(_Shares, load_default=dict)
    business = ma.fields.Nested(_Business, load_default=dict)


class Names(ma.Schema):
    """`POST /control/graph/names`."""

    form_id = _Text()
    form = _Text()
    page_id = _Text()
    page = _Text()
    status = _Text(validate=ma.validate.OneOf(["ACTIVE", "ARCHIVED", "DELETED", "DRAFT"]))


class Leads(ma.Schema):
    """`POST /control/graph/leads`."""

    leads = ma.fields.List(ma.fields.Dict(keys=_Text()), required=True, validate=ma.validate.Length(1, 10_000))
    page_id = _Text()
    form_id = _Text()
    days_ago = ma.fields.Float(validate=ma.validate.Range(0, 10_000))


class Handshake(ma.Schema):
    """`POST /control/meta/handshake`."""

    url = _Text(required=True, validate=_web_address)
    verify_token = _Text(required=True)


class Order(Leads):
    """`POST /control/meta/leads`."""

    url = _Text(required=True, validate=_web_address)
    app_secret = _Text()
    batch = _whole(1, meta.MAX_CHANGES)
    retries = _whole(0, 20)
    pause = ma.fields.Float(validate=ma.validate.Range(0, 60))
    timeout = ma.fields.Float(validate=ma.validate.Range(0.1, 60))
    test = ma.fields.Boolean()
    drop = ma.fields.Float(validate=ma.validate.Range(0))
    repeat = _whole(1, 20)
    odd = ma.fields.List(_Text(validate=ma.validate.OneOf(ODDITIES)))

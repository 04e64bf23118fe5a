from __future__ import annotations

from typing import Any, ClassVar

from ingest.channels import payload as bodies
from ingest.channels.base import JSON, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.formdata import MULTIPART, URLENCODED
from ingest.channels.proof import check_token
from ingest.errors import Refusal


class Zapier(Channel):
    """Zapier, Make and whatever else posts JSON or a form with a token."""

    name = "zapier"
    auth: ClassVar = {"token": None}
    secret_key = "token"  # noqa: S105 - the name of a key
    patient = True  # Zapier replays, Make tries again
    reads = (JSON, URLENCODED, MULTIPART)
    several = True

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """Zapier signs nothing, but sends headers and basic authentication."""
        check_token(inbound, auth.get("token", ()))

    def parse(self, inbound: Inbound) -> Parsed:
        """One object, or an array of them; either may stand under `data`."""
        body, text = bodies.read(inbound)
        items = _unwrapped(body)
        if not isinstance(items, list):
            _check(items, "The lead")
            (key,) = bodies.keys(inbound, 1, numbered=False)
            return Parsed([Notice(items, text if items is body else bodies.dumps(items), key)])
        if not items:
            raise Refusal(400, "empty_array", "The array is empty.", "Send one lead at least.")
        if len(items) > bodies.MAX_ITEMS:
            raise Refusal(
                413, "too_many_items", f"The array has {len(items):,} items; {bodies.MAX_ITEMS:,} are allowed."
            )
        for index, item in enumerate(items):
            _check(item, f"Item {index}")
        keys = bodies.keys(inbound, len(items), numbered=True)
        return Parsed([Notice(item, bodies.dumps(item), key) for item, key in zip(items, keys, strict=True)])


def _unwrapped(body: Any) -> Any:
    if not isinstance(body, dict) or not isinstance(body.get("data"), list | dict):
        return body
    data = body["data"]
    leads = isinstance(data, list) and bool(data) and all(isinstance(item, dict) for item in data)
    return data if leads or len(body) == 1 else body


def _check(item: Any, what: str) -> None:
    if not isinstance(item, dict):
        raise Refusal(400, "invalid_item", f"{what} is no object.", "Send each lead as a JSON object of its fields.")
    if not item:
        raise Refusal(400, "invalid_item", f"{what} is empty.", "Send the lead's fields; check what the Zap maps.")
    try:
        bodies.check_item(item)
    except Refusal as refusal:
        raise Refusal(refusal.status, refusal.code, f"{what}: {refusal.message}", refusal.hint) from None

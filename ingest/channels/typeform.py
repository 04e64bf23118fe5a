from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import USUAL, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_signature
from ingest.models import Lead, Signature, Value

_WHAT = "Typeform's webhooks for responses"
_CONTACTS = ("email", "phone_number")


class Typeform(Channel):
    """Responses to forms made with Typeform."""

    name = "typeform"
    auth: ClassVar = {"secret": None}
    secret_key = "secret"  # noqa: S105 - the name of a key
    signature: ClassVar = Signature("Typeform-Signature", encoding="base64", prefix="sha256=")
    own_ids = True
    fields = USUAL | {"form_id", "form_title", "submitted_at", "score"}

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """https://www.typeform.com/developers/webhooks/secure-your-webhooks/"""
        check_signature(inbound, self.signature, auth.get("secret", ()))

    def parse(self, inbound: Inbound) -> Parsed:
        """One response; other events, like a response that was only begun, are counted and ignored."""
        body, text = bodies.document(inbound, _WHAT)
        if body.get("event_type", "form_response") != "form_response":
            return Parsed(ignored=1)
        response = body.get("form_response")
        if not isinstance(response, dict):
            raise bodies.wrong("form_response", "is missing", _WHAT)
        if not isinstance(response.get("answers", []), list):
            raise bodies.wrong("form_response.answers", "is no list", _WHAT)
        own = next((one for one in (body.get("event_id"), response.get("token")) if isinstance(one, str)), None)
        return Parsed([Notice(body, text, own)])

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://www.typeform.com/developers/webhooks/example-payload/

        Each answer by its field's `ref`, else its `id`; where nothing else is called so, also by the question, and the
        first phone and mail as `phone_number` and `email`. Then hidden fields, variables, and what form it is.
        """
        response = payload.get("form_response") if isinstance(payload, dict) else None
        if not isinstance(response, dict):
            return Lead(values.flatten(payload), payload)
        answers = list(_items(response.get("answers")))
        titles = {_ref(field): field.get("title") for field in _items(_inside(response, "definition").get("fields"))}
        known = [
            *((_ref(_inside(answer, "field")), _value(answer)) for answer in answers),
            *_inside(response, "hidden").items(),
            *((one.get("key"), one.get(str(one.get("type")))) for one in _items(response.get("variables"))),
            *((titles.get(_ref(_inside(answer, "field"))), _value(answer)) for answer in answers),
            *((answer["type"], _value(answer)) for answer in answers if answer.get("type") in _CONTACTS),
            *((key, response.get(key)) for key in ("form_id", "submitted_at")),
            ("form_title", _inside(response, "definition").get("title")),
            ("score", _inside(response, "calculated").get("score")),
        ]
        fields: dict[str, Value] = {}
        for key, value in known:
            for name, text in values.flatten(
                {values.normalise_key(key): value} if isinstance(key, str) else {}
            ).items():
                fields.setdefault(name, text)
        return Lead(fields, payload, values.moment(response.get("submitted_at")))


def _items(node: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (node if isinstance(node, list) else ()) if isinstance(one, dict))


def _inside(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = node.get(key)
    return inner if isinstance(inner, dict) else {}


def _ref(field: Mapping[str, Any]) -> str | None:
    ref = field.get("ref") or field.get("id")
    return ref if isinstance(ref, str) else None


def _value(answer: Mapping[str, Any]) -> Any:
    """An answer's value: choices are their labels, one's own words among them."""
    kind = answer.get("type")
    value = answer.get(kind) if isinstance(kind, str) else None
    if not isinstance(value, dict):
        return value
    labels = value.get("labels") if kind == "choices" else [value.get("label")] if kind == "choice" else None
    if labels is None and kind not in {"choice", "choices"}:
        return value
    return [*(labels if isinstance(labels, list) else []), value.get("other")]

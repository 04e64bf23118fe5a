from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ingest import values
from ingest.channels import payload as bodies
from ingest.channels.base import USUAL, Auth, Channel, Inbound, Notice, Parsed
from ingest.channels.proof import check_signature
from ingest.models import Lead, Signature, Value

_WHAT = "Typeform's webhooks for responses"
_CONTACTS = ("phone_number", "email")


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
        if not isinstance(response.get("answers"), list | None):
            raise bodies.wrong("form_response.answers", "is no list", _WHAT)
        own = bodies.own_id(body.get("event_id")) or bodies.own_id(response.get("token"))
        return Parsed([Notice(body, text, own)])

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://www.typeform.com/developers/webhooks/example-payload/

        What form it is, which no answer changes. Then each answer by its question's `ref`, else its `id`; by the
        question itself; and the first phone and mail as `phone_number` and `email`. Then hidden fields and variables.
        """
        response = payload.get("form_response") if isinstance(payload, dict) else None
        if not isinstance(response, dict):
            return Lead(values.flatten(payload), payload)
        definition = _inside(response, "definition")
        questions = dict(_questions(definition.get("fields")))
        answers = [
            (questions.get(_text(asked, "id")) or questions.get(_text(asked, "ref")) or {}, asked, one)
            for one in _items(response.get("answers"))
            for asked in [_inside(one, "field")]
        ]
        known = [
            ("form_id", response.get("form_id")),
            ("form_title", definition.get("title")),
            ("submitted_at", response.get("submitted_at")),
            *(
                (_text(asked, "ref") or _text(question, "ref") or _text(asked, "id"), _value(one))
                for question, asked, one in answers
            ),
            *((_text(question, "title"), _value(one)) for question, _, one in answers),
            *((kind, one.get(kind)) for kind in _CONTACTS for _, _, one in answers if one.get("type") == kind),
            *_inside(response, "hidden").items(),
            *((_text(one, "key"), one.get(str(one.get("type")))) for one in _items(response.get("variables"))),
            ("score", _inside(response, "calculated").get("score")),
        ]
        fields: dict[str, Value] = {}
        for key, value in known:
            if key:
                for name, text in values.flatten({values.normalise_key(key): value}).items():
                    fields.setdefault(name, text)
        return Lead(fields, payload, values.moment(response.get("submitted_at")))


def _questions(fields: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each question by its id and by its reference, those within groups and matrices too."""
    for field in _items(fields):
        yield from ((name, field) for name in (_text(field, "id"), _text(field, "ref")) if name)
        yield from _questions(_inside(field, "properties").get("fields"))


def _items(node: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (node if isinstance(node, list) else ()) if isinstance(one, dict))


def _inside(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = node.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(node: Mapping[str, Any], key: str) -> str:
    text = node.get(key)
    return text if isinstance(text, str) else ""


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

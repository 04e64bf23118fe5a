from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from ingest import values
from ingest.channels.base import USUAL, Auth, Inbound
from ingest.channels.form import Form
from ingest.channels.proof import check_token
from ingest.models import Lead, Value

_PART = re.compile(r"(?P<field>(?:fields|meta)\[(?P<id>[^\[\]]*)\])\[(?P<part>[^\[\]]*)\].*", re.DOTALL)
_UNLABELLED = "No Label "
_METADATA = {"form_id": "form[id]", "form_name": "form[name]"}


class Elementor(Form):
    """The webhook of Elementor Pro's forms. WordPress posts, and takes anything but 200 for a failure."""

    name = "elementor"
    browser = False
    methods = ("POST",)
    auth: ClassVar = {"token": ""}
    secret_key = "token"  # noqa: S105 - the name of a key
    parameter = "token"
    fields = USUAL | {"form_id", "form_name", "date", "time", "page_url", "user_agent", "remote_ip", "credit"}

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """Elementor knows an address and nothing else: a token, where the mapping has one, may stand in that."""
        if "token" in auth:
            check_token(inbound, auth["token"], parameter=self.parameter)

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - nothing is fetched
        """https://developers.elementor.com/docs/form-actions/: by labels, or by ids where its data is advanced."""
        content = self.content(payload)
        if not isinstance(content, dict):
            return Lead(values.flatten(content), payload)
        fields: dict[str, Value] = {}
        filled = _filled(content)
        for name, value in (*filled.values(), *_other_names(content, filled)):
            for key, text in values.flatten({name: value}).items():
                fields.setdefault(key, text)
        known = {key: content.get(key) or content.get(advanced) for key, advanced in _METADATA.items()}
        return Lead(fields | values.flatten(known), payload)


def _filled(content: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """What fields are called and what was filled in, by how they are posted.

    Of the parts of a field in the advanced mode only its value counts; one of several choices may come in parts itself.
    """
    several: dict[str, tuple[str, list[Any]]] = {}
    for name, value in content.items():
        part = _PART.fullmatch(name)
        if part is None or part["part"] == "value":
            several.setdefault(part["field"] if part else name, (part["id"] if part else name, []))[1].append(value)
    return {field: (name, found[0] if len(found) == 1 else found) for field, (name, found) in several.items()}


def _other_names(content: dict[str, Any], filled: dict[str, tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """What fields are called besides: by their label in the advanced mode, by their id where they have no label."""
    for name, value in content.items():
        part = _PART.fullmatch(name)
        if part and part["part"] == "title" and isinstance(value, str) and value.strip() and part["field"] in filled:
            yield value, filled[part["field"]][1]
        elif name.startswith(_UNLABELLED):
            yield name.removeprefix(_UNLABELLED), value

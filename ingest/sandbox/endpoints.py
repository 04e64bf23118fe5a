from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from typing import Any

from ingest.catalog import LiveCatalog
from ingest.channels.facebook import METADATA
from ingest.mapping import example
from ingest.mapping.records import Mapping
from ingest.sandbox.leads import FORM, PAGE
from ingest.sandbox.state import Endpoint
from ingest.settings import Settings

UNKNOWN = "unset"
"""What is signed with where the program has no secret either: it refuses, and says so."""
_OWN = {"id", "created_time", "form_id", "page_id", *METADATA} - {"platform"}
"""What the sandbox gives a lead by itself: each is a new one."""


class Endpoints:
    """The endpoints for Facebook of a program that runs beside the sandbox, as its mappings stand now."""

    def __init__(self, program: str, settings: Settings) -> None:
        self._program = program.rstrip("/")
        self._settings = settings
        self._live = LiveCatalog(settings.mappings, settings.default_country)

    def __call__(self) -> list[Endpoint]:
        """The endpoints, by name."""
        found = self._live.current().mappings
        return [one for name in sorted(found) for one in self._endpoint(found[name])]

    def _endpoint(self, mapping: Mapping) -> Iterator[Endpoint]:
        intake = mapping.intake
        if intake is None or intake.channel != "facebook":
            return
        secrets = (self._settings.secrets.get(name) for name in intake.auth.get("app_secret", ()))
        yield Endpoint(
            name=mapping.endpoint,
            url=f"{self._program}/in/{mapping.endpoint}",
            app_secret=next((secret for secret in secrets if secret), UNKNOWN),
            page_id=next(iter(intake.pages), PAGE),
            form_id=next(iter(intake.forms), FORM),
            answers=_answers(mapping, self._settings.default_country),
        )


def _answers(mapping: Mapping, country: str) -> dict[str, Any]:
    """A lead that the mapping can read: of the first of its tests that has one, else made up."""
    translation = mapping.translation or mapping.draft
    if translation is None or mapping.intake is None:
        return {path[1]: text for path, text in example.USUAL.items()}
    given = (test.get("lead") for test in example.tests(translation))
    tested = next((lead for lead in given if isinstance(lead, MappingABC) and lead), None)
    made_up = example.made_up(translation, mapping.intake, country)
    lead = tested or {path[1]: text for path, text in made_up.items() if path[0] == "lead"}
    boxes = [name for name in lead if str(name).startswith("consent_")]
    answers = {str(name): value for name, value in lead.items() if name not in _OWN and name not in boxes}
    ticked = [{"checkbox_key": name.removeprefix("consent_"), "is_checked": "1"} for name in boxes]
    return {**answers, "platform": "ig", **({"custom_disclaimer_responses": ticked} if ticked else {})}

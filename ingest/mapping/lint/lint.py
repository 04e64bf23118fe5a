"""What a mapping can be wrong in although it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ingest.errors import Finding
from ingest.mapping.lint.accounts import unknown_to_accounts
from ingest.mapping.lint.fields import Fields, unknown_fields, unused_lets, used
from ingest.mapping.lint.files import spare_files
from ingest.mapping.lint.requests import missing, unlikely
from ingest.mapping.lint.routes import odd_routes
from ingest.mapping.lint.secrets import secrets_in
from ingest.mapping.lint.tests import odd_tests
from ingest.mapping.records import Catalog, Mapping
from ingest.mapping.schema.readers import KEPT_HERE, KEPT_HINT, looks_secret

Known = Callable[[Mapping], Fields]


def lint(catalog: Catalog, known: Known, secrets: Sequence[str] = (), country: str = "IN") -> list[Finding]:
    """Everything about the mappings that is worth a person's look, beside the findings of loading them.

    `secrets` are those of the environment, which must not stand in a file.
    """
    found: list[Finding] = []
    for mapping in catalog.mappings.values():
        found += mapping.warnings
        identity = mapping.intake.event_id if mapping.intake else None
        if identity is not None and identity.literal is not None:
            message = "All leads would be the same one, for `event_id` names no part of them."
            hint = f"write {{{{ {identity.literal} }}}}" if "." in identity.literal else "{{ payload.id }}"
            found.append(Finding(identity.place, "no_expression", message, hint, "warning"))
        if mapping.translation is not None:
            found += unused_lets(mapping.translation)
            found += missing(mapping.translation)
            fields = known(mapping)
            found += odd_tests(mapping.translation, (used(mapping.translation) & fields.names) | fields.of_channel)
        if mapping.draft is not None:
            found += odd_routes(mapping.draft, mapping.findings)
            found += unlikely(mapping.draft, country)
            found += unknown_fields(mapping, mapping.draft, known(mapping))
            found += unknown_to_accounts(mapping.draft, catalog.accounts) if catalog.accounts else ()
    for mapping in catalog.mappings.values():
        named = mapping.intake.places if mapping.intake else {}
        found += [
            Finding(place, "secret_in_file", KEPT_HERE, KEPT_HINT)
            for (key, name), place in named.items()
            if key != "page" and looks_secret(name)
        ]
    for file in catalog.files:
        found += secrets_in(file, secrets)
    return list(dict.fromkeys([*found, *spare_files(catalog), *_claimed_twice(catalog)]))


def _claimed_twice(catalog: Catalog) -> Iterator[Finding]:
    owners: dict[tuple[str, str, tuple[str, ...]], Mapping] = {}
    for mapping in catalog.mappings.values():
        intake = mapping.intake
        if intake is None:
            continue
        claims = [("form", *form) for form in sorted(intake.forms.items(), key=str)]
        claims += [("page", *page) for page in sorted(intake.pages.items(), key=str)]
        for kind, name, place in claims:
            key = (kind, name, intake.auth.get("app_secret", ()))
            first = owners.setdefault(key, mapping)
            if first is not mapping:
                message = f"The {kind} {name} is claimed by {first.file} too."
                yield Finding(place, "match_conflict", message, "leave it in one of the two")

"""What `ingest facebook connect` needs before it can ask Facebook for anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TextIO

import click

from ingest.channels.graph import Access
from ingest.cli import nearest
from ingest.cli.mappings import catalog_of
from ingest.mapping.records import Catalog, Intake
from ingest.settings import Settings

USER_TOKEN = "FACEBOOK_USER_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Needs:
    """The mapping that takes the leads, and what its webhook is set up with."""

    endpoint: str
    file: str
    intake: Intake
    secret_name: str
    url: str
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    user_token: str = field(repr=False)

    @property
    def access(self) -> Access:
        """With what to ask as the user."""
        return Access(self.user_token, self.app_secret)


def gather(own: Settings, endpoint: str | None, token_file: TextIO | None) -> Needs:
    """All that is needed; the token is asked for last. Raises ClickException, which names every fault."""
    name, file, intake = _mapping(catalog_of(own), endpoint)
    secret_name, verify_name = (intake.auth[key][0] for key in ("app_secret", "verify_token"))
    app_secret, verify_token = own.secrets.get(secret_name), own.secrets.get(verify_name)
    public = own.public_url or (f"http://127.0.0.1:{own.port}" if own.sandbox else None)
    faults = [] if app_secret else [f"{secret_name} is not set: copy it from the app (App settings > Basic)."]
    faults += [] if verify_token else [f"{verify_name} is not set: make up a long text, and keep it."]
    if public is None:
        faults.append("INGEST_PUBLIC_URL is not set: tell where the world reaches us, like https://leads.example.")
    elif not own.sandbox and not public.startswith("https://"):
        faults.append(f"INGEST_PUBLIC_URL is {public}: Facebook posts to https only.")
    if faults or not (app_secret and verify_token and public):
        raise click.ClickException("\n  ".join(["These are needed, in the environment or .env:", *faults]))
    url = f"{public.rstrip('/')}/in/{name}"
    return Needs(name, file, intake, secret_name, url, app_secret, verify_token, _token(own, token_file))


def _mapping(catalog: Catalog, endpoint: str | None) -> tuple[str, str, Intake]:
    """The mapping whose webhook is to be set up. Raises UsageError."""
    found = {
        name: (name, one.file, one.intake)
        for name, one in sorted(catalog.mappings.items())
        if one.intake and one.intake.channel == "facebook"
    }
    if endpoint is None and len(found) == 1:
        return next(iter(found.values()))
    if endpoint in found:
        return found[endpoint]
    if endpoint is not None:
        raise click.UsageError(f"No facebook mapping is called {endpoint}.{nearest(endpoint, found)}")
    if found:
        raise click.UsageError(f"Several mappings have the channel facebook: --endpoint {' or '.join(found)}?")
    raise click.UsageError("No mapping has the channel facebook, or it has faults: `ingest check` tells them.")


def _token(own: Settings, token_file: TextIO | None) -> str:
    if token_file is not None:
        token = token_file.read().strip()
    else:
        token = own.secrets.get(USER_TOKEN) or ("sandbox-user-token" if own.sandbox else "")
        token = token or str(click.prompt("Access token of a user or system user", hide_input=True, err=True)).strip()
    if not token or len(token.split()) > 1:
        raise click.UsageError("That is no token: it is one word.")
    return token

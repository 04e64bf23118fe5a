"""With which token the leads of a page are read."""

from __future__ import annotations

from ingest.mapping.records import Intake

ACCESS_TOKEN = "FACEBOOK_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
APP_SECRET = "FACEBOOK_APP_SECRET"  # noqa: S105 - the same


def access_names(intake: Intake | None, page_id: str | None) -> tuple[str, str]:
    """The variables for a page's leads: those of a mapping, the token by its page where it tells tokens by page."""
    if intake is None:
        return ACCESS_TOKEN, APP_SECRET
    tokens = intake.auth.get("access_token") or (ACCESS_TOKEN,)
    secrets = intake.auth.get("app_secret") or (APP_SECRET,)
    return intake.access_tokens.get(page_id or "", tokens[0]), secrets[0]

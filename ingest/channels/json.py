from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ingest.channels.base import Auth, Inbound
from ingest.channels.proof import check_named
from ingest.channels.zapier import Zapier


class Json(Zapier):
    """Whatever posts JSON or a form, with a token or signed in the way that the mapping tells."""

    name = "json"
    auth: ClassVar = {"token": None, "hmac": None}

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """All that the mapping names: a token, a signature, or both."""
        check_named(inbound, auth, auth.signature, "hmac")

    def sources(self, endpoint: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """That of its token, else that of the secret which signs."""
        return super().sources(endpoint, {"token": names.get("token") or names.get("hmac", ())})

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from werkzeug import datastructures

from ingest import values
from ingest.errors import Refusal
from ingest.models import Lead, Reason, Signature


class Auth(dict[str, Sequence[str]]):
    """The secrets of an endpoint by their key in `auth`: the values that are set, several while one is being rotated.

    A key that the mapping does not name is not there. `signature` is how its posts are signed, where it says so.
    """

    def __init__(self, secrets: Mapping[str, Sequence[str]], signature: Signature | None = None) -> None:
        super().__init__(secrets)
        self.signature = signature


JSON = "application/json"

Headers = Mapping[str, str] | datastructures.Headers
"""Headers by their name, upper and lower case alike."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request as it came, its body read whole."""

    method: str
    headers: Headers
    args: Mapping[str, str]  # of the query
    body: bytes
    content_type: str = ""  # lower case, without parameters
    charset: str = ""  # lower case; blank where none was named
    remote: str = ""  # the sender's address


@dataclass(frozen=True, slots=True)
class Notice:
    """One lead, or the notice of one, out of a request."""

    payload: Any  # a JSON value
    raw: bytes  # its JSON text, which is stored
    external_id: str | None = None  # the vendor's id, or the sender's Idempotency-Key
    form_id: str | None = None
    page_id: str | None = None
    hold: Reason | None = None
    why: str = ""  # it is held, in a sentence


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a request holds: its notices, and how many of its parts are none of our business."""

    notices: list[Notice] = field(default_factory=list)
    ignored: int = 0


USUAL = frozenset(
    """name full_name your_name first_name last_name email your_email e_mail phone phone_number mobile mobile_number
    whatsapp whatsapp_number contact_number tel city state country pincode zip postcode address street company
    company_name job_title subject message comments source utm_source utm_medium utm_campaign utm_term utm_content
    gclid fbclid consent""".split()
)
"""Fields as forms and programs call them all over."""


class Channel:
    """A kind of source. A new one is a file beside this one, with one sub-class, and a mapping that names it.

    Channels hold no state. `verify` and `parse` raise Refusal, and nothing else, whatever a sender sends.
    """

    name: ClassVar[str]
    secret_key: ClassVar[str | None] = None  # the key in `auth` whose secret tells one source from another
    auth: ClassVar[dict[str, str | None]] = {}  # keys of a mapping's `auth`, each with the variable it defaults to:
    # None is no default, and some key must be there; blank is no default, and all may be left out
    signature: ClassVar[Signature | None] = None  # how all senders sign; where each may do otherwise, `auth` says how
    remote: ClassVar[bool] = False  # a notice holds no lead yet: the worker fetches it
    browser: ClassVar[bool] = False  # visitors' browsers post here: origins, CORS, thank-you pages
    patient: ClassVar[bool] = False  # its senders come again after a 429, so that no lead is lost by one
    own_ids: ClassVar[bool] = False  # external ids are the vendor's, not what a sender made up
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    reads: ClassVar[tuple[str, ...]] = (JSON,)  # content types, as /openapi.json names them
    several: ClassVar[bool] = False  # one post may be an array of leads
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # what its handshake has in the query, as JSON Schema
    parameter: ClassVar[str] = ""  # of the address: a token may come in it too
    beginnings: ClassVar[tuple[str, ...]] = ()  # of names of fields that the channel makes: `consent_…`
    fields: ClassVar[frozenset[str]] = USUAL  # that its leads have as a rule: `ingest check` takes no other for a slip

    def handshake(self, inbound: Inbound, auth: Auth) -> str:  # noqa: ARG002 - channels that have one use them
        """The text that answers a GET. Raises Refusal."""
        raise Refusal(405, "method_not_allowed", f"A {self.name} endpoint takes {' and '.join(self.methods)} only.")

    def verify(self, inbound: Inbound, auth: Auth) -> None:
        """Raise Refusal (401, 403) unless the sender proves to know a secret of this endpoint."""

    def parse(self, inbound: Inbound) -> Parsed:
        """The notices of a verified request. Raises Refusal (400, 413, 415) for the whole of it."""
        raise NotImplementedError

    def content(self, payload: Any) -> Any:
        """The payload without control fields: what makes it the same as another, and what the lead is made of."""
        return payload

    def lead(self, payload: Any, fetched: Any | None = None) -> Lead:  # noqa: ARG002 - only remote channels have it
        """The lead of a payload; `fetched` is what a remote channel's vendor gave for it."""
        return Lead(values.flatten(self.content(payload)), payload)

    def sample(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What its senders post for a lead with these fields."""
        return dict(fields)

    def sources(self, endpoint: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """The sources of an endpoint's events, given the names of its secrets' variables.

        Any of them makes two events with one external id the same. Names, not values: a secret that is replaced in
        place stays the source that it was, and while two are listed each of them counts.
        """
        known = names.get(self.secret_key, ()) if self.secret_key else ()
        return tuple(f"{self.name}:{name}" for name in known) or (f"{self.name}:{endpoint}",)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ingest.channels.graph import Graph, path_of
from ingest.errors import GraphError
from ingest.health.pages import Page, refusal
from ingest.health.records import FACEBOOK, Check, day, failing, ok, says_nothing, unasked, warned
from ingest.inbox.forms import SeenForm

MOST = 200  # forms of a page that are looked at

_MANAGER = (
    "Let the app, and the token's user, in by the Lead Access Manager (Business settings > Integrations > Leads access"
    " > the page > CRMs), and see that the token has leads_retrieval."
)


@dataclass(frozen=True, slots=True)
class Form:
    """A lead form at Meta."""

    id: str
    name: str
    status: str
    created: str

    @property
    def is_active(self) -> bool:
        """Whether people can fill it in."""
        return self.status == "ACTIVE"


def forms_of(graph: Graph, page: Page) -> list[Form]:
    """A page's lead forms. Raises GraphError.

    https://developers.facebook.com/docs/marketing-api/guides/lead-ads/create#read-forms
    """
    access = page.own or page.leads
    if access is None:
        return []
    told = graph.pages(path_of(page.id, "leadgen_forms"), access, fields="id,name,status,created_time", limit="100")
    return [_form(one) for one in islice(told, MOST)]


def look(graph: Graph, page: Page, seen: Mapping[str, SeenForm]) -> tuple[list[Form], list[Check]]:
    """A page's forms, when each last brought a lead, and whether the leads can be read."""
    try:
        forms = forms_of(graph, page)
    except GraphError as error:
        return [], [refusal(page, error)]
    shown = [form for form in forms if form.is_active or form.id in seen]
    checks = [_last(form, seen.get(form.id)) for form in shown]
    newest = max((form for form in forms if form.is_active), key=lambda form: form.created, default=None)
    if newest is not None:
        checks.append(_access(graph, page, newest))
    elif not forms:
        checks.append(ok(FACEBOOK, "forms", page.subject, "It has no lead form yet."))
    return forms, checks


def unknown(claimed: Mapping[str, str], known: Sequence[Form]) -> Iterator[Check]:
    """Forms that mappings claim and no page has."""
    ids = {form.id for form in known}
    for form, endpoint in sorted(claimed.items()):
        if form not in ids:
            message = f"The mapping `{endpoint}` claims it, and none of the pages that the tokens are for has it."
            mend = "Compare the id under `match.forms` with the form's in Meta's Forms library."
            yield warned(FACEBOOK, "form_unknown", subject(form), message, mend)


def subject(form_id: str) -> str:
    """What a form is called in checks."""
    return f"form {form_id}"


def _last(form: Form, seen: SeenForm | None) -> Check:
    when = f"last lead {day(seen.last_at)}" if seen else "no lead yet"
    return ok(
        FACEBOOK,
        "form" if form.is_active else "form_closed",
        subject(form.id),
        f"`{form.name}` ({form.status.lower()}): {when}.",
    )


def _access(graph: Graph, page: Page, form: Form) -> Check:
    """Whether the newest form's leads can be read, with the token that fetches them."""
    try:
        if page.leads:
            graph.get(path_of(form.id, "leads"), page.leads, fields="id", limit="1")
    except GraphError as error:
        if says_nothing(error):
            return unasked(page.subject, error)
        message = f"The leads of `{form.name}` ({form.id}) can't be read: {error.message}."
        return failing(FACEBOOK, "leads_hidden", page.subject, message, _MANAGER)
    return ok(FACEBOOK, "leads", page.subject, f"{page.called} lets its leads be read.")


def _form(told: Mapping[str, Any]) -> Form:
    texts = (str(told.get(key) or "") for key in ("id", "name", "status", "created_time"))
    return Form(*texts)

"""What `ingest facebook connect` prints: lines for .env, and what the mapping needs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ingest.cli.facebook_needs import Needs
from ingest.cli.printing import shown
from ingest.health.pages import Page
from ingest.settings import Secrets


def lines(needs: Needs, secrets: Secrets, pages: Sequence[Page]) -> Iterator[str]:
    """A variable for each page's token; beside them, as comments, the mapping's map of those that it does not name."""
    names = {page.id: _variable(needs, secrets, page, alone=len(pages) == 1) for page in pages}
    for page in pages:
        yield f"# {shown(page.name)} ({page.id})"
        yield f"{names[page.id]}={shlex.quote(page.own.token if page.own else '')}"
    default = needs.intake.auth["access_token"][0]
    wanted = {page: name for page, name in names.items() if name != default or needs.intake.access_tokens}
    if wanted.items() - needs.intake.access_tokens.items():
        yield f"# {needs.file} needs:"
        yield "# auth:"
        yield "#   access_token:"
        for page_id, name in (needs.intake.access_tokens | wanted).items():
            yield f'#     "{page_id}": {name}'


def _variable(needs: Needs, secrets: Secrets, page: Page, *, alone: bool) -> str:
    """The variable that the mapping names for a page; the one for all where there is but one page and it is not set."""
    known = needs.intake.access_tokens.get(page.id)
    default = needs.intake.auth["access_token"][0]
    if known or (alone and not needs.intake.access_tokens and secrets.get(default) is None):
        return known or default
    return f"FACEBOOK_ACCESS_TOKEN_{page.id}"

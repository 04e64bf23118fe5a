from __future__ import annotations

from tests.test_docs import codes, named


def test_every_code_of_the_doctor_is_documented() -> None:
    """Whoever reads its JSON finds what each code means."""
    told = codes({"failing", "warned", "tell", "Check"})
    assert {"token_unset", "page_unsubscribed", "no_store", "scope_missing", "not_asked"} <= told
    assert told - named("commands.md") == set()

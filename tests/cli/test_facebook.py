"""`ingest facebook connect`, against a real sandbox that calls a real web side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.app import create_app
from ingest.cli import cli
from ingest.inbox import Inbox
from ingest.sandbox import Sandbox
from ingest.sandbox.server import Server
from ingest.sandbox.state import State
from tests.health.clinic import FACEBOOK
from tests.inbox.helpers import wait_until
from tests.stores import new_sqlite

ACME, OTHER = "153125381133", "153125381134"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        box.state.leads.name("1", ACME, "Diwali", "Acme")
        box.state.leads.name("2", OTHER, "Holi", "Other")
        box.state.tokens = frozenset({"user-token"})
        box.state.app_secret = "sandbox-app-secret"
        yield box


@pytest.fixture(autouse=True)
def web(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The web side with one facebook mapping; gives its address."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "fb.yaml").write_text(FACEBOOK)
    store = new_sqlite(tmp_path / "store.db")
    server = Server("127.0.0.1", 0, State())
    monkeypatch.setenv("INGEST_SANDBOX", box.url)
    monkeypatch.setenv("DATABASE_URL", store)
    monkeypatch.setenv("INGEST_PUBLIC_URL", server.url)
    monkeypatch.setenv("FACEBOOK_USER_TOKEN", "user-token")
    inbox = Inbox(store)
    server.app = create_app(inbox=inbox)
    server.start()
    yield server.url
    server.stop()
    inbox.close()


def connect(*options: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["facebook", "connect", *options], input=typed)


def test_app_and_pages_are_subscribed_and_the_lines_are_printed(box: Sandbox, web: str) -> None:
    """Afterwards Meta posts here, every page tells of its leads, and standard output is what .env needs."""
    told = connect("--yes")
    assert told.exit_code == 0, told.output
    assert box.state.leads.subscribed("1")[0]["callback_url"] == f"{web}/in/fb"
    assert [box.state.leads.subscribed(page)[0]["subscribed_fields"] for page in (ACME, OTHER)] == [["leadgen"]] * 2
    assert told.stdout.splitlines() == [
        f"# Acme ({ACME})",
        f"FACEBOOK_ACCESS_TOKEN_{ACME}=sandbox-page-{ACME}",
        f"# Other ({OTHER})",
        f"FACEBOOK_ACCESS_TOKEN_{OTHER}=sandbox-page-{OTHER}",
        "# mappings/fb.yaml needs:",
        "# auth:",
        "#   access_token:",
        f'#     "{ACME}": FACEBOOK_ACCESS_TOKEN_{ACME}',
        f'#     "{OTHER}": FACEBOOK_ACCESS_TOKEN_{OTHER}',
    ]


def test_nothing_is_changed_without_a_yes(box: Sandbox) -> None:
    """Each step is asked for, and a no leaves it as it is."""
    told = connect(typed="n\nn\ny\n")
    assert box.state.leads.subscribed("1") == []
    assert box.state.leads.subscribed(ACME) == []
    assert box.state.leads.subscribed(OTHER)
    assert told.exit_code == 1, "the app is not subscribed, and that is said"
    assert "fault: app 1" in told.stderr
    assert ACME not in told.stdout


def test_what_is_subscribed_already_is_not_asked_for_and_stays(box: Sandbox) -> None:
    """A second call changes nothing, and what else a page is subscribed to is not forgotten."""
    box.state.leads.subscribe(ACME, {"id": "1", "name": "Sandbox", "subscribed_fields": ["feed"]})
    assert connect("--yes").exit_code == 0
    assert box.state.leads.subscribed(ACME)[0]["subscribed_fields"] == ["feed", "leadgen"]
    posts = len([one for one in box.requests("graph") if one["method"] == "POST"])
    told = connect()
    assert told.exit_code == 0, told.output
    assert len([one for one in box.requests("graph") if one["method"] == "POST"]) == posts
    assert "subscribed already" in told.stderr


def test_a_token_that_is_typed_is_neither_shown_nor_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The token that somebody pastes is seen nowhere."""
    monkeypatch.delenv("FACEBOOK_USER_TOKEN")
    monkeypatch.delenv("INGEST_SANDBOX")
    monkeypatch.setenv("INGEST_PUBLIC_URL", "https://leads.example")
    monkeypatch.setenv("FACEBOOK_APP_SECRET", "sandbox-app-secret")
    monkeypatch.setenv("FACEBOOK_VERIFY_TOKEN", "verify-me-please")
    monkeypatch.setenv("FACEBOOK_GRAPH_URL", "http://127.0.0.1:9/v26.0")
    told = connect(typed="very-secret-token\n")
    assert told.exit_code == 1
    assert "Meta can't be reached" in told.stderr
    assert "very-secret-token" not in told.output
    assert not any(b"very-secret-token" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_token_from_a_file_and_one_page_need_no_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages can be chosen, and a mapping's own variables are taken."""
    (tmp_path / "token").write_text("user-token\n")
    monkeypatch.delenv("FACEBOOK_USER_TOKEN")
    (tmp_path / "mappings" / "fb.yaml").write_text(f"{FACEBOOK}auth: {{access_token: {{'{ACME}': ACME_TOKEN}}}}\n")
    told = connect("--yes", "--page", ACME, "--token-file", "token")
    assert told.stdout.splitlines() == [f"# Acme ({ACME})", f"ACME_TOKEN=sandbox-page-{ACME}"]


def test_an_address_that_does_not_answer_the_challenge_is_told(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meta calls at once; where nobody answers, the mend is to run the program there."""
    monkeypatch.setenv("INGEST_PUBLIC_URL", "http://127.0.0.1:9")
    told = connect("--yes")
    assert told.exit_code == 1
    assert "the program must run there" in told.stderr
    assert box.state.leads.subscribed(ACME) == []


def test_all_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody runs it three times to learn of three variables."""
    for name in ("INGEST_SANDBOX", "INGEST_PUBLIC_URL", "FACEBOOK_APP_SECRET", "FACEBOOK_VERIFY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    told = connect("--yes")
    assert told.exit_code == 1
    assert all(name in told.stderr for name in ("FACEBOOK_APP_SECRET", "FACEBOOK_VERIFY_TOKEN", "INGEST_PUBLIC_URL"))


@pytest.mark.parametrize(
    ("facts", "word"), [({"type": "PAGE"}, "a page's token"), ({"is_valid": False}, "the access token is not valid")]
)
def test_a_token_of_no_use_is_refused_before_anything_is_changed(
    box: Sandbox, facts: dict[str, object], word: str
) -> None:
    """A page's token sees no pages, and one that has ended nothing at all."""
    box.token("user-token", **facts)
    told = connect("--yes")
    assert told.exit_code == 1
    assert word in told.stderr
    assert box.state.leads.subscribed("1") == []


def test_several_mappings_want_the_one_that_takes_the_leads(tmp_path: Path) -> None:
    """An app has one webhook: which one it is must be said."""
    (tmp_path / "mappings" / "two.yaml").write_text(FACEBOOK)
    assert "--endpoint fb or two" in connect("--yes").stderr
    assert "Did you mean two?" in connect("--endpoint", "tow").stderr
    wait_until(lambda: connect("--yes", "--endpoint", "two").exit_code == 0, "a mapping that the web side knows")


def test_a_page_that_the_token_is_not_for_is_told() -> None:
    """A wrong id is no reason to subscribe all the others."""
    told = connect("--yes", "--page", "99")
    assert told.exit_code == 1
    assert "not for the page 99" in told.stderr

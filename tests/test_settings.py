from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from ingest import settings
from ingest.errors import SettingsError
from ingest.settings import Secrets, Settings, key_name
from tests.inbox.helpers import wait_until

OURS = ("AISENSY_", "FACEBOOK_", "INGEST_", "DATABASE_", "ZAPIER_", "GOOGLE_", "ELEMENTOR_")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, and an environment without variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    return tmp_path


def faults() -> list[str]:
    """What is wrong with the environment."""
    with pytest.raises(SettingsError) as raised:
        settings.load()
    return raised.value.faults


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    """Nothing need be set to begin."""
    Path("mappings").mkdir()
    loaded = settings.load()
    assert loaded == Settings()
    assert (loaded.port, loaded.default_country, loaded.max_body) == (8000, "IN", 5_000_000)
    assert loaded.sqlite_path == Path("data/ingest.db")


def test_a_folder_without_mappings_gets_the_examples() -> None:
    """Installed and run anywhere, it starts with the mappings that we ship."""
    assert {path.name for path in settings.load().mappings.glob("*.yaml")} == {
        "elementor.yaml",
        "facebook.yaml",
        "google_ads.yaml",
        "json.yaml",
        "shopify.yaml",
        "typeform.yaml",
        "webflow.yaml",
        "website.yaml",
        "zapier.yaml",
    }


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("AISENSY_URL", "https://reseller.example/api", "aisensy_url", "https://reseller.example/api"),
        ("AISENSY_TIMEOUT", "45.5", "aisensy_timeout", 45.5),
        ("DATABASE_URL", "postgresql://u:p@db/ingest", "database_url", "postgresql://u:p@db/ingest"),
        ("FACEBOOK_GRAPH_URL", "https://graph.facebook.com/v27.0", "graph_url", "https://graph.facebook.com/v27.0"),
        ("INGEST_MAPPINGS", "conf/maps", "mappings", Path("conf/maps")),
        ("INGEST_PORT", " 9000 ", "port", 9000),
        ("INGEST_PORT", "", "port", 8000),
        ("INGEST_DEFAULT_COUNTRY", "us", "default_country", "US"),
        ("INGEST_MAX_BODY", "100000", "max_body", 100_000),
        ("INGEST_MAX_BODY", "1.5 MB", "max_body", 1_500_000),
        ("INGEST_MAX_BODY", "64kb", "max_body", 64_000),
        ("INGEST_MAX_BODY", "2 MiB", "max_body", 2 * 1024**2),
        ("INGEST_MAX_BODY", "5M", "max_body", 5_000_000),
        ("INGEST_ALERTS", "mailto://a, slack://b", "alerts", ("mailto://a", "slack://b")),
        ("INGEST_CONSOLE_EDIT", "true", "console_edit", True),
        ("INGEST_RETENTION_DAYS", "90", "retention_days", 90),
        ("INGEST_MAX_WAITING", "0", "max_waiting", 0),
        ("INGEST_MAX_WAITING", "5000", "max_waiting", 5000),
    ],
)
def test_each_variable_sets_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, field: str, value: object
) -> None:
    """Values are read with the white space around them ignored; a blank one is none."""
    monkeypatch.setenv(name, text)
    assert getattr(settings.load(), field) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("AISENSY_URL", "backend.aisensy.com", "write it whole"),
        ("AISENSY_TIMEOUT", "soon", "valid number"),
        ("AISENSY_TIMEOUT", "0", "greater than or equal to 1"),
        ("DATABASE_URL", "mysql://db", "write sqlite:///data/ingest.db or postgresql://"),
        ("INGEST_PORT", "99999", "less than or equal to 65535"),
        ("INGEST_DEFAULT_COUNTRY", "India", "two letters"),
        ("INGEST_MAX_BODY", "many", "like 5 MB"),
        ("INGEST_MAX_BODY", "5 XB", "like 5 MB"),
        ("INGEST_MAX_BODY", "10 B", "between 1 KB and 1 GB"),
        ("INGEST_CONSOLE_EDIT", "perhaps", "valid boolean"),
        ("INGEST_RETENTION_DAYS", "0", "greater than or equal to 1"),
        ("AISENSY_API_KEY_FILE", "/no/such/file", "No file that can be read"),
    ],
)
def test_a_fault_names_its_variable_and_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, says: str
) -> None:
    """No stack trace for a wrong setting."""
    monkeypatch.setenv(name, text)
    [fault] = faults()
    assert fault.startswith(f"{name}: ")
    assert says in fault


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows everything that is to be mended."""
    for name in ("AISENSY_URL", "INGEST_PORT", "INGEST_MAX_BODY", "INGEST_SECRET_KEY_FILE"):
        monkeypatch.setenv(name, "wrong")
    assert {fault.split(":")[0] for fault in faults()} == {
        "AISENSY_URL",
        "INGEST_PORT",
        "INGEST_MAX_BODY",
        "INGEST_SECRET_KEY_FILE",
    }


def test_a_fault_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in a wrong address is not repeated."""
    monkeypatch.setenv("DATABASE_URL", "postgres//u:hunter2@db")
    assert "hunter2" not in str(faults())


def test_the_environment_comes_before_dotenv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` fills what the environment leaves open, and is not put into it."""
    (folder / ".env").write_text("INGEST_PORT=1111\nINGEST_HOST=::1\nAISENSY_API_KEY='k'\n")
    monkeypatch.setenv("INGEST_PORT", "2222")
    loaded = settings.load()
    assert (loaded.port, loaded.host, loaded.secrets.api_key("default")) == (2222, "::1", "k")
    assert "AISENSY_API_KEY" not in os.environ


def test_a_secret_is_read_from_a_file_before_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NAME_FILE, as containers mount secrets, with the newline at its end ignored."""
    (folder / "key").write_text("from-file\n")
    monkeypatch.setenv("AISENSY_API_KEY", "from-environment")
    monkeypatch.setenv("AISENSY_API_KEY_FILE", str(folder / "key"))
    assert Secrets().get("AISENSY_API_KEY") == "from-file"


def test_a_key_may_come_and_be_rotated_while_we_run(folder: Path) -> None:
    """A key that is put into `.env` is seen within a second, and so is its successor, without a restart."""
    secrets = Secrets()
    assert secrets.api_key("default") is None
    for key in ("first", "second"):
        (folder / ".env").write_text(f"AISENSY_API_KEY={key}\n")
        wait_until(partial(lambda key: secrets.api_key("default") == key, key), key)


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ("default", "AISENSY_API_KEY"),
        ("acme", "AISENSY_API_KEY__ACME"),
        ("acme-india 2", "AISENSY_API_KEY__ACME_INDIA_2"),
    ],
)
def test_each_account_has_its_variable(account: str, name: str) -> None:
    """Accounts' names become variables' names."""
    assert key_name(account) == name


def test_blank_secrets_are_none_and_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """`AISENSY_API_KEY=` in a file of examples is no key; and settings can be printed."""
    monkeypatch.setenv("AISENSY_API_KEY", "  ")
    monkeypatch.setenv("FACEBOOK_APP_SECRET", "hunter2")
    loaded = settings.load()
    assert loaded.secrets.api_key("default") is None
    assert loaded.secrets.get("FACEBOOK_APP_SECRET") == "hunter2"
    assert "hunter2" not in repr(loaded)


def test_against_the_sandbox_no_real_key_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the sandbox every address is its own, and keys and access tokens are made up."""
    for name in ("AISENSY_API_KEY", "AISENSY_API_KEY__ACME", "FACEBOOK_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("INGEST_SANDBOX", "http://127.0.0.1:8001")
    loaded = settings.load()
    got = [loaded.secrets.get(name) for name in ("AISENSY_API_KEY", "AISENSY_API_KEY__ACME", "FACEBOOK_ACCESS_TOKEN")]
    assert loaded.aisensy_url == "http://127.0.0.1:8001/campaign/t1/api"
    assert loaded.graph_url == "http://127.0.0.1:8001/v26.0"
    assert all(got)
    assert "real" not in got


def test_against_the_sandbox_nothing_is_sent_to_an_accounts_own_address() -> None:
    """A reseller's address in `_accounts.yaml` is for real leads: those of the sandbox never reach it."""
    reseller = "https://reseller.example/campaign/t1/api"
    own = settings.load()
    assert own.aisensy_of(reseller) == reseller
    assert own.aisensy_of(None) == own.aisensy_url
    assert own.against("http://127.0.0.1:8001").aisensy_of(reseller) == "http://127.0.0.1:8001/campaign/t1/api"

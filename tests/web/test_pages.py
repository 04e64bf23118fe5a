from __future__ import annotations

import shutil
import subprocess
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from ingest.errors import StoreError
from ingest.settings import Secrets
from tests.web.house import ELEMENTOR, FACEBOOK, FORM, GOOGLE_ADS, SECRET, ZAPIER, House, site_of

ALL = {
    "facebook": FACEBOOK,
    "website": FORM,
    "acme/zapier": ZAPIER,
    "google": GOOGLE_ADS,
    "wordpress": ELEMENTOR,
    "broken": "channel: nothing\n",
}


def test_health_says_that_the_process_lives(house: House) -> None:
    """And asks nobody else."""
    answer = house.client({}).get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_readiness_is_that_of_the_store(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken mapping is listed, and takes no machine out of service."""
    client = house.client(ALL)
    answer = client.get("/readyz")
    told = answer.get_json()
    assert (answer.status_code, told["status"], told["mappings"]["broken"]) == (200, "ready", ["broken"])
    [why] = told["mappings"]["findings"]
    assert (why["endpoint"], why["code"]) == ("broken", "bad_value")
    assert why["place"].endswith("broken.yaml:1:10")
    assert "There is no channel" in why["message"]

    def fail() -> None:
        raise StoreError("away")

    monkeypatch.setattr(site_of(client.application).inbox, "ping", fail)
    assert client.get("/readyz").status_code == 503


class TestStart:
    """The page behind the address that the program prints."""

    def test_it_names_every_endpoint_with_a_command(self, house: House) -> None:
        """And no secret: the shell puts it in."""
        page = house.client(ALL).get("/").get_data(as_text=True)
        for text in (
            "/in/facebook",
            "/in/website",
            "/in/acme/zapier",
            "$ZAPIER_TOKEN",
            "$GOOGLE_ADS_KEY",
            "/in/wordpress?token=$ELEMENTOR_TOKEN",
            "Not taking leads",
        ):
            assert text in page
        assert SECRET not in page
        assert "sandbox" not in page

    def test_against_the_sandbox_it_says_so_and_commands_are_ready_to_copy(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the sandbox's well-known token, and Meta played by the sandbox."""
        monkeypatch.delenv("ZAPIER_TOKEN", raising=False)
        app = house.open(ALL, secrets={}, sandbox="http://127.0.0.1:9999")
        here = site_of(app)
        object.__setattr__(here.settings, "secrets", Secrets(sandbox=True))
        page = app.test_client().get("/").get_data(as_text=True)
        for text in (
            "This runs against the sandbox",
            "sandbox-zapier-token",
            "sandbox-google-ads-key",
            "/in/wordpress?token=sandbox-elementor-token",
            "http://127.0.0.1:9999/control/meta/leads",
        ):
            assert text in page
        thanks = app.test_client().post("/in/website", data={"name": "Asha"}, headers={"Accept": "text/html"})
        assert "This runs against the sandbox" in thanks.get_data(as_text=True)

    @pytest.mark.parametrize(
        ("environ", "headers"),
        [({"REMOTE_ADDR": "8.8.8.8"}, {}), ({}, {"X-Forwarded-For": "10.0.0.1"}), ({"REMOTE_ADDR": "?"}, {})],
    )
    def test_the_world_is_told_nothing(self, house: House, environ: dict[str, str], headers: dict[str, str]) -> None:
        """The names of an agency's clients are nobody's business."""
        page = house.client(ALL).get("/", environ_overrides=environ, headers=headers).get_data(as_text=True)
        assert "acme" not in page
        assert "ingest is running" in page

    def test_pages_are_strict(self, house: House) -> None:
        """No script, no frame, nothing from elsewhere; and forms may lead to their own thank-you page."""
        client = house.client({"website": f"form: {{thanks: https://acme.example/thanks}}\n{FORM}"})
        answer = client.get("/")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self' https://acme.example" in policy
        assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == (
            "nosniff",
            "same-origin",
        )
        assert b"<script" not in answer.data
        with client.get("/static/web/site.css") as style:
            assert style.status_code == 200

    def test_the_form_on_it_posts_a_lead(self, house: House) -> None:
        """As a visitor's browser would, from our own page."""
        client = house.client({"website": f"form: {{origins: [https://acme.example]}}\n{FORM}"})
        headers = {"Origin": "http://localhost", "Accept": "text/html"}
        assert client.post("/in/website", data={"full_name": "Asha"}, headers=headers).status_code == 200

    def test_the_commands_are_good_shell(self, house: House) -> None:
        """Each can be copied into a terminal, whatever stands in it."""
        from ingest.web import start

        fields = '{full_name: {label: "It\'s"}, "it\'s $HOME": {type: choice, choices: ["\'; rm -rf /"]}}'
        app = house.open({"a(b) c$d/website": f"form: {{fields: {fields}}}\n{FORM}", "zapier": ZAPIER})
        shell = shutil.which("sh") or "sh"
        with app.test_request_context("/"):
            here = site_of(app)
            for endpoint in here.intakes.all():
                command = start._card(here, endpoint).command
                script = f"curl() {{ printf '%s\\n' \"$@\"; }}\n{command}"
                said: Any = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
                assert said.stderr == ""
                assert f"/in/{quote(endpoint.name)}\n" in said.stdout
                if endpoint.name != "zapier":
                    assert "it's $HOME='; rm -rf /" in said.stdout
                else:
                    assert f"Bearer {SECRET}" in said.stdout


@pytest.fixture
def client(house: House) -> FlaskClient:
    return house.client(ALL)


@pytest.mark.parametrize("path", ["/static/web/../../site.py", "/static/web/%2e%2e/pages.py", "/static/web/"])
def test_only_the_style_sheet_is_served(client: FlaskClient, path: str) -> None:
    """No file of ours leaves by another name."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/in/here", 405), ("POST", "/in/nope", 404)])
def test_a_browser_is_refused_with_a_page_wherever_it_goes(house: House, method: str, path: str, status: int) -> None:
    """Whoever comes with a browser reads a page, before an endpoint is found too; a program gets JSON."""
    client = house.client({"here": FORM})
    page = client.open(path, method=method, headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert client.open(path, method=method).mimetype == "application/json"

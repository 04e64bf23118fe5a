"""`ingest check --live`, asked of a real sandbox and of real hosts of media."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest import settings
from ingest.aisensy.media import MB
from ingest.cli import cli, live
from ingest.cli.mappings import catalog_of
from ingest.errors import Finding
from ingest.health import campaigns
from ingest.sandbox import Sandbox
from tests.aisensy.scripted import answer, hang, raw, scripted

HEAD = "channel: form\n"
MAPPING = """\
channel: form
request:
  campaignName: welcome_lead
  destination: "{{ lead.phone | phone }}"
  userName: "{{ lead.name }}"
  templateParams: ["{{ lead.name }}"]
  source: Website
"""
MEDIA = '  media: {{url: "{}", filename: {}}}\n'
CAMPAIGNS = {"welcome_lead": {"params": 1}, "poster": {"params": 1, "media": "image"}, "old": {"live": False}}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        box.campaigns(CAMPAIGNS)
        yield box


@pytest.fixture(autouse=True)
def folder(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of mappings with one in it, whose AiSensy is the sandbox."""
    monkeypatch.chdir(tmp_path)
    for name in ("INGEST_MAPPINGS", "AISENSY_API_KEY", "AISENSY_API_KEY__ACME", "AISENSY_URL", "INGEST_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INGEST_SANDBOX", box.url)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "site.yaml").write_text(MAPPING)
    return tmp_path / "mappings"


def check(*options: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--live", *options])


def found() -> list[dict[str, Any]]:
    every = json.loads(check("--json").stdout)
    return [one for one in every if one["code"].startswith(("live_", "media_", "accounts_", "bad_"))]


def codes() -> list[str]:
    return [finding["code"] for finding in found()]


def media_findings(tell: bytes, filename: str = "offer", campaign: str = "welcome_lead") -> list[Finding]:
    """What is said of media whose host, on this machine, gives that answer."""
    own = settings.load()
    with scripted(raw(tell)) as server:
        text = MAPPING.replace("welcome_lead", campaign) + MEDIA.format(server.url, filename)
        (own.mappings / "site.yaml").write_text(text)
        return live.look(catalog_of(own), own, allowed=lambda _: True)


def image(size: int, type_: str = "image/jpeg") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {type_}\r\nContent-Length: {size}\r\n\r\n".encode()


def test_what_aisensy_confirms_has_no_findings(box: Sandbox) -> None:
    told = check()
    assert (told.exit_code, told.stdout) == (0, "")
    assert box.requests() == []
    (asked,) = box.requests("details")
    assert asked["body"] == {"apiKey": "***", "campaignName": "welcome_lead"}


def test_each_campaign_of_an_account_is_asked_for_once(folder: Path, box: Sandbox) -> None:
    """However many routes and mappings use it; those of an expression can't be asked for."""
    (folder / "b.yaml").write_text(MAPPING)
    (folder / "c.yaml").write_text(MAPPING + "account: acme\n")
    (folder / "d.yaml").write_text(MAPPING.replace("welcome_lead", '"{{ lead.campaign }}"'))
    (folder / "e.yaml").write_text(MAPPING + "routes: [{when: lead.x, request: {tags: [x]}}, {name: y}]\n")
    assert codes() == []
    assert sorted(one["account"] for one in box.requests("details")) == ["acme", "default"]


@pytest.mark.parametrize(
    ("change", "code", "place", "hint"),
    [
        (("welcome_lead", "welcom_lead"), "live_unknown_campaign", (3, 17), "write its name as it is there"),
        (("welcome_lead", "old"), "live_unknown_campaign", (3, 17), "set it Live"),
        (('["{{ lead.name }}"]', '["{{ lead.name }}", Hi, there]'), "live_params_mismatch", (6, 21), "leave 2 out"),
        (('  templateParams: ["{{ lead.name }}"]\n', ""), "live_params_mismatch", (3, 17), "add 1"),
        (("welcome_lead", "poster"), "live_media_missing", (3, 17), "media: {url: https://…, filename: …}"),
    ],
)
def test_what_aisensy_would_refuse_is_told_where_it_stands(
    folder: Path, change: tuple[str, str], code: str, place: tuple[int, int], hint: str
) -> None:
    (folder / "site.yaml").write_text(MAPPING.replace(*change))
    (finding,) = found()
    assert (finding["file"], finding["code"]) == ("mappings/site.yaml", code)
    assert (finding["line"], finding["column"]) == place
    assert hint in finding["hint"]
    assert check().exit_code == 1


def test_the_nearest_campaign_that_is_known_is_named(folder: Path) -> None:
    (folder / "site.yaml").write_text(MAPPING.replace("welcome_lead", "welcom_lead"))
    (folder / "_accounts.yaml").write_text("accounts: {default: {campaigns: {welcome_lead: , welcom_lead: }}}")
    assert [finding["hint"] for finding in found()] == ["did you mean `welcome_lead`?"]


def test_media_that_a_campaign_has_not_is_a_warning(box: Sandbox) -> None:
    box.fail(where="details", body={"success": True, "requestBody": {"media": None, "templateParams": ["a"]}})
    (finding,) = media_findings(image(5))
    assert (finding.code, finding.severity, finding.place.line) == ("live_media_unwanted", "warning", 8)


def test_what_aisensy_does_not_tell_is_no_finding(box: Sandbox, folder: Path) -> None:
    (folder / "site.yaml").write_text(MAPPING.replace("welcome_lead", "any"))
    box.campaigns(None)
    assert codes() == []


@pytest.mark.parametrize(
    ("fault", "code", "exit_code"),
    [
        ({"status": 404}, "live_no_endpoint", 0),
        ({"status": 404, "body": "<html>"}, "live_no_endpoint", 0),
        ({"status": 405}, "live_no_endpoint", 0),
        ({"body": "<!doctype html>"}, "live_no_endpoint", 0),
        ({"status": 401}, "live_account_refused", 1),
        ({"status": 403}, "live_account_refused", 1),
        (
            {"status": 402, "body": {"message": "Insufficient WhatsApp Conversation Credits (WCC)!"}},
            "live_account_refused",
            1,
        ),
        ({"status": 400, "body": {"message": "No Plan active on assistant!"}}, "live_account_refused", 1),
        ({"status": 503}, "live_not_asked", 1),
        ({"status": 429}, "live_not_asked", 1),
        ({"reset": "before"}, "live_not_asked", 1),
        ({"status": 400, "body": {"message": "odd"}}, "live_not_asked", 1),
        ({"body": {"success": "true", "data": {"requestBody": {"templateParams": []}}}}, "live_params_mismatch", 1),
    ],
)
def test_what_can_go_wrong_with_asking(box: Sandbox, fault: dict[str, Any], code: str, exit_code: int) -> None:
    """Only where nobody can be asked at all nothing is wrong; where somebody did not answer, nothing is proven."""
    box.fail(where="details", **fault)
    told = check("--json")
    assert [finding["code"] for finding in json.loads(told.stdout)] == [code]
    assert told.exit_code == exit_code
    assert "sandbox-default" not in told.output


def test_a_refused_account_is_told_once_in_a_file_and_not_asked_on(box: Sandbox, folder: Path) -> None:
    """The campaigns of other accounts are asked for all the same."""
    routes = "".join(f"- {{name: r{n}, when: lead.x, request: {{campaignName: c{n}}}}}\n" for n in range(5))
    (folder / "acme.yaml").write_text(f"{MAPPING}account: acme\nroutes:\n{routes}")
    (folder / "site.yaml").write_text(MAPPING.replace("welcome_lead", "welcom_lead"))
    box.fail(where="details", key="acme", status=402)
    assert codes() == ["live_account_refused", "live_unknown_campaign"]
    assert [one["account"] for one in box.requests("details")].count("acme") == 1


def test_one_campaign_without_an_answer_does_not_hide_another(box: Sandbox, folder: Path) -> None:
    (folder / "b.yaml").write_text(MAPPING.replace("welcome_lead", "other"))
    box.fail(where="details", campaign="other", status=500)
    assert [(finding["file"], finding["code"]) for finding in found()] == [("mappings/b.yaml", "live_not_asked")]


def test_whoever_is_silent_is_soon_asked_no_more(box: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many campaigns do not wait one after another for an AiSensy that hangs."""
    monkeypatch.setattr(campaigns, "TIMEOUT", 0.2)
    routes = "".join(f"- {{name: r{n}, when: lead.x, request: {{campaignName: c{n}}}}}\n" for n in range(9))
    (folder / "site.yaml").write_text(f"{MAPPING}routes:\n{routes}")
    box.fail(where="details", hang=60)
    assert codes() == ["live_not_asked"] * 9
    assert len(box.requests("details")) == 2


def test_a_key_that_is_not_set_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked, and nothing is proven."""
    monkeypatch.delenv("INGEST_SANDBOX")
    (folder / "site.yaml").write_text(MAPPING + "account: acme\n")
    told = check()
    assert told.exit_code == 1
    assert told.stdout.startswith("mappings/site.yaml:3:17: live_not_asked ")
    assert "set AISENSY_API_KEY__ACME" in told.stdout


def test_each_account_is_asked_at_its_own_address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own key; against the sandbox, all are asked there."""
    with scripted(answer(400, {"message": "Campaign does not exist."})) as server:
        (folder / "_accounts.yaml").write_text(f"accounts: {{acme: {{url: '{server.url}/v2/'}}}}")
        (folder / "site.yaml").write_text(MAPPING + "account: acme\n")
        assert codes() == []
        monkeypatch.delenv("INGEST_SANDBOX")
        monkeypatch.setenv("AISENSY_API_KEY__ACME", "s3cret")
        assert codes() == ["live_unknown_campaign"]
    assert server.documents == [{"apiKey": "s3cret", "campaignName": "welcome_lead"}]
    assert server.heads[0].startswith(b"POST /campaign/t1/api/campaign-details ")


def test_no_key_goes_anywhere_while_addresses_are_unknown(folder: Path, box: Sandbox) -> None:
    (folder / "_accounts.yaml").write_text("accounts: {acme: {url: nowhere}}")
    assert sorted(codes()) == ["bad_value", "live_not_asked"]
    assert box.requests("details") == []
    assert check("--write-accounts").exit_code == 1
    assert (folder / "_accounts.yaml").read_text() == "accounts: {acme: {url: nowhere}}"


def test_sandbox_asks_where_run_has_it(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ingest check --live --sandbox` asks the sandbox of `ingest run --sandbox`, with no real key."""
    monkeypatch.delenv("INGEST_SANDBOX")
    monkeypatch.setenv("AISENSY_API_KEY", "real")
    monkeypatch.setenv("INGEST_PORT", str(int(box.url.rpartition(":")[2]) - 1))
    assert check("--sandbox").exit_code == 0
    assert len(box.requests("details")) == 1
    monkeypatch.setenv("INGEST_PORT", str(_closed_port() - 1))
    told = check("--sandbox")
    assert told.exit_code == 1
    assert "it refused the connection" in told.stdout
    assert "the sandbox was asked, at http://127.0.0.1:" in told.stdout


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/a.jpg", "https://localhost/a.jpg", "http://10.0.0.1/a.jpg", "http://[::1]/a.jpg"),
        *("http://169.254.169.254/latest/meta-data", "http://2130706433/a.jpg", "http://[::ffff:127.0.0.1]/a.jpg"),
    ],
)
def test_media_that_only_we_could_reach_is_told_and_not_fetched(folder: Path, url: str) -> None:
    """Also against the sandbox: nobody is led inside by a mapping."""
    (folder / "site.yaml").write_text(MAPPING + MEDIA.format(url, "a.jpg"))
    (finding,) = found()
    assert (finding["code"], finding["line"], finding["column"]) == ("media_private", 8, 16)


@pytest.mark.parametrize(
    ("tell", "code", "words"),
    [
        (image(404_000), None, ""),
        (image(5 * MB), None, ""),
        (image(5 * MB + 1), "media_size", "more than 5 MB"),
        (image(7 * MB), "media_size", "7.0 MB"),
        (image(0), "media_size", "empty"),
        (image(16 * MB, "video/mp4"), None, ""),
        (image(16 * MB + 1, "VIDEO/mp4"), "media_size", "16 MB of video"),
        (image(100 * MB, "application/pdf"), None, ""),
        (image(100 * MB + 1, "text/plain; charset=utf-8"), "media_size", "100 MB of document"),
        (image(5, "audio/ogg; codecs=opus"), None, ""),
        (image(5, "text/html"), "media_type", "text/html, and WhatsApp does not take that"),
        (image(5, "image/webp"), "media_type", "image/webp"),
        (image(5, "application/octet-stream"), "media_type", "octet-stream"),
        (image(5, "\x1b[2J"), "media_type", "of no type"),
        (b"HTTP/1.1 200 OK\r\n\r\n12345", "media_type", "of no type"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + b"x" * (5 * MB + 2), "media_size", "more than 5 MB"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + b"x" * 5 * MB, None, ""),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "media_unreachable", "HTTP 404"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "media_unreachable", "HTTP 204"),
        (b"no HTTP", "media_unreachable", "the connection broke"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://cdn.example/a.jpg?t=1\r\n\r\n", "media_redirect", "HTTP 302"),
    ],
)
def test_media_that_whatsapp_would_not_take_is_told(tell: bytes, code: str | None, words: str) -> None:
    """By the limits of https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media."""
    findings = media_findings(tell)
    assert [finding.code for finding in findings] == ([code] if code else []), list(map(str, findings))
    assert all(
        words in finding.message and (finding.place.line, finding.place.column) == (8, 16) for finding in findings
    )
    if code == "media_redirect":
        assert findings[0].hint == "write where it leads to: https://cdn.example/a.jpg"


def test_media_of_another_kind_than_the_campaigns_is_told(folder: Path, box: Sandbox) -> None:
    """As AiSensy tells the kind, or else `_accounts.yaml`."""
    assert media_findings(image(5), campaign="poster") == []
    (finding,) = media_findings(image(5, "video/mp4"), campaign="poster")
    assert finding.message == "The media is video/mp4, and the campaign takes image."
    assert finding.hint == "its host must send one of these: image/jpeg, image/png"
    box.campaigns({"any": {"params": 1, "media": "any"}})
    assert media_findings(image(5, "video/mp4"), campaign="any") == []
    (folder / "_accounts.yaml").write_text("accounts: {default: {campaigns: {any: {media: document}}}}")
    assert [finding.code for finding in media_findings(image(5, "video/mp4"), campaign="any")] == ["media_type"]


@pytest.mark.parametrize(
    ("filename", "code"),
    [
        *[(name, None) for name in ("offer", "offer.jpg", "OFFER.JPEG", "v1.2", "{{ lead.file }}.pdf".join("''"))],
        *[(name, "media_filename") for name in ("offer.pdf", "offer.png", "a.jpg.mp4")],
    ],
)
def test_a_filename_that_says_another_type_is_a_warning(filename: str, code: str | None) -> None:
    findings = media_findings(image(5), filename)
    assert [(finding.code, finding.severity) for finding in findings] == ([(code, "warning")] if code else [])


def test_media_is_fetched_once_and_the_one_that_hangs_holds_up_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.media, "TIMEOUT", 0.5)
    own = settings.load()
    with scripted(hang) as slow, scripted(answer(404)) as quick:
        for name, url in {"a": slow.url, "b": slow.url, "c": quick.url, "d": quick.url}.items():
            (folder / f"{name}.yaml").write_text(MAPPING + MEDIA.format(url, "a"))
        findings = live.look(catalog_of(own), own, allowed=lambda _: True)
        assert len(slow.heads) == len(quick.heads) == 1
    assert [finding.code for finding in findings] == ["media_unreachable"] * 4


def test_media_is_looked_at_also_where_the_campaign_is_an_expression(folder: Path) -> None:
    text = MAPPING.replace("welcome_lead", '"{{ lead.campaign }}"')
    (folder / "site.yaml").write_text(text + MEDIA.format("ftp://acme.example/a.jpg", "a.jpg"))
    assert codes() == ["media_address"]


def test_media_of_an_expression_is_not_fetched(folder: Path) -> None:
    (folder / "site.yaml").write_text(MAPPING + MEDIA.format("http://127.0.0.1/{{ lead.id }}", "a.jpg"))
    assert codes() == []


def test_what_aisensy_told_is_written_and_compared_with_from_then_on(folder: Path) -> None:
    """The findings of that very run are those of the new file; a later `check` needs nobody to ask."""
    (folder / "poster.yaml").write_text(MAPPING.replace("welcome_lead", "poster"))
    (folder / "typo.yaml").write_text(MAPPING.replace("welcome_lead", "welcom_lead"))
    (folder / "_accounts.yaml").write_text("accounts: # ours\n  default: {campaigns: {welcome_lead: {params: 5}}}\n")
    told = check("--write-accounts", "--json")
    assert (folder / "_accounts.yaml").read_text() == (
        "accounts: # ours\n  default: {campaigns: {welcome_lead: {params: 1}, poster: {params: 1, media: image}}}\n"
    )
    assert "params_mismatch" not in told.stdout
    later = CliRunner().invoke(cli, ["check", "--json"])
    assert [finding["code"] for finding in json.loads(later.stdout)] == ["media_missing", "unknown_campaign"]


def test_nothing_is_written_where_nothing_was_told(folder: Path, box: Sandbox) -> None:
    box.fail(where="details", status=503)
    assert check("--write-accounts").exit_code == 1
    assert not (folder / "_accounts.yaml").exists()


def test_media_of_a_kind_that_is_not_known_is_written_as_any(folder: Path, box: Sandbox) -> None:
    box.campaigns({"welcome_lead": {"params": 1, "media": "any"}})
    check("--write-accounts")
    assert "welcome_lead: {params: 1, media: any}" in (folder / "_accounts.yaml").read_text()


def test_writing_needs_asking_and_a_folder_of_ones_own(folder: Path) -> None:
    assert CliRunner().invoke(cli, ["check", "--write-accounts"]).exit_code == 2
    (folder / "site.yaml").unlink()
    folder.rmdir()
    told = check("--write-accounts")
    assert told.exit_code == 2
    assert "There is no folder mappings/ here" in told.output

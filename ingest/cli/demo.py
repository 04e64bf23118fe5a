from __future__ import annotations

import json
import secrets
import sys
import tempfile
import time
from dataclasses import replace
from typing import Any

import click
import requests

from ingest import log, settings
from ingest.channels import CHANNELS, KINDS
from ingest.channels.proof import sign
from ingest.cli.family import Family
from ingest.cli.run import Plan, free_port, plan, wait_for
from ingest.inbox.engine import migrate
from ingest.mapping import example, loader
from ingest.mapping.records import Catalog, Intake, Mapping
from ingest.settings import SANDBOX_SECRETS

PATIENCE = 30.0  # seconds for a lead to reach the sandbox


@click.command()
@click.option("--keep", is_flag=True, help="Go on running afterwards, until Ctrl-C.")
def demo(keep: bool) -> None:
    """Run everything on free ports with an empty store and the sandbox, and send one lead through each mapping.

    \b
    Example:
      ingest demo --keep
    """
    log.setup()
    own = settings.load()
    catalog = loader.load(own.mappings, KINDS, own.default_country)
    samples = {name: sample(mapping) for name, mapping in catalog.mappings.items() if mapping.intake}
    if not samples:
        raise click.ClickException(f"There is no mapping in {own.mappings}/: put one there, or set INGEST_MAPPINGS.")
    made_up = {name: f"demo-{secrets.token_hex(8)}" for one in samples for name in _secret_names(catalog.mappings[one])}
    known = {**made_up, **{name: SANDBOX_SECRETS[name] for name in made_up if name in SANDBOX_SECRETS}}
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ingest-demo-") as folder:
        store = f"sqlite:///{folder}/demo.db"
        migrate(store)
        planned = plan(
            replace(own, host="127.0.0.1"), sandbox=True, port=free_port(), sandbox_port=free_port(), store=store
        )
        for child in planned.children:
            child.environment = {**child.environment, "INGEST_HOST": "127.0.0.1", "WEB_CONCURRENCY": "1", **known}
        family = Family(planned.children)

        def ready() -> None:
            if wait_for(f"{planned.address}/healthz", family) and wait_for(f"{planned.sandbox}/", family):
                problems.extend(_show(planned, catalog, samples, known))
            elif not family.ending:
                problems.append("The program did not start within a minute")
            if keep and not problems:
                click.echo(
                    f"Running on: {planned.address}/ and the sandbox {planned.sandbox}/ (Ctrl-C ends it)", err=True
                )
            else:
                family.stop()

        family.run(ready)
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


def _secret_names(mapping: Mapping) -> list[str]:
    intake = mapping.intake
    return [] if intake is None else [name for names in intake.auth.values() for name in names]


def sample(mapping: Mapping) -> dict[str, Any]:
    """What the first test of a mapping posts, or a lead that most mappings can read."""
    posted = (test.get("payload") or test.get("lead") for test in example.tests(mapping.translation))
    usual = {path[-1]: text for path, text in example.USUAL.items()}
    return next((one for one in posted if isinstance(one, dict)), usual)


def _show(planned: Plan, catalog: Catalog, samples: dict[str, dict[str, Any]], known: dict[str, str]) -> list[str]:
    problems = []
    for name, payload in samples.items():
        mapping = catalog.mappings[name]
        assert mapping.intake is not None  # noqa: S101 - such mappings have no sample
        click.echo(f"{mapping.endpoint} ({mapping.intake.channel}):", err=True)
        before = len(_received(planned))
        answer = _post(planned, mapping.endpoint, mapping.intake, payload, known)
        if not answer.ok:
            problems.append(f"{mapping.endpoint}: {answer.status_code} {answer.text}")
            continue
        end = time.monotonic() + PATIENCE
        while len(received := _received(planned)) == before and time.monotonic() < end:
            time.sleep(0.02)
        if len(received) == before:
            problems.append(f"{mapping.endpoint}: nothing reached the sandbox; `ingest try` tells why")
        for body in received[before:]:
            click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    return problems


def _received(planned: Plan) -> list[dict[str, Any]]:
    listed = requests.get(f"{planned.sandbox}/control/requests", timeout=10).json()["requests"]
    return [one["body"] for one in listed if one["path"].endswith("/campaign/t1/api")]


def _post(
    planned: Plan, endpoint: str, intake: Intake, payload: dict[str, Any], known: dict[str, str]
) -> requests.Response:
    url = f"{planned.address}/in/{endpoint}"
    secret = {key: known[names[0]] for key, names in intake.auth.items() if names}
    if intake.channel == "facebook":
        order = {"url": url, "app_secret": secret["app_secret"], "leads": [payload]}
        return requests.post(f"{planned.sandbox}/control/meta/leads", json=order, timeout=30)
    if intake.channel == "form":
        return requests.post(url, data=payload, headers={"Accept": "application/json"}, timeout=10)
    if intake.channel == "elementor":
        return requests.post(url, params={"token": secret.get("token", "")}, data=payload, timeout=10)
    if "google_key" in secret:  # it stands in the lead itself
        payload = {"lead_id": "demo", **payload, "google_key": secret["google_key"]}
    body = json.dumps(payload).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret.get('token', '')}"}
    channel = CHANNELS[intake.channel]
    signature, key = channel.signature or intake.signature, "secret" if channel.signature else "hmac"
    if signature and key in secret:
        headers |= sign(signature, body, secret[key], time.time())
    return requests.post(url, data=body, headers=headers, timeout=10)


COMMANDS = {"demo": demo}

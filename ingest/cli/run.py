from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass

import click

from ingest import log, memory, settings
from ingest.cli.family import SANDBOX, Child, Family, die_with_parent
from ingest.errors import StoreError
from ingest.settings import Settings

SANDBOX_STORE = "sqlite:///data/sandbox.db"


@dataclass(frozen=True)
class Plan:
    """What `run` and `demo` start: the children's environment, and the addresses that people open."""

    children: list[Child]
    address: str
    sandbox: str | None


def plan(own: Settings, *, sandbox: bool, port: int, sandbox_port: int, store: str) -> Plan:
    """Web and worker, with the sandbox before them where it is wanted."""
    environment = {**os.environ, "INGEST_PORT": str(port), "DATABASE_URL": store}
    children = []
    box = None
    if sandbox:
        box = f"http://127.0.0.1:{sandbox_port}"
        environment["INGEST_SANDBOX"] = box
        children.append(Child(SANDBOX, ["sandbox", "--port", str(sandbox_port)], environment))
    worker = f"worker-{secrets.token_hex(4)}"
    children += [
        Child("web", ["web"], environment),
        Child("worker", ["worker", "--name", worker], environment, died=lambda: _free(store, worker)),
    ]
    host = "127.0.0.1" if own.host in {"0.0.0.0", "::"} else own.host  # noqa: S104 - compared, not bound
    return Plan(children, f"http://{host}:{port}", box)


def _free(store: str, worker: str) -> None:
    """Give back what a dead worker had, without waiting for its lease to end."""
    from ingest.inbox import Inbox  # noqa: PLC0415 - only a death needs it

    inbox = None
    with suppress(StoreError):
        inbox = Inbox(store)
        inbox.free(worker)
    if inbox:
        inbox.close()


def free_port(wanted: int = 0) -> int:
    """The wanted port where it is free on this machine, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise click.ClickException("No port is free")


def _is_free(host: str, port: int, seconds: float = 5.0) -> bool:
    """Whether we can listen there; what is just ending, our own earlier self for example, is waited for."""
    end = time.monotonic() + seconds
    while True:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    return True  # whatever it is, who listens tells it better
            else:
                return True
        if time.monotonic() > end:
            return False
        time.sleep(0.1)


def wait_for(address: str, family: Family, seconds: float = 60.0) -> bool:
    """Whether an address answers in time; stops waiting when the family is told to end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not family.ending:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
        time.sleep(0.05)
    return False


@click.command()
@click.option("--sandbox", is_flag=True, help="Send to a stand-in for AiSensy and Facebook, with a store of its own.")
def run(sandbox: bool) -> None:
    """Run web and worker under one parent, which starts them again when they die.

    \b
    Example:
      ingest run --sandbox
    """
    log.setup()
    own = settings.load()
    from ingest.inbox.engine import migrate  # noqa: PLC0415 - slow to load, and the settings come first

    if not _is_free(own.host, own.port):
        raise click.UsageError(f"Port {own.port} is taken by another program: set INGEST_PORT to a free one.")
    sandbox_port = free_port(own.port + 1) if sandbox else 0
    store = SANDBOX_STORE if sandbox else own.database_url
    try:
        migrate(store)
    except StoreError as error:
        click.echo(f"{error}\nLeads are refused with 503 until it can be.", err=True)
    planned = plan(own, sandbox=sandbox, port=own.port, sandbox_port=sandbox_port, store=store)
    family = Family(planned.children)

    def ready() -> None:
        if wait_for(f"{planned.address}/healthz", family):
            if planned.sandbox:
                wait_for(f"{planned.sandbox}/", family, 10.0)  # we tell people to open it
            _say(own, planned)

    sys.exit(family.run(ready))


def _say(own: Settings, planned: Plan) -> None:
    click.echo(f"ingest is ready: {planned.address}/")
    if own.mappings == settings.SAMPLES:
        click.echo(f"There is no folder mappings/ here, so the examples are used: {own.mappings}")
    if planned.sandbox:
        click.echo(f"SANDBOX: nothing is sent to AiSensy; see what it would have received: {planned.sandbox}/")
    elif own.secrets.api_key("default") is None:
        click.echo("AISENSY_API_KEY is not set: leads are stored and wait for it. To try without: ingest run --sandbox")


@click.command()
def web() -> None:
    """Run the web side alone: it takes leads and stores them. The same as `gunicorn wsgi:app`.

    \b
    Example:
      INGEST_PORT=8080 ingest web
    """
    log.setup()
    own = settings.load()
    die_with_parent(signal.SIGKILL)
    memory.one_arena()
    from ingest.cli.server import serve  # noqa: PLC0415 - slow to load

    serve(own)


@click.command()
@click.option("--name", default=None, help="What its leases are under; made up where not given.")
def worker(name: str | None) -> None:
    """Run a worker alone: it translates and sends what is stored. Many may run, on many machines.

    \b
    Example:
      DATABASE_URL=postgresql://ingest@db/ingest ingest worker
    """
    log.setup()
    own = settings.load()
    die_with_parent(signal.SIGTERM)
    memory.one_arena()
    from ingest.delivery.worker import Worker  # noqa: PLC0415 - slow to load
    from ingest.inbox import Inbox  # noqa: PLC0415 - the same

    inbox = Inbox(own.database_url, patient=True)
    working = Worker(own, inbox, name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: working.stop())
    working.run()
    inbox.close()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
def sandbox(host: str, port: int) -> None:
    """Run the stand-in for AiSensy and the Graph API alone; its page shows all that it receives.

    \b
    Example:
      ingest sandbox --port 8001
    """
    log.setup()
    die_with_parent(signal.SIGTERM)
    from ingest.sandbox import serve  # noqa: PLC0415 - slow to load

    serve(host, port, lambda address: click.echo(f"The sandbox is ready: {address}/", err=True))


COMMANDS = {"run": run, "web": web, "worker": worker, "sandbox": sandbox}

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
import phonenumbers
from environs import EnvValidationError, FileAwareEnv

from ingest.errors import SettingsError

AISENSY_URL = "https://backend.aisensy.com/campaign/t1/api"
GRAPH_URL = "https://graph.facebook.com/v26.0"
SAMPLES = Path(__file__).parent / "samples"  # the mappings that we ship, for a folder that has none yet
KEY = "AISENSY_API_KEY"
SANDBOX_SECRETS = {
    "FACEBOOK_APP_SECRET": "sandbox-app-secret",
    "FACEBOOK_VERIFY_TOKEN": "sandbox-verify-token",
    "ZAPIER_TOKEN": "sandbox-zapier-token",
    "ELEMENTOR_TOKEN": "sandbox-elementor-token",
    "GOOGLE_ADS_KEY": "sandbox-google-ads-key",
    "JSON_TOKEN": "sandbox-json-token",
    "TYPEFORM_SECRET": "sandbox-typeform-secret",
    "WEBFLOW_SECRET": "sandbox-webflow-secret",
    "WEBFLOW_TOKEN": "sandbox-webflow-token",
    "SHOPIFY_SECRET": "sandbox-shopify-secret",
    "TURNSTILE_SECRET": "sandbox-turnstile-secret",
    "HCAPTCHA_SECRET": "sandbox-hcaptcha-secret",
    "RECAPTCHA_SECRET": "sandbox-recaptcha-secret",
    "INGEST_OPTOUT_TOKEN": "sandbox-optout-token",
}

MAX_DAYS = 36_500
"""The longest retention: a hundred years."""

_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "KIB": 1024, "MIB": 1024**2}


@dataclass(frozen=True)
class Secrets:
    """Secrets by their variable's name, read anew at each call: a key may come, and be rotated, while we run.

    `NAME_FILE` comes first, then the environment, then `.env`. Against the sandbox no real key or token leaves.
    """

    sandbox: bool = False
    _known: dict[str, tuple[float, str | None]] = field(default_factory=dict, repr=False, compare=False)

    def get(self, name: str) -> str | None:
        """The secret, without white space around it, or None where it is not set or blank; at most a second old."""
        now = time.monotonic()
        read_at, value = self._known.get(name, (-1.0, None))
        if read_at < now - 1 or read_at < 0:
            value = self._read(name)
            self._known[name] = (now, value)
        return value

    def _read(self, name: str) -> str | None:
        if self.sandbox and (name.startswith(KEY) or name == "FACEBOOK_ACCESS_TOKEN"):
            return f"sandbox-{name.removeprefix(KEY).strip('_').lower() or 'default'}"
        value = (_Reader().str(name, None) or "").strip()
        return value or (SANDBOX_SECRETS.get(name) if self.sandbox else None)

    def api_key(self, account: str) -> str | None:
        """The AiSensy key of an account: `default` is AISENSY_API_KEY, `acme` is AISENSY_API_KEY__ACME."""
        return self.get(key_name(account))


def key_name(account: str) -> str:
    """The variable that holds an account's key."""
    return KEY if account == "default" else f"{KEY}__{re.sub(r'[^A-Za-z0-9]', '_', account).upper()}"


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked; docs/settings.md tells each variable."""

    aisensy_url: str = AISENSY_URL
    aisensy_timeout: float = 30.0  # seconds
    database_url: str = "sqlite:///data/ingest.db"
    graph_url: str = GRAPH_URL
    mappings: Path = Path("mappings")
    host: str = "127.0.0.1"
    port: int = 8000
    default_country: str = "IN"
    max_body: int = 5_000_000  # bytes
    max_waiting: int = 100_000  # deliveries of an account; 0 is no limit
    trusted_proxies: int = 0
    retention_days: int | None = None
    reconcile: int | None = None  # minutes
    alerts: tuple[str, ...] = ()
    public_url: str | None = None
    console_edit: bool = False
    metrics_port: int | None = None
    sandbox: str | None = None  # the sandbox's address, where we run against it
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def sqlite_path(self) -> Path | None:
        """The store's file, or None on PostgreSQL."""
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.database_url.startswith(prefix) else None

    def aisensy_of(self, own: str | None) -> str:
        """Where an account's requests go: to its own address, but never past the sandbox."""
        return self.aisensy_url if self.sandbox else own or self.aisensy_url

    def against(self, sandbox: str) -> Settings:
        """These settings, with everything sent to the sandbox at that address."""
        return replace(
            self,
            sandbox=sandbox,
            aisensy_url=f"{sandbox}/campaign/t1/api",
            graph_url=f"{sandbox}/v26.0",
            secrets=Secrets(sandbox=True),
        )


def load() -> Settings:
    """The settings of this process.

    Raises SettingsError with every fault at once.
    """
    env = _Reader(eager=False)
    values: dict[str, Any] = {
        "aisensy_url": env.str("AISENSY_URL", AISENSY_URL, validate=_web_address),
        "aisensy_timeout": env.float("AISENSY_TIMEOUT", 30.0, validate=ma.validate.Range(1, 600)),
        "database_url": env.str("DATABASE_URL", Settings.database_url, validate=_database),
        "graph_url": env.str("FACEBOOK_GRAPH_URL", GRAPH_URL, validate=_web_address),
        "mappings": env.path("INGEST_MAPPINGS", None),
        "host": env.str("INGEST_HOST", Settings.host),
        "port": env.int("INGEST_PORT", Settings.port, validate=ma.validate.Range(0, 65535)),
        "default_country": env.str("INGEST_DEFAULT_COUNTRY", "IN", validate=_country),
        "max_body": env.str("INGEST_MAX_BODY", "5 MB", validate=_size),
        "max_waiting": env.int("INGEST_MAX_WAITING", 100_000, validate=ma.validate.Range(0)),
        "trusted_proxies": env.int("INGEST_TRUSTED_PROXIES", 0, validate=ma.validate.Range(0, 20)),
        "retention_days": env.int("INGEST_RETENTION_DAYS", None, validate=ma.validate.Range(1, MAX_DAYS)),
        "reconcile": env.int("INGEST_RECONCILE", None, validate=ma.validate.Range(0)),
        "alerts": env.list("INGEST_ALERTS", []),
        "public_url": env.str("INGEST_PUBLIC_URL", None, validate=_web_address),
        "console_edit": env.bool("INGEST_CONSOLE_EDIT", False),
        "metrics_port": env.int("INGEST_METRICS_PORT", None, validate=ma.validate.Range(0, 65535)),
        "sandbox": env.str("INGEST_SANDBOX", None),
    }
    for name in SECRET_NAMES:
        env.str(name, None)  # a NAME_FILE that can't be read is a fault, and told at the start
    faults = env.unreadable
    try:
        env.seal()
    except EnvValidationError as error:
        faults += _faults(error.error_messages)
    if faults:
        raise SettingsError(faults)
    values["max_body"] = _size(str(values["max_body"]))
    values["alerts"] = tuple(one.strip() for one in values["alerts"] if one.strip())
    values["default_country"] = str(values["default_country"]).upper()
    if values["mappings"] is None:
        values["mappings"] = Settings.mappings if Settings.mappings.is_dir() else SAMPLES
    settings = Settings(**values)
    return settings.against(settings.sandbox) if settings.sandbox else settings


SECRET_NAMES = (
    KEY,
    "FACEBOOK_APP_SECRET",
    "FACEBOOK_VERIFY_TOKEN",
    "FACEBOOK_ACCESS_TOKEN",
    "INGEST_SECRET_KEY",
    "INGEST_CONSOLE_PASSWORD",
    "INGEST_CONSOLE_VIEWER_PASSWORD",
    "INGEST_METRICS_TOKEN",
    "INGEST_OPTOUT_TOKEN",
)


class _Reader(FileAwareEnv):
    """Reads the environment, then `.env`; a blank value is none, an unreadable NAME_FILE is a fault like any other."""

    def __init__(self, *, eager: bool = True) -> None:
        super().__init__(eager=eager, strip_whitespace=True)
        self.unreadable: list[str] = []
        try:
            self.read_env(str(Path.cwd() / ".env"), recurse=False)
        except (OSError, ValueError):  # half written, or no UTF-8
            self.unreadable.append(".env: It can't be read: it must be a text file in UTF-8.")

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            value = super()._get_value(env_key, default)
        except (ValueError, OSError):
            self.unreadable.append(f"{env_key}_FILE: No file that can be read: give the path of one, readable for us.")
            return default
        return default if isinstance(value, str) and not value.strip() else value


def _faults(messages: Any) -> list[str]:
    return [f"{name}: {_sentence(text)}" for name, texts in sorted(messages.items()) for text in texts]


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _web_address(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ma.ValidationError(f"Not a web address: write it whole, like {AISENSY_URL}")


def _database(text: str) -> None:
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
        raise ma.ValidationError("Not a store: write sqlite:///data/ingest.db or postgresql://user:password@host/name")


def _country(text: str) -> None:
    if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ma.ValidationError("Not a country: write its two letters (ISO 3166), like IN")


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KM]?i?B?)", text.strip(), re.IGNORECASE)
    unit = match[2].upper() if match else ""
    unit = unit if unit in _UNITS else f"{unit}B"
    if not match or unit not in _UNITS or not 1024 <= float(match[1]) * _UNITS[unit] <= 1024**3:
        raise ma.ValidationError("Not a size between 1 KB and 1 GB: write bytes or a unit, like 5 MB")
    return int(float(match[1]) * _UNITS[unit])

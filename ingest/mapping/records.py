"""What a mapping file says, read and checked."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import time, timedelta
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ingest.errors import Finding, Place
from ingest.mapping.document.nodes import Node
from ingest.mapping.expressions.compiling import Expression
from ingest.mapping.expressions.language import Language
from ingest.mapping.tables.table import Table
from ingest.models import Signature


@dataclass(frozen=True)
class Captcha:
    """A captcha that a form has."""

    vendor: str  # turnstile, hcaptcha or recaptcha
    secret: str  # the variable's name
    site_key: str | None = None
    when_down: Literal["accept", "hold", "refuse"] = "accept"
    min_score: float = 0.5


@dataclass(frozen=True)
class FormBlock:
    """What a website's form may do, what is checked of it, and how its pages look, as the mapping's `form` says."""

    origins: tuple[str, ...] = ()
    thanks: str | None = None
    rate: tuple[float, timedelta] | None = None  # per client address
    phone_rate: tuple[float, timedelta] | None = None
    min_seconds: float = 0.0
    captcha: Captcha | None = None
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    theme: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)  # files of templates, beside the mapping
    language: str = "en"


@dataclass(frozen=True)
class Intake:
    """How an endpoint takes events: what web needs to know of a mapping."""

    channel: str
    place: Place  # of its channel
    auth: dict[str, tuple[str, ...]]  # key -> names of environment variables
    signature: Signature | None = None  # how posts are signed, where the mapping says so; the secret is in `auth`
    access_tokens: dict[str, str] = field(default_factory=dict)  # page id -> name of an environment variable
    forms: MappingABC[str, Place] = field(default_factory=dict)  # those that it claims, each with where it says so
    pages: MappingABC[str, Place] = field(default_factory=dict)
    form: FormBlock | None = None
    duplicate_events: timedelta = timedelta(minutes=10)
    event_id: Expression | None = None
    places: MappingABC[tuple[str, str], Place] = field(
        default_factory=dict
    )  # of each variable, and of each page, by its key


@dataclass(frozen=True)
class QuietHours:
    """From when to when nobody is messaged; `start` after `end` spans midnight."""

    start: time
    end: time
    zone: ZoneInfo


@dataclass(frozen=True)
class Policy:
    """When a request may leave."""

    consent: Expression | None = None
    duplicate_by: Expression | None = None
    max_age: timedelta | None = None
    duplicate_within: timedelta | None = None
    cap: tuple[int, timedelta] | None = None
    quiet_hours: QuietHours | None = None
    on_timeout: Literal["hold", "retry"] = "hold"


@dataclass(frozen=True)
class Request:
    """An AiSensy body's fields as expressions, under AiSensy's names and in the reference's order."""

    place: Place
    texts: dict[str, Expression]  # campaignName, destination, userName, source
    media: dict[str, Expression]
    params: tuple[Expression, ...]
    tags: tuple[Expression, ...]
    attributes: dict[str, Expression]
    keys: dict[str, Place] = field(default_factory=dict)  # where each key, and `attributes.city`, stands


@dataclass(frozen=True)
class Route:
    """One rule: the request of the leads for which `when` holds."""

    request: Request
    place: Place
    name: str | None = None
    when: Expression | None = None
    goes_on: bool = False  # the routes after it are looked at as well
    policy: Policy = Policy()  # the mapping's, changed by its own
    key: str | None = None  # what deliveries know it by: its name, or its campaign; none without `routes`


@dataclass(frozen=True)
class Translation:
    """How a lead becomes requests."""

    language: Language
    place: Place  # of `routes`, or of the file
    account: str
    account_place: Place  # where it is named, or of the file
    lets: dict[str, Expression]
    routes: tuple[Route, ...]
    tables: MappingABC[str, Table] = field(default_factory=dict)  # by name, or by the file's
    tests: tuple[Node, ...] = ()
    faulty_tests: tuple[Finding, ...] = ()  # what is wrong with others, which can't be run; it stops no lead


@dataclass(frozen=True)
class Campaign:
    """What `_accounts.yaml` tells of a campaign."""

    params: int | None = None
    media: str | None = None


@dataclass(frozen=True)
class Account:
    """An AiSensy account, as `_accounts.yaml` tells."""

    name: str
    url: str | None = None
    pace: float | None = None  # requests a second, of all processes
    in_flight: int | None = None  # requests under way, of all processes
    campaigns: dict[str, Campaign] | None = None
    tags: tuple[str, ...] | None = None
    attributes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Mapping:
    """A mapping file: one endpoint. A part that has findings is None, and the other is none the worse."""

    endpoint: str
    file: str
    version: str  # 12 characters, of the content with all that it extends
    intake: Intake | None = None
    translation: Translation | None = None
    intake_findings: list[Finding] = field(default_factory=list)
    translation_findings: list[Finding] = field(default_factory=list)
    intake_document: dict[str, Any] | None = None  # the intake's sections, plain: `loader.intake_from` reads them
    warnings: list[Finding] = field(default_factory=list)  # what works, and hardly as it is meant
    draft: Translation | None = None  # the translation, or what there is of it beside what is wrong
    sources: tuple[str, ...] = ()  # the files that it is made of, also those that were looked for in vain

    @property
    def is_broken(self) -> bool:
        """Whether it can't take leads, or can't translate them."""
        return self.intake is None or self.translation is None

    @property
    def broken_by(self) -> list[Finding]:
        """What keeps a part from working; nothing where all works."""
        parts = ((self.intake, self.intake_findings), (self.translation, self.translation_findings))
        return list(dict.fromkeys(one for part, findings in parts if part is None for one in findings))

    @property
    def findings(self) -> list[Finding]:
        """All that is wrong with the file."""
        return list(dict.fromkeys([*self.intake_findings, *self.translation_findings]))


@dataclass(frozen=True)
class Catalog:
    """All mappings of a folder, and what is wrong with them.

    While `_accounts.yaml` or a folder can't be read, `accounts` and `mappings` are what was last read there.
    """

    mappings: MappingABC[str, Mapping] = field(default_factory=dict)
    accounts: MappingABC[str, Account] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    accounts_findings: list[Finding] = field(default_factory=list)
    away: list[Finding] = field(default_factory=list)  # folders that can't be listed
    files: tuple[str, ...] = ()  # all that were looked at, those too that are no endpoints
    folder: str = ""

    @cached_property
    def broken(self) -> dict[str, list[Finding]]:
        """What does not work now, each with the findings that tell why: endpoints, `_accounts`, folders."""
        faults = [one for one in self.accounts_findings if one.severity == "error"]
        return {
            **{one.endpoint: one.broken_by for one in self.mappings.values() if one.is_broken},
            **({"_accounts": faults} if faults else {}),
            **{one.place.file: [one] for one in self.away},
        }

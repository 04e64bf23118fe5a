"""A file's rows, as leads of mappings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from ingest.channels.base import Notice
from ingest.channels.facebook import Facebook
from ingest.channels.graph import export
from ingest.channels.payload import posted, wrong
from ingest.cli.foretelling import Foretold, foretold
from ingest.errors import Refusal
from ingest.inbox import accepting
from ingest.intake.endpoints import Endpoint
from ingest.intake.entrance import Entrance
from ingest.intake.sheet import Row, Sheet, fields_of
from ingest.mapping.records import Catalog
from ingest.models import Event, Reason, Via
from ingest.web.forms.fields import NO_BLOCK, check_fields

BATCH = 500
"""Rows that one transaction stores."""

MAX_TOLD = 1_000
"""Refused rows that are told one by one, so that a file which is wrong throughout does not fill the memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no lead: its line, and why, without what is in it."""

    line: int
    code: str
    message: str


@dataclass
class Report:
    """What became of a file's rows, and what will become of the messages of those that were taken."""

    rows: int = 0
    taken: Counter[str] = field(default_factory=Counter)  # by endpoint
    duplicates: int = 0
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)
    messages: Counter[Foretold] = field(default_factory=Counter)
    finished: bool = False


@dataclass(frozen=True)
class Importer:
    """Takes rows as leads of an endpoint, or only tells what would become of them."""

    entrance: Entrance
    catalog: Catalog
    called: Endpoint
    country: str
    dry_run: bool = False
    send_old: bool = False
    report: Report = field(default_factory=Report)
    _seen: set[int] = field(
        default_factory=set
    )  # of a dry run, whose leads are not in the store: hashes of their names

    def take(self, sheet: Sheet) -> Iterator[None]:
        """Take a file, some rows at each step. What is on disk stays there if it is not finished. Raises StoreError."""
        for rows in _batches(sheet.rows(), BATCH):
            self._take(sheet, rows)
            yield
        self.report.finished = True

    def _take(self, sheet: Sheet, rows: Sequence[Row]) -> None:
        notices = list(self._notices(sheet.columns, rows))
        waived = (Reason.TOO_OLD,) if self.send_old else ()
        events = self.entrance.events(self.called, notices, Via.IMPORT, waived)
        known = self._known(events) if self.dry_run else [one.duplicate for one in self.entrance.inbox.accept(events)]
        fresh = [event for event, repeats in zip(events, known, strict=True) if not repeats]
        messages = Counter(foretold(fresh, self.catalog, self.entrance.inbox, self.country))
        self.report.messages.update(messages)  # only now, so that the sums agree where this is interrupted
        self.report.rows += len(rows)
        self.report.duplicates += len(events) - len(fresh)
        self.report.taken.update(event.endpoint for event in fresh)

    def _notices(self, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Notice]:
        for row in rows:
            try:
                if row.fault:
                    self._refuse(row, "bad_row", row.fault)
                else:
                    yield _notice(self.called, columns, row.cells, self.country)
            except Refusal as refusal:
                self._refuse(row, refusal.code, refusal.message)

    def _refuse(self, row: Row, code: str, message: str) -> None:
        self.report.refused += 1
        if len(self.report.refusals) < MAX_TOLD:
            self.report.refusals.append(Refused(row.line, code, message))

    def _known(self, events: Sequence[Event]) -> list[bool]:
        """Whether each is in the store, or before it in the file."""
        names = [name for event in events for name in event.identity.names]
        with self.entrance.inbox.reading() as connection:
            stored = accepting.known_names(connection, names)
        found = []
        for event in events:
            own = {hash(name) for name in event.identity.names}
            found.append(not self._seen.isdisjoint(own) or not stored.isdisjoint(event.identity.names))
            self._seen.update(own)
        return found


def is_facebooks(endpoint: Endpoint) -> bool:
    """Whether an endpoint's leads are those of Facebook's exports."""
    return endpoint.channel.name == Facebook.name


def takes(endpoint: Endpoint, columns: Sequence[str]) -> bool:
    """Whether an endpoint can make leads of the rows of a file with these columns."""
    if is_facebooks(endpoint):
        return export.is_export(columns)
    try:
        return bool(_notice(endpoint, columns, ["1"] * len(columns), "", checked=False))
    except Refusal:
        return False


def _notice(
    endpoint: Endpoint, columns: Sequence[str], cells: Sequence[str], country: str, *, checked: bool = True
) -> Notice:
    """A row as if its source had posted it. Raises Refusal."""
    if is_facebooks(endpoint):
        return export.notice(columns, cells)
    fields = fields_of(columns, export.plain(columns, cells) if export.is_export(columns) else cells)
    notice = next(iter(endpoint.channel.parse(posted(fields, {})).notices), None)
    if notice is None:
        raise wrong("The row", "is no lead", f"the sources of {endpoint.channel.name}")
    if checked and endpoint.channel.browser and notice.hold is None:
        check_fields(endpoint.channel.content(notice.payload), endpoint.intake.form or NO_BLOCK, country)
    return notice


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch

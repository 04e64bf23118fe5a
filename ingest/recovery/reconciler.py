from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest import log
from ingest.channels.facebook import Facebook
from ingest.channels.graph import Graph
from ingest.errors import GraphError, StoreError
from ingest.inbox import Inbox, forms, jobs
from ingest.inbox.forms import FormDay
from ingest.intake.endpoints import Intakes
from ingest.intake.entrance import Entrance
from ingest.models import Status, Via, utcnow
from ingest.recovery.forms import Form, FormBook
from ingest.recovery.recovery import Recovery, Tally
from ingest.settings import Settings

JOB = "reconciliation"
USUAL = 15
"""Every how many minutes, where the settings do not say."""
SOON = timedelta(seconds=15)
"""How soon after the very first start, where the settings ask for it."""
RENEW = 20.0  # seconds between two words of the one who compares: others do it a minute after the last, or later
RARELY = timedelta(hours=12)
"""How often a form is asked that is closed: often enough that each of its leads is looked for."""
BEFORE = timedelta(minutes=10)
"""How long before we were first here leads are looked for, where nobody asks for more: earlier ones are not ours."""

_logger = log.get()


class _Turn:
    """While one compares, nobody else does; and then not before it is time again. If it dies, that time comes too."""

    def __init__(self, inbox: Inbox, every: timedelta) -> None:
        self._inbox = inbox
        self._every = every
        self._ended = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._renew, name="reconciliation", daemon=True).start()

    def _renew(self) -> None:
        while not self._ended.wait(RENEW):
            with suppress(StoreError):  # it is tried again
                self._inbox.write(jobs.put_off, (JOB, self._every))

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._inbox.write(jobs.put_off, (JOB, self._every))


@dataclass(frozen=True)
class Reconciler:
    """Compares each form's leads of yesterday and today with what is here, and takes in what is missing.

    `minutes` is how often; 0 is never, None is every 15 minutes, and only for what came since we are here.
    """

    inbox: Inbox
    book: FormBook
    recovery: Recovery
    minutes: int | None = None

    def is_due(self) -> datetime | None:
        """From when on leads are to be compared, where it is for us to do now; None where not. Raises StoreError."""
        if self.minutes == 0 or not any(one.channel.remote for one in self.book.intakes.all()):
            return None
        every = timedelta(minutes=self.minutes or USUAL)
        first = min(every, SOON) if self.minutes else every
        known_since: datetime | None = self.inbox.write(jobs.claim, (JOB, every, first))
        if known_since is None:
            return None
        yesterday = (utcnow() - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return yesterday if self.minutes else max(yesterday, known_since - BEFORE)

    def run(self, since: datetime) -> None:
        """Compare all forms. What stands in the way of one is logged, and keeps no other from being compared."""
        try:
            with _Turn(self.inbox, timedelta(minutes=self.minutes or USUAL)):
                known = self.book.find()
                for subject, why in known.faults.items():
                    _logger.warning("reconciliation_failed", subject=subject, error=why)
                for form in self._due(known.forms):
                    self._compare(form, since)
        except StoreError as error:
            _logger.warning("reconciliation_failed", subject="store", error=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the thread, and with it all comparing
            _logger.error("reconciliation_failed", subject="all", error=type(error).__name__)  # noqa: TRY400 - enough

    def _due(self, found: list[Form]) -> list[Form]:
        """The forms without those that are closed, and were compared a short while ago."""
        with self.inbox.reading() as connection:
            compared = forms.compared(connection)
        asked_since = utcnow() - RARELY
        return [one for one in found if one.is_open or one.id not in compared or compared[one.id] < asked_since]

    def _compare(self, form: Form, since: datetime) -> None:
        tally, fault = Tally(), None
        try:
            for tally in self.recovery.take(form, since, Via.RECONCILIATION):  # noqa: B007 - the last is the whole
                pass
        except GraphError as error:
            fault = error.message
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one form keeps no other from being compared
            fault = type(error).__name__
        if fault is None:
            self.inbox.write(forms.record, self._days(form, since, tally))
        else:
            _logger.warning("reconciliation_failed", subject=f"form {form.id}", error=fault)
        if missed := tally.missed.total():
            hint = "Their webhooks never came, and they are taken in now: `ingest doctor` looks for the cause"
            _logger.warning("leads_missed", form_id=form.id, page_id=form.page_id, count=missed, hint=hint)

    def _days(self, form: Form, since: datetime, tally: Tally) -> list[FormDay]:
        now = utcnow()
        ids = [one for day in tally.days.values() for one in day]
        with self.inbox.reading() as connection:
            stands = forms.standing(connection, Facebook.name, ids)
        first, last = since.astimezone(UTC).date(), now.date()
        every = [(first + timedelta(days=one)).isoformat() for one in range((last - first).days + 1)]
        return [_day(form, day, tally, stands, now) for day in sorted({*every, *tally.days})]


def reconciler(settings: Settings, inbox: Inbox, intakes: Intakes) -> Reconciler:
    """That of a process, by its settings."""
    book = FormBook(intakes, inbox, Graph(settings.graph_url), settings.secrets)
    return Reconciler(inbox, book, Recovery(Entrance(intakes, inbox)), settings.reconcile)


def _day(form: Form, day: str, tally: Tally, stands: dict[str, str], now: datetime) -> FormDay:
    ids = tally.days.get(day, [])
    here = [stands[one] for one in ids if one in stands]
    return FormDay(
        form_id=form.id,
        day=day,
        page_id=form.page_id,
        form_name=form.name,
        meta=len(ids),
        received=len(here),
        sent=here.count(Status.SENT),
        held=here.count(Status.HELD),
        missed=tally.missed[day],
        checked_at=now,
    )

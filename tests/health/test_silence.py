from __future__ import annotations

from ingest.health import silence
from ingest.health.records import Health
from ingest.inbox import forms
from ingest.inbox.forms import FormDay
from ingest.models import utcnow
from tests.health.clinic import FORM, PAGE, Clinic


def test_each_forms_day_is_told_as_meta_has_it_and_as_it_is_here(clinic: Clinic) -> None:
    """Where Meta has more than came, with what takes them in; days without a lead are not worth a line."""
    now = utcnow()
    today = now.date().isoformat()
    days = [
        FormDay(FORM, today, PAGE, "Diwali", meta=14, received=14, sent=13, held=1, missed=0, checked_at=now),
        FormDay("2", today, PAGE, "Holi", meta=3, received=2, sent=2, held=0, missed=0, checked_at=now),
        FormDay("3", today, PAGE, "Eid", meta=0, received=0, sent=0, held=0, missed=0, checked_at=now),
    ]
    clinic.inbox.write(forms.record, days)
    with clinic.inbox.reading() as connection:
        second, first = sorted(silence.compared(connection, now), key=lambda one: one.subject)
    assert first.message.startswith("Meta 14 · received 14 · sent 13 · held 1")
    assert (first.subject, first.verdict) == (f"form {FORM}, {today}", Health.OK)
    assert (second.code, second.verdict, "backfill" in second.mend) == ("leads_missing", Health.WARNING, True)

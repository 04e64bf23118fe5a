from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ingest.delivery.policy import quiet_until
from ingest.mapping.records import QuietHours

KOLKATA = ZoneInfo("Asia/Kolkata")
NIGHT = QuietHours(time(21), time(9), KOLKATA)
NOON = QuietHours(time(12), time(14), KOLKATA)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (NIGHT, datetime(2026, 11, 24, 21, 0, tzinfo=KOLKATA), datetime(2026, 11, 25, 9, 0, tzinfo=KOLKATA)),
        (NIGHT, datetime(2026, 11, 24, 3, 0, tzinfo=KOLKATA), datetime(2026, 11, 24, 9, 0, tzinfo=KOLKATA)),
        (NIGHT, datetime(2026, 11, 24, 9, 0, tzinfo=KOLKATA), None),
        (NIGHT, datetime(2026, 11, 24, 20, 59, tzinfo=KOLKATA), None),
        (NOON, datetime(2026, 11, 24, 13, 0, tzinfo=KOLKATA), datetime(2026, 11, 24, 14, 0, tzinfo=KOLKATA)),
        (NOON, datetime(2026, 11, 24, 14, 0, tzinfo=KOLKATA), None),
        (None, datetime(2026, 11, 24, 3, 0, tzinfo=KOLKATA), None),
    ],
)
def test_quiet_hours_end_when_the_mapping_says(hours: QuietHours | None, now: datetime, until: datetime | None) -> None:
    """In the quiet hours of the mapping's time zone a message waits until they end, over midnight too."""
    assert quiet_until(hours, now.astimezone(UTC)) == until

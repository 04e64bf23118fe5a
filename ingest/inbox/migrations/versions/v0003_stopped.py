import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    where = sa.text("status IN ('held', 'failed', 'skipped')")
    op.create_index(
        "deliveries_stopped", "deliveries", ["status", "event_id"], sqlite_where=where, postgresql_where=where
    )

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("events", sa.Column("via", sa.Text, nullable=False, server_default="webhook"))
    op.add_column("events", sa.Column("form_id", sa.Text))
    op.add_column("events", sa.Column("page_id", sa.Text))
    where = sa.text("form_id IS NOT NULL")
    op.create_index("events_form", "events", ["form_id", "received_at"], sqlite_where=where, postgresql_where=where)

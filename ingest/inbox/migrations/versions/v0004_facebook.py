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
    op.create_table(
        "jobs",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "form_days",
        sa.Column("form_id", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("page_id", sa.Text, nullable=False),
        sa.Column("form_name", sa.Text, nullable=False),
        sa.Column("meta", sa.Integer, nullable=False),
        sa.Column("received", sa.Integer, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("form_id", "day"),
        sqlite_with_rowid=False,
    )

import hashlib
import hmac
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("events", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("waived", sa.Text(), nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("version", sa.Text(), nullable=True))
    _lanes()
    op.drop_index("events_received", "events")  # ids tell the time
    for name, column in (("events_external", "external_id"), ("events_phone", "phone")):
        op.drop_index(name, "events")
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "events", [column], sqlite_where=where, postgresql_where=where)
    _without_rowid()
    op.create_index(
        "identities_expiring",
        "identities",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "paces",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "campaigns",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "campaign", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "messages",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_index("messages_key", "messages", ["key", "at"])
    op.create_index("messages_until", "messages", ["until"])
    op.create_table(
        "optouts",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    _hash_ids()


def _lanes() -> None:
    """Leads that Meta has not given yet wait apart from their account's, at first all of them together."""
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("lane", sa.Text(), nullable=True))
    op.execute("UPDATE deliveries SET lane = account")
    op.execute(
        "UPDATE deliveries SET lane = 'look-up:facebook:' WHERE event_id IN"
        " (SELECT id FROM events WHERE channel = 'facebook' AND lead IS NULL)"
    )
    with op.batch_alter_table("deliveries") as table:
        table.alter_column("lane", existing_type=sa.Text(), nullable=False)
    op.drop_index("deliveries_due", "deliveries")
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["lane", "due_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'waiting')"),
        postgresql_where=sa.text("status IN ('pending', 'waiting')"),
    )


def _without_rowid() -> None:
    """On SQLite one tree for each table instead of two: ids are in the order of time."""
    if op.get_bind().dialect.name == "sqlite":
        for table in ("events", "deliveries"):
            with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_with_rowid": False}):
                pass


def _hash_ids() -> None:
    """What senders gave as an id (an Idempotency-Key may be a mail address) is kept as a keyed hash alone."""
    connection = op.get_bind()
    raw = connection.execute(
        sa.text(
            "SELECT source, external_id FROM identities"
            " WHERE external_id NOT LIKE 'hash:%' AND source NOT LIKE 'facebook:%'"
        )
    ).all()
    if not raw:
        return
    key = connection.execute(sa.text("SELECT value FROM keys WHERE name = 'hash'")).scalar()
    if key is None:
        key = secrets.token_bytes(32)
        connection.execute(sa.text("INSERT INTO keys (name, value) VALUES ('hash', :key)"), {"key": key})
    connection.execute(
        sa.text("UPDATE identities SET external_id = :hash WHERE source = :source AND external_id = :id"),
        [
            {
                "hash": f"hash:{hmac.new(bytes(key), row.external_id.encode(), hashlib.sha256).hexdigest()}",
                "source": row.source,
                "id": row.external_id,
            }
            for row in raw
        ],
    )

"""What becomes of recordings: the organization's rule, the lecturer's wish, what is held and was removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_CHOICES = (
    ("organizations", "recording", "DEFAULT 'always' NOT NULL", "'always', 'choice', 'off'"),
    ("sessions", "kept", "DEFAULT 'published' NOT NULL", "'published', 'held', 'none'"),
    ("sessions", "removal", "", "'organization', 'unclaimed', 'owner', 'trash'"),
)


def upgrade() -> None:
    # By hand: Alembic would make SQLite's tables anew for a constraint, and other tables refer to them.
    for table, name, default, values in _CHOICES:
        constraint = f"CONSTRAINT ck_{table}_{name} CHECK ({name} IN ({values}))"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {name} VARCHAR(16) {default} {constraint}")
    op.execute(
        "ALTER TABLE sessions ADD COLUMN removal_by VARCHAR(36) "
        "CONSTRAINT fk_sessions_removal_by REFERENCES users (id)"
    )
    op.add_column("rooms", sa.Column("publishes", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("sessions", sa.Column("held_until", UtcDateTime(), nullable=True))
    op.add_column("sessions", sa.Column("removed_at", UtcDateTime(), nullable=True))
    op.create_index("ix_sessions_removal_deleted_at", "sessions", ["removal", "deleted_at"])
    op.create_index("ix_sessions_held_until", "sessions", ["held_until"])
    op.create_table(
        "clock_readings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("steady", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock_readings"),
    )


def downgrade() -> None:
    op.drop_table("clock_readings")
    op.drop_index("ix_sessions_held_until", "sessions")
    op.drop_index("ix_sessions_removal_deleted_at", "sessions")
    # Not in Alembic's batches: they would make tables anew that others refer to.
    op.drop_column("rooms", "publishes")
    op.drop_column("organizations", "recording")
    for name in ("kept", "removal", "removal_by", "held_until", "removed_at"):
        op.drop_column("sessions", name)

"""Lectures that are to be held, and what a lecture is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("description", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "scheduled_lectures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("room_id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scheduled_lectures"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_scheduled_lectures_room_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_scheduled_lectures_session_id"),
    )
    op.create_index("ix_scheduled_lectures_room_id_starts_at", "scheduled_lectures", ["room_id", "starts_at"])
    op.create_index("ix_scheduled_lectures_starts_at_id", "scheduled_lectures", ["starts_at", "id"])
    op.create_index("ix_events_room_id_kind_seq", "events", ["room_id", "kind", "seq"])


def downgrade() -> None:
    op.drop_index("ix_events_room_id_kind_seq", "events")
    op.drop_table("scheduled_lectures")
    op.drop_column("sessions", "description")

"""What each viewer has watched of each recording, and which spans of its clock a recording shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0016"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("shown", sa.JSON(), nullable=True))
    op.create_table(
        "watched",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("position", sa.Double(), nullable=False),
        sa.Column("credit", sa.Double(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "session_id", name="pk_watched"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_watched_user_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_watched_session_id"),
    )
    op.create_index("ix_watched_session_id", "watched", ["session_id"])


def downgrade() -> None:
    op.drop_table("watched")
    op.drop_column("sessions", "shown")

"""What each viewer has watched of each recording, what of its clock that shows, its chapters and its file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("shown", sa.JSON(), nullable=True))
    op.add_column("sessions", sa.Column("downloads", sa.Boolean(), nullable=False, server_default=sa.true()))
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
    op.create_table(
        "chapters",
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "number", name="pk_chapters"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_chapters_session_id"),
        sa.CheckConstraint("origin IN ('person', 'vtt', 'event')", name=op.f("ck_chapters_origin")),
    )


def downgrade() -> None:
    op.drop_table("chapters")
    op.drop_table("watched")
    op.drop_column("sessions", "downloads")
    op.drop_column("sessions", "shown")

"""What was said in lectures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=True),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transcripts"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_transcripts_session_id"),
        sa.ForeignKeyConstraint(["author"], ["users.id"], name="fk_transcripts_author"),
        sa.UniqueConstraint("session_id", "version", name="uq_transcripts_session_id_version"),
        sa.CheckConstraint("origin IN ('engine', 'person', 'upload')", name=op.f("ck_transcripts_origin")),
    )
    op.create_table(
        "cues",
        sa.Column("transcript_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("transcript_id", "number", name="pk_cues"),
        sa.ForeignKeyConstraint(["transcript_id"], ["transcripts.id"], name="fk_cues_transcript_id"),
    )


def downgrade() -> None:
    op.drop_table("cues")
    op.drop_table("transcripts")

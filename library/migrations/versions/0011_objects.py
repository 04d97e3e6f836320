"""What the media of recordings were when they were whole, and where they are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("store", sa.String(300), nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("damaged_reason", sa.String(20), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_objects"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_objects_session_id", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("store", "key", name="uq_objects_store_key"),
        sa.CheckConstraint("state IN ('whole', 'damaged')", name=op.f("ck_objects_state")),
    )
    op.create_index("ix_objects_session_id", "objects", ["session_id"])
    op.create_index("ix_objects_store_verified_at_id", "objects", ["store", "verified_at", "id"])
    op.create_index("ix_objects_state", "objects", ["state"])


def downgrade() -> None:
    op.drop_table("objects")

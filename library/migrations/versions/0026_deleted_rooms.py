"""Rooms that are in the trash, and what is left of those that were removed for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rooms", sa.Column("deleted_at", UtcDateTime(), nullable=True))
    op.add_column("rooms", sa.Column("removed_at", UtcDateTime(), nullable=True))
    op.create_index("ix_rooms_deleted_at", "rooms", ["deleted_at"])


def downgrade() -> None:
    op.drop_index("ix_rooms_deleted_at", "rooms")
    op.drop_column("rooms", "removed_at")
    op.drop_column("rooms", "deleted_at")

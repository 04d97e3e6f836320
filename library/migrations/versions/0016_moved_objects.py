"""Since when the disk has given a file up, for the bucket has all of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("objects", sa.Column("moved_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("objects", "moved_at")

"""Which version of a session's edit list is shown, and which one its MP4 holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("edit_version", "mp4_version"):
        op.add_column("sessions", sa.Column(name, sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    with op.batch_alter_table("sessions") as table:
        table.drop_column("mp4_version")
        table.drop_column("edit_version")

"""What a recording hides: its spans, the cues within them, and the first version that may be handed out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("hidden_spans", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("sessions", sa.Column("withheld_before", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("cues", sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("cues") as table:
        table.drop_column("hidden")
    with op.batch_alter_table("sessions") as table:
        table.drop_column("withheld_before")
        table.drop_column("hidden_spans")

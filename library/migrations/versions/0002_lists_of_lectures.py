"""Lists of lectures stay fast: an index in the order in which they are shown."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sessions_phase_started_at_id", "sessions", ["phase", "started_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_sessions_phase_started_at_id", "sessions")

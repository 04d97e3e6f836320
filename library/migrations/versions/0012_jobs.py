"""Why a job waits, how fast it goes, and the last lines of one that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("waits_for", sa.String(20), nullable=True))
    op.add_column("jobs", sa.Column("log", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("started_at", UtcDateTime(), nullable=True))
    op.add_column("jobs", sa.Column("paced_at", UtcDateTime(), nullable=True))
    op.add_column("jobs", sa.Column("paced_from", sa.Double(), nullable=False, server_default="0"))
    op.create_index("ix_jobs_state_finished_at_id", "jobs", ["state", "finished_at", "id"])
    op.create_index("ix_jobs_finished_at_id", "jobs", ["finished_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_finished_at_id", "jobs")
    op.drop_index("ix_jobs_state_finished_at_id", "jobs")
    for column in ("paced_from", "paced_at", "started_at", "log", "waits_for"):
        op.drop_column("jobs", column)

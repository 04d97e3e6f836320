"""Alarms, and for how long of each day what was well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0024"
down_revision = "0021"
branch_labels = None
depends_on = None

_OPEN = sa.text("recovered_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("again", sa.Integer(), nullable=False),
        sa.Column("quiet_since", UtcDateTime(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("recovered_at", UtcDateTime(), nullable=True),
        sa.Column("recovery_told_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_alarms_organization_id"),
    )
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["kind", "subject"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_alarms_since_id", "alarms", ["since", "id"])
    op.create_index("ix_alarms_recovered_at", "alarms", ["recovered_at"])
    op.create_table(
        "availability_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("probe", sa.String(50), nullable=False),
        sa.Column("good", sa.Float(), nullable=False),
        sa.Column("bad", sa.Float(), nullable=False),
        sa.Column("skipped", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "probe", name="pk_availability_days"),
    )


def downgrade() -> None:
    op.drop_table("availability_days")
    op.drop_table("alarms")

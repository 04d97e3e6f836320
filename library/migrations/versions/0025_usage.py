"""Who watched what (a year of it) and what that adds up to; notices to all users, and whom they reached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("room_id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=True),
        sa.Column("user_id", sa.String(36), nullable=True),
        sa.Column("viewer", sa.String(16), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("device", sa.String(8), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("stalled", sa.Integer(), nullable=False),
        sa.Column("stalls", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("kbps", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
        sa.CheckConstraint(
            "device IN ('phone', 'tablet', 'desktop', 'other')", name=op.f("ck_visits_device")
        ),
    )
    op.create_index("ix_visits_started_at_id", "visits", ["started_at", "id"])
    op.create_index(
        "ix_visits_organization_id_started_at_id", "visits", ["organization_id", "started_at", "id"]
    )
    op.create_index("ix_visits_user_id", "visits", ["user_id"])
    op.create_table(
        "usage_totals",
        sa.Column("span", sa.String(8), nullable=False),
        sa.Column("first", sa.String(10), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("room_id", sa.String(36), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("lectures", "visits", "viewers", "smooth", "phones", "tablets", "desktops")
        ),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("stalled", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("kbps", sa.Integer(), nullable=True),
        sa.Column("added_up_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("span", "first", "organization_id", "room_id", name="pk_usage_totals"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=True),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(36), nullable=True),
        sa.Column("mailed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_notices_organization_id"),
    )
    op.create_index("ix_notices_starts_at", "notices", ["starts_at"])
    op.create_table(
        "notice_mails",
        sa.Column("notice_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("notice_id", "user_id", name="pk_notice_mails"),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name="fk_notice_mails_notice_id"),
    )


def downgrade() -> None:
    for table in ("notice_mails", "notices", "usage_totals", "visits"):
        op.drop_table(table)

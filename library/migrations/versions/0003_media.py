"""Films to be played into lectures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("room_id", sa.String(36), nullable=False),
        sa.Column("organization_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=True),
        sa.Column("session_id", sa.String(36), nullable=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(50), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_media_room_id"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_media_organization_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_media_owner_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_media_session_id"),
        sa.CheckConstraint(
            "state IN ('uploading', 'preparing', 'ready', 'failed')", name=op.f("ck_media_state")
        ),
    )
    op.create_index("ix_media_room_id", "media", ["room_id"])
    op.create_index("ix_media_organization_id", "media", ["organization_id"])


def downgrade() -> None:
    op.drop_table("media")

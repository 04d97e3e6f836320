"""Mail addresses and languages of people, their browsers' sign-ins, and links that set a password once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("email", sa.String(254), nullable=True))
    op.add_column("users", sa.Column("language", sa.String(8), nullable=True))
    op.create_index("ix_users_email", "users", ["email"])
    op.create_index("ix_users_organization_id_user_id", "users", ["organization_id", "user_id"])
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_ins_user_id"),
    )
    op.create_index("ix_sign_ins_user_id", "sign_ins", ["user_id"])
    op.create_index("ix_sign_ins_last_used_at", "sign_ins", ["last_used_at"])
    op.create_table(
        "account_links",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_account_links"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_account_links_user_id"),
        sa.CheckConstraint("kind IN ('invitation', 'reset')", name=op.f("ck_account_links_kind")),
    )
    op.create_index("ix_account_links_user_id", "account_links", ["user_id"])
    op.create_index("ix_account_links_expires_at", "account_links", ["expires_at"])


def downgrade() -> None:
    op.drop_table("account_links")
    op.drop_table("sign_ins")
    op.drop_index("ix_users_organization_id_user_id", "users")
    op.drop_index("ix_users_email", "users")
    op.drop_column("users", "language")
    op.drop_column("users", "email")

"""The words of a series, for what transcribes it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("series", sa.Column("glossary", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("series", "glossary")

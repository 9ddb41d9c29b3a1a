"""Rosters of venues: who works there, as digests, and when they may enter."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "roster",
        sa.Column("venue_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("added_at", INT, nullable=False),
        sa.CheckConstraint("role IN ('staff', 'attendant')", name=op.f("ck_roster_role")),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name=op.f("fk_roster_venue_id_venue")),
        sa.PrimaryKeyConstraint("venue_id", "digest", name=op.f("pk_roster")),
    )
    op.create_table(
        "staffing",
        sa.Column("venue_id", sa.String(), nullable=False),
        sa.Column("version", INT, nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.id"], name=op.f("fk_staffing_venue_id_venue")),
        sa.PrimaryKeyConstraint("venue_id", name=op.f("pk_staffing")),
    )


def downgrade() -> None:
    op.drop_table("staffing")
    op.drop_table("roster")

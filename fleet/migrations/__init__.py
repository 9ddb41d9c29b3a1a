"""Where Alembic finds the way from any released database to the present tables."""

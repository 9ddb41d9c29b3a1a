"""What Alembic runs for every migration: the connection comes from fleet.db, never from a file."""

from alembic import context

from fleet.models import Base


def run() -> None:
    """Migrate inside the transaction that `Database.upgrade` has begun."""
    connection = context.config.attributes["connection"]
    # SQLite cannot alter most of a table: batch mode copies it instead.
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    context.run_migrations()


run()

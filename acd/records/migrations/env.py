"""Runs migrations on the connection that :func:`acd.records.database.migrate` hands over, inside its transaction.

SQLite copies a table for most changes (batch mode); whoever does that to ``event`` must make its triggers anew.
"""

from alembic import context
from sqlalchemy import Connection

from acd.records.tables import metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()


run(context.config.attributes["connection"])

"""What gates say, from MQTT into the database: committed first, then receipted."""

from fleet.ingest.process import run

__all__ = ["run"]

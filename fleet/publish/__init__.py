"""What every gate should hold, signed and sent: retained documents, colours, commands, time."""

from fleet.publish.process import run

__all__ = ["run"]

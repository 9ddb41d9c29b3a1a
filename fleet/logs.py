"""How the fleet's processes speak to their operator: lines for a terminal, JSON for a collector."""

import sys

import structlog


def configure(process: str) -> None:
    """Set structlog up for the process of this name; everything goes to standard error."""
    shape: structlog.types.Processor
    if sys.stderr.isatty():
        shape = structlog.dev.ConsoleRenderer()
    else:
        shape = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shape,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)

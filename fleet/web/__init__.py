"""The console: what the web process serves to people's browsers."""

from pathlib import Path


def run(directory: Path) -> None:
    """Serve the console of `directory` until SIGTERM or SIGINT; FleetError when there is no fleet."""
    # Imported late: areas import from this package, and the server imports the areas.
    from fleet.web.serve import serve

    serve(directory)

"""The one stream all live pages listen to."""

from typing import Final

from flask import Blueprint, Response
from flask_login import current_user

from fleet.people import sessions
from fleet.web.context import console
from fleet.web.pulse import stream as events

pages: Final = Blueprint("live", __name__)


@pages.get("/live")
def stream() -> Response:
    """Server-sent events `changed` and `beat`; 503 when every place is taken, and the page asks instead."""
    shared = console()
    if not shared.pulse.admit():
        return Response(status=503, headers={"Retry-After": "30"})
    digest = current_user.token_digest

    def allowed() -> bool:
        with shared.database.reading() as read:
            return sessions.find(read, digest, shared.now()) is not None

    response = Response(
        events(shared.pulse, allowed, shared.time_of_day),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    response.call_on_close(shared.pulse.leave)
    return response

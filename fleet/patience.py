"""A gunicorn worker with threads that slow clients cannot hold for ever."""

import contextlib
import socket
import time
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

# Handshake, headers and body together; a gate on a bad line needs about two. gunicorn itself waits for ever,
# once the first byte is there: a handful of silent connections would hold every thread.
READ_S: Final = 10.0
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Ends connections that have not sent their request after READ_S; answers may take as they like."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - gunicorn's own arguments
        super().__init__(*arguments, **named)
        self._reading: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:  # noqa: ANN401 - gunicorn's connection and its answer
        """In a thread: one request from its first byte on."""
        self._reading[conn] = time.monotonic() + READ_S
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:  # noqa: ANN401 - gunicorn's request
        """In a thread: the headers are read; what has no body is complete."""
        if req.method in _WITHOUT_BODY:
            self._reading.pop(conn, None)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """In the main thread, about once a second."""
        super().murder_pending()
        now_s = time.monotonic()
        for conn in [conn for conn, until_s in list(self._reading.items()) if until_s < now_s]:
            # Only shut down: the thread that reads wakes up and closes. Not by the TLS layer's own method,
            # which would take that layer away under the reading thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(conn.sock, socket.SHUT_RDWR)

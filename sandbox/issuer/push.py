"""The way from the issuer to the fleet: signed lists and deltas over HTTPS, tried until they are taken."""

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from sandbox.issuer.authority import LIST_TTL_S, Authority
from sandbox.issuer.ledger import Parcel

PATHS: Final = {"list": "/issuer/v1/lists", "delta": "/issuer/v1/deltas"}
TYPES: Final = {"list": "application/statuslist+cwt", "delta": "application/jx-delta+cbor"}
TIMEOUT_S: Final = 10.0
FIRST_REST_S: Final = 0.25
LONGEST_REST_S: Final = 5.0
_TAKEN: Final = frozenset({200, 201, 202, 204})
_SUPERSEDED: Final = 409
"""The fleet holds this or something newer; or, for a delta, not its base: the list after it repairs that."""


Send: TypeAlias = Callable[[str, str, bytes], int]
"""(path, content type, bytes) to the HTTP status the fleet answered; raises OSError when it did not."""


def https(url: str, ca: Path) -> Send:
    """Send to the fleet at `url`, whose certificate must come from the authority in the file `ca`."""
    parts = urlsplit(url)

    def send(path: str, content_type: str, data: bytes) -> int:
        context = ssl.create_default_context(cafile=str(ca))
        host, port = parts.hostname or "", parts.port
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        try:
            connection.request("POST", path, data, {"Content-Type": content_type})
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    return send


def send_waiting(authority: Authority, send: Send) -> str | None:
    """Send everything that waits. None when all is taken, else why not (the rest stays in the ledger)."""
    for parcel in authority.waiting():
        try:
            status = send(PATHS[parcel.kind], TYPES[parcel.kind], parcel.data)
        except OSError as error:
            return f"the fleet does not answer ({error})"
        if not _settled(parcel, status):
            return f"the fleet answered {status} to {parcel.kind} {parcel.seq}"
        authority.taken(parcel)
    return None


def _settled(parcel: Parcel, status: int) -> bool:
    if status in _TAKEN or status == _SUPERSEDED:
        return True
    # A delta that is not wanted is no loss: the full list comes right after it.
    return parcel.kind == "delta" and status in range(400, 500)


class Courier(threading.Thread):
    """Sends whatever is new at once, and renews the list before it grows old; `stop` ends it."""

    def __init__(self, authority: Authority, send: Send, say: Callable[[str], None]) -> None:
        super().__init__(name="issuer", daemon=True)
        self._authority = authority
        self._send = send
        self._say = say
        self._ending = threading.Event()

    def run(self) -> None:
        """Send, rest, send again."""
        rest_s, renewed_s, trouble = FIRST_REST_S, time.monotonic(), None
        while not self._ending.is_set():
            self._authority.changed.clear()
            if time.monotonic() - renewed_s > LIST_TTL_S:
                self._authority.renew(int(time.time()))
                renewed_s = time.monotonic()
            now_trouble = send_waiting(self._authority, self._send)
            if now_trouble != trouble:
                self._say(now_trouble or "the fleet has every list")
                trouble = now_trouble
            if trouble is None:
                rest_s = FIRST_REST_S
                self._authority.changed.wait(LIST_TTL_S / 10)
            else:
                self._authority.changed.wait(rest_s)
                rest_s = min(rest_s * 2, LONGEST_REST_S)

    def hurry(self) -> None:
        """Try again now: something has changed at the fleet."""
        self._authority.changed.set()

    def stop(self) -> None:
        """End within one attempt to send."""
        self._ending.set()
        self._authority.changed.set()
        self.join(TIMEOUT_S)

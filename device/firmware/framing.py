"""How long an MQTT packet may be that comes in: paho would take 256 MB in before anybody could look at it."""

import ssl
from typing import Final

MAX_PACKET_BYTES: Final = 1_048_576  # the longest message is a status list of 700,000 bytes
MAX_READ_BYTES: Final = 65_536
_MAX_LENGTH_BYTES: Final = 4  # MQTT 3.1.1, 2.2.3
_MORE: Final = 0x80


class PacketTooLongError(OSError):
    """The broker announced a packet that no gate takes; the line ends here."""


class Framing:
    """Follows the packets in a stream of bytes, in whatever pieces it comes."""

    def __init__(self, limit: int = MAX_PACKET_BYTES) -> None:
        self._limit = limit
        self._body = 0
        """Bytes of the packet's body that are still to come."""
        self._digits = -1
        """How many bytes of the length have been seen; -1 while the packet's first byte is awaited."""
        self._length = 0

    def saw(self, data: bytes) -> None:
        """Take note of what has come; PacketTooLongError once a packet is longer than the limit."""
        at = 0
        while at < len(data):
            if self._body:
                step = min(self._body, len(data) - at)
                self._body -= step
                at += step
                continue
            self._head(data[at])
            at += 1

    def _head(self, byte: int) -> None:
        if self._digits < 0:
            self._digits = self._length = 0
            return
        self._length += (byte & ~_MORE) << (7 * self._digits)
        self._digits += 1
        if self._length > self._limit or self._digits > _MAX_LENGTH_BYTES:
            raise PacketTooLongError(f"a packet of more than {self._limit} bytes was announced")
        if not byte & _MORE:
            self._body, self._digits = self._length, -1


class LimitedSocket(ssl.SSLSocket):
    """A TLS socket that reads no packet longer than a gate takes, and no more of it at once than it needs."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As ssl.SSLSocket.recv; PacketTooLongError, an OSError, ends the connection."""
        data = super().recv(min(buflen, MAX_READ_BYTES), flags)
        framing = vars(self).setdefault("framing", Framing())
        framing.saw(data)
        return data

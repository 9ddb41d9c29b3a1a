"""Speaking to a fleet's enrolment pages (EST, RFC 7030), pinned to one authority by its fingerprint."""

import base64
import binascii
import hashlib
import http.client
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from provisioning.errors import FieldError
from wire.enrolment import Ticket

PREFIX: Final = "/.well-known/est"
TIMEOUT_S: Final = 15.0
MOST_BYTES: Final = 65_536
SHORTEST_WAIT_S, LONGEST_WAIT_S = 2, 60
# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the ssl module has no name for.
_NO_CHECK_TIME: Final = ssl.VerifyFlags(0x200000)
_ACCEPTED: Final = 202
_FIXES: Final = {
    401: "ask for a new ticket: jx-fleet gate token {gate}",
    403: "ask whoever runs the fleet",
    404: "check the address in the ticket",
    409: "ask for a new ticket: jx-fleet gate token {gate}",
    429: "wait a minute, then try again",
}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """The enrolment pages that a ticket names."""

    ticket: Ticket
    timeout_s: float = TIMEOUT_S
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def authority(self) -> x509.Certificate:
        """The authority with the ticket's fingerprint, asked for over a line that nobody vouches for yet.

        FieldError when the server has another one: it is not the one that made the ticket.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        answer = self._ask(context, "GET", "/cacerts")
        for certificate in _certificates(answer):
            if hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest() == self.ticket.ca:
                return certificate
        raise FieldError(
            "the server's authority is not the one in the ticket: another server answers at this address, or"
            " the ticket is of another fleet; nothing was sent to it, ask for a new ticket"
        )

    def enrol(self, authority: x509.Certificate, request: bytes, wait_s: float) -> x509.Certificate:
        """Exchange the secret and a DER request for a certificate; waits at most `wait_s` for an approval."""
        context = pinned(authority)
        deadline = time.monotonic() + wait_s
        body = base64.encodebytes(request)
        while (answer := self._ask(context, "POST", "/simpleenroll", body)).status == _ACCEPTED:
            pause_s = _retry_after(answer)
            if time.monotonic() + pause_s > deadline:
                raise FieldError("nobody has approved this gate yet; its key was kept, run the same again")
            self.sleep(pause_s)
        found = _certificates(answer)
        if not found:
            raise FieldError("the server's answer holds no certificate; the key was kept, try again")
        return found[0]

    def _ask(self, context: ssl.SSLContext, method: str, page: str, body: bytes | None = None) -> _Answer:
        headers = {"Accept": "application/pkcs7-mime"}
        if body is not None:
            login = base64.b64encode(f"{self.ticket.gate_id}:{self.ticket.password}".encode()).decode()
            headers |= {"Authorization": f"Basic {login}", "Content-Type": "application/pkcs10"}
            headers["Content-Transfer-Encoding"] = "base64"
        line, path = self._line(context)
        try:
            line.request(method, path + PREFIX + page, body, headers)
            with line.getresponse() as got:
                answer = _Answer(got.status, got.read(MOST_BYTES + 1), dict(got.getheaders()))
        except ssl.SSLCertVerificationError as error:
            raise FieldError(
                f"the server does not prove that it is of the ticket's authority ({error.verify_message});"
                " the secret was not sent, ask whoever runs the fleet"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FieldError(
                f"{self.ticket.url} cannot be reached ({_why(error)}); check cable, Wi-Fi and address"
            ) from error
        finally:
            line.close()
        self._judge(answer)
        return answer

    def _line(self, context: ssl.SSLContext) -> tuple[http.client.HTTPSConnection, str]:
        try:
            address = urlsplit(self.ticket.url)
            host, port = address.hostname or "", address.port
            line = http.client.HTTPSConnection(host, port, timeout=self.timeout_s, context=context)
        except (ValueError, http.client.InvalidURL) as error:
            raise FieldError(
                f"the ticket's address {self.ticket.url!r} is none ({error}); nothing was sent, ask for a new"
                " ticket"
            ) from error
        return line, address.path

    def _judge(self, answer: _Answer) -> None:
        if answer.status in {200, _ACCEPTED}:
            if len(answer.body) > MOST_BYTES:
                raise FieldError("the server's answer is too long to be a certificate; check the address")
            return
        text = answer.body[:200].decode("utf-8", "replace").split("\n")[0]
        said = "".join(letter for letter in text if letter.isprintable())
        fix = _FIXES.get(answer.status, "try again, then ask whoever runs the fleet")
        raise FieldError(
            f"the server refused ({answer.status}): {said}; {fix.format(gate=self.ticket.gate_id)}"
        )


def pinned(authority: x509.Certificate) -> ssl.SSLContext:
    """TLS that believes this one authority; dates are not compared, for a new board has no clock."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=authority.public_bytes(Encoding.PEM).decode())
    context.verify_flags |= _NO_CHECK_TIME
    return context


def _certificates(answer: _Answer) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(
            base64.b64decode(b"".join(answer.body.split()), validate=True)
        )
    except (ValueError, binascii.Error) as error:
        raise FieldError("the server's answer is no certificate; check the address in the ticket") from error


def _retry_after(answer: _Answer) -> int:
    told = answer.headers.get("Retry-After", "").strip()
    seconds = int(told) if re.fullmatch("[0-9]{1,9}", told) else 0  # isdigit() takes a superscript two, too
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)

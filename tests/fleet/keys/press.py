"""Lists of keys in the forms in which they are published, with keys of our own.

Loaded by the conftest file beside it, because tests are not an importable package.
"""

import base64
import datetime as dt
import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wire.foreign import jwk
from wire.keys import PublicKey

NOW = 1_795_300_000
YEAR = 365 * 86_400
USES = {"t": 1, "v": 2, "r": 3}


def when(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def private():
    return ec.generate_private_key(ec.SECP256R1())


def large():
    return rsa.generate_private_key(65537, 2048)


def dsc(key=None, country="DE", uses="", begins=NOW - YEAR, ends=NOW + YEAR) -> bytes:
    """A certificate of a signer of EU certificates, in DER."""
    key = key or private()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, country)] if country else [])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(when(begins))
        .not_valid_after(when(ends))
    )
    if uses:
        oids = [x509.ObjectIdentifier(f"1.3.6.1.4.1.1847.2021.1.{USES[use]}") for use in uses]
        made = made.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    return made.sign(
        key if isinstance(key, ec.EllipticCurvePrivateKey) else private(), hashes.SHA256()
    ).public_bytes(serialization.Encoding.DER)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def kid(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()[:8]


def bare(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def as_jwk(key, name: str | None = None) -> dict[str, str]:
    return jwk.write(PublicKey.from_cryptography(key.public_key()), name)


def german(*ders: bytes, country="DE", signed=True, **more) -> bytes:
    rows = [
        {"certificateType": "DSC", "country": country, "kid": text(kid(der)), "rawData": text(der)} | more
        for der in ders
    ]
    body = json.dumps({"certificates": rows}).encode()
    return text(b"signature" * 7).encode() + b"\n" + body if signed else body


def gateway(*ders: bytes, country="DE") -> bytes:
    return json.dumps(json.loads(german(*ders, country=country, signed=False))["certificates"]).encode()


def polish(*ders: bytes) -> bytes:
    rows = [
        {"identyfikator": "00", "identyfikatorKlucza": text(kid(der)), "certyfikat": text(der)}
        for der in ders
    ]
    return json.dumps(rows).encode()


def dutch(rows, *, wrapped=False) -> bytes:
    """`rows`: (kid, key, country, uses)."""
    held: dict[str, list] = {}
    for name, key, country, uses in rows:
        held.setdefault(text(name), []).append(
            {"subjectPk": text(bare(key)), "ian": country, "san": "", "keyUsage": list(uses)}
        )
    body = json.dumps({"cl_keys": [], "nl_keys": {}, "eu_keys": held}).encode()
    return json.dumps({"payload": text(body), "signature": text(b"cms")}).encode() if wrapped else body


def swedish(rows) -> bytes:
    """`rows`: (country, key, DER); a signed list in the compact form."""
    held: dict[str, dict] = {}
    for country, key, der in rows:
        row = {k: v for k, v in as_jwk(key).items() if k in {"kty", "crv", "x", "y"}}
        row |= {"kid": text(kid(der)), "x5c": [text(der)], "x5t#S256": url(hashlib.sha256(der).digest())}
        held.setdefault(country, {"keys": []})["keys"].append(row)
    body = json.dumps({"iss": "x", "iat": 1, "dsc_trust_list": held}).encode()
    return b".".join((url(b'{"alg":"ES256"}').encode(), url(body).encode(), url(b"signature").encode()))


def swiss(rows, *, by_kid=False) -> bytes:
    """`rows`: (kid, key, use)."""
    certs = []
    for name, key, use in rows:
        numbers = key.public_key().public_numbers()
        row = {"use": use, "alg": "ES256", "n": None, "e": None, "crv": None, "x": None, "y": None}
        if isinstance(numbers, rsa.RSAPublicNumbers):
            # with the sign byte of DER before it, as it is published
            row |= {"alg": "RS256", "n": text(numbers.n.to_bytes(257)), "e": text(numbers.e.to_bytes(3))}
        else:
            row |= {"crv": "P-256", "x": text(numbers.x.to_bytes(32)), "y": text(numbers.y.to_bytes(32))}
        certs.append((text(name), row))
    if by_kid:
        return json.dumps({name: [row] for name, row in certs}).encode()
    return json.dumps({"certs": [{"keyId": name, **row} for name, row in certs]}).encode()


def italian(rows) -> bytes:
    """`rows`: (kid, key, country, begins, ends)."""
    return json.dumps(
        {
            text(name): {
                "serialNumber": "00",
                "subject": f"C={country}, O=Health, CN=DSC",
                "notBefore": when(begins).isoformat().replace("+00:00", ".000Z"),
                "notAfter": when(ends).isoformat().replace("+00:00", ".000Z"),
                "publicKeyPem": text(bare(key)),
            }
            for name, key, country, begins, ends in rows
        }
    ).encode()


def pem(*ders: bytes) -> bytes:
    return b"\n".join(
        x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM) for der in ders
    )


def key_set(*rows: dict) -> bytes:
    return json.dumps({"keys": list(rows)}).encode()


def directory(rows) -> bytes:
    """`rows`: (iss, name, keys)."""
    return json.dumps(
        {"issuerInfo": [{"issuer": {"iss": iss, "name": name}, "keys": keys} for iss, name, keys in rows]}
    ).encode()


def did(rows, subject="did:web:nzcp.example.nz") -> bytes:
    """`rows`: (fragment, JWK)."""
    return json.dumps(
        {
            "@context": "https://w3.org/ns/did/v1",
            "id": subject,
            "verificationMethod": [
                {
                    "id": f"{subject}#{name}",
                    "controller": subject,
                    "type": "JsonWebKey2020",
                    "publicKeyJwk": key,
                }
                for name, key in rows
            ],
            "assertionMethod": [f"{subject}#{name}" for name, _ in rows],
        }
    ).encode()

"""Sealing an officer's key with a passphrase: PKCS#8 with scrypt, which openssl and our reader open."""

import base64
import secrets
from typing import Final

from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wire.keys import PrivateKey

# OWASP's password storage cheat sheet, scrypt with 16 MB: openssl opens no more than 32 MB. `to_pem` of the
# library would take 2048 rounds of PBKDF2, which is nothing to whoever finds a lost stick.
LOG_N: Final = 14
R: Final = 8
P: Final = 5
_BLOCK: Final = 16
_KEY_BYTES: Final = 32
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
# DER: PBES2 (RFC 8018), id-scrypt (RFC 7914, 7), aes256-CBC (NIST)
_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT: Final = bytes.fromhex("06092b06010401da47040b")
_AES256_CBC: Final = bytes.fromhex("060960864801650304012a")


def sealed(key: PrivateKey, passphrase: str) -> bytes:
    """The PEM of a key, to be opened with `PrivateKey.from_pem` and the passphrase."""
    salt, iv = secrets.token_bytes(_BLOCK), secrets.token_bytes(_BLOCK)
    secret = Scrypt(salt=salt, length=_KEY_BYTES, n=1 << LOG_N, r=R, p=P).derive(passphrase.encode())
    plain = key.crypto().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    padder = padding.PKCS7(8 * _BLOCK).padder()
    cipher = Cipher(algorithms.AES256(secret), modes.CBC(iv)).encryptor()
    hidden = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    costs = _der(_OCTETS, salt) + _integer(1 << LOG_N) + _integer(R) + _integer(P)
    derived = _der(_SEQUENCE, _SCRYPT + _der(_SEQUENCE, costs))
    scheme = _der(_SEQUENCE, _AES256_CBC + _der(_OCTETS, iv))
    how = _der(_SEQUENCE, _PBES2 + _der(_SEQUENCE, derived + scheme))
    return _pem(_der(_SEQUENCE, how + _der(_OCTETS, hidden)))


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _der(tag: int, content: bytes) -> bytes:
    length, short = len(content), 0x80
    if length < short:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, short | len(octets))) + octets + content


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    name = b"ENCRYPTED PRIVATE KEY"
    return b"\n".join((b"-----BEGIN " + name + b"-----", *lines, b"-----END " + name + b"-----", b""))

"""Cases of JX1 codes."""

from collections.abc import Iterator
from dataclasses import replace

from sandbox.vectors.case import CLOCK, DAY_S, Case, flipped, own
from wire import cbor, code, cose
from wire.keys import Alg, PrivateKey

ISSUER = "jl"
LIST = "https://status.jl.example/7"
ISSUED, EXPIRES = CLOCK - 30 * DAY_S, CLOCK + 60 * DAY_S


def claims(holder: PrivateKey | None, *, expires: int = EXPIRES) -> code.Claims:
    """What an issuer states about somebody: with a key for a phone, without one for paper."""
    return code.Claims(
        issuer=ISSUER,
        issued=ISSUED,
        expires=expires,
        list_uri=LIST,
        index=123_456,
        subject=bytes(range(16)),
        holder=holder.public if holder else None,
        paper=None if holder else code.PaperName(masked_name="欧阳**", id_tail="123X"),
    )


class Cases:
    """All of them; keys are made once."""

    def __init__(self) -> None:
        self.signer, self.other, self.holder = (PrivateKey.generate() for _ in range(3))
        self.credential = code.issue(claims(self.holder), self.signer)
        self.proof = code.prove(self.credential, CLOCK - 3, self.holder)
        self.text = code.to_text(self.proof)

    def case(
        self, name: str, about: str, data: bytes | str, reason: str | None = None, clock: int = CLOCK
    ) -> Case:
        """One, by the usual issuer."""
        text = data if isinstance(data, str) else code.to_text(data)
        trust = own(ISSUER, self.signer)
        return Case(name=name, about=about, format="JX1", qr=text, trust=trust, reason=reason, clock=clock)

    def good(self) -> Iterator[Case]:
        """What is valid."""
        yield self.case("phone", "A phone's code: a proof three seconds old around a credential.", self.proof)
        paper = code.issue(claims(None), self.signer)
        yield self.case("paper", "A paper code: the credential alone, with a masked name.", paper)
        edwards, phone = PrivateKey.generate(Alg.EDDSA), PrivateKey.generate(Alg.EDDSA)
        made = code.prove(code.issue(claims(phone), edwards), CLOCK, phone)
        eddsa = self.case("phone-eddsa", "Issuer and phone sign with Ed25519.", made)
        yield replace(eddsa, trust=own(ISSUER, edwards))

    def outdated(self) -> Iterator[Case]:
        """What is signed well, and does not hold now."""
        alone = self.credential
        yield self.case(
            "proof-missing", "A phone's credential that anybody may have copied.", alone, "proof_missing"
        )
        old, future = "A screenshot: the proof is 31 seconds old.", "The phone's clock is 11 seconds ahead."
        yield self.case("proof-old", old, self.proof, "proof_old", CLOCK + 28)
        yield self.case("proof-future", future, self.proof, "proof_future", CLOCK - 14)
        ended = code.prove(code.issue(claims(self.holder, expires=CLOCK), self.signer), CLOCK, self.holder)
        yield self.case("expired", "It ends at this very second: `exp` itself is too late.", ended, "expired")

    def forged(self) -> Iterator[Case]:
        """What somebody else signed."""
        forged = code.prove(code.issue(claims(self.holder), self.other), CLOCK, self.holder)
        yield self.case("unknown-key", "Signed by a key that nobody trusts.", forged, "kid")
        payload = cose.parse_sign1(self.credential, max_bytes=code.MAX_BYTES).payload
        renamed = cose.sign1(payload, cose.Header(kid=self.signer.public.kid), self.other)
        again = code.prove(renamed, CLOCK, self.holder)
        yield self.case("forged", "Another key under the issuer's key id.", again, "signature")
        stolen = code.prove(self.credential, CLOCK, self.other)
        yield self.case("stolen-credential", "A proof by another phone's key.", stolen, "signature")
        damaged = flipped(self.text, len(self.text) - 30)
        about = "One character in the middle of a signature is another."
        yield self.case("damaged", about, damaged, "signature")

    def unreadable(self) -> Iterator[Case]:
        """What is damaged, by layer."""
        text = self.text
        yield self.case("prefix", "The prefix in small letters.", "jx1:" + text[4:], "prefix")
        odd = text[:40] + "a" + text[41:]
        yield self.case("base45", "A character that Base45 does not have.", odd, "base45")
        yield self.case("cut-short", "The last two bytes are missing.", self.proof[:-2], "cbor")
        yield self.case("tag-missing", "Without the tag of a COSE_Sign1.", self.proof[1:], "cose")
        more = cbor.encode([self.credential, CLOCK, 1])
        three = cose.sign1(more, cose.Header(content_type=code.PROOF_TYPE), self.holder)
        yield self.case("schema", "A proof with a third part.", three, "schema")
        long = code.PREFIX + "0" * code.MAX_TEXT
        yield self.case("oversized", "More characters than a QR code holds.", long, "size")


def cases() -> Iterator[Case]:
    """All of them."""
    every = Cases()
    for some in (every.good, every.outdated, every.forged, every.unreadable):
        yield from some()

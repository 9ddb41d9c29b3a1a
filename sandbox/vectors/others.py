"""Cases of SMART Health Cards and NZ COVID Passes."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sandbox import foreign, health_cards
from sandbox.foreign import NZ_ISSUER, NZ_KEY, Shape
from sandbox.vectors.case import CLOCK, DAY_S, Case, named
from wire.foreign import jwk
from wire.keys import PrivateKey

ISSUED, EXPIRES = CLOCK - 30 * DAY_S, CLOCK + 300 * DAY_S
DOSES = [health_cards.immunization("2026-09-01"), health_cards.immunization("2026-10-01")]


class Cards:
    """SMART Health Cards."""

    def __init__(self) -> None:
        self.signer, self.other = PrivateKey.generate(), PrivateKey.generate()
        self.kid = jwk.thumbprint(self.signer.public)
        self.bundle = health_cards.bundle(DOSES)

    def case(
        self,
        name: str,
        about: str,
        qr: str | list[str],
        reason: str | None = None,
        issuer: str = health_cards.ISSUER,
    ) -> Case:
        """One; the key is trusted as `issuer`'s."""
        held = qr if isinstance(qr, str) else tuple(qr)
        trust = named(issuer, self.signer.public, self.kid.encode())
        return Case(name=name, about=about, format="SHC", qr=held, trust=trust, reason=reason)

    def card(self, issued: int = ISSUED, more: Mapping[str, object] = MappingProxyType({})) -> str:
        """The text of a card by the usual issuer, with more claims."""
        claims = health_cards.claims(self.bundle, issued) | dict(more)
        return health_cards.text(health_cards.sign(claims, self.signer))

    def headed(self, signer: PrivateKey, **header: object) -> str:
        """The same with another header."""
        return health_cards.text(
            health_cards.sign(health_cards.claims(self.bundle, ISSUED), signer, **header)
        )

    def good(self) -> Iterator[Case]:
        """What is valid."""
        text = self.card()
        yield self.case("doses", "Two doses.", text)
        jws = health_cards.sign(health_cards.claims(self.bundle, ISSUED), self.signer)
        yield self.case("parts", "The same in parts, not in order.", health_cards.texts(jws, 300)[::-1])
        yield self.case("part-missing", "One part is missing.", health_cards.texts(jws, 300)[1:], "chunks")
        yield self.case(
            "jws", "Two texts instead of three.", health_cards.text(jws.rpartition(".")[0]), "jws"
        )
        yield self.case("capitals", "The scheme in capitals, which is the same scheme.", "SHC:/" + text[5:])
        test = health_cards.bundle([health_cards.laboratory("2026-11-18T08:00:00Z")])
        tested = health_cards.sign(health_cards.claims(test, ISSUED), self.signer)
        yield self.case("test", "A negative test.", health_cards.text(tested))

    def bad(self) -> Iterator[Case]:
        """What is not, by layer."""
        text = self.card()
        yield self.case("prefix", "Another scheme.", "shd:/" + text[5:], "prefix")
        yield self.case("numeric", "An odd number of digits.", text[:-1], "numeric")
        unzipped = self.headed(self.signer, zip=None)
        yield self.case("not-deflated", "The header does not say that it is deflated.", unzipped, "inflate")
        nothing = self.headed(self.signer, alg="none")
        yield self.case("alg-none", "An algorithm that signs nothing.", nothing, "alg")
        yield self.case("kid", "Another issuer's key of that id.", text, "kid", "https://other.example")
        forged = self.headed(self.other, kid=self.kid)
        yield self.case("signature", "Another key under this key's id.", forged, "signature")
        yield self.case("expired", "It ended a second ago.", self.card(more={"exp": CLOCK - 1}), "expired")
        yield self.case("not-yet-valid", "It begins in a second.", self.card(CLOCK + 1), "not_yet_valid")
        plain = health_cards.sign({"iss": health_cards.ISSUER, "nbf": ISSUED, "vc": {}}, self.signer)
        yield self.case("schema", "A credential of nothing.", health_cards.text(plain), "schema")


def cards() -> Iterator[Case]:
    """SMART Health Cards."""
    every = Cards()
    yield from every.good()
    yield from every.bad()


def new_zealand() -> Iterator[Case]:
    """NZ COVID Passes."""
    signer, other = foreign.new_signer(), foreign.new_signer()
    trust = named(NZ_ISSUER, signer.public, NZ_KEY.encode())

    def case(name: str, about: str, text: str, reason: str | None = None) -> Case:
        return Case(name=name, about=about, format="NZCP", qr=text, trust=trust, reason=reason)

    text = foreign.nzcp(signer, ISSUED, EXPIRES)
    yield case("pass", "A pass.", text)
    yield case("version", "The prefix of another version.", "NZCP:/2/" + text[8:], "prefix")
    yield case("base32", "A digit that base32 does not have.", text[:40] + "1" + text[41:], "base32")
    yield case(
        "untagged",
        "Without the tag of a COSE_Sign1.",
        foreign.nzcp(signer, ISSUED, EXPIRES, shape=Shape(tags=())),
        "cose",
    )
    unprotected = Shape(protected={1: -7}, unprotected={4: NZ_KEY.encode()})
    yield case(
        "kid-unprotected",
        "The key id is not protected.",
        foreign.nzcp(signer, ISSUED, EXPIRES, shape=unprotected),
        "kid",
    )
    yield case(
        "signature", "Another key under this key's id.", foreign.nzcp(other, ISSUED, EXPIRES), "signature"
    )
    yield case(
        "expired",
        "It ends at this very second: `exp` itself is too late.",
        foreign.nzcp(signer, ISSUED, CLOCK),
        "expired",
    )
    yield case(
        "not-yet-valid", "It begins in a second.", foreign.nzcp(signer, CLOCK + 1, EXPIRES), "not_yet_valid"
    )
    nameless = foreign.nzcp(signer, ISSUED, EXPIRES, changes={"vc": None})
    yield case("schema", "Without a credential.", nameless, "schema")

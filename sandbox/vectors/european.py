"""Cases of EU Digital COVID Certificates."""

from collections.abc import Iterator
from typing import Any

import cbor2

from sandbox import foreign
from sandbox.foreign import Shape
from sandbox.vectors.case import CLOCK, DAY_S, Case, Trust, certified
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Kind

ISSUED, EXPIRES = CLOCK - 30 * DAY_S, CLOCK + 300 * DAY_S
SHOT = foreign.certificate("v", [foreign.vaccination("2026-10-01")])
TEST = foreign.certificate("t", [foreign.sample("2026-11-18T08:00:00Z")])
RECOVERY = foreign.certificate("r", [foreign.recovery("2026-09-01", "2026-09-12", "2027-02-28")])


class Cases:
    """All of them; signers are made once."""

    def __init__(self) -> None:
        self.authority = foreign.Authority()
        self.signer = self.authority.signer(ISSUED - DAY_S, EXPIRES + DAY_S)

    def case(
        self,
        name: str,
        about: str,
        text: str,
        reason: str | None = None,
        *,
        trust: tuple[Trust, ...] | None = None,
        clock: int = CLOCK,
    ) -> Case:
        """One; by the usual signer unless `trust` is given."""
        return Case(
            name=name,
            about=about,
            format="HC1",
            qr=text,
            trust=certified(self.signer) if trust is None else trust,
            reason=reason,
            clock=clock,
        )

    def text(self, body: object = SHOT, **more: Any) -> str:  # noqa: ANN401 - as foreign.hc1's own
        """A certificate by the usual signer."""
        return foreign.hc1(body, self.signer, ISSUED, EXPIRES, **more)

    def by(self, name: str, about: str, signer: foreign.Signer, reason: str | None = None) -> Case:
        """A vaccination by another signer, who is trusted."""
        return self.case(
            name, about, foreign.hc1(SHOT, signer, ISSUED, EXPIRES), reason, trust=certified(signer)
        )

    def good(self) -> Iterator[Case]:
        """What is valid."""
        yield self.case("vaccination", "Two doses of two, ES256.", self.text())
        yield self.case("test", "A negative test.", self.text(TEST))
        yield self.case("recovery", "A recovery.", self.text(RECOVERY))
        yield self.by("ps256", "Signed with RSA.", self.authority.signer(ISSUED, EXPIRES, alg=PassAlg.PS256))
        only = self.authority.signer(ISSUED, EXPIRES, kinds=Kind.VACCINATION)
        yield self.by("usage", "The signer is for vaccinations.", only)
        odd = self.authority.signer(ISSUED, EXPIRES, kinds=Kind.VACCINATION, mistyped=True)
        yield self.by("usage-mistyped", "The same, its identifier mistyped.", odd)
        last = self.text(changes={4: CLOCK})
        yield self.case("last-second", "It ends at this very second, which still counts.", last)
        fractions = self.text(changes={4: EXPIRES + 0.5, 6: ISSUED + 0.5})
        yield self.case("float-times", "Times with fractions.", fractions)
        for name, (about, shape) in self.shapes().items():
            yield self.case(name, about, self.text(shape=shape))

    def shapes(self) -> dict[str, tuple[str, Shape]]:
        """Messages as real certificates have them, valid all the same."""
        kid = self.signer.kid
        both = {1: -7, 4: kid}
        return {
            "kid-unprotected": (
                "The key id stands in the unprotected header.",
                Shape(protected={1: -7}, unprotected={4: kid}),
            ),
            "kid-in-both": (
                "A wrong key id in the unprotected header: the protected one wins.",
                Shape(unprotected={4: bytes(8)}),
            ),
            "headers-unprotected": (
                "Everything in the unprotected header; the protected one is h'', and so it was signed.",
                Shape(protected=b"", unprotected=both),
            ),
            "empty-map-header": (
                "The protected header is sent as h'A0'; h'' was signed, as RFC 9052 has it.",
                Shape(protected=b"\xa0", unprotected=both, signed_as=b""),
            ),
            "empty-map-signed": (
                "The same, but h'A0' was signed, as some signers do.",
                Shape(protected=b"\xa0", unprotected=both),
            ),
            "untagged": ("Without a tag.", Shape(tags=())),
            "cwt-tag": ("With the tag of a CWT around it.", Shape(tags=(61, 18))),
            "double-tag": ("The tag of a COSE_Sign1 twice.", Shape(tags=(18, 18))),
        }

    def unreadable(self) -> Iterator[Case]:
        """What is damaged, by layer."""
        text, message = self.text(), self.message()
        yield self.case("prefix", "The prefix of another version.", "HC2:" + text[4:], "prefix")
        odd = text[:60] + "_" + text[61:]
        yield self.case("base45", "A character that Base45 does not have.", odd, "base45")
        plain = self.text(shape=Shape(compressed=False))
        yield self.case("not-compressed", "The message is not zlib data.", plain, "inflate")
        yield self.case("cut-short", "The end is missing.", text[:-30], "inflate")
        more = foreign.hc1_text(message + b"\x00")
        yield self.case("cbor", "Bytes follow the message.", more, "cbor")
        doubled = self.text(shape=Shape(protected=bytes.fromhex("a201260126")))
        yield self.case("doubled-key", "A header names its algorithm twice.", doubled, "cbor")
        three = foreign.hc1_text(cbor2.dumps(cbor2.CBORTag(18, [b"", {}, b""])))
        yield self.case("cose", "An array of three.", three, "cose")
        broken = foreign.hc1_text(message[:-1] + bytes([message[-1] ^ 1]))
        yield self.case("signature", "One bit of it is another.", broken, "signature")

    def misnamed(self) -> Iterator[Case]:
        """What names another algorithm or key."""
        kid, nobody = self.signer.kid, bytes(8)
        for name, about, shape, reason in (
            ("alg", "An algorithm of another system.", Shape(protected={1: -8, 4: kid}), "alg"),
            (
                "alg-of-the-key",
                "PS256 in the header, a P-256 key behind the key id.",
                Shape(protected={1: -37, 4: kid}),
                "alg",
            ),
            ("kid", "A key id that nobody trusts.", Shape(protected={1: -7, 4: nobody}), "kid"),
            (
                "kid-protected-wins",
                "A wrong key id in the protected header, the right one in the other: the protected one wins.",
                Shape(protected={1: -7, 4: nobody}, unprotected={4: kid}),
                "kid",
            ),
        ):
            yield self.case(name, about, self.text(shape=shape), reason)

    def outdated(self) -> Iterator[Case]:
        """What is signed well, and does not hold."""
        ended, later = self.text(changes={4: CLOCK - 1}), self.text(changes={5: CLOCK + 1})
        yield self.case("expired", "It ended a second ago.", ended, "expired")
        yield self.case("not-yet-valid", "It begins in a second.", later, "not_yet_valid")
        gone, coming = self.authority.signer(ISSUED, CLOCK - 1), self.authority.signer(CLOCK + 1, EXPIRES)
        yield self.by("signer-expired", "Its signer's certificate has ended.", gone, "dsc_expired")
        yield self.by("signer-later", "Its signer's certificate begins later.", coming, "dsc_not_yet_valid")
        tests = self.authority.signer(ISSUED, EXPIRES, kinds=Kind.TEST)
        yield self.by("key-usage", "A vaccination by a signer for tests.", tests, "key_usage")

    def misshapen(self) -> Iterator[Case]:
        """What is signed well, and is no certificate."""
        shot = foreign.vaccination("2026-10-01")
        for name, about, body in (
            ("two-groups", "About a vaccination and a test.", SHOT | {"t": TEST["t"]}),
            ("no-group", "About nothing.", {key: value for key, value in SHOT.items() if key != "v"}),
            ("two-entries", "Two entries, which schema 1.3 does not allow.", SHOT | {"v": [shot, shot]}),
            ("another-disease", "Against measles.", foreign.certificate("v", [shot | {"tg": "14189004"}])),
            ("no-name", "Nobody's name.", {key: value for key, value in SHOT.items() if key != "nam"}),
            ("version-2", "A schema of another version.", SHOT | {"ver": "2.0.0"}),
            ("no-date", "A dose of no day.", foreign.certificate("v", [shot | {"dt": "2026-02-30"}])),
        ):
            yield self.case(f"schema-{name}", about, self.text(body), "schema")

    def message(self) -> bytes:
        """The signed message of the first case."""
        claims = {1: foreign.COUNTRY, 4: EXPIRES, 6: ISSUED, -260: {1: SHOT}}
        return foreign.sign1(cbor2.dumps(claims), self.signer, self.signer.kid)


def cases() -> Iterator[Case]:
    """All of them."""
    every = Cases()
    for some in (every.good, every.unreadable, every.misnamed, every.outdated, every.misshapen):
        yield from some()

"""Passes of other systems at a whole gate: admitted, referred, compared by an attendant, and forgotten."""

import gc
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import segno

from device.drivers import InputKind
from device.firmware import scan
from device.firmware.lane_table import State
from sandbox import foreign, health_cards
from wire.documents import Direction, ForeignIssuer, ForeignKey, Recent, StaffRules
from wire.foreign import certificate, jwk
from wire.foreign.passes import Format
from wire.keys import PrivateKey
from wire.messages import Event
from wire.policy import DEFAULT, Choice
from wire.reasons import Reason, Verdict
from wire.subjects import digest_of
from wire.topics import All, Down

NOW_S, DAY_S = 1_795_000_000, 86_400
SECRET = b"k" * 32
ATTENDANT = 7
BEGINS_S, ENDS_S = NOW_S - 20 * DAY_S, NOW_S + 200 * DAY_S
SIGNER = foreign.Authority().signer(NOW_S - 300 * DAY_S, ENDS_S)
CARDS = PrivateKey.generate()


def day(days_ago):
    return datetime.fromtimestamp(NOW_S - days_ago * DAY_S, UTC).strftime("%Y-%m-%d")


def hours_ago(hours):
    return datetime.fromtimestamp(NOW_S - hours * 3_600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def eu(group, entry, signer=SIGNER, issued=NOW_S - DAY_S, expires=NOW_S + 30 * DAY_S):
    return foreign.hc1(foreign.certificate(group, [entry]), signer, issued, expires)


def vaccinated(days_ago=30, number="7A1C", **more):
    return eu("v", foreign.vaccination(day(days_ago), number=number, **more))


def sampled(hours, result=foreign.NEGATIVE):
    return eu("t", foreign.sample(hours_ago(hours), result))


def issuers():
    read = certificate.read(SIGNER.certificate)
    span = {"not_before": read.not_before, "not_after": read.not_after}
    kid, key = jwk.read(jwk.write(CARDS.public))
    return (
        ForeignIssuer(
            id="eu-hb",
            name_zh="港湾",
            name_en="Harbour",
            format=Format.HC1,
            iss="HB",
            keys=(ForeignKey(kid=read.kid, key=read.key, kinds=read.kinds, **span),),
        ),
        ForeignIssuer(
            id="shc-hb",
            name_zh="港湾卡",
            name_en="Harbour cards",
            format=Format.SHC,
            iss=health_cards.ISSUER,
            keys=(ForeignKey(kid=kid, key=key, **span),),
        ),
    )


def assign(gate, choice, version=3, **changes):
    policy = replace(DEFAULT, foreign=choice)
    assignment = {"policy": policy, "foreign_key": SECRET} | changes
    gate.down(Down.ASSIGNMENT, gate.authority.assignment(version=version, **assignment))
    gate.run(0.3)


@pytest.fixture
def known(served):
    """A gate that knows two issuers of passes and admits what they sign."""
    served.down(All.TRUST, served.authority.trust(version=2, foreign=issuers()))
    served.run(0.3)
    assign(served, Choice.ADMIT)
    assert served.state is State.IDLE
    return served


@pytest.fixture
def attended(known):
    """The same gate where passes are referred, and its attendant has signed in."""
    subject = ATTENDANT.to_bytes(16)
    digests = (digest_of(subject),)
    rules = StaffRules(only=False, hours=(), attendants=digests)
    assign(known, Choice.REFER, version=4, staff=digests, staff_rules=rules)
    return known


def sign_in(gate):
    press(gate)
    gate.look_at(gate.code(ATTENDANT))
    gate.run(0.1)
    gate.look_at()
    gate.run(0.1)
    assert gate.presenter.panel.en == "Attendant"


def press(gate, seconds=0.1):
    gate.hands.touch(InputKind.BUTTON, True)
    gate.run(seconds)
    gate.hands.touch(InputKind.BUTTON, False)
    gate.run(0.1)


def test_a_vaccinated_visitor_is_measured_and_let_in_and_only_a_subject_is_kept(known, tmp_path):
    known.show(vaccinated())
    assert known.state is State.ADMITTING
    (entry,) = known.journal(Event.PASSAGE)
    assert (entry.verdict, entry.reason) == (Verdict.ADMIT, Reason.FOREIGN_ADMITTED)
    assert (entry.issuer, entry.colour, len(entry.subject)) == ("eu-hb", None, 16)
    assert (entry.versions.trust, entry.versions.list_seq) == (2, 0)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"ANYPERSON", b"Anyperson", b"1951-01-20", b"7A1C", b"UVCI"):
        assert secret not in kept
        assert secret.decode() not in known.said.getvalue()


COUNTS = {
    "a test of this morning": (sampled(5), None),
    "a test of last week": (sampled(7 * 24), Reason.TEST_OLD),
    "a positive test": (sampled(5, foreign.POSITIVE), Reason.FOREIGN_POSITIVE),
    "one dose of two": (vaccinated(done=1), Reason.DOSES_MISSING),
    "a dose of yesterday": (vaccinated(1), Reason.DOSES_OUTSIDE),
    "a recovery": (eu("r", foreign.recovery(day(60), day(49), day(-100))), None),
    "a recovery that its issuer ended": (
        eu("r", foreign.recovery(day(60), day(49), day(3))),
        Reason.RECOVERY_OUTSIDE,
    ),
    "an expired certificate": (
        eu("v", foreign.vaccination(day(30)), issued=NOW_S - 9 * DAY_S, expires=NOW_S - 1),
        Reason.EXPIRED,
    ),
    "a certificate of tomorrow": (
        eu("v", foreign.vaccination(day(30)), issued=NOW_S + DAY_S),
        Reason.NOT_YET_VALID,
    ),
}


@pytest.mark.parametrize("case", COUNTS)
def test_what_counts_is_let_in_and_all_else_has_its_reason(known, case):
    text, reason = COUNTS[case]
    known.show(text)
    (entry,) = known.journal(Event.PASSAGE)
    assert entry.reason is (reason or Reason.FOREIGN_ADMITTED)
    assert (known.state is State.ADMITTING) is (reason is None)


NOBODY = {
    "of nobody that is known": (
        eu("v", foreign.vaccination(day(30)), foreign.Authority().signer(BEGINS_S, ENDS_S)),
        Reason.UNKNOWN_ISSUER,
    ),
    "forged": (
        eu("v", foreign.vaccination(day(30)), replace(SIGNER, key=foreign.new_signer().key)),
        Reason.BAD_SIGNATURE,
    ),
    "damaged": (vaccinated()[:-9], Reason.MALFORMED),
    "a part that stands in the place of a card": ("shc:/2/2/56\nshc:/1/2/57", Reason.MALFORMED),
}


@pytest.mark.parametrize("case", NOBODY)
def test_a_pass_that_nobody_vouches_for_is_refused_and_counted(known, case):
    text, reason = NOBODY[case]
    known.show(text)
    assert (known.state, known.stage.lane.reason) == (State.DENIED, reason)
    assert not known.journal(Event.PASSAGE)


def test_the_same_pass_is_not_let_in_twice_and_another_one_is(known):
    for number, reason in (("1", Reason.FOREIGN_ADMITTED), ("1", Reason.PASSED_BEFORE), ("2", None)):
        known.show(vaccinated(number=number))
        assert known.verdicts()[-1] is (reason or Reason.FOREIGN_ADMITTED)
        if known.state is State.ADMITTING:
            known.walk_through()
        known.leave()


def test_another_lane_of_the_venue_tells_of_a_pass_too(known):
    known.show(vaccinated())
    (entry,) = known.journal(Event.PASSAGE)
    known.memory._visits.clear()
    known.leave()
    recent = known.authority.venue(issued=known.now_s, expires=known.now_s + 60)
    passed = Recent(digest=digest_of(entry.subject), at=known.now_s - 1, direction=Direction.ENTRY)
    known.down(Down.VENUE, replace(recent, recent=(passed,)))
    known.run(0.2)
    known.show(vaccinated())
    assert known.verdicts()[-1] is Reason.PASSED_BEFORE


def test_a_fever_keeps_the_holder_of_any_pass_outside(known):
    known.stand(37.5)
    known.look_at(vaccinated())
    known.run(3)
    assert known.verdicts() == [Reason.FEVER]


def test_without_the_key_for_subjects_a_pass_is_for_the_attendant_and_its_holder_nobody(known):
    assign(known, Choice.ADMIT, version=4, foreign_key=None)
    for number in ("1", "2"):
        known.show(vaccinated(number=number))
        known.leave()
    one, two = known.journal(Event.PASSAGE)
    assert (one.reason, two.reason) == (Reason.FOREIGN, Reason.FOREIGN)
    assert (one.subject, two.issuer) == (None, "eu-hb")


def test_nobody_is_staff_or_attends_by_a_pass(known):
    known.show(vaccinated())
    digests = (digest_of(known.journal(Event.PASSAGE)[0].subject),)
    known.leave()
    rules = StaffRules(only=True, hours=(), attendants=digests)
    assign(known, Choice.ADMIT, version=4, staff=digests, staff_rules=rules)
    known.run(60)
    known.show(vaccinated())
    assert known.verdicts()[-1] is Reason.STAFF_NOT_LISTED
    known.leave()
    press(known)
    known.look_at(vaccinated())
    known.run(0.3)
    assert known.presenter.panel.en == "Show your staff code"


def test_an_attendant_compares_the_name_on_a_referred_pass_and_lets_its_holder_in(attended, tmp_path):
    attended.show(sampled(7 * 24))
    (called,) = attended.journal(Event.PASSAGE)
    assert called.reason is Reason.TEST_OLD
    attended.leave()
    sign_in(attended)
    press(attended, 1.0)
    assert attended.presenter.panel.en == "Show the paper code or pass"
    attended.look_at(sampled(7 * 24))
    attended.run(0.2)
    assert attended.presenter.panel.plain == ("ANYPERSON ROBIN", "1951-01-20")
    attended.run(5)
    assert attended.presenter.panel.en == "The same person?"
    attended.hands.object_c = 35.0
    press(attended, 1.0)
    attended.run(2)
    entry = attended.journal(Event.PASSAGE)[-1]
    assert (entry.reason, entry.attendant) == (Reason.FOREIGN_CHECKED, ATTENDANT.to_bytes(16))
    assert (entry.about, entry.subject) == (called.sequence, called.subject)
    assert attended.hands.opened == 1
    assert not [path for path in tmp_path.iterdir() if b"ANYPERSON" in path.read_bytes()]
    assert "ANYPERSON" not in repr(attended.stage.person)


def test_an_attendant_does_not_let_in_who_states_a_positive_test(attended):
    sign_in(attended)
    press(attended, 1.0)
    attended.look_at(sampled(5, foreign.POSITIVE))
    attended.run(0.5)
    assert attended.verdicts() == [Reason.FOREIGN_POSITIVE]
    assert not attended.hands.opened


def chunked():
    bundle = health_cards.bundle([health_cards.laboratory(hours_ago(5))], family="Any" * 40)
    parts = health_cards.texts(health_cards.sign(health_cards.claims(bundle, BEGINS_S), CARDS), 300)
    assert len(parts) > 1
    return parts


def test_a_card_in_several_codes_is_asked_for_part_by_part_and_let_in(known):
    first, *others = chunked()
    known.stand()
    known.look_at(first)
    known.run(0.3)
    assert (known.state, known.stage.lane.reason) == (State.WAITING, Reason.MORE_PARTS)
    frames = known.sight.take
    for text in others:
        known.sight.take = lambda: None  # nothing moves before the lens: no picture is read
        known.run(3)
        known.sight.take = frames
        known.look_at(text)
        known.run(2.5)
    (entry,) = known.journal(Event.PASSAGE)
    assert (entry.reason, entry.issuer) == (Reason.FOREIGN_ADMITTED, "shc-hb")
    assert "Any" not in repr(known.gate.front.sight)


def test_an_attendant_is_told_that_codes_of_a_card_are_missing(attended):
    first, *others = chunked()
    sign_in(attended)
    press(attended, 1.0)
    attended.look_at(first)
    attended.run(0.2)
    assert attended.presenter.panel.plain == ("请出示其他码", "Now show the other codes")
    for text in others:
        attended.look_at(text)
        attended.run(0.2)
    assert attended.presenter.panel.en == "Compare the document"
    assert attended.presenter.panel.plain[0].startswith("AnyAny")


def test_a_card_in_several_codes_side_by_side_is_one(known):
    known.stand()
    known.look_at(*chunked())
    known.run(0.5)
    assert known.verdicts() == [Reason.FOREIGN_ADMITTED]


def texts_held():
    """Every text that a living object holds, those inside tuples that the collector does not follow too."""
    gc.collect()
    for one in gc.get_objects():
        for held in gc.get_referents(one):
            yield from held if isinstance(held, tuple) and not gc.is_tracked(held) else (held,)


def told_by(name):
    """Asks for what still has this name in it, knowing the name by its hash alone."""
    wanted, length = hashlib.sha256(name.encode()).digest(), len(name)

    def left():
        short = {text for text in texts_held() if isinstance(text, str) and length <= len(text) < 99}
        words = {word.encode(errors="replace") for text in short for word in text.split()}
        return [word for word in words if hashlib.sha256(word).digest() == wanted]

    return left


def named(name):
    body = foreign.certificate("v", [foreign.vaccination(day(30))])
    body["nam"] = {"fn": name, "fnt": name}
    return foreign.hc1(body, SIGNER, NOW_S - DAY_S, NOW_S + DAY_S)


def test_a_name_on_a_pass_is_gone_when_the_screen_is(attended):
    name = "".join(chr(ord("A") + byte % 26) for byte in b"not a name that stands here")
    left, text = told_by(name), named(name)
    attended.show(text)
    assert attended.verdicts() == [Reason.FOREIGN]
    attended.leave()
    sign_in(attended)
    press(attended, 1.0)
    attended.look_at(text)
    attended.run(0.2)
    assert attended.presenter.panel.plain[0] == name
    del name, text
    assert left()
    attended.look_at()
    attended.run(6)
    assert attended.presenter.panel.en == "The same person?"
    assert not left()


def test_the_codes_of_a_card_are_read_as_their_issuers_draw_them():
    """A card's code has two segments: its prefix as bytes, and the rest as numbers."""
    for text in chunked():
        digits = text.rindex("/") + 1
        drawn = segno.make_qr((text[:digits], text[digits:]), error="l").matrix_iter(border=4)
        code = np.array([[0 if dark else 255 for dark in row] for row in drawn], dtype=np.uint8)
        frame = np.full((480, 640), 200, np.uint8)
        large = code.repeat(4, axis=0).repeat(4, axis=1)
        frame[: large.shape[0], : large.shape[1]] = large
        seen, _ = scan.look(frame, scan.History())
        assert seen.texts == (text,)

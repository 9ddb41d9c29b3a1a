"""Several offices, each with its own key: what travels between them, races, power cuts, hostile files."""

import contextlib
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fleet.ceremony import carried, desk, founding, office, signatures, signing
from fleet.ceremony.carried import SplitError
from fleet.ceremony.command import app
from fleet.ceremony.keyring import Voice
from fleet.errors import FleetError
from fleet.keys import chain, offline, paper
from fleet.keys.offline import Change
from fleet.keys.sealed import ONLINE, open_role_key
from wire import envelope
from wire.documents import EVERYBODY, Role, Trust
from wire.errors import WireError
from wire.keys import PrivateKey
from wire.policy import LOOSEST

NOW = 1_795_000_000
DAY = 86_400
SECRETS = {"north": "north orchard lantern", "south": "south orchard lantern", "west": "west orchard lantern"}


def anything(_root):
    """A person who finds every fingerprint right."""


class Offices:
    """North, south and west with a root key each (two must sign); north and south with a trust key each."""

    def __init__(self, place: Path):
        self.place = place
        self.fleet_keys = place / "carried"
        for name, secret in SECRETS.items():
            (place / name).mkdir(mode=0o700)
            founding.make_sealed(self[name], Role.ROOT, f"{name} safe", Voice.of(secret))
            if name != "west":
                founding.make_sealed(self[name], Role.TRUST, f"{name} trust", Voice.of(secret))
        cards = [card for name in SECRETS for card in (self[name].cards or {}).values()]
        root = founding.gather(self["north"], cards, self.fleet_keys, founding.Plan(), NOW)
        first = self.sign("north", desk.Review((root,), ()))
        second = self.sign("south", desk.review_document(self["south"], first.data, NOW), first.data)
        self.root_1 = second.data
        for name in SECRETS:
            self.take(name, second)

    def __getitem__(self, name: str) -> office.Office:
        return office.load(self.place / name)

    def sign(self, name: str, proposal: desk.Review, *joined: bytes) -> signing.Signed:
        return self.sign_all(name, proposal, *joined)[0]

    def sign_all(self, name: str, proposal: desk.Review, *joined: bytes) -> list[signing.Signed]:
        return signing.sign(self[name], proposal, Voice.of(SECRETS[name]), joined)

    def countersign(self, name: str, data: bytes) -> signing.Signed:
        return self.sign(name, desk.review_document(self[name], data, NOW), data)

    def take(self, name: str, *given: signing.Signed, instead: bool = False) -> list[str]:
        files = carried.Carried(tuple((one.name, one.data) for one in given), ())
        return [one.became for one in carried.take(self.place / name, files, anything, instead=instead)]

    def change(self, name: str, **wanted) -> desk.Review:
        held = self[name]
        return desk.with_trust(held, offline.next_root(held.root, Change(**wanted), NOW + 5))

    def key(self, name: str, role: Role = Role.ROOT):
        known = self[name].root.keys_of(role)
        (key,) = [known[key.kid] for key in self[name].own_keys() if key.kid in known]
        return key


@pytest.fixture
def offices(tmp_path):
    return Offices(tmp_path)


def trust(version: int = 1, **changes) -> Trust:
    made = Trust(
        version=version, issued=NOW, expires=NOW + 90 * DAY, audience=EVERYBODY, issuers=(), bounds=LOOSEST
    )
    return replace(made, **changes)


def test_the_first_root_needs_the_threshold_and_every_office_holds_it(offices):
    root = chain.first_root(offices.root_1)
    assert len(root.keys_of(Role.ROOT)) == 3
    assert {offices[name].root.version for name in SECRETS} == {1}


def test_who_has_signed_and_who_is_missing_is_counted_for_both_roots(offices):
    new = founding.make_sealed(offices["west"], Role.ROOT, "west two", Voice.of(SECRETS["west"]))
    partial = offices.sign("north", offices.change("north", add=(new,), remove=(offices.key("south"),)))
    old, after = partial.tallies
    assert (old.root, after.root) == (1, 2)
    assert old.signed == after.signed == (offices.key("north"),)
    assert set(old.missing) == {offices.key("south"), offices.key("west")}
    assert set(after.missing) == {offices.key("west"), new.key}
    assert (old.short, after.short, partial.complete) == (1, 1, False)
    whole = offices.countersign("west", partial.data)
    assert whole.complete
    assert len(whole.tallies[1].signed) == 3  # both keys of west sign for what comes


def test_signatures_given_at_the_same_time_are_joined(offices):
    proposal = offices.change("north", thresholds={Role.ROOT: 3})
    partial = offices.sign("north", proposal)
    parallel = [offices.countersign(name, partial.data) for name in ("south", "west")]
    assert not any(one.complete for one in parallel)
    assert offices.take("north", parallel[0]) == ["joined"]
    assert offices.take("north", parallel[1]) == ["kept"]
    assert offices["north"].root.roles[Role.ROOT].threshold == 3
    assert offices["north"].pending is None


def test_a_forged_or_foreign_signature_is_never_carried_on(offices):
    document = offices.change("north", thresholds={Role.TRUST: 2}).documents[0]
    stranger = PrivateKey.generate()
    good = offices.sign("north", desk.Review((document,), ()))
    forged = bytearray(envelope.sign(document, [stranger]))
    forged[-1] ^= 1
    under = signatures.rules(offices["north"], document)
    data = signatures.merged(
        document, [bytes(forged), envelope.sign(document, [stranger]), good.data], under, ()
    )
    assert [s.header.kid for s in envelope.parse(type(document), data).signatures] == [
        offices.key("north").kid
    ]


def test_an_office_that_lost_a_race_says_so_and_proposes_again(offices):
    mine = offices.sign("west", offices.change("west", thresholds={Role.TRUST: 2}))
    assert not mine.complete
    theirs = offices.sign("north", offices.change("north", thresholds={Role.ROOT: 3}))
    with pytest.raises(desk.RefusedRequestError, match="signed here with other contents") as told:
        offices.countersign("west", theirs.data)
    assert "ceremony withdraw root-2.partial" in str(told.value)
    more = offices.countersign("south", theirs.data)
    (offices.place / "west").joinpath("root-2.partial").rename(offices.place / "mine")
    whole = offices.countersign("west", more.data)
    assert whole.complete
    # the same, but west has not given its own up
    other = Path(offices.place / "west")
    (other / "root-2.cbor").unlink()
    (offices.place / "mine").rename(other / "root-2.partial")
    assert offices.take("west", whole) == ["aside"]
    assert offices["west"].root.version == 2
    assert offices["west"].pending is None
    assert len(list(other.glob("root-2.partial.aside-*"))) == 1
    again = offices.sign("west", offices.change("west", thresholds={Role.TRUST: 2}))
    assert again.name == "root-3.partial"


def test_two_complete_roots_of_one_version_are_told_apart_and_one_is_followed(offices, tmp_path):
    north, south = offices.change("north", thresholds={Role.TRUST: 2}), offices.change("south")
    one = offices.sign("north", north)
    one = offices.countersign("west", one.data)
    (tmp_path / "west" / "root-2.cbor").rename(
        tmp_path / "kept"
    )  # west signs both: it had to do this by hand
    other = offices.sign("south", south)
    other = offices.countersign("west", other.data)
    assert one.complete
    assert other.complete
    assert offices.take("north", one) == ["kept"]
    offices.sign("north", offices.change("north", thresholds={Role.ROOT: 3}))
    with pytest.raises(SplitError, match="another root-2 than the one held here"):
        offices.take("north", other)
    assert offices["north"].root == north.documents[0]
    assert offices.take("north", other, instead=True) == ["kept"]
    assert offices["north"].root == south.documents[0]
    assert offices["north"].pending is None
    assert len(list((tmp_path / "north").glob("*.aside-*"))) == 2


def test_roots_come_in_order_and_what_is_missing_is_named(offices):
    second = offices.countersign("south", offices.sign("north", offices.change("north")).data)
    offices.take("north", second)
    third = offices.countersign("south", offices.sign("north", offices.change("north")).data)
    with pytest.raises(FleetError, match="version 2 has to come first"):
        offices.take("west", third)
    assert offices.take("west", second, third) == ["kept", "kept"]
    assert offices.take("west", second, third) == ["held", "held"]


def test_a_document_that_was_begun_elsewhere_is_told_of_but_not_kept(offices):
    partial = offices.sign("north", offices.change("north"))
    assert offices.take("west", partial) == ["unsigned"]
    assert offices["west"].pending is None


def test_a_trust_document_is_signed_again_where_its_signers_would_not_do_any_more(offices):
    (first,) = offices.sign_all("south", desk.Review((trust(),), ()))
    assert first.complete
    for name in ("north", "west"):
        offices.take(name, first)
    (root,) = offices.change("north", thresholds={Role.ROOT: 3}).documents
    leaving = offices.change("north", remove=(offices.key("south", Role.TRUST),))
    assert leaving.documents[1] == trust(
        2, issued=leaving.documents[0].issued, expires=leaving.documents[0].issued + 90 * DAY
    )
    assert root.roles[Role.TRUST] == offices["north"].root.roles[Role.TRUST]
    root_answer, trust_answer = offices.sign_all("north", leaving)
    assert trust_answer.waits
    assert trust_answer.name == "trust-2.partial"
    assert offices["north"].draft == leaving.documents[1]
    whole = offices.countersign("south", root_answer.data)
    assert whole.complete
    assert offices.take("north", whole) == ["kept", "kept"]  # the trust document had waited for it
    held = offices["north"]
    assert held.trust == chain.next_trust(held.root, None, trust_answer.data)
    with pytest.raises(WireError):
        chain.next_trust(offices["west"].root, None, envelope.sign(held.trust, [PrivateKey.generate()]))


def test_an_office_without_a_trust_key_passes_the_trust_document_on(offices):
    new = founding.make_sealed(offices["west"], Role.TRUST, "west trust", Voice.of(SECRETS["west"]))
    (first,) = offices.sign_all("south", desk.Review((trust(),), ()))
    offices.take("north", first)
    offices.take("west", first)
    gone = (offices.key("north", Role.TRUST), offices.key("south", Role.TRUST))
    root, again = offices.sign_all("north", offices.change("north", add=(new,), remove=gone))
    assert not again.tallies[0].signed  # north's trust key leaves: only west's may sign this
    offices.countersign("west", root.data)
    done = offices.countersign("west", again.data)
    assert done.complete
    assert offices["west"].root.keys_of(Role.TRUST) == {new.key.kid: new.key}


def test_what_was_withdrawn_makes_room_for_another(offices):
    offices.sign("north", offices.change("north", thresholds={Role.ROOT: 3}))
    with pytest.raises(desk.RefusedRequestError, match="other contents"):
        offices.sign("north", offices.change("north", thresholds={Role.TRUST: 2}))
    with pytest.raises(FleetError, match="no proposal"):
        carried.withdraw(offices["north"], "root-1.cbor")
    carried.withdraw(offices["north"], "root-2.partial")
    assert not offices.sign("north", offices.change("north", thresholds={Role.TRUST: 2})).complete


class Killed(BaseException):
    """As if the power went."""


@pytest.mark.parametrize("at", range(1, 9))
def test_a_power_cut_anywhere_leaves_an_office_that_goes_on(offices, monkeypatch, at):
    (first,) = offices.sign_all("south", desk.Review((trust(),), ()))
    offices.take("north", first)
    proposal = offices.change("north", remove=(offices.key("south", Role.TRUST),))
    left = [at]

    def fsync(handle, real=os.fsync):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        real(handle)

    with monkeypatch.context() as power, contextlib.suppress(Killed):
        power.setattr("fleet.keys.sealed.os.fsync", fsync)
        partial = offices.sign_all("north", proposal)
        whole = offices.countersign("south", partial[0].data)
        offices.take("north", whole)
    partial = offices.sign_all("north", proposal)
    whole = offices.countersign("south", partial[0].data)
    offices.take("north", whole)
    assert offices["north"].root == proposal.documents[0]
    assert offices["north"].trust == proposal.documents[1]
    assert not list((offices.place / "north").glob("*.partial"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_hostile_file_changes_an_office(offices, data):
    whole = offices.root_1
    junk = data.draw(
        st.binary(max_size=300)
        | st.integers(0, len(whole) - 1).map(lambda at: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        | st.integers(0, len(whole)).map(lambda at: whole[:at])
    )
    path = offices.place / "hostile.partial"
    path.write_bytes(junk)
    before = sorted(found.name for found in (offices.place / "west").iterdir())
    with contextlib.suppress(FleetError, WireError):
        carried.take(offices.place / "west", carried.read([path]), anything, instead=False)
    with contextlib.suppress(FleetError, WireError):
        desk.review_document(offices["west"], junk, NOW)
    assert sorted(found.name for found in (offices.place / "west").iterdir()) == before


def test_a_file_without_an_end_and_a_directory_without_an_end_are_refused(tmp_path):
    big = tmp_path / "root-1.cbor"
    big.write_bytes(b"\xd8\x62" + b"\x00" * 300_000)
    with pytest.raises(FleetError, match="longer than any document"):
        carried.read([big])
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        (many / f"root-{number}.cbor").write_bytes(b"")
    with pytest.raises(FleetError, match="more than 256"):
        carried.read([many])


def test_a_new_office_joins_only_when_the_first_root_was_compared(offices, tmp_path):
    (tmp_path / "late").mkdir()

    def wrong(_root):
        raise FleetError("not what was read out")

    files = carried.Carried((("root-1.cbor", offices.root_1),), ())
    with pytest.raises(FleetError, match="read out"):
        carried.take(tmp_path / "late", files, wrong, instead=False)
    assert not list((tmp_path / "late").iterdir())
    with pytest.raises(FleetError, match="ceremony take"):
        _ = office.load(tmp_path / "late").root


def test_the_stick_is_never_written_over_with_another_document(offices, tmp_path):
    stick, secret = tmp_path / "stick", tmp_path / "secret"
    stick.mkdir()
    secret.write_text(SECRETS["west"])
    secret.chmod(0o600)
    partial = offices.sign("north", offices.change("north", thresholds={Role.ROOT: 3}))
    (stick / partial.name).write_bytes(partial.data)
    argv = ["change", "--renew", "--office", str(tmp_path / "west"), "--out", str(stick)]
    refused = CliRunner().invoke(app, [*argv, "--passphrase-file", str(secret)], input="y\n")
    assert "holds another root-2" in str(refused.exception)
    assert (stick / partial.name).read_bytes() == partial.data
    assert offices["west"].pending is None


def test_an_officer_types_passphrases_and_fingerprints_and_is_never_shown_what_to_type(tmp_path):
    run, stick = CliRunner(), str(tmp_path / "stick")

    def give(name: str, *argv: str, said: str) -> str:
        done = run.invoke(app, [*argv, "--office", str(tmp_path / name)], input=said, env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    spoken = {}
    for name, role in (("north", "root"), ("north", "trust"), ("south", "root")):
        secret = SECRETS[name]
        shown = give(name, "key", "--role", role, "--label", name, "--out", stick, said=f"{secret}\n" * 2)
        assert secret not in shown
        spoken[name, role] = next(word for word in shown.split() if len(word) == 29)
    heard = spoken["south", "root"]
    typed = f"{spoken['north', 'root']}\n{heard.lower()}\ny\n{SECRETS['north']}\n"
    keys = str(tmp_path / "carried")
    shown = give("north", "found", stick, "--fleet-keys", keys, "--out", stick, said=typed)
    assert "not the same" in shown  # the first one typed was another officer's
    assert heard not in shown
    root = [word for word in shown.split() if len(word) == 29][-1]
    typed = f"{root}\ny\n{SECRETS['south']}\n"
    shown = give("south", "countersign", stick, "--out", stick, said=typed)
    assert shown.count(root) == 1  # what was typed, and nothing else
    assert "Enough" in shown


def test_three_wrong_fingerprints_sign_nothing(offices, tmp_path):
    new = founding.make_sealed(offices["west"], Role.ROOT, "west two", Voice.of(SECRETS["west"]))
    card = tmp_path / "west" / new.file_name
    argv = [
        "change",
        "--add",
        str(card),
        "--office",
        str(tmp_path / "north"),
        "--out",
        str(tmp_path / "stick"),
    ]
    refused = CliRunner().invoke(app, argv, input="AAAAA\n" * 3)
    assert "is not what was read out" in str(refused.exception)
    assert offices["north"].pending is None
    assert not (tmp_path / "stick").exists()


def test_a_gate_that_slept_follows_every_root_while_every_key_is_replaced(offices):
    from device.firmware.trust import Beliefs

    (first,) = offices.sign_all("south", desk.Review((trust(),), ()))
    offices.take("north", first)
    offices.take("west", first)
    gate = Beliefs("0123456789ab")
    gate.first_root(offices.root_1)
    gate.new_trust(first.data, NOW + 1)
    was = set(offices["north"].root.keys_of(Role.ROOT)) | set(offices["north"].root.keys_of(Role.TRUST))
    answers = []
    for name, helper in (("north", "south"), ("south", "west"), ("west", "north")):
        old = tuple(offices.key(name, role) for role in (Role.ROOT, Role.TRUST)[: 1 if name == "west" else 2])
        new = [
            founding.make_sealed(offices[name], role, f"{name} {role} two", Voice.of(SECRETS[name]))
            for role in (Role.ROOT, Role.TRUST)[: len(old)]
        ]
        begun = offices.sign_all(name, offices.change(name, add=tuple(new), remove=old))
        whole = offices.sign_all(
            helper, desk.review_document(offices[helper], begun[0].data, NOW), begun[0].data
        )
        assert whole[0].complete
        answers.append(whole[0])
        become = offices.take(name, whole[0])
        assert become == (["kept", "kept"] if len(begun) > 1 else ["kept"])
        finished = signing.Signed(f"trust-{offices[name].trust.version}.cbor", b"", ())
        data = offices[name].kept("trust", offices[name].trust.version)
        finished = replace(finished, data=data)
        for other in SECRETS:
            offices.take(other, whole[0], finished)
        answers.append(finished)
    for answer in answers:
        if answer.name.startswith("root"):
            gate.new_root(answer.data)
    assert gate.new_trust(answers[-1].data, NOW + 10) == offices["west"].trust
    assert gate.root == offices["north"].root
    assert gate.root.version == 4
    now = set(gate.root.keys_of(Role.ROOT)) | set(gate.root.keys_of(Role.TRUST))
    assert not was & now


def test_a_trust_threshold_of_two_is_met_by_two_offices(offices):
    more = offices.sign("north", offices.change("north", thresholds={Role.TRUST: 2}))
    whole = offices.countersign("south", more.data)
    for name in ("north", "west"):
        offices.take(name, whole)
    partial = offices.sign("north", desk.Review((trust(),), ()))
    assert partial.name == "trust-1.partial"
    assert offices["north"].draft == trust()
    done = offices.countersign("south", partial.data)
    assert done.complete
    assert offices.take("north", done) == ["kept"]
    assert offices.take("west", done) == ["kept"]
    assert offices["west"].trust == trust()


def test_a_request_for_a_trust_key_is_answered_by_two_offices_and_makes_one_key(offices):
    (first,) = offices.sign_all("north", desk.Review((trust(),), ()))
    offices.take("south", first)
    held = offices["north"]
    asked = paper.Request(
        number=2,
        act="new-trust-key",
        words=paper.words_for("new-trust-key", None, held.root, held.trust),
        root=1,
        root_digest=paper.digest(held.root),
    )
    keys = []
    for _ in range(2):  # the answer was lost, and asked for again
        root, again = offices.sign_all("north", desk.review(offices["north"], asked, NOW))
        keys.append(len(offices["north"].own_keys()))
        assert not root.complete
        assert again.waits
        (offices.place / "north" / "trust-2.partial").unlink()  # as if the power went between the two
    root, again = offices.sign_all("north", desk.review(offices["north"], asked, NOW))
    assert keys[0] == keys[1] == 3
    whole = offices.countersign("south", root.data)
    assert offices.take("north", whole) == ["kept", "kept"]
    root, again = offices.sign_all("north", desk.review(offices["north"], asked, NOW))
    assert root.complete
    assert again.complete
    assert len(offices["north"].root.keys_of(Role.TRUST)) == 3


def test_an_older_and_a_newer_request_say_what_to_bring_where(offices):
    def asked(name: str) -> paper.Request:
        held = offices[name]
        return paper.Request(
            number=7,
            act="sign-trust",
            words=paper.words_for("sign-trust", trust(), held.root, held.trust),
            root=held.root.version,
            root_digest=paper.digest(held.root),
            body=envelope.write_body(trust()).hex(),
        )

    old = asked("north")
    whole = offices.countersign("south", offices.sign("north", offices.change("north")).data)
    offices.take("north", whole)
    with pytest.raises(desk.RefusedRequestError, match="keys export"):
        desk.review(offices["west"], asked("north"), NOW)
    with pytest.raises(desk.RefusedRequestError, match="requests export"):
        desk.review(offices["north"], old, NOW)
    for version in (1, 2):  # of another fleet: nothing is to be carried between the two
        other = msgspec.structs.replace(old, root=version, root_digest="ab" * 32)
        with pytest.raises(desk.RefusedRequestError, match="comes from another fleet"):
            desk.review(offices["north"], other, NOW)


def test_a_partial_document_under_any_name_is_countersigned(offices, tmp_path):
    """A copy under another name, or one whose ending an operating system hides, says what it is itself."""
    partial = offices.sign("north", offices.change("north"))
    secret = tmp_path / "secret"
    secret.write_text(SECRETS["south"])
    secret.chmod(0o600)
    renamed = tmp_path / "root-2.cbor"
    renamed.write_bytes(partial.data)
    argv = [
        "countersign",
        str(renamed),
        "--office",
        str(tmp_path / "south"),
        "--out",
        str(tmp_path / "stick"),
    ]
    done = CliRunner().invoke(app, [*argv, "--passphrase-file", str(secret)], input="y\n")
    assert done.exit_code == 0, done.exception
    assert offices["south"].root.version == 2
    again = CliRunner().invoke(app, [*argv, "--passphrase-file", str(secret)])
    assert "nothing here waits for more signatures" in again.output


def test_an_empty_stick_is_said_to_be_empty(offices, tmp_path):
    (tmp_path / "stick").mkdir()
    argv = ["take", str(tmp_path / "stick"), "--office", str(offices["west"].directory)]
    assert "no root or trust document lies in" in str(CliRunner().invoke(app, argv).exception)


def test_a_card_that_cannot_be_read_is_named_and_one_that_is_not_there_is_missed(offices, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    new = founding.make_sealed(offices["west"], Role.ROOT, "west two", Voice.of(SECRETS["west"]))
    card = (tmp_path / "west" / new.file_name).read_bytes()
    (stick / f"root-{new.key.kid.hex()}.card (1).json").write_bytes(card)  # as a file manager names a copy
    leaving = offices.key("south").fingerprint
    where = ["--office", str(tmp_path / "north"), "--out", str(stick)]
    argv = ["change", "--add", str(stick), "--remove", leaving, *where]
    assert "no key card" in str(CliRunner().invoke(app, argv, input="y\n").exception)
    (stick / "root-torn.card.json").write_bytes(card[:50])
    assert "root-torn.card.json: this is no key card" in str(CliRunner().invoke(app, argv).exception)
    assert offices["north"].pending is None


def test_keys_that_were_left_out_are_named_and_a_withdrawal_asks_first(offices, tmp_path):
    founding.make_sealed(offices["north"], Role.ROOT, "another", Voice.of("another horse battery"))
    card = offices["north"].cards
    added = next(c for c in card.values() if c.label == "another")
    (tmp_path / "secret").write_text(SECRETS["north"])
    (tmp_path / "secret").chmod(0o600)
    where = ["--office", str(tmp_path / "north")]
    argv = ["change", "--add", str(tmp_path / "north" / added.file_name), "--out", str(tmp_path / "stick")]
    argv += ["--passphrase-file", str(tmp_path / "secret"), *where]
    shown = CliRunner().invoke(app, argv, input="y\n", env={"COLUMNS": "200"})
    assert f"left out: root-{added.key.kid.hex()}.key" in shown.output
    status = CliRunner().invoke(app, ["status", *where], env={"COLUMNS": "200"}).output
    assert "还缺1把" in re.sub(r"[\s│]", "", status)  # a worker of the tests may have set another width
    kept = CliRunner().invoke(app, ["withdraw", "root-2.partial", *where], input="n\n")
    assert "nothing was changed" in str(kept.exception)
    assert offices["north"].pending is not None
    assert CliRunner().invoke(app, ["withdraw", "root-2.partial", *where], input="y\n").exit_code == 0
    assert offices["north"].pending is None


def test_only_the_desk_speaks_to_tokens():
    house = Path(desk.__file__).parents[2]
    rooms = [house / room for room in ("wire", "fleet", "device", "provisioning", "sandbox")]
    users = [path for room in rooms for path in room.rglob("*.py") if "pkcs11" in path.read_text().split()]
    assert {path.name for path in users} <= {"token.py", "keyring.py"}


def test_a_pipe_on_a_stick_is_not_waited_for_and_a_name_writes_nothing_on_the_terminal(offices, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    os.mkfifo(stick / "root-2.partial")
    with pytest.raises(FleetError, match="no plain file"):
        carried.read([stick])
    (stick / "root-2.partial").unlink()
    partial = offices.sign("north", offices.change("north"))
    hostile = stick / "root-2\x1b[2J.partial"
    hostile.write_bytes(partial.data)
    argv = ["countersign", str(hostile), "--office", str(tmp_path / "west"), "--out", str(stick)]
    shown = CliRunner().invoke(app, argv, input="n\n")
    assert "root-2" in shown.output
    assert "\x1b[2J" not in shown.output


@pytest.mark.usefixtures("offices")
def test_a_root_of_another_ceremony_is_never_taken(tmp_path):
    other = (
        founding.create(
            tmp_path / "o2", tmp_path / "c2", founding.Plan(), "correct horse battery", NOW
        ).directory
        / "root-1.cbor"
    )
    files = carried.read([other])
    with pytest.raises(FleetError, match="another ceremony"):
        carried.take(tmp_path / "west", files, anything, instead=True)


def test_a_withdrawn_root_takes_the_trust_document_beside_it_along(offices):
    (first,) = offices.sign_all("south", desk.Review((trust(),), ()))
    offices.take("north", first)
    offices.sign_all("north", offices.change("north", remove=(offices.key("south", Role.TRUST),)))
    assert offices["north"].draft is not None
    carried.withdraw(offices["north"], "root-2.partial")
    assert offices["north"].draft is None
    offices.sign_all("north", offices.change("north", remove=(offices.key("north", Role.TRUST),)))


def test_what_an_office_holds_is_given_again_to_another(offices, tmp_path):
    whole = offices.countersign("south", offices.sign("north", offices.change("north")).data)
    offices.take("north", whole)
    offices.sign("north", desk.Review((trust(),), ()))
    offices.sign("north", offices.change("north", thresholds={Role.ROOT: 3}))
    argv = ["give", "--office", str(tmp_path / "north"), "--out", str(tmp_path / "stick")]
    assert CliRunner().invoke(app, argv).exit_code == 0
    names = {path.name for path in (tmp_path / "stick").iterdir() if path.suffix != ".json"}
    assert names == {"root-1.cbor", "root-2.cbor", "trust-1.cbor", "root-3.partial"}
    files = carried.read([tmp_path / "stick"])
    became = [one.became for one in carried.take(tmp_path / "west", files, anything, instead=False)]
    assert became == ["held", "kept", "unsigned", "kept"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(SECRETS)),
            st.sampled_from(("propose", "countersign", "take")),
            st.integers(0, 200),
        ),
        max_size=24,
    )
)
def test_offices_that_never_withdraw_never_disagree_on_a_root(offices_again, acts):
    """Whatever is proposed, lost, delayed or carried twice: one version, one root."""
    offices, answers = offices_again()
    for name, act, number in acts:
        held = offices[name]
        with contextlib.suppress(FleetError):
            if act == "propose":
                root = offline.next_root(held.root, Change(), NOW + number)
                answers.append(offices.sign(name, desk.with_trust(held, root)))
            elif answers and act == "countersign":
                answers.append(offices.countersign(name, answers[number % len(answers)].data))
            elif answers:
                offices.take(name, answers[number % len(answers)])
    chains = [offices[name].roots for name in SECRETS]
    for one in chains:
        for other in chains:
            assert all(a == b for a, b in zip(one, other, strict=False))
    complete = [desk.unverified(answer.data) for answer in answers if answer.complete]
    for one in complete:
        assert all(one == other for other in complete if other.version == one.version)


@pytest.fixture
def offices_again(tmp_path):
    """Fresh copies of the same three offices, for one example after another."""
    (tmp_path / "model").mkdir()
    Offices(tmp_path / "model")
    made = [0]

    def fresh():
        made[0] += 1
        place = tmp_path / str(made[0])
        shutil.copytree(tmp_path / "model", place)
        copy = Offices.__new__(Offices)
        copy.place = place
        return copy, []

    return fresh


@pytest.mark.parametrize("at", range(1, 18, 2))
def test_a_first_ceremony_that_was_cut_short_is_led_again(tmp_path, monkeypatch, at):
    for name in ("north", "south"):
        (tmp_path / name).mkdir(mode=0o700)
        held = office.load(tmp_path / name)
        for role in (Role.ROOT, Role.TRUST):
            founding.make_sealed(held, role, f"{name} {role}", Voice.of(SECRETS[name]))
    cards = list((office.load(tmp_path / "south").cards or {}).values())

    def lead(now: int) -> signing.Signed:
        held = office.load(tmp_path / "north")
        root = founding.gather(held, cards, tmp_path / "carried", founding.Plan(), now)
        return signing.sign(held, desk.Review((root,), ()), Voice.of(SECRETS["north"]))[0]

    left = [at]

    def fsync(handle, real=os.fsync):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        real(handle)

    with monkeypatch.context() as power, contextlib.suppress(Killed):
        power.setattr("fleet.keys.sealed.os.fsync", fsync)
        lead(NOW)
    partial = lead(NOW + 5)
    held = office.load(tmp_path / "south")
    proposal = desk.review_document(held, partial.data, NOW)
    (whole,) = signing.sign(held, proposal, Voice.of(SECRETS["south"]), (partial.data,))
    root = chain.first_root(whole.data)
    for role in ONLINE:
        assert open_role_key(tmp_path / "carried", role).public.kid in root.keys_of(role)


@pytest.mark.parametrize("at", range(1, 6))
def test_an_office_that_is_brought_back_to_the_other_root_survives_a_cut(offices, tmp_path, monkeypatch, at):
    (first,) = offices.sign_all("south", desk.Review((trust(),), ()))
    for name in ("north", "west"):
        offices.take(name, first)
    gone = tuple(offices.key(name, Role.TRUST) for name in ("north", "south"))
    new = founding.make_sealed(offices["north"], Role.TRUST, "north two", Voice.of(SECRETS["north"]))
    one = offices.sign_all("north", offices.change("north", add=(new,), remove=gone))
    whole = offices.countersign("west", one[0].data)
    offices.take("north", whole)
    assert offices["north"].trust.version == 2
    other = offices.countersign("south", offices.sign("south", offices.change("south")).data)
    (tmp_path / "west" / "root-2.cbor").unlink()  # by hand: west signs both
    other = offices.countersign("west", other.data)
    left = [at]

    def replace_path(path, target, real=Path.replace):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return real(path, target)

    with monkeypatch.context() as power, contextlib.suppress(Killed):
        power.setattr(Path, "replace", replace_path)
        offices.take("north", other, instead=True)
    assert offices["north"].root.version in {1, 2}
    offices.take("north", other, instead=True)
    assert offices["north"].root == desk.unverified(other.data)
    assert offices["north"].trust == trust()  # no root that is left vouches for the other


def test_the_same_change_again_is_the_same_proposal(offices, tmp_path):
    (tmp_path / "secret").write_text(SECRETS["north"])
    (tmp_path / "secret").chmod(0o600)
    argv = ["change", "--root-threshold", "3", "--office", str(tmp_path / "north"), "--yes"]
    argv += ["--passphrase-file", str(tmp_path / "secret")]
    for out in ("one", "two"):
        assert CliRunner().invoke(app, [*argv, "--out", str(tmp_path / out)]).exit_code == 0
    one, two = ((tmp_path / out / "root-2.partial").read_bytes() for out in ("one", "two"))
    assert desk.unverified(one) == desk.unverified(two) == offices["north"].pending


def test_two_trust_documents_of_one_version_are_told_apart_and_one_is_followed(offices, tmp_path):
    (one,) = offices.sign_all("north", desk.Review((trust(),), ()))
    (other,) = offices.sign_all("south", desk.Review((trust(expires=NOW + 80 * DAY),), ()))
    assert one.complete
    assert other.complete
    with pytest.raises(SplitError, match="another trust-1 than the one held here"):
        offices.take("north", other)
    assert offices["north"].trust == trust()
    assert offices.take("north", other, instead=True) == ["kept"]
    assert offices["north"].trust == trust(expires=NOW + 80 * DAY)
    assert len(list((tmp_path / "north").glob("trust-1.cbor.aside-*"))) == 1
    (newer,) = offices.sign_all("north", desk.Review((trust(2),), ()))
    assert offices.take("south", newer) == ["kept"]
    assert offices.take("south", other) == ["older"]

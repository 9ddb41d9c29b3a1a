"""Root and trust keys changed at the server's request: visible while it waits, done in one step, given up."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet import server
from fleet.ceremony import command, office
from fleet.ceremony.keyring import Voice, unseal
from fleet.config import FILE_NAME
from fleet.db import open_database
from fleet.errors import ConflictError, FleetError
from fleet.keys import cards, chain
from fleet.models import Gate, GateState
from wire import envelope
from wire.documents import Role, Root
from wire.keys import PrivateKey

SECRET = "correct horse battery"
GATE = "0123456789ab"


class Fleet:
    """A fleet after its first ceremony, all keys at one desk."""

    def __init__(self, place: Path):
        self.place, self.run = place, CliRunner()
        self.fleet, self.office = place / "fleet", place / "office"
        self.fleet.mkdir()
        (self.fleet / FILE_NAME).write_text("")
        (place / "secret").write_text(SECRET)
        (place / "secret").chmod(0o600)
        with open_database(self.fleet / "fleet.db") as database:
            database.upgrade()
            with database.session() as session:
                session.add(Gate(id=GATE, name="", state="assigned", created_at=0))
        self.desk("create", "--fleet-keys", str(place / "carried"))
        self.here("keys", "install", str(place / "carried"))

    def desk(self, *argv: str) -> str:
        where = ["--office", str(self.office), "--passphrase-file", str(self.place / "secret")]
        return self._give(command.app, [*argv, *where])

    def here(self, *argv: str) -> str:
        return self._give(server.app, [*argv, "--dir", str(self.fleet)])

    def _give(self, app, argv: list[str]) -> str:
        result = self.run.invoke(app, argv, env={"COLUMNS": "200"})
        if result.exit_code:
            raise result.exception
        return result.output

    def sign(self) -> str:
        for path in sorted((self.fleet / "requests").glob("*.request.json")):
            self.desk("sign", str(path), "--out", str(self.place / "answers"), "--yes")
        return self.here("requests", "accept", str(self.place / "answers"))

    def card(self, role: Role = Role.ROOT, label: str = "new") -> tuple[PrivateKey, str]:
        key, path = PrivateKey.generate(), self.place / f"{label}.card.json"
        path.write_bytes(cards.write(role, label, key))
        return key, str(path)

    def root(self):
        return office.load(self.office).root

    def gate_holds(self, **versions: int):
        with open_database(self.fleet / "fleet.db") as database, database.session() as session:
            session.merge(GateState(gate_id=GATE, versions=versions, received_at=5))


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def test_an_officers_key_is_replaced_in_one_step_that_waits_visibly(fleet):
    key, card = fleet.card()
    old = next(iter(fleet.root().keys_of(Role.ROOT).values()))
    said = fleet.here("rotate", "root", "--add", card, "--remove", old.fingerprint)
    assert "is awaiting" in said
    assert "key REMOVED" in said
    assert "compares their fingerprints" in said
    assert "awaiting" in fleet.here("requests", "list")
    assert "awaiting" in fleet.here("rotate", "status")
    assert "root version 2 is accepted (request 1)" in fleet.sign()
    assert key.public in fleet.root().keys_of(Role.ROOT).values()
    assert old not in fleet.root().keys
    with pytest.raises(ConflictError, match="do not hold"):
        fleet.here("rotate", "advance", "1")
    fleet.gate_holds(root=2)
    fleet.here("rotate", "advance", "1")
    assert "removed" in fleet.here("rotate", "status")


def test_a_root_request_is_given_up_before_it_is_signed_and_not_after(fleet):
    fleet.here("rotate", "root", "--renew")
    with pytest.raises(ConflictError, match="of rotation 1"):
        fleet.here("requests", "withdraw", "1")
    with pytest.raises(ConflictError, match="finish or undo"):
        fleet.here("rotate", "root", "--renew")
    fleet.here("rotate", "undo", "1")
    assert not list((fleet.fleet / "requests").iterdir())
    fleet.here("rotate", "root", "--root-threshold", "3")
    fleet.sign()
    assert fleet.root().roles[Role.ROOT].threshold == 3
    with pytest.raises(ConflictError, match="not taken back"):
        fleet.here("rotate", "undo", "2")


def test_the_trust_document_comes_back_with_a_root_whose_trust_keys_differ(fleet):
    fleet.here("trust", "propose")
    fleet.sign()
    (old, other) = fleet.root().keys_of(Role.TRUST).values()
    fleet.here("rotate", "root", "--remove", old.kid.hex())
    said = fleet.sign()
    assert "root version 2 is accepted" in said
    held = office.load(fleet.office)
    keys = {key.kid: key for key in held.own_keys()}
    assert unseal(keys[other.kid], Voice.of(SECRET)).public == other
    data = (fleet.office / f"trust-{held.trust.version}.cbor").read_bytes()
    chain.next_trust(held.root, None, data)


def test_a_request_without_a_change_or_with_an_impossible_one_is_refused(fleet):
    with pytest.raises(FleetError, match="say what is to change"):
        fleet.here("rotate", "root")
    with pytest.raises(FleetError, match="by those of --add"):
        fleet.here("rotate", "root", "--rotate-all")
    for argv in (["--root-threshold", "4"], ["--remove", "AAAAA-AAAAA"], ["--trust-threshold", "3"]):
        with pytest.raises(FleetError, match="nothing was"):
            fleet.here("rotate", "root", *argv)
    assert "nothing was ever asked" in fleet.here("requests", "list")


def test_a_root_that_came_from_the_desk_first_overtakes_a_rotation_that_waits(fleet):
    fleet.here("rotate", "root", "--root-threshold", "3")
    fleet.desk("change", "--renew", "--out", str(fleet.place / "answers"), "--yes")
    fleet.here("requests", "accept", str(fleet.place / "answers"))
    assert "Rotation 1 was overtaken" in fleet.here("rotate", "status")
    fleet.here("rotate", "undo", "1")
    assert "overtaken:" not in fleet.here("rotate", "status")
    fleet.here("rotate", "root", "--root-threshold", "3")
    fleet.sign()
    assert fleet.root().version == 3
    assert fleet.root().roles[Role.ROOT].threshold == 3


def test_a_root_that_has_nothing_to_do_with_a_trust_key_does_not_answer_for_it(fleet):
    """Else the old key would be asked to leave, and nothing have come in its place."""
    fleet.here("trust", "propose")
    fleet.sign()
    fleet.here("rotate", "trust")
    fleet.desk("change", "--renew", "--out", str(fleet.place / "answers"), "--yes")
    said = fleet.here("requests", "accept", str(fleet.place / "answers"))
    assert "root version 2 is accepted (nobody here had asked for it)" in said
    assert [row["state"] for row in json.loads(fleet.here("rotate", "status", "--json"))] == ["awaiting"]
    assert "root version 3 is accepted (request 2)" in fleet.sign()  # its file was written anew for root 2
    assert len(fleet.root().roles[Role.TRUST].kids) == 3
    assert [row["state"] for row in json.loads(fleet.here("rotate", "status", "--json"))] == ["published"]


def test_a_key_whose_leaving_was_overtaken_is_asked_to_leave_again(fleet):
    old = set(fleet.root().keys_of(Role.DIRECTOR))
    fleet.here("rotate", "director")
    fleet.sign()
    fleet.here("rotate", "advance", "1", "--anyway")
    fleet.here("rotate", "advance", "1")
    fleet.desk("change", "--renew", "--out", str(fleet.place / "answers"), "--yes")
    fleet.here("requests", "accept", str(fleet.place / "answers"))
    assert "jx-fleet rotate advance 1" in fleet.here("rotate", "status")
    fleet.here("rotate", "advance", "1")
    fleet.sign()
    assert "removed" in fleet.here("rotate", "status")
    assert not old & set(fleet.root().keys_of(Role.DIRECTOR))


def test_the_whole_chain_is_given_to_an_office_that_missed_some(fleet, tmp_path):
    first = fleet.root()
    for _ in range(3):
        fleet.here("rotate", "root", "--renew")
        fleet.sign()
        fleet.here("rotate", "advance", str(fleet.root().version - 1), "--anyway")
    said = fleet.here("keys", "export", str(tmp_path / "stick"))
    assert "4 documents" in said
    root = chain.first_root((tmp_path / "stick" / "root-1.cbor").read_bytes())
    assert root == first
    for version in (2, 3, 4):
        root = chain.next_root(root, (tmp_path / "stick" / f"root-{version}.cbor").read_bytes())
    assert root == fleet.root()


def test_a_stick_with_other_forms_of_what_is_held_is_accepted_and_another_document_is_not(fleet):
    """Officers who sign at the same time complete a root twice, with other signatures on each."""
    fleet.here("rotate", "root", "--renew")
    fleet.sign()
    answers = fleet.place / "answers"
    data = (answers / "root-2.cbor").read_bytes()
    signed = envelope.parse(Root, data)
    root = envelope.read_body(Root, signed.payload)
    keys = {key.kid: unseal(key, Voice.of(SECRET)) for key in office.load(fleet.office).own_keys()}
    signers = [keys[kid] for kid in root.roles[Role.ROOT].kids]
    assert len(signed.signatures) == len(signers) == 3
    (answers / "root-2.cbor").write_bytes(envelope.sign(root, signers[1:]))
    assert "held already" in fleet.here("requests", "accept", str(answers))
    (answers / "root-2.cbor").write_bytes(envelope.sign(replace(root, issued=root.issued + 1), signers))
    with pytest.raises(FleetError, match="another root version 2 was accepted here before"):
        fleet.here("requests", "accept", str(answers))


def test_a_stick_without_answers_is_not_taken_for_one_that_was_held_already(fleet):
    stick = fleet.place / "stick"
    stick.mkdir()
    with pytest.raises(
        FleetError, match=r"no root-N\.cbor and no trust-N\.cbor lies in .*; nothing was changed$"
    ):
        fleet.here("requests", "accept", str(stick))
    (stick / "root-2.partial").write_bytes(b"")
    (stick / "root-2\x1b[2J.partial").write_bytes(b"")
    with pytest.raises(
        FleetError, match=r"nothing was changed\. root-2\.partial still lacks signatures: [^.]*$"
    ):
        fleet.here("requests", "accept", str(stick))
    fleet.here("rotate", "root", "--renew")
    fleet.sign()
    (fleet.place / "answers" / "root-3.partial").write_bytes(b"")
    said = fleet.here("requests", "accept", str(fleet.place / "answers"))
    assert "held already" in said
    assert "Not taken: root-3.partial still lacks signatures" in said


def test_an_answer_that_was_lost_is_given_again_with_its_trust_document(fleet):
    fleet.here("trust", "propose")
    fleet.sign()
    old = next(iter(fleet.root().keys_of(Role.TRUST).values()))
    fleet.here("rotate", "root", "--remove", old.kid.hex())
    (path,) = (fleet.fleet / "requests").glob("*.request.json")
    for name in ("lost", "answers2"):
        fleet.desk("sign", str(path), "--out", str(fleet.place / name), "--yes")
    said = fleet.here("requests", "accept", str(fleet.place / "answers2"))
    assert "root version 2 is accepted" in said
    for kind in ("root-2", "trust-1", "trust-2"):
        lost = fleet.place / "lost" / f"{kind}.cbor"
        again = fleet.place / "answers2" / f"{kind}.cbor"
        assert lost.exists() == again.exists()
        assert not lost.exists() or lost.read_bytes() == again.read_bytes()


def test_a_watching_desk_answers_what_appears_and_says_what_it_refuses(fleet, monkeypatch):
    fleet.here("trust", "propose")
    requests = fleet.fleet / "requests"
    (requests / "0009-sign-root.request.json").write_text("{}")
    looks = [0]

    def sleep(_seconds):
        looks[0] += 1
        if looks[0] > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", sleep)
    argv = [
        "watch",
        str(requests),
        "--out",
        str(fleet.place / "answers"),
        "--yes",
        "--office",
        str(fleet.office),
    ]
    argv += ["--passphrase-file", str(fleet.place / "secret")]
    shown = fleet.run.invoke(command.app, argv, env={"COLUMNS": "200"})
    assert shown.output.count("refused 0009-sign-root.request.json") == 1
    assert shown.output.count("wrote") == 1
    assert "trust version 1 is accepted (request 1)" in fleet.here(
        "requests", "accept", str(fleet.place / "answers")
    )

"""From the ceremony to the trust document and through rotations, by the commands, on real bytes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.ceremony import command as ceremony
from fleet.config import FILE_NAME
from fleet.db import open_database
from fleet.errors import ConflictError, FleetError
from fleet.keys import commands, rotate_commands, sealed, trust_commands
from fleet.models import Audit, Document, Gate, GateState, Rotation, SigningRequest
from wire import cbor, envelope
from wire.documents import Role, Root, Trust
from wire.errors import WireError
from wire.keys import PrivateKey

SECRET = "correct horse battery"
GATE = "0123456789ab"
YEAR = 365 * 86_400


class Town:
    """A fleet directory, an office, and their commands."""

    def __init__(self, place: Path):
        self.fleet, self.office, self.answers = place / "fleet", place / "office", place / "answers"
        self.carried, self.secret = place / "carried", place / "secret"
        self.fleet.mkdir()
        (self.fleet / FILE_NAME).write_text("")
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        self.run = CliRunner()
        with open_database(self.fleet / "fleet.db") as database:
            database.upgrade()
            with database.session() as session:
                session.add(Gate(id=GATE, name="", state="assigned", created_at=0))

    def call(self, app, *arguments: str) -> str:
        result = self.run.invoke(app, list(arguments))
        if result.exit_code:
            raise result.exception
        return result.output

    def here(self, app, *arguments: str) -> str:
        return self.call(app, *arguments, "--dir", str(self.fleet))

    def ceremony(self):
        places = ["--office", str(self.office), "--passphrase-file", str(self.secret)]
        self.call(ceremony.app, "create", *places, "--fleet-keys", str(self.carried))
        self.here(commands.keys_app, "install", str(self.carried))

    def sign(self):
        """The officer answers every waiting request, and the answers come back."""
        for path in sorted((self.fleet / "requests").glob("*.request.json")):
            places = ["--office", str(self.office), "--passphrase-file", str(self.secret)]
            self.call(ceremony.app, "sign", str(path), *places, "--out", str(self.answers), "--yes")
        return self.here(commands.app, "accept", str(self.answers))

    def add_issuer(self, key: PrivateKey) -> Path:
        described = {
            "id": "jl",
            "name_zh": "吉林省",
            "name_en": "Jilin",
            "keys": [
                {"key": hexed(key), "use": "codes", "not_before": 0, "not_after": 2_000_000_000},
                {
                    "key": hexed(PrivateKey.generate()),
                    "use": "lists",
                    "not_before": 0,
                    "not_after": 2_000_000_000,
                },
            ],
            "lists": [{"uri": "https://jl.example/0", "shard": 0}],
        }
        file = self.fleet.parent / "jl.json"
        file.write_text(json.dumps(described))
        self.here(trust_commands.trust_app, "add-issuer", str(file))
        return file

    def documents(self, kind) -> list:
        name = envelope.KINDS[kind].name
        with open_database(self.fleet / "fleet.db") as database, database.reading() as session:
            rows = session.query(Document).filter_by(kind=name).order_by(Document.version)
            return [row.data for row in rows]

    def rotation(self, number: int = 1) -> Rotation:
        with open_database(self.fleet / "fleet.db") as database, database.reading() as session:
            return session.get_one(Rotation, number)

    def gate_holds(self, **versions: int):
        with open_database(self.fleet / "fleet.db") as database, database.session() as session:
            session.merge(GateState(gate_id=GATE, versions=versions, received_at=5))


def hexed(key: PrivateKey) -> str:
    return cbor.encode(key.public.cose()).hex()


def believed(root_data: bytes, trust_data: bytes) -> Trust:
    """A trust document as a gate believes it under a root."""
    root = envelope.read_body(Root, envelope.parse(Root, root_data).payload)
    row = root.roles[Role.TRUST]
    return envelope.verify(Trust, trust_data, root.keys_of(Role.TRUST), row.threshold)


@pytest.fixture
def town(tmp_path: Path):
    made = Town(tmp_path)
    made.ceremony()
    return made


def test_the_first_trust_document_comes_from_an_issuers_description(town):
    key = PrivateKey.generate()
    town.add_issuer(key)
    shown = town.here(commands.app, "show", "1")
    assert "加入发码机构 jl" in shown
    assert "trust version 1 is accepted (request 1)" in town.sign()
    (root,), (trust,) = town.documents(Root), town.documents(Trust)
    (jl,) = believed(root, trust).issuers
    assert next(row.key for row in jl.keys) == key.public
    assert "吉林省" in town.here(trust_commands.trust_app, "show", "--json")
    assert not list((town.fleet / "requests").iterdir())
    assert "held already" in town.here(commands.app, "accept", str(town.answers))


def test_a_second_change_builds_on_the_first_that_still_waits(town):
    file = town.add_issuer(PrivateKey.generate())
    second = json.loads(file.read_text()) | {"id": "hlj", "name_en": "Heilongjiang", "lists": []}
    file.write_text(json.dumps(second))
    town.here(trust_commands.trust_app, "add-issuer", str(file))
    assert [p.name for p in (town.fleet / "requests").iterdir()] == ["0002-sign-trust.request.json"]
    town.sign()
    trust = believed(town.documents(Root)[0], town.documents(Trust)[0])
    assert {issuer.id for issuer in trust.issuers} == {"jl", "hlj"}
    town.here(trust_commands.trust_app, "propose", "--remove", "hlj")
    town.sign()
    trust = believed(town.documents(Root)[0], town.documents(Trust)[1])
    assert {issuer.id for issuer in trust.issuers} == {"jl"}


def test_an_answer_of_another_office_changes_nothing(town, tmp_path):
    town.add_issuer(PrivateKey.generate())
    other_place = tmp_path / "other"
    other_place.mkdir()
    other = Town(other_place)
    other.ceremony()
    other.add_issuer(PrivateKey.generate())
    other.sign()
    with pytest.raises(FleetError, match="not accepted"):
        town.here(commands.app, "accept", str(other.answers / "trust-1.cbor"))
    assert town.documents(Trust) == []


def test_of_many_files_the_one_that_is_no_document_is_named(town, tmp_path):
    (tmp_path / "root-9.cbor").write_bytes(b"a photograph")
    with pytest.raises(FleetError, match=r"root-9\.cbor is neither a root nor a trust document; nothing was"):
        town.here(commands.app, "accept", str(tmp_path))


def test_an_issuers_key_is_rotated_with_an_overlap(town):
    old, new = PrivateKey.generate(), PrivateKey.generate()
    town.add_issuer(old)
    town.sign()
    town.here(rotate_commands.app, "issuer", "jl", "--key", hexed(new))
    assert town.rotation().state == "awaiting"
    town.sign()
    assert town.rotation().state == "published"
    root, overlap = town.documents(Root)[0], believed(town.documents(Root)[0], town.documents(Trust)[1])
    assert {old.public, new.public} <= {row.key for row in overlap.issuers[0].keys}

    town.gate_holds(root=1, trust=1)
    with pytest.raises(ConflictError, match="1 gates do not hold"):
        town.here(rotate_commands.app, "advance", "1")
    assert GATE in town.here(rotate_commands.app, "status")
    town.gate_holds(root=1, trust=2)
    town.here(rotate_commands.app, "advance", "1")
    assert town.rotation().state == "active"
    town.here(rotate_commands.app, "advance", "1")
    assert town.rotation().state == "retired"
    town.sign()
    assert town.rotation().state == "removed"
    keys = {row.key for row in believed(root, town.documents(Trust)[2]).issuers[0].keys}
    assert new.public in keys
    assert old.public not in keys


def test_the_trust_key_is_rotated_by_two_roots(town):
    town.add_issuer(PrivateKey.generate())
    town.sign()
    town.here(rotate_commands.app, "trust")
    town.sign()
    assert town.rotation().state == "published"
    roots, trusts = town.documents(Root), town.documents(Trust)
    assert [len(roots), len(trusts)] == [2, 2]
    # whichever of the roots a gate has reached, it believes the new trust document
    assert believed(roots[0], trusts[1]) == believed(roots[1], trusts[1])
    town.gate_holds(root=2, trust=2)
    town.here(rotate_commands.app, "advance", "1")
    town.here(rotate_commands.app, "advance", "1")
    town.sign()
    assert town.rotation().state == "removed"
    roots, trusts = town.documents(Root), town.documents(Trust)
    last = envelope.read_body(Root, envelope.parse(Root, roots[2]).payload)
    assert town.rotation().detail["old"] not in {kid.hex() for kid in last.roles[Role.TRUST].kids}
    assert believed(roots[2], trusts[2]).version == 3


@pytest.mark.parametrize("role", sealed.ONLINE)
def test_an_online_key_is_rotated_by_two_roots(town, role):
    keys = town.fleet / "keys"
    old = sealed.open_role_key(keys, role).public.kid
    town.here(rotate_commands.app, role.value)
    new = sealed.open_role_key(keys, role, "next").public.kid
    town.sign()
    both = envelope.read_body(Root, envelope.parse(Root, town.documents(Root)[1]).payload)
    assert set(both.keys_of(role)) == {old, new}
    town.gate_holds(root=2)
    town.here(rotate_commands.app, "advance", "1")
    assert sealed.open_role_key(keys, role).public.kid == new
    town.here(rotate_commands.app, "advance", "1")
    town.sign()
    last = envelope.read_body(Root, envelope.parse(Root, town.documents(Root)[2]).payload)
    assert set(last.keys_of(role)) == {new}
    assert sorted(p.name for p in keys.glob(f"{role.value}*")) == [f"{role.value}.key", f"{role.value}.pass"]


@pytest.mark.parametrize("at", range(1, 5))
def test_an_interrupted_switch_of_keys_is_finished_by_the_same_command(town, monkeypatch, at):
    keys = town.fleet / "keys"
    old = sealed.open_role_key(keys, Role.DIRECTOR).public
    town.here(rotate_commands.app, "director")
    town.sign()
    real, left = Path.replace, [at]

    def replace(path, target):
        if path.parent == keys:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - the runner turns an interruption into an exit
            town.here(rotate_commands.app, "advance", "1", "--anyway")
    assert town.rotation().state == "published"
    town.here(rotate_commands.app, "advance", "1", "--anyway")
    assert town.rotation().state == "active"
    assert sealed.open_role_key(keys, Role.DIRECTOR).public.kid.hex() == town.rotation().detail["new"]
    assert sealed.open_role_key(keys, Role.DIRECTOR, "old").public == old


def test_a_rotation_can_be_undone_before_and_after_it_was_published(town):
    old, new = PrivateKey.generate(), PrivateKey.generate()
    town.add_issuer(old)
    town.sign()
    town.here(rotate_commands.app, "issuer", "jl", "--key", hexed(new))
    town.here(rotate_commands.app, "undo", "1")
    assert town.rotation(1).state == "removed"
    assert not list((town.fleet / "requests").iterdir())
    town.here(rotate_commands.app, "issuer", "jl", "--key", hexed(new))
    town.sign()
    town.here(rotate_commands.app, "undo", "2")
    town.sign()
    assert town.rotation(2).state == "removed"
    last = believed(town.documents(Root)[0], town.documents(Trust)[-1])
    assert new.public not in {row.key for row in last.issuers[0].keys}


def test_a_request_that_a_rotation_needs_is_not_replaced(town):
    file = town.add_issuer(PrivateKey.generate())
    town.sign()
    town.here(rotate_commands.app, "issuer", "jl", "--key", hexed(PrivateKey.generate()))
    with pytest.raises(ConflictError, match="of rotation 1"):
        town.here(trust_commands.trust_app, "add-issuer", str(file))
    with pytest.raises(ConflictError, match="of rotation 1"):
        town.here(commands.app, "withdraw", "2")


def test_the_same_key_is_not_rotated_twice_at_once(town):
    town.here(rotate_commands.app, "trust")
    with pytest.raises(ConflictError, match="finish or undo"):
        town.here(rotate_commands.app, "trust")


def test_a_key_rotation_without_an_issuer_says_what_to_do(town):
    with pytest.raises(FleetError, match="trust add-issuer"):
        town.here(rotate_commands.app, "issuer", "jl", "--key", hexed(PrivateKey.generate()))


def test_keys_of_another_ceremony_are_not_installed(tmp_path):
    town = Town(tmp_path)
    places = ["--office", str(town.office), "--passphrase-file", str(town.secret)]
    town.call(ceremony.app, "create", *places, "--fleet-keys", str(town.carried))
    for path in (sealed.key_file(town.carried, Role.RECORDER), sealed.pass_file(town.carried, Role.RECORDER)):
        path.unlink()
    sealed.seal_role_key(town.carried, Role.RECORDER, PrivateKey.generate())
    with pytest.raises(FleetError, match="not the recorder key"):
        town.here(commands.keys_app, "install", str(town.carried))
    assert not (town.fleet / "keys").exists()


@pytest.mark.parametrize(
    "described",
    [b"", b"[]", b'{"id":"jl"}', b'{"id":"J L","name_zh":"","name_en":"","keys":[]}', b"\xff"],
)
def test_a_wrong_description_is_refused_with_a_reason(town, described, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_bytes(described)
    with pytest.raises(FleetError, match="nothing was changed"):
        town.here(trust_commands.trust_app, "add-issuer", str(file))


def test_every_step_is_in_the_audit_log(town):
    town.add_issuer(PrivateKey.generate())
    town.sign()
    with open_database(town.fleet / "fleet.db") as database, database.reading() as session:
        actions = [row.action for row in session.query(Audit).order_by(Audit.id)]
        assert session.query(SigningRequest).one().state == "answered"
    assert actions == ["keys.installed", "request.made", "document.accepted"]


def test_a_truncated_answer_is_refused(town):
    town.add_issuer(PrivateKey.generate())
    town.sign()
    data = (town.answers / "trust-1.cbor").read_bytes()
    (town.answers / "trust-1.cbor").write_bytes(data[:-1])
    with pytest.raises((FleetError, WireError)):
        town.here(commands.app, "accept", str(town.answers))


def test_imported_keys_are_signed_by_the_desk_that_reads_the_same_words(town, press, tmp_path):
    file = tmp_path / "list.json"
    ders = [press.dsc(country=country) for country in ("DE", "FR", "GR") for _ in range(30)]
    file.write_bytes(press.pem(*ders))
    town.here(trust_commands.trust_app, "import", str(file), "--until", "2099-12-31")
    assert "hc1-gr has 30 keys now" in town.here(commands.app, "show", "1")
    town.sign()
    (root,), (trust,) = town.documents(Root), town.documents(Trust)
    assert [len(issuer.keys) for issuer in believed(root, trust).foreign] == [30, 30, 30]
    kid = press.kid(ders[0]).hex()
    town.here(trust_commands.trust_app, "remove-key", "hc1-de", kid, "--reason", "stolen")
    town.sign()
    assert len(believed(root, town.documents(Trust)[1]).foreign[0].keys) == 29

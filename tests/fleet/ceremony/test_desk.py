"""The signing desk: it signs what it says, and refuses everything else."""

import contextlib
import os
import stat
from dataclasses import fields, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.ceremony import desk, founding, office, signing
from fleet.ceremony.command import app, main
from fleet.ceremony.keyring import Voice, unseal
from fleet.errors import FleetError
from fleet.keys import chain, paper
from fleet.keys.sealed import (
    OFFLINE,
    ONLINE,
    key_file,
    open_role_key,
    pass_file,
    replace_private,
    seal_role_key,
    write_private,
)
from fleet.keys.words import trust_words
from wire import envelope
from wire.documents import Issuer, IssuerKey, KeyUse, ListRef, Role, RoleKeys, Trust
from wire.errors import WireError
from wire.keys import PrivateKey
from wire.policy import LOOSEST

NOW = 1_795_000_000
DAY = 86_400
SECRET = "correct horse battery"


@pytest.fixture
def held(tmp_path: Path):
    return founding.create(tmp_path / "office", tmp_path / "carry", founding.Plan(), SECRET, NOW)


def keys_of(held: office.Office) -> dict[bytes, PrivateKey]:
    return {key.kid: unseal(key, Voice.of(SECRET)) for key in held.own_keys()}


def trust(version: int = 1, **changes) -> Trust:
    key = PrivateKey.generate().public
    jl = Issuer(
        id="jl",
        name_zh="吉林",
        name_en="Jilin",
        keys=(IssuerKey(key=key, use=KeyUse.CODES, not_before=NOW, not_after=NOW + DAY),),
        lists=(ListRef(uri="https://jl.example/0", shard=0, carried_by=("",)),),
    )
    made = Trust(
        version=version, issued=NOW, expires=NOW + 90 * DAY, audience="*", issuers=(jl,), bounds=LOOSEST
    )
    return replace(made, **changes)


def request(held: office.Office, document, *, number: int = 1, words=None) -> paper.Request:
    act = "sign-trust" if isinstance(document, Trust) else "sign-root"
    return paper.Request(
        number=number,
        act=act,
        words=words or paper.words_for(act, document, held.root, held.trust),
        root=held.root.version,
        root_digest=paper.digest(held.root),
        body=envelope.write_body(document).hex(),
    )


def signed(held: office.Office, asked: paper.Request) -> list[signing.Signed]:
    return signing.sign(held, desk.review(held, asked, NOW), Voice.of(SECRET))


@pytest.mark.usefixtures("held")
def test_a_ceremony_makes_a_root_that_its_threshold_signed(tmp_path):
    data = (tmp_path / "carry" / "root-1.cbor").read_bytes()
    root = chain.first_root(data)
    assert root.roles[Role.ROOT].threshold == 2
    assert [len(root.keys_of(role)) for role in Role] == [3, 2, 1, 1, 1]
    for role in ONLINE:
        assert open_role_key(tmp_path / "carry", role).public.kid in root.keys_of(role)


@pytest.mark.usefixtures("held")
def test_only_the_office_holds_root_and_trust_keys_and_only_its_owner_may_read(tmp_path):
    office_dir, carry = tmp_path / "office", tmp_path / "carry"
    assert sorted(p.name.split("-")[0] for p in office_dir.glob("*.key")) == ["root"] * 3 + ["trust"] * 2
    assert sorted(p.name for p in carry.iterdir()) == sorted(
        ["root-1.cbor", *(f"{role.value}{end}" for role in ONLINE for end in (".key", ".pass"))]
    )
    for path in (*office_dir.iterdir(), *carry.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in (office_dir, carry):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (*office_dir.glob("*.key"), *carry.glob("*.key")):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


@pytest.mark.usefixtures("held")
def test_a_key_file_that_others_may_read_is_not_opened(tmp_path):
    key_file(tmp_path / "carry", Role.RECORDER).chmod(0o640)
    with pytest.raises(FleetError, match="chmod 600"):
        open_role_key(tmp_path / "carry", Role.RECORDER)


@pytest.mark.usefixtures("held")
def test_a_key_file_behind_a_link_is_not_opened(tmp_path):
    path = pass_file(tmp_path / "carry", Role.RECORDER)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FleetError):
        open_role_key(tmp_path / "carry", Role.RECORDER)


@pytest.mark.usefixtures("held")
def test_a_wrong_pass_opens_nothing(tmp_path):
    carry = tmp_path / "carry"
    pass_file(carry, Role.RECORDER).write_bytes(pass_file(carry, Role.DIRECTOR).read_bytes())
    with pytest.raises(FleetError, match="does not open"):
        open_role_key(carry, Role.RECORDER)


@pytest.mark.parametrize("role", OFFLINE)
def test_an_offline_role_is_neither_sealed_nor_opened_as_an_online_one(role, tmp_path):
    with pytest.raises(FleetError):
        seal_role_key(tmp_path, role, PrivateKey.generate())
    with pytest.raises(FleetError):
        open_role_key(tmp_path, role)


@pytest.mark.usefixtures("held")
def test_keys_are_not_made_over_others(tmp_path):
    with pytest.raises(FleetError, match="not an empty directory"):
        founding.create(tmp_path / "office", tmp_path / "other", founding.Plan(), SECRET, NOW)
    with pytest.raises(FleetError, match="apart"):
        founding.create(tmp_path / "new", tmp_path / "new" / "carry", founding.Plan(), SECRET, NOW)


def test_a_short_passphrase_makes_nothing(tmp_path):
    with pytest.raises(FleetError, match="12 characters"):
        founding.create(tmp_path / "a", tmp_path / "b", founding.Plan(), "short", NOW)
    assert not (tmp_path / "a").exists()


def test_a_request_is_signed_and_remembered(held, tmp_path):
    (answer,) = signed(held, request(held, trust()))
    assert answer.complete
    assert answer.name == "trust-1.cbor"
    again = office.load(tmp_path / "office")
    assert again.trust == chain.next_trust(held.root, None, answer.data)


def test_the_same_contents_may_be_signed_again_but_not_others(held, tmp_path):
    document = trust()
    signed(held, request(held, document))
    again = office.load(tmp_path / "office")
    lost = request(held, document)
    assert signed(again, lost)[0].complete
    with pytest.raises(desk.RefusedRequestError, match="does not follow"):
        desk.review(again, request(again, trust()), NOW)


def test_a_lower_or_skipped_version_is_refused(held, tmp_path):
    signed(held, request(held, trust(1)))
    again = office.load(tmp_path / "office")
    for version in (1, 3):
        with pytest.raises(desk.RefusedRequestError, match="does not follow"):
            desk.review(again, request(again, trust(version)), NOW)


def test_a_request_for_another_root_is_refused(held, tmp_path):
    other = founding.create(tmp_path / "o2", tmp_path / "c2", founding.Plan(), SECRET, NOW)
    with pytest.raises(desk.RefusedRequestError, match="another root"):
        desk.review(held, request(other, trust()), NOW)


def test_a_request_that_does_more_than_it_says_is_refused(held):
    document = trust()
    words = paper.words_for("sign-trust", document, held.root, None)
    extra = IssuerKey(key=PrivateKey.generate().public, use=KeyUse.LISTS, not_before=NOW, not_after=NOW + DAY)
    more = replace(document, issuers=(replace(document.issuers[0], keys=(*document.issuers[0].keys, extra)),))
    with pytest.raises(desk.RefusedRequestError, match="something else than its words say"):
        desk.review(held, request(held, more, words=words), NOW)


def test_a_root_request_that_lowers_a_threshold_says_so(held):
    roles = dict(held.root.roles)
    roles[Role.ROOT] = RoleKeys(threshold=1, kids=roles[Role.ROOT].kids)
    lowered = replace(held.root, version=2, issued=NOW, roles=roles)
    words = desk.review(held, request(held, lowered), NOW).words
    assert any("ATTENTION: root: 1 of 3 keys must sign, FEWER than the 2 before" in line for line in words)
    roles[Role.ROOT] = RoleKeys(threshold=3, kids=roles[Role.ROOT].kids)
    words = desk.review(held, request(held, replace(lowered, roles=roles)), NOW).words
    assert any("root: 3 of 3 keys must sign" in line and "ATTENTION" not in line for line in words)


@pytest.mark.parametrize(
    "changes", [{"audience": "0123456789ab"}, {"expires": NOW - 1}, {"issued": NOW + 100 * DAY}]
)
def test_a_document_for_one_gate_or_without_a_life_is_refused(held, changes):
    with pytest.raises(desk.RefusedRequestError):
        desk.review(held, request(held, trust(**changes)), NOW)


def test_every_field_of_a_trust_document_is_spoken_of():
    old = trust()
    (jl,) = old.issuers
    (key,), (ref,) = jl.keys, jl.lists
    other = PrivateKey.generate().public
    changed = [replace(old, **{f: getattr(old, f) + 1}) for f in ("version", "issued", "expires")]
    changed.append(replace(old, audience="somebody"))
    issuers = [replace(jl, **{f: "xx"}) for f in ("id", "name_zh", "name_en")]
    issuers += [replace(jl, keys=()), replace(jl, lists=())]
    for field, value in (("key", other), ("use", KeyUse.LISTS), ("not_before", 1), ("not_after", NOW + 1)):
        issuers.append(replace(jl, keys=(replace(key, **{field: value}),)))
    for field, value in (("uri", "u"), ("shard", 1), ("carried_by", ()), ("carried_by", ("a",))):
        issuers.append(replace(jl, lists=(replace(ref, **{field: value}),)))
    changed += [replace(old, issuers=(issuer,)) for issuer in issuers]
    for field in fields(old.bounds):
        present = getattr(old.bounds, field.name)
        values = (
            type(present)
            if not isinstance(present, int) or type(present) is not int
            else (present - 1, present + 1)
        )
        value = next(v for v in values if v != present and (type(v) is not int or v >= 0))
        changed.append(replace(old, bounds=replace(old.bounds, **{field.name: value})))
    said = [trust_words(old, document) for document in changed]
    assert len({*said, trust_words(old, old)}) == len(said) + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"carried_by": ("0", "1")}, {"carried_by": ("0…, 1",)}),
        ({"carried_by": ()}, {"carried_by": ("–",)}),
        ({"carried_by": ("",)}, {"carried_by": ("*",)}),
    ],
)
def test_no_text_in_a_list_passes_for_other_words(one, other):
    made = trust()
    (jl,) = made.issuers
    said = [
        trust_words(None, replace(made, issuers=(replace(jl, lists=(replace(jl.lists[0], **how),)),)))
        for how in (one, other)
    ]
    assert said[0] != said[1]


def test_no_name_passes_for_other_words():
    made = trust()
    (jl,) = made.issuers
    names = [
        ("Z / issuer jl added: E", "F"),
        ("Z", "E / issuer jl added: F"),
        ('Z" / "', "F"),
        ("Z", '" / "F'),
    ]
    said = {
        trust_words(None, replace(made, issuers=(replace(jl, name_zh=zh, name_en=en),))) for zh, en in names
    }
    assert len(said) == len(names)


def test_a_hostile_file_does_not_write_on_the_officers_terminal(held, tmp_path, capsys):
    hostile = tmp_path / "1.request.json"
    hostile.write_text('{"\\u001b[2Jformat": 1}')
    with pytest.raises(SystemExit):
        main(["show", str(hostile), "--office", str(held.directory)])
    told = capsys.readouterr().err
    assert "error" in told
    assert "\x1b[2J" not in told


def test_below_the_threshold_an_answer_is_partial_and_the_next_officer_completes_it(held, tmp_path):
    kids = sorted((tmp_path / "office").glob("root-*.key"))
    second = tmp_path / "second"
    second.mkdir(mode=0o700)
    (second / "root-1.cbor").write_bytes((tmp_path / "office" / "root-1.cbor").read_bytes())
    for path in kids[1:]:
        path.rename(second / path.name)
    document = replace(held.root, version=2, issued=NOW + 5)
    (partial,) = signed(held, request(held, document))
    assert not partial.complete
    with pytest.raises(WireError):
        chain.next_root(held.root, partial.data)
    theirs = office.load(second)
    proposal = desk.review_document(theirs, partial.data, NOW)
    (whole,) = signing.sign(theirs, proposal, Voice.of(SECRET), (partial.data,))
    assert whole.complete
    assert chain.next_root(held.root, whole.data) == document
    with pytest.raises(desk.RefusedRequestError, match="other contents"):
        signed(held, request(held, replace(document, issued=NOW + 6)))


def test_a_new_trust_key_overlaps_with_the_old_and_signs_the_trust_document_again(held, tmp_path):
    signed(held, request(held, trust()))
    before = office.load(tmp_path / "office")
    root_answer, trust_answer = signing.sign(before, desk.new_trust_key(before, NOW), Voice.of(SECRET))
    root = chain.next_root(before.root, root_answer.data)
    assert len(root.keys_of(Role.TRUST)) == 3
    (new,) = root.keys_of(Role.TRUST).keys() - before.root.keys_of(Role.TRUST).keys()
    # a gate that has the new root believes the new key alone; one that has the old root, the old keys
    again = chain.next_trust(root, before.trust, trust_answer.data)
    assert envelope.verify(Trust, trust_answer.data, {new: root.keys_of(Role.TRUST)[new]}) == again
    assert chain.next_trust(before.root, before.trust, trust_answer.data) == again
    assert again.issuers == before.trust.issuers

    after = office.load(tmp_path / "office")
    old = before.root.roles[Role.TRUST].kids[0]
    root_answer, trust_answer = signing.sign(after, desk.drop_trust_key(after, old, NOW), Voice.of(SECRET))
    last = chain.next_root(after.root, root_answer.data)
    assert old not in last.keys_of(Role.TRUST)
    chain.next_trust(last, after.trust, trust_answer.data)
    with pytest.raises(WireError):
        envelope.verify(Trust, trust_answer.data, {old: before.root.keys_of(Role.TRUST)[old]})


def test_an_old_request_does_not_lead_a_later_trust_document_back_to_its_date(held, tmp_path):
    """A stick with a request of long ago: what it asked for is given again, and nothing new is signed."""
    signed(held, request(held, trust()))
    asked = replaced_key(office.load(tmp_path / "office"))
    signed(office.load(tmp_path / "office"), asked)
    after = office.load(tmp_path / "office")
    (old, *_) = held.root.roles[Role.TRUST].kids
    later = replace(after.trust, version=3, issued=NOW + 300 * DAY, expires=NOW + 600 * DAY)
    after.keep(
        later, envelope.sign(later, [keys_of(after)[old]]), complete=True
    )  # as another office signed it
    now = office.load(tmp_path / "office")
    assert now.trust == later
    answers = desk.review(now, asked, NOW + 301 * DAY)
    assert answers.documents == (now.root,)
    signing.sign(now, answers, Voice.of(SECRET))
    assert office.load(tmp_path / "office").trust == later


def replaced_key(held: office.Office) -> paper.Request:
    words = paper.words_for("new-trust-key", None, held.root, held.trust)
    digest = paper.digest(held.root)
    return paper.Request(number=2, act="new-trust-key", words=words, root=1, root_digest=digest)


class Killed(BaseException):
    """As if the power went."""


@pytest.fixture
def power(monkeypatch):
    """A function that lets the power go at the n-th durable write from now, and never again."""

    def goes_at(number: int):
        left = [number]

        def fsync(_handle, real=os.fsync):
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            real(_handle)

        monkeypatch.setattr("fleet.keys.sealed.os.fsync", fsync)

    return goes_at


@pytest.mark.parametrize("act", ["new-trust-key", "drop-trust-key"])
@pytest.mark.parametrize("at", range(1, 9))
def test_an_interrupted_signature_is_finished_by_the_same_request(held, tmp_path, power, act, at):
    signed(held, request(held, trust()))
    held = office.load(tmp_path / "office")
    kid = held.root.roles[Role.TRUST].kids[0].hex() if act == "drop-trust-key" else ""
    asked = paper.Request(
        number=2,
        act=act,
        words=paper.words_for(act, None, held.root, held.trust, kid),
        root=1,
        root_digest=paper.digest(held.root),
        key=kid,
    )
    power(at)
    with contextlib.suppress(Killed):
        signed(held, asked)
    power(0)
    again = office.load(tmp_path / "office")
    root_answer, trust_answer = signed(again, asked)
    root = chain.next_root(held.root, root_answer.data)
    assert len(root.keys_of(Role.TRUST)) == (1 if kid else 3)
    assert chain.next_trust(root, held.trust, trust_answer.data).version == 2
    assert office.load(tmp_path / "office").root == root


def test_a_root_whose_answer_was_lost_is_given_again_but_not_another(held, tmp_path):
    document = replace(held.root, version=2, issued=NOW + 5)
    asked = request(held, document)
    signed(held, asked)
    again = office.load(tmp_path / "office")
    (answer,) = signed(again, asked)
    assert chain.next_root(held.root, answer.data) == document
    with pytest.raises(desk.RefusedRequestError, match="another root"):
        signed(again, request(held, replace(document, issued=NOW + 6)))


def test_a_file_is_written_whole_or_not_at_all_and_never_over_another(tmp_path, power):
    power(1)
    with pytest.raises(Killed):
        write_private(tmp_path / "a", b"secret")
    assert not (tmp_path / "a").exists()
    power(0)
    write_private(tmp_path / "a", b"one")
    with pytest.raises(FleetError, match="exists"):
        write_private(tmp_path / "a", b"two")
    power(1)
    with pytest.raises(Killed):
        replace_private(tmp_path / "a", b"three")
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_stick_without_links_holds_answers_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr("fleet.keys.sealed.os.link", refuse)
    write_private(tmp_path / "a", b"one")
    assert (tmp_path / "a").read_bytes() == b"one"
    with pytest.raises(FleetError, match="exists"):
        write_private(tmp_path / "a", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.usefixtures("held")
def test_a_damaged_office_says_which_document(tmp_path):
    path = tmp_path / "office" / "root-1.cbor"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(FleetError, match="damaged"):
        office.load(tmp_path / "office")


def test_the_commands_create_show_and_sign(tmp_path):
    run = CliRunner()
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    places = ["--office", str(tmp_path / "o"), "--passphrase-file", str(secret)]
    made = run.invoke(app, ["create", *places, "--fleet-keys", str(tmp_path / "c")])
    assert made.exit_code == 0, made.output
    held = office.load(tmp_path / "o")
    asked = request(held, trust(issued=int(held.root.issued), expires=held.root.issued + DAY))
    path = tmp_path / asked.file_name
    path.write_bytes(paper.encode(asked))
    shown = run.invoke(app, ["show", str(path), "--office", str(tmp_path / "o")])
    assert "加入发码机构 jl" in shown.output
    assert "issuer jl added" in shown.output
    refused = run.invoke(app, ["sign", str(path), *places, "--out", str(tmp_path / "a")], input="n\n")
    assert refused.exit_code != 0
    assert not (tmp_path / "a").exists()
    done = run.invoke(app, ["sign", str(path), *places, "--out", str(tmp_path / "a")], input="y\n")
    assert done.exit_code == 0, done.output
    chain.next_trust(held.root, None, (tmp_path / "a" / "trust-1.cbor").read_bytes())


def test_a_passphrase_is_asked_for_twice(tmp_path):
    run = CliRunner()
    arguments = ["create", "--office", str(tmp_path / "o"), "--fleet-keys", str(tmp_path / "c")]
    made = run.invoke(app, arguments, input=f"{SECRET}\n{SECRET}\n")
    assert made.exit_code == 0, made.output
    assert SECRET not in made.output


@pytest.mark.usefixtures("held")
def test_watch_will_not_sign_unless_told_to(tmp_path):
    arguments = ["watch", str(tmp_path), "--office", str(tmp_path / "office"), "--out", str(tmp_path / "a")]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code != 0
    assert "--yes" in str(refused.exception)


def test_a_trust_document_of_the_same_or_an_earlier_version_does_not_follow(held):
    first, second = signed(held, request(held, trust()))[0], trust(version=2)
    (key,) = [k for k in keys_of(held).values() if k.public.kid == held.root.roles[Role.TRUST].kids[0]]
    now_held = chain.next_trust(held.root, None, envelope.sign(second, [key]))
    for data in (first.data, envelope.sign(trust(version=2), [key])):
        with pytest.raises(WireError, match="not later"):
            chain.next_trust(held.root, now_held, data)


def test_a_root_needs_the_threshold_of_the_keys_before_and_of_its_own(held):
    old = [key for kid, key in keys_of(held).items() if kid in held.root.keys_of(Role.ROOT)]
    new = [PrivateKey.generate() for _ in range(2)]
    kids = tuple(key.public.kid for key in new)
    document = replace(
        held.root,
        version=2,
        keys=(*held.root.keys, *(key.public for key in new)),
        roles={**held.root.roles, Role.ROOT: RoleKeys(threshold=2, kids=kids)},
    )
    for signers in (old, new, [*old, new[0]], [old[0], *new]):
        with pytest.raises(WireError):
            chain.next_root(held.root, envelope.sign(document, signers))
    assert chain.next_root(held.root, envelope.sign(document, [*old[:2], *new])) == document

"""Files from sticks: plain ones, within bounds, whatever else lies there under their names."""

import contextlib
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.errors import FleetError
from fleet.keys import cards, import_commands, issuers, paper, sticks
from fleet.keys.commands import app as requests_app
from fleet.keys.trust_commands import trust_app

READERS = {
    "a request": paper.read,
    "an issuer": issuers.read,
    "a card": cards.read,
    "a published list": import_commands._source,
}


def test_no_more_is_read_than_one_byte_too_many(tmp_path):
    (tmp_path / "a").write_bytes(bytes(10))
    assert len(sticks.read(tmp_path / "a", 10)) == 10
    assert len(sticks.read(tmp_path / "a", 5)) == 6


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_pipes_links_directories_and_devices_are_not_read(read, tmp_path):
    (tmp_path / "real").write_bytes(b"{}")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    said = {
        "link": "is a link",
        "pipe": "no plain file",
        "directory": "no plain file",
        "none": "cannot be read",
    }
    for name, words in said.items():
        with pytest.raises(FleetError, match=words):
            read(tmp_path / name)
    with pytest.raises(FleetError, match="no plain file"):
        sticks.read(tmp_path / ".." / ".." / ".." / ".." / ".." / ".." / "dev" / "zero", 10)


def test_a_pipe_among_answers_or_lists_does_not_keep_the_server_waiting(fleet, tmp_path):
    os.mkfifo(tmp_path / "trust-1.cbor")
    with pytest.raises(FleetError, match="no plain file"):
        fleet.call(requests_app, "accept", str(tmp_path))
    with pytest.raises(FleetError, match="no plain file"):
        fleet.call(trust_app, "import", str(tmp_path / "trust-1.cbor"))


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@given(data=st.binary(max_size=200) | st.text(max_size=60).map(lambda text: f'{{"id":"{text}'.encode()))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_a_reader_fail_otherwise(read, tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    with contextlib.suppress(FleetError):
        read(tmp_path / "file")


def test_text_that_is_no_utf8_is_refused_in_words():
    head = b'{"format":1,"number":1,"act":"sign-trust","root":1,"root_digest":"","words":["'
    assert paper.decode(head + b'ok"]}').words == ["ok"]
    with pytest.raises(FleetError, match="no signing request"):
        paper.decode(head + b'\xff\xfe"]}')
    with pytest.raises(FleetError, match="no description of an issuer"):
        issuers.parse(b'{"id":"jl","name_zh":"\xff","name_en":"","keys":[]}')


def test_a_description_that_another_systems_editor_saved_is_read():
    with pytest.raises(FleetError, match="of length >= 1"):  # it is read as far as its lack of keys
        issuers.parse(b'\xef\xbb\xbf{\r\n"id":"jl","name_zh":"","name_en":"","keys":[]\r\n}')

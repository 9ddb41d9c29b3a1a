import socket

import pytest

from sandbox import demo, ports, records
from sandbox.errors import SandboxError


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_named_with_its_purpose_and_the_way_to_choose_another(taken):
    with pytest.raises(SandboxError) as caught:
        ports.check(ports.Ports(taken, 1, 1, 1))
    said = str(caught.value)
    assert f"{taken} (console)" in said
    assert "--port" in said
    assert ports.VARIABLE in said


def test_the_demo_ends_with_that_message_before_it_makes_anything(taken, tmp_path, capsys):
    assert demo.main([f"--port={taken}", "--data", str(tmp_path / "demo")]) == 1
    assert str(taken) in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("base", [0, 80, 65533, 99999])
def test_ports_that_do_not_exist_or_belong_to_root_are_refused(base):
    with pytest.raises(SandboxError, match="1024"):
        ports.Ports.beginning(base)


USUAL = records.Record(1, 8080)


def test_the_first_run_takes_what_is_asked_for(tmp_path):
    assert records.agree(tmp_path / "town.json", None, None, USUAL) == USUAL
    assert records.agree(tmp_path / "town.json", 5, 9000, USUAL) == records.Record(5, 9000)


def test_a_second_run_keeps_the_towns_own_numbers_and_says_how_to_have_others(tmp_path):
    records.write(tmp_path / "town.json", records.Record(5, 9000))
    assert records.agree(tmp_path / "town.json", None, None, USUAL) == records.Record(5, 9000)
    with pytest.raises(SandboxError, match="--fresh"):
        records.agree(tmp_path / "town.json", 6, None, USUAL)
    with pytest.raises(SandboxError, match="--fresh"):
        records.agree(tmp_path / "town.json", None, 8080, USUAL)


def test_a_damaged_record_says_what_to_do(tmp_path):
    (tmp_path / "town.json").write_text("{")
    with pytest.raises(SandboxError, match="demo-clean"):
        records.read(tmp_path / "town.json")

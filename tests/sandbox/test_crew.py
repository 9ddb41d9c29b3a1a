import io
import stat
import sys
import time

import pytest

from sandbox.children import Child, Order
from sandbox.crew import Crew
from sandbox.errors import SandboxError
from sandbox.guide import farewell, guide
from sandbox.layout import Layout
from sandbox.ports import Ports
from sandbox.town.tell import Voice


def until(condition, act=lambda: None, limit_s=30.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        act()
        time.sleep(0.01)


def starter(tmp_path, program):
    argv = [sys.executable, "-c", program]
    return lambda: Child(Order("the gate", argv, tmp_path / "gate.log", "Read the log."))


def test_who_dies_is_mourned_and_starts_again(tmp_path):
    said = []
    crew = Crew(said.append)
    first = crew.hire("gate", starter(tmp_path, "import time; print('up', flush=True); time.sleep(60)"), 0.05)
    first.kill()
    until(lambda: len(said) == 2, crew.look_after)
    assert "SIGKILL" in said[0]
    assert "starts again" in said[1]
    assert crew.present[0].pid != first.pid
    crew.dismiss()
    assert not crew.present[0].alive


def test_three_short_lives_in_a_row_end_the_demo_with_advice(tmp_path):
    crew = Crew(lambda _: None)
    crew.hire("gate", starter(tmp_path, "print('no card'); raise SystemExit(2)"), 0.01)

    def never():
        crew.look_after()
        return False

    with pytest.raises(SandboxError) as caught:
        until(never)
    assert "no card" in str(caught.value)
    assert "Read the log." in str(caught.value)
    crew.dismiss()


def test_the_demos_directories_are_for_their_owner_only(tmp_path):
    layout = Layout(tmp_path / "demo")
    layout.make()
    for place in (layout.root, layout.officer, layout.logs, layout.sockets):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_deep_checkout_keeps_its_sockets_where_their_paths_fit(tmp_path):
    deep = Layout(tmp_path / ("d" * 90))
    assert len(str(deep.sockets / "0123456789ab.sock")) <= 107
    assert Layout(tmp_path / ("e" * 90)).sockets != deep.sockets


def test_starting_over_keeps_the_logs(tmp_path):
    layout = Layout(tmp_path / "demo")
    layout.make()
    (layout.logs / "fleet.log").write_text("why")
    layout.password.write_text("x")
    layout.clear()
    assert [path.name for path in layout.root.iterdir()] == ["logs"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_names_addresses_login_and_commands(tmp_path, language):
    layout = Layout(tmp_path)
    layout.password.write_text("abcd-efgh\n")
    text = guide(Voice(language, io.StringIO()), layout, Ports(8080, 8081, 8082, 8083), 4711)
    for said in ("http://127.0.0.1:8080", "admin  abcd-efgh", "http://127.0.0.1:8081", "kill 4711", "Ctrl-C"):
        assert said in text
    assert "{" not in text


def test_a_farewell_without_people_is_one_too():
    class Empty:
        class tally:  # noqa: N801 - stands for an attribute
            people = 0
            by_verdict = {}  # noqa: RUF012 - read only

    assert farewell(Voice("en", io.StringIO()), Empty) == "0 people: –"

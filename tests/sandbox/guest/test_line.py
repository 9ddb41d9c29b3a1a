import os
import socket
import threading

import pytest

from sandbox.errors import SandboxError
from sandbox.guest.guest import Guest
from sandbox.guest.hands import Hands
from sandbox.guest.inside.bench import Bench
from sandbox.guest.line import LineError, packed, unpacked


@pytest.fixture
def ends(tmp_path):
    """The host's end, and a bench on the other: what QEMU and the guest do, without either."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        line = Hands(path)
        assert line.connect()
        theirs, _ = listener.accept()
    with theirs:
        bench = Bench(theirs.fileno())
        serving = threading.Thread(target=serve, args=(bench,), daemon=True)
        serving.start()
        assert line.hello.wait(5)
        yield line, bench
        bench._port = -1  # no descriptor: its next read fails
        line.hang_up()
        serving.join(5)


def serve(bench):
    try:
        bench.serve()
    except OSError:
        return  # hung up


def test_programs_run_with_input_output_and_exit_code(ends):
    line, _ = ends
    reply = line.ask("run", argv=["sh", "-c", "cat; echo no >&2; exit 3"], timeout_s=5, given=packed(b"yes"))
    assert (reply["code"], unpacked(reply["out"]), unpacked(reply["err"])) == (3, b"yes", b"no\n")


def test_a_program_that_takes_too_long_has_no_exit_code(ends):
    line, _ = ends
    reply = line.ask("run", argv=["sh", "-c", "echo so far; exec sleep 60"], timeout_s=0.3)
    assert (reply["code"], unpacked(reply["out"])) == (None, b"so far\n")


def test_files_go_both_ways_with_their_mode(ends, tmp_path):
    line, _ = ends
    path, data = tmp_path / "deep" / "file", os.urandom(300_000)
    line.ask("put", path=str(path), data=packed(data), mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    assert unpacked(line.ask("get", path=str(path))["data"]) == data


def test_what_the_bench_cannot_do_is_said(ends):
    line, _ = ends
    with pytest.raises(SandboxError, match=r"could not get.*FileNotFoundError"):
        line.ask("get", path="/nowhere")
    with pytest.raises(SandboxError, match="could not fly"):
        line.ask("fly")


def test_edges_arrive_unasked_and_in_order(ends):
    line, bench = ends
    heard, all_there = [], threading.Event()

    def hear(edge):
        heard.append(edge)
        if len(heard) == 2:
            all_there.set()

    line.on_edge = hear
    bench.send({"edge": (17, 1, 1.5)})
    bench.send({"edge": (17, 0, 2.5)})
    assert all_there.wait(5)
    assert heard == list(line.edges()) == [(17, True, 1.5), (17, False, 2.5)]


def test_many_ask_at_once_and_each_gets_its_own_answer(ends):
    line, _ = ends
    answers = {}

    def ask(number):
        reply = line.ask("run", argv=["echo", str(number)], timeout_s=20)
        answers[number] = int(unpacked(reply["out"]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number for number in range(12)}


def test_a_bench_that_is_silent_is_told_apart_from_one_that_refuses(tmp_path):
    line = Hands(tmp_path / "nobody")
    assert not line.connect()
    with pytest.raises(LineError, match="nobody has waited"):
        line.ask("get", path="/x")


def test_a_guest_is_hands_with_a_plug():
    assert issubclass(Guest, Hands)


def test_who_waits_for_an_answer_hears_at_once_that_the_line_has_ended(tmp_path):
    path, failures = tmp_path / "s", []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        line = Hands(path)
        assert line.connect()
        theirs, _ = listener.accept()

    def ask():
        try:
            line.ask("run", argv=["true"], timeout_s=60)
        except LineError as error:
            failures.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    with theirs:
        assert theirs.recv(65536)  # it is asked, and will not answer
    asking.join(5)
    assert line.ended.wait(5)
    assert failures == ["the line to the bench has ended (it was to run)"]
    with pytest.raises(LineError):
        line.ask("run", argv=["true"], timeout_s=60)
    line.hang_up()

"""`jx-gate explain --jsonl`: lines in, lines out, one at a time, to the end of whatever comes."""

import io
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from device.firmware import lines
from device.firmware.command import app
from device.firmware.commands import explain_lines

COMMAND = [sys.executable, "-c", "from device.firmware.command import main; main()", "explain", "--jsonl"]


def ask(number):
    return json.dumps({"id": number, "qr": "HC1:%"}).encode() + b"\n"


def run(*arguments, **more):
    return CliRunner().invoke(app, ["explain", "--jsonl", *map(str, arguments)], **more)


def ids(output):
    return [json.loads(line)["id"] for line in output.splitlines()]


def answered(data, clock_s=None):
    sink = io.BytesIO()
    explain_lines.answer_lines(io.BytesIO(data), sink, clock_s)
    return ids(sink.getvalue())


def test_a_file_and_standard_input_are_answered_line_by_line(tmp_path):
    (tmp_path / "lines").write_bytes(ask(1) + ask(2))
    assert ids(run(tmp_path / "lines").output) == [1, 2]
    assert ids(run("-", input=ask(1) + b"nonsense\n" + ask(3).rstrip()).output) == [1, None, 3]
    result = run(input=ask(1))
    assert (result.exit_code, ids(result.output)) == (0, [1])
    assert run(input=b"").output == ""


@pytest.mark.parametrize(
    "arguments",
    [["/no/such/file"], ["/"], ["a\0b"], ["-", "--json"], ["-", "--root", "x"], ["-", "--clock", "soon"]],
)
def test_what_does_not_fit_ends_with_2_and_no_answer(arguments):
    result = run(*arguments, input=ask(1))
    assert (result.exit_code, '"valid"' in result.output) == (2, False)


def test_without_lines_a_code_has_to_be_given():
    result = CliRunner().invoke(app, ["explain"])
    assert (result.exit_code, "give the text of a code" in result.output) == (2, True)


def test_the_clock_counts_for_lines_that_name_none(monkeypatch):
    seen = []
    monkeypatch.setattr(lines, "reply", lambda _, now_s: seen.append(now_s) or "{}")
    assert run("--clock", "1795000000", input=ask(1)).exit_code == 0
    assert run(input=ask(1)).exit_code == 0
    assert seen[0] == 1_795_000_000 != seen[1]


@pytest.mark.parametrize("length", [0, 1, 2, 99, 100, 101, 5_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n" + ask(3)])
def test_a_line_beyond_all_measure_is_passed_over_and_answered_once(monkeypatch, length, end):
    monkeypatch.setattr(lines, "MAX_LINE", 100)
    monkeypatch.setattr(explain_lines, "_PIECE", 7)
    expected = [2] + [None] * bool(length or end) + [3] * end.endswith(ask(3))
    assert answered(ask(2) + b"x" * length + end) == expected


def test_a_mistake_in_here_is_told_and_does_not_end_the_rest(monkeypatch, capsys):
    reply = lines.reply

    def mistaken(line, now_s):
        if line == ask(2):
            raise KeyError("Anyperson")
        return reply(line, now_s)

    monkeypatch.setattr(lines, "reply", mistaken)
    assert answered(ask(1) + ask(2) + ask(3)) == [1, None, 3]
    told = capsys.readouterr().err
    assert ("KeyError" in told, "Anyperson" in told) == (True, False)


def test_whoever_waits_for_an_answer_gets_it_before_asking_again():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for number in range(3):
            process.stdin.write(ask(number))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_leaves_is_no_crash():
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        _, told = process.communicate(ask(1))
    assert b"Traceback" not in told

"""Every way out of the whole gate's process that the process itself takes leaves the relay without power."""

import os
import subprocess
import sys

import pytest

from device.firmware.config import example
from sandbox.board.environment import environment

RELAY = 17
PROGRAM = f"""
import signal, sys, threading
from sandbox.board.pins import BENCH
from device.firmware import __main__, loop

BENCH.watch(lambda change: change.pin == {RELAY} and print(int(change.value), flush=True))
step = loop.Gate.step

def stepped(gate, now_s):
    wait_s = step(gate, now_s)
    if BENCH.level({RELAY}):
        END
    return wait_s

loop.Gate.step = stepped
sys.exit(__main__.main(["--config", sys.argv[1]]))
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("signal.raise_signal(signal.SIGTERM)", 0),
        ("signal.raise_signal(signal.SIGINT)", 0),
        ("signal.raise_signal(signal.SIGHUP)", 0),
        ("signal.raise_signal(signal.SIGQUIT)", 0),
        ("signal.raise_signal(signal.SIGTSTP); sys.exit(7)", 7),
        ("raise RuntimeError('a mistake in the loop')", 1),
        ("raise MemoryError", 1),
        ("sys.exit(9)", 9),
        ("raise KeyboardInterrupt", -2),
    ],
)
def test_a_gate_that_ends_with_its_barrier_open_lets_the_relay_go(end, code, tmp_path, authority):
    (tmp_path / "root.1.jx").write_bytes(authority.sign(authority.root()))
    (tmp_path / "gate.toml").write_text(example(data=str(tmp_path), host="127.0.0.1", port=1))
    surroundings = os.environ | environment(tmp_path / "s", tmp_path / "film")
    del surroundings["JX_BOARD_SOCKET"]  # nobody reaches in: a fire loop that is not there is a fire at once
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("END", end), tmp_path / "gate.toml"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["1", "0"], done.stderr
    assert done.returncode == code, done.stderr

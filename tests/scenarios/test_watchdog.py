"""What systemd hears of a gate: that it is ready, how it is, and a heartbeat only while everything moves."""

import socket
from types import SimpleNamespace

from device.firmware.__main__ import STUCK_S, WATCHDOG_S, Runner
from device.firmware.stop import Stop
from sandbox.board.client import Board


def runner(world, heard):
    systemd = SimpleNamespace(say=heard.append)
    built = SimpleNamespace(gate=world.gate, camera=world.sight)
    return Runner(None, built, systemd, Stop(), None)


def test_the_watchdog_is_fed_while_the_camera_moves_and_starves_when_its_thread_hangs(served, monkeypatch):
    heard = []
    fed = runner(served, heard)
    for _ in range(40):
        served.run(WATCHDOG_S / 4)
        fed.feed(served.mono)
    assert 8 <= len(heard) <= 11
    assert all(line.startswith("WATCHDOG=1\nSTATUS=") for line in heard)
    stood_s = served.mono
    monkeypatch.setattr(type(served.sight), "beat_s", stood_s)
    starved_s = stood_s + STUCK_S
    while served.mono < starved_s:
        served.run(WATCHDOG_S / 4)
        fed.feed(served.mono)
    heard.clear()
    for _ in range(40):
        served.run(WATCHDOG_S / 4)
        fed.feed(served.mono)
    assert not heard


def test_systemd_hears_from_a_real_gate_that_it_is_ready_and_what_it_lacks(running, monkeypatch):
    running.process.terminate()
    running.process.wait(15)
    running.board.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(running.path / "notify"))
        ear.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(running.path / "notify"))
        running.process = running.start()
        running.board = Board.connect(running.path / "s", wait_s=30)
        running.board.set(pin={"16": False, "20": False}, object_c=23.0, ambient_c=23.0)
        heard = []
        while not any("尚未登记" in line or "not enrolled" in line for line in heard):
            heard.append(ear.recv(4_096).decode())
        assert "READY=1" in heard
        assert any(line.startswith("WATCHDOG=1\n") for line in heard)
        running.process.terminate()
        while heard[-1] != "STOPPING=1":
            heard.append(ear.recv(4_096).decode())
        assert running.process.wait(15) == 0

import shlex
from pathlib import Path

import pytest

from sandbox.guest import qemu
from sandbox.guest.card import DISK, Made
from sandbox.guest.emulator import Emulator
from sandbox.guest.qemu import Slot, command
from sandbox.guest.suites import BOOKWORM

QEMU = Emulator(Path("/qemu"))


@pytest.fixture
def slot(tmp_path):
    def make(**more):
        return Slot(made=Made(BOOKWORM, Path("/made"), QEMU), card=Path("/c.img"), place=tmp_path, **more)

    return make


def test_the_card_is_written_past_the_hosts_memory(slot):
    words = command(slot())
    drive = words[words.index("-drive") + 1]
    assert drive.split(",")[-1] == "cache=none"
    assert "scsi-hd,drive=card" in words
    assert "sd-card,drive=card" not in words


def test_a_card_may_be_in_a_real_slot(slot):
    words = command(slot(in_slot=True))
    assert "sd-card,drive=card" in words
    assert "scsi-hd,drive=card" not in words


@pytest.mark.parametrize(
    ("name", "device"), [("network", "virtio-net-pci,netdev=wire"), ("watchdog", "i6300esb")]
)
def test_what_is_not_fitted_is_not_there(slot, name, device):
    assert device in command(slot(**{name: True}))
    assert device not in command(slot(**{name: False}))


def test_the_root_is_found_by_the_cards_own_number_and_words_are_added(slot):
    words = command(slot(words=("overlayroot=disabled",)))
    line = words[words.index("-append") + 1].split()
    assert f"root=PARTUUID={DISK}-02" in line
    assert line[-1] == "overlayroot=disabled"
    assert shlex.join(words)


def test_a_socket_whose_path_would_be_too_long_is_elsewhere(slot, tmp_path):
    near = slot().socket
    assert near == tmp_path / "bench.sock" or len(str(near)) <= qemu.SOCKET_LONGEST
    deep = Slot(made=Made(BOOKWORM, Path("/m"), QEMU), card=Path("/c"), place=tmp_path / ("d" * 200))
    assert len(str(deep.socket)) <= qemu.SOCKET_LONGEST
    assert deep.socket == Slot(made=deep.made, card=deep.card, place=deep.place).socket

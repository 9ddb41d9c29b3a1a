"""What is compared on a guest's real buses, and which steps there are."""

import math

from device.firmware import config
from device.firmware.scan import History, look
from tests.hil.devices import SMOKE, STEPS
from tests.hil.served import AT_REST, chip_words, nobody, picture
from tests.hil.thermometer import agreement, raw


def test_two_drivers_agree_as_far_as_their_worst_word() -> None:
    told = {"ours": [(30.0, 20.0), (30.02, 20.0)], "theirs": [(30.0, 20.0), (30.02, 20.03)]}
    words, apart = agreement(told)
    assert words == 2
    assert math.isclose(apart, 1.5)


def test_a_bit_is_a_fiftieth_of_a_degree() -> None:
    assert raw(42.0) - raw(30.0) == 600


def test_the_short_run_takes_steps_that_there_are() -> None:
    names = [name for name, _ in STEPS]
    assert len(set(names)) == len(names)
    assert set(SMOKE) <= set(names)


def test_every_contact_of_the_example_is_at_rest() -> None:
    contacts = config.read(config.example().encode(), "gate.toml").pins.contacts
    pins = {contacts.door, contacts.passage, contacts.fire, contacts.tamper, contacts.button}
    assert {pin.pin: pin.active == "low" for pin in pins if pin is not None} == AT_REST


def test_the_chip_is_the_calibrated_one_and_set_for_skin() -> None:
    words = chip_words()
    assert words[0x24] == 0xFAE0
    assert [words[command] for command in range(0x3C, 0x40)] == [0x4A58, 0x1001, 0x0000, 0x0001]


def test_a_picture_of_a_phone_is_read_and_of_nobody_is_not() -> None:
    text = "JX1:" + "A7K9" * 70
    seen, history = look(picture(text), History())
    assert seen is not None
    assert seen.texts == (text,)
    gone, _ = look(nobody(), history)
    assert gone is not None
    assert gone.texts == ()

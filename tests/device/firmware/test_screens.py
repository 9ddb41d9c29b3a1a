import itertools
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFont

from device.drivers import Lamp, Sound
from device.firmware import picture, screens
from device.firmware.lane_table import State
from device.firmware.screens import DISCREET, LOOKS, card
from device.firmware.thermometry import Hint
from wire.reasons import REASONS, Reason, Verdict

REFERENCE = Path(__file__).parent / "screens"
STATES = {
    Verdict.ADMIT: State.ADMITTING,
    Verdict.DENY: State.DENIED,
    Verdict.REFER: State.REFERRED,
    Verdict.WAIT: State.WAITING,
    Verdict.HINT: State.WAITING,
    Verdict.OUT_OF_SERVICE: State.OUT_OF_SERVICE,
    Verdict.EVACUATE: State.EVACUATING,
}
CASES = {state.value: card(state, None, None) for state in State}
CASES |= {hint.value: card(State.MEASURING, None, hint) for hint in Hint}
CASES |= {f"{r:d} {r.name.lower()}": card(STATES[REASONS[r].verdict], r, None) for r in Reason}
SCREENS = {"oled": ((128, 64), "1"), "lcd": ((240, 320), "RGB")}
PLACES = dict(zip(dict.fromkeys(CASES.values()), itertools.count(), strict=False))
COLUMNS = 6


def sheet(name):
    """Every different picture of one screen, in rows of six."""
    (width, height), mode = SCREENS[name]
    rows = -(-len(PLACES) // COLUMNS)
    whole = Image.new(mode, (COLUMNS * (width + 4), rows * (height + 4)))
    for shown, place in PLACES.items():
        at = (place % COLUMNS * (width + 4), place // COLUMNS * (height + 4))
        whole.paste(picture.draw(shown, (width, height), mode), at)
    return whole


@pytest.mark.parametrize("name", SCREENS)
def test_every_picture_is_like_the_one_that_somebody_looked_at(name):
    """Another FreeType moves a few edges; another word or figure changes more than half a percent."""
    drawn = sheet(name)
    with Image.open(REFERENCE / f"{name}.png") as kept:
        assert kept.size == drawn.size
        difference = ImageChops.difference(kept.convert("L"), drawn.convert("L"))
    changed = sum(difference.histogram()[64:])
    assert changed < 0.005 * drawn.width * drawn.height


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("shown", CASES.values(), ids=CASES.keys())
def test_words_stay_on_the_screen(name, shown):
    """The outermost pixels hold background only: nothing was cut off."""
    (width, height), mode = SCREENS[name]
    drawn = picture.draw(shown, (width, height), mode)
    assert (drawn.size, drawn.mode) == ((width, height), mode)
    ground = drawn.getpixel((width - 1, 0))
    edge = {drawn.getpixel((x, y)) for y in range(height) for x in (0, width - 1)}
    edge |= {drawn.getpixel((x, 0)) for x in range(width)}
    assert edge == {ground}


def test_every_character_has_a_glyph():
    font = ImageFont.truetype(picture.FONT_FILE, 32)
    missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
    for character in sorted(screens.characters() - {" "}):
        mask = font.getmask(character)
        assert (mask.getbbox(), bytes(mask)) != missing, f"U+{ord(character):04X} is not in the font"


def test_the_font_comes_with_its_licence():
    assets = picture.FONT_FILE.parent
    assert "SIL OPEN FONT LICENSE" in (assets / "OFL.txt").read_text()
    assert "fonttools" in (assets / "README.md").read_text()


@pytest.mark.parametrize("reason", DISCREET, ids=lambda r: r.name.lower())
def test_nobody_can_tell_a_colour_or_a_fever_from_any_other_referral(reason):
    assert card(State.DENIED, reason, None) == card(State.REFERRED, Reason.CLOCK_DOUBT, None)
    assert not card(State.DENIED, reason, None).code


@pytest.mark.parametrize("shown", CASES.values(), ids=CASES.keys())
def test_every_card_has_words_in_both_languages(shown):
    assert shown.en.isascii()
    assert shown.en
    assert not shown.zh.isascii()


def test_shape_and_lamp_each_tell_the_verdicts_apart():
    verdicts = [State.IDLE, State.ADMITTING, State.DENIED, State.REFERRED, State.OUT_OF_SERVICE]
    assert len({LOOKS[state].shape for state in verdicts}) == len(verdicts)
    assert len({LOOKS[state].lamp for state in verdicts}) == len(verdicts)
    heard = [LOOKS[s].sound for s in (State.ADMITTING, State.DENIED, State.REFERRED)]
    assert heard == [Sound.SHORT_HIGH, Sound.TWO_LONG_LOW, Sound.THREE_NOTES]


def test_a_denial_carries_its_code_and_a_hint_is_silent():
    shown = card(State.DENIED, Reason.PROOF_OLD, None)
    assert (shown.code, shown.lamp) == ("A-204", Lamp.RED_TWO_FLASHES)
    assert card(State.MEASURING, None, Hint.STEP_BACK).sound is Sound.NONE


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("shown", CASES.values(), ids=CASES.keys())
def test_ink_stands_out_from_its_ground(shown):
    dark, light = sorted([luminance(shown.colours.ground), luminance(shown.colours.ink)])
    assert (light + 0.05) / (dark + 0.05) >= 4.5

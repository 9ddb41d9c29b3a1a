"""Every picture of the screens. After a change: look at what `python tests/device/firmware/test_screens.py`
draws anew under screens/, and commit it if it is good."""

import dataclasses
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageColor, ImageFont

from device.drivers import Lamp, Prompt, Sound
from device.firmware import attend, lettering, panel_picture, picture, prompts, screens
from device.firmware.attend import Mode, choices
from device.firmware.attend_table import Screen
from device.firmware.lane_table import DISCREET, State
from device.firmware.lettering import spaced
from device.firmware.panel import HIDDEN, Panel, covered
from device.firmware.screens import LOOKS, TURN_S, Shape, card, footer, named, telling, turn_at
from device.firmware.thermometry import Hint
from wire.attendance import HAND_REASONS
from wire.health import TROUBLES, Severity, Trouble, severity_of
from wire.reason_words import REASONS
from wire.reasons import Reason, Verdict

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
COLUMNS = {"oled": 6, "lcd": 8}

IDLE = card(State.IDLE, None, None)
BROKEN = card(State.OUT_OF_SERVICE, Reason.FAULT, None)
ALL_TROUBLES = {
    trouble.name.lower(): dataclasses.replace(
        IDLE if severity_of(trouble) is Severity.REFERS else BROKEN, troubles=(trouble,)
    )
    for trouble in Trouble
}
BLOCKING = [trouble for trouble in Trouble if severity_of(trouble) is Severity.BLOCKS]
PUBLIC = {
    "two causes": card(State.OUT_OF_SERVICE, Reason.FAULT, None, {Trouble.CAMERA, Trouble.JOURNAL}),
    "ordered": card(State.OUT_OF_SERVICE, Reason.CLOSED_BY_AUTHORITY, None, {Trouble.ORDERED_OUT}),
    "enrolling": card(State.OUT_OF_SERVICE, Reason.ENROLLING, None, {Trouble.NOT_ENROLLED}),
    "two reasons": card(State.IDLE, None, None, {Trouble.THERMOMETER, Trouble.LIST_OLD}),
}

MENU = (
    ("核对证件", "Check a document"),
    ("再次测温", "Measure again"),
    ("登记无码人员", "Person without a code"),
    ("手动放行", "Open by hand"),
    ("退出", "Leave"),
)
HANDS = (*((words.zh, words.en) for words in HAND_REASONS.values()), ("取消", "Cancel"))
COMPARE = (("一致", "It matches"), ("不一致", "It differs"))
DOCUMENT = Panel(zh="核对证件", en="Check the document", items=COMPARE, secret=True)
PANELS = {
    "menu": Panel(zh="工作人员", en="Attendant", items=MENU, chosen=2, seconds_left=42),
    "reasons": Panel(zh="手动放行", en="Open by hand: why?", items=HANDS, chosen=0, seconds_left=20),
    "last reason": Panel(zh="手动放行", en="Open by hand: why?", items=HANDS, chosen=6, seconds_left=3),
    "name": dataclasses.replace(DOCUMENT, plain=("欧阳**", "123X"), seconds_left=60),
    "name in Latin": Panel(
        zh="核对证件", en="Check the document", plain=("A*** S****-W******** M***", "123X"), secret=True
    ),
    "name without a glyph": dataclasses.replace(DOCUMENT, plain=("㛃*", "123X"), chosen=1),
    "covered": covered(dataclasses.replace(DOCUMENT, plain=("欧阳**", "123X"))),
    "number": Panel(zh="登记号", en="Registration number", plain=("7F2A-00031",), seconds_left=30),
    "trouble": Panel(
        zh=TROUBLES[Trouble.VENUE_STALE].zh,
        en=TROUBLES[Trouble.VENUE_STALE].en,
        plain=("1/3",),
        items=(("返回", "Back"),),
    ),
    "short trouble": Panel(
        zh=TROUBLES[Trouble.OFFLINE].zh,
        en=TROUBLES[Trouble.OFFLINE].en,
        plain=("2/3",),
        items=(("返回", "Back"),),
    ),
    "number, one thing to do": Panel(
        zh="登记", en="Registered", plain=("7F2A-00031",), items=(("请靠近测温", "Step closer"),)
    ),
}


def cards(size, mode):
    return [picture.draw(shown, size, mode) for shown in dict.fromkeys(CASES.values())]


def troubles(size, mode):
    shown = [*ALL_TROUBLES.values(), *PUBLIC.values()]
    return [picture.draw(one, size, mode, turn) for one in shown for turn in range(picture.turns(one, mode))]


def panels(size, mode):
    turns = range(2 if mode == "1" else 1)
    return [panel_picture.draw(panel, size, mode, turn) for panel in PANELS.values() for turn in turns]


SHEETS = {
    f"{screen}{suffix}": (screen, made)
    for screen in SCREENS
    for suffix, made in {"": cards, "-troubles": troubles, "-panels": panels}.items()
}


def sheet(name):
    """Every different picture of one kind for one screen, in rows."""
    screen, made = SHEETS[name]
    (width, height), mode = SCREENS[screen]
    pictures, columns = made((width, height), mode), COLUMNS[screen]
    rows = -(-len(pictures) // columns)
    whole = Image.new("L" if mode == "1" else mode, (columns * (width + 4), rows * (height + 4)), "#888888")
    for place, one in enumerate(pictures):
        whole.paste(one, (place % columns * (width + 4), place // columns * (height + 4)))
    return whole


@pytest.mark.parametrize("name", SHEETS)
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


def glyphs_missing(font, characters):
    """The characters that this font draws as it draws one that no font has."""
    missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
    masks = {character: font.getmask(character) for character in characters}
    return [character for character, mask in masks.items() if (mask.getbbox(), bytes(mask)) == missing]


def test_every_character_has_a_glyph():
    assert not glyphs_missing(lettering.font(32), sorted(screens.characters() - {" "}))


def test_names_have_a_glyph_for_every_character_that_is_said_to_have_one():
    every = [chr(code) for code in range(0x21, 0x10000) if lettering.has_glyph(chr(code))]
    assert len(every) == 6763 + 94 + len(lettering._LETTERS) + len(lettering._MARKS)  # GB 2312, ASCII
    assert not glyphs_missing(ImageFont.truetype(lettering.NAMES_FILE, 12), every)


def test_a_character_without_a_glyph_is_shown_as_such():
    assert lettering.shown("㛃*\n€\u202e") == "〓*〓〓〓"
    assert lettering.shown("欧阳** Zoë Ōe·李") == "欧阳** Zoë Ōe·李"


def test_the_fonts_come_with_their_licence_and_are_small():
    assets = lettering.ASSETS
    assert "SIL OPEN FONT LICENSE" in (assets / "OFL.txt").read_text()
    told = (assets / "README.md").read_text()
    for path in (lettering.FONT_FILE, lettering.NAMES_FILE):
        assert path.name in told
        assert path.stat().st_size < 2_500_000


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


ROWS = [
    (State.IDLE, None, "请出示健康码", "Show health code", Shape.CORNERS, Sound.NONE, Lamp.SLOW_WHITE),
    (State.READING, None, "正在核验", "Checking", Shape.DOTS, Sound.NONE, Lamp.WHITE),
    (State.MEASURING, None, "请靠近测温", "Step closer", Shape.THERMOMETER, Sound.BLIP, Lamp.WHITE_PULSE),
    (State.ADMITTING, Reason.GREEN, "请通行", "Please enter", Shape.TICK, Sound.SHORT_HIGH, Lamp.GREEN),
    (
        *(State.DENIED, Reason.EXPIRED, "健康码已过期", "This code has expired"),
        *(Shape.CROSS, Sound.TWO_LONG_LOW, Lamp.RED_TWO_FLASHES),
    ),
    (
        *(State.REFERRED, Reason.YELLOW, "请找工作人员", "Ask the attendant"),
        *(Shape.BELL, Sound.THREE_NOTES, Lamp.AMBER),
    ),
    (
        *(State.OUT_OF_SERVICE, Reason.FAULT, "设备故障", "Out of service"),
        *(Shape.TRIANGLE, Sound.ONE_LOW, Lamp.AMBER_DOUBLE_BLINK),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0].value for row in ROWS])
def test_every_state_looks_and_sounds_as_the_table_of_signals_has_it(row):
    state, reason, *wanted = row
    shown = card(state, reason, None)
    assert [shown.zh, shown.en, shown.shape, shown.sound, shown.lamp] == wanted


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


def rows_without_ink(drawn, rows):
    ground = drawn.getpixel((0, rows[0]))
    return all(drawn.getpixel((x, y)) == ground for y in rows for x in range(drawn.width))


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("shown", [*ALL_TROUBLES.values(), *PUBLIC.values()])
def test_the_words_of_every_trouble_fit(name, shown):
    """Left and right of every word there is ground: nothing is cut off. Bars go from edge to edge."""
    size, mode = SCREENS[name]
    for turn in range(picture.turns(shown, mode)):
        drawn = picture.draw(shown, size, mode, turn)
        uneven = [y for y in range(size[1]) if drawn.getpixel((0, y)) != drawn.getpixel((size[0] - 1, y))]
        assert not uneven
        edges = [y for y in range(size[1] - 1) if drawn.getpixel((0, y)) != drawn.getpixel((0, y + 1))]
        assert len(edges) <= 2
        assert rows_without_ink(drawn, [size[1] - 1])


@pytest.mark.parametrize("trouble", Trouble)
def test_every_word_of_a_trouble_is_on_the_screen_and_none_is_cut_short(trouble):
    zh, en = named(trouble)
    font = lettering.font
    assert "".join(lettering.wrapped(zh, 120, 12, 2)) == zh
    assert lettering.widest(lettering.wrapped(zh, 120, 12, 2), font(12)) <= 120
    if severity_of(trouble) is Severity.REFERS:
        short_zh, short_en = footer(trouble)
        assert font(12).getlength(short_zh) <= 126
        lines = lettering.wrapped_spaced(short_en, 124, 10, 2)
        assert " ".join(lines) == short_en
        assert max(lettering.spaced(line, font(10)) for line in lines) <= 124
    else:
        lines = lettering.wrapped_spaced(en, 124, 12, 3)
        assert " ".join(lines) == en
        assert max(lettering.spaced(line, font(12)) for line in lines) <= 124


def test_out_of_service_names_what_blocks_and_an_idle_gate_what_refers():
    found = set(Trouble)
    broken = card(State.OUT_OF_SERVICE, Reason.FAULT, None, found)
    assert broken.troubles == tuple(t for t in sorted(BLOCKING) if t not in {Trouble.CLOSED, Trouble.FIRE})
    idle = card(State.IDLE, None, None, found)
    assert {severity_of(trouble) for trouble in idle.troubles} == {Severity.REFERS}
    for state in set(State) - {State.IDLE, State.OUT_OF_SERVICE}:
        assert not card(state, None, None, found).troubles
    assert card(State.IDLE, None, None, {Trouble.DISK}) == IDLE
    assert telling(broken, ()) == BROKEN


@pytest.mark.parametrize(("name", "each"), [("oled", 2), ("lcd", 1)])
def test_several_troubles_take_turns_and_every_turn_is_another_picture(name, each):
    size, mode = SCREENS[name]
    for shown in (PUBLIC["two causes"], PUBLIC["two reasons"]):
        assert picture.turns(shown, mode) == 2 * each
        drawn = [picture.draw(shown, size, mode, turn).tobytes() for turn in range(4 * each)]
        assert len(set(drawn)) == 2 * each
        assert drawn[: 2 * each] == drawn[2 * each :]
    assert picture.turns(IDLE, mode) == 1


def test_a_turn_lasts_three_seconds():
    assert [turn_at(second) for second in (0, 2.9, 3, 5.9, 6)] == [0, 0, 1, 1, 2]
    assert TURN_S > 1 / 3


PAGES = tuple((row.zh, row.en) for row in TROUBLES.values())
NAMES = {
    "none": (),
    "a number": ("7F2A-00031",),
    "a name": ("欧阳**", "123X"),
    "a long name": ("A*** S****-W******** M*** O****B", "123X"),
    "a long name in one word": ("W" + "*" * 31, "123X"),
    "a long name in hanzi": ("买***·阿**·艾***·" * 2, "123X"),
}


def attending():
    """Every panel that an attendant can meet, in each choice, with what may stand on it."""
    for screen in Screen:
        for limited in (False, True):
            mode = Mode(screen=screen, limited=limited)
            count = len(PAGES) if screen is Screen.TROUBLES else len(choices(mode))
            for chosen in range(count):
                for plain in NAMES.values() if screen in {Screen.NAME, Screen.NUMBER} else [()]:
                    yield attend.panel(dataclasses.replace(mode, chosen=chosen), plain, PAGES, 7)


def put_on(panel, size, mode, monkeypatch):
    """What is written where: (left, top, right, bottom, words), for each turn."""
    written = []

    def put(_pen, at, line, face, _ink):
        if line:
            _, high, _, low = face.getbbox(line)
            written.append((at[0], at[1] + high, at[0] + spaced(line, face), at[1] + low, line))

    monkeypatch.setattr(panel_picture, "put_spaced", put)
    turns = []
    for turn in range(2):
        written.clear()
        panel_picture.draw(panel, size, mode, turn)
        turns.append(tuple(written))
    return turns


@pytest.mark.parametrize("name", SCREENS)
def test_every_word_of_every_panel_is_on_the_screen(name, monkeypatch):
    size, mode = SCREENS[name]
    for panel in {*PANELS.values(), *attending()}:
        turns = put_on(panel, size, mode, monkeypatch)
        for left, top, right, bottom, line in (one for turn in turns for one in turn):
            assert left >= 0, line
            assert top >= -1, line
            assert right <= size[0], line
            assert bottom <= size[1], line
        read = "".join(line for turn in turns for *_, line in turn).replace(" ", "")
        for line in panel.plain:
            assert lettering.shown(line).replace(" ", "") in read


@pytest.mark.parametrize("name", SCREENS)
def test_no_two_lines_of_a_panel_lie_on_one_another(name, monkeypatch):
    size, mode = SCREENS[name]
    for panel in {*PANELS.values(), *attending()}:
        for turn in put_on(panel, size, mode, monkeypatch):
            for one, other in combinations(turn, 2):
                across = min(one[2], other[2]) - max(one[0], other[0])
                deep = min(one[3], other[3]) - max(one[1], other[1])
                assert across <= 0 or deep <= 3, (one, other)


@pytest.mark.parametrize("name", SCREENS)
def test_every_item_can_be_chosen_and_is_seen_to_be(name):
    size, mode = SCREENS[name]
    drawn = {
        panel_picture.draw(dataclasses.replace(PANELS["reasons"], chosen=chosen), size, mode).tobytes()
        for chosen in range(len(HANDS))
    }
    assert len(drawn) == len(HANDS)


def test_a_menu_longer_than_the_screen_shows_the_chosen_item():
    many = tuple((f"选{n}", f"Item {n}") for n in range(12))
    size, mode = SCREENS["lcd"]
    drawn = [
        panel_picture.draw(Panel(zh="选", en="Choose", items=many, chosen=n), size, mode) for n in range(12)
    ]
    assert len({one.tobytes() for one in drawn}) == 12
    navy = ImageColor.getrgb("#14284b")
    assert all(sum(one.getpixel((9, y)) == navy for y in range(64, 310)) > 20 for one in drawn)


def test_time_that_is_left_shrinks_and_a_panel_without_an_end_has_no_bar():
    size, mode = SCREENS["oled"]
    lit = [
        sum(
            panel_picture.draw(Panel(zh="门", en="Gate", seconds_left=left), size, mode).getpixel((x, 63)) > 0
            for x in range(128)
        )
        for left in (None, 0, 30, 60, 90)
    ]
    assert lit == [0, 1, 64, 128, 128]


def test_a_covered_panel_holds_no_secret():
    hidden = covered(PANELS["name"])
    assert (hidden.plain, hidden.secret, hidden.items) == ((HIDDEN,), False, COMPARE)


def test_no_prompt_is_a_diagnosis_and_every_one_has_words_in_both_languages():
    assert set(prompts.SPOKEN) == set(Prompt)
    for spoken in prompts.SPOKEN.values():
        assert spoken.en.isascii()
        assert not spoken.zh.isascii()
        words = spoken.zh + spoken.en.lower()
        assert not any(
            bad in words for bad in ("红", "橙", "黄", "绿", "发热", "体温", "fever", "red ", "colour")
        )


@pytest.mark.parametrize("reason", [r for r in Reason if r // 100 in {2, 3}], ids=lambda r: r.name.lower())
def test_what_is_heard_tells_nobody_why_somebody_is_sent_to_the_attendant(reason):
    state = STATES[REASONS[reason].verdict]
    prompt = card(state, reason, None).prompt
    discreet = reason in DISCREET or REASONS[reason].screen_en == "Ask the attendant"
    assert prompt is not None
    assert not discreet or prompt is Prompt.ATTENDANT


def test_every_prompt_is_said_some_time_and_an_idle_gate_is_quiet():
    assert IDLE.prompt is None
    assert {shown.prompt for shown in CASES.values()} == {None, *Prompt}


def test_texts_stay_whole_words_in_as_few_lines_as_fit():
    face = lettering.font(12)
    assert lettering.lines("Ask", face, 5, 3) == ("Ask",)
    assert lettering.lines("one two three four", face, 64, 3) == ("one two", "three four")
    assert lettering.lines("人数已满，请稍候", lettering.font(16), 90, 2) == ("人数已满，", "请稍候")


if __name__ == "__main__":
    for each in SHEETS:
        sheet(each).save(REFERENCE / f"{each}.png", optimize=True)

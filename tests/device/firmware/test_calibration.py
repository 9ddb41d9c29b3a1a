import os
from contextlib import suppress
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers import SensorIdentity
from device.firmware import calibration
from device.firmware.calibration import Papers, Record, load, read, text
from device.firmware.config import read as read_config
from device.firmware.errors import GateError
from device.firmware.thermometry import UNCALIBRATED_C, Calibration

SENSOR = "4a58100100000001"
CHIP = SensorIdentity(SENSOR, 0.98, "DCI", 5)
GOOD = Record(
    sensor=SENSOR,
    variant="DCI",
    emissivity=0.98,
    offset_c=0.12,
    gain=1.0,
    residual_c=0.05,
    points=((35.0, 34.9), (37.0, 36.85), (39.0, 38.9)),
    made=date(2026, 11, 1),
    due=date(2027, 11, 1),
    operator="engineer 17",
    black_body="BB-35-0042",
)
DAY_S = 86_400
DUE_S = 1_825_027_200  # 2027-11-01


@pytest.fixture
def papers(tmp_path):
    return Papers(path=tmp_path / "calibration.toml", emissivity=0.98, settling=Calibration(samples=7))


words = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters=[*map(chr, range(32)), "\x7f"]),
    min_size=1,
    max_size=64,
)


@st.composite
def records(draw):
    offset_c, gain = draw(st.floats(-0.9, 0.9)), draw(st.floats(0.95, 1.05))
    told = [35.0, 38.0, *draw(st.lists(st.floats(30, 40), max_size=5))]
    points = tuple((gain * one + offset_c, one) for one in told)
    made = draw(st.dates(date(2020, 1, 1), date(2090, 1, 1)))
    return Record(
        sensor=draw(st.from_regex(r"[0-9a-f]{16}", fullmatch=True)),
        variant="BAA",
        emissivity=draw(st.floats(0.1, 1)),
        offset_c=offset_c,
        gain=gain,
        residual_c=draw(st.floats(0, 2)),
        points=points,
        made=made,
        due=draw(st.dates(date(2090, 1, 2), date(2099, 1, 1))),
        operator=draw(words),
        black_body=draw(words),
    )


@given(records())
def test_what_is_written_is_what_is_read(record):
    assert read(text(record).encode(), "calibration.toml") == record


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_a_clear_refusal(data):
    with pytest.raises(GateError, match="calibrate again"):
        read(data, "calibration.toml")


LINES = text(GOOD).splitlines()


@given(st.integers(0, len(LINES) - 1), st.text(max_size=20))
def test_a_line_that_was_changed_by_hand_is_read_whole_or_refused(number, words):
    lines = [*LINES[:number], words, *LINES[number + 1 :]]
    with suppress(GateError):
        assert isinstance(read("\n".join(lines).encode("utf-8", "replace"), "c.toml"), Record)


WRONG = {
    "another offset than its points say": ({"offset_c": -0.5}, "more than `residual_c` says"),
    "due before it was made": ({"due": date(2026, 10, 1)}, "`due` is not after `made`"),
    "no number": ({"gain": float("nan")}, "gain|not a number"),
    "a short sensor number": ({"sensor": "4a58"}, "sensor"),
    "one point": ({"points": ((35.0, 34.88),)}, "points"),
    "nobody": ({"operator": ""}, "operator"),
    "points so close together that they tell no gain": (
        {"points": ((37.0, 37.0), (37.5, 37.5)), "gain": 1.09, "offset_c": -3.35},
        "span less than 2 °C of what skin has",
    ),
    "points that no skin has": (
        {"points": ((20.0, 20.0), (30.0, 30.0)), "offset_c": 0.0},
        "span less than 2 °C of what skin has",
    ),
    "a chip that is far off": (
        {"points": ((35.0, 31.0), (39.0, 35.0)), "offset_c": 4.0},
        "the chip is off by 4.00 °C",
    ),
    "a gain that no chip has": ({"gain": 0.8}, "gain"),
    "a residual that no calibration is accepted with": ({"residual_c": 2.5}, "residual_c"),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_record_that_contradicts_itself_is_refused_with_the_reason(changes, words):
    fields = {name: getattr(GOOD, name) for name in GOOD.__struct_fields__}
    wrong = msgspec.structs.replace(GOOD)
    for name, value in (fields | changes).items():
        msgspec.structs.force_setattr(wrong, name, value)
    with pytest.raises(GateError, match=words):
        read(text(wrong).encode(), "calibration.toml")


def test_a_key_that_nobody_knows_and_a_file_without_end_are_refused():
    with pytest.raises(GateError, match="unknown field"):
        read((text(GOOD) + "name = 'somebody'\n").encode(), "calibration.toml")
    with pytest.raises(GateError, match="longer than any"):
        read(b"#" * 100_000, "calibration.toml")


def test_no_file_is_no_record_and_a_place_that_cannot_be_read_is_said(tmp_path):
    assert load(tmp_path / "calibration.toml") is None
    with pytest.raises(GateError, match="cannot be read"):
        load(tmp_path)


def test_the_sensors_own_record_is_used(papers):
    papers.path.write_text(text(GOOD))
    found = papers.meet(CHIP)
    assert found.usable
    assert not found.words
    used = found.calibration
    assert (used.offset_c, used.gain, used.residual_c, used.samples) == (0.12, 1.0, 0.05, 7)
    assert not found.is_due(DUE_S - DAY_S)
    assert not found.is_due(DUE_S + DAY_S - 1)
    assert found.is_due(DUE_S + DAY_S)
    assert found.is_due(10**18)


def test_without_a_record_the_chip_is_as_good_as_its_maker_says_and_calibration_is_due(papers):
    found = papers.meet(CHIP)
    assert found.usable
    assert found.is_due(0)
    assert (found.calibration.offset_c, found.calibration.residual_c) == (0.0, UNCALIBRATED_C)


FOREIGN = {
    "another sensor": ({"sensor": "4a58100100000002"}, "of sensor 4a58100100000002, not of 4a58100100000001"),
    "another emissivity": ({"emissivity": 0.95}, "for emissivity 0.9500, not 0.9800"),
    "another optics": ({"variant": "BAA"}, "of a BAA, the gate's file says DCI"),
}


@pytest.mark.parametrize(("changes", "words"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_record_of_something_else_makes_the_chip_unusable(papers, changes, words):
    papers.path.write_text(text(msgspec.structs.replace(GOOD, **changes)))
    found = papers.meet(CHIP)
    assert found.foreign
    assert not found.usable
    assert words in found.words


def test_a_record_that_cannot_be_read_makes_the_chip_unusable(papers):
    papers.path.write_text("sensor = 7\n")
    found = papers.meet(CHIP)
    assert (found.foreign, found.usable, found.is_due(0)) == (True, False, False)
    assert "calibrate again" in found.words


def test_a_chip_that_is_set_otherwise_than_the_gate_wants_is_unusable_beyond_one_count(papers):
    for counts, differs in ((0, False), (1, False), (2, True)):
        found = papers.meet(SensorIdentity(SENSOR, (64224 - counts) / 65535, "DCI"))
        assert (found.differs, found.usable) == (differs, not differs)
    assert "run jx-gate emissivity" in found.words


def test_a_place_that_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "calibration.toml")
    with pytest.raises(GateError, match="is no file"):
        load(tmp_path / "calibration.toml")


def test_a_wide_view_is_carried_into_the_calibration(papers):
    assert papers.meet(SensorIdentity(SENSOR, 0.98, "BAA", 90)).calibration.background > 0


def test_a_new_file_is_noticed_once(papers):
    assert papers.changed()
    assert not papers.changed()
    papers.path.write_text(text(GOOD))
    assert papers.changed()
    assert not papers.changed()
    papers.path.unlink()
    assert papers.changed()


def test_a_record_that_is_made_readable_is_noticed_though_its_text_is_the_same(papers):
    papers.path.write_text(text(GOOD))
    papers.path.chmod(0o000)
    assert papers.changed()
    assert not papers.changed()
    papers.path.chmod(0o600)
    assert papers.changed()
    assert papers.meet(CHIP).usable


def test_a_gates_file_says_where_the_record_lies_and_what_is_wanted():
    least = 'gate = "0123456789ab"\ndata = "/d"\n[broker]\nhost = "h"\n[pins]\nrelay = 17\n'
    assert calibration.papers_of(read_config(least.encode(), "gate.toml")) is None
    told = "[thermometer]\nsamples = 9\nemissivity = 0.97\n"
    papers = calibration.papers_of(read_config((least + told).encode(), "gate.toml"))
    assert (str(papers.path), papers.emissivity, papers.settling.samples) == ("/d/calibration.toml", 0.97, 9)

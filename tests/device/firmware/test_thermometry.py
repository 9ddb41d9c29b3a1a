from datetime import date
from math import exp, floor, hypot

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.drivers import Sample, SensorIdentity
from device.firmware import calibration, thermometry
from device.firmware.thermometry import (
    FEWEST_SAMPLES,
    SITES,
    Calibration,
    Hint,
    Measurement,
    background_of,
    body_of,
    measure,
    nonsense,
    surface_of,
    uncertainty_of,
)
from wire.policy import Site

PLAIN = Calibration()
ROUNDED_C = 0.02 * 1.2 * 1.05
"""One bit of the chip, carried through to the body."""


def samples(*objects, ambient=23.0, every=0.1, start=10.0):
    return [Sample(value, ambient, start + every * number) for number, value in enumerate(objects)]


def test_five_samples_close_together_are_a_measurement():
    found = measure(samples(35.0, 35.1, 34.9, 35.0, 35.0), 0.0, PLAIN, Site.FOREHEAD)
    assert isinstance(found, Measurement)
    assert found.object_c == pytest.approx(35.0)
    assert found.surface_c == pytest.approx(35.0)
    assert found.body_c == pytest.approx(35.0 + 0.13 * 12)
    assert (found.samples, found.taken_s) == (5, pytest.approx(10.4))
    told = found.wire()
    assert (told.object_c100, told.surface_c100, told.body_c100, told.samples) == (3500, 3500, 3656, 5)


HINTS = {
    "nothing yet": ([], Hint.AGAIN),
    "too few": (samples(35.0, 35.0), Hint.AGAIN),
    "a wall": (samples(*[23.0] * 5), Hint.STEP_CLOSER),
    "a forehead far away": (samples(*[28.9] * 5), Hint.STEP_CLOSER),
    "a warm wall in a warm room": (samples(*[31.9] * 5, ambient=31.5), Hint.STEP_CLOSER),
    "a forehead half seen": (samples(*[32.0] * 5), Hint.STEP_CLOSER),
    "a forehead that came in from the cold": (samples(*[30.5] * 5, ambient=15.0), Hint.STEP_CLOSER),
    "a hot cup": (samples(*[44.1] * 5), Hint.STEP_BACK),
    "a chip that still rises": (samples(34.8, 34.86, 34.92, 34.96, 35.0), Hint.AGAIN),
    "somebody moving": (samples(35.0, 34.0, 35.0, 34.0, 35.0), Hint.AGAIN),
    "a thermometer that stuttered": (samples(*[35.0] * 5, every=1.0), Hint.AGAIN),
}


@pytest.mark.parametrize(("taken", "hint"), HINTS.values(), ids=HINTS.keys())
def test_a_hint_says_why_there_is_no_measurement(taken, hint):
    assert measure(taken, 0.0, PLAIN, Site.FOREHEAD) is hint


def test_samples_of_the_person_before_do_not_count():
    taken = samples(*[37.0] * 5, *[35.0] * 5)
    assert measure(taken, 10.45, PLAIN, Site.FOREHEAD).object_c == pytest.approx(35.0)
    assert measure(taken, 10.65, PLAIN, Site.FOREHEAD) is Hint.AGAIN


def test_outside_the_studied_range_no_body_temperature_is_told():
    found = measure(samples(*[33.0] * 5, ambient=10.0), 0.0, PLAIN, Site.FOREHEAD)
    assert found.body_c is None
    assert found.wire().body_c100 is None


def test_a_calibration_corrects_the_skin():
    found = measure(samples(*[35.0] * 5), 0.0, Calibration(offset_c=0.5, gain=1.01), Site.FOREHEAD)
    assert found.surface_c == pytest.approx(35.85)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gain": 0.4},
        {"residual_c": -0.1},
        {"samples": 4},
        {"window_s": 0.0},
        {"tolerance_c": -1.0},
        {"background": 1.0},
    ],
)
def test_a_calibration_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"calibration|settled"):
        Calibration(**wrong)


ambients = st.floats(14, 32)
sites = st.sampled_from(Site)
views = st.sampled_from([5, 10, 12, 35, 90])
calibrations = st.builds(
    Calibration,
    offset_c=st.floats(-1, 1),
    gain=st.floats(0.95, 1.05),
    residual_c=st.floats(0, 0.3),
    background=views.map(background_of),
)
parts = st.floats(-1, 1)


def skin_of(body_c, ambient_c, site):
    """What skin a body has, by the model that the adjustment inverts."""
    k = SITES[site].k
    return (body_c + k * ambient_c) / (1 + k)


def record_of(residual_c, offset_c, gain):
    """A record as a calibration writes it: 35, 37 and 39 °C, the chip off as it may be."""
    points = tuple((true_c, (true_c - offset_c) / gain) for true_c in (35.0, 37.0, 39.0))
    return calibration.Record(
        sensor="4a58100100000001",
        variant="DCI",
        emissivity=0.98,
        offset_c=offset_c,
        gain=gain,
        residual_c=residual_c,
        points=points,
        made=date(2026, 11, 1),
        due=date(2027, 11, 1),
        operator="17",
        black_body="BB-35-0042",
    )


def met(record, view_deg, directory):
    """The calibration that a gate works with: record to file, file to gate."""
    (directory / "calibration.toml").write_text(calibration.text(record))
    papers = calibration.Papers(path=directory / "calibration.toml", emissivity=0.98, settling=Calibration())
    found = papers.meet(SensorIdentity(record.sensor, 0.98, "DCI", view_deg))
    assert found.usable
    return found.calibration


def quantised(celsius):
    """As the chip says it, 0.02 K a bit, not in favour of the finding."""
    return floor((celsius + 273.15) / 0.02) * 0.02 - 273.15


@pytest.fixture(scope="module")
def papers_place(tmp_path_factory):
    return tmp_path_factory.mktemp("papers")


@given(
    threshold_c=st.floats(36.5, 38.5),
    above_c=st.floats(0, 3),
    ambient_c=st.floats(15, 31),
    site=sites,
    view_deg=views,
    residual_c=st.floats(0, 0.3),
    offset_c=st.floats(-1, 1),
    gain=st.floats(0.96, 1.04),
    wrongs=st.tuples(parts, parts, parts, st.floats(0, 1), parts),
    noise=st.lists(st.floats(-0.13, 0.13), min_size=5, max_size=5),
)
def test_a_true_fever_beyond_the_uncertainty_is_never_estimated_below_the_threshold(
    papers_place, threshold_c, above_c, ambient_c, site, view_deg, residual_c, offset_c, gain, wrongs, noise
):
    """True body → skin → chip → samples → estimate, every part as wrong as it may be at once.

    Chip, calibration, site, background and the warmth of the case together within one standard ellipsoid,
    as the bound says; what the chip rounds off, and the mean of the noise, come on top.
    """
    used = met(record_of(residual_c, offset_c, gain), view_deg, papers_place)
    length = max(1.0, hypot(*wrongs))
    chip, residual, siting, unseen, warmed = (wrong / length for wrong in wrongs)
    room_c, ambient_c = ambient_c, ambient_c + warmed * thermometry.CASE_C
    mean_c = sum(noise) / len(noise)
    spread_c = (max(noise) - min(noise)) / gain
    body_c = threshold_c + above_c
    for _ in range(
        30
    ):  # the uncertainty depends a little on the skin, and so on the body: to its fixed point
        over_c = skin_of(body_c, room_c, site) - ambient_c
        body_c = threshold_c + above_c + uncertainty_of(spread_c + 0.02, used, site, over_c) + ROUNDED_C
    skin_c = skin_of(body_c + siting * SITES[site].uncertainty_c, room_c, site)
    seen_c = skin_c - unseen * used.background * max(0.0, skin_c - ambient_c)
    seen_c += chip * thermometry.CHIP_C + residual * residual_c
    # Falling: samples that rise are measured again, which the next test is about.
    falling = sorted(noise, reverse=True)
    said = [quantised((seen_c + wobble - mean_c - offset_c) / gain) for wobble in falling]
    assume(surface_of(max(said), used) < thermometry.SKIN_HIGH_C)
    found = measure(samples(*said, ambient=ambient_c), 0.0, used, site)
    assert isinstance(found, Measurement)
    assert found.body_c >= threshold_c
    assert found.uncertainty_c <= uncertainty_of(spread_c + 0.021, used, site, seen_c - ambient_c + 0.5)


@pytest.mark.parametrize("site", Site)
def test_chip_case_and_site_as_wrong_as_can_be_together_are_covered_and_nothing_to_spare(site):
    """The worst moment of all: every part is off in the direction that hides a fever, by its share."""
    k, room_c, threshold_c = SITES[site].k, 22.0, 37.3
    skin_c = hypot(thermometry.CHIP_C, PLAIN.residual_c) * (1 + k)
    wrong = {"skin": skin_c, "case": k * thermometry.CASE_C, "site": SITES[site].uncertainty_c}
    whole_c = hypot(*wrong.values())
    off = {part: size / whole_c for part, size in wrong.items()}
    seen_c = skin_of(threshold_c + whole_c - off["site"] * wrong["site"], room_c, site)
    seen_c -= off["skin"] * skin_c / (1 + k)
    found = measure(
        samples(*[seen_c] * 5, ambient=room_c + off["case"] * thermometry.CASE_C), 0.0, PLAIN, site
    )
    assert found.body_c == pytest.approx(threshold_c)
    assert found.uncertainty_c >= whole_c - 1e-9


@given(
    body_c=st.floats(36.0, 41.0),
    ambient_c=ambients,
    wall_c=st.floats(10, 30),
    lag_s=st.floats(0.01, 1.0),
    late_s=st.floats(0, 0.1),
    site=sites,
    count=st.integers(FEWEST_SAMPLES, 9),
)
def test_a_chip_that_still_follows_does_not_hide_a_fever(
    body_c, ambient_c, wall_c, lag_s, late_s, site, count
):
    """True body → skin → a chip that lags → the first measurement that is believed."""
    skin_c = skin_of(body_c, ambient_c, site)
    taken = []
    for number in range(200):
        at_s = late_s + 0.1 * number
        seen_c = skin_c + (min(wall_c, skin_c) - skin_c) * exp(-at_s / lag_s)
        taken.append(Sample(quantised(seen_c), ambient_c, at_s))
        found = measure(taken, 0.0, Calibration(samples=count), site)
        if isinstance(found, Measurement):
            break
    assert isinstance(found, Measurement)
    assert found.body_c + found.uncertainty_c >= body_c


@given(st.floats(29, 44), ambients, sites)
def test_the_step_to_the_body_is_never_negative(surface_c, ambient_c, site):
    assert body_of(surface_c, ambient_c, site) >= surface_c


@given(st.floats(29, 44), st.floats(0, 5), ambients, sites, calibrations)
def test_every_map_rises_with_its_input(object_c, more_c, ambient_c, site, calibration):
    low, high = surface_of(object_c, calibration), surface_of(object_c + more_c, calibration)
    assert low <= high
    assert body_of(low, ambient_c, site) <= body_of(high, ambient_c, site)


@pytest.mark.parametrize(("each_c", "hint"), [(0.2, Hint.STEP_BACK), (-0.2, Hint.AGAIN)])
def test_a_chip_whose_own_temperature_runs_away_has_not_settled(each_c, hint):
    drifting = [Sample(35.0, 23.0 + each_c * number, 10 + 0.1 * number) for number in range(5)]
    assert measure(drifting, 0.0, PLAIN, Site.FOREHEAD) is hint


def test_a_chip_whose_own_temperature_jumps_for_a_moment_has_not_settled():
    ambients = (23.0, 23.0, 31.0, 23.0, 23.0)
    jumping = [Sample(35.0, ambient, 10 + 0.1 * number) for number, ambient in enumerate(ambients)]
    assert measure(jumping, 0.0, PLAIN, Site.FOREHEAD) is Hint.AGAIN


def test_a_wide_view_is_less_certain_than_a_narrow_one_and_the_more_so_the_colder_the_room():
    wide = Calibration(background=background_of(90))
    warm, cold = (uncertainty_of(0.0, wide, Site.FOREHEAD, over_c) for over_c in (5.0, 20.0))
    assert uncertainty_of(0.0, PLAIN, Site.FOREHEAD, 20.0) < warm < cold
    assert [background_of(deg) for deg in (5, 12, 35, 90)] == [0.0, 0.0, 0.01, 0.05]


def test_by_the_wrist_alone_hardly_anybody_is_let_in_or_turned_away():
    normal = measure(samples(*[skin_of(36.6, 23.0, Site.WRIST)] * 5), 0.0, PLAIN, Site.WRIST)
    fever = measure(samples(*[skin_of(38.5, 23.0, Site.WRIST)] * 5), 0.0, PLAIN, Site.WRIST)
    assert normal.body_c + normal.uncertainty_c > 37.3
    assert fever.body_c - fever.uncertainty_c < 37.3


@pytest.mark.parametrize("site", Site)
def test_every_site_says_where_its_numbers_come_from(site):
    told = SITES[site]
    assert "doi" in told.source or "patent" in told.source
    assert told.k > 0 < told.uncertainty_c
    assert told.ambient_low_c < told.ambient_high_c


def wobbling(*values, ambient=23.0):
    return [Sample(value, ambient, 0.1 * number) for number, value in enumerate(values)]


CROWD = [22.0] * 9 + [35.0] * 6
NONSENSE = {
    "nothing yet": ([], ""),
    "a crowd of 40 a minute": (wobbling(*CROWD * 3), ""),
    "a person": (wobbling(*[35.0, 35.1, 34.9] * 20), ""),
    "skin that jumps": (wobbling(*[33.0, 38.0] * 16), "jumps up and down"),
    "its own temperature that jumps": (
        [Sample(35.0, 20.0 + 5 * (number % 2), 0.1 * number) for number in range(32)],
        "jumps up and down",
    ),
    "a chip in an oven": (wobbling(35.0, ambient=85.0), "it is 85 °C itself"),
    "a chip in deep frost": (wobbling(35.0, ambient=-38.0), "it is -38 °C itself"),
}


@pytest.mark.parametrize(("taken", "words"), NONSENSE.values(), ids=NONSENSE.keys())
def test_what_no_thermometer_in_order_says_is_named(taken, words):
    told = nonsense(taken)
    assert words in told
    assert bool(words) == bool(told)


def test_jumps_are_forgiven_once_they_have_stopped():
    taken = wobbling(*[33.0, 38.0] * 16, *[35.0] * 17)
    assert nonsense(taken[:33])
    assert not nonsense(taken)


@given(st.floats(0, 1), st.floats(0, 1), calibrations, sites)
def test_more_spread_is_more_uncertain_and_never_less_than_the_chip(spread_c, more_c, calibration, site):
    assert uncertainty_of(spread_c, calibration, site) <= uncertainty_of(spread_c + more_c, calibration, site)
    assert uncertainty_of(spread_c, calibration, site) >= thermometry.CHIP_C

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.drivers import Sample
from device.firmware import thermometry
from device.firmware.thermometry import (
    AMBIENT_HIGH_C,
    AMBIENT_LOW_C,
    Calibration,
    Hint,
    Measurement,
    body_of,
    measure,
    surface_of,
    uncertainty_of,
)
from wire.policy import Site

PLAIN = Calibration()


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
    "a hot cup": (samples(*[44.1] * 5), Hint.STEP_BACK),
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
    found = measure(samples(*[35.0] * 5), 0.0, Calibration(offset_c=0.5, gain=1.01), Site.WRIST)
    assert found.surface_c == pytest.approx(35.85)


@pytest.mark.parametrize(
    "wrong", [{"gain": 0.4}, {"residual_c": -0.1}, {"samples": 1}, {"window_s": 0.0}, {"tolerance_c": -1.0}]
)
def test_a_calibration_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"calibration|settled"):
        Calibration(**wrong)


ambients = st.floats(AMBIENT_LOW_C, AMBIENT_HIGH_C)
sites = st.sampled_from(Site)
calibrations = st.builds(
    Calibration,
    offset_c=st.floats(-1, 1),
    gain=st.floats(0.95, 1.05),
    residual_c=st.floats(0, 0.3),
)


def skin_of(body_c, ambient_c, site):
    """What skin a body has, by the model that the adjustment inverts."""
    k = thermometry.SITE_K[site]
    return (body_c + k * ambient_c) / (1 + k)


@given(
    threshold_c=st.floats(36.5, 38.5),
    above_c=st.floats(0, 3),
    ambient_c=ambients,
    site=sites,
    calibration=calibrations,
    chip_c=st.floats(-1, 1),
    residual=st.floats(-1, 1),
    site_error=st.floats(-1, 1),
    noise=st.lists(st.floats(-0.1, 0.1), min_size=5, max_size=5),
)
def test_a_true_fever_beyond_the_uncertainty_is_never_estimated_below_the_threshold(
    threshold_c, above_c, ambient_c, site, calibration, chip_c, residual, site_error, noise
):
    """Errors of chip, calibration and site together within one standard ellipsoid, as the bound says."""
    length = max(1.0, (chip_c**2 + residual**2 + site_error**2) ** 0.5)
    mean = sum(noise) / len(noise)
    spread_c = (max(noise) - min(noise)) / calibration.gain
    body_c = threshold_c + uncertainty_of(spread_c, calibration, site) + above_c
    skin_c = skin_of(body_c + site_error / length * calibration.site_c, ambient_c, site)
    error_c = (chip_c * thermometry.CHIP_C + residual * calibration.residual_c) / length
    told = [skin_c + error_c + wobble - mean for wobble in noise]
    assume(max(told) < thermometry.SKIN_HIGH_C)
    objects = [(value - calibration.offset_c) / calibration.gain for value in told]
    found = measure(samples(*objects, ambient=ambient_c), 0.0, calibration, site)
    assert isinstance(found, Measurement)
    assert found.body_c >= threshold_c + above_c - 1e-6
    assert found.uncertainty_c == pytest.approx(uncertainty_of(spread_c, calibration, site))


@given(st.floats(29, 44), ambients, sites)
def test_the_step_to_the_body_is_never_negative(surface_c, ambient_c, site):
    assert body_of(surface_c, ambient_c, site) >= surface_c


@given(st.floats(29, 44), st.floats(0, 5), ambients, sites, calibrations)
def test_every_map_rises_with_its_input(object_c, more_c, ambient_c, site, calibration):
    low, high = surface_of(object_c, calibration), surface_of(object_c + more_c, calibration)
    assert low <= high
    assert body_of(low, ambient_c, site) <= body_of(high, ambient_c, site)


@given(st.floats(0, 1), st.floats(0, 1), calibrations, sites)
def test_more_spread_is_more_uncertain_and_never_less_than_the_chip(spread_c, more_c, calibration, site):
    assert uncertainty_of(spread_c, calibration, site) <= uncertainty_of(spread_c + more_c, calibration, site)
    assert uncertainty_of(spread_c, calibration, site) >= thermometry.CHIP_C

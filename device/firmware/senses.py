"""The thermometer, sampled all along, and whether it can be relied on."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from device.drivers import Sample, SensorFault, Thermometer
from device.firmware.thermometry import SKIN_LOW_C, Calibration, Hint, Measurement, measure
from wire.policy import Site

EVERY_S: Final = 0.1
"""The chip filters over about 0.14 s (MLX90614 datasheet, IIR 100 %, FIR 1024): faster tells nothing new."""
FAILURES: Final = 5
"""Failed reads in a row before the thermometer counts as broken: half a second."""
KEPT: Final = 64
FROZEN: Final = 600
"""Equal samples of skin in a row that nobody living gives: a minute, at 0.02 °C a bit and 0.1 °C of noise."""


@dataclass(slots=True)
class Senses:
    """Samples of one thermometer; None: this gate has none. For the loop thread."""

    thermometer: Thermometer | None
    calibration: Calibration
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))
    failures: int = 0
    failure: str = ""
    next_s: float = 0.0
    calibration_foreign: bool = False
    """The calibration is another sensor's, or cannot be read."""
    calibration_due: bool = False
    """There is no calibration, or it is overdue."""
    emissivity_differs: bool = False
    """The chip is set to another emissivity than the gate's file wants."""
    same: int = 0
    """How many samples in a row have said exactly the same."""

    @property
    def working(self) -> bool:
        """Whether temperatures can be had, and change as those of the living do."""
        return self.thermometer is not None and self.failures < FAILURES and self.same < FROZEN

    def sample(self, now_s: float) -> bool:
        """Read once if it is time; whether there is a new sample. `now_s` monotonic."""
        if self.thermometer is None or now_s < self.next_s:
            return False
        self.next_s = max(self.next_s, now_s - EVERY_S) + EVERY_S
        try:
            self._keep(self.thermometer.read())
        except SensorFault as error:
            self.failures, self.failure = self.failures + 1, str(error)
            return False
        self.failures = 0
        return True

    def _keep(self, sample: Sample) -> None:
        """A chip that has hung finds one temperature in everybody; an empty room may well stay the same."""
        last = self.samples[-1] if self.samples else None
        frozen = last is not None and (last.object_c, last.ambient_c) == (sample.object_c, sample.ambient_c)
        self.same = self.same + 1 if frozen and sample.object_c >= SKIN_LOW_C else 0
        if self.same == FROZEN:
            self.failure = "the thermometer says the same all the time; switch its power off and on"
        self.samples.append(sample)

    def measured(self, since_s: float, site: Site) -> Measurement | Hint:
        """What the samples since then say."""
        return measure(self.samples, since_s, self.calibration, site)

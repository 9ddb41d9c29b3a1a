"""The thermometer, sampled all along, and whether it can be relied on."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from device.drivers import Sample, SensorFault, Thermometer
from device.firmware.thermometry import Calibration, Hint, Measurement, measure
from wire.policy import Site

EVERY_S: Final = 0.1
"""The chip filters over about 0.14 s (MLX90614 datasheet, IIR 100 %, FIR 1024): faster tells nothing new."""
FAILURES: Final = 5
"""Failed reads in a row before the thermometer counts as broken: half a second."""
KEPT: Final = 64


@dataclass(slots=True)
class Senses:
    """Samples of one thermometer; None: this gate has none. For the loop thread."""

    thermometer: Thermometer | None
    calibration: Calibration
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))
    failures: int = 0
    failure: str = ""
    next_s: float = 0.0

    @property
    def working(self) -> bool:
        """Whether temperatures can be had."""
        return self.thermometer is not None and self.failures < FAILURES

    def sample(self, now_s: float) -> bool:
        """Read once if it is time; whether there is a new sample. `now_s` monotonic."""
        if self.thermometer is None or now_s < self.next_s:
            return False
        self.next_s = max(self.next_s, now_s - EVERY_S) + EVERY_S
        try:
            self.samples.append(self.thermometer.read())
        except SensorFault as error:
            self.failures, self.failure = self.failures + 1, str(error)
            return False
        self.failures = 0
        return True

    def measured(self, since_s: float, site: Site) -> Measurement | Hint:
        """What the samples since then say."""
        return measure(self.samples, since_s, self.calibration, site)

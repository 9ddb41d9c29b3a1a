"""The thermometer, sampled all along, and whether it can be relied on."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from device.drivers import Sample, SensorFault, SensorIdentity, Thermometer
from device.firmware.calibration import Finding, Papers
from device.firmware.thermometry import SKIN_LOW_C, Calibration, Hint, Measurement, measure, nonsense
from wire.policy import Site

EVERY_S: Final = 0.1
"""The chip filters over about 0.14 s (MLX90614 datasheet, IIR 100 %, FIR 1024): faster tells nothing new."""
FAILURES: Final = 5
"""Failed reads in a row before the thermometer counts as broken: half a second."""
KEPT: Final = 64
FROZEN: Final = 600
"""Equal samples of skin in a row that nobody living gives: a minute, at 0.02 °C a bit and 0.1 °C of noise."""
PAPERS_EVERY_S: Final = 5.0
"""How soon a new calibration record is noticed."""


@dataclass(slots=True)
class Senses:
    """Samples of one thermometer; None: this gate has none. For the loop thread.

    With `papers`, the chip is asked who it is before its first sample and after every failure, and the
    calibration record is held beside it. A chip that is found to be set otherwise, or calibrated as another
    one, is heard but not believed. What it was set to while its power stayed on counts only from when power
    returns, which software cannot see: a short failure is reason enough for doubt, not for trust.
    """

    thermometer: Thermometer | None
    calibration: Calibration
    papers: Papers | None = None
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=KEPT))
    failures: int = 0
    failure: str = ""
    """Why no temperature can be used, in words; "" when they can."""
    next_s: float = 0.0
    calibration_due: bool = False
    """There is no calibration, or it is overdue."""
    same: int = 0
    """How many samples in a row have said exactly the same."""
    strange: str = ""
    """What the chip says that cannot be; "" when it makes sense."""
    chip: SensorIdentity | None = None
    finding: Finding | None = None
    _papers_s: float = 0.0
    _doubted: bool = False
    """It has failed since it was asked."""

    @property
    def working(self) -> bool:
        """Whether the thermometer answers, and says what one in order would."""
        return self.thermometer is not None and self.failures < FAILURES and not self.strange

    @property
    def usable(self) -> bool:
        """Whether temperatures can be had that mean something."""
        known = self.papers is None or (self.finding is not None and self.finding.usable)
        return self.working and known

    @property
    def calibration_foreign(self) -> bool:
        """The calibration is another sensor's, for another emissivity, or cannot be read."""
        return self.finding is not None and self.finding.foreign

    @property
    def emissivity_differs(self) -> bool:
        """The chip is set to another emissivity than the gate's file wants."""
        return self.finding is not None and self.finding.differs

    def sample(self, now_s: float, unix_s: int) -> bool:
        """Read once if it is time; whether there is a new sample. `now_s` monotonic, `unix_s` for dates."""
        if self.thermometer is None or now_s < self.next_s:
            return False
        self.next_s = max(self.next_s, now_s - EVERY_S) + EVERY_S
        try:
            self._meet(self.thermometer, now_s)
            sample = self.thermometer.read()
        except SensorFault as error:
            self.failures, self.failure, self._doubted = self.failures + 1, str(error), True
            if self.failures >= FAILURES:
                self.chip = None  # what comes back may be another one
            return False
        self.failures = 0
        self._keep(sample)
        if self.finding is not None:
            self.calibration_due = self.finding.is_due(unix_s)
        self.failure = self.strange or (self.finding.words if self.finding else "")
        return True

    def _meet(self, thermometer: Thermometer, now_s: float) -> None:
        """Learn who the chip is, once, and what the record says of it, whenever either is new."""
        known = self.chip is not None and not self._doubted
        if self.papers is None or (known and now_s < self._papers_s):
            return
        self._papers_s = now_s + PAPERS_EVERY_S
        chip = self._asked(thermometer)
        if self.papers.changed() or chip != self.chip:
            self.chip, self.finding = chip, self.papers.meet(chip)
            self.calibration = self.finding.calibration
            self.samples.clear()  # nobody is measured half by one calibration and half by another

    def _asked(self, thermometer: Thermometer) -> SensorIdentity:
        """Who the chip is; asked again only when it has failed."""
        if self.chip is not None and not self._doubted:
            return self.chip
        told = thermometer.identity()
        self._doubted = False
        same = self.chip is not None and told.id == self.chip.id
        distrusted = self.finding is not None and not self.finding.usable
        return self.chip if same and distrusted and self.chip is not None else told

    def _keep(self, sample: Sample) -> None:
        """A chip that has hung finds one temperature in everybody; an empty room may well stay the same."""
        last = self.samples[-1] if self.samples else None
        frozen = last is not None and (last.object_c, last.ambient_c) == (sample.object_c, sample.ambient_c)
        self.same = self.same + 1 if frozen and sample.object_c >= SKIN_LOW_C else 0
        self.samples.append(sample)
        hung = "the thermometer says the same all the time; switch its power off and on"
        self.strange = hung if self.same >= FROZEN else nonsense(self.samples)

    def measured(self, since_s: float, site: Site) -> Measurement | Hint:
        """What the samples since then say; never a temperature that means nothing."""
        if not self.usable:
            return Hint.AGAIN
        return measure(self.samples, since_s, self.calibration, site)

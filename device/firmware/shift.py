"""Who attends at the gate, and until when: begun and over stand in the journal."""

from dataclasses import dataclass

from device.firmware.clock import Reading
from device.firmware.desk import Person
from device.firmware.errors import GateError
from device.firmware.stage import Stage
from wire.messages import Event as Kind


@dataclass(slots=True)
class Shift:
    """One attendant's turn, for the loop thread; `now_s` is monotonic seconds.

    It lasts until nothing was done for `attendant_s`, over the admissions in between: while it does, the
    button leads back to the menu without a staff code.
    """

    stage: Stage
    on: bool = False
    person: Person | None = None
    """Who signed in; None where the roster is empty or no code could be read."""
    until_s: float = 0.0

    @property
    def attendant(self) -> bytes | None:
        """16 opaque bytes; None where nobody signed in."""
        return None if self.person is None else self.person.subject

    def sign(self, person: Person | None, now_s: float, now: Reading) -> bool:
        """Write down that it begins, and use the proof up; False: it could not be written, nothing began."""
        self.over(now_s, now)
        subject = None if person is None else person.subject
        proof_issued = None if person is None else person.code.proof_issued
        try:
            self.stage.book.write(Kind.ATTENDED, now, word="begun", attendant=subject)
        except GateError as error:
            self.stage.failed(error, now_s)
            return False
        if subject is not None and proof_issued is not None:
            self.stage.memory.signed_in(subject, proof_issued, now.now_s)
        self.on, self.person = True, person
        self.touch(now_s)
        return True

    def touch(self, now_s: float) -> None:
        """Something was done: the time begins anew."""
        self.until_s = now_s + self.stage.durations.attendant_s

    def over(self, now_s: float, now: Reading) -> None:
        """It ends, if it was on."""
        if not self.on:
            return
        attendant = self.attendant
        self.on, self.person = False, None
        self.stage.write(
            lambda: self.stage.book.write(Kind.ATTENDED, now, word="over", attendant=attendant), now_s
        )

"""Who was here a moment ago: used proofs, passages, openings; a code opens once and a person counts once.

Only the loop writes here. Entries are dropped by age and, at the very worst, by number, oldest first. After a
restart the memory is filled again from the passages in the journal: those do not hold the time of the proof,
so every proof issued before the passage (plus the longest lead a phone's clock may have) counts as used.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from device.firmware.admit import Recall
from wire.documents import Recent, VenueState
from wire.messages import Entry, Event
from wire.reasons import Reason, Verdict
from wire.subjects import digest_of

KEPT_S: Final = 86_400
"""As long as the longest `repeat_s` a policy can have (wire.policy)."""
MOST: Final = 20_000
"""People in one day at one lane at one every four seconds, about 4 MB."""
VISIT_S: Final = 60
"""A result is shown again this long; after that the same person is judged anew."""
MEASURED: Final = frozenset({Reason.FEVER, Reason.TEMPERATURE_UNSURE})
"""Results that a fresh proof does not undo: nobody tries until a reading is low enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The last visit of one subject: what was decided on which proof, and whether it ended in a passage."""

    at_s: int
    reason: Reason | None
    """None: the subject attended here, and was not decided about."""
    proof_issued: int | None
    used_until: int | None = None
    """Proofs issued up to here have opened the barrier; None: none has."""
    passed_at: int | None = None

    @property
    def admitted(self) -> bool:
        """Whether the barrier was opened for it."""
        return self.reason is not None and self.reason // 100 == Verdict.ADMIT


class Memory:
    """Recent visits by subject, oldest first. Not thread-safe: the loop alone uses it."""

    def __init__(self) -> None:
        self._visits: OrderedDict[bytes, Visit] = OrderedDict()
        self._openings: deque[int] = deque(maxlen=MOST)

    def __len__(self) -> int:
        return len(self._visits)

    def recall(
        self,
        subject: bytes,
        proof_issued: int | None,
        now_s: int,
        repeat_s: int,
        turned_s: int | None = None,
    ) -> Recall:
        """What is known about this subject and this proof; `turned_s`: when they last went the other way."""
        visit = self._visits.get(subject)
        if visit is None:
            return Recall.NEW
        if visit.passed_at is not None and visit.passed_at > max(now_s - repeat_s, turned_s or 0):
            return Recall.PASSED
        if self.used(subject, proof_issued):
            return Recall.REPLAYED
        same = visit.proof_issued == proof_issued or visit.reason in MEASURED
        recent = now_s - visit.at_s < VISIT_S
        return Recall.SAME_VISIT if same and recent and not visit.admitted else Recall.NEW

    def used(self, subject: bytes, proof_issued: int | None) -> bool:
        """Whether this proof, or a later one, has opened before."""
        visit = self._visits.get(subject)
        until = None if visit is None else visit.used_until
        return proof_issued is not None and until is not None and proof_issued <= until

    def result(self, subject: bytes) -> Reason | None:
        """What was last decided about this subject."""
        visit = self._visits.get(subject)
        return None if visit is None else visit.reason

    def opened(self, now_s: int) -> None:
        """The barrier was opened for one person, whoever it is and whoever opened."""
        self._openings.append(now_s)

    def stayed(self) -> None:
        """Whom it was opened for last did not go through."""
        if self._openings:
            self._openings.pop()

    def opened_since(self, at_s: int) -> int:
        """For how many it was opened at or after `at_s`, unix seconds; looks back no further than that."""
        return sum(1 for _ in takewhile(lambda opened_s: opened_s >= at_s, reversed(self._openings)))

    def decided(self, subject: bytes, proof_issued: int | None, reason: Reason, now_s: int) -> None:
        """A verdict was given. An admission uses up its proof and every older one.

        What was measured a moment ago stays the result until another temperature or an admission comes.
        """
        before = self._visits.get(subject)
        measured = before is not None and before.reason in MEASURED and now_s - before.at_s < VISIT_S
        if measured and reason not in MEASURED and reason // 100 != Verdict.ADMIT:
            return
        used_until = before.used_until if before else None
        if reason // 100 == Verdict.ADMIT and proof_issued is not None:
            used_until = max(proof_issued, used_until or 0)
        self._put(
            subject,
            Visit(
                at_s=now_s,
                reason=reason,
                proof_issued=proof_issued,
                used_until=used_until,
                passed_at=before.passed_at if before else None,
            ),
            now_s,
        )

    def signed_in(self, subject: bytes, proof_issued: int, now_s: int) -> None:
        """The subject attends here: the proof that told so is used up, for the barrier, too."""
        visit = self._visits.get(subject)
        if visit is None or now_s - visit.at_s >= VISIT_S:
            passed_at = None if visit is None else visit.passed_at
            used_until = None if visit is None else visit.used_until
            visit = Visit(
                at_s=now_s, reason=None, proof_issued=None, used_until=used_until, passed_at=passed_at
            )
        self._put(subject, replace(visit, used_until=max(proof_issued, visit.used_until or 0)), now_s)

    def passed(self, subject: bytes, now_s: int) -> None:
        """The subject went through."""
        visit = self._visits.get(subject)
        if visit is not None:
            self._put(subject, replace(visit, passed_at=now_s), now_s)

    def refill(self, entries: Iterable[Entry], lead_s: int) -> None:
        """Fill from journal entries, oldest first, after a restart; `lead_s` as policy's `proof_future_s`.

        Who was let in counts as passed, unless the journal says that nobody did.
        """
        admitted: dict[int, tuple[bytes, int | None]] = {}
        for entry in entries:
            subject, at_s = entry.subject, entry.at_ms // 1000
            self._recount(entry, at_s)
            if entry.kind is Event.ATTENDED and entry.word == "begun" and entry.attendant is not None:
                self.signed_in(entry.attendant, at_s + lead_s, at_s)
            elif entry.kind is Event.NOT_PASSED and entry.about in admitted:
                stayed, passed_at = admitted[entry.about]
                if (visit := self._visits.get(stayed)) is not None:
                    self._put(stayed, replace(visit, passed_at=passed_at), at_s)
            elif entry.kind is Event.PASSAGE and entry.verdict is Verdict.ADMIT and subject is not None:
                before = self._visits.get(subject)
                admitted[entry.sequence] = (subject, before.passed_at if before else None)
                visit = Visit(
                    at_s=at_s,
                    reason=entry.reason or Reason.GREEN,
                    proof_issued=None,
                    used_until=at_s + lead_s,
                    passed_at=at_s,
                )
                self._put(subject, visit, at_s)

    def _recount(self, entry: Entry, at_s: int) -> None:
        """One person goes at a time: who stayed is whom it was opened for last."""
        if entry.kind is Event.OPENED_BY_HAND or entry.verdict is Verdict.ADMIT:
            self.opened(at_s)
        elif entry.kind is Event.NOT_PASSED:
            self.stayed()

    def _put(self, subject: bytes, visit: Visit, now_s: int) -> None:
        self._visits[subject] = visit
        self._visits.move_to_end(subject)
        while len(self._visits) > MOST or now_s - next(iter(self._visits.values())).at_s > KEPT_S:
            self._visits.popitem(last=False)


def last_elsewhere(venue: VenueState | None, subject: bytes, now_s: int) -> Recent | None:
    """The newest passage of this subject at another lane; None: there is none, or nobody says."""
    if venue is None or now_s >= venue.expires:
        return None
    digest = digest_of(subject)
    passages = (recent for recent in venue.recent if recent.digest == digest)
    return max(passages, key=lambda recent: recent.at, default=None)

"""The nonce of this process and when it was first said without an answer: what signed time is measured by."""

from dataclasses import dataclass


@dataclass(slots=True)
class Greeting:
    """Shared by whoever says hello and whoever hears the answer.

    An answer that was held up must not seem fresh because hello was said again meanwhile: the trip counts
    from the *first* hello since the last answer.
    """

    session: bytes
    waiting_since: float | None = None
    """Monotonic seconds; None when the last hello was answered, or none was said."""

    def said(self, mono: float) -> None:
        """Hello went out."""
        if self.waiting_since is None:
            self.waiting_since = mono

    def answered(self) -> None:
        """Signed time with this session's nonce came."""
        self.waiting_since = None

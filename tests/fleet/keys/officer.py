"""A fleet with a root of its own, its trust commands, and an officer who signs whatever is asked.

Loaded by the conftest file beside it, because tests are not an importable package.
"""

from pathlib import Path

from typer.testing import CliRunner

from fleet.config import FILE_NAME
from fleet.db import open_database
from fleet.keys import commands, ledger, proposals, rotate_commands, trust_commands
from fleet.models import Gate, GateState, Rotation
from wire import envelope
from wire.documents import Role, RoleKeys, Root, Trust
from wire.keys import PrivateKey

GATE = "0123456789ab"
DAY = 86_400


class Fleet:
    """A fleet directory with one gate, and the one key that signs for every role."""

    def __init__(self, place: Path, now: int, empty_database: bytes):
        self.place, self.now, self.key = place, now, PrivateKey.generate()
        place.mkdir()
        (place / FILE_NAME).write_text("")
        kid = self.key.public.kid
        root = Root(
            version=1,
            issued=now,
            expires=now + 999 * DAY,
            audience="*",
            keys=(self.key.public,),
            roles={role: RoleKeys(threshold=1, kids=(kid,)) for role in Role},
        )
        (place / "fleet.db").write_bytes(empty_database)
        with open_database(place / "fleet.db") as database, database.session() as session:
            ledger.add(session, root, envelope.sign(root, [self.key]), now)
            session.add(Gate(id=GATE, name="", state="assigned", created_at=0))

    def call(self, app, *arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--dir", str(self.place)])
        if result.exit_code:
            raise result.exception
        return result.output

    def trust(self, *arguments: str) -> str:
        return self.call(trust_commands.trust_app, *arguments)

    def rotate(self, *arguments: str) -> str:
        return self.call(rotate_commands.app, *arguments)

    def requests(self, *arguments: str) -> str:
        return self.call(commands.app, *arguments)

    def sign(self) -> None:
        """The officer signs everything that waits, and the answers are taken over."""
        with open_database(self.place / "fleet.db") as database, database.session() as session:
            answers = [
                envelope.sign(envelope.read_body(Trust, row.body), [self.key])
                for row in proposals.awaiting(session)
                if row.kind == "sign-trust"
            ]
            proposals.accept(session, answers, self.now, "test")

    def believed(self) -> Trust:
        with open_database(self.place / "fleet.db") as database, database.reading() as session:
            return ledger.trust(session)

    def waiting(self) -> list[str]:
        with open_database(self.place / "fleet.db") as database, database.reading() as session:
            return [row.words for row in proposals.awaiting(session)]

    def rotation(self, number: int = 1) -> Rotation:
        with open_database(self.place / "fleet.db") as database, database.reading() as session:
            return session.get_one(Rotation, number)

    def gate_holds(self, **versions: int) -> None:
        with open_database(self.place / "fleet.db") as database, database.session() as session:
            session.merge(GateState(gate_id=GATE, versions=versions, received_at=5))

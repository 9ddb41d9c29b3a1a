"""What a second run of the demo must know: written once everything is founded."""

from pathlib import Path

import msgspec

from sandbox.errors import SandboxError
from sandbox.ports import Ports


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file town.json."""

    seed: int
    port: int

    @property
    def ports(self) -> Ports:
        """The four ports of this town."""
        return Ports.beginning(self.port)


def read(path: Path) -> Record | None:
    """The record of a finished founding; None if there was none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise SandboxError(f"{path} is damaged ({error}); start over with: make demo-clean") from error


def write(path: Path, record: Record) -> None:
    """Say that founding is finished."""
    path.write_bytes(msgspec.json.encode(record))


def agree(path: Path, seed: int | None, port: int | None, usual: Record) -> Record:
    """What this run uses: the town's own numbers; SandboxError when others are asked for than it has."""
    kept = read(path)
    if kept is None:
        return Record(usual.seed if seed is None else seed, usual.port if port is None else port)
    if seed not in {None, kept.seed}:
        raise SandboxError(
            f"this town was made up from seed {kept.seed}; for seed {seed} start over: "
            f"make demo ARGS='--fresh --seed={seed}'"
        )
    if port not in {None, kept.port}:
        raise SandboxError(
            f"this town's certificates and gates know ports {kept.port} to {kept.port + 3}; "
            f"for other ports start over: make demo ARGS='--fresh --port={port}'"
        )
    return kept

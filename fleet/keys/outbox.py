"""The directory of signing requests: a file for each one that waits, none for the others."""

from pathlib import Path

from sqlalchemy.orm import Session

from fleet.keys import paper, proposals, sealed, steps
from fleet.keys.rotation import NEXT, OLD, ONLINE


def write(session: Session, directory: Path) -> list[Path]:
    """Make the files fit the requests; return those that wait. Stale ones (another root) are written anew."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = {}
    for row in proposals.awaiting(session):
        request = proposals.as_paper(session, row)
        waiting[directory / request.file_name] = paper.encode(request)
    for path in directory.glob(f"*{paper.SUFFIX}"):
        if waiting.get(path) != path.read_bytes():
            path.unlink()
    for path, data in waiting.items():
        if not path.exists():
            # Under another name first: a watching desk never sees half a file.
            fresh = path.with_name(f".{path.name}.new")
            fresh.unlink(missing_ok=True)
            sealed.write_private(fresh, data)
            fresh.replace(path)
    return list(waiting)


def sweep(session: Session, keys: Path) -> None:
    """Destroy online keys that are no longer, or never came to be, believed."""
    busy = {row.kind for row in steps.under_way(session)}
    for name, role in ONLINE.items():
        if name not in busy:
            for label in (NEXT, OLD):
                sealed.key_file(keys, role, label).unlink(missing_ok=True)
                sealed.pass_file(keys, role, label).unlink(missing_ok=True)

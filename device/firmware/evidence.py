"""What a code is checked against: documents given as files, or what a gate holds on its disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.firmware import lists
from device.firmware.errors import GateError, Refused
from device.firmware.restore import Restored, restore
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire import status
from wire.errors import WireError

DATABASE: Final = "gate.db"
ANY_GATE: Final = "0" * 12  # whose files are looked at does not matter to what they say


@dataclass(frozen=True, slots=True)
class Files:
    """Roots in order, a trust document and status lists."""

    roots: Sequence[Path]
    trust: Path | None
    lists: Sequence[Path]


def from_files(files: Files) -> Beliefs | None:
    """Believe what the files say, dates apart; None when no file is given, GateError when one is no good."""
    if not (files.roots or files.trust or files.lists):
        return None
    if not files.roots:
        raise GateError(
            "没有根文件就无法核验，请加上 --root · without a root nothing can be verified; give --root too"
        )
    beliefs = Beliefs(ANY_GATE)
    _believe(files.roots[0], beliefs.first_root)
    for path in files.roots[1:]:
        _believe(path, beliefs.new_root)
    if files.trust is not None:
        _believe(files.trust, lambda data: beliefs.new_trust(data, 0, kept=True))
    for path in files.lists:
        _believe(path, lambda data: _add_list(beliefs, data))
    return beliefs


def from_data(directory: Path, root: str) -> tuple[Store, Restored]:
    """What the gate with this data directory would believe at a start; its store is open for reading."""
    allowed(directory / DATABASE, directory / root)
    store = Store.look(directory / DATABASE)
    try:
        return store, restore(store, _read(directory / root))
    except Refused as refused:
        store.close()
        raise GateError(
            f"{directory / root}：根文件无效，请重新制卡 · {refused.detail}; prepare the card again"
        ) from refused
    except GateError:
        store.close()
        raise


def allowed(*paths: Path) -> None:
    """Raise GateError when one of these is there but not for this account: it is not damaged, nor missing."""
    for path in paths:
        try:
            path.open("rb").close()
        except PermissionError as error:
            raise GateError(
                f"{path} 不许本账户读取，请用 sudo 运行 · "
                f"{path} is not for this account to read; run it with sudo"
            ) from error
        except OSError:
            continue  # whoever reads it says what is wrong


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GateError(
            f"{path} 无法读取，请换一个文件 · cannot be read ({error.strerror}); give another file"
        ) from error


def _believe(path: Path, believe: Callable[[bytes], object]) -> None:
    try:
        believe(_read(path))
    except Refused as refused:
        said = f"{refused.reason.value}: {refused.detail}; give another file"
        raise GateError(f"{path} 不可信，请换一个文件 · {said}") from refused


def _add_list(beliefs: Beliefs, data: bytes) -> None:
    """Hold a list whatever gates carry it: the file's own name for itself says whose it should be."""
    try:
        uri = status.read_claims(status.peek(data).payload).uri
    except WireError as error:
        raise GateError(
            f"不是状态列表，请换一个文件 · not a status list ({error.detail}); give another file"
        ) from error
    token, _ = lists.read_list(lists.bind_uri(beliefs.trust, uri), data, None)
    beliefs.lists[token.uri] = token

"""Some sequences one after the other, for one process of many: a module that such a process can import."""

import functools
import os
import tempfile
from pathlib import Path

from tests.device.firmware.beliefs.drive import Drive, WrongError
from tests.device.firmware.beliefs.subject import Subject
from wire import cose, keys

_memory = Path("/dev/shm")

# What the same bytes say, and whether a signature holds, is the same each time: a quarter of the work.
cose.parse_sign = functools.lru_cache(8192)(cose.parse_sign)
cose.parse_sign1 = functools.lru_cache(8192)(cose.parse_sign1)
keys.PublicKey.verify = functools.lru_cache(32768)(keys.PublicKey.verify)


def portion(given):
    """Some sequences one after the other; what went wrong, by seed."""
    first, count, steps = given
    wrong = []
    with tempfile.TemporaryDirectory(dir=_memory if os.access(_memory, os.W_OK) else None) as directory:
        subject = Subject(Path(directory) / "gate.db")
        for seed in range(first, first + count):
            try:
                Drive(seed, subject).run(steps)
            except WrongError as error:
                wrong.append(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the gate's, and has a seed
                wrong.append(f"seed {seed}: {type(error).__name__}: {error}")
                subject = Subject(Path(directory) / f"after-{seed}.db")
        subject.close()
    return count, wrong

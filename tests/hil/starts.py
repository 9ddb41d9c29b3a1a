"""The starts of one card, one after another, and what is proved at each."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hil import boot, partition
from tests.hil.boot import Power, Report

Step = tuple[str, Callable[[Report], None]]


def first(power: Power, card: Path) -> Iterator[Step]:
    """A card as it was prepared, with its third partition empty: started once, and the plug pulled."""
    before = {number: boot.digest(card, number) for number in (1, 2)}
    with power(card) as guest:
        yield "first start", lambda report: boot.first_start(guest, report)
        yield "order without a network", lambda report: boot.order(guest, report)
        yield "devices", lambda report: boot.locked(guest, report)
        yield "read-only root", lambda report: boot.read_only(guest, report)
        yield "a frozen firmware", lambda report: boot.frozen(guest, report)
        guest.cut()
    yield "card unchanged", lambda report: unchanged(card, before, report)


def unchanged(card: Path, before: dict[int, str], report: Report) -> None:
    """Boot and root partition hold what they held, byte for byte."""
    changed = [number for number, digest in before.items() if boot.digest(card, number) != digest]
    assert not changed, f"partitions {changed} were written to"
    report("boot and root partition are the same, byte for byte")


def later(power: Power, card: Path) -> Iterator[Step]:
    """The same card from its second start on, until nothing is left of it."""
    uuid = boot.number_of(card)
    with power(card) as guest:
        yield "second start", lambda report: boot.second_start(guest, report, uuid)
        guest.contact(boot.FIRE, True)
        yield "killed", lambda report: boot.killed(guest, report)
        yield "wrong gate.toml", lambda report: boot.wrong_configuration(guest, report)
        yield "stop and power off", lambda report: boot.stopped(guest, report)
    partition.somebodys(card)
    with power(card) as guest:
        yield "damaged data", lambda report: partition.somebody_else_then_torn(guest, report, uuid)
        guest.off()
    partition.without_partition(card)
    with power(card, "overlayroot=disabled", watchdog=True) as guest:
        yield "no data partition", lambda report: partition.no_partition_and_maintenance(guest, report)
        yield "the board's watchdog", lambda report: boot.board_watchdog(guest, report)
    yield "maintenance stays", lambda report: partition.maintained(card, report)

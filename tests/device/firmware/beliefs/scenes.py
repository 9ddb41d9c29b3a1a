"""Short stories that chance alone seldom tells: several things in a row, each of which leads to the next."""

from dataclasses import replace

from tests.device.firmware.beliefs import forge
from tests.device.firmware.beliefs.forge import DAY_S

FAR_S = 2000 * DAY_S
SAYS = {"director": "assignment", "recorder": "venue", "timekeeper": "time", "trust": "trust"}


def tell(drive, *messages):
    """The gate hears these at once, whatever waits."""
    for message in messages:
        drive.log.append(message)
        drive.hear(message, "heard")


def catch_up(drive):
    """Whatever was lost or held back of roots, and the newest of what they vouch for."""
    held = drive.model.root.version
    tell(drive, *(root for root in drive.town.roots if root.said.version > held))
    tell(drive, drive.town.trust, drive.town.assignment)


def without(town, office, **rows):
    """A trust document in which an office has other keys or lists."""
    return town.new_trust(tuple(replace(o, **rows) if o.id == office.id else o for o in town.offices))


def two_signers(drive):
    """A list by one key and its changes by another; then one of the two is removed."""
    town, rng = drive.town, drive.rng
    catch_up(drive)
    office = rng.choice(town.offices)
    new, uri = town._span(), office.shards[0][0]
    first, second = rng.choice(((new, office.lists[-1]), (office.lists[-1], new)))
    tell(drive, without(town, office, lists=(first,)))
    tell(drive, town.new_list(uri))
    tell(drive, without(town, office, lists=(first, second)))
    for _ in range(rng.randint(0, 2)):
        tell(drive, town.new_delta(uri, second[0]))
    if rng.random() < 0.3:  # the whole list once more, by the other key
        tell(drive, town.same_list(uri, second[0]))
    if rng.random() < 0.3:
        drive.restart()
    tell(drive, without(town, office, lists=(rng.choice((first, second)),)))
    if rng.random() < 0.5:
        drive.restart()


def gone_and_back(drive):
    """A list goes to other gates, and comes back: what was held before is nothing to begin from."""
    town, rng = drive.town, drive.rng
    catch_up(drive)
    office = rng.choice(town.offices)
    first, (uri, shard, _) = office.shards
    tell(drive, without(town, office, shards=(first, (uri, shard, True))), town.new_list(uri))
    for _ in range(rng.randint(0, 2)):
        tell(drive, town.new_delta(uri))
    for here in (False, True):
        tell(drive, without(town, office, shards=(first, (uri, shard, here))))
        if rng.random() < 0.5:
            drive.restart()


def used_up(drive):
    """Whoever stole a key signs a far version and a far date; the next root is without that key."""
    town, rng = drive.town, drive.rng
    catch_up(drive)
    role = rng.choice([role for role in SAYS if role != "trust" or not town.twos])
    number = rng.choice(town.root.row(role)[1])
    town.stolen.add(number)
    said = town._forged(SAYS[role], drive.nonce, drive.subject.store.journal)
    said = replace(
        said, audience="", expires=town.now_s + FAR_S, version=said.version + rng.choice((0, 2**40))
    )
    tell(drive, forge.document(said, (number,)))
    drive.floor()
    tell(drive, town.new_root(role, {number}), *town.after_root())
    if rng.random() < 0.5:
        drive.restart()
    makes = {"director": town.new_assignment, "recorder": town.new_venue, "timekeeper": town.new_time}
    tell(drive, makes[role]() if role in makes else town.new_trust(town.offices))


SCENES = (two_signers, gone_and_back, used_up)

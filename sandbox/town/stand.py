"""One person at one gate: hold up the code, be measured, hear the verdict, walk in or away."""

import time
from collections.abc import Callable
from typing import Final

from sandbox.town.body import WALL_C, readings
from sandbox.town.cases import CASES, Case, Supplies
from sandbox.town.hear import Heard
from sandbox.town.plan import Visit
from sandbox.town.site import Picture, Site, grain_of
from sandbox.town.tell import Told
from sandbox.wallet import pictures
from sandbox.wallet.purse import RENEW_S
from wire.reasons import Verdict, verdict_of

PATIENCE_S: Final = 15.0
HINTED_PATIENCE_S: Final = 2.5
"""Who reads "not a health code" holds it up a little longer, then leaves."""
RESHOOT_S: Final = 0.7
"""No hand holds still for longer."""
TICK_S: Final = 0.05
STEP_S: Final = 0.3
"""From the barrier's opening to the light beam."""


def codes_of(visit: Visit, supplies: Supplies) -> Callable[[], Picture]:
    """What this person holds up; each call is what the phone shows at that moment."""
    make = CASES[visit.case].make

    def shown() -> Picture:
        now = int(time.time())
        code = pictures.luma(make(supplies, visit.number, now))
        if visit.case is not Case.TWO_CODES:
            return code
        return pictures.beside(code, pictures.luma(make(supplies, visit.number + 1, now)))

    return shown


def stand(site: Site, visit: Visit, shown: Callable[[], Picture]) -> Told:
    """Do the whole visit; takes as long as it takes, at most `PATIENCE_S` and a few steps."""
    site.forget()
    begun_s = time.monotonic()
    heard = _hold_up(site, visit, shown, begun_s)
    took_s = time.monotonic() - begun_s
    if heard is not None and verdict_of(heard.reason) is Verdict.ADMIT:
        time.sleep(STEP_S)
        site.walk_through()
    grain, _ = grain_of(visit.grain + 1)
    site.clear(grain)
    site.warm(WALL_C)
    name = visit.case if visit.order >= 0 else None
    return Told(site.name, name, None if heard is None else heard.reason, took_s)


def _hold_up(site: Site, visit: Visit, shown: Callable[[], Picture], begun_s: float) -> Heard | None:
    """The verdict; or the last hint, or None, when patience ends before one."""
    grain, dice = grain_of(visit.grain)
    warmth = readings(visit.body_c, dice)
    hint: Heard | None = None
    leave_s = begun_s + PATIENCE_S
    code, renew_s, reshoot_s = shown(), begun_s + RENEW_S, begun_s
    while (now_s := time.monotonic()) < leave_s:
        site.warm(warmth())
        if now_s >= renew_s:
            code, renew_s = shown(), now_s + RENEW_S
        if now_s >= reshoot_s:
            site.present(code, grain, close=visit.case is Case.TWO_CODES)
            reshoot_s = now_s + RESHOOT_S
        heard = site.verdict(TICK_S)
        if heard is None:
            continue
        if verdict_of(heard.reason) is not Verdict.HINT:
            return heard
        if hint is None:
            leave_s = min(leave_s, now_s + HINTED_PATIENCE_S)
        hint = heard
    return hint

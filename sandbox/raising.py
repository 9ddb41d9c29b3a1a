"""Puts a town together: its sites, who comes to them, what they carry."""

import argparse
from collections.abc import Callable, Iterable

from sandbox.errors import SandboxError
from sandbox.issuer.authority import Authority
from sandbox.layout import Layout
from sandbox.places import PLACES, Place
from sandbox.town.cases import Supplies
from sandbox.town.plan import Visit, by_chance, from_script
from sandbox.town.site import Fittings, Site
from sandbox.town.tell import Voice
from sandbox.town.town import Town, for_gate


def fittings(layout: Layout, place: Place) -> Fittings:
    """Where a place's gate has its virtual board."""
    board = layout.sockets / place.gate.id
    config = layout.gate(place.gate.id) / "gate.toml"
    return Fittings(board.with_suffix(".sock"), board.with_suffix(".film"), config)


def raise_town(
    layout: Layout, seed: int, given: argparse.Namespace, supplies: Supplies, voice: Voice
) -> Town:
    """The town of this run; nobody comes before a gate is opened."""
    sites = [Site(place.gate, fittings(layout, place)) for place in PLACES]
    plan = _plan(seed, given, supplies.authority)
    visits = [for_gate(plan(), index, given.people) for index in range(len(PLACES))]
    return Town(sites, visits, supplies, voice)


def _plan(seed: int, given: argparse.Namespace, authority: Authority) -> Callable[[], Iterable[Visit]]:
    residents = authority.residents
    if given.script is None:
        return lambda: by_chance(seed, residents, len(PLACES))
    try:
        text = given.script.read_text(encoding="utf-8")
    except OSError as error:
        raise SandboxError(f"the script {given.script} cannot be read: {error.strerror}") from error
    visits = from_script(text, residents, [place.slug for place in PLACES], seed)
    return lambda: visits

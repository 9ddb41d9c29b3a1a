"""The three places of the demo, and the gates at their entrances: all made up."""

from dataclasses import dataclass
from typing import Final

from sandbox.wallet.doors import GateName

PROVINCE: Final = ("jl", "吉林省", "Jilin Province")
CITY: Final = ("ruixiang", "瑞祥市", "Ruixiang City")


@dataclass(frozen=True, slots=True)
class Place:
    """A venue with one gate."""

    slug: str
    kind: str
    zh: str
    en: str
    capacity: int
    gate: GateName


PLACES: Final = (
    Place("mall", "mall", "瑞祥百货商场", "Ruixiang Mall", 800, GateName("0a17c4e20001", "商场", "mall")),
    Place(
        "hall",
        "hall",
        "瑞祥市政务服务大厅",
        "Ruixiang Service Hall",
        300,
        GateName("0a17c4e20002", "政务大厅", "service hall"),
    ),
    Place(
        "market",
        "market",
        "城南农贸市场",
        "South Farmers' Market",
        500,
        GateName("0a17c4e20003", "农贸市场", "market"),
    ),
)
STAFFED: Final = PLACES[0]
"""Where people of the town work."""

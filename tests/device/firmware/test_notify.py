"""What the service manager is told."""

import pytest

from device.firmware.notify import status
from wire.health import Trouble


@pytest.mark.parametrize(
    ("troubles", "said"),
    [
        ([], "serving"),
        ([Trouble.OFFLINE], "serving: not connected to the fleet"),
        (
            [Trouble.CAMERA, Trouble.NOT_ENROLLED],
            "out of service: not enrolled; the camera has failed",
        ),
    ],
)
def test_the_status_line_says_whether_the_gate_serves_and_what_it_lacks(troubles, said):
    assert status(troubles) == said


def test_the_status_of_every_trouble_is_one_line():
    assert "\n" not in status(Trouble)

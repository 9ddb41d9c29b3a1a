"""How gpiozero reaches the pins: through lgpio and nothing else, refused in words when it cannot."""

import os
from pathlib import Path
from typing import Any, Final

from device.drivers import DriverError

DEVICES: Final = Path("/dev")


def choose(gpiozero: Any) -> None:  # noqa: ANN401 -- gpiozero publishes no types
    """Settle on lgpio unless one was chosen already; `DriverError` says what to do.

    Left alone, gpiozero falls back to libraries that do not debounce or do not know a Pi 5.
    """
    if gpiozero.Device.pin_factory is not None or os.environ.get("GPIOZERO_PIN_FACTORY"):
        return
    try:
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise DriverError(
            "python3-lgpio is missing: sudo apt install python3-lgpio, and let the gate's environment see "
            "the system's packages"
        ) from error
    try:
        gpiozero.Device.pin_factory = LGPIOFactory()
    except Exception as error:  # lgpio has an error class of its own that is absent elsewhere
        raise DriverError(why(error, DEVICES)) from error


def why(error: Exception, devices: Path) -> str:
    """Say why there are no pins, and what to do about it."""
    chips = sorted(devices.glob("gpiochip*"))
    closed = [chip for chip in chips if not os.access(chip, os.R_OK | os.W_OK)]
    if closed:
        return (
            f"{closed[0]} may not be opened ({error}): add the gate's user to the group gpio "
            "(sudo usermod -aG gpio USER), let its service reach the device, then start it again"
        )
    if not chips:
        return (
            f"there is no {devices / 'gpiochip0'} ({error}): run the gate on a Raspberry Pi, and let its "
            "service reach the device"
        )
    return f"the pins are there but lgpio fails ({error}): update python3-lgpio, then start the gate again"

"""What holds for every test here."""

import signal

from hypothesis import HealthCheck, settings

# Shared computers pause: how long an example took says nothing of the code.
settings.register_profile(
    "here", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("here")

# Tests that are begun in the background are told to ignore the keyboard, and every process they start
# would be, too: those that prove what Ctrl-C does need it back.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

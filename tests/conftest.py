"""What holds for every test here."""

import signal

# Tests that are begun in the background are told to ignore the keyboard, and every process they start
# would be, too: those that prove what Ctrl-C does need it back.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

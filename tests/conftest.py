"""For all tests: the same examples of properties every time, however busy the machine is, and Ctrl-C works."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("seedscape", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("seedscape")

# What a shell starts in the background ignores Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

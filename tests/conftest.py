"""For all tests: properties are checked on the same examples every time, however busy the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile("seedscape", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("seedscape")

"""How hypothesis tries things here: not by the clock. How long an example takes is the machine's, and others use it."""

from hypothesis import HealthCheck, settings

settings.register_profile("acd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("acd")

"""Settings that all property tests share: no deadlines anywhere, and the same examples every time in CI."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "chainrule",
    deadline=None,
    max_examples=60,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("chainrule")

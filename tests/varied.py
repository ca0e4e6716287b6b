"""How many trees hypothesis writes: few, and others in every run; HYPOTHESIS_MAX_EXAMPLES=500 looks for longer."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A failure prints how to see it again.
VARIED = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "8")),
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

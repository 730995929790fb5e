"""Properties hold on slow machines, too: no deadline for one example, and no database beside the code."""

from hypothesis import settings

settings.register_profile("fastflow", deadline=None, database=None)
settings.load_profile("fastflow")

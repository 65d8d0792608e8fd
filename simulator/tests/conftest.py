"""No example of a property is held to a time, on a loaded machine; no page is as wide as whoever runs the tests."""

import os

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# A worker of pytest-xdist may have it without a terminal: readline sets it.
os.environ.pop("COLUMNS", None)

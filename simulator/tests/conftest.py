"""No example of a property is held to a time: a loaded machine would fail sound code."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

"""Instants: how records write them."""

from __future__ import annotations

from aftersale.clocks import Instant, moment


def instant_text(instant: Instant) -> str:
    """Return an instant as ISO text in UTC."""
    return moment(instant, "UTC").isoformat()

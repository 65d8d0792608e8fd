"""Channels: who ships an order, and the word that data have for it.

Code says `seller`, `marketplace` or `programme` (the seller, under the marketplace's promise). The words of files,
rules and handbooks are in `channels.toml`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from attrs import frozen

from aftersale.base.toml_files import read
from aftersale.documents.scalars import Word
from aftersale.documents.structure import structure

Shipper = Literal["seller", "marketplace", "programme"]


@frozen
class Channel:
    """One channel: its word, who ships what is sold through it, and the source of that."""

    name: Word
    ships: Shipper
    source: Word
    grade: Word


@frozen
class _ChannelDocument:
    channel: tuple[Channel, ...]


def _read_channels() -> tuple[Channel, ...]:
    document = read(files("aftersale") / "channels.toml")
    return structure(_ChannelDocument, document, "aftersale/channels.toml").channel


_CHANNELS = _read_channels()
CHANNELS = tuple(str(channel.name) for channel in _CHANNELS)
"""The words of all channels, the usual one first."""
WORD_OF: dict[Shipper, str] = {channel.ships: str(channel.name) for channel in _CHANNELS}
"""The word of each shipper's channel."""
FULFILLED_BY_MARKETPLACE = frozenset(str(channel.name) for channel in _CHANNELS if channel.ships == "marketplace")
"""Channels whose returns and deliveries are the marketplace's own business."""

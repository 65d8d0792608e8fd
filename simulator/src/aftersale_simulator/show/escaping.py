"""Escaping: text of others inside a page's own HTML, and inside its plots, which read HTML too."""

from __future__ import annotations

import html

from aftersale.base.visible import visible


def escape(text: str) -> str:
    """Return a text, made visible, as HTML that shows it."""
    return html.escape(visible(text))

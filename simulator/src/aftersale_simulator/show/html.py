"""HTML: a page with its sections as one file that needs no network and works on paper and on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from plotly.io import to_html
from plotly.offline import get_plotlyjs

from aftersale_simulator.show.escaping import escape
from aftersale_simulator.show.plots import FONT
from aftersale_simulator.show.section import Mark, Picture, Section, Table
from aftersale_simulator.show.wording import spoken, text

# The page may fetch nothing, whatever the libraries inside would like to load.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
# A bar of buttons would cover the figures, and its language is English.
_CONFIG = {"responsive": False, "displayModeBar": False}
_CODES = {"en": "en", "zh": "zh-Hans"}


def document(title: str, opening: Iterable[str], sections: Sequence[Section], footer: str) -> str:
    """Return a page as HTML: its title, the lines of HTML that open it, its sections, and the text of its footer."""
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{_CODES[spoken()]}">',
            *_head(title),
            "<body>",
            *opening,
            *_contents(sections),
            "<main>",
            *(line for section in sections for line in _section(section)),
            "</main>",
            f"<footer><p>{escape(footer)}</p></footer>",
            f"<script>\n{_resource('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        )
    )


def header(name: str, answer: str, warnings: Sequence[str], about: Sequence[str]) -> Iterator[str]:
    """Yield the head of a page: its name, the answer, the warnings, and what was simulated."""
    yield "<header>"
    yield f"<h1>{escape(name)}</h1>"
    yield f'<p class="answer">{escape(answer)}</p>'
    if warnings:
        yield f'<section class="warnings"><h2>{escape(text("page.warnings"))}</h2><ul>'
        yield from (f"<li>{escape(warning)}</li>" for warning in warnings)
        yield "</ul></section>"
    yield from (f'<p class="about">{escape(line)}</p>' for line in about)


def _head(title: str) -> Iterator[str]:
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="generator" content="aftersale whatif">'
    yield f"<title>{escape(title)}</title>"
    yield f"<style>\n:root {{ --font: {FONT}; }}\n{_resource('page.css')}</style>"
    yield f"<script>{get_plotlyjs()}</script>"
    yield "</head>"


def _contents(sections: Sequence[Section]) -> Iterator[str]:
    yield f'<nav aria-label="{escape(text("page.contents"))}"><ul>'
    yield from (f'<li><a href="#{section.name}">{escape(section.title)}</a></li>' for section in sections)
    yield "</ul></nav>"


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{section.name}">'
    yield f"<h2>{escape(section.title)}</h2>"
    yield f"<p>{escape(section.lead)}</p>"
    for table in section.tables:
        yield from _table(table)
    if section.marks:
        yield from _marks(section.marks)
    if section.pictures:
        yield '<div class="pictures">'
        for number, picture in enumerate(section.pictures, 1):
            yield from _picture(picture, f"{section.name}-{number}")
        yield "</div>"
    for table in section.below:
        yield from _table(table)
    if section.note:
        yield f'<p class="note">{escape(section.note)}</p>'
    yield "</section>"


def _marks(marks: Sequence[Mark]) -> Iterator[str]:
    yield '<ul class="marks">'
    for mark in marks:
        yield f'<li><span class="swatch" style="background:{mark.colour}"></span>{escape(mark.name)}</li>'
    yield "</ul>"


def _picture(picture: Picture, name: str) -> Iterator[str]:
    yield f'<figure class="{"wide" if picture.wide else "narrow"}">'
    yield f"<figcaption>{escape(picture.caption)}</figcaption>"
    yield to_html(
        picture.figure,
        config=_CONFIG,
        include_plotlyjs=False,
        full_html=False,
        div_id=name,
        default_height=f"{picture.figure.layout.height}px",
    )
    yield "</figure>"


def _table(table: Table) -> Iterator[str]:
    if table.folded:
        yield f'<details class="folded"><summary>{escape(table.folded)}</summary>'
    yield from _rows(table)
    if table.folded:
        yield "</details>"


def _rows(table: Table) -> Iterator[str]:
    kinds = ['class="word"' if column < table.words else "" for column in range(len(table.header))]
    yield '<div class="scroll" tabindex="0"><table>'
    heads = (f"<th {kind}>{escape(word)}</th>" for kind, word in zip(kinds, table.header, strict=True))
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for number, row in enumerate(table.rows):
        cells = (f"<td {kind}>{escape(word)}</td>" for kind, word in zip(kinds, row, strict=True))
        names = [name for name, rows in (("marked", table.marked), ("sum", table.sums)) if number in rows]
        kind = f' class="{" ".join(names)}"' if names else ""
        yield f"<tr{kind}>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _resource(name: str) -> str:
    return (files("aftersale_simulator.show") / name).read_text(encoding="utf-8")

"""Plots: figures for a page, from plain numbers, readable by the colour-blind, on paper and on a phone.

A name is beside what it names, an axis title is above its axis, and nothing depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import plotly.graph_objects as go
from attrs import frozen
from rich.cells import cell_len, set_cell_size

from aftersale.base.visible import visible
from aftersale_simulator.runs.series import Band, Values
from aftersale_simulator.show.escaping import escape

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'PingFang SC', 'Hiragino Sans GB', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
)
CHOSEN, FIRST, OTHER = "#0072b2", "#d55e00", "#8a94a0"
"""Colours of the variant that the answer is about, the first, and all others: Okabe and Ito's blue and vermilion."""
INK, MUTED, GRID, PAPER = "#1f2933", "#52606d", "#e4e7eb", "#ffffff"
PARTS = ("#0072b2", "#e69f00", "#56b4e9", "#d55e00", "#cc79a7", "#009e73", "#52606d")
"""Colours of what adds up: Okabe and Ito's, which differ for the colour-blind, and a grey."""
_LIGHT = {PARTS[place] for place in (1, 2, 4)}  # on these, dark letters are read more easily
_PALE = {CHOSEN: "rgba(0,114,178,0.16)", FIRST: "rgba(213,94,0,0.14)", OTHER: "rgba(138,148,160,0.18)"}
_DASHES = {CHOSEN: "solid", FIRST: "dot", OTHER: "solid"}
_DEPTHS = [[0.0, "#f5f7fa"], [0.35, "#9ecae1"], [0.7, "#2f7fb8"], [1.0, "#08306b"]]
_ROW = 46  # pixels of a row of dots, its name above it
_STACK = 68  # pixels of a row of a stacked bar, its name above it and its total below
_EDGES = {"l": 48, "r": 14, "t": 34, "b": 46}
_LIMIT = {"color": INK, "width": 1.5, "dash": "dash"}
_VALUES = 62  # pixels beside a dot plot for the numbers
_CELL = 7.2  # pixels of a digit there
_SMALL = {"size": 12, "color": INK}
_LONGEST = 42  # cells of a name that a phone has room for
_VEIL = "rgba(255,255,255,0.75)"
_EVENT = "rgba(230,159,0,0.16)"
_DIGITS = 6
_AXIS = {
    "showgrid": True,
    "gridcolor": GRID,
    "zeroline": False,
    "linecolor": MUTED,
    "tickcolor": MUTED,
    "tickfont": {"color": MUTED, "size": 12},
    "fixedrange": True,
    "automargin": True,
    "title": {"font": {"size": 12, "color": MUTED}, "standoff": 8},
}
_BELOW = 52
_MONEY = {"tickformat": ",.0f", "nticks": 6, "tickangle": 0, "automargin": False}
"""An axis of large amounts; left to itself, older releases of Plotly try margin after margin on a phone."""
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "margin": _EDGES,
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
    }
)


@frozen
class Spot:
    """A row of a dot plot: its name, its value as text, mean and interval in the axis's unit, and its colour."""

    name: str
    told: str
    mean: float
    low: float
    high: float
    colour: str = OTHER


@frozen
class Share:
    """What adds up in bars: its name and colour, its value in each bar, and what is told to who points at it there."""

    name: str
    colour: str
    values: tuple[float, ...]
    told: tuple[str, ...]


@frozen(eq=False)
class Strand:
    """A line of a plot of days: its name, its band, and its colour."""

    name: str
    band: Band
    colour: str


@frozen
class Limit:
    """A dashed line at a limit, with the text beside it."""

    value: float
    told: str


def dots(
    spots: Sequence[Spot], unit: str, limit: Limit | None = None, span: tuple[float, float] | None = None
) -> go.Figure:
    """Return a dot plot, a row for each spot, the first on top: a dot for the mean, a line for the interval."""
    figure = _figure(_ROW * len(spots) + 90)
    for row, spot in zip(range(len(spots) - 1, -1, -1), spots, strict=True):
        line = {"color": spot.colour, "width": 3}
        figure.add_scatter(x=_plain([spot.low, spot.high]), y=[row, row], mode="lines", line=line, hoverinfo="skip")
        mark = {"color": spot.colour, "size": 11}
        figure.add_scatter(x=_plain([spot.mean]), y=[row], mode="markers", marker=mark, hoverinfo="skip")
        _write(figure, spot, spot.name, {"x": 0, "xanchor": "left", "y": row, "yshift": 14})
        _write(figure, spot, spot.told, {"x": 1, "xanchor": "right", "xshift": _room(spots), "y": row})
    figure.update_xaxes(title_text=escape(unit), range=list(span or _span(spots, limit)))
    figure.update_yaxes(visible=False, range=[-0.5, len(spots) - 0.3])
    figure.update_layout(margin={**_EDGES, "l": 14, "r": _room(spots), "t": 26 if limit else 8})
    if limit is not None:
        _upright(figure, limit.value, escape(limit.told))
    return figure


def _span(spots: Sequence[Spot], limit: Limit | None) -> tuple[float, float]:
    """Return the ends of an axis that has zero, all intervals and the limit."""
    values = [limit.value] if limit else []
    top = max([*(spot.high for spot in spots), *values], default=1.0)
    least = min([0.0, *(spot.low for spot in spots)])
    if least == 0:
        return -0.03 * (top or 1), 1.06 * (top or 1)
    top = max(top, 0.0)
    return least - 0.06 * (top - least), top + 0.06 * (top - least)


def _room(spots: Sequence[Spot]) -> int:
    """Return the pixels that the numbers beside a plot take."""
    return max([_VALUES, *(round(_CELL * cell_len(spot.told)) + 8 for spot in spots)])


def stacks(shares: Sequence[Share], totals: Sequence[Spot], unit: str) -> go.Figure:
    """Return a bar for each total, the first on top: what is above zero to the right, what is below it to the left.

    A share's name stands in its part where there is room. Under each bar a diamond has its total, a line the interval.
    """
    figure = _figure(_STACK * len(totals) + 70)
    rows = list(range(len(totals) - 1, -1, -1))
    for share in shares:
        figure.add_bar(
            x=_plain(share.values), y=rows, orientation="h", width=0.36, name=escape(share.name),
            marker={"color": share.colour, "line": {"color": PAPER, "width": 1}}, text=[escape(share.name)] * len(rows),
            textposition="inside", insidetextanchor="middle", textangle=0, cliponaxis=False,
            textfont={"color": INK if share.colour in _LIGHT else PAPER},
            hovertext=list(map(escape, share.told)), hoverinfo="text",
        )  # fmt: skip
    for row, spot in zip(rows, totals, strict=True):
        below, line = row - 0.31, {"color": INK, "width": 2}
        figure.add_scatter(x=_plain([spot.low, spot.high]), y=[below] * 2, mode="lines", line=line, hoverinfo="skip")
        mark = {"color": INK, "size": 10, "symbol": "diamond"}
        figure.add_scatter(x=_plain([spot.mean]), y=[below], mode="markers", marker=mark, hoverinfo="skip")
        _write(figure, spot, spot.name, {"x": 0, "xanchor": "left", "y": row, "yshift": 23})
        _write(figure, spot, spot.told, {"x": 1, "xanchor": "right", "xshift": _room(totals), "y": row})
    figure.update_xaxes(title_text=escape(unit), zeroline=True, zerolinecolor=MUTED, **_MONEY)
    figure.update_yaxes(visible=False, range=[-0.55, len(totals) - 0.4])
    margin = {**_EDGES, "l": 14, "r": _room(totals), "t": 8, "b": _BELOW}
    figure.update_layout(barmode="relative", uniformtext={"mode": "hide", "minsize": 11}, margin=margin)
    return figure


def _write(figure: go.Figure, spot: Spot, text: str, position: Mapping[str, Any]) -> None:
    line = visible(text)
    short = line if cell_len(line) <= _LONGEST else f"{set_cell_size(line, _LONGEST).rstrip()}…"
    label = escape(short) if spot.colour == OTHER else f"<b>{escape(short)}</b>"
    figure.add_annotation(
        text=label, xref="x domain", yref="y", showarrow=False, font=_SMALL, bgcolor=_VEIL, borderpad=0, **position
    )


def _upright(figure: go.Figure, x: float | str, label: str) -> None:
    figure.add_shape(type="line", xref="x", x0=x, x1=x, yref="paper", y0=0, y1=1, line=_LIMIT)
    figure.add_annotation(
        text=label, xref="x", x=x, yref="paper", y=1, yanchor="bottom", xanchor="auto", showarrow=False, font=_SMALL
    )


def days(
    dates: Sequence[str],
    strands: Sequence[Strand],
    unit: str,
    date: str,
    *,
    limit: Limit | None = None,
    begins: Limit | None = None,
    top: float | None = None,
    factor: float = 1.0,
    shaded: tuple[str, str] | None = None,
) -> go.Figure:
    """Return lines over days with their bands; values are multiplied by `factor`, such as 100 for shares in percent.

    `limit` and `top` are in the unit shown; the value of `begins` counts days from the first. The days
    `shaded`, from the first to the day before the second, have another ground.
    """
    figure = _figure(300)
    for strand in strands:
        for edge, fill in ((strand.band.high, None), (strand.band.low, "tonexty")):
            line = {"width": 0, "color": strand.colour}
            figure.add_scatter(
                x=list(dates), y=_plain(edge, factor), line=line, fill=fill, fillcolor=_PALE[strand.colour],
                mode="lines", hoverinfo="skip",
            )  # fmt: skip
    for strand in strands:
        line = {"color": strand.colour, "width": 2.4, "dash": _DASHES[strand.colour]}
        figure.add_scatter(
            x=list(dates), y=_plain(strand.band.mean, factor), name=escape(strand.name), mode="lines", line=line
        )
    highest = max([factor * strand.band.top for strand in strands] + ([limit.value] if limit else []))
    figure.update_yaxes(range=[0, 1.08 * (top or highest) or 1], hoverformat=".2~f")
    figure.update_xaxes(type="date", tickformat="%m-%d", hoverformat="%Y-%m-%d", title_text=escape(date), nticks=8)
    figure.update_layout(hovermode="x unified")
    _above(figure, unit)
    if limit is not None:
        _level(figure, limit)
    if begins is not None:
        _upright(figure, dates[int(begins.value)], escape(begins.told))
    if shaded is not None:
        figure.add_vrect(x0=shaded[0], x1=shaded[1], fillcolor=_EVENT, line_width=0, layer="below")
    return figure


def bars(names: Sequence[str], columns: Sequence[Values], colours: Sequence[str], edges: Sequence[float], unit: str,
         below: str, limit: Limit) -> go.Figure:  # fmt: skip
    """Return shares by class: a group of bars for each class, with the edges of the classes below.

    All classes are drawn equally wide; the value of `limit` is an edge.
    """
    figure = _figure(320)
    for name, column, colour in zip(names, columns, colours, strict=True):
        middles = [edge + 0.5 for edge in range(len(edges))]
        figure.add_bar(x=middles, y=_plain(column, 100), name=escape(name), marker={"color": colour})
    labelled = range(0, len(edges), 2)  # all of them would overlap on a phone
    ticks = [f"{edges[index]:g}" for index in labelled]
    figure.update_xaxes(tickvals=list(labelled), ticktext=ticks, title_text=escape(below), tickangle=0, showgrid=False)
    figure.update_yaxes(rangemode="tozero", hoverformat=".1f")
    figure.update_layout(bargap=0.15, bargroupgap=0.0, hovermode="x")
    _above(figure, unit)
    _upright(figure, edges.index(limit.value), escape(limit.told))
    return figure


def heat(shares: Values, hovers: Sequence[Sequence[str]], rows: Sequence[str], below: str, top: float) -> go.Figure:
    """Return a heat map of shares by row and hour, in percent, dark where high; NaN cells stay empty."""
    figure = _figure(330)
    figure.add_heatmap(
        z=[_plain(row, 100) for row in shares],
        x=list(range(shares.shape[1])),
        y=list(map(escape, rows)),
        text=[list(map(escape, row)) for row in hovers],
        hovertemplate="%{text}<br><b>%{z:.1f} %</b><extra></extra>",
        hoverongaps=False,
        colorscale=_DEPTHS,
        zmin=0,
        zmax=100 * top or 1,
        xgap=1,
        ygap=1,
        colorbar={"orientation": "h", "thickness": 10, "y": -0.2, "yanchor": "top", "ticksuffix": " %", "len": 1.0},
    )
    figure.update_xaxes(tickvals=list(range(0, 24, 3)), title_text=escape(below), showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(margin={**_EDGES, "t": 10, "b": 10}, xaxis_title_standoff=4)
    return figure


def swings(names: Sequence[str], ends: Sequence[Sequence[float]], colours: Sequence[str]) -> go.Figure:
    """Return bars to both sides of zero for each name, a colour for each of the two ends; the first name is on top."""
    figure = _figure(_ROW * len(names) + 60)
    rows = list(range(len(names) - 1, -1, -1))
    for column, colour in zip(ends, colours, strict=True):
        figure.add_bar(x=_plain(column), y=rows, orientation="h", marker={"color": colour}, width=0.32)
    for row, name in zip(rows, names, strict=True):
        figure.add_annotation(
            text=escape(name), xref="x domain", x=0, xanchor="left", y=row, yshift=15, showarrow=False, font=_SMALL,
            bgcolor=_VEIL, borderpad=0,
        )  # fmt: skip
    figure.update_yaxes(visible=False, range=[-0.6, len(names) - 0.3])
    figure.update_xaxes(zeroline=True, zerolinecolor=MUTED)
    figure.update_layout(barmode="overlay", margin={**_EDGES, "l": 14, "t": 8})
    return figure


def trade(
    names: Sequence[str], money: Sequence[float], shares: Sequence[float], colours: Sequence[str],
    frontier: Sequence[int], below: str, unit: str, limit: Limit,
) -> go.Figure:  # fmt: skip
    """Return shares of 0 to 1 over money: a numbered mark for each name, and a line through the `frontier`."""
    figure = _figure(360)
    percent = _plain(shares, 100)
    x, y = [money[index] for index in frontier], [percent[index] for index in frontier]
    figure.add_scatter(x=x, y=y, mode="lines", line={"color": MUTED, "width": 1.5}, hoverinfo="skip")
    figure.add_scatter(
        x=_plain(money), y=percent, mode="markers+text", text=[f"<b>{n}</b>" for n in range(1, len(names) + 1)],
        textfont={"color": PAPER, "size": 12}, marker={"size": 24, "color": list(colours), "line": {"width": 0}},
        hovertext=[f"{escape(name)}<br>{amount:,.0f} · {share:.0f} %" for name, amount, share in
                   zip(names, money, percent, strict=True)],
        hoverinfo="text", cliponaxis=False,
    )  # fmt: skip
    figure.update_yaxes(range=[-6, 112], tickvals=[0, 25, 50, 75, 100])
    figure.update_xaxes(title_text=escape(below), **_MONEY)
    figure.update_layout(margin={**_EDGES, "r": 24, "b": _BELOW})
    _above(figure, unit)
    _level(figure, limit, "left")
    return figure


def _figure(height: int) -> go.Figure:
    return go.Figure(layout={"template": TEMPLATE, "height": height})


def _above(figure: go.Figure, unit: str) -> None:
    """Write an axis's unit above it: beside it, it would take the width of a phone."""
    font = {"size": 12, "color": MUTED}
    position = {"xref": "paper", "x": 0, "yref": "paper", "y": 1, "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(text=escape(unit), xshift=-30, yshift=8, showarrow=False, font=font, **position)


def _level(figure: go.Figure, limit: Limit, side: str = "right") -> None:
    y = limit.value
    figure.add_shape(type="line", xref="paper", x0=0, x1=1, yref="y", y0=y, y1=y, line=_LIMIT)
    figure.add_annotation(
        text=escape(limit.told), xref="paper", x=int(side == "right"), yref="y", y=y, xanchor=side, yanchor="bottom",
        showarrow=False, font=_SMALL, bgcolor=_VEIL,
    )  # fmt: skip


def _plain(values: Sequence[float] | Values, factor: float = 1.0) -> list[float | None]:
    """Return rounded numbers, None for those that are not finite."""
    return [round(factor * float(value), _DIGITS) if isfinite(value) else None for value in values]

# Copyright 2026 cdst_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Speed beside accuracy: one picture, each method a point."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdst_ros.evaluation.cards.places import Values
from cdst_ros.evaluation.html.libraries import MissingLibraryError
from cdst_ros.evaluation.procedural import protocol_name
from cdst_ros.evaluation.published import published_rows
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import CLASSICAL_ENGINES

#: What is drawn unless something else is asked for.
SCALE, PROTOCOL = 4, 'synthetic_generic'
#: Frames that the cost is of.
SIZE = (320, 240)
#: The published network that sees depth alone, as our models do.
_PUBLISHED = 'CTKT'
#: A core has so much time a frame at 30 Hz [ms].
_PERIOD_MS = 1000 / 30
_MODEL, _CLASSICAL, _INK = '#1f6fb2', '#8a8f98', '#22262b'
#: Places that a label may take beside its point: offsets [points], and how it is aligned.
_PLACES = (
    ((7, 0), 'left', 'center'),
    ((0, 7), 'center', 'bottom'),
    ((0, -7), 'center', 'top'),
    ((-7, 0), 'right', 'center'),
    ((6, 7), 'left', 'bottom'),
    ((6, -7), 'left', 'top'),
    ((-6, 7), 'right', 'bottom'),
    ((-6, -7), 'right', 'top'),
)


@dataclass(frozen=True)
class Point:
    """
    A method.

    :param cpu_ms: processor time of a frame of ``SIZE`` [ms]
    :param error: in the unit of its panel
    :param guided: whether it sees colour
    """

    method: str
    cpu_ms: float
    error: float
    guided: bool = False


@dataclass(frozen=True)
class PanelOf:
    """
    A panel of the picture.

    :param title: protocol and scale
    :param unit: of the error, with its name
    :param points: the methods
    :param published: error of ``_PUBLISHED`` as printed, None where there is none
    """

    title: str
    unit: str
    points: tuple[Point, ...]
    published: float | None = None


def panels_of(
    results: Mapping[str, Values], scale: int, protocol: str, without: Collection[str] = ()
) -> list[PanelOf]:
    """
    Return the panels: Middlebury-6, and the error at edges on a protocol of metric depth.

    Those without a measurement are left out.

    :param results: by the name of their file (``Task.name``)
    :param without: models that are not drawn
    """
    costs = {
        row['method']: row['cpu_ms']
        for row in results.get(f'cost_x{scale}', {}).get('rows', ())
        if tuple(row['size']) == SIZE and row['method'] not in without
    }
    found = []
    grey = results.get(f'middlebury6_x{scale}')
    if grey:
        errors = {row['method']: row['mad']['mean'] for row in grey['rows']}
        guided = _guided(grey)
        found.append(
            PanelOf(
                f'Middlebury-6, x{scale}',
                'mean MAD [grey levels]',
                _points(costs, errors, guided),
                _published(scale),
            )
        )
    metric = results.get(f'{protocol}_x{scale}')
    if metric:
        errors = {row['method']: row['metrics']['edge_mae_cm'] for row in metric['rows']}
        points = _points(costs, errors, _guided(metric))
        found.append(PanelOf(f'{protocol}, x{scale}', 'MAE at edges [cm]', points))
    return [panel for panel in found if panel.points]


def meant_for_others(models: Iterable[Path], protocol: str) -> set[str]:
    """Return the names of the models that are meant for another sensor than a protocol's."""
    metadata = [read_metadata(path) for path in models]
    return {one.name for one in metadata if protocol_name(one.profile) != protocol}


def note_of(results: Mapping[str, Values], scale: int) -> str:
    """Return the small print: of which machine and day the cost is, and how it was taken."""
    cost = results.get(f'cost_x{scale}', {})
    return (
        f'{cost.get("machine", "")}, {cost.get("date", "")}. Bound and masks included, decoding '
        'and messages not; medians.'
    )


def draw_speed(panels: Iterable[PanelOf], note: str, file: Path) -> None:
    """
    Write the picture, as SVG or PNG by the suffix of ``file``.

    :param note: in small print below
    :raises MissingLibraryError: without matplotlib
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingLibraryError(
            'the picture of speed needs matplotlib, which is not installed: '
            'pip install -e ".[report]" in the checkout, or apt install python3-matplotlib'
        ) from None
    drawn = list(panels)
    with mpl.rc_context({'svg.hashsalt': 'cdst_ros', 'font.size': 9}):
        figure = Figure(figsize=(5.4 * len(drawn), 4.4), layout='constrained', dpi=150)
        FigureCanvasAgg(figure)  # which knows how large a text is
        framed = figure.subplots(1, len(drawn), squeeze=False)[0]
        for axes, panel in zip(framed, drawn, strict=True):
            _draw(axes, panel)
        figure.supxlabel(note, fontsize=7, color=_CLASSICAL)
        figure.draw_without_rendering()
        for axes, panel in zip(framed, drawn, strict=True):
            _label(axes, panel)
        figure.savefig(file, metadata={'Date': None} if file.suffix == '.svg' else None)


def _guided(result: Values) -> set[str]:
    """Return the methods that see colour."""
    return {row['method'] for row in result['rows'] if row.get('guided')}


def _points(
    costs: Mapping[str, float], errors: Mapping[str, float], guided: Collection[str]
) -> tuple[Point, ...]:
    return tuple(
        Point(method, costs[method], error, method in guided)
        for method, error in errors.items()
        if method in costs
    )


def _published(scale: int) -> float | None:
    rows = {row.method: row for row in published_rows() if row.scale == scale}
    return float(rows[_PUBLISHED].scores['mad']['mean']) if rows else None


def _draw(axes: Any, panel: PanelOf) -> None:
    axes.set_xscale('log')
    for point in panel.points:
        classical = point.method in CLASSICAL_ENGINES
        colour = _CLASSICAL if classical else _MODEL
        axes.plot(
            point.cpu_ms,
            point.error,
            marker='s' if classical else 'o',
            markersize=7,
            color=colour,
            markerfacecolor='white' if point.guided else colour,
        )
    axes.axvline(_PERIOD_MS, color=_CLASSICAL, linewidth=0.8, linestyle=':')
    if panel.published is not None:
        axes.axhline(panel.published, color=_CLASSICAL, linewidth=0.8, linestyle='--')
        axes.text(
            0.01,
            panel.published,
            f'{_PUBLISHED}, as published; its time is not known',
            transform=axes.get_yaxis_transform(),
            va='bottom',
            fontsize=7,
            color=_CLASSICAL,
        )
    axes.set_title(panel.title, color=_INK)
    axes.set_xlabel(f'CPU time of a frame of {SIZE[0]}x{SIZE[1]} [ms]')
    axes.set_ylabel(panel.unit)
    times = [point.cpu_ms for point in panel.points]
    axes.set_xlim(min(times) / 1.6, max(*times, _PERIOD_MS) * 2.2)
    top = 1.1 * max(*(point.error for point in panel.points), panel.published or 0.0)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:g}')
    axes.xaxis.set_minor_formatter(lambda value, _: f'{value:g}' if _is_round(value) else '')
    axes.grid(which='both', linewidth=0.4, color='#e4e6ea')
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    axes.text(
        _PERIOD_MS * 1.04, 0.985 * top, 'a core at 30 Hz', rotation=90, va='top', fontsize=7,
        color=_CLASSICAL,
    )  # fmt: skip


def _label(axes: Any, panel: PanelOf) -> None:
    """Write the methods beside their points, where no other point or label is."""
    taken = []
    for point in panel.points:
        x, y = axes.transData.transform((point.cpu_ms, point.error))
        taken.append((x - 8, y - 8, x + 8, y + 8))
    for place, point in enumerate(panel.points):
        others = taken[:place] + taken[place + 1 :]
        best = None
        for offset, horizontal, vertical in _PLACES:
            note = axes.annotate(
                point.method + (' (colour)' if point.guided else ''),
                (point.cpu_ms, point.error),
                xytext=offset,
                textcoords='offset points',
                ha=horizontal,
                va=vertical,
                fontsize=8,
                color=_INK,
            )
            box = note.get_window_extent().extents
            crossed = sum(_cross(box, other) for other in others)
            crossed += not _inside(box, axes.get_window_extent().extents)
            if best is None or crossed < best[0]:
                if best is not None:
                    best[1].remove()
                best = (crossed, note, tuple(box))
            else:
                note.remove()
            if not best[0]:
                break
        assert best is not None
        taken.append(best[2])


def _cross(one: Any, other: Any) -> bool:
    return bool(
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    )


def _inside(box: Any, frame: Any) -> bool:
    return bool(
        frame[0] <= box[0] and box[2] <= frame[2] and frame[1] <= box[1] and box[3] <= frame[3]
    )


def _is_round(value: float) -> bool:
    return f'{value:e}'[0] in '25'

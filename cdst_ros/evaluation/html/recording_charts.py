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
"""Charts of a scored recording: gains, errors by distance and frame, their spread, time, sigma."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cdst_ros.depth.arrays import F64
from cdst_ros.evaluation.html.charts import BAD, EVEN, FAINT, GOOD, INK, Pen, draw_chart, pens
from cdst_ros.evaluation.html.method_tables import ranked_rows, standing_of
from cdst_ros.evaluation.html.page import Picture
from cdst_ros.evaluation.metrics.coverage import LEVELS
from cdst_ros.evaluation.recording_report import Band, FrameScore, RecordingReport
from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.standing import HEADLINES, RANKED_BY

#: More frames than this are drawn as medians of groups of neighbours.
_MOST_POINTS = 160
#: Shares of pixels below this are left out of the tail of the errors.
_SMALLEST_SHARE = 1e-4
#: Bands of fewer pixels than this share tell chance.
_FEWEST_PIXELS = 0.005
#: What is worse than this is drawn at this place: it would leave the others no room.
_LEAST_GAIN = -0.6
_RANKING = next(figure.label.split(' [')[0] for figure in HEADLINES if figure.name == RANKED_BY)
_VERDICTS = {'better': (GOOD, '^'), 'worse': (BAD, 'v'), 'even': (EVEN, 'o')}


@dataclass(frozen=True)
class Charts:
    """
    The charts of one scale.

    :param rows: of that scale
    """

    report: RecordingReport
    scale: int
    rows: Sequence[Row]
    pens: dict[str, Pen] = field(init=False)

    def __post_init__(self) -> None:
        names = [row.method for row in ranked_rows(self.rows)]
        judged = [name for name in names if name in self.report.judged]
        others = [row.method for row in self.rows if row.method not in judged]
        object.__setattr__(self, 'pens', pens(judged, others))

    @property
    def _frames(self) -> list[FrameScore]:
        return [frame for frame in self.report.frames if frame.scale == self.scale]

    def gains(self) -> Picture | None:
        """Return the gains of the models over the best classical methods, with intervals."""
        found = [
            (row.method, figure.label.split(' [')[0], stands)
            for figure in HEADLINES
            for row in ranked_rows(self.rows)
            if (stands := standing_of(row, figure.name)) and 'gain' in stands
        ]
        # The figure that methods are ranked by first; the order is kept otherwise.
        found.sort(key=lambda one: one[1] != _RANKING)
        if not found:
            return None

        def draw(axes: Any) -> None:
            several = len({method for method, _, _ in found}) > 1
            for place, (_, _, stands) in enumerate(found):
                _draw_gain(axes, place, stands)
            axes.axvline(0, color=INK, linewidth=1)
            labels = [f'{label}\n{method}' if several else label for method, label, _ in found]
            axes.set_yticks(range(len(found)), labels)
            axes.set_ylim(len(found) - 0.4, -0.6)
            axes.set_xlim(*_gain_limits([stands for _, _, stands in found]))
            axes.grid(axis='y', visible=False)
            axes.set_xlabel('gain over the best classical method [%]')

        return draw_chart(
            draw,
            'Gains over the best classical method that sees depth alone: '
            + '; '.join(f'{m}, {label}: {_told_gain(s)}' for m, label, s in found),
            size=(5.2, max(2.0, 0.9 + 0.48 * len(found))),
            caption='Gain over the best classical method that sees depth alone, of each figure '
            'that is better small, with 95 % intervals. ▲ better, ▼ worse, ● even; ◀ worse, and '
            'off the chart.',
        )

    def by_distance(self, figure: str = 'edge_mae_cm', what: str = 'at edges') -> Picture | None:
        """Return the errors by bands of distance."""
        bands = {
            name: _told_of(self.report.bands.get((self.scale, name), ())) for name in self.pens
        }
        bands = {name: own for name, own in bands.items() if own}
        if not bands or not any(
            math.isfinite(getattr(b, figure)) for own in bands.values() for b in own
        ):
            return None
        first = next(iter(bands.values()))
        pixels = sum(band.pixels for band in first)
        labels = [f'{_told_band(b)}\n{100 * b.pixels / pixels:.0f} %' for b in first]

        def draw(axes: Any) -> None:
            for name, own in bands.items():
                values = [getattr(band, figure) for band in own]
                pen = self.pens[name]
                axes.plot(range(len(own)), values, marker=pen.marker, label=name, **pen.line())
            axes.set_xticks(range(len(labels)), labels)
            axes.set_xlabel('distance [m], and its share of the pixels')
            axes.set_ylabel(f'MAE {what} [cm]')
            axes.set_ylim(bottom=0)
            _legend(axes)

        return draw_chart(
            draw,
            f'Mean absolute error {what} by distance: '
            + '; '.join(f'{name}: {_told_bands(own, figure)}' for name, own in bands.items()),
            caption=f'Mean absolute error {what}, by distance. Left out: distances of less than '
            f'{100 * _FEWEST_PIXELS:g} % of the pixels.',
        )

    def by_frame(self) -> Picture | None:
        """Return the errors at edges along the recording."""
        frames = self._frames
        baseline = baseline_of(self.report, self.scale)
        names = [name for name in self.pens if name in self.report.judged or name == baseline]
        values = {name: _column(frames, name) for name in names}
        values = {name: own for name, own in values.items() if np.isfinite(own).any()}
        if not values or len(frames) < 2:
            return None
        places, label = _places(frames)

        def draw(axes: Any) -> None:
            for name, own in values.items():
                _draw_course(axes, places, own, name, self.pens[name])
            axes.set_xlabel(label)
            axes.set_ylabel('MAE at edges [cm]')
            axes.set_ylim(bottom=0)
            _legend(axes)

        medians = '; '.join(f'{n}: median {np.nanmedian(own):.2f} cm' for n, own in values.items())
        caption = 'Mean absolute error at edges along the recording.'
        if len(frames) > _MOST_POINTS:
            caption += ' Lines: medians of neighbouring frames; bands: 10 to 90 % of them.'
        return draw_chart(draw, f'Error at edges of each frame. {medians}', caption=caption)

    def tail(self) -> Picture | None:
        """Return the share of pixels whose error is greater than a value."""
        tails = {
            name: _tail(*self.report.histogram[self.scale, name])
            for name in self.pens
            if (self.scale, name) in self.report.histogram
        }
        tails = {name: own for name, own in tails.items() if own[0].size}
        if not tails:
            return None

        def draw(axes: Any) -> None:
            for name, (errors, shares) in tails.items():
                axes.plot(errors, 100 * shares, label=name, **self.pens[name].line())
            axes.set_xscale('log')
            axes.set_yscale('log')
            axes.set_xlabel('|error| [cm]')
            axes.set_ylabel('pixels with a greater one [%]')
            axes.set_ylim(100 * _SMALLEST_SHARE, 120)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda value, _: f'{value:g}')
            _legend(axes)

        told = '; '.join(
            f'{name}: '
            + ', '.join(f'{100 * _share_at(own, at):.1f} % over {at:g} cm' for at in (1, 10, 50))
            for name, own in tails.items()
        )
        return draw_chart(
            draw,
            f'Distribution of absolute errors. {told}',
            caption='How many pixels err by more, all pixels of all frames; both axes are '
            'logarithmic. Lower is better.',
        )

    def latency(self) -> Picture | None:
        """Return the time that a frame takes."""
        times = {
            name: np.array([f.latency_ms[name] for f in self._frames if name in f.latency_ms])
            for name in self.pens
        }
        times = {name: own[np.isfinite(own)] for name, own in times.items()}
        spans = {name: np.percentile(own, (5, 50, 95)) for name, own in times.items() if own.size}
        if not spans:
            return None

        def draw(axes: Any) -> None:
            for place, (name, span) in enumerate(spans.items()):
                _draw_span(axes, place, span, self.pens[name])
            ends = np.array(list(spans.values()))
            axes.set_xscale('log')
            axes.set_xlim(ends.min() / 1.6, 4 * ends.max())
            axes.xaxis.set_major_formatter(lambda value, _: f'{value:g}')
            axes.xaxis.set_minor_formatter(lambda value, _: '')
            _mark_rate(axes, 30)
            axes.set_yticks(range(len(spans)), list(spans))
            axes.set_ylim(len(spans) - 0.5, -0.5)
            axes.grid(axis='y', visible=False)
            axes.set_xlabel('time of a frame [ms]')

        return draw_chart(
            draw,
            'Time of a frame: '
            + '; '.join(f'{name}: median {span[1]:.1f} ms' for name, span in spans.items()),
            size=(5.2, max(2.2, 0.9 + 0.38 * len(spans))),
            caption='Time of a frame, engine and bound, as the node runs it: median, and 5 to '
            '95 % of the frames; the axis is logarithmic.',
        )


def baseline_of(report: RecordingReport, scale: int) -> str:
    """Return the best classical method of depth alone at a scale."""
    return report.baselines.get(scale, report.baseline)


def calibration(rows: Sequence[Row]) -> Picture | None:
    """Return how many errors lie within what sigma tells, of all models."""
    names = [f'coverage_{round(100 * level)}' for level in LEVELS]
    covered = {
        f'{row.method} x{row.scale}': [100 * row.metrics.get(name, math.nan) for name in names]
        for row in rows
    }
    covered = {name: shares for name, shares in covered.items() if np.isfinite(shares).any()}
    if not covered:
        return None
    stated = [100 * level for level in LEVELS]

    def draw(axes: Any) -> None:
        axes.plot([0, 100], [0, 100], color=FAINT, linewidth=1, label='as stated')
        axes.text(7, 93, 'too cautious', color=FAINT, va='top')
        axes.text(95, 7, 'too sure of itself', color=FAINT, ha='right')
        for (name, shares), pen in zip(
            covered.items(), pens(list(covered), ()).values(), strict=True
        ):
            axes.plot(stated, shares, marker=pen.marker, label=name, **pen.line())
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_xlabel('errors that sigma says lie within [%]')
        axes.set_ylabel('errors that do [%]')
        _legend(axes)

    told = '; '.join(
        f'{name}: '
        + ', '.join(
            f'{said:g} % stated, {true:.1f} %' for said, true in zip(stated, shares, strict=True)
        )
        for name, shares in covered.items()
    )
    return draw_chart(
        draw,
        f'Calibration of sigma. {told}',
        size=(4.6, 3.9),
        caption='Calibration of sigma: on the diagonal it tells the truth.',
    )


def _draw_gain(axes: Any, place: int, stands: dict[str, Any]) -> None:
    colour, marker = _VERDICTS[stands['verdict']]
    low, high = stands.get('gain_interval', (math.nan, math.nan))
    if stands['gain'] < _LEAST_GAIN:
        at, marker, told = 100 * _LEAST_GAIN, '<', f'{1 - stands["gain"]:.3g} times as much'
    else:
        at, told = 100 * stands['gain'], f'{round(100 * stands["gain"]):+d}'
    ends = np.maximum([low, high], _LEAST_GAIN)
    axes.plot(100 * ends, [place, place], color=colour, linewidth=2.4)
    axes.plot(at, place, marker=marker, color=colour, markersize=8)
    axes.annotate(
        told,
        (at, place),
        (0, 7),
        textcoords='offset points',
        color=colour,
        ha='center' if marker != '<' else 'left',
        fontweight='bold',
    )


def _draw_span(axes: Any, place: int, span: F64, pen: Pen) -> None:
    """Draw the low end, the middle and the high end of some times, and tell the middle."""
    low, middle, high = span
    axes.plot([low, high], [place, place], color=pen.color, linewidth=4, alpha=0.5)
    axes.plot(middle, place, marker=pen.marker, color=pen.color, markersize=7)
    axes.annotate(
        f'{middle:.1f} ms',
        (high, place),
        (6, 0),
        textcoords='offset points',
        va='center',
        bbox={'facecolor': 'white', 'edgecolor': 'none', 'pad': 0.8},
    )


def _mark_rate(axes: Any, hertz: float) -> None:
    """Mark the time that frames of a rate have, if the axis shows it."""
    time = 1000 / hertz
    low, high = axes.get_xlim()
    if low < time < high:
        axes.axvline(time, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            f'{hertz:g} Hz',
            (time, 1),
            (3, 2),
            xycoords=('data', 'axes fraction'),
            textcoords='offset points',
            color=FAINT,
        )


def _gain_limits(found: Sequence[dict[str, Any]]) -> tuple[float, float]:
    ends = [100 * end for stands in found for end in stands.get('gain_interval', ())]
    ends += [100 * stands['gain'] for stands in found]
    known = [end for end in ends if math.isfinite(end)]
    low, high = max(min(0.0, *known), 100 * _LEAST_GAIN), max(0.0, *known)
    room = 0.08 * (high - low) + 1
    return low - room, high + room


def _told_gain(stands: dict[str, Any]) -> str:
    low, high = stands.get('gain_interval', (math.nan, math.nan))
    return f'{100 * stands["gain"]:+.1f} % ({100 * low:.1f} to {100 * high:.1f})'


def _told_of(bands: Sequence[Band]) -> list[Band]:
    """Return the bands of some pixels."""
    fewest = max(1.0, _FEWEST_PIXELS * sum(band.pixels for band in bands))
    return [band for band in bands if band.pixels >= fewest]


def _told_band(band: Band) -> str:
    if math.isinf(band.far_m):
        return f'over {band.near_m:g}'
    return f'{band.near_m:g} to {band.far_m:g}'


def _told_bands(bands: Sequence[Band], figure: str) -> str:
    return ', '.join(
        f'{_told_band(band)} m {getattr(band, figure):.2f} cm'
        for band in bands
        if math.isfinite(getattr(band, figure))
    )


def _column(frames: Sequence[FrameScore], method: str) -> F64:
    """Return the error at edges of a method, a frame each, NaN where it has none [cm]."""
    scores = [frame.metrics.get(method, {}) for frame in frames]
    return np.array([score.get('edge_mae_cm', math.nan) for score in scores], np.float64)


def _places(frames: Sequence[FrameScore]) -> tuple[F64, str]:
    """Return where frames lie on the time axis, and what the axis is."""
    stamps = np.array([frame.stamp_ns for frame in frames], np.int64)
    one_course = len({frame.sequence for frame in frames}) == 1
    if one_course and (stamps > 0).all() and (np.diff(stamps) > 0).all():
        return np.asarray((stamps - stamps[0]) * 1e-9, np.float64), 'time [s]'
    return np.arange(len(frames), dtype=np.float64), 'frame'


def _draw_course(axes: Any, places: F64, values: F64, name: str, pen: Pen) -> None:
    if len(values) <= _MOST_POINTS:
        axes.plot(places, values, label=name, **pen.line())
        return
    groups = np.array_split(np.arange(len(values)), _MOST_POINTS)
    groups = [group for group in groups if np.isfinite(values[group]).any()]
    middles = [places[group].mean() for group in groups]
    low, median, high = (
        [np.nanpercentile(values[group], share) for group in groups] for share in (10, 50, 90)
    )
    axes.fill_between(middles, low, high, color=pen.color, alpha=0.18, linewidth=0)
    axes.plot(middles, median, label=name, **pen.line())


def _tail(edges: Sequence[float], counts: Sequence[int]) -> tuple[F64, F64]:
    """Return errors [cm], and the shares (0 to 1) of pixels whose error is greater."""
    total = sum(counts)
    if not total:
        return np.empty(0), np.empty(0)
    above = 1 - np.concatenate([[0], np.cumsum(counts)]) / total
    errors, shares = np.array(edges, np.float64), np.asarray(above, np.float64)
    drawn = (errors > 0) & np.isfinite(errors) & (shares >= _SMALLEST_SHARE)
    return errors[drawn], shares[drawn]


def _share_at(tail: tuple[F64, F64], error: float) -> float:
    return float(np.interp(math.log(error), np.log(tail[0]), tail[1], right=0.0))


def _legend(axes: Any) -> None:
    axes.legend(loc='lower left', bbox_to_anchor=(0, 1), ncol=3, borderaxespad=0.2)

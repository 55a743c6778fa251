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
"""The verdict: whether models gain anything at edges, in one honest sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdst_ros.evaluation.metrics.catalogue import FIGURES
from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.standing import RANKED_BY

#: Of fewer frames nothing is claimed: the bootstrap would draw from three blocks or less.
FEWEST_FRAMES = 10
#: What must not get worse unsaid, and how it is told.
_PRICES = {
    'rmse_cm': ('the RMSE of all pixels grows', 'cm'),
    'flying_pixels': ('flying pixels grow', '%'),
    'phantom_cells': ('phantom cells grow', 'a frame'),
}
_FIGURES = {figure.name: figure for figure in FIGURES}


@dataclass(frozen=True)
class Standing:
    """
    How a model stands to the best classical method that sees depth alone, at edges.

    :param gain: share of the error at edges that it saves; negative where it adds
    :param low: of the 95 % interval of the gain
    :param high: likewise
    :param latency_ms: median of a frame, None where it was not taken
    :param prices: what gets worse, a phrase each
    """

    scale: int
    model: str
    floor: str
    gain: float
    low: float
    high: float
    latency_ms: float | None = None
    prices: tuple[str, ...] = ()

    @property
    def better(self) -> bool:
        """Whether the whole interval is a gain."""
        return self.low > 0

    @property
    def worse(self) -> bool:
        """Whether the whole interval is a loss."""
        return self.high < 0


def verdict(rows: Sequence[Row], frames: int, subject: str = 'On this camera') -> str:
    """
    Return one sentence on what the models do for edges.

    A model is held against the classical method of depth alone that has the least error at edges,
    on the same frames: the gain is 1 - model / floor of ``edge_mae_cm``, its interval that of
    the gains over a moving-block bootstrap. It helps, or not, only where the whole interval says
    so. Of several models of a scale the best is told.

    :param rows: of one evaluation, with ``versus_depth_only`` (``standing.py``)
    :param frames: that they are of, the least of all scales
    :param subject: what the sentence is about
    """
    models = [row for row in rows if 'versus_depth_only' in row.details]
    if not models:
        return f'{subject} no model was judged.'
    if frames < FEWEST_FRAMES:
        return (
            f'{subject} nothing can be told: {frames} '
            f'{"frame is" if frames == 1 else "frames are"} too few, {FEWEST_FRAMES} are needed.'
        )
    told = []
    for profile in dict.fromkeys(row.profile for row in models):
        standings = [
            found
            for row in models
            if row.profile == profile and (found := _standing(row)) is not None
        ]
        where = f'on {profile} ' if profile and profile not in subject else ''
        told += [where + part for part in _parts(standings, frames)]
    if not told:
        return (
            f'{subject} nothing can be told: the reference has no depth edges '
            f'in these {frames} frames.'
        )
    return f'{subject} {"; ".join(told)}.'


def _parts(standings: list[Standing], frames: int) -> list[str]:
    """Return what is said of each scale."""
    return [
        _told(max((one for one in standings if one.scale == scale), key=lambda s: s.gain), frames)
        for scale in sorted({one.scale for one in standings})
    ]


def _told(one: Standing, frames: int) -> str:
    if one.better:
        says = f'helps edges by {_percent(one.gain)} %'
        span = f'{_percent(one.low)} to {_percent(one.high)}'
    elif one.worse:
        says = f'does not help: edges are {_percent(-one.gain)} % worse'
        span = f'{_percent(-one.high)} to {_percent(-one.low)}'
    else:
        says = f'makes no difference to edges that {frames} frames can show'
        span = f'{_signed(one.gain)} %, {_signed(one.low)} to {_signed(one.high)}'
    text = f'x{one.scale} {says} ({span}; {one.model} against {one.floor})'
    if one.prices:
        text += f', {"but" if one.better else "and"} {" and ".join(one.prices)}'
    if one.latency_ms is not None:
        text += f', at {_milliseconds(one.latency_ms)} ms a frame'
    return text


def _standing(row: Row) -> Standing | None:
    versus = row.details['versus_depth_only']
    found = versus.get(RANKED_BY, {})
    if not all(math.isfinite(value) for value in found.get('gain_interval', (math.nan,))):
        return None
    low, high = found['gain_interval']
    return Standing(
        scale=row.scale,
        model=row.method,
        floor=found['floor'],
        gain=found['gain'],
        low=low,
        high=high,
        latency_ms=row.details.get('latency_ms', {}).get('median'),
        prices=tuple(
            _price(name, row.metrics[name], versus[name])
            for name in _PRICES
            if versus.get(name, {}).get('verdict') == 'worse'
        ),
    )


def _price(name: str, value: float, stands: dict[str, Any]) -> str:
    """Return what got worse against its own best floor, from how much to how much."""
    figure, (label, unit) = _FIGURES[name], _PRICES[name]
    before = figure.told(value - stands['difference'])
    return f'{label} from {before} to {figure.told(value)} {unit} (against {stands["floor"]})'


def _percent(share: float) -> str:
    percent = 100 * share
    return f'{percent:.0f}' if abs(percent) >= 9.95 else f'{percent:.1f}'


def _signed(share: float) -> str:
    return f'{"+" if share > 0 else ""}{_percent(share)}'


def _milliseconds(value: float) -> str:
    return f'{value:.0f}' if value >= 9.95 else f'{value:.1f}'

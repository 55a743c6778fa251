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
"""Tells the noise of a sensor in figures."""

from __future__ import annotations

import numpy as np

from cdst_ros.evaluation.characterise.figure import SHARE, Figure, Section, Table, untold
from cdst_ros.evaluation.characterise.noise import Noise
from cdst_ros.evaluation.characterise.noise_fit import MIN_BANDS, MIN_TILES, Fit
from cdst_ros.evaluation.characterise.planes import MAX_CORRELATION

#: Depths that sigma is told at [m], if something was seen nearly there.
_AT = (0.5, 1.0, 2.0, 3.0, 5.0)
#: As a share of the depth.
_NEARLY = 0.2


def noise_section(noise: Noise, still_frames: int, spans: int) -> Section:
    """
    Return the figures of a noise.

    :param still_frames: frames in spans where nothing moved
    :param spans: such spans
    """
    pixels = noise.pixels
    figures = [
        Figure('still', 'still frames that were used', float(still_frames), '', spans, 'spans')
    ]
    fit = noise.total
    if fit is None or noise.model is None:
        why = f'fewer than {MIN_BANDS} bands of distance with {MIN_TILES} flat tiles each'
        figures.append(untold('sigma', 'sigma(z) of all noise', why, 'mm', noise.tiles, 'tiles'))
        return Section('noise', 'Noise', tuple(figures))
    figures += _sigmas(fit, 'sigma', 'sigma', noise.tiles)
    for name, label, value, unit, place in (
        ('constant', 'constant term', noise.model.constant, 'm', 0),
        ('linear', 'linear term', noise.model.linear, 'm/m', 1),
        ('quadratic', 'quadratic term', noise.model.quadratic, 'm/m2', 2),
    ):
        low, high = fit.terms[:, place]
        figures.append(Figure(name, label, value, unit, noise.tiles, 'tiles', float(low),
                              float(high)))  # fmt: skip
    if noise.temporal is not None:
        figures += _sigmas(noise.temporal, 'temporal', 'over time alone, sigma', noise.tiles)
    figures += [_persistence(noise), _correlation(noise), _lag(noise)]
    tables = [_table('total', 'Noise by distance', fit)]
    if noise.temporal is not None and noise.temporal is not fit:
        tables.append(_table('over_time', 'Noise over time by distance', noise.temporal))
    if noise.spatial:
        how = (
            'nothing was still long enough, so this is what single images leave of planes: '
            'roughness of surfaces counts as noise, and noise that is smooth is not seen'
        )
    else:
        how = (
            f'from {pixels} pixels over time in {spans} still spans, on surfaces that face the '
            'camera within 40 degrees, or 60 where there are few'
        )
        if noise.persistence is None:
            how += '; what stays from frame to frame is not told, so it is not in it'
    return Section('noise', 'Noise', tuple(figures), tuple(tables), (how,))


def _sigmas(fit: Fit, name: str, label: str, tiles: int) -> list[Figure]:
    """Return sigma at whole depths that were seen."""
    figures = []
    for depth in _AT:
        if np.min(np.abs(fit.depth - depth)) > _NEARLY * depth:
            continue
        value = 1000 * float(fit.model.sigma(np.float32(depth)))
        low, high = (
            1000 * float(np.interp(depth, fit.depth, ends)) for ends in (fit.low, fit.high)
        )
        key = f'{name}_{depth:g}m'
        figures.append(Figure(key, f'{label} at {depth:g} m', value, 'mm', tiles, 'tiles',
                              min(low, value), max(high, value)))  # fmt: skip
    return figures


def _persistence(noise: Noise) -> Figure:
    name, label = 'persistence', 'share of its variance that stays'
    if noise.persistence is None:
        why = 'nothing was still' if noise.spatial else 'the noise is too smooth to tell it apart'
        return untold(name, label, why)
    return Figure(name, label, noise.persistence, SHARE, noise.tiles, 'tiles',
                  note='roughness of surfaces counts as staying')  # fmt: skip


def _correlation(noise: Noise) -> Figure:
    name, label = 'correlation', 'as if white noise had been blurred by a Gaussian of'
    if noise.correlation is None:
        why = 'too few flat tiles'
        if noise.capped:
            why = f'more than {MAX_CORRELATION:g} px: single images do not tell how much more'
        return untold(name, label, why, 'px', noise.tiles, 'tiles')
    return Figure(name, label, noise.correlation, 'px', noise.tiles, 'tiles')


def _lag(noise: Noise) -> Figure:
    name, label = 'lag', "correlation of one frame's noise with that of the next"
    if noise.lag is None:
        return untold(name, label, 'nothing was still')
    note = 'over 0.2: the driver or sensor filters over time' if noise.lag > 0.2 else ''
    return Figure(name, label, noise.lag, '', noise.tiles, 'tiles', note=note)


def _table(name: str, title: str, fit: Fit) -> Table:
    rows = tuple(
        (float(z), 1000 * float(s), 1000 * float(m), 1000 * float(low), 1000 * float(high), int(n))
        for z, s, m, low, high, n in zip(
            fit.depth, fit.sigma, fit.model.sigma(fit.depth.astype(np.float32)), fit.low,
            fit.high, fit.tiles, strict=True,
        )
    )  # fmt: skip
    columns = ('distance [m]', 'sigma [mm]', 'model [mm]', 'low [mm]', 'high [mm]', 'tiles')
    return Table(name, title, columns, rows)

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
"""How many pixels' worth of detail there is in an image."""

from __future__ import annotations

from cdst_ros.evaluation.characterise.edges import HALF_CONTRAST
from cdst_ros.evaluation.characterise.figure import SHARE, Figure, Section, untold

#: Rise of an edge that a grid just holds: its contrast is halved at Nyquist's 0.5 cycles a pixel.
LIMIT_RISE = 2 * HALF_CONTRAST


def resolution(size: tuple[int, int], repetition: Figure, spread: Figure) -> Section:
    """
    Return the effective resolution.

    Samples that a driver repeats k times tell no more than one. Of N / k samples along a line, a
    rise r (10 to 90 %, in those samples) leaves N / k * min(1, 2 f), with f = 0.4803 / r cycles a
    sample the frequency at which a Gaussian edge of that rise has half its contrast (the MTF50 of
    ISO 12233's e-SFR); at f = 0.5, Nyquist's limit, the grid is used fully.

    :param size: width and height as delivered [px]
    :param repetition: factor by which the driver repeated samples
    :param spread: rise of edges in samples, not in repeated pixels
    """
    factor = repetition.value if repetition.value is not None else 1.0
    figures = [repetition]
    name, label = 'effective', 'effective resolution, share of each side'
    if spread.value is None:
        figures.append(untold(name, label, f'edge spread: {spread.note}'))
        return Section('resolution', 'Resolution', tuple(figures))

    def share(rise: float) -> float:
        return min(1.0, LIMIT_RISE / rise if rise > 0 else 1.0) / factor

    value = share(spread.value)
    assert spread.low is not None
    assert spread.high is not None
    figures += [
        Figure(name, label, value, SHARE, spread.evidence, 'edges', share(spread.high),
               share(spread.low)),
        Figure('effective_width', 'as if it had a width of', size[0] * value, 'px',
               spread.evidence, 'edges', size[0] * share(spread.high),
               size[0] * share(spread.low)),
        Figure('effective_height', 'and a height of', size[1] * value, 'px', spread.evidence,
               'edges', size[1] * share(spread.high), size[1] * share(spread.low)),
    ]  # fmt: skip
    return Section('resolution', 'Resolution', tuple(figures))

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
"""
Charts in one style, by matplotlib, which is imported when one is drawn.

Colours are those of Okabe and Ito, which people with any colour vision tell apart; lines differ in
their dashes and markers as well. Text is drawn as outlines, so a chart looks the same everywhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cdst_ros.evaluation.html.images import data_uri
from cdst_ros.evaluation.html.libraries import check_libraries
from cdst_ros.evaluation.html.page import Picture

INK, FAINT, GRID = '#1f2933', '#5f6b7a', '#dde3ea'
GOOD, BAD, EVEN = '#00664b', '#a63c00', '#5f6b7a'
#: For what is judged, the strongest first.
STRONG = ('#0072b2', '#d55e00', '#009e73', '#aa4a86', '#6b5b00')

#: Width and height of a chart of which two stand side by side [inch].
SIZE = (5.2, 3.3)

#: Of matplotlib, while a chart is drawn.
_STYLE: dict[str, Any] = {
    'svg.fonttype': 'path',
    'svg.hashsalt': 'cdst_ros',
    'font.family': ['DejaVu Sans'],
    'font.size': 9.5,
    'axes.titlesize': 10.5,
    'axes.titleweight': 'bold',
    'axes.titlelocation': 'left',
    'axes.labelcolor': INK,
    'axes.edgecolor': FAINT,
    'axes.grid': True,
    'axes.axisbelow': True,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'grid.color': GRID,
    'grid.linewidth': 0.8,
    'legend.frameon': False,
    'legend.fontsize': 9,
    'lines.linewidth': 1.8,
    'lines.markersize': 5,
    'text.color': INK,
    'xtick.color': FAINT,
    'ytick.color': FAINT,
    'xtick.labelcolor': INK,
    'ytick.labelcolor': INK,
    'figure.facecolor': 'white',
}


class Pen(NamedTuple):
    """How a line is drawn, as matplotlib's keywords ``color``, ``linestyle`` and ``marker``."""

    color: str
    linestyle: Any
    marker: str
    linewidth: float = 1.4

    def line(self) -> dict[str, Any]:
        """Return the keywords of a line."""
        return {'color': self.color, 'linestyle': self.linestyle, 'linewidth': self.linewidth}


#: For what stands beside it, from dark to light.
_PLAIN = (
    ('#3d4752', (0, (5, 2))),
    ('#66717d', (0, (1, 1.4))),
    ('#66717d', (0, (6, 1.5, 1, 1.5))),
    ('#8d97a3', (0, (3, 1, 1, 1, 1, 1))),
    ('#8d97a3', (0, (2, 2))),
)
_MARKERS = 'osD^vPX'


def pens(judged: Sequence[str], beside: Sequence[str]) -> dict[str, Pen]:
    """Return a pen by name: strong colours for what is judged, greys for what stands beside it."""
    drawn = {
        name: Pen(STRONG[place % len(STRONG)], '-', _MARKERS[place % len(_MARKERS)], 2.2)
        for place, name in enumerate(judged)
    }
    for place, name in enumerate(beside):
        color, dashes = _PLAIN[place % len(_PLAIN)]
        drawn[name] = Pen(color, dashes, _MARKERS[-1 - place % len(_MARKERS)])
    return drawn


def draw_chart(
    draw: Callable[..., None],
    alt: str,
    *,
    size: tuple[float, float] = SIZE,
    panels: int = 1,
    caption: str = '',
    share_y: bool = False,
) -> Picture:
    """
    Return a chart in the style of all.

    :param draw: given an ``Axes`` for each panel, draws into them
    :param alt: what the chart shows and what can be read from it
    :param size: width and height [inch]
    :param panels: side by side
    :param caption: under it
    :param share_y: whether the panels have one vertical axis
    :raises MissingLibraryError: where matplotlib is missing
    """
    check_libraries()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=size, constrained_layout=True)
        axes = figure.subplots(1, panels, squeeze=False, sharey=share_y)[0]
        draw(*axes)
        return figure_svg(figure, alt, caption)


def figure_svg(figure: Any, alt: str, caption: str = '') -> Picture:
    """
    Return a ``matplotlib.figure.Figure`` as a picture of a page.

    An image of its own, not part of the page's tree: the ids that matplotlib gives would clash.
    """
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({'svg.fonttype': 'path', 'svg.hashsalt': 'cdst_ros'}):
        figure.savefig(file, format='svg', metadata={'Date': None})
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    return Picture(data_uri('image/svg+xml', file.getvalue()), width, height, alt, False, caption)

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
from __future__ import annotations

import base64
from xml.etree import ElementTree

import pytest

pytest.importorskip('matplotlib', reason='needs the extra report')

from cdst_ros.evaluation.html.charts import draw_chart, pens


def draw(axes):
    axes.plot([1, 2], [3, 4], label='line')
    axes.set_xlabel('metres')


def svg_of(picture):
    kind, data = picture.uri.split(';base64,')
    assert kind == 'data:image/svg+xml'
    return base64.b64decode(data)


def test_a_chart_is_a_drawing_of_its_own_that_needs_no_fonts():
    picture = draw_chart(draw, 'a line', size=(5, 3))
    root = ElementTree.fromstring(svg_of(picture))
    assert root.tag.endswith('svg')
    assert not [e for e in root.iter() if e.tag.endswith('}text')]
    assert (picture.width, picture.height, picture.alt) == (480, 288, 'a line')


def test_charts_are_the_same_each_time():
    assert draw_chart(draw, 'a').uri == draw_chart(draw, 'a').uri


def test_panels_have_axes_each():
    seen = []
    draw_chart(lambda *axes: seen.extend(axes), 'two', panels=2)
    assert len(seen) == 2


def test_the_style_of_others_is_left_alone():
    import matplotlib

    before = matplotlib.rcParams['axes.grid']
    draw_chart(draw, 'a')
    assert matplotlib.rcParams['axes.grid'] == before


def test_methods_are_told_apart_without_colour():
    drawn = pens(['a', 'b', 'c'], ['d', 'e', 'f', 'g'])
    assert len({(str(pen.linestyle), pen.marker) for pen in drawn.values()}) == 7

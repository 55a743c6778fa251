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
import cv2
import numpy as np
import pytest

from cdst_ros.evaluation.cards.speed import (
    PanelOf,
    Point,
    draw_speed,
    meant_for_others,
    note_of,
    panels_of,
)
from cdst_ros.superres.store import shipped_models

METHODS = {'bicubic': (3.0, 0.58, 20.0), 'lite_x4': (30.0, 0.23, 12.0)}


def results():
    cost = [
        {'method': method, 'size': size, 'cpu_ms': factor * values[0]}
        for method, values in METHODS.items()
        for size, factor in (([160, 120], 0.25), ([320, 240], 1.0))
    ]
    grey = [{'method': m, 'mad': {'mean': values[1]}} for m, values in METHODS.items()]
    metric = [
        {'method': m, 'metrics': {'edge_mae_cm': values[2]}} for m, values in METHODS.items()
    ]
    return {
        'cost_x4': {'machine': 'a quiet one', 'date': '2026-11-21', 'rows': cost},
        'middlebury6_x4': {'rows': [*grey, {'method': 'unmeasured', 'mad': {'mean': 1.0}}]},
        'synthetic_generic_x4': {'rows': metric},
    }


def test_each_panel_has_cost_and_error_of_each_method():
    grey, metric = panels_of(results(), 4, 'synthetic_generic')
    assert grey.points == (Point('bicubic', 3.0, 0.58), Point('lite_x4', 30.0, 0.23))
    assert metric.points == (Point('bicubic', 3.0, 20.0), Point('lite_x4', 30.0, 12.0))
    assert (grey.published, metric.published) == (0.163, None)


def test_what_sees_colour_is_told_apart():
    found = results()
    for part in ('middlebury6_x4', 'synthetic_generic_x4'):
        found[part]['rows'][1]['guided'] = True
    for panel in panels_of(found, 4, 'synthetic_generic'):
        assert [point.guided for point in panel.points] == [False, True]


def test_what_was_not_measured_is_not_drawn():
    assert panels_of({}, 4, 'synthetic_generic') == []
    assert panels_of(results(), 2, 'synthetic_generic') == []
    without = results()
    del without['middlebury6_x4']
    (only,) = panels_of(without, 4, 'synthetic_generic')
    assert only.title == 'synthetic_generic, x4'


def test_models_for_other_sensors_are_not_drawn():
    path = shipped_models()['lite_x4']
    assert meant_for_others([path], 'synthetic_generic') == set()
    assert meant_for_others([path], 'synthetic_tof') == {'lite_x4'}
    for panel in panels_of(results(), 4, 'synthetic_generic', {'lite_x4'}):
        assert [point.method for point in panel.points] == ['bicubic']


def test_the_small_print_says_where_and_when():
    assert note_of(results(), 4).startswith('a quiet one, 2026-11-21.')


def test_the_picture_is_the_same_every_time(tmp_path):
    pytest.importorskip('matplotlib')
    panels = panels_of(results(), 4, 'synthetic_generic')
    for name in ('one.svg', 'two.svg', 'three.png'):
        draw_speed(panels, 'note', tmp_path / name)
    assert (tmp_path / 'one.svg').read_bytes() == (tmp_path / 'two.svg').read_bytes()
    assert np.ptp(cv2.imread(str(tmp_path / 'three.png'))) > 200


def test_crowded_points_are_drawn_too(tmp_path):
    pytest.importorskip('matplotlib')
    points = tuple(Point(f'model_{k}', 10.0 + k / 10, 1.0) for k in range(12))
    draw_speed([PanelOf('crowd', 'error', points)], '', tmp_path / 'crowd.png')
    assert (tmp_path / 'crowd.png').stat().st_size > 5000

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

from cdst_ros.evaluation.cards.places import places_of
from cdst_ros.evaluation.cards.worst import draw_case, worst_cases
from cdst_ros.evaluation.procedural import view_at
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic import load_profile

from .results_of import FLOORS, model_row, report, row


def place(profile, ours, theirs, name='lite_x4', **details):
    rows = [row(name, profile=profile) for name in FLOORS]
    for each in rows:
        each['edge_mae_cm_by_frame'] = [value + FLOORS.index(each['method']) for value in theirs]
    model = model_row(name, profile=profile, **details)
    model['edge_mae_cm_by_frame'] = ours
    (found,) = places_of(name, [report(f'synthetic_{profile}', [*rows, model])])
    return found


def test_the_worst_are_the_greatest_error_the_least_gain_and_that_elsewhere():
    own = place('tof', [5.0, 30.0, 9.0], [10.0, 60.0, 10.0])
    other = place('stereo', [50.0, 20.0, None], [60.0, 10.0, 10.0])
    cases = worst_cases([other, own], ['tof'])
    assert [case.key for case in cases] == [
        ('synthetic_tof', 1),
        ('synthetic_tof', 2),
        ('synthetic_stereo', 1),
    ]
    assert (cases[2].ours, cases[2].theirs, cases[2].floor) == (20.0, 10.0, 'nearest')


def test_a_method_that_sees_colour_is_no_rival():
    only = place('tof', [5.0], [10.0])
    only.rows[3]['edge_mae_cm_by_frame'] = [0.1]
    (case,) = worst_cases([only], ['tof'])
    assert (case.floor, case.theirs) == ('nearest', 10.0)


def test_it_is_one_where_the_model_sees_colour_as_well():
    only = place('tof', [5.0], [10.0], 'guided_x4', guided=True)
    only.rows[3]['edge_mae_cm_by_frame'] = [0.1]
    (case,) = worst_cases([only], ['tof'])
    assert (case.floor, case.theirs) == ('joint_bilateral', 0.1)


def test_a_model_that_sees_colour_is_drawn_with_it(tmp_path, monkeypatch):
    drawn = []

    def draw(low, methods, *_):
        drawn.append(methods)
        return np.zeros((90, 160, 3), np.uint8)

    monkeypatch.setattr('cdst_ros.evaluation.cards.worst.draw_comparison', draw)
    (case, *_) = worst_cases([place('tof', [5.0], [10.0], 'guided_x4', guided=True)], ['tof'])
    draw_case(case, shipped_models()['guided_x4'], 1, tmp_path / 'worst.jpg')
    view = view_at(load_profile('tof'), 4, 0, 1)
    run = SuperResolution(open_engine('guided_x4'))
    seen, blind = run(view.low, view.rgb).depth.copy(), run(view.low).depth.copy()
    np.testing.assert_array_equal(drawn[0]['guided_x4'], seen)
    assert not np.array_equal(seen, blind, equal_nan=True)


def test_nothing_is_shown_where_nothing_was_measured():
    assert worst_cases([], ['tof']) == []
    assert worst_cases([place('tof', [None], [10.0])], ['tof']) == []


def test_a_picture_is_drawn_and_small(tmp_path):
    (case, *_) = worst_cases([place('tof', [5.0, 30.0], [10.0, 60.0])], ['tof'])
    file = tmp_path / 'worst.jpg'
    draw_case(case, shipped_models()['lite_x4'], 2, file)
    assert file.stat().st_size < 150_000
    picture = cv2.imread(str(file))
    assert picture.shape[1] == 1200
    assert np.ptp(picture) > 200

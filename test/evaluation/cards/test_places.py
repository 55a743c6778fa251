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
import math

import pytest

from cdst_ros.evaluation.cards.places import places_of, sigma_verdict, told
from cdst_ros.evaluation.metrics.catalogue import FIGURES

from .results_of import FLOORS, model_row, report, row

BY_NAME = {figure.name: figure for figure in FIGURES}


@pytest.fixture
def place():
    (only,) = places_of('lite_x4', [report()])
    return only


def test_a_place_is_the_classical_methods_and_the_model(place):
    assert [one['method'] for one in place.rows] == [*FLOORS, 'lite_x4']
    assert place.model['method'] == 'lite_x4'
    assert place.name == 'synthetic_tof'
    assert place.views == '3 views of 3 procedural rooms.'


def test_other_models_other_sensors_and_protocols_without_metres_stay_out():
    rows = [
        *(row(name) for name in FLOORS),
        *(row(name, profile='stereo') for name in FLOORS),
        model_row('fast_x4'),
        model_row(),
        model_row(profile='stereo'),
    ]
    grey = {'protocol': 'middlebury6', 'rows': [{'method': 'lite_x4', 'scale': 4}]}
    places = list(places_of('lite_x4', [report('replica_x4', rows), grey]))
    assert [place.name for place in places] == ['replica_x4 (tof)', 'replica_x4 (stereo)']
    for place in places:
        assert [one['method'] for one in place.rows] == [*FLOORS, 'lite_x4']
        assert {one['profile'] for one in place.rows} == {place.profile}


def test_verdicts_are_told_with_both_values_and_their_interval(place):
    (cell,) = place.cells([BY_NAME['edge_mae_cm']])
    assert cell.text == '**better** 8.00 : 10.0'
    assert cell.interval_text == '-2.00 [-3.00, -1.00] better'
    assert place.verdicts('better') == ['edge MAE']
    assert place.verdicts('worse') == ['phantom cells a frame']
    assert place.behind_colour() == ['RMSE']
    assert [one['method'] for one in place.rivals] == ['nearest', 'bilinear', 'bicubic']


def test_a_model_that_sees_colour_is_held_against_the_method_that_does():
    (place,) = places_of('guided_x4', [report(rows=[row('nearest'), model_row('guided_x4')])])
    assert place.verdicts('worse') == ['phantom cells a frame']
    rows = [*(row(name) for name in FLOORS), model_row('guided_x4', guided=True)]
    (place,) = places_of('guided_x4', [report(rows=rows)])
    assert place.verdicts('worse') == ['RMSE', 'phantom cells a frame']
    assert [one['method'] for one in place.rivals] == list(FLOORS)


def test_what_is_not_known_has_no_cell():
    unknown = model_row()
    unknown['versus_depth_only']['edge_mae_cm']['interval'] = [None, None]
    (place,) = places_of('lite_x4', [report(rows=[unknown])])
    assert place.cells([BY_NAME['edge_mae_cm'], BY_NAME['thin_recall']]) == [None, None]


@pytest.mark.parametrize(
    ('coverages', 'verdict'),
    [
        ((0.5, 0.9), 'right'),
        ((0.46, 0.94), 'right'),
        ((0.3, 0.88), 'too small'),
        ((0.52, 0.7), 'too small'),
        ((0.7, 0.92), 'too large'),
        ((0.7, 0.8), 'of another shape'),
        ((None, 0.9), '-'),
    ],
)
def test_sigma_is_judged_at_both_levels(coverages, verdict):
    assert sigma_verdict(*coverages) == verdict


@pytest.mark.parametrize(
    ('name', 'value', 'text'),
    [
        ('rmse_cm', 3.14159, '3.14'),
        ('rmse_cm', 31.4159, '31.4'),
        ('phantom_cells', 314.159, '314'),
        ('thin_recall', 0.314159, '31.4'),
        ('rmse_cm', math.nan, '-'),
        ('rmse_cm', None, '-'),
    ],
)
def test_figures_have_three_digits(name, value, text):
    assert told(BY_NAME[name], value) == text

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
from typing import NamedTuple

import numpy as np
import pytest

from cdst_ros.evaluation.standing import Figures, best_floor, latency_summary, ranks, standing


class One(NamedTuple):
    name: str
    is_model: bool = False
    guided: bool = False


def figures_of(edge_m, pixels=100):
    """Return figures of frames whose mean error at edges is given [m]."""
    edge = np.asarray(edge_m, np.float64)
    columns = {
        'pixels': np.full(edge.size, float(pixels)),
        'squares': pixels * edge**2,
        'absolutes': pixels * edge,
        'edge_pixels': np.full(edge.size, float(pixels)),
        'edge_squares': pixels * edge**2,
        'edge_absolutes': pixels * edge,
        'known': np.full(edge.size, float(pixels)),
        'wanted': np.full(edge.size, float(pixels)),
        'within_m': np.zeros(edge.size),
        'within_share': np.zeros(edge.size),
    }
    counts = np.random.default_rng(0).integers(0, 3, size=(50, edge.size)).astype(np.float64)
    return Figures.of(columns, counts)


def test_a_gain_is_the_share_of_the_error_that_is_saved_on_the_same_frames():
    made = {'floor': figures_of([0.1, 0.2, 0.4]), 'model': figures_of([0.09, 0.18, 0.36])}
    told = standing('model', [One('floor'), One('model', is_model=True)], made)
    edge = told['versus']['edge_mae_cm']
    assert edge['gain'] == pytest.approx(0.1)
    # The frames differ fourfold, the share that is saved does not: pairing shows it.
    assert edge['gain_interval'] == pytest.approx((0.1, 0.1))
    assert edge['verdict'] == 'better'


def test_the_best_floor_sees_no_colour_and_methods_are_ranked_by_edges():
    made = {
        'floor': figures_of([0.2]),
        'better': figures_of([0.1]),
        'guided': figures_of([0.05]),
        'model': figures_of([0.01]),
    }
    contestants = [
        One('floor'),
        One('better'),
        One('guided', guided=True),
        One('model', is_model=True),
    ]
    assert best_floor(contestants, made) == 'better'
    assert best_floor(contestants[2:], made) is None
    assert ranks(made) == {'model': 1, 'guided': 2, 'better': 3, 'floor': 4}


def test_what_has_no_edges_ranks_last():
    assert ranks({'flat': figures_of([np.nan]), 'edgy': figures_of([0.3])}) == {
        'edgy': 1,
        'flat': 2,
    }


def test_latencies_are_summarised():
    assert latency_summary([]) == {}
    assert latency_summary([1.0, 2.0, 9.0]) == {'median': 2.0, 'p95': pytest.approx(8.3)}

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
"""Metrics that a library has, against the library."""

import numpy as np
import pytest

from cdst_ros.evaluation.metrics.accuracy import accuracy_figures, accuracy_sums
from cdst_ros.evaluation.metrics.coverage import LEVELS, coverage_figures, coverage_sums
from cdst_ros.evaluation.metrics.edges import near_discontinuity
from cdst_ros.evaluation.metrics.occupancy import Occupancy, occupancy_figures, occupied_cells
from cdst_ros.evaluation.metrics.sums import add_up

from .worlds import camera_of, slanted

torchmetrics = pytest.importorskip('torchmetrics')
scipy_stats = pytest.importorskip('scipy.stats')
torch = pytest.importorskip('torch')


def world():
    reference = slanted()
    rng = np.random.default_rng(3)
    output = (reference + rng.laplace(0, 0.03, reference.shape)).astype(np.float32)
    return output, reference, rng.random(reference.shape) < 0.8


@pytest.mark.parametrize('name', ['mae_cm', 'rmse_cm', 'edge_mae_cm', 'edge_rmse_cm'])
def test_errors_are_those_of_torchmetrics(name):
    output, reference, common = world()
    made = accuracy_figures(add_up([accuracy_sums(output, reference, common)]))
    where = common & near_discontinuity(reference) if name.startswith('edge') else common
    metric = (
        torchmetrics.MeanAbsoluteError()
        if 'mae' in name
        else torchmetrics.MeanSquaredError(squared=False)
    )
    expected = metric(torch.from_numpy(output[where]), torch.from_numpy(reference[where]))
    assert float(made[name]) == pytest.approx(100 * float(expected), rel=1e-5)


def test_coverage_is_that_of_scipys_laplace_interval():
    output, reference, _ = world()
    sigma = np.full_like(reference, 0.03)
    made = coverage_figures(add_up([coverage_sums(output, sigma, reference)]))
    for level in LEVELS:
        low, high = scipy_stats.laplace.interval(level, loc=output, scale=sigma)
        inside = (reference >= low) & (reference <= high)
        assert float(made[f'coverage_{round(100 * level)}']) == pytest.approx(
            inside.mean(), abs=1e-3
        )


def test_occupancy_is_the_f1_score_of_torchmetrics():
    output, reference, _ = world()
    camera = camera_of(reference)
    made = occupancy_figures(add_up([Occupancy.of(reference, camera).sums(output)]))
    filled, wanted = (occupied_cells(depth, camera) for depth in (output, reference))
    every = np.union1d(filled, wanted)
    given, target = (torch.from_numpy(np.isin(every, cells)) for cells in (filled, wanted))
    expected = torchmetrics.classification.BinaryF1Score()(given.int(), target.int())
    assert float(made['occupancy_f1']) == pytest.approx(float(expected), rel=1e-5)

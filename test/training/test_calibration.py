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
import numpy as np
import pytest
import torch

from cdst_ros.training.calibration import best_gain, error_ratios
from cdst_ros.training.data import Batch


@pytest.mark.parametrize('factor', [0.4, 1.0, 2.5])
def test_laplace_errors_ask_for_the_scale_that_they_have(factor):
    ratios = np.random.default_rng(0).exponential(factor, 100_000)
    assert best_gain(ratios) == pytest.approx(factor, rel=0.03)


def test_heavier_tails_are_met_in_the_middle():
    rng = np.random.default_rng(0)
    ratios = np.concatenate([rng.exponential(0.5, 90_000), rng.exponential(5.5, 10_000)])
    gain = best_gain(ratios)
    # the mean error is 1, and most errors are half that
    assert 0.5 < gain < 1.0


def test_ratios_are_of_known_pixels_alone():
    def run(_batch):
        high = torch.full((1, 1, 4, 4), 2.0)
        return high, torch.full_like(high, 0.5), torch.ones_like(high)

    truth = torch.full((1, 1, 4, 4), 3.0)
    known = torch.zeros_like(truth)
    known[..., 0, :3] = 1
    low = torch.ones(1, 1, 2, 2)
    assert error_ratios(run, [Batch(low, low, truth, known)]).tolist() == [2.0, 2.0, 2.0]

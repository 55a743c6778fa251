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

import numpy as np
import pytest

from cdst_ros.evaluation.metrics import DepthErrors
from cdst_ros.evaluation.metrics.accuracy import accuracy_figures, accuracy_sums
from cdst_ros.evaluation.metrics.sums import add_up

from .worlds import step


def test_by_hand():
    reference = np.array([[0.4, 1.0, 2.0, 5.0, np.nan, 3.0]], np.float32)
    output = np.array([[0.409, 1.015, 2.05, 5.09, 1.0, np.nan]], np.float32)
    common = np.isfinite(output) & np.isfinite(reference)
    made = accuracy_figures(add_up([accuracy_sums(output, reference, common)]))
    off = np.array([0.9, 1.5, 5.0, 9.0])
    assert float(made['mae_cm']) == pytest.approx(off.mean(), rel=1e-5)
    assert float(made['rmse_cm']) == pytest.approx(math.sqrt((off**2).mean()), rel=1e-5)
    # Within 1 cm: the first. Within 2 %: .8, 2, 4 and 10 cm are allowed.
    assert float(made['within_1cm']) == 1 / 4
    assert float(made['within_2pct']) == 2 / 4
    assert float(made['completeness']) == 4 / 5


def test_pooled_figures_are_those_of_depth_errors():
    rng = np.random.default_rng(1)
    errors, frames = DepthErrors(), []
    for number in range(3):
        reference = step(near=1.0 + number)
        output = (reference + rng.normal(0, 0.02, reference.shape)).astype(np.float32)
        output[rng.random(output.shape) < 0.1] = np.nan
        errors.add(output, reference)
        frames.append(accuracy_sums(output, reference, np.isfinite(output)))
    made = accuracy_figures(add_up(frames))
    for name in ('rmse_cm', 'mae_cm', 'edge_rmse_cm', 'edge_mae_cm', 'completeness'):
        assert float(made[name]) == pytest.approx(getattr(errors, name))

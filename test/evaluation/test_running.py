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
"""Running figures: of all frames, and of the last ones."""

import numpy as np
import pytest

from cdst_ros.evaluation.running import RunningFigures


def test_figures_pool_all_frames_and_forget_the_old_ones_in_the_recent():
    running = RunningFigures(recent=2)
    reference = np.full((4, 5), 2.0, np.float32)
    for error_m in (0.03, 0.0, 0.04):
        running.add(reference + np.float32(error_m), reference)
    assert running.frames == 3
    assert running.overall()['rmse_cm'] == pytest.approx(np.sqrt((9 + 0 + 16) / 3), rel=1e-5)
    assert running.recent()['rmse_cm'] == pytest.approx(np.sqrt((0 + 16) / 2), rel=1e-5)
    assert running.recent()['mae_cm'] == pytest.approx(2.0, rel=1e-5)


def test_unknown_pixels_cost_completeness_only():
    running = RunningFigures()
    reference = np.full((2, 2), 1.0, np.float32)
    output = np.array([[1.01, np.nan], [1.01, 1.01]], np.float32)
    running.add(output, reference)
    assert running.overall()['mae_cm'] == pytest.approx(1.0, rel=1e-4)
    assert running.overall()['completeness'] == 0.75


def test_nothing_is_said_of_nothing():
    assert RunningFigures().overall() == RunningFigures().recent() == {}

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
"""Noise has its deviation, in space and in time."""

import numpy as np
import pytest

from cdst_ros.synthetic.effects.noise import partly_persistent, smooth_noise

from .scenery import rng


@pytest.mark.parametrize('persistence', [0.0, 0.3, 0.8, 1.0])
def test_frames_share_their_part_of_the_variance(persistence: float) -> None:
    shape = (120, 120)
    pattern = smooth_noise(rng(1), shape, 1.0)
    frames = [
        partly_persistent(smooth_noise(rng(k), shape, 1.0), pattern, persistence)
        for k in (2, 3, 4)
    ]
    assert np.std(frames) == pytest.approx(1, rel=0.05)
    between = np.corrcoef(frames[0].ravel(), frames[1].ravel())[0, 1]
    assert between == pytest.approx(persistence, abs=0.06)

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
"""Depth moved over to a colour camera is found out as repeated, and lies where it belongs."""

import numpy as np
import pytest

from cdst_ros.depth.repetition import detect_repetition
from cdst_ros.synthetic.effects.noise import smooth_noise
from cdst_ros.synthetic.effects.registration import Registration, from_beside, register

from .scenery import panel, rng


def test_the_view_from_beside_is_shifted_by_parallax() -> None:
    moved, other, none = from_beside(panel(1.0, 3.0), 6.0, panel(1.0, 3.0) * 2, None)
    assert none is None
    assert moved is not None
    assert other is not None
    # near things are 6 px to the left, far ones 2
    assert np.flatnonzero(moved[30] == 1.0).tolist() == list(range(14, 34))
    assert np.isnan(moved[30, 34:38]).all()
    assert np.all(moved[30, 38:58] == 3.0)
    np.testing.assert_array_equal(other, moved * 2)


@pytest.mark.parametrize('factor', [1, 2, 3])
def test_moved_back_everything_is_in_its_place(factor: int) -> None:
    truth = panel(1.0, 3.0, 60 * factor, 10 * factor)
    low = from_beside(truth, 6.0 * factor)[0]
    assert low is not None
    low = low[factor // 2 :: factor, factor // 2 :: factor]
    out = register(low, factor, 6.0 * factor, truth.shape)
    known = np.isfinite(out)
    inner = truth == 1.0
    assert np.all(out[inner & known] == 1.0)
    # blocks overlap by a pixel, the nearer in front
    wrong = known & (out != truth)
    assert wrong.sum() <= 4 * 20 * factor * 2 + 4 * factor**2 * 4
    # the shadow of the near panel, as wide as the parallax
    gap = np.isnan(out[30 * factor, : 55 * factor]).sum()
    assert gap == pytest.approx(4 * factor, abs=2 * factor)


@pytest.mark.parametrize('factor', [2, 3])
def test_repetition_is_found(factor: int) -> None:
    low = 1 + np.float32(0.01) * smooth_noise(rng(), (100, 120), 0.8)
    low += np.linspace(0, 1, 120, dtype=np.float32)
    low[40:60, 30:50] -= 0.6
    low[rng().random(low.shape) < 0.02] = np.nan
    out = register(low, factor, 9.0, (100 * factor, 120 * factor))
    assert detect_repetition(low) == 1.0
    assert detect_repetition(out) == pytest.approx(factor, abs=0.35)


def test_blocks_hold_nothing_but_samples() -> None:
    low = rng().uniform(1, 2, (20, 30)).astype(np.float32)
    out = register(low, 2, 5.0, (40, 60))
    assert np.isin(out[np.isfinite(out)], low).all()
    assert np.isnan(register(np.full((5, 5), np.nan, np.float32), 2, 5.0, (10, 10))).all()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match='factor of 1 or more'):
        Registration(0, 0.1)

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
"""The check from outside agrees with the bound, and finds every kind of break."""

from __future__ import annotations

import numpy as np
import pytest

from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution

KEPT = BrokenPromises(0, 0, 0)


@pytest.fixture
def low() -> np.ndarray:
    depth = np.full((6, 8), 3.0, np.float32)
    depth[2:5, 3:5] = 1.0
    depth[:, 7] = np.nan
    return depth


def repeated(low: np.ndarray, scale: int = 4) -> np.ndarray:
    return np.repeat(np.repeat(low, scale, 0), scale, 1)


def test_repetition_keeps_every_promise(low):
    assert check_promises(repeated(low), low, 0.0) == KEPT


def test_value_beyond_its_neighbourhood_is_outside(low):
    high = repeated(low)
    high[0, 0] = 3.2
    assert check_promises(high, low, 0.0) == BrokenPromises(1, 0, 0)
    assert check_promises(high, low, 0.25) == KEPT


def test_depth_far_from_any_measurement_is_invented(low):
    low[:, 5:] = np.nan
    high = repeated(low)
    high[0, 31] = 2.0
    assert check_promises(high, low, 0.0) == BrokenPromises(0, 1, 0)


def test_surface_that_is_nowhere_in_its_block_is_erased(low):
    high = repeated(low)
    high[8:12, 12:16] = 3.0
    assert check_promises(high, low, 0.0) == BrokenPromises(0, 0, 1)
    high[9, 13] = 1.0
    assert check_promises(high, low, 0.0) == KEPT


def test_counts_add_up():
    assert BrokenPromises(1, 2, 3) + BrokenPromises(1, 0, 1) == BrokenPromises(2, 2, 4)


def test_sizes_that_do_not_fit_are_refused(low):
    with pytest.raises(ValueError, match='not the same whole number'):
        check_promises(repeated(low)[:-1], low, 0.0)


@pytest.mark.parametrize('engine', ['nearest', 'bilinear', 'bicubic'])
@pytest.mark.parametrize('scale', [2, 3, 4])
def test_bounded_engines_keep_what_unbounded_bicubic_breaks(engine, scale):
    rng = np.random.default_rng(3)
    low = rng.uniform(0.5, 6.0, (23, 31)).astype(np.float32)
    low[rng.random(low.shape) < 0.2] = np.nan
    run = SuperResolution(open_engine(None, engine, scale=scale))
    assert check_promises(run(low).depth, low, 1e-5) == KEPT
    free = SuperResolution(open_engine(None, engine, scale=scale), Settings(bounded=False))
    if engine == 'bicubic':
        assert check_promises(free(low).depth, low, 1e-5).outside > 0

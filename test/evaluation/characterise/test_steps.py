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
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdst_ros.evaluation.characterise.steps import StepFinder


def scene(seed: int, frames: int = 8) -> np.ndarray:
    """Depths of slanted planes from 0.8 to 5 m with a little noise, (frames, 120, 160)."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[:120, :160] / 160
    near, far = rng.uniform(0.8, 1.5, frames), rng.uniform(3.0, 5.0, frames)
    tilt = rng.uniform(-0.3, 0.3, frames)
    inverse = 1 / near[:, None, None] * (1 - u) + 1 / far[:, None, None] * u
    depth = 1 / (inverse + tilt[:, None, None] * (v - 0.4) * 0.2)
    # without noise, the columns of a wall alone are a comb in 1/z
    return depth * (1 + 0.003 * rng.standard_normal(depth.shape))


def found(depths: np.ndarray, encoding: str = '16UC1'):
    finder = StepFinder()
    for depth in depths:
        stored = np.rint(depth * 1000) / 1000 if encoding == '16UC1' else depth
        finder.add(stored.astype(np.float32), encoding)
    return finder


@settings(deadline=None, max_examples=10)
@given(st.floats(100.0, 900.0), st.integers(0, 50))
@example(101.0, 50)
@example(102.0, 6)
@example(104.0, 41)
def test_steps_of_disparity_are_found_under_millimetres(disparity: float, seed: int):
    steps = found(disparity / np.rint(disparity / scene(seed))).steps()
    assert steps.disparity == pytest.approx(disparity, rel=0.005)
    assert steps.at(np.array([2.0]))[0] == pytest.approx(4 / disparity, rel=0.01)


@pytest.mark.parametrize('step', [0.002, 0.004, 0.01])
def test_even_steps_are_found(step: float):
    steps = found(np.rint(scene(1) / step) * step).steps()
    assert steps.even == pytest.approx(step, rel=1e-3)
    assert steps.disparity == 0


def test_millimetres_are_the_storage_and_nothing_else_shows():
    finder = found(scene(2))
    section = finder.section()
    assert section['even'].value == pytest.approx(1.0)
    assert '16-bit' in section['even'].note
    assert not section['disparity'].told


def test_float_depth_has_no_step():
    section = found(scene(3), '32FC1').section()
    assert not section['even'].told
    assert not section['disparity'].told


def test_few_pixels_tell_nothing():
    finder = found(scene(4)[:1, :20, :20])
    assert not finder.section()['disparity'].told
    assert 'too few' in finder.section()['disparity'].note


def test_the_range_is_that_of_the_depths():
    depths = scene(5)
    near, far = found(depths).range_m()
    assert near == pytest.approx(np.percentile(depths, 0.1), abs=0.02)
    assert far == pytest.approx(np.percentile(depths, 99.9), abs=0.02)
    assert StepFinder().range_m() is None

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
"""Whether two engines find the same."""

import numpy as np
import pytest

from cdst_ros.superres.engine import EngineError, Inference
from cdst_ros.superres.engines.agreement import compare


def image(seed=0, shape=(20, 30)):
    rng = np.random.default_rng(seed)
    depth = rng.uniform(1, 4, shape).astype(np.float32)
    return Inference(depth, 0.01 * depth, rng.uniform(size=shape) > 0.2)


def changed(out, **fields):
    return Inference(*(fields.get(n, getattr(out, n)).copy() for n in Inference._fields))


def test_the_same_agrees_in_everything():
    agreement = compare(image(), image())

    assert agreement.holds
    assert (agreement.max_mm, agreement.rms_mm) == (0, 0)
    assert 1 <= agreement.range_m[0] < agreement.range_m[1] <= 4


def test_errors_are_in_millimetres():
    out = image()
    agreement = compare(changed(out, depth=out.depth + np.float32(0.004)), out)

    assert agreement.max_mm == pytest.approx(4, rel=1e-3)
    assert agreement.rms_mm == pytest.approx(4, rel=1e-3)


def test_roundings_agree_and_what_is_worth_a_millimetre_does_not():
    out = image()
    assert compare(changed(out, depth=out.depth * np.float32(1.0001)), out).holds
    assert not compare(changed(out, depth=out.depth * np.float32(1.01)), out).holds


def test_a_few_pixels_may_differ_and_many_may_not():
    out = image()
    where = np.argwhere(out.valid)
    for count, holds in ((2, True), (20, False)):
        depth = out.depth.copy()
        depth[tuple(where[:count].T)] += 1
        assert compare(changed(out, depth=depth), out).holds is holds


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_what_is_no_number_does_not_agree(bad):
    out = image()
    agreement = compare(changed(out, depth=np.full_like(out.depth, bad)), out)

    assert not agreement.holds
    assert agreement.max_mm == np.inf


def test_sigma_and_mask_count_too():
    out = image()
    assert not compare(changed(out, sigma=2 * out.sigma), out).holds
    assert not compare(changed(out, valid=~out.valid), out).holds
    assert compare(Inference(out.depth, None, out.valid), out).holds


def test_what_is_under_holes_does_not_count():
    out = image()
    depth = np.where(out.valid, out.depth, 7).astype(np.float32)
    assert compare(changed(out, depth=depth), out).max_mm == 0


def test_another_size_is_refused():
    with pytest.raises(EngineError, match='another scale'):
        compare(image(), image(shape=(40, 60)))

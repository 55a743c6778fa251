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
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.evaluation.metrics.flying import FlyingPixels, flying_figures, misplaced_figures
from cdst_ros.evaluation.metrics.sums import add_up

from .worlds import slanted, step


def rate(reference, output):
    return float(
        flying_figures(add_up([FlyingPixels.of(reference).sums(output)]))['flying_pixels']
    )


def test_by_hand():
    # Near the edge are columns 12 to 19: 8 of them in 24 rows.
    reference = step(at=16)
    output = reference.copy()
    output[:, 15] = 2.0
    output[:12, 16] = 1.04
    output[:12, 17] = 0.9
    output[12:, 18] = 1.0
    output[:, 2] = 2.0
    assert FlyingPixels.of(reference).sums(output) == {
        'flying': 24 + 12,
        'wrong_surface': 12 + 12,
        'flying_judged': 8 * 24,
    }
    assert rate(reference, output) == 36 / 192


def test_on_the_wrong_surface_is_half_as_bad_as_between_the_two():
    reference = step(at=16)
    fattened, mixed = reference.copy(), reference.copy()
    fattened[:, 16:18] = reference[0, 0]
    mixed[:, 16] = (reference[0, 0] + reference[0, -1]) / 2
    for output, flies in ((fattened, 0.0), (mixed, 1 / 8)):
        sums = add_up([FlyingPixels.of(reference).sums(output)])
        assert float(flying_figures(sums)['flying_pixels']) == flies
        assert float(misplaced_figures(sums)['misplaced']) == 1 / 8


def test_the_truth_never_flies_and_neither_does_the_other_surface():
    reference = slanted()
    judge = FlyingPixels.of(reference)
    assert judge.sums(reference)['flying'] == 0
    assert judge.sums(reference)['flying_judged'] > 0.9 * 8 * 40
    moved = np.roll(reference, 2, axis=1)
    moved[:, :2] = reference[:, :2]
    assert judge.sums(moved)['flying'] <= 0.02 * judge.sums(moved)['flying_judged']


def test_bilinear_flies_and_nearest_does_not():
    reference = step(height=48, width=64, at=32)
    low = reference[::4, ::4]
    size = reference.shape[::-1]
    assert rate(reference, cv2.resize(low, size, interpolation=cv2.INTER_NEAREST)) == 0
    assert rate(reference, cv2.resize(low, size, interpolation=cv2.INTER_LINEAR)) == 4 / 8


def test_what_is_unknown_does_not_fly():
    reference = step(at=16)
    output = reference.copy()
    output[:, 15] = np.nan
    sums = FlyingPixels.of(reference).sums(output)
    assert sums == {'flying': 0, 'wrong_surface': 0, 'flying_judged': 7 * 24}


def test_three_surfaces_in_a_place_are_not_judged_by_two_planes():
    reference = step(height=24, width=32, near=1.0, far=4.0, at=14)
    reference[:, 14:18] = 2.0
    judge = FlyingPixels.of(reference)
    assert judge.judged[:, 14:18].mean() <= 0.25
    assert judge.judged[:, :14].any()
    assert judge.sums(reference)['flying'] == 0


def test_surfaces_too_near_to_fly_between_are_not_judged():
    reference = step(near=1.0, far=1.08)
    assert not FlyingPixels.of(reference).judged.any()
    assert np.isnan(rate(reference, reference))


@given(st.floats(0.3, 4), st.floats(0.6, 4), st.floats(0, 1))
@settings(deadline=None, max_examples=40)
def test_a_mixture_flies_exactly_where_it_is_off_both(near, gap, share):
    reference = step(near=near, far=near + gap)
    output = reference.copy()
    output[:, 15] = mixed = np.float32(near + share * gap)
    off = abs(mixed - near) > max(0.05, 0.02 * near)
    off &= abs(mixed - near - gap) > max(0.05, 0.02 * (near + gap))
    margins = [abs(abs(mixed - s) - max(0.05, 0.02 * s)) for s in (near, near + gap)]
    if min(margins) > 1e-4:
        assert rate(reference, output) == pytest.approx(off / 8)

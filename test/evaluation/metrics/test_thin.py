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

from cdst_ros.evaluation.metrics.sums import add_up
from cdst_ros.evaluation.metrics.thin import ThinStructures, thin_figures, thin_structures

from .worlds import pole, step


def figures(reference, low, output):
    made = thin_figures(add_up([ThinStructures.of(reference, low).sums(output)]))
    return float(made['thin_recall']), float(made['thin_precision'])


@pytest.mark.parametrize('width', [1, 2, 3, 4])
def test_poles_and_wires_of_1_to_4_pixels_are_thin(width):
    depth = pole(width)
    assert (thin_structures(depth) == (depth == 1)).all()
    assert (thin_structures(depth.T) == (depth.T == 1)).all()


def test_what_is_wider_or_shorter_or_behind_is_not():
    assert not thin_structures(pole(5)).any()
    assert not thin_structures(step()).any()
    assert not thin_structures(pole(2, near=3.0, far=1.0)).any()
    short = np.full((32, 32), 3.0, np.float32)
    short[10:17, 12:15] = 1.0
    assert not thin_structures(short).any()
    short[10:18, 12:15] = 1.0
    assert np.count_nonzero(thin_structures(short)) == 8 * 3


def test_a_leaning_pole_is_thin():
    depth = np.full((48, 48), 3.0, np.float32)
    cv2.line(depth, (5, 2), (30, 45), 1.0, 2)
    assert (thin_structures(depth) == (depth == 1)).mean() > 0.99


def test_beside_a_hole_nothing_is_thin():
    depth = pole(2)
    depth[:, 14:22] = np.nan
    assert not thin_structures(depth).any()


def test_recall_and_precision_by_hand():
    # A pole of 2 columns within the blocks of input column 3, which sampled it in rows 0 to 3.
    reference = pole(2, size=(32, 32), at=12)
    low = np.full((8, 8), 3.0, np.float32)
    low[:4, 3] = 1.0
    # Sampled there or one block beside: output rows 0 to 19.
    output = np.full_like(reference, 3.0)
    output[:16, 12:16] = 1.04
    assert ThinStructures.of(reference, low).sums(output) == {
        'thin_kept': 16 * 2,
        'thin_wanted': 20 * 2,
        'thin_fattened': 16 * 2,
    }
    assert figures(reference, low, output) == (0.8, 0.5)
    made = thin_figures(add_up([ThinStructures.of(reference, low).sums(output)]))
    assert float(made['thin_f2']) == pytest.approx(5 * 0.8 * 0.5 / (4 * 0.5 + 0.8))


def test_the_truth_has_everything_and_nearest_is_fat():
    reference = pole(2, at=12)
    low = reference[::4, ::4].copy()
    assert figures(reference, low, reference) == (1, 1)
    fat = np.repeat(np.repeat(low, 4, axis=0), 4, axis=1)
    assert figures(reference, low, fat) == (1, 0.5)
    assert figures(reference, low, np.full_like(reference, 3.0)) == (
        0,
        pytest.approx(np.nan, nan_ok=True),
    )


def test_what_the_input_has_not_sampled_is_not_asked_for():
    reference = pole(2, at=13)
    low = reference[::4, ::4].copy()
    assert not (low == 1).any()
    assert not ThinStructures.of(reference, low).wanted.any()
    low[:] = np.nan
    assert not ThinStructures.of(reference, low).wanted.any()
    assert np.isnan(figures(reference, low, reference)).all()

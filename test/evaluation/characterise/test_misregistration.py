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

from cdst_ros.evaluation.characterise.misregistration import (
    ColorPlace,
    edges_over_color,
)
from cdst_ros.evaluation.characterise.pinhole import Pinhole

SIZE, FINER = (160, 120), 3


def boxes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return depth of boxes before a wall, and colour of it ``FINER`` times as large."""
    rng = np.random.default_rng(seed)
    width, height = SIZE
    depth = np.full((FINER * height, FINER * width), 4.0, np.float32)
    color = np.full((*depth.shape, 3), 120, np.uint8)
    for _ in range(7):
        left, top = rng.integers(0, FINER * width - 90), rng.integers(0, FINER * height - 90)
        wide, high = rng.integers(40, 90, 2)
        place = np.s_[top : top + high, left : left + wide]
        depth[place] = rng.uniform(1.0, 2.5)
        color[place] = rng.integers(0, 255, 3)
    color = np.clip(color + rng.normal(0, 6, color.shape), 0, 255).astype(np.uint8)
    return depth[FINER // 2 :: FINER, FINER // 2 :: FINER].copy(), color


def measured(right: float, down: float, fattened: int = 0):
    meter = ColorPlace()
    for seed in range(6):
        depth, color = boxes(seed)
        if fattened:
            depth = cv2.erode(depth, np.ones((2 * fattened + 1, 2 * fattened + 1), np.uint8))
        matrix = np.array([[1, 0, FINER * right], [0, 1, FINER * down]], float)
        moved = cv2.warpAffine(color, matrix, color.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        meter.add(depth, moved, Pinhole.of(None, depth.shape), Pinhole.of(None, color.shape))
    return meter.section()


@settings(deadline=None, max_examples=6)
@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_shift_is_found_again(right: float, down: float):
    section = measured(right, down)
    assert section['right'].value == pytest.approx(right, abs=0.25)
    assert section['down'].value == pytest.approx(down, abs=0.25)
    assert abs(section['out'].value) < 0.3


def test_fattened_things_are_told_from_a_shift():
    section = measured(1.0, -2.0, fattened=2)
    assert section['right'].value == pytest.approx(1.0, abs=0.3)
    assert section['down'].value == pytest.approx(-2.0, abs=0.3)
    assert section['out'].value == pytest.approx(2.0, abs=0.3)


def test_colour_of_another_place_tells_nothing():
    meter = ColorPlace()
    for seed in range(6):
        depth, _ = boxes(seed)
        _, other = boxes(100 + seed)
        meter.add(depth, other, Pinhole.of(None, depth.shape), Pinhole.of(None, other.shape))
    section = meter.section()
    assert not section['right'].told
    assert section['right'].note


def test_no_edges_and_no_colour_tell_nothing():
    meter = ColorPlace()
    assert 'too few' in meter.section()['right'].note
    meter.refuse('colour was taken elsewhere')
    assert meter.section()['right'].note == 'colour was taken elsewhere'


def test_edges_are_drawn_where_they_are():
    depth, color = boxes(0)
    pinhole = Pinhole.of(None, depth.shape)
    drawn = edges_over_color(depth, color, pinhole, Pinhole.of(None, color.shape))
    assert drawn.shape == (240, 320, 3)
    red = (drawn == (40, 40, 230)).all(axis=-1)
    step = np.abs(np.diff(np.repeat(np.repeat(depth, 2, 0), 2, 1), axis=1)) > 0.5
    beside = red[:, 1:] | red[:, :-1]
    assert (beside & step).sum() > 0.9 * step.sum()

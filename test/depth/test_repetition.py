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
"""Depth that was enlarged by repetition is noticed, and no other depth is."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdst_ros.depth import RepetitionDetector, detect_repetition
from cdst_ros.depth.arrays import F32

WHOLE = [2, 3, 4, 5, 6, 7, 8]


def quantised(depth: Any) -> F32:
    """Return metres as millimetres tell them."""
    return (np.round(np.asarray(depth) * 1000) / 1000).astype(np.float32)


def room(height: int, width: int, noise: float = 0.002, seed: int = 0) -> F32:
    """Return a slanted wall, a floor, a ball and a pole, with sensor noise and holes."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[:height, :width] / height
    depth = np.minimum(2.5 + 0.7 * u + 0.1 * v, 1.2 / np.maximum(v - 0.35, 0.05))
    ball = 0.04 - (u - 0.5) ** 2 - (v - 0.6) ** 2
    depth = np.where(ball > 0, 1.2 - np.sqrt(np.maximum(ball, 0)), depth)
    depth[:, width // 5 : width // 5 + 3] = 0.9
    depth += noise * depth * rng.standard_normal(depth.shape)
    depth = quantised(depth)
    holes = cv2.GaussianBlur(rng.standard_normal(depth.shape), (0, 0), 2)
    depth[holes > 0.25] = np.nan
    return depth


def repeated(depth: F32, factor: float) -> F32:
    """Return ``depth`` resized by nearest neighbour."""
    height, width = (round(size * factor) for size in depth.shape)
    rows = np.minimum((np.arange(height) / factor).astype(int), depth.shape[0] - 1)
    columns = np.minimum((np.arange(width) / factor).astype(int), depth.shape[1] - 1)
    return depth[np.ix_(rows, columns)]


def registered(depth: F32, factor: float, parallax: float = 20.0) -> F32:
    """
    Return ``depth`` as librealsense aligns it to another camera.

    Each sample fills the pixels from its upper left corner to its lower right one, moved by the
    parallax; the nearest wins.
    """
    height, width = (round(size * factor) for size in depth.shape)
    out = np.full((height, width), np.inf, np.float32)
    for (row, column), z in np.ndenumerate(depth):
        if np.isnan(z):
            continue
        left, right = (factor * (column + o) + parallax / z + 0.5 for o in (-0.5, 0.5))
        top, bottom = (factor * (row + o) + 0.5 for o in (-0.5, 0.5))
        if top >= 0 and bottom < height and right < width:
            block = out[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
            np.minimum(block, z, out=block)
    out[np.isinf(out)] = np.nan
    return out


@pytest.mark.parametrize('factor', WHOLE)
@pytest.mark.parametrize('noise', [0.0, 0.002])
def test_whole_factors_are_found(factor: int, noise: float) -> None:
    assert detect_repetition(repeated(room(90, 120, noise), factor)) == factor


@pytest.mark.parametrize('factor', [1.5, 1.75, 2.25, 2.5, 3.5])
def test_factors_in_between_are_found_roughly(factor: float) -> None:
    found = detect_repetition(repeated(room(160, 212), factor))
    assert found == pytest.approx(factor, rel=0.1)


def test_the_wide_to_vga_alignment_of_realsense_is_found() -> None:
    assert detect_repetition(repeated(room(240, 424), 640 / 424)) == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize('factor', [2, 2.5, 3])
def test_blocks_that_follow_the_parallax_are_found(factor: float) -> None:
    found = detect_repetition(registered(room(120, 160), factor))
    assert found == pytest.approx(factor, rel=0.15)


@pytest.mark.parametrize('factor', [2, 3, 4, 8])
@pytest.mark.parametrize('phase', [(1, 0), (0, 1), (1, 1), (3, 2)])
def test_the_phase_of_the_blocks_does_not_matter(factor: int, phase: tuple[int, int]) -> None:
    depth = repeated(room(90, 120), factor)[phase[0] :, phase[1] :]
    assert detect_repetition(depth) == factor


def test_holes_that_cut_through_blocks_do_not_matter() -> None:
    depth = repeated(room(120, 160), 2)
    depth[np.random.default_rng(1).random(depth.shape) < 0.25] = np.nan
    assert detect_repetition(depth) == 2


@settings(deadline=None)
@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.sampled_from([0.0, 0.0003, 0.003]))
def test_planes_in_millimetres_are_not_repeated(right: float, down: float, noise: float) -> None:
    v, u = np.mgrid[:120, :160]
    depth = 3 + right * u + down * v
    depth += noise * np.random.default_rng(2).standard_normal(depth.shape)
    assert detect_repetition(quantised(depth)) == 1


@pytest.mark.parametrize('slope', [1 / 2, 1 / 3, 1 / 4, 1 / 8])
def test_planes_that_step_like_blocks_are_not_repeated(slope: float) -> None:
    """Runs of equal values have the same length along rows and columns, but form no blocks."""
    v, u = np.mgrid[:240, :320]
    for depth in (2 + 1e-3 * slope * (u + v), 2 + 1e-3 * slope * (u - v), 2 + 1e-3 * slope * u):
        assert detect_repetition(quantised(depth)) == 1


def test_a_wall_beside_a_floor_is_not_repeated() -> None:
    """Either one's steps run one way, and only together both ways."""
    v, u = np.mgrid[:240, :320]
    wall, floor = 2 + 0.0005 * u, 2 + 0.0005 * v
    assert detect_repetition(quantised(np.where(u < 160, wall, floor))) == 1


@pytest.mark.parametrize('factor', [12, 40])
def test_blocks_of_no_camera_are_not_called_repeated(factor: int) -> None:
    assert detect_repetition(repeated(room(48, 64), factor)) == 1


def test_blocks_may_be_longer_one_way() -> None:
    depth = np.repeat(np.repeat(room(90, 120), 2, axis=0), 8, axis=1)
    assert detect_repetition(depth) == 4


def test_coarse_disparity_is_not_repeated() -> None:
    """A Kinect tells eighths of a pixel of disparity: patches of equal values of some pixels."""
    v, u = np.mgrid[:480, :640] / 480
    rng = np.random.default_rng(3)
    for seed in range(3):
        smooth = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(u.shape), (0, 0), 9)
        disparity = 43.0 / (2.5 + 0.4 * u + 0.3 * v + 2 * smooth)
        disparity += rng.normal(0, 0.05, u.shape)
        assert detect_repetition(quantised(43.0 / (np.round(disparity * 8) / 8))) == 1


def test_boxes_and_poles_that_face_the_camera_are_not_repeated() -> None:
    rng = np.random.default_rng(4)
    depth = np.full((240, 320), 4.0, np.float32)
    for _ in range(120):
        y, x = rng.integers(0, 230), rng.integers(0, 310)
        depth[y : y + rng.integers(2, 60), x : x + rng.integers(2, 60)] = rng.uniform(0.5, 4)
    assert detect_repetition(depth) == 1


@pytest.mark.parametrize('noise', [0.0, 0.0005, 0.01])
def test_a_room_seen_by_its_own_sensor_is_not_repeated(noise: float) -> None:
    assert detect_repetition(room(480, 640, noise)) == 1


def test_depth_enlarged_by_interpolation_is_not_repeated() -> None:
    depth = cv2.resize(np.nan_to_num(room(120, 160), nan=3.0), (640, 480))
    assert detect_repetition(quantised(depth)) == 1


@pytest.mark.parametrize('shape', [(1, 1), (1, 50), (50, 1), (2, 2), (16, 16), (30, 40)])
def test_small_images_tell_nothing_and_break_nothing(shape: tuple[int, int]) -> None:
    assert detect_repetition(np.ones(shape, np.float32)) == 1
    assert detect_repetition(np.full(shape, np.nan, np.float32)) == 1


class TestDetector:
    def test_it_decides_after_the_frames_it_was_given(self) -> None:
        detector = RepetitionDetector(frames=3)
        frames = [repeated(room(90, 120, seed=seed), 2) for seed in range(3)]
        assert [detector.update(frame) for frame in frames] == [None, None, 2]

    def test_the_majority_decides(self) -> None:
        detector = RepetitionDetector(frames=3)
        own = room(240, 320)
        for frame in (own, repeated(room(120, 160), 2), own):
            found = detector.update(frame)
        assert found == 1

    def test_frames_that_tell_nothing_do_not_vote(self) -> None:
        detector = RepetitionDetector(frames=2)
        for frame in (np.nan, 1.0, 2.0):
            assert detector.update(np.full((180, 240), frame, np.float32)) is None
        scrap = np.full((180, 240), np.nan, np.float32)
        scrap[80:90, 80:90] = room(10, 10)
        assert detector.update(scrap) is None
        detector.update(repeated(room(90, 120, seed=1), 2))
        assert detector.update(repeated(room(90, 120, seed=2), 2)) == 2

    def test_once_decided_it_looks_no_more(self) -> None:
        detector = RepetitionDetector(frames=1)
        assert detector.update(repeated(room(90, 120), 2)) == 2
        assert detector.update(room(180, 240)) == 2

    def test_another_size_starts_it_over(self) -> None:
        detector = RepetitionDetector(frames=1)
        assert detector.update(repeated(room(90, 120), 2)) == 2
        assert detector.update(room(240, 320)) == 1

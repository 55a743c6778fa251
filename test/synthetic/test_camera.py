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
"""The synthetic camera delivers consistent frames."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.synthetic.camera import FRAMES, MEMORY, SyntheticCamera
from cdst_ros.synthetic.effects.sampling import Sampling, sample
from cdst_ros.synthetic.sensor import GENERIC, IDEAL


def camera(seed: int = 1, **options: object) -> SyntheticCamera:
    return SyntheticCamera(seed, 40, 30, **{'frames': 4, **options})


def test_a_frame_fits_together() -> None:
    frame = next(iter(camera()))
    assert frame.depth.shape == (30, 40)
    assert frame.depth.dtype == np.float32
    assert frame.truth_mm.shape == (120, 160)
    assert frame.truth_mm.dtype == np.uint16
    assert frame.color is not None
    assert frame.color.shape == (120, 160, 3)
    assert frame.color.dtype == np.uint8
    assert frame.camera.matches(40, 30)
    assert frame.camera_hr.matches(160, 120)
    assert frame.depth.flags.c_contiguous


@pytest.mark.parametrize('scale', [2, 3, 4])
def test_truth_sampled_again_is_the_measurement(scale: int) -> None:
    player = camera(profile=replace(IDEAL, sampling=Sampling.PICK), scale=scale)
    for frame in islice(player, 3):
        again = sample(frame.truth(), scale, Sampling.PICK)
        np.testing.assert_array_equal(np.isnan(again), np.isnan(frame.depth))
        # truth is rounded to millimetres
        assert np.nanmax(np.abs(again - frame.depth)) <= 0.0005 + 1e-6


@pytest.mark.parametrize('sampling', [Sampling.PICK, Sampling.AREA])
def test_grids_are_those_of_the_sampling(sampling: Sampling) -> None:
    player = camera(profile=replace(GENERIC, sampling=sampling))
    picked = sampling is Sampling.PICK
    alignment = GridAlignment.PICKED if picked else GridAlignment.HALF_PIXEL
    assert player.camera_hr == player.camera.scaled(4, alignment)


def test_truth_is_unknown_where_nothing_is() -> None:
    for seed in range(30):
        frame = camera(seed, frames=1, color=False).frame(0)
        truth = frame.truth()
        np.testing.assert_array_equal(np.isnan(truth), frame.truth_mm == 0)
        if np.isnan(truth).any():
            return
    pytest.fail('no window in any of 30 rooms')


def test_noise_is_fresh_though_the_picture_returns() -> None:
    player = camera()
    first, later = player.frame(1), player.frame(5)
    np.testing.assert_array_equal(first.truth_mm, later.truth_mm)
    np.testing.assert_array_equal(first.pose, later.pose)
    assert not np.array_equal(first.depth, later.depth, equal_nan=True)
    both = np.isfinite(first.depth) & np.isfinite(later.depth)
    np.testing.assert_allclose(first.depth[both], later.depth[both], atol=0.2)


def test_frames_do_not_depend_on_the_order() -> None:
    forwards = list(islice(camera(), 6))
    backwards = camera()
    for frame in forwards[::-1]:
        again = backwards.frame(frame.index)
        np.testing.assert_array_equal(again.depth, frame.depth)
        np.testing.assert_array_equal(again.truth_mm, frame.truth_mm)
        np.testing.assert_array_equal(again.color, frame.color)


def test_seeds_make_different_rooms() -> None:
    assert not np.array_equal(camera(1).frame(0).truth_mm, camera(2).frame(0).truth_mm)


def test_stamps_follow_the_rate() -> None:
    stamps = [frame.stamp_ns for frame in islice(camera(rate_hz=30.0), 31)]
    assert stamps[0] == 0
    assert stamps[30] == 1_000_000_000
    assert set(np.diff(stamps).tolist()) <= {33_333_333, 33_333_334}


def test_prerendering_reports_and_is_kept() -> None:
    player = camera()
    told: list[tuple[int, int]] = []
    player.prerender(on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert player.frame(2).truth_mm is player.frame(4).truth_mm
    some: list[int] = []
    camera().prerender(2, lambda done, _: some.append(done))
    assert some == [1, 2]


def test_motion_is_small_between_frames() -> None:
    player = camera(frames=45, color=False)
    places = np.stack([player.frame(k).pose[:3, 3] for k in range(90)])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert steps.max() < 0.06
    # the turning points have no jerk
    assert steps[43:45].max() < 0.25 * steps.max()


def test_memory_bounds_the_stretch() -> None:
    assert SyntheticCamera(0, 160, 120).count == FRAMES
    large = SyntheticCamera(0, 640, 480)
    assert large.count * 2560 * 1920 * 5 <= MEMORY
    assert SyntheticCamera(0, 640, 480, frames=90).count == 90


def test_colour_can_be_left_out() -> None:
    assert camera(color=False).frame(0).color is None


@pytest.mark.parametrize('option', ['scale', 'rate_hz', 'frames'])
def test_nonsense_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=option):
        camera(**{option: 0})


def test_a_hand_held_camera_rolls_and_a_robots_does_not() -> None:
    def roll(motion: str) -> float:
        poses = [camera(3, color=False, motion=motion, frames=30).frame(k).pose for k in (0, 20)]
        return max(abs(float(np.degrees(np.arcsin(pose[2, 0])))) for pose in poses)

    assert roll('robot') < 1e-6
    assert 0.2 < roll('handheld') < 10
    with pytest.raises(ValueError, match='robot or handheld'):
        camera(motion='flying')


def test_what_was_forgotten_is_rendered_the_same_again() -> None:
    player = camera()
    before = player.frame(1)
    player.forget()
    np.testing.assert_array_equal(player.frame(1).truth_mm, before.truth_mm)
    np.testing.assert_array_equal(player.frame(1).depth, before.depth)


def test_seeds_give_the_rooms_that_they_gave() -> None:
    frame = camera(2).frame(2)
    assert frame.truth_mm.sum(dtype=np.int64) == pytest.approx(40331867, rel=1e-5)
    assert np.nansum(frame.depth, dtype=np.float64) == pytest.approx(2466.663, rel=1e-5)
    assert frame.color is not None
    assert frame.color.sum(dtype=np.int64) == pytest.approx(7417109, rel=1e-4)


@pytest.mark.parametrize(
    'size', [(224, 172), (256, 192), (320, 288), (424, 240), (640, 576), (423, 239)]
)
def test_real_sizes_come_with_a_truth_of_twice_the_size(size: tuple[int, int]) -> None:
    width, height = size
    frame = SyntheticCamera(4, width, height, scale=2, frames=1, color=False).frame(0)
    assert frame.depth.shape == (height, width)
    truth = frame.truth()
    assert truth.shape == (2 * height, 2 * width)
    assert frame.camera_hr.matches(2 * width, 2 * height)
    blocks = truth.reshape(height, 2, width, 2).transpose(0, 2, 1, 3).reshape(height, width, 4)
    flat = np.ptp(blocks, axis=2) < 0.01
    assert flat.mean() > 0.3
    error = np.abs(frame.depth - blocks.mean(axis=2))[flat]
    assert np.nanmedian(error) < 0.02


def test_a_resting_camera_sees_the_same_with_fresh_noise_and_then_goes() -> None:
    player = camera(profile=GENERIC, frames=6, still=5)
    frames = list(islice(player, 11))
    for frame in frames[1:6]:
        np.testing.assert_array_equal(frame.pose, frames[0].pose)
        np.testing.assert_array_equal(frame.truth_mm, frames[0].truth_mm)
        assert not np.array_equal(frame.depth, frames[0].depth, equal_nan=True)
    assert [f.index for f in frames] == list(range(11))
    assert not np.array_equal(frames[8].pose, frames[0].pose)
    with pytest.raises(ValueError, match='rests for 0 frames or more'):
        camera(still=-1)

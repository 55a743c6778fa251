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
"""Key frames come when something else is seen, and not of noise or exposure."""

import itertools
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest

from cdst_ros.recordings.collecting.keyframes import KeyFrames, change, look_at
from cdst_ros.recordings.collecting.rejection import Reason
from cdst_ros.synthetic import SyntheticCamera, load_profile

PROFILES = ('generic', 'phone_lidar', 'stereo', 'structured_light', 'tof')
LEAST = 0.25


@lru_cache
def frames_of(name: str, seed: int = 1, still: int = 0) -> list:
    profile = load_profile(name)
    camera = SyntheticCamera(seed, 160, 120, scale=2, profile=profile, frames=30, still=still)
    return [camera.frame(k) for k in range(30)]


def seen(frame, brightness: float = 0.0, color: bool = True):
    grey = cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY)
    brighter = np.clip(grey.astype(np.float32) + brightness, 0, 255).astype(np.uint8)
    return look_at(frame.depth, brighter if color else None)


@pytest.mark.parametrize('name', PROFILES)
@pytest.mark.parametrize('color', [True, False])
def test_a_resting_camera_shows_nothing_new_whatever_its_noise(name: str, color: bool):
    first, *others = (seen(frame, color=color) for frame in frames_of(name, still=12)[:12])
    assert max(change(first, other) for other in others) < LEAST / 2


@pytest.mark.parametrize('name', PROFILES)
def test_a_walk_shows_new_things(name: str):
    frames = frames_of(name)
    assert change(seen(frames[0]), seen(frames[29])) > 2 * LEAST


def test_the_farther_the_camera_goes_the_more_has_changed():
    frames = frames_of('tof')
    shares = [change(seen(frames[0]), seen(frames[k])) for k in (1, 4, 8, 16)]
    assert shares == sorted(shares)


def test_exposure_is_no_motion():
    frame = frames_of('tof')[0]
    dimmed = replace(frame, color=np.clip(frame.color, 40, 215))
    assert change(seen(dimmed), seen(dimmed, brightness=35)) < 0.1


def test_a_picture_before_a_plain_wall_tells_motion_where_depth_does_not():
    wall = np.full((48, 64), 2.0, np.float32)
    rng = np.random.default_rng(0)
    poster = cv2.resize(rng.integers(0, 255, (6, 8), np.uint8), (64, 48))
    assert change(look_at(wall, poster), look_at(wall, np.roll(poster, 12, axis=1))) > LEAST
    assert change(look_at(wall, None), look_at(wall, None)) == 0


def test_depth_that_is_lost_is_a_change():
    depth = np.full((48, 64), 2.0, np.float32)
    lost = depth.copy()
    lost[:24] = np.nan
    assert change(look_at(depth, None), look_at(lost, None)) == pytest.approx(0.5)
    nothing = look_at(np.full_like(depth, np.nan), None)
    assert change(nothing, nothing) == 0


def test_another_size_and_colour_that_comes_are_changes():
    depth = np.full((48, 64), 2.0, np.float32)
    grey = np.zeros((48, 64), np.uint8)
    assert change(look_at(depth, None), look_at(depth[:24], None)) == 1
    assert change(look_at(depth, None), look_at(depth, grey)) == 1


def test_what_is_kept_is_what_later_frames_are_compared_with():
    frames = [seen(frame) for frame in frames_of('tof')]
    keys = KeyFrames()
    assert keys.unmoved(frames[0], LEAST) is None
    keys.keep(frames[0])
    kept = [0]
    for number, frame in enumerate(frames[1:], start=1):
        refusal = keys.unmoved(frame, LEAST)
        if refusal is None:
            keys.keep(frame)
            kept.append(number)
        else:
            assert refusal.reason is Reason.UNMOVED
    assert 2 < len(kept) < 20
    for before, after in itertools.pairwise(kept):
        assert change(frames[before], frames[after]) >= LEAST
        assert change(frames[before], frames[after - 1]) < LEAST or after - 1 == before


def test_nothing_asked_for_keeps_every_frame():
    look = look_at(np.full((48, 64), 2.0, np.float32), None)
    keys = KeyFrames()
    keys.keep(look)
    assert keys.unmoved(look, 0.0) is None


@pytest.mark.parametrize('shape', [(1, 1), (1, 50), (50, 1), (3, 5), (37, 41)])
def test_any_size_of_image_can_be_looked_at(shape: tuple[int, int]):
    look = look_at(np.full(shape, 1.5, np.float32), np.full(shape, 9, np.uint8))
    assert change(look, look) == 0
    np.testing.assert_allclose(look.depth, 1.5, rtol=1e-6)

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

from cdst_ros.evaluation.characterise.pinhole import Pinhole
from cdst_ros.evaluation.characterise.still import MAX_FRAMES, MIN_FRAMES, StillSpans
from cdst_ros.synthetic import SyntheticCamera, load_profile

PROFILES = ('generic', 'phone_lidar', 'stereo', 'structured_light', 'tof')


def spans_of(camera: SyntheticCamera, indices) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    spans = StillSpans(found.append)
    for index in indices:
        depth = camera.frame(index).depth
        spans.add(depth, Pinhole.of(camera.camera, depth.shape))
    spans.finish()
    return found


def camera_of(name: str, still: int) -> SyntheticCamera:
    profile = load_profile(name)
    width, height = (min(size, 256) for size in profile.optics.size)
    return SyntheticCamera(
        10, width, height, scale=1, profile=profile, frames=40, color=False, still=still
    )


@pytest.mark.parametrize('name', PROFILES)
def test_a_resting_camera_is_still(name: str):
    found = spans_of(camera_of(name, 12), range(12))
    assert sum(len(span) for span in found) >= 8


@pytest.mark.parametrize('name', PROFILES)
def test_a_moving_camera_is_not(name: str):
    # the middle of the stretch, away from its ends, where the camera rests
    assert spans_of(camera_of(name, 0), range(12, 28)) == []


def test_a_fast_motion_is_no_noise():
    """It is more than a small motion explains."""
    camera = SyntheticCamera(
        10, 160, 144, scale=1, profile=load_profile('tof'), frames=30, rate_hz=4.0, color=False
    )
    assert spans_of(camera, range(4, 26)) == []


def test_rest_is_told_from_the_walk_that_follows():
    found = spans_of(camera_of('tof', 12), range(40))
    assert sum(len(span) for span in found) in range(11, 17)


def test_a_resting_camera_whose_scene_moves_is_still():
    camera = camera_of('tof', 12)
    frames = [camera.frame(k).depth.copy() for k in range(12)]
    for k, depth in enumerate(frames):
        depth[100:160, 10 + 8 * k : 60 + 8 * k] = 1.0 + 0.01 * k
    found: list[np.ndarray] = []
    spans = StillSpans(found.append)
    for depth in frames:
        spans.add(depth, Pinhole.of(camera.camera, depth.shape))
    spans.finish()
    assert sum(len(span) for span in found) == 12


def test_no_more_than_a_span_is_held_and_short_ones_are_dropped():
    rng = np.random.default_rng(0)
    found: list[np.ndarray] = []
    spans = StillSpans(found.append)
    pinhole = Pinhole.of(None, (60, 80))
    for _ in range(MAX_FRAMES + MIN_FRAMES - 1):
        spans.add((2 + 0.01 * rng.standard_normal((60, 80))).astype(np.float32), pinhole)
    spans.finish()
    assert [len(span) for span in found] == [MAX_FRAMES]


def test_frames_delivered_twice_tell_no_noise():
    rng = np.random.default_rng(0)
    found: list[np.ndarray] = []
    spans = StillSpans(found.append)
    for _ in range(10):
        depth = (2 + 0.01 * rng.standard_normal((60, 80))).astype(np.float32)
        for _ in range(2):
            spans.add(depth, Pinhole.of(None, depth.shape))
    spans.finish()
    assert [len(span) for span in found] == [10]
